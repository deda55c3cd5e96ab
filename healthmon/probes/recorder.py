"""How is the recorder, and what has it recorded? One session by its make, shared by all looks that concern it."""

from __future__ import annotations

import asyncio
import functools
import time

from healthmon.makes.about import make_of
from healthmon.makes.contact import Contact
from healthmon.model import Ask, Device, RecorderAnswer, RecorderSeen, Span
from healthmon.probes.places import http_place
from healthmon.probes.reads import Read
from healthmon.probes.snmp import snmp_get, walk_at
from healthmon.probes.tools import Tools
from healthmon.wire.errors import SilentError

SPARE_SECONDS, CUT = 3.0, 0.95
ROUND_SECONDS = 4.0
LONGEST_TIRED = 3600.0
CLOCK_KEPT, CLOCK_STEP, CLOCK_WIDENING = 1200.0, 0.5, 200e-6


async def look(device: Device, ask: Ask, tools: Tools) -> RecorderSeen:
    """The recorder's own health. Raises the WireError of a session that failed."""
    read = await session(device, ask, tools)
    if read.error is not None or read.answer is None:
        raise read.error or RuntimeError("a session without answer and error")
    answer = read.answer
    notes, cameras, down = tools.notes_of(device.id), tools.cameras_of(device.id), tools.down()
    seen = {"source": notes.clock_mode, "firmware": notes.firmware}
    return RecorderSeen(
        answer.health,
        read.wall,
        answer.notes,
        cameras,
        true_time(tools),
        read.calls,
        away=frozenset(camera for _, camera in cameras if camera in down),
        clock_checked=clock_of(device, tools),
        elsewhere=frozenset(name for name, value in seen.items() if value is not None),
    )


async def session(recorder: Device, ask: Ask, tools: Tools, age: float = ROUND_SECONDS) -> Read:
    """The session with `recorder` of the last `age` seconds, else a new one within the deadline of the look.

    All looks of a round come together and share one; a look that is repeated because it was in doubt sees afresh.
    """
    ends = time.monotonic() + ask.timeout - SPARE_SECONDS

    async def read() -> tuple[RecorderAnswer, int]:
        """Cut a little before the look itself, so that every look of the round is told the same."""
        wanted = frozenset(channel for channel, _ in tools.cameras_of(recorder.id))
        seconds = CUT * ask.timeout
        try:
            async with asyncio.timeout(seconds), contact_with(recorder, tools) as contact:
                contact.ends = ends
                return await make_of(recorder.make).read(contact, wanted), contact.calls
        except TimeoutError:
            raise SilentError(f"no complete answer in {seconds:g} s") from None

    return await tools.reads.share(recorder.id, (age, min(ask.interval, LONGEST_TIRED) / 4), read)


def contact_with(recorder: Device, tools: Tools) -> Contact:
    """A session with `recorder` as its make needs it; nothing is sent yet."""
    access = recorder.access
    notes = tools.notes_of(recorder.id)
    return Contact(
        recorder,
        tools.net,
        tools.logins,
        tools.credential(access.credential) if access.credential else None,
        http_place(recorder),
        functools.partial(snmp_get, recorder, tools) if access.snmp else None,
        notes.make,
        notes.onvif_skew,
        snmp_walk=functools.partial(walk_at, recorder.address, access.snmp, tools)
        if access.snmp
        else None,
    )


def true_time(tools: Tools) -> Span | None:
    """True time minus our clock, None where no reference is known."""
    reference = tools.reference()
    return reference.offset if reference is not None else None


def clock_of(device: Device, tools: Tools) -> Span | None:
    """The device's clock minus ours as last read; None where that is too old or our clock was stepped since."""
    notes = tools.notes_of(device.id)
    now = time.time()
    age = now - notes.clock_at
    stepped = abs(now - time.monotonic() - notes.clock_base) > CLOCK_STEP
    if notes.clock is None or stepped or not 0 <= age < CLOCK_KEPT:
        return None
    wider = CLOCK_WIDENING * age
    return Span(notes.clock.low - wider, notes.clock.high + wider)
