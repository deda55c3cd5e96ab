"""Is the camera recorded, and how far back? Told by its recorder, in one session for all its channels."""

from __future__ import annotations

from healthmon.model import Ask, Device, Footage, Span
from healthmon.probes.reads import Read
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
    return recording_of(device, recorder, read, (clock_of(device, tools), true_time(tools)))


def recording_of(
    device: Device, recorder: Device, read: Read, clocks: tuple[Span | None, Span | None]
) -> Footage:
    """What a session told of the channel of `device`; `clocks` are the camera's and true time, minus ours.

    Raises the WireError of the session, NotFoundError for a channel that the recorder does not name.
    """
    if read.error is not None:
        raise type(read.error)(f"recorder {recorder.id}: {read.error}")
    recordings = read.answer.recordings if read.answer else ()
    found = next((r for r in recordings if r.channel == device.channel), None)
    if found is None:
        named = ", ".join(read.answer.channels[:MOST_NAMED]) if read.answer else ""
        raise NotFoundError(
            f"recorder {recorder.id} names no channel {device.channel}; it names {named or 'none'}"
        )
    return Footage(
        recorder.id, found, read.wall, read.answer.health.clock if read.answer else None, *clocks
    )
