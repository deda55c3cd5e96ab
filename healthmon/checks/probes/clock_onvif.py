"""The clocks in one answer to GetSystemDateAndTime, and finer ones by asking again at the right
moment.
"""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from healthmon.checks.probes.context import ProbeContext
from healthmon.checks.probes.endpoints import http_place
from healthmon.model.device import Device
from healthmon.model.enums import Reason, Span
from healthmon.model.measurements import ClockReading
from healthmon.model.plain_text import shared
from healthmon.protocols.errors import ExchangeError
from healthmon.protocols.http.exchange import Endpoint
from healthmon.protocols.onvif import device as onvif
from healthmon.protocols.onvif.device import DeviceTime
from healthmon.protocols.onvif.soap_auth import Login

CACHE_SLACK = 0.05
HTTP_SLACK = 1.0  # web servers keep a Date ready for a second
MOST_REFINES = 4


async def read_time(device: Device, place: Endpoint, context: ProbeContext) -> DeviceTime:
    """GetSystemDateAndTime; a login goes with it only where the device insists. Raises
    ExchangeError.
    """
    name = device.access.credential
    login = (
        Login(
            context.credential(name),
            context.lockout_guard,
            context.memory_of(device.id).onvif_skew,
            device.access.allow_basic,
        )
        if name
        else None
    )
    return await onvif.device_time(
        context.connector, place, device.access.onvif_path or "", login=login
    )


def reading_of(
    source: str, stated: datetime, began: float, ended: float, slack: float = CACHE_SLACK
) -> ClockReading:
    """The reading of a clock of whole seconds that said `stated` (aware) between `began` and
    `ended`.
    """
    said = shared(f"{stated:%Y-%m-%d %H:%M:%S %Z}")
    return ClockReading(
        source, Span.of_reading(stated.timestamp(), began, ended, slack=slack), stated=said
    )


def civil_as_utc(local: datetime, zone: str, now: float) -> datetime:
    """Civil time as the instant that it names when civil time there has the offset that it
    has now.
    """
    offset = datetime.fromtimestamp(now, ZoneInfo(zone)).utcoffset() or timedelta()
    return local.replace(tzinfo=timezone(offset, "local"))


def readings(device: Device, told: DeviceTime, true: float) -> list[ClockReading]:
    """The UTC time, the local time where it is told, and the ``Date`` of the reply; `true` time
    minus ours as known.
    """
    at = (told.began, told.ended)
    if told.utc is not None:
        found = [reading_of("onvif", told.utc, *at)]
    else:
        found = [_missing("onvif", told.invalid, "no UTC time in the answer")]
    if told.local is not None:
        found.append(
            reading_of(
                "onvif_local", civil_as_utc(told.local, device.time_zone, told.began + true), *at
            )
        )
    elif told.invalid_local:
        found.append(_missing("onvif_local", told.invalid_local, ""))
    if told.http_date is not None:
        found.append(reading_of("http_date", told.http_date, *at, HTTP_SLACK))
    else:
        found.append(_missing("http_date", "", "no Date that can be read in the answer"))
    return found


def _missing(source: str, invalid: str, words: str) -> ClockReading:
    reason = Reason.PROTOCOL if invalid else Reason.NOT_REPORTED
    return ClockReading(source, None, reason, invalid or words, invalid)


async def refined(
    device: Device, context: ProbeContext, told: DeviceTime, first: ClockReading, until: float
) -> ClockReading:
    """`first`, asked again where a limit lies inside its interval (edge bisection).

    No further check is begun that could still be open at `until` (monotonic): the other clocks
    need time too.
    """
    reference, place = context.reference(), http_place(device, context)
    if first.offset is None or reference is None or reference.offset is None or place is None:
        return first
    span, true = first.offset, reference.offset
    for _ in range(MOST_REFINES):
        wait = _until_edge(span.middle)
        late = time.monotonic() + wait + (told.ended - told.began) > until
        if late or not _straddles(Span(span.low - true.high, span.high - true.low), device):
            break
        await asyncio.sleep(wait)
        fresh = await _asked_again(device, place, context)
        if fresh is None or max(span.low, fresh.low) > min(span.high, fresh.high):
            break
        span = Span(max(span.low, fresh.low), min(span.high, fresh.high))
    return ClockReading("onvif", span, stated=first.stated)


async def _asked_again(device: Device, place: Endpoint, context: ProbeContext) -> Span | None:
    """The clock once more; None where it is not told."""
    try:
        again = await read_time(device, place, context)
    except ExchangeError:
        return None
    if again.utc is None:
        return None
    return reading_of("onvif", again.utc, again.began, again.ended).offset


def _straddles(span: Span, device: Device) -> bool:
    return any(
        span.low < edge < span.high for limit in device.limits.clock for edge in (limit, -limit)
    )


def _until_edge(offset: float) -> float:
    """Seconds until the device's second should roll over by the middle of what is known; at least
    0.2.
    """
    into = (time.time() + offset) % 1.0
    wait = 1.0 - into
    return wait if wait >= 0.2 else wait + 1.0
