"""An answer in parts: what one call gives is kept, what it does not give is said in a note, and the rest goes on.

Trouble with the login or with the way to the recorder ends the session at once: it would be the same for every call.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from healthmon.makes.contact import Contact
from healthmon.wire.errors import (
    AuthFailedError,
    AuthLatchedError,
    BasicRefusedError,
    ConnectTimeoutError,
    DnsError,
    LockedOutError,
    NoCredentialError,
    OwnNetworkError,
    ProtocolError,
    RefusedError,
    ResourceError,
    SilentError,
    TlsError,
    TooLargeError,
    UnreachableError,
    UnsupportedError,
    WireError,
)
from healthmon.wire.http import BODY_CAP, Reply
from healthmon.wire.snmp import SnmpValue

T = TypeVar("T")
LOGIN_TROUBLE = (
    AuthFailedError,
    AuthLatchedError,
    BasicRefusedError,
    LockedOutError,
    NoCredentialError,
)
FATAL = (
    *LOGIN_TROUBLE, ConnectTimeoutError, DnsError, OwnNetworkError, RefusedError, ResourceError, TlsError,
    UnreachableError,
)  # fmt: skip
MOST_NOTES = 20
NOT_OFFERED, AGAIN_SECONDS = "not_offered", 3600.0


@dataclass(slots=True)
class Parts:
    """The parts of one session. `read` counts those that came.

    `reply` is the last reply, with its times.
    """

    contact: Contact
    notes: list[str] = field(default_factory=list)
    read: int = 0
    reply: Reply | None = None
    _first: WireError | None = None
    _no_agent: bool = False

    async def get(
        self, what: str, path: str, parse: Callable[[bytes], T], *, cap: int = BODY_CAP
    ) -> T | None:
        """What `parse` makes of GET `path`; None with a note about `what` where it cannot be read.

        Raises the errors in `FATAL`.
        """
        return await self._told(what, self.contact.get(path, cap=cap), parse)

    async def post(
        self,
        what: str,
        path: str,
        body: bytes,
        kind: str,
        parse: Callable[[bytes], T],
        *,
        cap: int = BODY_CAP,
    ) -> T | None:
        """As `get`, for a POST that the maker documents as a query."""
        return await self._told(what, self.contact.post(path, body, kind, cap=cap), parse)

    async def _told(
        self, what: str, asked: Awaitable[Reply], parse: Callable[[bytes], T]
    ) -> T | None:
        try:
            self.reply = await asked
            found = parse(self.reply.body)
        except FATAL:
            raise
        except WireError as error:
            self.missed(what, error)
            return None
        self.read += 1
        return found

    async def soap(
        self, what: str, path: str, envelope: bytes, parse: Callable[[bytes], T]
    ) -> T | None:
        """As `get`, for a SOAP call; it must also be done before the session's end."""
        try:
            async with self.contact.before_end():
                return await self._told(what, self.contact.soap(path, envelope), parse)
        except TimeoutError:
            self.missed(what, SilentError("no time left for it"))
            return None

    async def snmp(self, what: str, oids: Sequence[str]) -> dict[str, SnmpValue] | None:
        """The values of `oids` that the recorder has; None with a note where its agent does not answer."""
        return await self._by_snmp(what, lambda: self.contact.snmp(oids))

    async def walk(self, what: str, column: str) -> dict[str, SnmpValue] | None:
        """The rows of one column of an SNMP table by their index; None with a note as `snmp`."""
        return await self._by_snmp(what, lambda: self.contact.walk(column))

    async def _by_snmp(
        self, what: str, ask: Callable[[], Awaitable[dict[str, SnmpValue]]]
    ) -> dict[str, SnmpValue] | None:
        """SNMP has a port and a login of its own: its trouble ends SNMP for the session, not what HTTP tells."""
        if self._no_agent:
            return None
        try:
            values = await ask()
        except (OwnNetworkError, ResourceError):
            raise
        except WireError as error:
            self.missed(f"{what} by SNMP", error)
            self._no_agent = not isinstance(error, ProtocolError | TooLargeError)
            return None
        self.read += 1
        return values

    def missed(self, what: str, error: WireError) -> None:
        """Note that `what` could not be read."""
        if isinstance(error, UnsupportedError):
            self._refusals()[what] = time.monotonic(), f"{what} not read: {error}"
        self._first = self._first or error
        self.note(f"{what} not read: {error}")

    def in_turn(self, what: str, items: Sequence[str]) -> Iterator[str]:
        """`items` until the session's end, at least one, beginning where the last session stopped; a cut is noted."""
        memory, key = self.contact.memory, f"turn of {what}"
        start = memory.pop(key, 0)
        for number in range(len(items)):
            if number and time.monotonic() > self.contact.ends:
                memory[key] = start + number
                self.note(f"{what}: no time left for {len(items) - number} of {len(items)}")
                return
            yield items[(start + number) % len(items)]

    def offered(self, what: str) -> bool:
        """False with a note where the recorder has said within the hour that it does not offer `what`."""
        at, text = self._refusals().get(what, (-AGAIN_SECONDS, ""))
        if not text or time.monotonic() - at >= AGAIN_SECONDS:
            return True
        self.note(text)
        return False

    def _refusals(self) -> dict[str, tuple[float, str]]:
        found: dict[str, tuple[float, str]] = self.contact.memory.setdefault(NOT_OFFERED, {})
        return found

    def note(self, text: str) -> None:
        """Keep one line, once."""
        if text not in self.notes and len(self.notes) < MOST_NOTES:
            self.notes.append(text)

    def settle(self) -> tuple[str, ...]:
        """The notes. Raises the first error where not one part came."""
        if not self.read and self._first is not None:
            raise self._first
        return tuple(self.notes)
