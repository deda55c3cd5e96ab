"""Many HTTP requests to one device over one connection, with the login that it asks for (RFC 9112 9.3, RFC 7616).

The same exchange as `wire.http`: capped while reading, not redirected, not compressed, no time-out of its own. A
recorder with 64 channels is asked over one connection, and one challenge is answered again with a higher count; where
the device takes a nonce for one answer only, every request costs two messages.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import h11

from healthmon.secret import Credential
from healthmon.wire import digest, trace
from healthmon.wire.errors import (
    AddressError,
    AuthFailedError,
    BusyError,
    LockedOutError,
    NoCredentialError,
    ProtocolError,
    ResetError,
    UnsupportedError,
    WireError,
)
from healthmon.wire.http import BODY_CAP, Exchange, Place, Reply, build_request, open_exchange
from healthmon.wire.logins import LoginGuard, attempts_left, says_locked
from healthmon.wire.net import Net

MOST_ROUNDS = 5
MOST_STALE = 2
# ISAPI XML_userCheck: <lockStatus>lock</lockStatus>, <retryLoginTime>3</retryLoginTime>.
_LOCK_STATUS = re.compile(r"<lockStatus>\s*lock(?:ed)?\s*<", re.IGNORECASE)
_RETRIES_LEFT = re.compile(r"<retryLoginTime>\s*(\d{1,4})\s*<", re.IGNORECASE)
Fields = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class HttpLogin:
    """The account for a device that asks for one. Basic is answered over TLS or with `allow_basic` only."""

    credential: Credential | None
    guard: LoginGuard
    allow_basic: bool = False


@dataclass(slots=True)
class Answered:
    """The challenge that the requests of a session answer. `once`: the device takes each nonce a single time."""

    challenge: digest.Challenge | None = None
    count: int = 0
    stale: int = 0
    once: bool = False

    def begin(self) -> None:
        """A new request."""
        self.stale = 0
        if self.once:
            self.challenge = None

    def take(self, challenge: digest.Challenge) -> bool:
        """Take a new challenge, unless the refusal is definite: the last one had been answered for the first time."""
        if self.challenge is not None:
            if challenge.stale and self.stale < MOST_STALE:
                self.stale += 1
            elif self.count > 1:
                self.once = True
            else:
                return False
        self.challenge, self.count = challenge, 0
        return True

    def authorization(self, credential: Credential, method: str, path: str, body: bytes) -> str:
        """The Authorization value of the next request. There must be a challenge."""
        assert self.challenge is not None  # noqa: S101 - callers have looked
        self.count += 1
        trace.note(">", f"with HTTP {self.challenge.scheme} login")
        return digest.authorization(
            self.challenge, credential, method, path, body=body, count=self.count
        )


class HttpSession:
    """Requests to `place`, one after another; used by one look at a time and closed by `async with`.

    `connections` and `requests` count what the device has seen; `answered` is the challenge that its requests answer.
    """

    def __init__(self, net: Net, place: Place, login: HttpLogin | None = None) -> None:
        self.place = place
        self.connections = self.requests = 0
        self._net = net
        self._login = login
        self.answered = Answered()
        self._transport: asyncio.Transport | None = None
        self._peer: Exchange | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._transport is not None:
            self._transport.abort()
        if self._peer is not None:
            self._peer.reply.cancel()
        self._transport = self._peer = None

    async def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Fields = (),
        body: bytes = b"",
        cap: int = BODY_CAP,
    ) -> Reply:
        """One request; what returns is HTTP 200 with at most `cap` bytes.

        Raises NoCredentialError, AuthFailedError, AuthLatchedError, LockedOutError, BasicRefusedError about the login;
        AddressError for a redirect; UnsupportedError, BusyError, ProtocolError for other statuses; TooLargeError,
        ResetError and whatever `Net.connect` raises.
        """
        self.answered.begin()
        for _ in range(MOST_ROUNDS):
            fields = [*headers, *self._authorization(method, path, body)]
            reply = await self.send(method, path, headers=fields, body=body, cap=cap)
            if reply.status not in {401, 403}:
                self._accepted()
                return served(reply)
            self._locked(reply)
            if reply.status == 403:
                return served(reply)
            self._next(reply)
        raise AuthFailedError("the device asks for a login again and again")

    # ------------------------------------------------------------------------------------------ login

    def _authorization(self, method: str, path: str, body: bytes) -> Fields:
        login = self._login
        if self.answered.challenge is None or login is None or login.credential is None:
            return ()
        login.guard.permit(self.place.host, login.credential)
        return (
            ("Authorization", self.answered.authorization(login.credential, method, path, body)),
        )

    def _accepted(self) -> None:
        login = self._login
        if self.answered.challenge and login and login.credential:
            login.guard.accepted(self.place.host, login.credential)

    def _locked(self, reply: Reply) -> None:
        login, said = self._login, _said(reply)
        if login and login.credential and (says_locked(said) or _LOCK_STATUS.search(said)):
            login.guard.locked(self.place.host, login.credential)
            raise LockedOutError("the device says that the account is locked")

    def _next(self, reply: Reply) -> None:
        """Take the challenge of a 401, or raise where answering it could only be refused again."""
        login = self._login
        if login is None or login.credential is None:
            raise NoCredentialError("the device asks for a login and none is configured")
        offered = digest.parse_challenges(reply.all("www-authenticate"))
        chosen = digest.choose(offered, allow_basic=login.allow_basic or self.place.tls is not None)
        if not self.answered.take(chosen):
            self._rejected(_said(reply), login)

    def _rejected(self, said: str, login: HttpLogin) -> None:
        left = attempts_left(said)
        if left is None and (found := _RETRIES_LEFT.search(said)):
            left = int(found[1])
        self.answered = Answered()
        if login.credential:
            login.guard.rejected(self.place.host, login.credential, attempts_left=left)
        raise AuthFailedError(
            "login refused"
            + (f", {left} attempts left by its own words" if left is not None else "")
        )

    # ------------------------------------------------------------------------------------------ connection

    async def send(
        self,
        method: str,
        path: str,
        *,
        headers: Fields = (),
        body: bytes = b"",
        cap: int = BODY_CAP,
    ) -> Reply:
        """One message and its reply whatever its status, without a login of its own (SOAP brings one).

        Once more on a new connection where the device has closed the kept one.
        """
        request = build_request(self.place, method, path, headers, body, keep=True)
        kept = self._peer is not None and self._peer.again(cap)
        for reused in (True, False) if kept else (False,):
            if not reused:
                self.close()
                self._transport, self._peer = await open_exchange(self._net, self.place, cap)
                self.connections += 1
            transport, peer = self._transport, self._peer
            if transport is None or peer is None:
                break
            try:
                return await self._once(transport, peer, (request, body), path)
            except ResetError:
                if not reused or not peer.untouched:
                    raise
        raise ResetError("HTTP: connection closed by the device")

    async def _once(
        self,
        transport: asyncio.Transport,
        peer: Exchange,
        message: tuple[h11.Request, bytes],
        path: str,
    ) -> Reply:
        request, body = message
        trace.stage(f"answer to HTTP {path.partition('?')[0]}")
        trace.note(">", f"{path} to port {self.place.port}, {len(body)} bytes")
        self.requests += 1
        done = False
        try:
            peer.send(transport, request, body)
            reply = await peer.reply
            done = True
        finally:
            if not done:
                self.close()
        trace.note("<", f"HTTP {reply.status}, {len(reply.body)} bytes")
        return reply


def _said(reply: Reply) -> str:
    return reply.body[:2048].decode("utf-8", "replace")


def served(reply: Reply) -> Reply:
    """`reply` if it is HTTP 200, else the WireError that its status stands for."""
    status = reply.status
    if status == 200:
        return reply
    raise status_error(status)


def status_error(status: int) -> WireError:
    """The WireError of an HTTP status other than 200 and 401 (RFC 9110 section 15)."""
    if 300 <= status < 400:
        return AddressError(f"HTTP {status}: it redirects elsewhere; not followed")
    if status == 403:
        return UnsupportedError("HTTP 403: the account may not read this")
    if status in {404, 405, 410, 501}:
        return UnsupportedError(f"HTTP {status}: no such service at this path")
    if status in {429, 503}:
        return BusyError(f"HTTP {status}: busy")
    return ProtocolError(f"HTTP {status}")
