"""The clock probe against a scripted device on loopback."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from zoneinfo import ZoneInfo

import pytest
from loopback import Handler, http, request, says, served

from healthmon.model import Access, Ask, Clock, Device, Kind, Question, Reason, Reference, Span
from healthmon.probes import clock
from healthmon.probes.tools import StreamNotes, Tools
from healthmon.secret import Credential, Secret
from healthmon.wire.errors import WireError
from healthmon.wire.logins import LoginGuard
from healthmon.wire.net import Net

ASK = Ask("C1", Question.CLOCK, timeout=10.0)
NEW_YORK = "America/New_York"


def tools(reference: Reference | None = None) -> Tools:
    return Tools(
        Net.of(["127.0.0.1"], connect_seconds=1),
        LoginGuard(),
        lambda name: Credential(name, "u", Secret("p")),
        reference=lambda: reference,
    )


def device(zone: str = "Europe/London", **access: object) -> Device:
    return Device("C1", "Market", Kind.CAMERA, "s", "127.0.0.1", time_zone=zone, access=Access(**access))  # type: ignore[arg-type]


def field(name: str, at: datetime) -> str:
    clock_time = f"<s:Hour>{at.hour}</s:Hour><s:Minute>{at.minute}</s:Minute><s:Second>{at.second}</s:Second>"
    date = f"<s:Year>{at.year}</s:Year><s:Month>{at.month}</s:Month><s:Day>{at.day}</s:Day>"
    return f"<s:{name}><s:Time>{clock_time}</s:Time><s:Date>{date}</s:Date></s:{name}>"


def camera(now: Callable[[], datetime], zone: str = "Europe/London") -> Handler:
    """GetSystemDateAndTime of a device whose clock is `now`, standing in `zone`."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        utc = now()
        body = (
            '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:s="http://www.onvif.org/ver10/schema" '
            'xmlns:d="http://www.onvif.org/ver10/device/wsdl"><e:Body><d:GetSystemDateAndTimeResponse>'
            "<d:SystemDateAndTime><s:DateTimeType>NTP</s:DateTimeType><s:DaylightSavings>false</s:DaylightSavings>"
            "<s:TimeZone><s:TZ>GMT0BST,M3.5.0/1,M10.5.0</s:TZ></s:TimeZone>"
            f"{field('UTCDateTime', utc)}{field('LocalDateTime', utc.astimezone(ZoneInfo(zone)))}"
            "</d:SystemDateAndTime></d:GetSystemDateAndTimeResponse></e:Body></e:Envelope>"
        ).encode()
        writer.write(http(body, "200 OK", "Content-Type: application/soap+xml", f"Date: {format_datetime(utc, True)}"))
        await writer.drain()

    return handler


def clock_at(ahead: float) -> Callable[[], datetime]:
    return lambda: datetime.now(UTC) + timedelta(seconds=ahead)


def spans(seen: Clock) -> dict[str, Span]:
    return {reading.source: reading.offset for reading in seen.readings if reading.offset}


@pytest.mark.parametrize(("ahead", "zone"), [(0.0, "Europe/London"), (7.25, NEW_YORK), (-36000.0, NEW_YORK)])
async def test_c25_every_clock_of_one_answer_holds_the_true_offset(ahead: float, zone: str) -> None:
    async with served(camera(clock_at(ahead), zone)) as server:
        seen = await clock.look(device(zone, http_port=server.port, onvif_path="/o"), ASK, tools())
    found = spans(seen)
    assert set(found) == {"onvif", "onvif_local", "http_date"}
    assert all(span.low <= ahead <= span.high for span in found.values())
    assert found["onvif"].error < 0.7
    assert (seen.mode, seen.zone, seen.daylight) == ("ntp", "GMT0BST,M3.5.0/1,M10.5.0", False)


@pytest.mark.parametrize(("ahead", "least"), [(2.0, 2), (30.0, 1)])
async def test_the_device_is_asked_again_only_when_a_limit_is_inside(ahead: float, least: int) -> None:
    reference = Reference(Span(-0.001, 0.001), time.time(), 3, 3)
    async with served(camera(clock_at(ahead))) as server:
        brief = Ask("C1", Question.CLOCK, timeout=4.0)
        seen = await clock.look(device(http_port=server.port, onvif_path="/o"), brief, tools(reference))
        span = spans(seen)["onvif"]
    assert span.low <= ahead <= span.high
    assert server.connections == 1 if least == 1 else least <= server.connections <= 5


