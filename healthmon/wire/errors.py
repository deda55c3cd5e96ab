"""The small exception tree of wire: errors of sockets and libraries are mapped to it once, at the border.

``reason`` is a word of the closed list ``healthmon.model.Reason`` (a test holds the two together).
The text must never hold a secret, a URL with user information, or a whole reply.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from typing import ClassVar


class WireError(Exception):
    """A look that failed for a reason we can name; the text is one plain line for the operator or contractor."""

    reason: ClassVar[str] = "protocol"


class ProtocolError(WireError):
    """The peer answered, but not by the specification."""


class BadRequestError(ProtocolError):
    """The device calls the request bad (RTSP 400); some do so for a path that they know no longer."""


class TooLargeError(WireError):
    """The peer sent more bytes than the cap of this exchange."""

    reason = "too_large"


class ConnectTimeoutError(WireError):
    """No answer to the TCP connection request (SYN) in time."""

    reason = "connect_timeout"


class SilentError(WireError):
    """Connected (or sent), but no complete answer in time."""

    reason = "timeout"


class RefusedError(WireError):
    """The port is closed (RST or ICMP port unreachable)."""

    reason = "refused"


class ResetError(WireError):
    """The connection was accepted and then dropped by the peer."""

    reason = "reset"


class UnreachableError(WireError):
    """The network says there is no way to the address."""

    reason = "unreachable"


class DnsError(WireError):
    """The configured name has no address."""

    reason = "dns"


class AddressError(WireError):
    """The peer named an address that is not configured for it; it was not contacted."""

    reason = "address_mismatch"


class ResourceError(WireError):
    """This machine ran out of something (file descriptors, ports, buffers): our trouble, not the device's."""

    reason = "agent_resource"


class OwnNetworkError(WireError):
    """This machine's own network is down."""

    reason = "agent_network"


class TlsError(WireError):
    """TLS could not be set up or the certificate is not the one trusted."""

    reason = "tls"


class TlsTimeoutError(TlsError):
    """The connection was accepted, but the TLS handshake did not finish in time."""

    reason = "tls_timeout"


class AuthFailedError(WireError):
    """A correct answer to a fresh challenge was refused: the account or its password is not accepted."""

    reason = "auth_failed"


class AuthLatchedError(WireError):
    """No login was sent: earlier ones were refused and the device must not be locked out."""

    reason = "auth_latched"


class LockedOutError(WireError):
    """The device says that the account or our address is locked."""

    reason = "locked_out"


class ForbiddenError(WireError):
    """The login was accepted, but the account has no right to what was asked for."""

    reason = "forbidden"


class BasicRefusedError(WireError):
    """The device offers only Basic authentication on a plain connection, which is not allowed for it."""

    reason = "basic_refused"


class NoCredentialError(WireError):
    """The device asks for a login and none is configured."""

    reason = "no_credential"


class BusyError(WireError):
    """The device is alive and has no session or bandwidth left (RTSP 453, 503)."""

    reason = "busy"


class NotFoundError(WireError):
    """The device does not know the path, profile or object asked for (RTSP 404, 454; ONVIF NoProfile)."""

    reason = "not_found"


class NotReportedError(WireError):
    """The device does not tell what must be known before it can be asked."""

    reason = "not_reported"


class UnsupportedError(WireError):
    """The device answers that it does not offer this service."""

    reason = "unsupported"


class SourceError(WireError):
    """What feeds the device is itself at fault: what the device shows of it cannot be judged."""

    reason = "behind_parent"


class BudgetError(WireError):
    """The data that a metered device may use today is used up."""

    reason = "data_budget"


class NoVideoTrackError(WireError):
    """The session description names no video."""

    reason = "no_video_track"


_BY_ERRNO: dict[int, type[WireError]] = {
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


def from_os(error: BaseException, doing: str) -> WireError:
    """Map an error of a socket, of TLS or of a name look-up to the tree; `doing` says what was tried."""
    if isinstance(error, WireError):
        return error
    if isinstance(error, socket.gaierror):
        return DnsError(f"{doing}: name has no address")
    if isinstance(error, ssl.SSLCertVerificationError):
        return TlsError(f"{doing}: certificate not trusted: {error.verify_message}")
    if isinstance(error, ssl.SSLError):
        return TlsError(
            f"{doing}: TLS failed: {(error.reason or 'handshake').lower().replace('_', ' ')}"
        )
    if isinstance(
        error,
        asyncio.IncompleteReadError | EOFError | ConnectionResetError | ConnectionAbortedError,
    ):
        return ResetError(f"{doing}: connection closed by the device")
    if isinstance(error, TimeoutError) and getattr(error, "errno", None) is None:
        return SilentError(f"{doing}: no answer in time")
    if isinstance(error, OSError):
        kind = _BY_ERRNO.get(error.errno or 0, UnreachableError)
        words = (
            os.strerror(error.errno)
            if error.errno in _BY_ERRNO
            else error.strerror or type(error).__name__
        )
        return kind(f"{doing}: {words.lower()}")
    return ProtocolError(f"{doing}: {type(error).__name__}")
