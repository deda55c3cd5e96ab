"""The largest offset of a clock in a period: of readings in the time that counts, and of what people see."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from helpers.naive_evidence import DAY, LONDON

from healthmon.evidence.devices import DeviceRecord, figures
from healthmon.evidence.period import Period
from healthmon.model.enums import Kind
from healthmon.store import ClockRow
from healthmon_exporters.reports.report_document import amount

MONTH = Period.of("2026-11", LONDON)
SINCE = MONTH.since
ROW = ClockRow("C1", "device", 0.0, 0.0, 1, 0.0, -1.0, 1.0, 0.0, "onvif", "ok")


def largest(*rows: ClockRow, planned: tuple[tuple[float, float], ...] = ()) -> float | None:
    moved = [replace(one, since=SINCE + one.since, until=SINCE + one.until) for one in rows]
    works = tuple((SINCE + low, SINCE + high) for low, high in planned)
    return figures(
        DeviceRecord("C1", "x", Kind.CAMERA), {}, works, MONTH, SINCE + 40 * DAY, moved
    ).offset


def row(since: float, until: float, worst: float | None, **more: Any) -> ClockRow:
    return replace(ROW, since=since, until=until, worst=worst, **more)


def test_the_farthest_reading_counts_ahead_or_behind() -> None:
    assert largest(row(0, DAY, 2.5), row(DAY, 2 * DAY, -9.5), row(2 * DAY, 3 * DAY, 0.0)) == -9.5
    assert largest(row(0, DAY, 0.0)) == 0.0
    assert largest() is largest(row(0, DAY, None)) is None


@pytest.mark.parametrize(
    ("since", "until", "counts"),
    [
        (-DAY, -1, False),
        (-DAY, 0, True),
        (30 * DAY, 31 * DAY, False),
        (5 * DAY, 6 * DAY, False),
        (5 * DAY, 7 * DAY, True),
    ],
    ids=["before", "until it begins", "after", "planned works", "partly planned works"],
)
def test_only_readings_in_the_time_that_counts_do(since: float, until: float, counts: bool) -> None:
    found = largest(row(since, until, 7.0), planned=((4 * DAY, 6.5 * DAY),))
    assert found == (7.0 if counts else None)


def test_a_clock_that_only_calls_local_time_utc_is_right_in_what_people_see() -> None:
    label = row(0, DAY, 3600.0, verdict="clock_utc_label")
    assert largest(label, row(0, DAY, 0.3, clock="local")) == 0.3


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.0, "0 s"), (2.45, "2.5 s"), (72.0, "72 s"), (3600.4, "3,600 s")]
)
def test_seconds_have_a_tenth_where_that_matters(seconds: float, words: str) -> None:
    assert amount(seconds, "s") == words
