"""The small exception tree of wire: errors of sockets and libraries are mapped to it once, at the
border.

``reason`` is a word of the closed list ``healthmon.model.Reason`` (a test holds the two together).
The text must never hold a secret, a URL with user information, or a whole reply.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import ssl
import struct
from collections.abc import Iterator
from typing import ClassVar

OLD_CIPHERS = "it knows old ciphers only, or refuses TLS as it is spoken here"
OLD_RENEGOTIATION = "its TLS is from before secure renegotiation (RFC 5746); pin its key to take it"


class ExchangeError(Exception):
    """A check that failed for a reason we can name; the text is one plain line for the operator or
    contractor.
    """

    reason: ClassVar[str] = "protocol"


class ProtocolError(ExchangeError):
    """The peer answered, but not by the specification."""


class RejectedError(ProtocolError):
    """The peer refuses the request by a status of its protocol."""

    reason = "rejected"


class BadRequestError(RejectedError):
    """The device calls the request bad (RTSP 400); some do so for a path that they know no
    longer.
    """


class TooLargeError(ExchangeError):
    """The peer sent more bytes than the cap of this exchange."""

    reason = "too_large"


class ConnectTimeoutError(ExchangeError):
    """No answer to the TCP connection request (SYN) in time."""

    reason = "connect_timeout"


class SilentError(ExchangeError):
    """Connected (or sent), but no complete answer in time."""

    reason = "timeout"


class RefusedError(ExchangeError):
    """The port is closed (RST or ICMP port unreachable)."""

    reason = "refused"


class ResetError(ExchangeError):
    """The connection was accepted and then dropped by the peer."""

    reason = "reset"


class UnreachableError(ExchangeError):
    """The network says there is no way to the address."""

    reason = "unreachable"


class DnsError(ExchangeError):
    """The configured name has no address."""

    reason = "dns"


class NameServerError(DnsError):
    """The name server that this machine asks answers for no name: our trouble, not the device's."""

    reason = "agent_network"


class AddressError(ExchangeError):
    """The peer named an address that is not configured for it; it was not contacted."""

    reason = "address_mismatch"


class ResourceError(ExchangeError):
    """This machine ran out of something (file descriptors, ports, buffers): our trouble, not the
    device's.
    """

    reason = "agent_resource"


class OwnNetworkError(ExchangeError):
    """This machine's own network is down."""

    reason = "agent_network"


class TlsError(ExchangeError):
    """TLS could not be set up or the certificate is not the one trusted."""

    reason = "tls"


class TlsTimeoutError(TlsError):
    """The connection was accepted, but the TLS handshake did not finish in time."""

    reason = "tls_timeout"


class AuthFailedError(ExchangeError):
    """A correct answer to a fresh challenge was refused: the account or its password is not
    accepted.

    `since` is since when this service refuses the account (Unix seconds), where it did so before.
    """

    reason = "auth_failed"

    def __init__(self, message: str, since: float | None = None) -> None:
        super().__init__(message)
        self.since = since


class AuthLatchedError(ExchangeError):
    """No login was sent: earlier ones were refused and the device must not be locked out.

    `since` is since when this service refuses the account (Unix seconds); None where only others
    do.
    """

    reason = "auth_latched"

    def __init__(self, message: str, since: float | None = None) -> None:
        super().__init__(message)
        self.since = since


class LockedOutError(ExchangeError):
    """The device says that the account or our address is locked."""

    reason = "locked_out"


class ForbiddenError(ExchangeError):
    """The login was accepted, but the account has no right to what was asked for.

    `by_login`: the device said so by refusing the login (HTTP 401), and may count that.
    """

    reason = "forbidden"

    def __init__(self, message: str, *, by_login: bool = False) -> None:
        super().__init__(message)
        self.by_login = by_login


class BasicRefusedError(ExchangeError):
    """The device offers only Basic authentication on a plain connection, which is not allowed for
    it.
    """

    reason = "basic_refused"


class NoCredentialError(ExchangeError):
    """The device asks for a login and none is configured."""

    reason = "no_credential"


# No login, or none that counts: after one of these nothing more is asked with it.
LOGIN_TROUBLE = (
    AuthFailedError,
    AuthLatchedError,
    BasicRefusedError,
    LockedOutError,
    NoCredentialError,
)


class BusyError(ExchangeError):
    """The device is alive and has no session or bandwidth left (RTSP 453, 503)."""

    reason = "busy"


