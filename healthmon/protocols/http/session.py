"""Many HTTP requests to one device over one connection, with the login that it asks for (RFC 9112
9.3, RFC 7616).

The same exchange as `wire.http`: capped while reading, not redirected, not compressed, no time-out
of its own. A recorder with 64 channels is asked over one connection, and one challenge is answered
again with a higher count; where the device takes a nonce for one answer only, every request costs
two messages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Self

import h11

from healthmon.model.count_words import count_of
from healthmon.protocols import trace
from healthmon.protocols.errors import (
    AddressError,
    AuthFailedError,
    BusyError,
    ExchangeError,
    ForbiddenError,
    LockedOutError,
    NoCredentialError,
    NoServiceError,
    ProtocolError,
    ResetError,
    UnsupportedError,
)
from healthmon.protocols.http import digest
from healthmon.protocols.http.exchange import (
    BODY_CAP,
    Endpoint,
    Enough,
    Exchange,
    Reply,
    awaited,
    build_request,
    keep_for_recording,
    open_exchange,
)
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard, attempts_left, says_locked
from healthmon.secret import Credential

MOST_ROUNDS = 5
SERVICE = "http"
MOST_STALE = 2
MOST_RENEWALS = 2
Fields = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class HttpLogin:
    """The account for a device that asks for one. Basic is answered over TLS or with `allow_basic`
    only.
    """

    credential: Credential | None
    guard: LockoutGuard
    allow_basic: bool = False


@dataclass(slots=True)
class Answered:
    """The challenge that the requests of a session answer.

    `once`: the device takes each nonce a single time. `worn`: the running request was refused with
    a nonce that had been used before, and is made again with a fresh one; `renewals` counts those
    that a 403 has caused.
    """

    challenge: digest.Challenge | None = None
    count: int = 0
    stale: int = 0
    once: bool = False
    worn: bool = False
    renewals: int = 0

    def begin(self) -> None:
        """A new request."""
        self.stale, self.worn = 0, False
        if self.once:
            self.challenge = None

    @property
    def used(self) -> bool:
        """Whether the nonce of the last request had been used before."""
        digested = self.challenge is not None and self.challenge.scheme == "digest"
        return digested and self.count > 1

    def accept(self, challenge: digest.Challenge) -> bool:
        """Take a new challenge, unless the refusal is definite: the last one had been answered for
        the first time.
        """
        if self.challenge is not None:
            if challenge.stale and self.stale < MOST_STALE:
                self.stale += 1
            elif self.used:
                self.worn = True
            else:
                return False
        self.renew(challenge)
        return True

    def renew(self, challenge: digest.Challenge | None) -> None:
        """Answer `challenge` from now on; None: the next one that comes."""
        self.challenge, self.count = challenge, 0

    def renewed(self) -> bool:
        """After a 403: whether the request goes out once more with a fresh login, because the nonce
        had been used before. Some devices answer that with 403 in place of a challenge.
        """
        if not self.used or self.renewals >= MOST_RENEWALS:
            return False
        self.renewals += 1
        self.worn = True
        self.renew(None)
        return True

    def succeeded(self) -> None:
        """The request was answered."""
        if self.worn:
            self.once, self.renewals = True, 0

    def authorization(self, credential: Credential, method: str, path: str, body: bytes) -> str:
        """The Authorization value of the next request. There must be a challenge."""
        assert self.challenge is not None  # noqa: S101 - callers have looked
        self.count += 1
        trace.note(">", f"with HTTP {self.challenge.scheme} login")
        return digest.authorization(
            self.challenge, credential, method, path, body=body, count=self.count
        )


class _Request(NamedTuple):
    """What is asked; sent again as it is after a challenge."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class HttpSession:
    """Requests to `place`, one after another; used by one check at a time and closed by `async
    with`.

    `connections` and `requests` count what the device has seen; `answered` is the challenge that
    its requests answer. A login that one path refuses is tried once more where it was accepted
    before: only if it is refused there too, the account is.
    """

    def __init__(
        self, connector: Connector, place: Endpoint, login: HttpLogin | None = None
    ) -> None:
        self.place = place
        self.connections = self.requests = 0
        self._net = connector
        self._login = login
        self.answered = Answered()
        self._proof: _Request | None = None
        self._refusal = ""
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

    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: Fields = (),
        body: bytes = b"",
        cap: int = BODY_CAP,
    ) -> Reply:
        """One request; what returns is HTTP 200 with at most `cap` bytes.

        Raises what `answer` raises; AddressError for a redirect; ForbiddenError, UnsupportedError,
        BusyError, ProtocolError for other statuses.
        """
        return served(await self.answer(method, path, headers=headers, body=body, cap=cap))

    async def answer(
        self,
        method: str,
        path: str,
        *,
        headers: Fields = (),
        body: bytes = b"",
        cap: int = BODY_CAP,
    ) -> Reply:
        """One request; what returns is the reply after the login, whatever its status but 401.

        Raises NoCredentialError, AuthFailedError, AuthLatchedError, LockedOutError,
        BasicRefusedError about the login; ForbiddenError for a login that is refused here and was
        accepted elsewhere; TooLargeError, ResetError and whatever `Net.connect` raises.
        """
        request = _Request(method, path, tuple(headers), body)
        reply = await self._answer(request, cap)
        if reply is not None:
            return reply
        if self._proof is None or await self._answer(self._proof, BODY_CAP) is None:
            self._rejected(self._refusal)
        raise ForbiddenError("HTTP 401", by_login=True)

    async def _answer(self, request: _Request, cap: int) -> Reply | None:
        """The reply after the login; None where the login is refused for good."""
        self.answered.begin()
        for _ in range(MOST_ROUNDS):
            login = self._authorization(request.method, request.path, request.body)
            reply = await self.send(
                request.method,
                request.path,
                headers=[*request.headers, *login],
                body=request.body,
                cap=cap,
            )
            if reply.status not in {401, 403}:
                self._accepted(request)
                return reply
            self._locked(reply)
            if reply.status == 401 and not self._next(reply):
                return None
            if reply.status == 403 and not self.answered.renewed():
                return reply
        raise AuthFailedError("the device asks for a login again and again")

    # ------------------------------------------------------------------------------------------ login

    def _authorization(self, method: str, path: str, body: bytes) -> Fields:
        login = self._login
        if self.answered.challenge is None or login is None or login.credential is None:
            return ()
        login.guard.permit(self.place.host, login.credential, SERVICE)
        return (
            ("Authorization", self.answered.authorization(login.credential, method, path, body)),
        )

    def _accepted(self, request: _Request) -> None:
        login = self._login
        if self.answered.challenge and login and login.credential:
            login.guard.accepted(self.place.host, login.credential, SERVICE)
            self.answered.succeeded()
            self._proof = self._proof or request

    def _locked(self, reply: Reply) -> None:
        login, said = self._login, _said(reply)
        sent = self.answered.challenge is not None
        if login and login.credential and says_locked(said, answered=sent):
            login.guard.locked(self.place.host, login.credential)
            raise LockedOutError("the device says that the account is locked")

    def _next(self, reply: Reply) -> bool:
        """Take the challenge of a 401; False where answering it could only be refused again."""
        login = self._login
        if login is None or login.credential is None:
            raise NoCredentialError("the device asks for a login and none is configured")
        self._refusal = _said(reply)
        try:
            chosen = self._chosen(reply, login)
        except ExchangeError:
            if self._proof is None:
                raise
            return False
        if self.answered.accept(chosen):
            return True
        self.answered.renew(chosen if self._proof is not None else None)
        return False

    def _chosen(self, reply: Reply, login: HttpLogin) -> digest.Challenge:
        """The challenge to answer. Raises what ``digest.choose`` raises."""
        offered = digest.parse_challenges(reply.all("www-authenticate"))
        basic = login.allow_basic or self.place.tls is not None
        return digest.choose(offered, allow_basic=basic)

    def _rejected(self, said: str) -> None:
        """Tell the guard of a refused login. Raises AuthFailedError."""
        left, since = attempts_left(said), None
        login, self.answered = self._login, Answered()
        if login is not None and login.credential:
            since = login.guard.rejected(
                self.place.host, login.credential, SERVICE, attempts_left=left
            )
        words = f", {count_of(left, 'attempt')} left by its own words" if left is not None else ""
        raise AuthFailedError(f"login refused{words}", since)

    # ------------------------------------------------------------------------------------------ connection

    async def send(
        self,
        method: str,
        path: str,
        *,
        headers: Fields = (),
        body: bytes = b"",
        cap: int = BODY_CAP,
        enough: Enough | None = None,
    ) -> Reply:
        """One message and its reply whatever its status, without a login of its own (SOAP brings
        one); `enough` is as in `exchange`.

        Once more on a new connection where the device has closed the kept one.
        """
        request = build_request(self.place, method, path, headers, body, keep=True)
        kept = self._peer is not None and self._peer.again(cap, enough)
        for reused in (True, False) if kept else (False,):
            if not reused:
                self.close()
                self._transport, self._peer = await open_exchange(
                    self._net, self.place, cap, enough=enough
                )
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
        trace.note(">", f"{path} to port {self.place.port}, {len(body)} bytes")
        self.requests += 1
        done = False
        try:
            peer.send(transport, request, body)
            reply = await awaited(peer, f"answer to HTTP {path.partition('?')[0]}")
            done = True
        finally:
            if not done:
                self.close()
        keep_for_recording(self.place, request, body, reply)
        trace.note("<", f"HTTP {reply.status}, {len(reply.body)} bytes")
        return reply


def _said(reply: Reply) -> str:
    return reply.body[:2048].decode("utf-8", "replace")


def served(reply: Reply) -> Reply:
    """`reply` if it is HTTP 200, else the ExchangeError that its status stands for."""
    status = reply.status
    if status == 200:
        return reply
    raise status_error(status)


def status_error(status: int) -> ExchangeError:
    """The ExchangeError of an HTTP status other than 200 and 401 (RFC 9110 section 15)."""
    if 300 <= status < 400:
        return AddressError(f"HTTP {status}: it redirects elsewhere; not followed")
    if status == 403:
        return ForbiddenError("HTTP 403")
    if status in {404, 405, 410}:
        return NoServiceError(f"HTTP {status}: no such service at this path")
    if status == 501:
        return UnsupportedError(f"HTTP {status}")
    if status in {429, 503}:
        return BusyError(f"HTTP {status}: busy")
    return ProtocolError(f"HTTP {status}")
