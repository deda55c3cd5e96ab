"""SNMP v1 and v2c, reading only: one connected UDP socket a check, so that only the device asked
can answer.
"""

from __future__ import annotations

import asyncio
import functools
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from healthmon.protocols import quirks, trace
from healthmon.protocols.errors import (
    ExchangeError,
    ForbiddenError,
    ProtocolError,
    SilentError,
    TooLargeError,
    from_os,
)
from healthmon.protocols.snmp import ber
from healthmon.protocols.transport.connector import Connector
from healthmon.secret import Secret

SnmpValue = int | float | bytes | str | None
Page = Callable[[str], Awaitable[Mapping[str, SnmpValue]]]
MOST_OIDS = 12
MOST_ROWS = 1024
ROWS_AT_ONCE = 25
WALK_CAP = 256 * 1024
LONGEST = 16 * 1024  # bytes of one answer: `ROWS_AT_ONCE` rows of 600 bytes
ENTERPRISES = "1.3.6.1.4.1"
MOST_MAKERS = 32
TOO_BIG, NO_SUCH_NAME, GEN_ERR = 1, 2, 5
NO_ACCESS, AUTHORIZATION_ERROR = 6, 16
NO_RIGHT = "SNMP: this account has no right to read it"


class _Client(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.waiting: dict[int, asyncio.Future[ber.Response]] = {}
        self.error: ExchangeError | None = None
        self.received = self.strangers = 0

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Match an answer by its request-id; what matches nothing is late, doubled or damaged, and
        is not read. Raises TooLargeError for one longer than any that was asked for.
        """
        del addr
        self.received += len(data)
        try:
            if ber.request_id(data) not in self.waiting:
                self.strangers += 1
                return
            if len(data) > LONGEST:
                raise TooLargeError(f"SNMP answer longer than {LONGEST // 1024} KiB, not read")
            response = ber.parse(data)
        except ProtocolError as error:
            self.error = error
            return
        future = self.waiting.pop(response.request_id, None)
        if future is not None and not future.done():
            future.set_result(response)

    def error_received(self, exc: Exception) -> None:
        """The port is closed: every waiting request knows at once."""
        self.error = from_os(exc, "SNMP")
        for future in self.waiting.values():
            if not future.done():
                future.set_exception(self.error)


WAITS = (2.0, 2.0)


async def get(
    connector: Connector,
    host: str,
    port: int,
    community: Secret,
    oids: Sequence[str],
    *,
    version: str = "2c",
    waits: Sequence[float] = WAITS,
    absent: set[str] | None = None,
) -> dict[str, SnmpValue]:
    """The values of `oids` (dotted, with instance); absent objects are left out.

    By v1 each absent object costs an exchange: those in `absent` are not asked for, and those that
    turn out to be absent are added to it. `waits` has the seconds that each try is waited for.
    Raises SilentError, RefusedError,
    ForbiddenError, ProtocolError.
    """
    async with _asking(connector, host, port, community, version, waits) as asker:
        found: dict[str, SnmpValue] = {}
        if absent is not None:
            asker.absent = absent
            oids = [oid for oid in oids if oid not in absent]
        for start in range(0, len(oids), MOST_OIDS):
            found.update(await asker.get(list(oids[start : start + MOST_OIDS])))
    note_answer(found)
    return found


async def walk(
    connector: Connector,
    host: str,
    port: int,
    community: Secret,
    column: str,
    *,
    version: str = "2c",
    waits: Sequence[float] = WAITS,
) -> dict[str, SnmpValue]:
    """The rows of one column: index (what follows `column`, dotted) -> value.

    At most `MOST_ROWS` rows and `WALK_CAP` bytes. Raises SilentError, RefusedError, ProtocolError,
    TooLargeError.
    """
    async with _asking(connector, host, port, community, version, waits) as asker:
        return await walked(asker.following, column)


async def makers(connector: Connector, host: str, port: int, community: Secret) -> set[int]:
    """The numbers of the makers (RFC 2578 section 4, enterprises) of whom an agent of SNMP v1 has
    objects.

    Raises SilentError, RefusedError, ProtocolError.
    """
    found: set[int] = set()
    number = 0
    async with _asking(connector, host, port, community, "1", WAITS) as asker:
        while len(found) < MOST_MAKERS:
            name = next(iter(await asker.following(f"{ENTERPRISES}.{number}")), "")
            if (
                not name.startswith(f"{ENTERPRISES}.")
                or (next_number := _numbers(name)[6]) < number
            ):
                break
            found.add(next_number)
            number = next_number + 1
    return found


async def walked(page: Page, column: str) -> dict[str, SnmpValue]:
    """The rows under `column`, page by page; `page(oid)` gives what follows an object, in order.

    An agent that does not go on (RFC 3416 4.2.3: names increase) ends the walk. Raises
    TooLargeError.
    """
    found: dict[str, SnmpValue] = {}
    start = column + "."
    last = column
    while True:
        rows = await page(last)
        for name, value in rows.items():
            if not name.startswith(start) or _numbers(name) <= _numbers(last):
                return found
            found[name.removeprefix(start)] = value
            last = name
        if not rows:
            return found
        if len(found) > MOST_ROWS:
            raise TooLargeError(f"SNMP table with more than {MOST_ROWS} rows, not read")


def _numbers(oid: str) -> list[int]:
    return [int(part) for part in oid.split(".")]


def note_answer(values: Mapping[str, SnmpValue]) -> None:
    """Note an answer for `--explain` and for a recording."""
    if trace.keeping():
        trace.keep(trace.Exchange("snmp", 0, values=values))
    trace.note("<", functools.partial(_answer_text, values))


def _answer_text(values: Mapping[str, SnmpValue]) -> str:
    return "\n".join(f"{oid} = {value!r}" for oid, value in values.items())


@asynccontextmanager
async def _asking(
    connector: Connector,
    host: str,
    port: int,
    community: Secret,
    version: str,
    waits: Sequence[float],
) -> AsyncIterator[_Asker]:
    trace.stage("SNMP answer")
    transport, client = await connector.udp(host, port, _Client)
    try:
        yield _Asker(transport, client, community, version, waits)
    finally:
        transport.close()


class _Asker:
    def __init__(
        self,
        transport: asyncio.DatagramTransport,
        client: _Client,
        community: Secret,
        version: str,
        waits: Sequence[float],
    ) -> None:
        self._transport, self._client = transport, client
        self._community = community.reveal().encode()
        self._version, self._waits = int(version == "2c"), waits
        self._rows = ROWS_AT_ONCE
        self._trusts_index = False
        self.absent: set[str] = set()

    async def get(self, oids: list[str]) -> dict[str, SnmpValue]:
        """One PDU, in halves where the agent finds it too big, without the object that v1 does not
        know.
        """
        if not oids:
            return {}
        trace.note(">", f"GET {' '.join(oids)}")
        request_id = _fresh_id()
        packet = ber.get_request(self._version, self._community, request_id, oids)
        response = await self._exchange(request_id, packet)
        if response.error == 0:
            return {oid: response.values[oid] for oid in oids if oid in response.values}
        if response.error in (NO_ACCESS, AUTHORIZATION_ERROR):
            raise ForbiddenError(NO_RIGHT)
        return await self._get_others(oids, response)

    async def _get_others(self, oids: list[str], response: ber.Response) -> dict[str, SnmpValue]:
        """What can be had of `oids` after an answer with an error."""
        missing = ""
        if response.error == NO_SUCH_NAME:
            missing = await self._missing(oids, response.index)
        if missing:
            self.absent.add(missing)
            return await self.get([oid for oid in oids if oid != missing])
        if response.error in (TOO_BIG, GEN_ERR, NO_SUCH_NAME) and len(oids) > 1:
            half = len(oids) // 2
            return {**await self.get(oids[:half]), **await self.get(oids[half:])}
        return {}

    async def _missing(self, oids: list[str], index: int) -> str:
        """Which of `oids` an agent of v1 does not have, by its error index; "" where that does not
        tell. Until an agent has proven that it counts, the object is asked for alone.
        """
        if len(oids) == 1:
            return oids[0]
        if self._trusts_index:
            return oids[index - 1] if 1 <= index <= len(oids) else ""
        for first in quirks.index_counts_from(index):
            if 0 <= index - first < len(oids) and await self._has_not(oids[index - first]):
                self._trusts_index = first == 1 < index
                return oids[index - first]
        return ""

    async def _has_not(self, oid: str) -> bool:
        """Whether the agent says that it does not have `oid` when that is all that is asked for."""
        request_id = _fresh_id()
        packet = ber.get_request(self._version, self._community, request_id, [oid])
        return (await self._exchange(request_id, packet)).error == NO_SUCH_NAME

    async def following(self, oid: str) -> dict[str, SnmpValue]:
        """The rows after `oid`; none at the end of what the agent has."""
        trace.note(">", f"GETBULK after {oid}" if self._version else f"GETNEXT after {oid}")
        if self._client.received > WALK_CAP:
            raise TooLargeError(f"SNMP table larger than {WALK_CAP // 1024} KiB, not read")
        request_id = _fresh_id()
        packet = ber.next_request(self._version, self._community, request_id, oid, self._rows)
        response = await self._exchange(request_id, packet)
        if response.error == TOO_BIG and self._rows > 1:
            self._rows //= 2
            return await self.following(oid)
        if response.error in (NO_ACCESS, AUTHORIZATION_ERROR):
            raise ForbiddenError(NO_RIGHT)
        if response.error not in (0, NO_SUCH_NAME):
            raise ProtocolError(f"SNMP answered with error {response.error}")
        rows = response.values if response.error == 0 else {}
        note_answer(rows)
        return rows

    async def _exchange(self, request_id: int, packet: bytes) -> ber.Response:
        future: asyncio.Future[ber.Response] = asyncio.get_running_loop().create_future()
        self._client.waiting[request_id] = future
        try:
            for seconds in self._waits:
                if self._transport.is_closing():
                    break
                self._transport.sendto(packet)
                done, _pending = await asyncio.wait({future}, timeout=seconds)
                if done:
                    return future.result()
        finally:
            _forget(future)
        other = ", but one with another request-id" if self._client.strangers else ""
        words = f"no SNMP answer in {sum(self._waits):g} s{other}"
        raise self._client.error or SilentError(words)


def _forget(future: asyncio.Future[ber.Response]) -> None:
    """Nobody waits for it any more, whatever it may hold already: its run was cancelled."""
    if not future.cancel() and not future.cancelled():
        future.exception()


def _fresh_id() -> int:
    return secrets.randbelow(2**31 - 1) + 1
