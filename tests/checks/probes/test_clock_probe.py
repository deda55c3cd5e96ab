"""The clock probe against a scripted device on loopback."""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from zoneinfo import ZoneInfo

import pytest
from helpers.fakes import onvif_camera
from helpers.loopback import Handler, http, request, says, served
from helpers.snmp_agent import agent, integer, response
from hypothesis import given
from hypothesis import strategies as st

from healthmon.checks.probes import clock
from healthmon.checks.probes.context import ProbeContext, StreamMemory
from healthmon.demo.udp_sim import tlv
from healthmon.model.device import Access, Check, Device, SnmpAccess
from healthmon.model.enums import CheckName, Kind, Reason, Span
from healthmon.model.measurements import Clock, Reference
from healthmon.protocols.errors import ExchangeError, NoCredentialError, RefusedError
from healthmon.protocols.trace import Trace, recording
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential, Secret

ASK = Check("C1", CheckName.CLOCK, timeout=10.0)
NEW_YORK = "America/New_York"


def context(reference: Reference | None = None) -> ProbeContext:
    return ProbeContext(
        Connector.of(["127.0.0.1"], connect_seconds=1),
        LockoutGuard(),
        lambda name: Credential(name, "u", Secret("p")),
        reference=lambda: reference,
    )


def device(zone: str = "Europe/London", **access: object) -> Device:
    return Device(
        "C1", "Market", Kind.CAMERA, "s", "127.0.0.1", time_zone=zone, access=Access(**access)
    )  # type: ignore[arg-type]


def field(name: str, at: datetime | str) -> str:
    stamp = at if isinstance(at, str) else f"{at:%Y-%m-%dT%H:%M:%S}"
    year, month, day, hour, minute, second = (
        int(instance) for instance in re.split("[-T:]", stamp)
    )
    clock_time = (
        f"<s:Hour>{hour}</s:Hour><s:Minute>{minute}</s:Minute><s:Second>{second}</s:Second>"
    )
    date = f"<s:Year>{year}</s:Year><s:Month>{month}</s:Month><s:Day>{day}</s:Day>"
    return f"<s:{name}><s:Time>{clock_time}</s:Time><s:Date>{date}</s:Date></s:{name}>"


def camera(
    now: Callable[[], datetime],
    zone: str = "Europe/London",
    *,
    fields: tuple[str, ...] = ("TimeZone", "UTCDateTime", "LocalDateTime"),
    utc: str = "",
) -> Handler:
    """GetSystemDateAndTime of a device whose clock is `now`, standing in `zone`; with `utc` it says
    that instead.
    """

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        at = now()
        told = {
            "TimeZone": "<s:TimeZone><s:TZ>GMT0BST,M3.5.0/1,M10.5.0</s:TZ></s:TimeZone>",
            "UTCDateTime": field("UTCDateTime", utc or at),
            "LocalDateTime": field("LocalDateTime", at.astimezone(ZoneInfo(zone))),
        }
        body = (
            '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:s="http://www.onvif.org/ver10/schema" '
            'xmlns:d="http://www.onvif.org/ver10/device/wsdl"><e:Body><d:GetSystemDateAndTimeResponse>'
            "<d:SystemDateAndTime><s:DateTimeType>NTP</s:DateTimeType><s:DaylightSavings>false</s:DaylightSavings>"
            f"{''.join(told[name] for name in fields)}"
            "</d:SystemDateAndTime></d:GetSystemDateAndTimeResponse></e:Body></e:Envelope>"
        ).encode()
        writer.write(
            http(
                body,
                "200 OK",
                "Content-Type: application/soap+xml",
                f"Date: {format_datetime(at, True)}",
            )
        )
        await writer.drain()

    return handler


@given(
    st.floats(0, 4e9),
    st.floats(-1e8, 1e8),
    st.floats(0, 5),
    st.floats(0, 1),
    st.sampled_from([0.1, 1.0]),
    st.floats(0, 1),
)
def test_a_reading_holds_the_true_offset_whatever_the_way_took(
    began: float, ahead: float, took: float, read_at: float, resolution: float, cached: float
) -> None:
    """The device reads its clock somewhere between question and answer, or `cached` seconds before,
    and cuts it off.
    """
    moment = began + read_at * took - cached
    shown = math.floor((moment + ahead) / resolution) * resolution
    span = Span.of_reading(shown, began, began + took, resolution=resolution, slack=cached)
    assert span.low - 1e-5 <= ahead <= span.high + 1e-5
    assert span.error <= (resolution + took) / 2 + cached + 1e-5