async def test_a_short_deadline_is_not_spent_on_asking_again() -> None:
    reference = Reference(Span(-0.001, 0.001), time.time(), 3, 3)
    async with served(camera(clock_at(2.0))) as server:
        hurried = Ask("C1", Question.CLOCK, timeout=0.3)
        await clock.look(device(http_port=server.port, onvif_path="/o"), hurried, tools(reference))
    assert server.connections == 1


async def test_the_clocks_of_a_fresh_stream_look_are_used_and_old_ones_are_not() -> None:
    known = tools()
    now = time.time()
    notes = known.notes_of("C1").streams
    notes["main"] = StreamNotes(sender_clock=Span(-0.1, 0.1), date_clock=Span(0, 1), clocks_at=now - 100)
    notes["main"].clocks_base = now - time.monotonic()
    found = spans(await clock.look(device(), ASK, known))
    assert set(found) == {"rtcp", "rtsp_date"}
    assert found["rtcp"].high == pytest.approx(0.12, abs=0.001)
    notes["main"].clocks_base += 60
    assert spans(await clock.look(device(), ASK, known)) == {}, "our clock was stepped since"
    notes["main"].clocks_base -= 60
    notes["main"].clocks_at = now - 601
    assert spans(await clock.look(device(), ASK, known)) == {}


async def test_rtsp_date_is_asked_where_nothing_is_noted_and_one_dead_clock_loses_no_other() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    reply = f"RTSP/1.0 200 OK\r\nCSeq: 1\r\nDate: {date}\r\nPublic: OPTIONS\r\n\r\n".encode()
    async with served(says(reply)) as rtsp, served(says(b"garbage\r\n\r\n")) as web:
        camera_of_two = device(http_port=web.port, onvif_path="/o", rtsp_port=rtsp.port)
        found = spans(await clock.look(camera_of_two, ASK, tools()))
    assert set(found) == {"rtsp_date"}
    assert found["rtsp_date"].low <= 60 <= found["rtsp_date"].high


async def test_nothing_at_all_raises_the_first_failure() -> None:
    async with served(says(b"garbage\r\n\r\n")) as web:
        with pytest.raises(WireError):
            await clock.look(device(http_port=web.port, onvif_path="/o"), ASK, tools())


async def test_a1_a_step_of_our_clock_during_the_look_voids_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real, jump = time.time, [0.0]
    monkeypatch.setattr(clock.time, "time", lambda: real() + jump[0])

    def stepping() -> datetime:
        jump[0] = 3600.0
        return datetime.now(UTC)

    async with served(camera(stepping)) as server:
        seen = await clock.look(device(http_port=server.port, onvif_path="/o"), ASK, tools())
    assert seen.readings
    assert {(r.offset, r.reason) for r in seen.readings} == {(None, Reason.AGENT_STALLED)}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (bytes([0x07, 0xEA, 11, 24, 12, 0, 5, 0]), datetime(2026, 11, 24, 12, 0, 5, tzinfo=UTC)),
        (bytes([0x07, 0xEA, 7, 1, 12, 0, 5, 0]) + b"+\x01\x00", datetime(2026, 7, 1, 11, 0, 5, tzinfo=UTC)),
        (bytes([0x07, 0xEA, 7, 1, 12, 0, 5, 0]) + b"-\x05\x1e", datetime(2026, 7, 1, 17, 30, 5, tzinfo=UTC)),
        (bytes([0x07, 0xF0, 2, 29, 0, 0, 60, 9]), datetime(2032, 2, 29, 0, 0, 59, tzinfo=UTC)),
        (bytes([0x07, 0xEA, 13, 1, 0, 0, 0, 0]), None),
        (bytes([0x07, 0xEA, 2, 29, 0, 0, 0, 0]), None),
        (bytes([0x07, 0xEA, 1, 1, 99, 0, 0, 0]), None),
        (bytes([0x07, 0xEA, 1, 1, 0, 0, 0, 0]) + b"+\xff\xff", None),
        (bytes([0xFF, 0xFF, 1, 1, 0, 0, 0, 0]), None),
        (b"2000-1", None),
        (b"", None),
    ],
)
def test_c25_snmp_dates(raw: bytes, expected: datetime | None) -> None:
    winter = datetime(2026, 11, 24, tzinfo=UTC).timestamp()
    assert clock.date_and_time(raw, "Europe/London", winter) == expected


def test_c25_the_first_year_of_the_calendar_does_not_crash() -> None:
    raw = bytes([0, 1, 1, 1, 0, 0, 0, 0])
    stated = clock.date_and_time(raw, "Asia/Tokyo", 1.8e9)
    assert stated is not None
    assert clock.span_of(stated, 1.8e9, 1.8e9).high < -6e10
