"""Requests of one RTSP session on one connection, with the login that the device asks for (RFC 2326
14, RFC 7616).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from healthmon.protocols import quirks
from healthmon.protocols.errors import (
    AuthFailedError,
    ExchangeError,
    ForbiddenError,
    LockedOutError,
    NoCredentialError,
    RejectedError,
    ResetError,
)
from healthmon.protocols.http import digest
from healthmon.protocols.http.exchange import Endpoint
from healthmon.protocols.rtsp import connection as rtsp
from healthmon.protocols.rtsp import status as rtsp_status
from healthmon.protocols.rtsp.connection import RtspConnection, RtspReply
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard, attempts_left, says_locked
from healthmon.secret import Credential

SERVICE = "rtsp"


@dataclass(slots=True)
class Asking:
    """Asks `place` as `credential`, which `guard` watches over; `allow_basic` permits Basic without
    TLS.

    In a session of `footage` a refusal (403) means that the account may not play it, and is no
    lock-out. `date` is the latest reply with a ``Date``, `server` what the device calls its server.
    """

    connector: Connector
    place: Endpoint
    path: str
    credential: Credential | None
    guard: LockoutGuard
    allow_basic: bool = False
    footage: bool = field(default=False, kw_only=True)
    date: RtspReply | None = field(default=None, init=False)
    server: str = field(default="", init=False)
    _connection: RtspConnection | None = field(default=None, init=False)
    _challenge: digest.Challenge | None = field(default=None, init=False)
    _count: int = field(default=0, init=False)
    _proven: bool = field(default=False, init=False)
    _session: str = field(default="", init=False)

    @property
    def proven(self) -> bool:
        """Whether the latest answer was given to a login."""
        return self._proven

    async def open(self) -> None:
        """Connect. Raises what `Net.connect` raises."""
        self._connection = await rtsp.connect(self.connector, self.place)

    async def _request(
        self, method: str, path: str, headers: tuple[tuple[str, str], ...], *, check: bool = True
    ) -> RtspReply:
        reply = await self._send(method, path, headers)
        if reply.status == 401:
            reply = await self._with_login(reply, method, path, headers)
        self._renew(reply)
        self._learn(reply)
        if check:
            self._checked(reply, method)
        return reply

    def _learn(self, reply: RtspReply) -> None:
        """What any answer may tell: the clock and the name of the server, the name of the
        session.
        """
        if reply.header("date"):
            self.date = reply
        self.server = reply.header("server") or self.server
        if reply.status == 200:
            self._session = quirks.session_named(self._session, reply.header("session"))

    def _renew(self, reply: RtspReply) -> None:
        renewed = digest.renewed(self._challenge, reply.header("authentication-info"))
        if renewed != self._challenge:
            self._challenge, self._count = renewed, 0

    async def _send(
        self, method: str, path: str, headers: tuple[tuple[str, str], ...]
    ) -> RtspReply:
        assert self._connection is not None  # noqa: S101 - set by open
        return await self._connection.request(method, *self._signed(method, path, headers))

    def _signed(
        self, method: str, path: str, headers: tuple[tuple[str, str], ...] = ()
    ) -> tuple[str, tuple[tuple[str, str], ...]]:
        """The URL and the headers of a request, with the session's name and the login."""
        url = rtsp.url_of(self.place, path)
        extra = (("Session", self._session),) if self._session else ()
        if self._challenge is not None and self.credential is not None:
            self._count += 1
            value = digest.authorization(
                self._challenge, self.credential, method, url, count=self._count
            )
            extra = (*extra, ("Authorization", value))
        return url, (*headers, *extra)

    async def _send_anew(
        self, method: str, path: str, headers: tuple[tuple[str, str], ...]
    ) -> RtspReply:
        """The request with its login, on a new connection where the device has hung up upon the one
        without.
        """
        assert self._connection is not None  # noqa: S101 - set by open
        try:
            return await self._send(method, path, headers)
        except ResetError:
            if self._session:
                raise
        self._connection.close()
        await self.open()
        return await self._send(method, path, headers)

    async def _with_login(
        self, reply: RtspReply, method: str, path: str, headers: tuple[tuple[str, str], ...]
    ) -> RtspReply:
        """Answer the challenge; a stale nonce is answered once more, a refusal is counted and
        raised.
        """
        if self.credential is None:
            raise NoCredentialError(f"{method}: the device asks for a login")
        secure = self.place.tls is not None
        for _ in range(2):
            self.guard.permit(self.place.host, self.credential, SERVICE)
            challenges = digest.parse_challenges(reply.all("www-authenticate"))
            self._challenge = digest.choose(challenges, allow_basic=secure or self.allow_basic)
            self._count = 0
            reply = await self._send_anew(method, path, headers)
            if reply.status != 401:
                if reply.status not in (403, *rtsp_status.BUSY):
                    self.guard.accepted(self.place.host, self.credential, SERVICE)
                return reply
            again = digest.parse_challenges(reply.all("www-authenticate"))
            if not any(challenge.stale for challenge in again):
                break
        raise self._refused(reply)

    def _refused(self, reply: RtspReply) -> ExchangeError:
        assert self.credential is not None  # noqa: S101 - the caller has checked
        text = reply.body[:2048].decode("utf-8", "replace")
        if says_locked(text, answered=True):
            self.guard.locked(self.place.host, self.credential)
            return LockedOutError("the device says that the account is locked")
        left = attempts_left(text)
        since = self.guard.rejected(self.place.host, self.credential, SERVICE, attempts_left=left)
        return AuthFailedError(f"login of {self.credential.name} refused", since)

    def _checked(self, reply: RtspReply, method: str) -> None:
        if reply.status == 200:
            self._proven = self._challenge is not None
            return
        if reply.status in (401, 403):
            self._forbidden(reply, method)
        if self.footage:
            raise rtsp_status.footage_error(reply.status, method, self.path)
        raise rtsp_status.error(reply.status, method, self.path, quirks.relay_name(self.server))

    def _refused_outright(self, method: str, *, asked: bool, locked: bool) -> None:
        """Raise for a 403 that says nothing of the login."""
        if not asked and not self.footage:
            raise RejectedError(f"{method} answered 403, without asking for a login")
        if self.footage and not locked:
            raise ForbiddenError(f"{method} answered 403: refused to this account")

    def _forbidden(self, reply: RtspReply, method: str) -> None:
        """A 403: locked where it says so or where it answers a first login; a login accepted before
        lacks the right.
        """
        text = reply.body[:2048].decode("utf-8", "replace")
        asked = self._challenge is not None
        locked = says_locked(text, answered=asked)
        if reply.status == 403:
            self._refused_outright(method, asked=asked, locked=locked)
        doubtful = asked and not self._proven
        if self.credential is not None and (locked or doubtful):
            self.guard.locked(self.place.host, self.credential)
            raise LockedOutError(
                f"{method} answered {reply.status}: the account is locked or has no right to the stream"
            )
        right = ": the account has no right to the stream" if self._proven else ""
        raise AuthFailedError(f"{method} answered {reply.status}{right}")
