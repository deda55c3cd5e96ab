"""Does a camera's stream arrive where it is handed over (police relay), as it left the camera, and
how late?

The camera is not asked again: its own look at the same time has left what it saw in the notes.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from healthmon.checks.probes import stream
from healthmon.checks.probes.context import ProbeContext, StreamMemory
from healthmon.checks.probes.relay_compare import AROUND_SECONDS, compared, lags_of, not_relayed
from healthmon.model.device import Check, Device, RelaySpec
from healthmon.model.links import Relay
from healthmon.model.measurements import Stream
from healthmon.protocols.errors import ExchangeError, SourceError
from healthmon.protocols.rtsp.session import Session
from healthmon.protocols.transport import metering as counting

STEP = 0.1
SOURCE_WAIT, FIRST_WAIT = 6.0, 2.0
MISSES, AGAIN = 3, 10
MARGIN = 1.0


async def probe(device: Device, check: Check, context: ProbeContext) -> Relay:
    """The relayed stream of the camera `ask.part`. Raises ExchangeError; SourceError when the camera
    itself is at fault.
    """
    until = time.monotonic() + check.timeout - MARGIN
    spec = next(spec for spec in device.relays if spec.camera == check.instance)
    source = context.memory_of(spec.camera).stream(spec.source)
    memory = context.memory_of(device.id).stream(f"relay of {spec.camera}")
    source.relayed = True
    began = time.monotonic()

    async def more(session: Session) -> float:
        latest = until, device.limits.relay_delay[1]
        return await _until_seen_in_both(session, source, memory, began, latest)

    try:
        shown = await stream.played(device, check, context, spec.path, memory, more)
    except ExchangeError:
        await _source_looked_at(source, began, until)
        if _well(source, spec, check) is None:
            raise SourceError(f"camera {spec.camera} gives no pictures itself") from None
        raise
    await _source_looked_at(source, began, until)
    found = _beside(spec, shown, memory, source, _well(source, spec, check))
    return _unlike(found, memory, source, device.limits.relay_delay[1])


async def _until_seen_in_both(
    session: Session,
    source: StreamMemory,
    memory: StreamMemory,
    began: float,
    latest: tuple[float, float],
) -> float:
    """Go on watching while a key frame of the camera's run, which is or was under way too, may
    still come. `latest` is when the check must end, and how many seconds late a relay may be.

    A relay whose picture stands still, or on which it was waited for in vain, is not watched for so
    long every time.
    """
    at = time.monotonic()
    in_vain = memory.equal_keyframes > 1 or (memory.misses > MISSES and memory.misses % AGAIN)
    while not in_vain and time.monotonic() < _last_chance(source, at, latest):
        if _seen_in_both(session, source) or not _may_come(session, source, began):
            break
        if session.lost or counting.over():
            break
        await asyncio.sleep(STEP)
    memory.misses = 0 if _seen_in_both(session, source) else memory.misses + 1
    return time.monotonic() - at


def _last_chance(source: StreamMemory, at: float, latest: tuple[float, float]) -> float:
    """Until when a key frame of the camera may come, seen from `at`."""
    ends, longest = latest
    seen = source.meter.last_at if source.meter is not None else at
    return min(ends - MARGIN, max(at, seen) + longest + 2 * AROUND_SECONDS)


def _may_come(session: Session, source: StreamMemory, began: float) -> bool:
    """Whether the looks overlap and the relay passes pictures on as they are (the same sequence
    parameter set).
    """
    there, here = source.meter, session.meter
    if (
        there is None
        or here is None
        or there.last_at < began
        or session.video is None
        or here.ticks <= 0
    ):
        return False
    ours = stream.sequence_set(session.video, here)
    return there.codec == here.codec and (
        source.sequence_set is None or ours in (None, source.sequence_set)
    )


def _seen_in_both(session: Session, source: StreamMemory) -> bool:
    there, here = source.meter, session.meter
    return there is not None and here is not None and lags_of(there, here)[1]


def _well(source: StreamMemory, spec: RelaySpec, check: Check) -> Stream | None:
    """What the camera showed at its last check; None when that failed or is too long ago to
    count.
    """
    fresh = time.monotonic() - source.seen_at <= 2 * spec.every + check.timeout
    return source.seen if fresh and source.seen is not None and source.seen.frames > 1 else None


async def _source_looked_at(source: StreamMemory, began: float, until: float) -> None:
    """Wait for the end of the camera's look that is under way, a little for its first one; `until`
    is the latest.
    """
    at = time.monotonic()
    until = min(until, at + SOURCE_WAIT)
    while (now := time.monotonic()) < until:
        under_way = source.meter is not None and source.seen_at < began <= source.meter.last_at
        if not under_way and (source.seen_at > 0 or now - at > FIRST_WAIT):
            return
        await asyncio.sleep(STEP)


def _unlike(found: Relay, memory: StreamMemory, source: StreamMemory, longest: float) -> Relay:
    """`found` with how many key frames of the camera did not come by the relay. Only pictures that
    are passed on as they are can tell: those of the same parameter set that move.
    """
    shown, sets = found.source, (source.sequence_set, memory.sequence_set)
    known = None not in sets and shown is not None
    if found.same_pictures or (known and sets[0] != sets[1]):
        memory.unlike = 0
    elif known and _moves(shown) and _moves(found.stream) and source.meter and memory.meter:
        memory.unlike += not_relayed(source.meter, memory.meter, longest)
    return replace(found, unlike=memory.unlike)


def _moves(shown: Stream | None) -> bool:
    return shown is not None and shown.equal_keyframes <= 1


def _beside(
    spec: RelaySpec,
    shown: Stream,
    memory: StreamMemory,
    source: StreamMemory,
    source_shown: Stream | None,
) -> Relay:
    age = time.monotonic() - source.seen_at
    found = Relay(spec.camera, shown, source_shown, age if source.seen_at > 0 else None)
    if source_shown is None or source.meter is None or memory.meter is None:
        return found
    still = source_shown.equal_keyframes > 1 or shown.equal_keyframes > 1
    told = compared(source.meter, memory.meter, shown.date_clock, still=still)
    note = told.note
    sets = (source.sequence_set, memory.sequence_set)
    if told.delay is None and None not in sets and sets[0] != sets[1]:
        note = "the relay encodes pictures anew"
    return replace(
        found, same_pictures=told.same, delay=told.delay, delay_by=told.by, delay_note=note
    )
