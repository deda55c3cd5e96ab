"""One SOAP request, with the login that the device asks for: HTTP Digest by its challenge, else a WS-UsernameToken.

The first request carries no login. What comes back tells which kind is wanted, so that one call never costs more than
one refused login, and the login guard is asked before each and told after each.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Sequence
from dataclasses import dataclass, field

from healthmon.secret import Credential
from healthmon.wire import digest, moments, soap, trace
from healthmon.wire.errors import (
    AuthFailedError,
    LockedOutError,
    NoCredentialError,
    ProtocolError,
    UnsupportedError,
)
from healthmon.wire.http import Place, Reply, exchange
from healthmon.wire.http_session import Answered, HttpSession, status_error
from healthmon.wire.logins import LoginGuard, attempts_left, says_locked
from healthmon.wire.net import Net

MOST_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Login:
    """How to log in where a device asks for it. `skew` is the device's clock minus ours, seconds.

    Where it is None, the ``Date`` of the reply that asks for the login tells it, else nothing.
    """

    credential: Credential | None
    guard: LoginGuard
    skew: float | None = None


@dataclass(slots=True)
class Held:
    """The login that requests carry. Kept over the calls of one look, it spares each its refused first request.

    `session` is the kept connection. Where it is None every call has its own and begins without the last challenge: a
    device may take a nonce on one connection only, and count its answer on another as a wrong login. `proven`: the
    login has been accepted, so that a later refusal is about what was asked. `skew` is by the latest ``Date``.
    """

    session: HttpSession | None = None
    token: bool = False
    proven: bool = False
    skew: float = 0.0
    answered: Answered = field(default_factory=Answered)

    @property
    def loaded(self) -> bool:
        """Whether a login goes with the next request."""
        return self.token or self.answered.challenge is not None


async def post(
    net: Net,
    place: Place,
    path: str,
    envelope: bytes,
    login: Login | None = None,
    held: Held | None = None,
    *,
    fields: Sequence[tuple[str, str]] = (("Content-Type", soap.CONTENT_TYPE),),
) -> Reply:
    """POST `envelope` to `path`; what returns is HTTP 200 with a SOAP envelope that holds no fault.

    Raises NoCredentialError, AuthFailedError, AuthLatchedError, LockedOutError, BasicRefusedError about the login;
    AddressError for a redirect; NotFoundError, UnsupportedError, BusyError, ProtocolError for faults and other replies.
    """
    state = held if held is not None else Held()
    state.answered.begin()
    if state.session is None:
        state.answered.challenge = None
    send = (
        state.session.send if state.session is not None else functools.partial(exchange, net, place)
    )
    for _ in range(MOST_ROUNDS):
        body, headers = envelope, list(fields)
        if state.loaded and login and login.credential:
            login.guard.permit(place.host, login.credential)
            body, headers = await _loaded(path, envelope, headers, state, login)
        reply = await send("POST", path, headers=headers, body=body, cap=soap.REPLY_CAP)
        if (stated := moments.http_date(reply.header("date"))) is not None:
            state.skew = stated.timestamp() + 0.5 - (reply.began + reply.ended) / 2
        fault = _fault(reply)
        if not _refused(reply, fault):
            if reply.status == 200 and state.loaded and login and login.credential:
                login.guard.accepted(place.host, login.credential)
                state.proven = True
            return _served(reply, fault)
        _next(state, place, reply, fault, login)
    raise AuthFailedError("the device asks for a login again and again")


async def _loaded(
    path: str, envelope: bytes, headers: list[tuple[str, str]], state: Held, login: Login
) -> tuple[bytes, list[tuple[str, str]]]:
    """Body and header fields with the login of `state`."""
    credential = login.credential
    if credential is None:
        raise NoCredentialError("the device asks for a login and none is configured")
    body = envelope
    if state.token:
        skew = login.skew if login.skew is not None else state.skew
        body = await asyncio.to_thread(_with_token, envelope, credential, skew)
        trace.note(">", "with WS-UsernameToken (digest)")
    if state.answered.challenge is not None:
        headers = [
            *headers,
            ("Authorization", state.answered.authorization(credential, "POST", path, body)),
        ]
    return body, headers


def _with_token(envelope: bytes, credential: Credential, skew: float) -> bytes:
    from healthmon.wire import onvif_docs

    return onvif_docs.with_token(envelope, credential, skew)


def _fault(reply: Reply) -> soap.Fault | None:
    """The fault of a reply. A 200 must be SOAP; with another status the body may be anything."""
    try:
        return soap.fault_of(soap.envelope_body(reply.body))
    except ProtocolError:
        if reply.status == 200:
            raise
        return None


def _refused(reply: Reply, fault: soap.Fault | None) -> bool:
    return reply.status in {401, 403} or bool(fault and fault.refused)


def _next(
    state: Held, place: Place, reply: Reply, fault: soap.Fault | None, login: Login | None
) -> None:
    """Decide what the next request carries after a demand for a login; raise where there is no next one."""
    if login is None or login.credential is None:
        raise NoCredentialError("the device asks for a login and none is configured")
    said = fault.text if fault else reply.body[:2048].decode("utf-8", "replace")
    if says_locked(said):
        login.guard.locked(place.host, login.credential)
        raise LockedOutError("the device says that the account is locked")
    challenges = (
        digest.parse_challenges(reply.all("www-authenticate")) if reply.status == 401 else []
    )
    if challenges:
        if state.answered.take(
            digest.choose(challenges, allow_basic=place.tls is not None or None)
        ):
            return
    elif not state.token and not (reply.status == 403 and state.loaded):
        state.token = True
        return
    if state.proven:
        raise UnsupportedError("the account may not ask this")
    left = attempts_left(said)
    login.guard.rejected(place.host, login.credential, attempts_left=left)
    raise AuthFailedError(
        "login refused" + (f", {left} attempts left by its own words" if left is not None else "")
    )


def _served(reply: Reply, fault: soap.Fault | None) -> Reply:
    """`reply` if it is an answer, else the error it stands for."""
    if fault is not None:
        raise soap.failure(fault)
    if reply.status == 200:
        return reply
    raise status_error(reply.status)
