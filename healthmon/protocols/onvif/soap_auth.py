"""One SOAP request, with the login that the device asks for: HTTP Digest by its challenge, else a
WS-UsernameToken.

The first request carries no login. What comes back tells which kind is wanted, so that one call
never costs more than one refused login, and the login guard is asked before each and told after
each.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from healthmon.model.count_words import count_of
from healthmon.protocols import trace
from healthmon.protocols.errors import (
    AuthFailedError,
    ForbiddenError,
    LockedOutError,
    NoCredentialError,
    ProtocolError,
)
from healthmon.protocols.http import digest
from healthmon.protocols.http.exchange import Endpoint, Reply, exchange
from healthmon.protocols.http.session import Answered, HttpSession, status_error
from healthmon.protocols.onvif import soap, ws_token
from healthmon.protocols.quirks import ends_envelope, wants_soap_11
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard, attempts_left, says_locked
from healthmon.protocols.values import dates
from healthmon.protocols.values.xml import Element
from healthmon.secret import Credential

MOST_ROUNDS = 5
SERVICE = "onvif"


@dataclass(frozen=True, slots=True)
class Login:
    """How to log in where a device asks for it. `skew` is the device's clock minus ours, seconds.
    Basic is answered over TLS or with `allow_basic` only.

    Where `skew` is None, the ``Date`` of the reply that asks for the login tells it, else nothing.
    """

    credential: Credential | None
    guard: LockoutGuard
    skew: float | None = None
    allow_basic: bool = False


class Answer(NamedTuple):
    """A reply and the SOAP body in it."""

    reply: Reply
    body: Element


@dataclass(slots=True)
class Held:
    """The login that requests carry. Kept over the calls of one check, it spares each its refused
    first request.

    `session` is the kept connection. Where it is None every call has its own and begins without the
    last challenge: a device may take a nonce on one connection only, and count its answer on
    another as a wrong login. `proven`: the login has been accepted, so that a later refusal is
    about what was asked. `skew` is by the latest ``Date``. `soap_11`: the device knows no SOAP 1.2.
    """

    session: HttpSession | None = None
    soap_11: bool = False
    token: bool = False
    proven: bool = False
    skew: float = 0.0
    answered: Answered = field(default_factory=Answered)

    def begin(self) -> None:
        """A new request."""
        self.answered.begin()
        if self.session is None:
            self.answered.challenge = None

    @property
    def loaded(self) -> bool:
        """Whether a login goes with the next request."""
        return self.token or self.answered.challenge is not None


def _note_skew(state: Held, reply: Reply) -> None:
    """The clock that the token must follow, by the answer's ``Date``."""
    stated = dates.http_date(reply.header("date"))
    if stated is not None:
        state.skew = stated.timestamp() + 0.5 - (reply.began + reply.ended) / 2


def _note_accepted(state: Held, place: Endpoint, reply: Reply, login: Login | None) -> None:
    """Tell the guard that a login was accepted."""
    if reply.status == 200 and state.loaded and login and login.credential:
        login.guard.accepted(place.host, login.credential, SERVICE)
        state.proven = True
        state.answered.succeeded()


async def post(
    connector: Connector,
    place: Endpoint,
    path: str,
    envelope: bytes,
    login: Login | None = None,
    held: Held | None = None,
    *,
    fields: Sequence[tuple[str, str]] = (("Content-Type", soap.CONTENT_TYPE),),
) -> Answer:
    """POST `envelope` to `path`; what returns is HTTP 200 with a SOAP envelope that holds no fault.

    Raises NoCredentialError, AuthFailedError, AuthLatchedError, LockedOutError, BasicRefusedError
    about the login; AddressError for a redirect; NotFoundError, UnsupportedError, BusyError,
    ProtocolError for faults and other replies.
    """
    state = held if held is not None else Held()
    state.begin()
    send = (
        state.session.send
        if state.session is not None
        else functools.partial(exchange, connector, place)
    )
    for _ in range(MOST_ROUNDS):
        body, headers = _spoken(envelope, fields, state)
        if state.loaded and login and login.credential:
            login.guard.permit(place.host, login.credential, SERVICE)
            body, headers = _loaded(path, body, headers, state, login)
        reply = await send(
            "POST", path, headers=headers, body=body, cap=soap.REPLY_CAP, enough=ends_envelope
        )
        _note_skew(state, reply)
        if _in_soap_11(state, reply):
            continue
        answered = _body(reply)
        fault = soap.fault_of(answered)
        if not _refused(reply, fault):
            _note_accepted(state, place, reply, login)
            return _served(reply, answered, fault)
        _next(state, place, reply, fault, login)
    raise AuthFailedError("the device asks for a login again and again")


