"""What a refusing RTSP status means (RFC 2326 7.1.1 and 11, ONVIF Streaming 6)."""

from __future__ import annotations

from healthmon.wire.errors import (
    AddressError,
    BadRequestError,
    BusyError,
    NotFoundError,
    ProtocolError,
    UnsupportedError,
    WireError,
)

BUSY = (453, 503)


def error(status: int, method: str, path: str) -> WireError:
    """The error of a status that is neither 200 nor about the login; `path` is what was asked for."""
    if status in BUSY:
        return BusyError(f"{method} answered {status}: no session or bandwidth left")
    if status in (404, 454, 410):
        return NotFoundError(f"{method} answered {status}: path {path} is not known to the device")
    if status == 457:
        return NotFoundError(f"{method} answered 457: no footage of that time")
    if status == 551:
        return UnsupportedError(f"{method} answered 551: ONVIF replay is not offered")
    if 300 <= status < 400:
        return AddressError(
            f"{method} answered {status}: the device points elsewhere; not followed"
        )
    if status == 406 and method == "DESCRIBE":
        return UnsupportedError("DESCRIBE answered 406: the path has no session description")
    if status in (461, 406):
        return UnsupportedError(f"{method} answered {status}: no transport in common")
    return (BadRequestError if status == 400 else ProtocolError)(f"{method} answered {status}")
