"""A JPEG from the camera (ONVIF GetSnapshotUri), where its stream gives no picture that can be decoded.

By one HTTP request within the stream check, after its RTSP session, so that the camera has one
connection at a time. It is imported only where pictures are enabled (docs/adr/0057).
"""

from __future__ import annotations

import asyncio
import time

from healthmon.checks.probes.context import ProbeContext, StreamMemory
from healthmon.checks.probes.endpoints import choice_of, credential_of, http_place
from healthmon.checks.probes.skew import skew
from healthmon.model.device import Device, StreamSpec
from healthmon.protocols.errors import ExchangeError, NoServiceError, ProtocolError
from healthmon.protocols.http.exchange import Endpoint
from healthmon.protocols.http.session import HttpLogin, HttpSession
from healthmon.protocols.media.key_frame import MOST_BYTES, KeyFrame
from healthmon.protocols.onvif import media
from healthmon.protocols.transport import metering

RETRY_SECONDS = 3600.0  # after it was refused or not offered
BEGINS, ENDS = b"\xff\xd8\xff", b"\xff\xd9"


async def taken(
    device: Device, spec: StreamSpec, context: ProbeContext, memory: StreamMemory, left: float
) -> KeyFrame | None:
    """The JPEG of the stream `spec`, within `left` seconds; None where the camera gives none. Not where
    the network's data is counted, unless that is configured.
    """
    service = context.pictures
    if service is None or not service.takes_snapshots(metered=metering.charger() is not None):
        return None
    if time.monotonic() < memory.snapshot_retry_at:
        return None
    try:
        place = http_place(device, context)
        if place is None or device.access.onvif_path is None:
            return None
        async with asyncio.timeout(max(0.0, left)):
            return await _read(device, spec, context, memory, place)
    except (TimeoutError, ExchangeError):
        memory.snapshot_path = None
        memory.snapshot_retry_at = time.monotonic() + RETRY_SECONDS
        return None


async def _read(
    device: Device, spec: StreamSpec, context: ProbeContext, memory: StreamMemory, place: Endpoint
) -> KeyFrame:
    """One whole JPEG. Raises ExchangeError."""
    path = memory.snapshot_path
    if path is None:
        path = memory.snapshot_path = await _path(device, spec, context, place)
    basic = device.access.allow_basic
    login = HttpLogin(credential_of(device, context), context.lockout_guard, basic)
    async with HttpSession(context.connector, place, login) as session:
        reply = await session.request("GET", path, cap=MOST_BYTES)
    body = reply.body.rstrip(b"\0\r\n")
    if not body.startswith(BEGINS) or not body.endswith(ENDS):
        raise ProtocolError("the snapshot is no whole JPEG")
    return KeyFrame("mjpeg", body, time.monotonic())


async def _path(device: Device, spec: StreamSpec, context: ProbeContext, place: Endpoint) -> str:
    """By ONVIF. Raises ExchangeError."""
    at = device.access.onvif_path
    if at is None:
        raise NoServiceError("ONVIF is off")
    return await media.snapshot_path(
        context.connector,
        place,
        at,
        credential_of(device, context),
        context.lockout_guard,
        skew=await skew(device, place, at, context),
        choice=choice_of(device, spec),
        allow_basic=device.access.allow_basic,
    )
