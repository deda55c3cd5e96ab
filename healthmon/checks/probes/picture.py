"""What does the picture show? Hands on what the stream check's key frames were measured to be.

The stream check keeps the key frames of its own RTSP session and has them measured
(`healthmon.picture.service`); so a camera is not played again for its picture. Once for each stream
it is watched as a whole, so that the clock in the picture is learned.
"""

from __future__ import annotations

import time
from dataclasses import replace

from healthmon.checks.probes.context import ProbeContext, StreamMemory
from healthmon.checks.probes.recorder import clock_of, true_time
from healthmon.checks.probes.stream import opened
from healthmon.model.device import Check, Device
from healthmon.model.picture import PictureReading
from healthmon.protocols.errors import ExchangeError
from healthmon.protocols.media.key_frame import CODECS, StreamCollector
from healthmon.protocols.transport import metering

LEARN_FOR = 30.0  # seconds of the stream that a clock is learned from
TO_LEARN = 65.0  # seconds that must be left for it


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
    await _learn_clock(device, check, context, memory)
    known_clock = reading.clocks and clock_of(device, context) is not None
    clocks = context.memory_of(device.id).clocks if known_clock else None
    return replace(reading, true=true_time(context), device_clock=clocks)


async def _learn_clock(
    device: Device, check: Check, context: ProbeContext, memory: StreamMemory
) -> None:
    """Watch the stream and learn the clock in it, where that is due. What goes wrong says nothing
    about the picture; it is tried again a day later.
    """
    service, known = context.pictures, memory.picture
    path = _path_to_watch(device, check, memory)
    where = device.id, check.instance
    if service is None or known is None or path is None:
        return
    if not await service.clock_due(where, known, device.site):
        return
    service.learning_at.add(device.site)
    try:
        known.clock_tried = time.monotonic()
        watched = await _whole_stream(device, context, path, memory)
        if watched is not None:
            await service.learn_clock(where, known, watched)
    except ExchangeError:
        return
    finally:
        service.learning_at.discard(device.site)


def _path_to_watch(device: Device, check: Check, memory: StreamMemory) -> str | None:
    """The path of the stream; None where there is too little time, or its data is counted."""
    if check.timeout < LEARN_FOR + TO_LEARN or metering.charger() is not None:
        return None
    found = (one.path for one in device.streams if one.name == check.instance)
    return next(found, None) or memory.path


async def _whole_stream(
    device: Device, context: ProbeContext, path: str, memory: StreamMemory
) -> StreamCollector | None:
    """All pictures of `LEARN_FOR` seconds of the stream at `path`, in one session; None where they cannot be
    decoded. Raises ExchangeError.
    """
    async with opened(device, context, path, memory.transport) as session:
        await session.describe()
        await session.setup()
        video, meter = session.video, session.meter
        if video is None or meter is None or video.codec not in CODECS or meter.encrypted:
            return None
        watched = StreamCollector(
            video.codec, video.parameter_sets, video.size, clock_rate=meter.clock_rate
        )
        meter.collector = watched
        await session.play()
        await session.watch_until(lambda _meter: watched.full, LEARN_FOR)
    return watched
