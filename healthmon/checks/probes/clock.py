"""What time does the device think it is? Every clock it offers, each read as an interval.

A clock that could not be read stays in the record with its reason; it is no fault and spoils no
other reading.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from healthmon.checks.evaluation.clock import DAY, ORDER
from healthmon.checks.probes import clock_onvif, time_source
from healthmon.checks.probes.clock_onvif import HTTP_SLACK, civil_as_utc, reading_of
from healthmon.checks.probes.context import DeviceMemory, ProbeContext, StreamMemory
from healthmon.checks.probes.endpoints import http_place, rtsp_place
from healthmon.checks.probes.skew import skew_of
from healthmon.checks.probes.snmp import snmp_get
from healthmon.model.device import Check, Device
from healthmon.model.enums import NO_WAY_THERE, Reason, Span
from healthmon.model.measurements import Clock, ClockReading, TimeSource
from healthmon.protocols import quirks, trace
from healthmon.protocols.errors import (
    ExchangeError,
    NotReportedError,
    ProtocolError,
    SilentError,
    UnsupportedError,
)
from healthmon.protocols.http import exchange as http
from healthmon.protocols.onvif import device as onvif
from healthmon.protocols.rtsp import connection as rtsp
from healthmon.protocols.values import dates

HR_SYSTEM_DATE = "1.3.6.1.2.1.25.1.2.0"
NOTES_KEPT = 600.0
NOTES_WIDENING = 200e-6
STEP = 0.5
RESERVE = 1.5
MARGIN = 0.2


@dataclass(slots=True)
class _ClockRun:
    """One running check: what is read so far. The source that is being read must be done by
    `until` (monotonic).
    """

    device: Device
    context: ProbeContext
    until: float = 0.0
    readings: list[ClockReading] = field(default_factory=list)
    told: onvif.DeviceTime | None = None
    failure: ExchangeError | None = None

    @property
    def memory(self) -> DeviceMemory:
        return self.context.memory_of(self.device.id)

    @property
    def true(self) -> float:
        """True time minus our clock as far as it is known, seconds."""
        reference = self.context.reference()
        return (
            reference.offset.middle
            if reference is not None and reference.offset is not None
            else 0.0
        )


async def probe(device: Device, check: Check, context: ProbeContext) -> Clock:
    """The clocks of `device`. Raises the first ExchangeError when not one of them told anything and
    one might have.
    """
    wall, mono = time.time(), time.monotonic()
    this = _ClockRun(device, context)
    sources = _sources(device)
    for number, (name, read) in enumerate(sources):
        await _tried(this, name, read, mono + check.timeout - MARGIN, len(sources) - number)
    if this.failure is not None and not any(r.offset or r.stated for r in this.readings):
        raise this.failure
    if abs((time.time() - wall) - (time.monotonic() - mono)) > STEP:
        this.readings = [_void(reading) for reading in this.readings]
    told = this.told is not None
    source = (
        await time_source.read(device, context, mono + check.timeout - MARGIN) if told else None
    )
    return _shown(this, source)


def _shown(this: _ClockRun, source: TimeSource | None) -> Clock:
    """What the clocks show, kept for the next run."""
    told = this.told
    _keep(this.memory, this.readings, told.mode if told else None)
    readings, reference = tuple(this.readings), this.context.reference()
    shown = Clock(readings, reference)
    if told is not None:
        shown = Clock(readings, reference, told.mode, told.zone or "", told.daylight, source)
    if this.context.pictures is not None:
        this.memory.clocks = shown
    return shown


def _sources(device: Device) -> list[tuple[str, Callable[[_ClockRun], Awaitable[None]]]]:
    access = device.access
    host_routes = (
        ("onvif", _onvif, access.http_port and access.onvif_path is not None),
        ("http_date", _http_date, access.http_port),
        ("rtsp_date", _stream, True),
        ("snmp", _snmp, access.snmp),
    )
    return [(name, read) for name, read, offered in host_routes if offered]


async def _tried(
    this: _ClockRun, name: str, read: Callable[[_ClockRun], Awaitable[None]], ends: float, left: int
) -> None:
    """Read one source. It may use the time that the `left` - 1 others do not need, and
    fails alone.
    """
    now = time.monotonic()
    share = max(0.05, (ends - now) / left, ends - now - RESERVE * (left - 1))
    this.until = now + share
    try:
        async with asyncio.timeout(share):
            await read(this)
    except (ExchangeError, TimeoutError) as caught:
        error = (
            caught
            if isinstance(caught, ExchangeError)
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


def _keep(memory: DeviceMemory, readings: list[ClockReading], mode: str | None) -> None:
    """Leave the best reading for the check of recordings, which compares the clocks of recorder and
    camera.
    """
    known = {r.source: r.offset for r in readings if r.offset is not None}
    memory.clock = next(
        (known[source] for source in ORDER if source in known and source != "onvif_local"), None
    )
    memory.clock_at, memory.clock_mode = time.time(), mode
    memory.clock_base = memory.clock_at - time.monotonic()


async def _onvif(this: _ClockRun) -> None:
    """GetSystemDateAndTime. The first answer counts even where a finer one cannot be had."""
    device, context = this.device, this.context
    place = http_place(device, context)
    if place is None or device.access.onvif_path is None:
        return
    this.told = told = await clock_onvif.read_time(device, place, context)
    if (ahead := skew_of(told)) is not None:
        this.memory.onvif_skew = ahead
    first = len(this.readings)
    this.readings += clock_onvif.readings(device, told, this.true)
    this.readings[first] = await clock_onvif.refined(
        device, context, told, this.readings[first], this.until
    )


async def _http_date(this: _ClockRun) -> None:
    """The ``Date`` of the web server, where no answer by ONVIF has shown it or that there is no way
    to it.
    """
    place = http_place(this.device, this.context)
    in_vain = any(
        r.source == "onvif" and r.reason in (*NO_WAY_THERE, Reason.TIMEOUT) for r in this.readings
    )
    if place is None or this.told is not None or in_vain:
        return
    reply = await http.exchange(
        this.context.connector, place, "HEAD", "/", enough=http.status_alone
    )
    this.readings.append(
        _dated("http_date", reply.header("date"), reply.began, reply.ended, HTTP_SLACK)
    )


def _dated(
    source: str, field_value: str | None, began: float, ended: float, slack: float
) -> ClockReading:
    """The reading of a ``Date`` field. Raises UnsupportedError without one, ProtocolError where it
    is no date.
    """
    if not field_value:
        raise UnsupportedError("no Date in the answer")
    stated = dates.http_date(field_value)
    if stated is None:
        raise ProtocolError(f"Date {field_value[:40]!r} cannot be read")
    return reading_of(source, stated, began, ended, slack)


async def _stream(this: _ClockRun) -> None:
    """What the last run of the stream check measured, else one RTSP OPTIONS for its ``Date``."""
    now = time.time()
    for stream in this.memory.streams.values():
        _take_noted(this, stream, now)
    for stream in this.memory.streams.values():
        _refuse_relay(stream.relay)
    place = rtsp_place(this.device, this.context)
    if place is None or any(reading.source in {"rtcp", "rtsp_date"} for reading in this.readings):
        return
    reply = await rtsp.options(this.context.connector, place)
    _refuse_relay(quirks.relay_name(reply.header("server")))
    slack = clock_onvif.CACHE_SLACK
    this.readings.append(_dated("rtsp_date", reply.header("date"), reply.began, reply.ended, slack))


def _take_noted(this: _ClockRun, stream: StreamMemory, now: float) -> None:
    """Add the clocks that the stream check has seen, where they are not too old."""
    age = now - stream.clocks_at
    stepped = abs(now - time.monotonic() - stream.clocks_base) > STEP
    if stepped or not 0 <= age < NOTES_KEPT:
        return
    wider = NOTES_WIDENING * age
    for source, span in (("rtcp", stream.sender_clock), ("rtsp_date", stream.date_clock)):
        if span is not None and all(reading.source != source for reading in this.readings):
            grown = Span(span.low - wider, span.high + wider)
            this.readings.append(_noted(this, source, grown))


def _refuse_relay(name: str) -> None:
    """The reports and dates of a relay tell its own clock. Raises NotReportedError for one."""
    if name:
        raise NotReportedError(f"{name} is a relay: its clock is not the camera's")


def _noted(this: _ClockRun, source: str, span: Span) -> ClockReading:
    """A sender report that is off by more than a day counts from the start of the device (RFC 3550
    section 6.4.1).
    """
    if source == "rtcp" and abs(span.middle - this.true) > DAY:
        return ClockReading(
            source, None, Reason.NOT_REPORTED, "its sender reports have no time of day"
        )
    return ClockReading(source, span)


async def _snmp(this: _ClockRun) -> None:
    """HrSystemDate (RFC 2790): local time where it tells no offset."""
    began = time.time()
    octets = (await snmp_get(this.device, this.context, [HR_SYSTEM_DATE])).get(HR_SYSTEM_DATE)
    if not isinstance(octets, bytes) or not any(octets):
        raise UnsupportedError("no hrSystemDate (HOST-RESOURCES-MIB)")
    stated = dates.date_and_time(octets)
    if stated is None:
        raise ProtocolError(f"hrSystemDate {octets[:11].hex(' ')} is not a date")
    if stated.tzinfo is None:
        stated = civil_as_utc(stated, this.device.time_zone, began + this.true)
    this.readings.append(reading_of("snmp", stated, began, time.time()))
