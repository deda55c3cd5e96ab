"""How is the recorder, and what has it recorded? One session by its make, shared by all checks that
concern it.
"""

from __future__ import annotations

import asyncio
import functools
import time
from dataclasses import replace

from healthmon.checks.probes.context import ProbeContext
from healthmon.checks.probes.endpoints import http_place
from healthmon.checks.probes.session_cache import Read
from healthmon.checks.probes.snmp import snmp_get, walk_at
from healthmon.model.device import Check, Device
from healthmon.model.enums import Span
from healthmon.model.footage import RecorderAnswer, RecorderMeasurement
from healthmon.protocols.errors import SilentError
from healthmon.vendors.client import VendorClient
from healthmon.vendors.registry import make_of

SPARE_SECONDS, CUT = 3.0, 0.95
ROUND_SECONDS = 4.0
LONGEST_TIRED = 3600.0
CLOCK_KEPT, CLOCK_STEP, CLOCK_WIDENING = 1200.0, 0.5, 200e-6


async def probe(device: Device, check: Check, context: ProbeContext) -> RecorderMeasurement:
    """The recorder's own health. Raises the ExchangeError of a session that failed."""
    read = await session(device, check, context)
    if read.error is not None or read.answer is None:
        raise read.error or RuntimeError("a session without answer and error")
    answer = read.answer
    memory, cameras, down = (
        context.memory_of(device.id),
        context.cameras_of(device.id),
        context.down(),
    )
    seen = {"source": memory.clock_mode, "firmware": memory.firmware}
    disks = context.disk_bays.occupied(device.id, answer.health)
    return RecorderMeasurement(
        replace(answer.health, disks=disks),
        read.wall,
        answer.notes,
        cameras,
        true_time(context),
        read.calls,
        away=frozenset(camera for _, camera in cameras if camera in down),
        clock_checked=clock_of(device, context),
        elsewhere=frozenset(name for name, value in seen.items() if value is not None),
        unread=answer.unread_of(None),
    )


async def session(
    recorder: Device, check: Check, context: ProbeContext, age: float = ROUND_SECONDS
) -> Read:
    """The session with `recorder` of the last `age` seconds, else a new one within the deadline of
    the check.

    All checks of a round come together and share one run; a check that is repeated because it was
    in doubt sees afresh.
    """
    ends = time.monotonic() + check.timeout - SPARE_SECONDS

    async def read() -> tuple[RecorderAnswer, int]:
        """Cut a little before the check itself, so that every check of the round is told
        the same.
        """
        wanted = frozenset(channel for channel, _ in context.cameras_of(recorder.id))
        seconds = CUT * check.timeout
        try:
            async with asyncio.timeout(seconds), contact_with(recorder, context) as contact:
                contact.ends = ends
                contact.cut = time.monotonic() + seconds
                return await make_of(recorder.make).read(contact, wanted), contact.calls
        except TimeoutError:
            raise SilentError(f"no complete answer in {seconds:g} s") from None

    return await context.session_cache.share(
        recorder.id, (age, min(check.interval, LONGEST_TIRED) / 4), read
    )


def contact_with(recorder: Device, context: ProbeContext) -> VendorClient:
    """A session with `recorder` as its make needs it; nothing is sent yet."""
    access = recorder.access
    memory = context.memory_of(recorder.id)
    return VendorClient(
        recorder,
        context.connector,
        context.lockout_guard,
        context.credential(access.credential) if access.credential else None,
        http_place(recorder, context),
        functools.partial(snmp_get, recorder, context) if access.snmp else None,
        memory.make,
        memory.onvif_skew,
        snmp_walk=functools.partial(walk_at, recorder.address, access.snmp, context)
        if access.snmp
        else None,
    )


def true_time(context: ProbeContext) -> Span | None:
    """True time minus our clock, None where no reference is known."""
    reference = context.reference()
    return reference.offset if reference is not None else None


def clock_of(device: Device, context: ProbeContext) -> Span | None:
    """The device's clock minus ours as last read; None where that is too old or our clock was
    stepped since.
    """
    memory = context.memory_of(device.id)
    now = time.time()
    age = now - memory.clock_at
    stepped = abs(now - time.monotonic() - memory.clock_base) > CLOCK_STEP
    if memory.clock is None or stepped or not 0 <= age < CLOCK_KEPT:
        return None
    wider = CLOCK_WIDENING * age
    return Span(memory.clock.low - wider, memory.clock.high + wider)
