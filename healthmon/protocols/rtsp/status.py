"""What a refusing RTSP status means (RFC 2326 7.1.1 and 11, ONVIF Streaming 6)."""

from __future__ import annotations

from healthmon.protocols.errors import (
    AddressError,
    BadRequestError,
    BusyError,
    ExchangeError,
    NoSourceError,
    NotFoundError,
    ProtocolError,
    RejectedError,
    UnsupportedError,
)

BUSY = (453, 503)
_UNKNOWN_PATH = (404, 410, 454)


def error(status: int, method: str, path: str, relay: str = "") -> ExchangeError:
    """The error of a status that is neither 200 nor about the login, to a request for live pictures
    on `path`; `relay` is the name of the server where it is a known relay.
    """
    said = f"{method} answered {status}"
    if status in BUSY:
        return BusyError(f"{said}: no session or bandwidth left")
    if 300 <= status < 400:
        return AddressError(f"{said}: the device points elsewhere; not followed")
    if relay and (status in (400, *_UNKNOWN_PATH) or status >= 500):
        return NoSourceError(f"{said} for path {path}; {relay}")
    if status in _UNKNOWN_PATH:
        return _unknown(said, method, path)
    if status in (461, 406) and method == "SETUP":
        return RejectedError(f"{said}: no transport in common")
    return (BadRequestError if status == 400 else RejectedError)(said)


def _unknown(said: str, method: str, path: str) -> ExchangeError:
    """To PLAY it is the session that is not known, whose path was described and set up before."""
    if method == "PLAY":
        return RejectedError(f"{said}: the device has forgotten the session that it has just given")
    return NotFoundError(f"{said}: path {path} is not known to the device")


def footage_error(status: int, method: str, path: str) -> ExchangeError:
    """The same for recorded footage (ONVIF Streaming 6)."""
    said = f"{method} answered {status}"
    if status == 457:
        return NotFoundError(f"{said}: no footage of that time")
    if status == 551:
        return UnsupportedError(f"{said}: ONVIF replay is not offered")
    if status == 406 and method == "DESCRIBE":
        return UnsupportedError(f"{said}: the path has no session description")
    if status in (461, 406):
        return UnsupportedError(f"{said}: no transport in common")
    if status in _UNKNOWN_PATH:
        return NotFoundError(f"{said}: not known to the device")
    found = error(status, method, path)
    return ProtocolError(str(found)) if isinstance(found, RejectedError) else found