def _in_soap_11(state: Held, reply: Reply) -> bool:
    """Whether the request goes out once more, in SOAP 1.1."""
    if state.soap_11 or not wants_soap_11(reply.status, reply.body):
        return False
    state.soap_11 = True
    return True


def _spoken(
    envelope: bytes, fields: Sequence[tuple[str, str]], state: Held
) -> tuple[bytes, list[tuple[str, str]]]:
    """Body and header fields in the SOAP that the device knows."""
    return soap.as_soap_11(fields, envelope) if state.soap_11 else (envelope, list(fields))


def _loaded(
    path: str, envelope: bytes, headers: list[tuple[str, str]], state: Held, login: Login
) -> tuple[bytes, list[tuple[str, str]]]:
    """Body and header fields with the login of `state`."""
    credential = login.credential
    if credential is None:
        raise NoCredentialError("the device asks for a login and none is configured")
    body = envelope
    if state.token:
        skew = login.skew if login.skew is not None else state.skew
        body = ws_token.with_token(envelope, credential, time.time() + skew)
        trace.note(">", "with WS-UsernameToken (digest)")
    if state.answered.challenge is not None:
        headers = [
            *headers,
            ("Authorization", state.answered.authorization(credential, "POST", path, body)),
        ]
    return body, headers


def _body(reply: Reply) -> Element | None:
    """The SOAP body of a reply. A 200 must be SOAP; with another status it may be anything."""
    try:
        return soap.envelope_body(reply.body)
    except ProtocolError:
        if reply.status == 200:
            raise
        return None


def _refused(reply: Reply, fault: soap.Fault | None) -> bool:
    return reply.status in {401, 403} or bool(fault and fault.refused)


def _tries_again(state: Held, place: Endpoint, reply: Reply, login: Login) -> bool:
    """Whether there is a login that has not been tried: a challenge of HTTP, else the token."""
    challenges: list[digest.Challenge] = []
    if reply.status == 401:
        challenges = list(digest.parse_challenges(reply.all("www-authenticate")))
    if challenges:
        chosen = digest.choose(challenges, allow_basic=login.allow_basic or place.tls is not None)
        return state.answered.accept(chosen)
    if reply.status == 403 and state.answered.renewed():
        return True
    if state.token or (reply.status == 403 and state.loaded):
        return False
    state.token = True
    return True


def _next(
    state: Held, place: Endpoint, reply: Reply, fault: soap.Fault | None, login: Login | None
) -> None:
    """Decide what the next request carries after a demand for a login; raise where there is no next
    one.
    """
    if login is None or login.credential is None:
        raise NoCredentialError("the device asks for a login and none is configured")
    said = fault.text if fault else reply.body[:2048].decode("utf-8", "replace")
    if says_locked(said, answered=state.loaded):
        login.guard.locked(place.host, login.credential)
        raise LockedOutError("the device says that the account is locked")
    if _tries_again(state, place, reply, login):
        return
    if state.proven:
        raise ForbiddenError(_refusal(reply, fault), by_login=reply.status != 403)
    left = attempts_left(said)
    since = login.guard.rejected(place.host, login.credential, SERVICE, attempts_left=left)
    words = f", {count_of(left, 'attempt')} left by its own words" if left is not None else ""
    raise AuthFailedError(f"login refused{words}", since)


def _refusal(reply: Reply, fault: soap.Fault | None) -> str:
    """How a request was refused whose login is accepted elsewhere."""
    if fault is None:
        return f"HTTP {reply.status}"
    return f"SOAP fault {fault.text or fault.codes}"[:160]


def _served(reply: Reply, body: Element | None, fault: soap.Fault | None) -> Answer:
    """`reply` if it is an answer, else the error it stands for."""
    if fault is not None:
        raise soap.failure(fault)
    if reply.status == 200 and body is not None:
        return Answer(reply, body)
    raise status_error(reply.status)
