"""What does the picture show? Hands on what the stream check's key frames were measured to be.

The stream check keeps the key frames of its own RTSP session and has them measured
(`healthmon.picture.service`); so a camera is not played again for its picture.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from healthmon.checks.probes import ptz
from healthmon.checks.probes.context import ProbeContext
from healthmon.checks.probes.recorder import clock_of, true_time
from healthmon.model.device import Check, Device
from healthmon.model.enums import Span
from healthmon.model.picture import PictureReading

if TYPE_CHECKING:
    from healthmon.picture.service import PictureService


async def probe(device: Device, check: Check, context: ProbeContext) -> PictureReading:
    """The last reading of the stream `check.instance`, where it is young enough."""
    memory = context.memory_of(device.id).stream(check.instance)
    service, known = context.pictures, memory.picture
    if service is None:
        return PictureReading(problem="pictures are off in the configuration")
    if service.problem:
        return PictureReading(problem=service.problem)
    if memory.seen is None:
        return PictureReading(problem="the stream check has shown no pictures")
    reading = service.reading_of((device.id, check.instance), known) if known else None
    if known is None or reading is None:
        return PictureReading(problem="no whole key frame has come yet")
    if time.monotonic() - known.at > check.max_age:
        return PictureReading(problem="no whole key frame has come for too long")
    known_clock = reading.clocks and clock_of(device, context) is not None
    clocks = context.memory_of(device.id).clocks if known_clock else None
    true = true_time(context)
    reading = await _with_hours(device, check, service, reading, true)
    texts = ptz.memory_of(device, context).texts
    return replace(reading, true=true, device_clock=clocks, texts=texts)


async def _with_hours(
    device: Device,
    check: Check,
    service: PictureService,
    reading: PictureReading,
    true: Span | None,
) -> PictureReading:
    """`reading` with what its clocks show of the hours that they count, where that is known."""
    if true is None:
        return reading
    zone = ZoneInfo(device.time_zone)
    hours = [datetime.fromtimestamp(one.at + true.middle, zone).hour for one in reading.clocks]
    noted = await service.note_hours((device.id, check.instance), reading.clocks, hours)
    return replace(reading, clocks=noted)
