"""Where a device is spoken to, from its configured access."""

from __future__ import annotations

import ssl

from healthmon.model import Device
from healthmon.wire import tls
from healthmon.wire.http import Place


def trust(device: Device) -> ssl.SSLContext:
    """How this device's certificate is trusted: its pinned key, its CA file, else the system's CAs. Raises TlsError."""
    how = device.access.tls
    return tls.context(ca_file=how.ca_file, pin=how.pin) if how else tls.context()


def http_place(device: Device) -> Place | None:
    """The HTTP(S) port of `device`, or None where it has none. Raises TlsError for a bad pin or CA file."""
    access = device.access
    return _place(device, access.http_port, secure=access.https)


def rtsp_place(device: Device) -> Place | None:
    """The RTSP(S) port of `device`, or None where it has none. Raises TlsError for a bad pin or CA file."""
    access = device.access
    return _place(device, access.rtsp_port, secure=access.rtsps)


def _place(device: Device, port: int | None, *, secure: bool) -> Place | None:
    if port is None:
        return None
    if not secure:
        return Place(device.address, port)
    how = device.access.tls
    return Place(device.address, port, trust(device), how.server_name if how else None)
