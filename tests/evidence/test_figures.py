"""The figures of a report against an independent count of every second."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import evidence_months, naive_evidence
from helpers.evidence_record import configuration, record, reported, values

from healthmon.store import Store

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("year", "month", "hours"),
    [(2026, 10, 745), (2026, 3, 743)],
    ids=["25-hour day", "23-hour day"],
)
def test_figures_of_a_month_equal_those_of_every_second(
    year: int, month: int, hours: int, tmp_path: Path
) -> None:
    planted = evidence_months.month(year, month)
    assert planted.until - planted.since == hours * 3600
    config = configuration(planted, tmp_path)
    store = Store.open(f"sqlite:///{tmp_path}/history.db")
    try:
        record(planted, store)
        found = reported(planted, config, store, [f"{year}-{month:02d}"])
    finally:
        store.close()
    expected = naive_evidence.expected(planted)
    # Hours to less than a second, shares of some 3,700 camera-hours to less than one of them.
    assert values(found.figures[0]) == pytest.approx(expected, abs=1e-6, rel=1e-9)
