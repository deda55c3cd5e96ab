"""Where and as whom a device is spoken to, and which of its profiles a stream is: from its
configuration.
"""

from __future__ import annotations

import ssl

from healthmon.checks.probes.context import ProbeContext
from healthmon.model.device import Device, StreamSpec
from healthmon.protocols.errors import SilentError
from healthmon.protocols.http.exchange import Endpoint
from healthmon.protocols.onvif.profiles import Choice, Wanted
from healthmon.protocols.transport import tls
from healthmon.secret import Credential


def trust(device: Device, *, old: bool = False, secure: bool = False) -> ssl.SSLContext:
    """How this device's certificate is trusted: its pinned key, its CA file, else the system's CAs.
    Raises TlsError.
    """
    how = device.access.tls
    if how is None:
        return tls.context(old=old, secure=secure)
    return tls.context(ca_file=how.ca_file, pin=how.pin, old=old, secure=secure)


def http_endpoint(device: Device) -> Endpoint | None:
    """The HTTP(S) port of `device`, or None where it has none. Raises TlsError for a bad pin or CA
    file.
    """
    access = device.access
    return _place(device, access.http_port, secure=access.https)


def rtsp_endpoint(device: Device) -> Endpoint | None:
    """The RTSP(S) port of `device`, or None where it has none. Raises TlsError for a bad pin or CA
    file.
    """
    access = device.access
    return _place(device, access.rtsp_port, secure=access.rtsps)


def http_place(device: Device, context: ProbeContext) -> Endpoint | None:
    """`http_endpoint` for a request. Raises SilentError where the reach check has found that the
    port answers nothing: a silent port costs one deadline, not one for each question.
    """
    return _speaking(http_endpoint(device), device, context)


def rtsp_place(device: Device, context: ProbeContext) -> Endpoint | None:
    """`rtsp_endpoint` for a request. Raises SilentError as `http_place` does."""
    return _speaking(rtsp_endpoint(device), device, context)


def choice_of(device: Device, spec: StreamSpec) -> Choice:
    """Which of the device's profiles is the stream `spec`: those of its other streams are not."""
    found = [one for one in device.streams if one.path is None or one == spec]
    wanted = (
        Wanted(
            one.profile, one.codec, (one.width, one.height) if one.width and one.height else None
        )
        for one in found
    )
    return Choice(tuple(wanted), found.index(spec))


def credential_of(device: Device, context: ProbeContext) -> Credential | None:
    """The account of `device`, None where it has none."""
    return context.credential(device.access.credential) if device.access.credential else None


def _speaking(place: Endpoint | None, device: Device, context: ProbeContext) -> Endpoint | None:
    if place is not None and place.port in context.memory_of(device.id).silent_ports:
        raise SilentError(f"port {place.port}: connected, but answers nothing")
    return place


def _place(device: Device, port: int | None, *, secure: bool) -> Endpoint | None:
    if port is None:
        return None
    if not secure:
        return Endpoint(device.address, port)
    how = device.access.tls
    return Endpoint(device.address, port, trust(device), how.server_name if how else None)
