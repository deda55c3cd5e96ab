"""One session with one recorder as a make sees it: its HTTP, SOAP and SNMP, with login, caps and a
count of calls.

Nothing here retries or judges. The deadline stands around the whole session; every call goes
through the connector.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

from healthmon.model.device import Device
from healthmon.protocols.errors import ExchangeError, SilentError, UnsupportedError
from healthmon.protocols.http.exchange import BODY_CAP, Endpoint, Reply
from healthmon.protocols.http.session import HttpLogin, HttpSession, served
from healthmon.protocols.onvif.soap_auth import Answer, Held, Login, post
from healthmon.protocols.snmp.v2c import SnmpValue
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential

FIRST_SECONDS = 12.0
T = TypeVar("T")
SnmpGet = Callable[[Sequence[str]], Awaitable[dict[str, SnmpValue]]]
SnmpWalk = Callable[[str], Awaitable[dict[str, SnmpValue]]]


class MuteError(SilentError):
    """The recorder has not answered the first question of the session in time."""


@dataclass(frozen=True, slots=True)
class Replay:
    """Where footage is played: `path` (with query) on the recorder's RTSP port.

    `onvif` says that it follows the ONVIF Streaming Specification, section replay: ``Require:
    onvif-replay``, ``Range: clock=``, times in the RTP extension 0xABAC. Without it the make has
    put the time into `path`.
    """

    path: str
    onvif: bool = True


@dataclass(slots=True)
class VendorClient:
    """A session with the recorder `device`, on one kept connection that ``async with`` closes.

    `http` is its HTTP(S) port, None where it has none.

    `memory` is kept from session to session (paths found, what is not offered) and lost at a
    restart without harm. `calls` counts what was asked: one for each HTTP, SOAP or SNMP request,
    logins not counted. `skew` is the recorder's clock minus ours, for the token of a SOAP login.
    `ends` (monotonic) is when the session must be done: parts that are not needed are then left out
    and noted, so that the deadline does not take all. `cut` (monotonic) is when it is cut.
    `refusal` is what the make reads from a reply that is no 200: its own error, None where it says
    none.
    """

    device: Device
    connector: Connector
    guard: LockoutGuard
    credential: Credential | None = None
    http: Endpoint | None = None
    snmp_get: SnmpGet | None = None
    memory: dict[str, Any] = field(default_factory=dict)
    skew: float | None = None
    calls: int = 0
    ends: float = math.inf
    snmp_walk: SnmpWalk | None = None
    cut: float = math.inf
    refusal: Callable[[Reply], ExchangeError | None] = lambda _reply: None
    _session: HttpSession | None = None
    _held: Held = field(default_factory=Held)
    _answered: bool = False

    def before_end(self) -> asyncio.Timeout:
        """A scope that raises TimeoutError at the session's end, for parts that may be left out."""
        return asyncio.timeout(
            None if math.isinf(self.ends) else max(0.0, self.ends - time.monotonic())
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        if self._session is not None:
            self._session.close()

    async def get(
        self, path: str, *, cap: int = BODY_CAP, headers: Sequence[tuple[str, str]] = ()
    ) -> Reply:
        """GET `path`; a 200 reply of at most `cap` bytes. Raises what ``HttpSession.request``
        raises, and the make's own `refusal`.
        """
        return await self._request("GET", path, b"", headers, cap)

    async def post(self, path: str, body: bytes, kind: str, *, cap: int = BODY_CAP) -> Reply:
        """POST `body` of media type `kind` (a query: nothing is ever changed on a recorder). Raises
        as `get`.
        """
        return await self._request("POST", path, body, (("Content-Type", kind),), cap)

    async def soap(self, path: str, envelope: bytes) -> Answer:
        """POST a SOAP `envelope`; an answer that is no fault. Raises what ``soap_auth.post``
        raises.
        """
        self.calls += 1
        self._held.session = session = self._open()
        self._held.answered = session.answered
        login = Login(self.credential, self.guard, self.skew, self.device.access.allow_basic)
        return await self._patiently(
            post(self.connector, session.place, path, envelope, login, self._held)
        )

    async def snmp(self, oids: Sequence[str]) -> dict[str, SnmpValue]:
        """The values of `oids` that the recorder has. Raises UnsupportedError without SNMP, else as
        ``snmp.get``.
        """
        if self.snmp_get is None:
            raise UnsupportedError("no SNMP is configured for the recorder")
        self.calls += 1
        return await self.snmp_get(oids)

    async def walk(self, column: str) -> dict[str, SnmpValue]:
        """The rows of one column by their index, bounded. Raises as `snmp`, and TooLargeError."""
        if self.snmp_walk is None:
            raise UnsupportedError("no SNMP is configured for the recorder")
        self.calls += 1
        return await self.snmp_walk(column)

    async def _request(
        self, method: str, path: str, body: bytes, headers: Sequence[tuple[str, str]], cap: int
    ) -> Reply:
        self.calls += 1
        reply = await self._patiently(
            self._open().answer(method, path, headers=headers, body=body, cap=cap)
        )
        if reply.status != 200 and (error := self.refusal(reply)) is not None:
            raise error
        return served(reply)

    async def _patiently(self, request: Awaitable[T]) -> T:
        """What `request` returns. Raises MuteError where a recorder that has answered nothing yet in
        this session takes longer than any other device may; what refuses has answered.
        """
        try:
            async with asyncio.timeout(None if self._answered else FIRST_SECONDS) as first:
                reply = await request
        except TimeoutError:
            if first.expired():
                raise MuteError(f"no answer in {FIRST_SECONDS:g} s") from None
            raise
        except ExchangeError:
            self._answered = True
            raise
        self._answered = True
        return reply

    def _open(self) -> HttpSession:
        """The kept connection. Raises UnsupportedError where no HTTP port is configured."""
        if self.http is None:
            raise UnsupportedError("no HTTP port is configured for the recorder")
        if self._session is None:
            login = HttpLogin(self.credential, self.guard, self.device.access.allow_basic)
            self._session = HttpSession(self.connector, self.http, login)
        return self._session
