"""What does the picture show? Hands on what the stream check's key frames were measured to be.

It opens no connection: the stream check keeps the key frames of its own RTSP session and has them
measured (`healthmon.picture.service`); so a camera is never played twice.
"""

from __future__ import annotations

import time

from healthmon.checks.probes.context import ProbeContext
from healthmon.model.device import Check, Device
from healthmon.model.picture import PictureReading


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
    return reading