def clock_at(ahead: float) -> Callable[[], datetime]:
    return lambda: datetime.now(UTC) + timedelta(seconds=ahead)


def spans(seen: Clock) -> dict[str, Span]:
    return {reading.source: reading.offset for reading in seen.readings if reading.offset}


@pytest.mark.parametrize(
    ("ahead", "zone"), [(0.0, "Europe/London"), (7.25, NEW_YORK), (-36000.0, NEW_YORK)]
)
async def test_c25_every_clock_of_one_answer_holds_the_true_offset(ahead: float, zone: str) -> None:
    async with served(camera(clock_at(ahead), zone)) as server:
        seen = await clock.probe(
            device(zone, http_port=server.port, onvif_path="/o"), ASK, context()
        )
    found = spans(seen)
    assert set(found) == {"onvif", "onvif_local", "http_date"}
    assert all(span.low <= ahead <= span.high for span in found.values())
    assert found["onvif"].error < 0.7
    assert (seen.mode, seen.zone, seen.daylight) == ("ntp", "GMT0BST,M3.5.0/1,M10.5.0", False)


@pytest.mark.parametrize(("ahead", "least"), [(2.0, 2), (30.0, 1)])
async def test_the_device_is_asked_again_only_when_a_limit_is_inside(
    ahead: float, least: int
) -> None:
    reference = Reference(Span(-0.001, 0.001), time.time(), 3, 3)
    async with served(camera(clock_at(ahead))) as server:
        brief = Check("C1", CheckName.CLOCK, timeout=8.0)
        seen = await clock.probe(
            device(http_port=server.port, onvif_path="/o"), brief, context(reference)
        )
        span = spans(seen)["onvif"]
    assert span.low <= ahead <= span.high
    assert server.connections == 1 if least == 1 else least <= server.connections <= 5


async def test_a_short_deadline_is_not_spent_on_asking_again() -> None:
    reference = Reference(Span(-0.001, 0.001), time.time(), 3, 3)
    async with served(camera(clock_at(2.0))) as server:
        hurried = Check("C1", CheckName.CLOCK, timeout=0.3)
        await clock.probe(
            device(http_port=server.port, onvif_path="/o"), hurried, context(reference)
        )
    assert server.connections == 1


async def test_the_clocks_of_a_fresh_stream_look_are_used_and_old_ones_are_not() -> None:
    known = context()
    now = time.time()
    memory = known.memory_of("C1").streams
    memory["main"] = StreamMemory(
        sender_clock=Span(-0.1, 0.1), date_clock=Span(0, 1), clocks_at=now - 100
    )
    memory["main"].clocks_base = now - time.monotonic()
    found = spans(await clock.probe(device(), ASK, known))
    assert set(found) == {"rtcp", "rtsp_date"}
    assert found["rtcp"].high == pytest.approx(0.12, abs=0.001)
    memory["main"].clocks_base += 60
    assert spans(await clock.probe(device(), ASK, known)) == {}, "our clock was stepped since"
    memory["main"].clocks_base -= 60
    memory["main"].clocks_at = now - 601
    assert spans(await clock.probe(device(), ASK, known)) == {}


async def rtsp_a_minute_ahead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request(reader)
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    writer.write(f"RTSP/1.0 200 OK\r\nCSeq: 1\r\nDate: {date}\r\nPublic: OPTIONS\r\n\r\n".encode())
    await writer.drain()


async def two_clocks(web: Handler | None = None, timeout: float = 10.0) -> Clock:
    """A look at a device whose web server is `web` (garbage) and whose RTSP server is a minute
    ahead.
    """
    async with (
        served(rtsp_a_minute_ahead) as rtsp,
        served(web or says(b"garbage\r\n\r\n")) as server,
    ):
        both = device(http_port=server.port, onvif_path="/o", rtsp_port=rtsp.port)
        return await clock.probe(both, replace(ASK, timeout=timeout), context())