class NotFoundError(ExchangeError):
    """The device does not know the path, profile or object asked for (RTSP 404, 454; ONVIF
    NoProfile).
    """

    reason = "not_found"


class NoSourceError(ExchangeError):
    """A relay answers, but has nothing to show: its own source is gone."""

    reason = "no_source"


class NotReportedError(ExchangeError):
    """The device does not report what must be known before it can be asked."""

    reason = "not_reported"


class UnsupportedError(ExchangeError):
    """The device answers that it does not offer this service."""

    reason = "unsupported"


class NoServiceError(UnsupportedError):
    """The device knows no such path; another firmware of its maker may know it."""


class SourceError(ExchangeError):
    """What feeds the device is itself at fault: what the device shows of it cannot be judged."""

    reason = "behind_parent"


class BudgetError(ExchangeError):
    """The data that a metered device may use today is used up."""

    reason = "data_budget"


class NoVideoTrackError(ExchangeError):
    """The session description names no video."""

    reason = "no_video_track"


_BY_ERRNO: dict[int, type[ExchangeError]] = {
    errno.ECONNREFUSED: RefusedError,
    errno.ECONNRESET: ResetError,
    errno.EPIPE: ResetError,
    errno.ECONNABORTED: ResetError,
    errno.EHOSTUNREACH: UnreachableError,
    errno.EHOSTDOWN: UnreachableError,
    errno.ETIMEDOUT: ConnectTimeoutError,
    errno.ENETUNREACH: OwnNetworkError,
    errno.ENETDOWN: OwnNetworkError,
    errno.EADDRNOTAVAIL: ResourceError,
    errno.EINVAL: UnreachableError,
    errno.EACCES: UnreachableError,
    errno.EPERM: UnreachableError,
    errno.EMFILE: ResourceError,
    errno.ENFILE: ResourceError,
    errno.ENOBUFS: ResourceError,
    errno.ENOMEM: ResourceError,
}


_TLS_WORDS = (
    ("PROTOCOL_VERSION", "its TLS is too old (TLS 1.2 is needed)"),
    ("UNSUPPORTED_PROTOCOL", "its TLS is too old (TLS 1.2 is needed)"),
    ("HANDSHAKE_FAILURE", OLD_CIPHERS),
    ("UNSAFE_LEGACY_RENEGOTIATION", OLD_RENEGOTIATION),
)


def _tls_words(reason: str) -> str:
    """OpenSSL's name of what went wrong in an operator's words."""
    known = next((words for mark, words in _TLS_WORDS if mark in reason.upper()), "")
    return known or f"TLS failed: {reason.lower().replace('_', ' ')}"


# What Python raises where data is of another form than the code that reads it expects.
_UNREADABLE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
)


@contextlib.contextmanager
def reading(what: str) -> Iterator[None]:
    """The border around code that makes records of what a device wrote: whatever that is, it can
    raise nothing but an ExchangeError. `what` names the answer.
    """
    try:
        yield
    except _UNREADABLE as error:
        raise ProtocolError(f"{what} cannot be read ({type(error).__name__})") from error


_CLOSED = (asyncio.IncompleteReadError, EOFError, ConnectionResetError, ConnectionAbortedError)


def from_os(error: BaseException, doing: str) -> ExchangeError:
    """Map an error of a socket, of TLS or of a name look-up to the tree; `doing` says what was
    tried.
    """
    if isinstance(error, ExchangeError):
        return error
    if isinstance(error, socket.gaierror):
        return DnsError(f"{doing}: name has no address")
    if isinstance(error, ssl.SSLError):
        return _from_tls(error, doing)
    if isinstance(error, _CLOSED):
        return ResetError(f"{doing}: connection closed by the device")
    if isinstance(error, TimeoutError) and getattr(error, "errno", None) is None:
        return SilentError(f"{doing}: no answer in time")
    if isinstance(error, OSError):
        return _from_errno(error, doing)
    return ProtocolError(f"{doing}: {type(error).__name__}")


def _from_tls(error: ssl.SSLError, doing: str) -> ExchangeError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return TlsError(f"{doing}: certificate not trusted: {error.verify_message}")
    return TlsError(f"{doing}: {_tls_words(error.reason or 'handshake')}")


def _from_errno(error: OSError, doing: str) -> ExchangeError:
    number = error.errno or 0
    kind = _BY_ERRNO.get(number)
    if kind is not None:
        return kind(f"{doing}: {os.strerror(number).lower()}")
    words = error.strerror or type(error).__name__
    return UnreachableError(f"{doing}: {words.lower()}")
