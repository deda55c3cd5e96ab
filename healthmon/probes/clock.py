"""What time does the device think it is? Every clock it offers, each read as an interval, without a login."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

from healthmon.model import Ask, Clock, ClockReading, Device, Reason, Span
from healthmon.probes.places import http_place, rtsp_place
from healthmon.probes.skew import skew_of
from healthmon.probes.snmp import snmp_get
from healthmon.probes.tools import DeviceNotes, Tools
from healthmon.verdict.clock import ORDER
from healthmon.wire import http, onvif, rtsp
from healthmon.wire.errors import WireError
from healthmon.wire.onvif import DeviceTime

HR_SYSTEM_DATE = "1.3.6.1.2.1.25.1.2.0"
CACHE_SLACK = 0.05
NOTES_KEPT = 600.0
NOTES_WIDENING = 200e-6
STEP = 0.5
MOST_REFINES = 4


async def look(device: Device, ask: Ask, tools: Tools) -> Clock:
    """The clocks of `device`. Raises the first WireError when not one of them could be read."""
    wall, mono = time.time(), time.monotonic()
    notes = tools.notes_of(device.id)
    failures: list[WireError] = []
    readings: list[ClockReading] = []
    stated = await _onvif(device, tools, failures)
    if stated is not None:
        readings += await _refined(device, tools, stated, mono + ask.timeout / 2)
        notes.onvif_skew = skew_of(stated) or 0.0
    elif device.access.http_port and not device.access.rtsp_port:
        readings += await _http_date(device, tools, failures)
    readings += await _from_stream(device, tools, notes, failures)
    readings += await _snmp(device, tools, failures)
    if abs((time.time() - wall) - (time.monotonic() - mono)) > STEP:
        readings = [ClockReading(r.source, None, Reason.AGENT_STALLED, "our clock was stepped") for r in readings]
    _keep(notes, readings, stated.mode if stated else None)
    if not readings and failures:
        raise failures[0]
    return Clock(
        tuple(readings),
        tools.reference(),
        stated.mode if stated else None,
        stated.zone if stated else None,
        stated.daylight if stated else None,
    )


def _keep(notes: DeviceNotes, readings: list[ClockReading], mode: str | None) -> None:
    """Leave the best reading for the check of recordings, which compares the clocks of recorder and camera."""
    known = {r.source: r.offset for r in readings if r.offset is not None}
    notes.clock = next((known[source] for source in ORDER if source in known and source != "onvif_local"), None)
    notes.clock_at, notes.clock_mode = time.time(), mode
    notes.clock_base = notes.clock_at - time.monotonic()


def span_of(stated: datetime, began: float, ended: float, slack: float = CACHE_SLACK) -> Span:
    """Device minus our clock, when a clock of whole seconds said `stated` between `began` and `ended`."""
    second = stated.timestamp()
    return Span(second - ended - slack, second + 1 - began + slack)


async def _onvif(device: Device, tools: Tools, failures: list[WireError]) -> DeviceTime | None:
    place = http_place(device)
    if place is None or device.access.onvif_path is None:
        return None
    try:
        return await onvif.device_time(tools.net, place, device.access.onvif_path)
    except WireError as error:
        failures.append(error)
        return None


async def _refined(device: Device, tools: Tools, stated: DeviceTime, until: float) -> list[ClockReading]:
    """The readings of one ONVIF answer, asked again where a limit lies inside the interval (edge bisection).

    No further question is begun that could still be open at `until` (monotonic): the other clocks need time too.
    """
    readings = list(_readings(device, stated))
    reference = tools.reference()
    place = http_place(device)
    utc = next((r for r in readings if r.source == "onvif" and r.offset), None)
    if utc is None or reference is None or reference.offset is None or place is None:
        return readings
    span, true = utc.offset, reference.offset
    for _ in range(MOST_REFINES):
        if span is None or not _straddles(Span(span.low - true.high, span.high - true.low), device):
            break
        wait = _until_edge(span.middle)
        if time.monotonic() + wait + (stated.ended - stated.began) > until:
            break
        await asyncio.sleep(wait)
        try:
            again = await onvif.device_time(tools.net, place, device.access.onvif_path or "")
        except WireError:
            break
        if again.utc is None:
            break
        fresh = span_of(again.utc, again.began, again.ended)
        both = Span(max(span.low, fresh.low), min(span.high, fresh.high))
        if both.low > both.high:
            break
        span = both
    utc_index = readings.index(utc)
    readings[utc_index] = ClockReading("onvif", span, stated=utc.stated)
    return readings


def _straddles(span: Span, device: Device) -> bool:
    return any(span.low < edge < span.high for limit in device.limits.clock for edge in (limit, -limit))


def _until_edge(offset: float) -> float:
    """Seconds until the device's second should roll over by the middle of what is known; at least 0.2."""
    into = (time.time() + offset) % 1.0
    wait = 1.0 - into
    return wait if wait >= 0.2 else wait + 1.0


