"""Is the camera recorded, and how far back? Told by its recorder, in one session for all its channels."""

from __future__ import annotations

from healthmon.model import Ask, Device, Footage
from healthmon.probes.recorder import clock_of, session, true_time
from healthmon.probes.tools import Tools
from healthmon.wire.errors import NotFoundError, UnsupportedError

MOST_NAMED = 12


async def look(device: Device, ask: Ask, tools: Tools) -> Footage:
    """The recording of `device` on recorder `ask.part`. Raises the WireError of the session, NotFoundError."""
    recorder = tools.devices.get(ask.part)
    if recorder is None or device.channel is None:
        raise UnsupportedError("no recorder and channel are configured")
    read = await session(recorder, ask, tools)
    if read.error is not None:
        raise type(read.error)(f"recorder {recorder.id}: {read.error}")
    recordings = read.answer.recordings if read.answer else ()
    found = next((r for r in recordings if r.channel == device.channel), None)
    if found is None:
        named = ", ".join(read.answer.channels[:MOST_NAMED]) if read.answer else ""
        raise NotFoundError(f"recorder {recorder.id} names no channel {device.channel}; it names {named or 'none'}")
    clock = read.answer.health.clock if read.answer else None
    return Footage(recorder.id, found, read.wall, clock, clock_of(device, tools), true_time(tools))