async def test_rtsp_date_is_asked_where_nothing_is_noted_and_one_dead_clock_loses_no_other() -> (
    None
):
    told = await two_clocks()
    found = spans(told)
    assert set(found) == {"rtsp_date"}
    assert found["rtsp_date"].low <= 60 <= found["rtsp_date"].high
    failed = {reading.source: reading for reading in told.readings if reading.offset is None}
    assert set(failed) == {"onvif", "http_date"}
    assert {reading.reason for reading in failed.values()} == {Reason.PROTOCOL}
    assert all(reading.detail for reading in failed.values())


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def test_a_clock_that_hangs_leaves_the_others_their_time() -> None:
    began = time.monotonic()
    told = await two_clocks(silent, timeout=4.0)
    assert time.monotonic() - began < 4.0, "the deadline of the look is kept"
    assert set(spans(told)) == {"rtsp_date"}
    failed = next(reading for reading in told.readings if reading.offset is None)
    assert (failed.source, failed.reason) == ("onvif", Reason.TIMEOUT)
    assert "no complete answer in" in failed.detail


async def test_an_answer_once_had_is_not_lost_where_a_finer_one_hangs() -> None:
    """The second question, at the edge of the second, is never answered."""
    answered = camera(clock_at(2.0))
    asked: list[int] = []

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(1)
        await (answered if len(asked) == 1 else silent)(reader, writer)

    reference = Reference(Span(-0.001, 0.001), time.time(), 3, 3)
    async with served(once) as server:
        told = await clock.probe(
            device(http_port=server.port, onvif_path="/o"),
            replace(ASK, timeout=6),
            context(reference),
        )
    assert len(asked) == 2
    assert {reading.source for reading in told.readings if reading.offset} == {
        "onvif",
        "onvif_local",
        "http_date",
    }


async def test_the_web_server_tells_its_date_where_there_is_no_onvif() -> None:

    def dated(status: str, *more: str) -> Handler:
        async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request(reader)
            date = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
            writer.write(http(b"", status, f"Date: {date}", *more))
            await writer.drain()

        return handler

    for handler in (
        dated("401 Unauthorized"),
        dated("302 Found", "Location: http://192.0.2.1/"),
        dated("404 Not Found"),
    ):
        async with served(handler) as web:
            for path in (None, "/o"):
                told = await clock.probe(
                    device(http_port=web.port, onvif_path=path), ASK, context()
                )
                assert set(spans(told)) == {"http_date"}
                assert spans(told)["http_date"].low <= 90 <= spans(told)["http_date"].high
            assert web.connections == 3


@pytest.mark.parametrize(
    ("line", "reason", "words"),
    [
        ("Server: x", Reason.UNSUPPORTED, "no Date"),
        ("Date: Tue, 24 Nov 2026 21:00:00 BST", Reason.PROTOCOL, "cannot be read"),
        ("Date: yesterday", Reason.PROTOCOL, "cannot be read"),
    ],
)
async def test_a_date_that_cannot_be_read_is_not_guessed(
    line: str, reason: Reason, words: str
) -> None:
    now = time.time()
    known = context()
    memory = known.memory_of("C1").streams["main"] = StreamMemory(
        sender_clock=Span(-0.1, 0.1), clocks_at=now
    )
    memory.clocks_base = now - time.monotonic()
    async with served(says(http(b"", "200 OK", line))) as web:
        told = await clock.probe(device(http_port=web.port, rtsp_port=9), ASK, known)
    assert set(spans(told)) == {"rtcp"}
    failed = next(reading for reading in told.readings if reading.source == "http_date")
    assert (failed.offset, failed.reason, words in failed.detail) == (None, reason, True)


@pytest.mark.parametrize(
    ("text", "asked"),
    [("Tuesday, {0:%d-%b-%y %H:%M:%S} GMT", 45.0), ("Tue {0:%b %d %H:%M:%S %Y}", -45.0)],
)
async def test_the_old_forms_of_a_date_are_read(text: str, asked: float) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(
            http(
                b"", "200 OK", "Date: " + text.format(datetime.now(UTC) + timedelta(seconds=asked))
            )
        )
        await writer.drain()

    async with served(handler) as web:
        span = spans(await clock.probe(device(http_port=web.port), ASK, context()))["http_date"]
    assert span.low <= asked <= span.high


