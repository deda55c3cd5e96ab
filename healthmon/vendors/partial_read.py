"""An answer in parts: what one call gives is kept, what it does not give is said in a note, and the
rest goes on.

Trouble with the login or with the way to the recorder ends the session at once: it would be the
same for every call.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from healthmon.model.enums import Reason
from healthmon.model.footage import Unread
from healthmon.protocols.errors import (
    LOGIN_TROUBLE,
    ConnectTimeoutError,
    DnsError,
    ExchangeError,
    ForbiddenError,
    NoServiceError,
    OwnNetworkError,
    ProtocolError,
    RefusedError,
    ResourceError,
    SilentError,
    TlsError,
    TooLargeError,
    UnreachableError,
    UnsupportedError,
    reading,
)
from healthmon.protocols.http.exchange import BODY_CAP, Reply
from healthmon.protocols.snmp.v2c import SnmpValue
from healthmon.protocols.values.xml import Element
from healthmon.vendors.client import MuteError, VendorClient
from healthmon.vendors.coverage import Timeline

T = TypeVar("T")
Answer = TypeVar("Answer")
FATAL = (
    *LOGIN_TROUBLE, ConnectTimeoutError, DnsError, MuteError, OwnNetworkError, RefusedError, ResourceError, TlsError,
    UnreachableError,
)  # fmt: skip
MOST_NOTES = 20
MOST_UNREAD = 1024
REFUSALS, AGAIN_SECONDS = "refusals", 3600.0
SHARE = 2 / 3


@dataclass(frozen=True, slots=True)
class Need:
    """What an operator does not know where a part cannot be read, for an `Unread`: its name (the
    part's own where empty) and `channel`.

    `optional`: by the maker's documents not every firmware has it, so that an unknown path means
    "not offered". `vital`: footage depends on it.
    """

    name: str = ""
    channel: str | None = None
    optional: bool = False
    vital: bool = False

    def unread(self, what: str, error: ExchangeError) -> Unread:
        """`what` could not be read because of `error`."""
        absent = isinstance(error, UnsupportedError)
        if isinstance(error, NoServiceError) and not self.optional:
            absent = False
        return Unread(
            self.name or what,
            Reason(error.reason),
            str(error),
            self.channel,
            offered=not absent,
            vital=self.vital,
        )


NEEDED, IF_OFFERED = Need(), Need(optional=True)


@dataclass(slots=True)
class PartialRead:
    """The parts of one session. `read` counts those that came, `unread` is what an operator must
    know of the others.

    `reply` is the last reply, with its times.
    """

    contact: VendorClient
    notes: list[str] = field(default_factory=list)
    read: int = 0
    reply: Reply | None = None
    unread: list[Unread] = field(default_factory=list)
    _first: ExchangeError | None = None
    _no_agent: bool = False

    async def get(
        self,
        what: str,
        path: str,
        parse: Callable[[bytes], T],
        *,
        cap: int = BODY_CAP,
        need: Need | None = NEEDED,
    ) -> T | None:
        """What `parse` makes of GET `path`; None with a note about `what` where it cannot be read.
        `need` None: nothing is judged by it.

        Raises the errors in `FATAL`.
        """
        return await self._parsed(
            what, lambda: self.contact.get(path, cap=cap), self._of_reply(parse), need
        )

    async def post(
        self,
        what: str,
        path: str,
        body: bytes,
        kind: str,
        parse: Callable[[bytes], T],
        *,
        cap: int = BODY_CAP,
        need: Need | None = NEEDED,
    ) -> T | None:
        """As `get`, for a POST that the maker documents as a query."""
        return await self._parsed(
            what,
            lambda: self.contact.post(path, body, kind, cap=cap),
            self._of_reply(parse),
            need,
        )

    def _of_reply(self, parse: Callable[[bytes], T]) -> Callable[[Reply], T]:
        """`parse` of a reply's body; the reply is kept for its times."""

        def parsed(reply: Reply) -> T:
            self.reply = reply
            return parse(reply.body)

        return parsed

    async def _parsed(
        self,
        what: str,
        request: Callable[[], Awaitable[Answer]],
        parse: Callable[[Answer], T],
        need: Need | None,
    ) -> T | None:
        try:
            self._held_back(what)
            told = await self._in_time(request)
            with reading("answer"):
                found = parse(told)
        except FATAL:
            raise
        except ExchangeError as error:
            self.missed(what, error, need)
            return None
        self.read += 1
        return found

    async def _in_time(self, request: Callable[[], Awaitable[Answer]]) -> Answer:
        """One reply within a share of what is left, so that a part that hangs does not take the
        time of all. Raises SilentError; at once for all where a recorder has answered nothing yet.
        """
        left = self.contact.cut - time.monotonic()
        seconds = None if math.isinf(left) else max(0.0, left * SHARE)
        try:
            async with asyncio.timeout(seconds):
                return await request()
        except TimeoutError:
            if not self.read:
                raise
            raise SilentError(f"no answer in {seconds or 0.0:.1f} s") from None

    async def soap(
        self,
        what: str,
        path: str,
        envelope: bytes,
        parse: Callable[[Element], T],
        *,
        need: Need | None = NEEDED,
    ) -> T | None:
        """As `get`, for a SOAP call, of whose body `parse` is; it must also be done before the
        session's end.
        """
        try:
            async with self.contact.before_end():
                return await self._parsed(
                    what,
                    lambda: self.contact.soap(path, envelope),
                    lambda answer: parse(answer.body),
                    need,
                )
        except TimeoutError:
            self.missed(what, SilentError("no time left for it"), need)
            return None

    async def snmp(self, what: str, oids: Sequence[str]) -> dict[str, SnmpValue] | None:
        """The values of `oids` that the recorder has; None with a note where its agent does not
        answer.
        """
        return await self._by_snmp(what, lambda: self.contact.snmp(oids))

    async def walk(self, what: str, column: str) -> dict[str, SnmpValue] | None:
        """The rows of one column of an SNMP table by their index; None with a note as `snmp`."""
        return await self._by_snmp(what, lambda: self.contact.walk(column))

    async def _by_snmp(
        self, what: str, read: Callable[[], Awaitable[dict[str, SnmpValue]]]
    ) -> dict[str, SnmpValue] | None:
        """SNMP has a port and a login of its own: its trouble ends SNMP for the session, not what
        HTTP tells.
        """
        if self._no_agent:
            return None
        try:
            values = await read()
        except (OwnNetworkError, ResourceError):
            raise
        except ExchangeError as error:
            self._no_agent = not isinstance(error, ProtocolError | TooLargeError)
            self.missed(f"{what} by SNMP", error, Need("SNMP") if self._no_agent else NEEDED)
            return None
        self.read += 1
        return values

    def missed(self, what: str, error: ExchangeError, need: Need | None = NEEDED) -> None:
        """Note that `what` could not be read, and what is not known by that."""
        if _is_for_long(error, need):
            self._refusals().setdefault(what, (time.monotonic(), error))
        self._first = self._first or error
        self.note(f"{what} not read: {error}")
        if need is not None and len(self.unread) < MOST_UNREAD:
            self.unread.append(need.unread(what, error))

    def repeat(self, name: str, need: Need) -> None:
        """What is called `name` is not known; by that `need` is not known either."""
        again = [one for one in self.unread if one.what == name and one.channel is None]
        self.unread += [replace(one, what=need.name, channel=need.channel) for one in again]

    def not_searched(self, channels: Sequence[str], lines: Mapping[str, Timeline]) -> None:
        """There was no time for the footage of `channels`, or it could not be read. What is known
        by `lines` from earlier sessions still holds.
        """
        if not channels:
            return
        self.note(f"footage not searched this time: channel {', '.join(channels[:12])}")
        told = {one.channel for one in self.unread}
        for channel in channels:
            if channel not in told and not lines[channel].read:
                self.missed_footage(channel)

    def missed_footage(self, channel: str) -> None:
        """There has been no time yet for the footage of `channel`."""
        if len(self.unread) < MOST_UNREAD:
            words = "no time left for it yet"
            self.unread.append(Unread("footage", Reason.TIMEOUT, words, channel))

    def known(self, name: str) -> None:
        """Another part has told what is called `name`."""
        self.unread = [one for one in self.unread if one.what != name]

    def in_turn(self, what: str, items: Sequence[str]) -> Iterator[str]:
        """`items` until the session's end, at least one, beginning where the last session stopped;
        a cut is noted.
        """
        memory, key = self.contact.memory, f"turn of {what}"
        start = memory.pop(key, 0)
        for number in range(len(items)):
            if number and time.monotonic() > self.contact.ends:
                memory[key] = start + number
                self.note(f"{what}: no time left for {len(items) - number} of {len(items)}")
                return
            yield items[(start + number) % len(items)]

    def _held_back(self, what: str) -> None:
        """Raise again what the recorder has answered to `what` within the hour, where that is not
        asked each time.
        """
        at, error = self._refusals().get(what, (-AGAIN_SECONDS, None))
        if error is None:
            return
        if time.monotonic() - at < AGAIN_SECONDS:
            raise error.with_traceback(None)
        del self._refusals()[what]

    def _refusals(self) -> dict[str, tuple[float, ExchangeError]]:
        found: dict[str, tuple[float, ExchangeError]]
        found = self.contact.memory.setdefault(REFUSALS, {})
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


def _is_for_long(error: ExchangeError, need: Need | None) -> bool:
    """Whether a part is asked again after an hour only: what the recorder does not offer, and what
    it refuses as if the login were wrong.
    """
    if isinstance(error, ForbiddenError):
        return error.by_login
    return isinstance(error, UnsupportedError) and (need is None or need.optional)
