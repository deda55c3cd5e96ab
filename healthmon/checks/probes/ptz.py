"""Where does a PTZ camera look while its picture comes? Its status before and after, its presets and
the privacy masks and the texts of any camera once an hour. Nothing is moved or set.

The stream check asks this, before and after its RTSP session and within its deadline. What is not
answered is no fault of the camera: the view is then recognised by its picture.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from healthmon.checks.probes.context import ProbeContext
from healthmon.checks.probes.endpoints import http_place
from healthmon.checks.probes.ptz_memory import PtzMemory
from healthmon.checks.probes.skew import skew
from healthmon.model.device import Device
from healthmon.picture.views import Looking
from healthmon.protocols import quirks
from healthmon.protocols.errors import (
    ExchangeError,
    ForbiddenError,
    NotFoundError,
    ProtocolError,
    UnsupportedError,
)
from healthmon.protocols.onvif import device as onvif
from healthmon.protocols.onvif import osd, ptz
from healthmon.protocols.onvif.call import Calls
from healthmon.protocols.onvif.media import MEDIA, MEDIA2
from healthmon.protocols.onvif.ptz import Mask, Position, Preset, Services, Status

READ_SECONDS = 3600.0
PAUSE_SECONDS = 900.0
SHARE = 0.4  # of the time that is left of the check
NEAR = 0.002  # of a space from -1 to 1: 0.4 degrees of pan
DEGREES = 180.0
LONGEST_UNSEEN = 180.0  # seconds between two answers of a camera that rests
MOVING = "the camera was moving"
NOT_TOLD = "the camera did not tell again where it looks"


def memory_of(device: Device, context: ProbeContext) -> PtzMemory:
    """What the device has told of its views."""
    known = context.memory_of(device.id)
    if known.ptz is None:
        known.ptz = PtzMemory()
    known.ptz.wants_texts = bool(device.osd_text)
    return known.ptz


async def before(device: Device, context: ProbeContext, left: float) -> None:
    """Note the status before the picture, of at most a share of the `left` seconds."""
    memory = memory_of(device, context)
    memory.before = None
    if time.monotonic() < memory.retry_at:
        return
    try:
        async with asyncio.timeout(max(0.0, SHARE * left)):
            memory.before = await _status(device, context, memory)
    except TimeoutError:
        pass  # the next check goes on where this one has ended
    except ExchangeError:
        memory.retry_at = time.monotonic() + PAUSE_SECONDS


async def after(device: Device, context: ProbeContext, left: float) -> Looking | None:
    """Where the camera looked while its picture came, by its status now and before. None for a fixed
    camera.
    """
    if device.variant != "ptz":
        return None
    memory = memory_of(device, context)
    first, last = memory.before, None
    if first is not None:
        try:
            async with asyncio.timeout(max(0.0, SHARE * left)):
                last = await _status(device, context, memory)
        except (TimeoutError, ExchangeError):
            return Looking(why=NOT_TOLD)
    return looking(first, last, memory)


async def _status(device: Device, context: ProbeContext, memory: PtzMemory) -> Status | None:
    """The status as far as it can be believed; None where the camera has no such service. Raises
    ExchangeError.
    """
    calls = await calls_of(device, context)
    if calls is None:
        return None
    await read(calls, memory, pans=device.variant == "ptz")
    if device.variant != "ptz" or memory.services is None or memory.services.ptz is None:
        return None
    found = await ptz.status(calls.at(ptz.PTZ, memory.services.ptz), memory.profile)
    memory.moving = memory.moving + 1 if found.moving else 0
    return note_rest(believed(found, memory), memory)


async def calls_of(device: Device, context: ProbeContext) -> Calls | None:
    """The ONVIF operations of the device; None where it has none. Raises ExchangeError."""
    place, path = http_place(device, context), device.access.onvif_path
    if place is None or path is None:
        return None
    name = device.access.credential
    ahead = context.memory_of(device.id).onvif_skew
    return onvif.calls(
        context.connector,
        place,
        path,
        context.credential(name) if name else None,
        context.lockout_guard,
        skew=ahead if ahead is not None else await skew(device, place, path, context),
        allow_basic=device.access.allow_basic,
    )


async def read(calls: Calls, memory: PtzMemory, *, pans: bool) -> None:
    """Its services, masks, texts and presets, where they were not read for an hour. Raises ExchangeError."""
    if memory.services is not None and time.monotonic() - memory.read_at < READ_SECONDS:
        return
    services = await ptz.services(calls)
    memory.masks = await _masks(calls, services)
    memory.texts = await _texts(calls, services) if memory.wants_texts else None
    if pans and services.ptz is not None:
        profile = await ptz.profile(calls, services)
        views = calls.at(ptz.PTZ, services.ptz)
        memory.profile, memory.presets = profile, await ptz.presets(views, profile)
    memory.services, memory.read_at = services, time.monotonic()


async def _masks(calls: Calls, services: Services) -> tuple[Mask, ...] | None:
    """The privacy masks, None where the camera or the account does not tell. Raises ExchangeError."""
    if services.media2 is None:
        return None
    try:
        return await ptz.masks(calls.at(MEDIA2, services.media2))
    except (ForbiddenError, NotFoundError, ProtocolError, UnsupportedError):
        return None


async def _texts(calls: Calls, services: Services) -> tuple[str, ...] | None:
    """The texts in the picture, None where the camera or the account does not tell. Raises
    ExchangeError.
    """
    for namespace, path in ((MEDIA2, services.media2), (MEDIA, services.media)):
        if path is not None:
            with contextlib.suppress(
                ForbiddenError, NotFoundError, ProtocolError, UnsupportedError
            ):
                return await osd.texts(calls.at(namespace, path))
    return None


def masks(device: Device, context: ProbeContext) -> list[dict[str, Any]] | None:
    """The masks that the camera has reported, as plain values; None where it tells nothing."""
    found = memory_of(device, context).masks
    return [asdict(one) for one in found] if found is not None else None


def believed(status: Status, memory: PtzMemory) -> Status:
    """`status` without the position of a camera that always tells zero."""
    at = status.position
    if at is None:
        return status
    if quirks.tells_no_position(at.pan, at.tilt, seen_elsewhere=memory.elsewhere):
        return Status(None, status.moving, status.error)
    memory.elsewhere = True
    return status


def note_rest(status: Status, memory: PtzMemory) -> Status:
    """`status`, after noting since when the camera rests; what was not asked for too long counts from
    now.
    """
    now, at = time.monotonic(), status.position
    known = memory.rests_at if now - memory.seen_at <= LONGEST_UNSEEN else None
    rests = at is not None and status.moving is False
    if not rests or not is_near(known, at):
        memory.rests_since = now
    memory.rests_at, memory.seen_at = at if rests else None, now
    return status


def looking(first: Status | None, last: Status | None, memory: PtzMemory) -> Looking:
    """Where the camera looked between the two: at a preset, at none, or moving. What tells nothing
    leaves that to the picture.
    """
    if first is None or last is None:
        return Looking(may_learn=True)
    if _has_moved(first, last, memory):
        return Looking(why=MOVING)
    if first.position is None or last.position is None:
        return Looking(may_learn=True)
    preset = nearest(last.position, memory.presets)
    if preset is None:
        return Looking(may_learn=all(one.position is None for one in memory.presets))
    return Looking(preset.token, words_of(preset))


def _has_moved(first: Status, last: Status, memory: PtzMemory) -> bool:
    """Whether the camera says that it moves, or is elsewhere than it was."""
    same = is_near(first.position, last.position)
    if first.moving or last.moving:
        return not quirks.rests_all_the_same(memory.moving, same_position=same)
    return not same and first.position is not None and last.position is not None


def nearest(at: Position, presets: Sequence[Preset]) -> Preset | None:
    """The preset that `at` is at, None where it is at none."""
    known = [one for one in presets if one.position is not None and is_near(at, one.position)]
    return min(known, key=lambda one: _distance(at, one.position or at), default=None)


def is_near(first: Position | None, second: Position | None, within: float = NEAR) -> bool:
    """Whether two positions are known and the same, but for `within` of a space from -1 to 1."""
    if first is None or second is None:
        return False
    degrees = max(abs(one) for at in (first, second) for one in (at.pan, at.tilt)) > 1.0
    return _distance(first, second) <= within * (DEGREES if degrees else 1.0)


def _distance(first: Position, second: Position) -> float:
    """The largest difference of an axis. A zoom that only one of them tells is not compared."""
    pairs = [(first.pan, second.pan), (first.tilt, second.tilt)]
    if first.zoom is not None and second.zoom is not None:
        pairs.append((first.zoom, second.zoom))
    return max(abs(one - other) for one, other in pairs)


def words_of(preset: Preset) -> str:
    """As people say it: "preset 1", "preset Market"."""
    return preset.name if "preset" in preset.name.lower() else f"preset {preset.name}"
