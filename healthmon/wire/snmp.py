"""SNMP v1 and v2c GET: one connected UDP socket a request, so that only the device asked can answer."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence

from healthmon.secret import Secret
from healthmon.wire import ber, trace
from healthmon.wire.errors import ProtocolError, SilentError, WireError, from_os
from healthmon.wire.net import Net

SnmpValue = int | bytes | str | None
MOST_OIDS = 12
TOO_BIG, NO_SUCH_NAME, GEN_ERR = 1, 2, 5


class _Client(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.waiting: dict[int, asyncio.Future[ber.Response]] = {}
        self.error: WireError | None = None

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Match an answer by its request-id; what matches nothing is late, doubled or damaged."""
        del addr
        try:
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


async def get(
    net: Net,
    host: str,
    port: int,
    community: Secret,
    oids: Sequence[str],
    *,
    version: str = "2c",
    timeout: float = 2.0,  # noqa: ASYNC109 - the wait for one datagram, not a scope
    retries: int = 1,
) -> dict[str, SnmpValue]:
    """The values of `oids` (dotted, with instance); absent objects are left out.

    Raises SilentError after `retries`, RefusedError, ProtocolError.
    """
    trace.stage("SNMP answer")
    transport, client = await net.udp(host, port, _Client)
    asker = _Asker(transport, client, community, version, timeout, retries)
    try:
        found: dict[str, SnmpValue] = {}
        for start in range(0, len(oids), MOST_OIDS):
            found.update(await asker.ask(list(oids[start : start + MOST_OIDS])))
    finally:
        transport.close()
    if trace.explaining():
        trace.note("<", "\n".join(f"{oid} = {value!r}" for oid, value in found.items()))
    return found


class _Asker:
    def __init__(
        self,
        transport: asyncio.DatagramTransport,
        client: _Client,
        community: Secret,
        version: str,
        timeout: float,
        retries: int,
    ) -> None:
        self._transport, self._client, self._community = transport, client, community.reveal().encode()
        self._version, self._timeout, self._retries = int(version == "2c"), timeout, retries

    async def ask(self, oids: list[str]) -> dict[str, SnmpValue]:
        """One PDU, in halves where the agent finds it too big, without the object that v1 does not know."""
        if not oids:
            return {}
        trace.note(">", f"GET {' '.join(oids)}")
        response = await self._exchange(oids)
        if response.error == 0:
            return {oid: response.values[oid] for oid in oids if oid in response.values}
        if response.error == NO_SUCH_NAME and 1 <= response.index <= len(oids):
            return await self.ask([oid for number, oid in enumerate(oids, 1) if number != response.index])
        if response.error in (TOO_BIG, GEN_ERR, NO_SUCH_NAME) and len(oids) > 1:
            half = len(oids) // 2
            return {**await self.ask(oids[:half]), **await self.ask(oids[half:])}
        return {}

    async def _exchange(self, oids: list[str]) -> ber.Response:
        request_id = secrets.randbelow(2**31 - 1) + 1
        packet = ber.get_request(self._version, self._community, request_id, oids)
        future: asyncio.Future[ber.Response] = asyncio.get_running_loop().create_future()
        self._client.waiting[request_id] = future
        for _ in range(self._retries + 1):
            self._transport.sendto(packet)
            done, _pending = await asyncio.wait({future}, timeout=self._timeout)
            if done:
                return future.result()
        future.cancel()
        raise self._client.error or SilentError(f"no SNMP answer in {self._timeout * (self._retries + 1):g} s")
