"""The history of UPS batteries: hour by hour, on SQLite and PostgreSQL, and what a report makes of it."""

from __future__ import annotations

from dataclasses import replace

from helpers.naive_evidence import LONDON
from helpers.results import result_of
from helpers.stores import Opener, opener, server

from healthmon.evidence.period import Period
from healthmon.evidence.power import Battery, battery
from healthmon.model.results import Observation
from healthmon.model.ups import Ups
from healthmon.store import Batch, BatteryRow
from healthmon.store.battery_history import BatteryHistory

__all__ = ["opener", "server"]  # fixtures

MONTH = Period.of("2026-11", LONDON)
AT = MONTH.since


def told(
    history: BatteryHistory,
    at: float,
    runtime: float | None,
    source: str = "normal",
    **more: object,
) -> None:
    value = Ups("nut", source=source, runtime_seconds=runtime, **more)  # type: ignore[arg-type]
    history.record(result_of(Observation("U1", "ups", "", AT + at, 0.1, value)))


def test_each_hour_has_the_least_that_was_told_and_the_least_on_battery() -> None:
    made = BatteryHistory()
    told(made, 0, 1800.0)
    told(made, 60, 1500.0, "battery", test_at=AT - 9, test_result="passed")
    told(made, 120, 1200.0, "battery")
    told(made, 180, 300.0, "test")
    told(made, 240, None)
    assert made.rows() == [], "the hour is not over"
    told(made, 3600, 1700.0)
    first = BatteryRow("U1", AT, AT + 240, 1200.0, 1200.0, AT - 9, "passed")
    assert made.rows() == [first]
    assert made.all() == [BatteryRow("U1", AT + 3600, AT + 3600, 1700.0)]
    made.forget({"U2"})
    assert [row.since for row in made.rows()] == [AT + 3600]
    made.record(result_of(Observation("U1", "ups", "", AT, 0.1, None)))
    assert made.all() == [], "nothing was told"


def test_a_period_has_the_least_of_its_hours_and_the_last_test(opener: Opener) -> None:
    store = opener()
    rows = [
        BatteryRow("U1", AT - 3600, AT - 1, 10.0, 10.0, 1.0, "old"),
        BatteryRow("U1", AT, AT + 99, 1800.0, None, 2.0, "passed"),
        BatteryRow("U1", AT + 3600, AT + 3700, 1200.0, 1300.0),
        BatteryRow("U1", MONTH.until, MONTH.until + 9, 5.0, 5.0, 3.0, "next month"),
        BatteryRow("U2", AT, AT + 99, 1.0),
    ]
    store.record(Batch(batteries=rows))
    store.record(Batch(batteries=[replace(rows[1], runtime=1700.0)]))
    hours = store.batteries("U1", AT, MONTH.until)
    assert [one.runtime for one in hours] == [1700.0, 1200.0]
    assert battery("U1", hours, MONTH) == Battery("U1", 1200.0, 1300.0, 2.0, "passed")
    assert battery("U9", store.batteries("U9", AT, MONTH.until), MONTH) == Battery("U9")
    store.close()
