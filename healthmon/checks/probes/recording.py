"""Is the camera recorded, and how far back? Told by its recorder, in one session for all its
channels.
"""

from __future__ import annotations

from healthmon.checks.probes.context import ProbeContext
from healthmon.checks.probes.recorder import clock_of, session, true_time
from healthmon.checks.probes.session_cache import Read
from healthmon.model.device import Check, Device
from healthmon.model.enums import Span
from healthmon.model.footage import Footage, RecorderAnswer, Recording
from healthmon.protocols.errors import AuthLatchedError, NotFoundError, UnsupportedError

MOST_NAMED = 12


async def probe(device: Device, check: Check, context: ProbeContext) -> Footage:
    """The recording of `device` on recorder `ask.part`. Raises the ExchangeError of the session,
    NotFoundError.
    """
    recorder = context.devices.get(check.instance)
    if recorder is None or device.channel is None:
        raise UnsupportedError("no recorder and channel are configured")
    read = await session(recorder, check, context)
    return recording_of(device, recorder, read, (clock_of(device, context), true_time(context)))


def recording_of(
    device: Device, recorder: Device, read: Read, clocks: tuple[Span | None, Span | None]
) -> Footage:
    """What a session told of the channel of `device`; `clocks` are the camera's and true time,
    minus ours.

    Raises the ExchangeError of the session, NotFoundError for a channel that the recorder does not
    name.
    """
    if read.error is not None or read.answer is None:
        raise _of_session(recorder, read.error)
    answer, channel = read.answer, device.channel or ""
    unread = answer.unread_of(channel)
    found = next((r for r in answer.recordings if r.channel == channel), None)
    if found is None and not unread:
        raise _unnamed(recorder, channel, answer)
    told = found or Recording(channel)
    return Footage(recorder.id, told, read.wall, answer.health.clock, *clocks, unread=unread)


def _of_session(recorder: Device, error: BaseException | None) -> BaseException:
    """The error of the session, as that of the recorder."""
    error = error or RuntimeError("a session without answer and error")
    said = f"recorder {recorder.id}: {error}"
    if isinstance(error, AuthLatchedError):
        return AuthLatchedError(said, error.since)
    return type(error)(said)


def _unnamed(recorder: Device, channel: str, answer: RecorderAnswer) -> NotFoundError:
    named = ", ".join(answer.channels[:MOST_NAMED]) or "none"
    return NotFoundError(f"recorder {recorder.id} names no channel {channel}; it names {named}")
