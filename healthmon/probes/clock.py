"""What time does the device think it is? Every clock it offers, each read as an interval.

A clock that could not be read stays in the record with its reason; it is no fault and spoils no other reading.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from healthmon.model import NO_WAY_THERE, Ask, Clock, ClockReading, Device, Reason, Span
from healthmon.probes import clock_onvif
from healthmon.probes.clock_onvif import HTTP_SLACK, civil_as_utc, reading_of
from healthmon.probes.places import http_place, rtsp_place
from healthmon.probes.skew import skew_of
from healthmon.probes.snmp import snmp_get
from healthmon.probes.tools import DeviceNotes, Tools
from healthmon.verdict.clock import DAY, ORDER
from healthmon.wire import http, moments, onvif, rtsp, trace
from healthmon.wire.errors import ProtocolError, SilentError, UnsupportedError, WireError

HR_SYSTEM_DATE = "1.3.6.1.2.1.25.1.2.0"
NOTES_KEPT = 600.0
NOTES_WIDENING = 200e-6
STEP = 0.5
RESERVE = 1.5
MARGIN = 0.2


@dataclass(slots=True)
class _Look:
    """One look under way: what is read so far. The source that is being read must be done by `until` (monotonic)."""

    device: Device
    tools: Tools
    until: float = 0.0
    readings: list[ClockReading] = field(default_factory=list)
    told: onvif.DeviceTime | None = None
    failure: WireError | None = None

    @property
    def notes(self) -> DeviceNotes:
        return self.tools.notes_of(self.device.id)

    @property
    def true(self) -> float:
        """True time minus our clock as far as it is known, seconds."""
        reference = self.tools.reference()
        return (
            reference.offset.middle
            if reference is not None and reference.offset is not None
            else 0.0
        )


async def look(device: Device, ask: Ask, tools: Tools) -> Clock:
    """The clocks of `device`. Raises the first WireError when not one of them told anything and one might have."""
    wall, mono = time.time(), time.monotonic()
    this = _Look(device, tools)
    sources = _sources(device)
    for number, (name, read) in enumerate(sources):
        await _tried(this, name, read, mono + ask.timeout - MARGIN, len(sources) - number)
    if this.failure is not None and not any(r.offset or r.stated for r in this.readings):
        raise this.failure
    if abs((time.time() - wall) - (time.monotonic() - mono)) > STEP:
        this.readings = [_void(reading) for reading in this.readings]
    told = this.told
    _keep(this.notes, this.readings, told.mode if told else None)
    return Clock(
        tuple(this.readings),
        tools.reference(),
        told.mode if told else None,
        told.zone if told else None,
        told.daylight if told else None,
    )


def _sources(device: Device) -> list[tuple[str, Callable[[_Look], Awaitable[None]]]]:
    access = device.access
    ways = (
        ("onvif", _onvif, access.http_port and access.onvif_path is not None),
        ("http_date", _http_date, access.http_port),
        ("rtsp_date", _stream, True),
        ("snmp", _snmp, access.snmp),
    )
    return [(name, read) for name, read, offered in ways if offered]


async def _tried(
    this: _Look, name: str, read: Callable[[_Look], Awaitable[None]], ends: float, left: int
) -> None:
    """Read one source. It may use the time that the `left` - 1 others do not need, and fails alone."""
    now = time.monotonic()
    share = max(0.05, (ends - now) / left, ends - now - RESERVE * (left - 1))
    this.until = now + share
    try:
        async with asyncio.timeout(share):
            await read(this)
    except (WireError, TimeoutError) as caught:
        error = (
            caught
            if isinstance(caught, WireError)
            else SilentError(f"no complete answer in {share:.1f} s")
        )
        trace.note(".", f"{name}: {error}")
        if any(reading.source == name for reading in this.readings):
            return
        this.readings.append(ClockReading(name, None, Reason(error.reason), str(error)))
        if not isinstance(error, UnsupportedError):
            this.failure = this.failure or error


def _void(reading: ClockReading) -> ClockReading:
    if reading.offset is None:
        return reading
    return ClockReading(reading.source, None, Reason.AGENT_STALLED, "our clock was stepped")


def _keep(notes: DeviceNotes, readings: list[ClockReading], mode: str | None) -> None:
    """Leave the best reading for the check of recordings, which compares the clocks of recorder and camera."""
    known = {r.source: r.offset for r in readings if r.offset is not None}
    notes.clock = next(
        (known[source] for source in ORDER if source in known and source != "onvif_local"), None
    )
    notes.clock_at, notes.clock_mode = time.time(), mode
    notes.clock_base = notes.clock_at - time.monotonic()


async def _onvif(this: _Look) -> None:
    """GetSystemDateAndTime. The first answer counts even where a finer one cannot be had."""
    device, tools = this.device, this.tools
    place = http_place(device)
    if place is None or device.access.onvif_path is None:
        return
    this.told = told = await clock_onvif.asked(device, place, tools)
    if (ahead := skew_of(told)) is not None:
        this.notes.onvif_skew = ahead
    first = len(this.readings)
    this.readings += clock_onvif.readings(device, told, this.true)
    this.readings[first] = await clock_onvif.refined(
        device, tools, told, this.readings[first], this.until
    )


async def _http_date(this: _Look) -> None:
    """The ``Date`` of the web server, where no answer by ONVIF has shown it or that there is no way to it."""
    place = http_place(this.device)
    in_vain = any(
        r.source == "onvif" and r.reason in (*NO_WAY_THERE, Reason.TIMEOUT) for r in this.readings
    )
    if place is None or this.told is not None or in_vain:
        return
    reply = await http.exchange(this.tools.net, place, "HEAD", "/", status_only=True)
    this.readings.append(
        _dated("http_date", reply.header("date"), reply.began, reply.ended, HTTP_SLACK)
    )


def _dated(
    source: str, field_value: str | None, began: float, ended: float, slack: float
) -> ClockReading:
    """The reading of a ``Date`` field. Raises UnsupportedError without one, ProtocolError where it is no date."""
    if not field_value:
        raise UnsupportedError("no Date in the answer")
    stated = moments.http_date(field_value)
    if stated is None:
        raise ProtocolError(f"Date {field_value[:40]!r} cannot be read")
    return reading_of(source, stated, began, ended, slack)


async def _stream(this: _Look) -> None:
    """What the last stream look measured, else one RTSP OPTIONS for its ``Date``."""
    now = time.time()
    for stream in this.notes.streams.values():
        age = now - stream.clocks_at
        stepped = abs(now - time.monotonic() - stream.clocks_base) > STEP
        if stepped or not 0 <= age < NOTES_KEPT:
            continue
        for source, span in (("rtcp", stream.sender_clock), ("rtsp_date", stream.date_clock)):
            if span is not None and all(reading.source != source for reading in this.readings):
                wider = NOTES_WIDENING * age
                this.readings.append(
                    _noted(this, source, Span(span.low - wider, span.high + wider))
                )
    place = rtsp_place(this.device)
    if place is None or any(reading.source in {"rtcp", "rtsp_date"} for reading in this.readings):
        return
    reply = await rtsp.options(this.tools.net, place)
    slack = clock_onvif.CACHE_SLACK
    this.readings.append(_dated("rtsp_date", reply.header("date"), reply.began, reply.ended, slack))


def _noted(this: _Look, source: str, span: Span) -> ClockReading:
    """A sender report that is off by more than a day counts from the start of the device (RFC 3550 section 6.4.1)."""
    if source == "rtcp" and abs(span.middle - this.true) > DAY:
        return ClockReading(
            source, None, Reason.NOT_REPORTED, "its sender reports tell no time of day"
        )
    return ClockReading(source, span)


async def _snmp(this: _Look) -> None:
    """HrSystemDate (RFC 2790): local time where it tells no offset."""
    began = time.time()
    octets = (await snmp_get(this.device, this.tools, [HR_SYSTEM_DATE])).get(HR_SYSTEM_DATE)
    if not isinstance(octets, bytes) or not any(octets):
        raise UnsupportedError("no hrSystemDate (HOST-RESOURCES-MIB)")
    stated = moments.date_and_time(octets)
    if stated is None:
        raise ProtocolError(f"hrSystemDate {octets[:11].hex(' ')} is not a date")
    if stated.tzinfo is None:
        stated = civil_as_utc(stated, this.device.time_zone, began + this.true)
    this.readings.append(reading_of("snmp", stated, began, time.time()))