async def test_only_local_time_is_read_as_civil_time_where_the_device_stands() -> None:
    """A device without UTCDateTime and TimeZone."""
    async with served(camera(clock_at(5.0), NEW_YORK, fields=("LocalDateTime",))) as server:
        told = await clock.probe(
            device(NEW_YORK, http_port=server.port, onvif_path="/o"), ASK, context()
        )
    found = spans(told)
    assert found["onvif_local"].low <= 5.0 <= found["onvif_local"].high
    assert "onvif" not in found
    missing = next(reading for reading in told.readings if reading.source == "onvif")
    assert (missing.reason, missing.stated) == (Reason.NOT_REPORTED, "")
    assert (told.zone, told.mode) == ("", "ntp")


async def test_a1_local_time_is_that_of_true_time_where_our_own_clock_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Our clock says June, the servers and the device say November: London is at UTC now."""
    june, november = (datetime(2026, month, 20, 12, tzinfo=UTC).timestamp() for month in (6, 11))
    start, back = time.monotonic(), november - june
    monkeypatch.setattr(time, "time", lambda: june + time.monotonic() - start)
    known = context(Reference(Span(back - 0.01, back + 0.01), june, 3, 3))
    async with served(camera(lambda: datetime.fromtimestamp(time.time() + back, UTC))) as server:
        seen = spans(await clock.probe(device(http_port=server.port, onvif_path="/o"), ASK, known))
    for source in ("onvif", "onvif_local"):
        assert seen[source].low <= back <= seen[source].high, source


async def test_c25_a_date_that_does_not_exist_is_kept_as_the_device_said_it() -> None:
    async with served(camera(lambda: datetime.now(UTC), utc="2026-02-31T10:00:00")) as server:
        told = await clock.probe(device(http_port=server.port, onvif_path="/o"), ASK, context())
    invalid = next(reading for reading in told.readings if reading.source == "onvif")
    assert (invalid.offset, invalid.reason, invalid.stated) == (
        None,
        Reason.PROTOCOL,
        "2026-2-31 10:0:0 is not a date",
    )


async def test_a_sender_report_that_counts_from_the_start_is_no_clock() -> None:
    """RFC 3550 6.4.1: 1900 plus the time since the start, which an era later is 2036; or 1970 plus
    it.
    """
    known = context(Reference(Span(-0.001, 0.001), time.time(), 3, 3))
    now = time.time()
    for year in (2036, 1970):
        offset = datetime(year, 2, 7, 6, 40, tzinfo=UTC).timestamp() - now
        memory = known.memory_of("C1").streams["main"] = StreamMemory(
            clocks_at=now, date_clock=Span(0, 1)
        )
        memory.sender_clock, memory.clocks_base = (
            Span(offset - 0.1, offset + 0.1),
            now - time.monotonic(),
        )
        told = await clock.probe(device(), ASK, known)
        assert set(spans(told)) == {"rtsp_date"}
        assert [(r.source, r.reason) for r in told.readings if r.offset is None] == [
            ("rtcp", Reason.NOT_REPORTED)
        ]
        best = known.memory_of("C1").clock
        assert best is not None
        assert best.middle == pytest.approx(0.5, abs=0.1), "what recordings are compared with"
    ours = now - 40 * 86400  # our own clock is wrong, and a reference says so
    known = context(Reference(Span(ours - 0.1, ours + 0.1), now, 3, 3))
    memory = known.memory_of("C1").streams["main"] = StreamMemory(
        clocks_at=now, sender_clock=Span(ours, ours + 1)
    )
    memory.clocks_base = now - time.monotonic()
    assert set(spans(await clock.probe(device(), ASK, known))) == {"rtcp"}


DATE = "1.3.6.1.2.1.25.1.2.0"


def octets(at: datetime, zone: bytes = b"") -> bytes:
    packed = (
        at.year.to_bytes(2, "big")
        + bytes([at.month, at.day, at.hour, at.minute, at.second, 0])
        + zone
    )
    return tlv(0x04, packed)


@pytest.mark.parametrize(
    ("told", "ahead", "reason"),
    [
        (lambda: octets(datetime.now(UTC) + timedelta(seconds=30), b"+\0\0"), 30.0, None),
        (
            lambda: octets(datetime.now(UTC) + timedelta(hours=5, minutes=30), b"+\x05\x1e"),
            0.0,
            None,
        ),
        (lambda: octets(datetime.now(ZoneInfo(NEW_YORK))), 0.0, None),
        (lambda: octets(datetime.now(UTC)), None, "zone"),
        (lambda: tlv(0x04, b"2000-1"), None, Reason.PROTOCOL),
        (lambda: tlv(0x04, bytes(8)), None, Reason.UNSUPPORTED),
        (lambda: integer(7), None, Reason.UNSUPPORTED),
        (None, None, Reason.UNSUPPORTED),
    ],
)
async def test_the_clock_by_snmp(
    told: Callable[[], bytes] | None, ahead: float | None, reason: Reason | str | None
) -> None:
    known = context()
    now = time.time()
    memory = known.memory_of("C1").streams["main"] = StreamMemory(
        date_clock=Span(0, 1), clocks_at=now
    )
    memory.clocks_base = now - time.monotonic()
    async with agent(
        script=lambda _, data: [response(data, {DATE: told()} if told else {})]
    ) as snmp:
        asked = device(NEW_YORK, snmp=SnmpAccess("c", snmp.port))
        seen = await clock.probe(asked, ASK, known)
    reading = next(r for r in seen.readings if r.source == "snmp")
    if ahead is not None:
        assert reading.offset is not None
        assert reading.offset.low <= ahead <= reading.offset.high
        assert reading.offset.error < 1
    elif reason == "zone":
        assert reading.offset is not None
        assert reading.offset.middle == pytest.approx(4.5 * 3600, abs=0.51 * 3600), (
            "UTC told as local time"
        )
    else:
        assert (reading.offset, reading.reason) == (None, reason)
    assert "rtsp_date" in spans(seen)


async def test_the_notes_of_explain_name_every_clock_that_failed() -> None:
    with recording(Trace(keep_notes=True)) as trace:
        await two_clocks()
    remarks = [text for _, mark, text in trace.notes if mark == "."]
    assert [text.partition(":")[0] for text in remarks] == ["onvif", "http_date"]


async def test_nothing_at_all_raises_the_first_failure() -> None:
    async with served(says(b"garbage\r\n\r\n")) as web:
        with pytest.raises(ExchangeError):
            await clock.probe(device(http_port=web.port, onvif_path="/o"), ASK, context())
    async with served(says(http(b"", "200 OK", "Server: x"))) as web:
        none = await clock.probe(device(http_port=web.port), ASK, context())
        assert [(r.source, r.reason) for r in none.readings] == [
            ("http_date", Reason.UNSUPPORTED)
        ], "it has no clock"
    with pytest.raises(RefusedError):
        await clock.probe(device(http_port=web.port, onvif_path="/o"), ASK, context())


async def test_a1_a_step_of_our_clock_during_the_look_voids_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, jump = time.time, [0.0]
    monkeypatch.setattr(clock.time, "time", lambda: real() + jump[0])

    def stepping() -> datetime:
        jump[0] = 3600.0
        return datetime.now(UTC)

    async with served(camera(stepping)) as server:
        seen = await clock.probe(device(http_port=server.port, onvif_path="/o"), ASK, context())
    assert seen.readings
    assert {(r.offset, r.reason) for r in seen.readings} == {(None, Reason.AGENT_STALLED)}


async def test_a_device_that_wants_a_login_for_its_time_is_given_one() -> None:
    """Its refusal is dated: the token is of the device's own time, which is an hour ahead."""
    shy = onvif_camera.Camera(clock=3600.0, shy=True, dated=True)
    held = ProbeContext(
        Connector.of(["127.0.0.1"]), LockoutGuard(), lambda _name: onvif_camera.RIGHT
    )
    async with served(shy) as server:
        access = {"http_port": server.port, "onvif_path": onvif_camera.PATH}
        with pytest.raises(NoCredentialError):
            await clock.probe(device(**access), ASK, held)
        seen = await clock.probe(device(**access, credential="view"), ASK, held)
    told = {reading.source: reading for reading in seen.readings}["onvif"]
    assert told.offset is not None
    assert told.offset.middle == pytest.approx(3600, abs=1)
    assert (shy.lockout_guard, shy.refused) == (2, 0), "for its time, and for its time servers"
