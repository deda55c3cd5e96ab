"""The history of clocks: few rows that hold every reading, on SQLite and PostgreSQL."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence

import pytest
from helpers.results import result_of
from helpers.stores import Opener, opener, server

from healthmon.model.enums import AGENT, Span, State
from healthmon.model.footage import RecorderHealth, RecorderMeasurement
from healthmon.model.measurements import Clock, ClockReading, Reference, TimeServer
from healthmon.model.picture import PictureReading
from healthmon.model.results import CheckResult, Observation, Verdict
from healthmon.store import Batch, ClockRow
from healthmon.store.clock_history import MOST_AN_HOUR, ClockHistory
from healthmon.store.retained import alike

__all__ = ["opener", "server"]  # fixtures

NOW, MINUTES, DAY = 1_793_000_000.0, 60.0, 86_400.0
EXACT = Reference(Span(-0.01, 0.01), NOW, 3, 3)
Offsets = Sequence[tuple[float, float]]


def of_clock(
    at: float,
    reading: Span | None,
    source: str = "onvif",
    reference: Reference | None = EXACT,
    code: str = "ok",
) -> CheckResult:
    """One run of the clock check at `at` (our clock) with one reading."""
    seen = Clock((ClockReading(source, reading),), reference)
    state = State.OK if code == "ok" else State.FAULT
    verdict = Verdict("C001", "clock", "", "offset", state, code, "", at)
    return result_of(Observation("C001", "clock", "", at, 0.1, seen), (verdict,))


def of_picture(at: float, value: float | None, code: str = "ok") -> CheckResult:
    """One run of the picture check whose clock in the picture is `value` seconds ahead."""
    seen = PictureReading(true=Span(0.4, 0.6))
    state = State.OK if code == "ok" else State.DEGRADED
    verdict = Verdict("C001", "picture", "main", "screen_clock", state, code, "", at, value=value)
    return result_of(Observation("C001", "picture", "main", at, 0.1, seen), (verdict,))


def history(results: Iterable[CheckResult]) -> list[ClockRow]:
    """All rows that these results leave."""
    made = ClockHistory()
    for one in results:
        made.record(one)
    return made.all()


def readings(offsets: Offsets, error: float) -> list[CheckResult]:
    return [of_clock(at, Span(offset - error, offset + error)) for at, offset in offsets]


def every(minutes: float, days: float) -> list[float]:
    return [NOW + n * minutes * MINUTES for n in range(int(days * 24 * 60 / minutes))]


def holds(rows: Sequence[ClockRow], offsets: Offsets) -> bool:
    """Whether each reading lies in a row of its time, within the bounds of that row."""
    return all(
        any(
            row.since - 0.5 <= at <= row.until + 0.5
            and row.low is not None
            and row.high is not None
            and row.low <= offset <= row.high
            for row in rows
        )
        for at, offset in offsets
    )


def test_a_clock_that_follows_its_server_has_one_row_a_day_that_holds_every_reading() -> None:
    chance = random.Random(1)
    offsets = [(at, chance.uniform(-0.05, 0.05)) for at in every(5, 10)]
    rows = history(readings(offsets, 0.02))
    assert len(rows) == 10
    assert holds(rows, offsets)
    assert sum(row.readings for row in rows) == len(offsets)
    assert all(row.gap == pytest.approx(300) for row in rows)


@pytest.mark.parametrize(("drift", "most"), [(20e-6, 12), (1.0, 24 * MOST_AN_HOUR)])
def test_a_drifting_and_a_stopped_clock_have_few_rows_that_hold_every_reading(
    drift: float, most: int
) -> None:
    offsets = [(at, -drift * (at - NOW)) for at in every(1, 1)]
    rows = history(readings(offsets, 0.02))
    assert 2 < len(rows) <= most
    assert holds(rows, offsets)
    worst = max((row.worst or 0.0 for row in rows), key=abs)
    assert worst == pytest.approx(offsets[-1][1], abs=0.01)


def test_a_step_of_an_hour_begins_a_row_at_once() -> None:
    offsets = [(at, 3600.0 if at > NOW + 3000 else 0.0) for at in every(5, 0.1)]
    before, after = history(readings(offsets, 0.5))
    assert (before.until, after.since) == pytest.approx((NOW + 3000, NOW + 3300))
    assert (before.low, before.high) == pytest.approx((-0.51, 0.51))
    assert (after.low, after.high, after.worst) == pytest.approx((3599.49, 3600.51, 3600))


def test_a_less_exact_reading_is_counted_and_widens_nothing() -> None:
    exact, vague = Span(-0.1, 0.1), Span(-9.0, 9.0)
    (row,) = history([of_clock(NOW, exact), of_clock(NOW + 300, vague)])
    assert (row.readings, row.low, row.high) == (2, pytest.approx(-0.11), pytest.approx(0.11))
    assert row.worst == 0.0


@pytest.mark.parametrize(
    "second",
    [
        of_clock(NOW + 300, Span(-0.1, 0.1), source="http_date"),
        of_clock(NOW + 300, Span(-0.1, 0.1), code="clock_rule"),
        of_clock(NOW + 3700, Span(-0.1, 0.1)),
        of_clock(NOW - 7200, Span(-0.1, 0.1)),
    ],
    ids=["method", "verdict", "no reading for an hour", "our clock was set back"],
)
def test_another_method_verdict_or_time_is_another_row(second: CheckResult) -> None:
    first, other = history([of_clock(NOW, Span(-0.1, 0.1)), second])
    assert first.until == NOW
    assert other.since == other.until == second.observation.at


def test_times_and_offsets_are_those_of_true_time() -> None:
    """Our own clock is 100 s slow: true time is 100 s more than it shows."""
    slow = Reference(Span(99.0, 101.0), NOW, 3, 3)
    (row,) = history([of_clock(NOW, Span(100.0, 100.5), reference=slow)])
    assert row.since == NOW + 100
    assert (row.low, row.high) == (-1.0, 1.5)


def test_without_a_reference_nothing_is_said_of_a_clock_but_of_our_own() -> None:
    nobody = Reference(None, NOW, 0, 2, "no time server answers")
    assert history([of_clock(NOW, Span(-0.1, 0.1), reference=nobody)]) == []
    assert history([of_clock(NOW, Span(-0.1, 0.1), reference=None)]) == []
    (own,) = history([result_of(Observation(AGENT, "reference", "", NOW, 0.1, nobody))])
    assert (own.clock, own.method, own.low, own.high, own.worst) == (
        "reference", "none", None, None, None,
    )  # fmt: skip


def test_our_own_clock_is_kept_with_the_servers_that_agreed_and_the_leap_state() -> None:
    members = (
        TimeServer("192.0.2.2", "good", Span(4.9, 5.1), 2, leap=1),
        TimeServer("192.0.2.1", "good", Span(4.9, 5.1), 2, leap=1),
        TimeServer("192.0.2.3", "false", Span(90, 91), 2, leap=0),
    )
    found = Reference(Span(4.9, 5.1), NOW, 2, 3, members=members)
    (row,) = history([result_of(Observation(AGENT, "reference", "", NOW, 0.1, found))])
    assert (row.low, row.high, row.method) == (-5.1, -4.9, "ntp"), "our clock is 5 s slow"
    assert json.loads(row.detail) == {"agreed": ["192.0.2.1", "192.0.2.2"], "asked": 3, "leap": 1}


def test_local_time_stream_and_recorder_have_rows_of_their_own() -> None:
    seen = Clock(
        (
            ClockReading("onvif", Span(-0.2, 0.2)),
            ClockReading("onvif_local", Span(3599.8, 3600.2)),
            ClockReading("rtcp", Span(0.0, 0.002)),
            ClockReading("http_date", Span(-1.0, 1.0)),
        ),
        EXACT,
    )
    health = RecorderHealth("hikvision", "Hikvision", None, clock=Span(-30.5, -29.5))
    recorder = RecorderMeasurement(health, NOW - 2, (), (), Span(-0.01, 0.01))
    rows = history(
        [
            result_of(Observation("C001", "clock", "", NOW, 0.1, seen)),
            result_of(Observation("R1", "recorder", "", NOW, 0.1, recorder)),
        ]
    )
    assert [(row.device, row.clock, row.method) for row in rows] == [
        ("C001", "device", "onvif"),
        ("C001", "local", "onvif_local"),
        ("C001", "stream", "rtcp"),
        ("R1", "recorder", "hikvision"),
    ]
    assert rows[3].since == NOW - 2, "when the session was"
    assert rows[3].worst == pytest.approx(-30)


def test_the_clock_in_the_picture_has_a_row_of_its_own() -> None:
    right, wrong = of_picture(NOW, 0.2), of_picture(NOW + 300, 3600.2, "screen_clock_zone")
    first, second = history([right, of_picture(NOW + 100, None), wrong])
    assert (first.clock, first.method, first.verdict) == ("picture", "screen_clock", "ok")
    assert (first.since, first.readings) == (NOW + 0.5, 1)
    assert (first.low, first.high) == (pytest.approx(-1.15), pytest.approx(1.55))
    assert (second.verdict, second.worst) == ("screen_clock_zone", 3600.2)


def test_a_row_that_grows_is_written_once_an_hour_and_at_the_end() -> None:
    made = ClockHistory()
    written = []
    for n, at in enumerate(every(1, 0.1)):
        made.record(of_clock(at, Span(-0.1, 0.1)))
        written += [(n, row.readings) for row in made.rows(60.0 * n)]
    assert written == [(0, 1), (60, 61), (120, 121)]
    assert [row.readings for row in made.all()] == [144]
    made.forget({"C002"})
    assert [row.readings for row in made.rows(1e6)] == [144], "of a device that is gone, the last"
    assert made.rows(1e7) == []


def test_rows_come_back_from_the_store_and_old_ones_are_deleted(opener: Opener) -> None:
    store = opener()
    row = ClockRow("C001", "device", 100.0, 200.0, 3, 50.0, -0.5, 0.5, 0.0, "onvif", "ok")
    grown = ClockRow("C001", "device", 100.0, 400.0, 9, 50.0, -0.5, 0.75, 0.0, "onvif", "ok")
    nobody = ClockRow(AGENT, "reference", 900.0, 950.0, 2, 50.0, None, None, None, "none", "", "{}")
    store.record(Batch(clocks={row.key: row}, alive=1.0))
    store.record(Batch(clocks={one.key: one for one in (grown, nobody)}))
    assert store.clocks("C001", 300.0, 301.0) == [grown]
    assert store.clocks("C001", 400.5, 500.0) == []
    assert store.clocks("C001", 0.0, 100.0) == []
    assert store.last_clocks("C001", 1000.0) == {"device": 400.0}
    assert store.clocks(AGENT, 0.0, 1e9) == [nobody]
    deleted = store.trim(alike(500.0), 9000.0)
    assert deleted is not None
    assert deleted.counts["clock readings"] == 1
    assert store.clocks("C001", 0.0, 1e9) == []
    assert store.clocks(AGENT, 0.0, 1e9) == [nobody]
    store.close()


def test_what_waits_for_the_store_is_one_row_for_each_stretch() -> None:
    row = ClockRow("C001", "device", 100.0, 200.0, 3, 50.0, -0.5, 0.5, 0.0, "onvif")
    waiting = Batch(clocks={row.key: row})
    waiting.add(Batch(clocks={row.key: row}))
    assert len(waiting.clocks) == 1
    other = {(f"C{n}", "device", 1.0): row for n in range(30)}
    waiting.add(Batch(clocks=other))
    assert waiting.trim(2) == 11, "ten times as many as of another kind are kept"
    assert len(waiting.clocks) == 20
