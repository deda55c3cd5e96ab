"""Which time servers is a camera set to ask? ONVIF GetNTP, asked rarely: it needs a login."""

from __future__ import annotations

import asyncio
import time

from healthmon.checks.evaluation.time_source import foreign
from healthmon.checks.probes.context import ProbeContext
from healthmon.checks.probes.endpoints import http_place
from healthmon.model.device import Device
from healthmon.model.enums import Kind, Reason
from healthmon.model.measurements import TimeSource
from healthmon.protocols import trace
from healthmon.protocols.errors import ExchangeError, SilentError
from healthmon.protocols.onvif import device as onvif

RARELY = 3600.0
_LASTING = frozenset({Reason.UNSUPPORTED, Reason.FORBIDDEN, Reason.NO_CREDENTIAL})


async def read(device: Device, context: ProbeContext, until: float) -> TimeSource | None:
    """The time servers of a camera that has told its time by ONVIF, by `until` (monotonic).

    An answer serves for an hour, unless something is wrong with it that may have been put right.
    None where nobody wants to know: no account is configured, and no server is expected.
    """
    if device.kind is not Kind.CAMERA or not (device.access.credential or device.ntp):
        return None
    memory, now = context.memory_of(device.id), time.monotonic()
    kept = memory.time_source
    if kept is not None and now < memory.time_source_at + RARELY and _settled(kept, device):
        return kept
    memory.time_source, memory.time_source_at = await _asked(device, context, until - now), now
    return memory.time_source


def _settled(source: TimeSource, device: Device) -> bool:
    """Whether asking again soon would tell nothing new."""
    if source.reason is not None:
        return source.reason in _LASTING
    return bool(source.servers) and not foreign(source, device)


async def _asked(device: Device, context: ProbeContext, seconds: float) -> TimeSource:
    """GetNTP within `seconds`; a failure is noted with its reason and fails nothing else."""
    place, path, name = (
        http_place(device, context),
        device.access.onvif_path,
        device.access.credential,
    )
    if place is None or path is None:
        return TimeSource(reason=Reason.UNSUPPORTED, detail="ONVIF is not configured")
    calls = onvif.calls(
        context.connector,
        place,
        path,
        context.credential(name) if name else None,
        context.lockout_guard,
        skew=context.memory_of(device.id).onvif_skew,
        allow_basic=device.access.allow_basic,
    )
    try:
        async with asyncio.timeout(max(0.05, seconds)):
            told = await onvif.ntp_servers(calls)
    except (ExchangeError, TimeoutError) as caught:
        error = caught if isinstance(caught, ExchangeError) else SilentError("no complete answer")
        trace.note(".", f"GetNTP: {error}")
        return TimeSource(reason=Reason(error.reason), detail=str(error))
    return TimeSource(told.by_dhcp if told.from_dhcp else told.by_hand, told.from_dhcp)