def _readings(device: Device, stated: DeviceTime) -> Iterator[ClockReading]:
    if stated.utc is not None:
        yield ClockReading(
            "onvif", span_of(stated.utc, stated.began, stated.ended), stated=f"{stated.utc:%Y-%m-%d %H:%M:%S} UTC"
        )
    elif stated.invalid:
        yield ClockReading("onvif", None, Reason.PROTOCOL, stated.invalid, stated.invalid)
    else:
        yield ClockReading("onvif", None, Reason.NOT_REPORTED, "no UTC time in the answer")
    if stated.local is not None:
        local = _as_if_utc(stated.local, device.time_zone, stated.began)
        yield ClockReading(
            "onvif_local", span_of(local, stated.began, stated.ended), stated=f"{stated.local:%Y-%m-%d %H:%M:%S} local"
        )
    if stated.http_date is not None:
        span = span_of(stated.http_date, stated.began, stated.ended, 1.0)
        yield ClockReading("http_date", span, stated=f"{stated.http_date:%Y-%m-%d %H:%M:%S} UTC")


def _as_if_utc(local: datetime, zone: str, now: float) -> datetime:
    """Civil time as the instant that it names when civil time there has the offset that it has now."""
    offset = datetime.fromtimestamp(now, ZoneInfo(zone)).utcoffset() or timedelta()
    return local.replace(tzinfo=timezone(offset))


async def _http_date(device: Device, tools: Tools, failures: list[WireError]) -> list[ClockReading]:
    place = http_place(device)
    if place is None:
        return []
    try:
        reply = await http.exchange(tools.net, place, "HEAD", "/")
    except WireError as error:
        failures.append(error)
        return []
    stated = onvif.http_date(reply)
    if stated is None:
        return []
    return [
        ClockReading(
            "http_date", span_of(stated, reply.began, reply.ended, 1.0), stated=f"{stated:%Y-%m-%d %H:%M:%S} UTC"
        )
    ]


async def _from_stream(
    device: Device, tools: Tools, notes: DeviceNotes, failures: list[WireError]
) -> list[ClockReading]:
    """What the last stream look measured, else one RTSP OPTIONS for its Date."""
    found: list[ClockReading] = []
    now = time.time()
    for stream in notes.streams.values():
        age = now - stream.clocks_at
        stepped = abs(now - time.monotonic() - stream.clocks_base) > STEP
        if stepped or not 0 <= age < NOTES_KEPT:
            continue
        for source, span in (("rtcp", stream.sender_clock), ("rtsp_date", stream.date_clock)):
            if span is not None and all(reading.source != source for reading in found):
                wider = NOTES_WIDENING * age
                found.append(ClockReading(source, Span(span.low - wider, span.high + wider)))
    place = rtsp_place(device)
    if found or place is None:
        return found
    try:
        reply = await rtsp.options(tools.net, place)
    except WireError as error:
        failures.append(error)
        return []
    stated = _parse_date(reply.header("date"))
    return [ClockReading("rtsp_date", span_of(stated, reply.began, reply.ended))] if stated else []


def _parse_date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


async def _snmp(device: Device, tools: Tools, failures: list[WireError]) -> list[ClockReading]:
    """HrSystemDate (RFC 2790): DateAndTime of 8 octets (local, zone unknown) or 11 octets."""
    if device.access.snmp is None:
        return []
    began = time.time()
    try:
        value = (await snmp_get(device, tools, [HR_SYSTEM_DATE])).get(HR_SYSTEM_DATE)
    except WireError as error:
        failures.append(error)
        return []
    stated = date_and_time(value if isinstance(value, bytes) else b"", device.time_zone, began)
    return [ClockReading("snmp", span_of(stated, began, time.time()))] if stated else []


def date_and_time(raw: bytes, zone: str, now: float) -> datetime | None:
    """SNMPv2-TC DateAndTime as an aware datetime, None where it is not one."""
    if len(raw) not in (8, 11):
        return None
    year = raw[0] << 8 | raw[1]
    try:
        plain = datetime(year, raw[2], raw[3], raw[4], raw[5], min(raw[6], 59))  # noqa: DTZ001 - the zone follows
    except ValueError:
        return None
    offset = timedelta(hours=raw[9], minutes=raw[10]) if len(raw) == 11 else None
    if offset is None:
        return _as_if_utc(plain, zone, now)
    if offset >= timedelta(days=1):
        return None
    return plain.replace(tzinfo=timezone(-offset if raw[8:9] == b"-" else offset))
