"""Does a camera's stream arrive where it is handed over (police relay), as it left the camera, and how late?

The camera is not asked again: its own look at the same time has left what it saw in the notes.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from healthmon.model import Ask, Device, Relay, RelaySpec, Stream
from healthmon.probes import stream
from healthmon.probes.compare import compared, lags_of
from healthmon.probes.tools import StreamNotes, Tools
from healthmon.wire import counting
from healthmon.wire.errors import SourceError, WireError
from healthmon.wire.rtsp_session import Session

STEP = 0.1
SOURCE_WAIT, FIRST_WAIT = 6.0, 2.0
MISSES, AGAIN = 3, 10
MARGIN = 1.0


async def look(device: Device, ask: Ask, tools: Tools) -> Relay:
    """The relayed stream of the camera `ask.part`. Raises WireError; SourceError when the camera itself is at fault."""
    until = time.monotonic() + ask.timeout - MARGIN
    spec = next(spec for spec in device.relays if spec.camera == ask.part)
    source = tools.notes_of(spec.camera).stream(spec.source)
    notes = tools.notes_of(device.id).stream(f"relay of {spec.camera}")
    source.relayed = True
    began = time.monotonic()

    async def more(session: Session) -> float:
        return await _until_seen_in_both(
            session, source, notes, began, device.limits.relay_delay[1]
        )

    try:
        shown = await stream.played(device, ask, tools, spec.path, notes, more)
    except WireError:
        await _source_looked_at(source, began, until)
        if _well(source, spec, ask) is None:
            raise SourceError(f"camera {spec.camera} gives no pictures itself") from None
        raise
    await _source_looked_at(source, began, until)
    return _beside(spec, shown, notes, source, _well(source, spec, ask))


async def _until_seen_in_both(
    session: Session, source: StreamNotes, notes: StreamNotes, began: float, longest: float
) -> float:
    """Go on watching while a key frame of the camera's look, which is or was under way too, may still come.

    A relay whose picture stands still, or on which it was waited for in vain, is not watched for so long every time.
    """
    at = time.monotonic()
    seen = False
    while time.monotonic() - at < longest and not session.lost and not counting.over() and not seen:
        in_vain = notes.equal_keyframes > 1 or (notes.misses > MISSES and notes.misses % AGAIN)
        if in_vain or not _may_come(session, source, began):
            break
        await asyncio.sleep(STEP)
        seen = _seen_in_both(session, source)
    notes.misses = 0 if seen or _seen_in_both(session, source) else notes.misses + 1
    return time.monotonic() - at


def _may_come(session: Session, source: StreamNotes, began: float) -> bool:
    """Whether the looks overlap and the relay passes pictures on as they are (the same sequence parameter set)."""
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


def _seen_in_both(session: Session, source: StreamNotes) -> bool:
    there, here = source.meter, session.meter
    return there is not None and here is not None and lags_of(there, here)[1]


def _well(source: StreamNotes, spec: RelaySpec, ask: Ask) -> Stream | None:
    """What the camera showed at its last look; None when that failed or is too long ago to count."""
    fresh = time.monotonic() - source.seen_at <= 2 * spec.every + ask.timeout
    return source.seen if fresh and source.seen is not None and source.seen.frames > 1 else None


async def _source_looked_at(source: StreamNotes, began: float, until: float) -> None:
    """Wait for the end of the camera's look that is under way, a little for its first one; `until` is the latest."""
    at = time.monotonic()
    until = min(until, at + SOURCE_WAIT)
    while (now := time.monotonic()) < until:
        under_way = source.meter is not None and source.seen_at < began <= source.meter.last_at
        if not under_way and (source.seen_at > 0 or now - at > FIRST_WAIT):
            return
        await asyncio.sleep(STEP)


def _beside(
    spec: RelaySpec,
    shown: Stream,
    notes: StreamNotes,
    source: StreamNotes,
    source_shown: Stream | None,
) -> Relay:
    age = time.monotonic() - source.seen_at
    found = Relay(spec.camera, shown, source_shown, age if source.seen_at > 0 else None)
    if source_shown is None or source.meter is None or notes.meter is None:
        return found
    still = source_shown.equal_keyframes > 1 or shown.equal_keyframes > 1
    told = compared(source.meter, notes.meter, shown.date_clock, still=still)
    note = told.note
    sets = (source.sequence_set, notes.sequence_set)
    if told.delay is None and None not in sets and sets[0] != sets[1]:
        note = "the relay encodes pictures anew"
    return replace(
        found, same_pictures=told.same, delay=told.delay, delay_by=told.by, delay_note=note
    )
