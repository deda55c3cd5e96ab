"""The metric of closed months is what the monthly report says, made by a process of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from healthmon.runtime import closed_months
from healthmon.runtime.report_child import NoReportError, made_apart
from healthmon.store import Batch, ClockRow, Segment, Store

pytestmark = pytest.mark.slow
CONFIG = """
estate: {name: Example, time_zone: Europe/London}
agent: {state_directory: STATE}
sites: [{id: riverside, name: Riverside}]
cameras: [{id: C001, name: Slipway, site: riverside, address: 192.0.2.1, kind: ptz}]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.replace("STATE", str(tmp_path)))
    store = Store.open(f"sqlite:///{tmp_path / 'healthmon.db'}")
    up = Segment("C001", "reach", "ok", 1_768_000_000.0, 1_768_007_200.0)
    down = Segment("C001", "reach", "fault", 1_768_007_200.0, 1_768_010_801.0)
    read = ClockRow(
        "C001", "device", 1_768_000_000.0, 1_768_007_000.0, 9, 300.0, 7.0, 8.0, 7.5, "onvif"
    )
    store.record(Batch(segments=[up, down], clocks={read.key: read}, alive=1_768_010_801.0))
    store.close()
    return path


async def test_the_metric_agrees_with_the_printed_report_to_a_hundredth(config: Path) -> None:
    words = ("monthly", "--period", "2026-01", "--format")
    report = json.loads(await made_apart(config, (*words, "json")))
    name, _, labels, rows = closed_months.table_of(report)
    assert (name, labels) == ("healthmon_month_ratio", ("figure", "month"))
    found = dict(rows)
    printed = {one["key"]: one["words"] for one in report["figures"]}
    for figure in ("availability", "coverage"):
        percent = 100 * found[figure, "2026-01"]
        assert f"{percent:.2f} %" == printed[figure]
    assert found["availability", "2026-01"] == pytest.approx(7200 / 10801)
    name, _, labels, rows = closed_months.offsets_of(report)
    assert (name, labels) == ("healthmon_month_clock_offset_seconds", ("month",))
    assert rows == [(("2026-01",), 7.5)], "months without a reading have none"
    assert ("recording", "2026-01") not in found  # not measured is not 0


async def test_a_report_that_cannot_be_made_says_why(config: Path) -> None:
    with pytest.raises(NoReportError, match="--period 2099-01: has not begun"):
        await made_apart(config, ("monthly", "--period", "2099-01"))
    with pytest.raises(NoReportError, match=r"not ready after 0\.01 s"):
        await made_apart(config, ("monthly",), seconds=0.01)
