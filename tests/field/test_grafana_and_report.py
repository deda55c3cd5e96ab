"""Grafana's service page and `report monthly` say the same of the same month: its tiles as Prometheus
samples them, and its table of months that are over, which the agent exports.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from helpers import evidence_months
from helpers import naive_evidence as naive
from helpers.evidence_record import configuration, record
from helpers.grafana_pages import Source, dashboard, panel
from helpers.metric_pages import Points, Recording, prometheus
from helpers.naive_evidence import DAY, HOUR, LONDON, Month
from helpers.support import Peers

from healthmon.evidence.period import Period
from healthmon.inventory import devices as inventory
from healthmon.runtime.closed_months import table_of
from healthmon.runtime.report_making import Wish, made
from healthmon.store import Store
from healthmon_exporters.metrics.exposition import Metrics
from healthmon_exporters.reports import report_forms

pytestmark = [pytest.mark.peer, pytest.mark.slow]
STEP = 600
# Points of a hundred.
MOST_APART = 0.01
KNOWN = (naive.OK, naive.DEGRADED, naive.FAULT)


@dataclass
class Both:
    """The month's report, and Prometheus at the end of the month."""

    report: dict[str, Any]
    source: Source
    page: dict[str, Any]

    def shown(self, name: str) -> list[dict[str, Any]]:
        """The answers of a panel, in per cent."""
        answers = self.source.answers(panel(self.page, name), self.page)
        return [row for _ref, answer in sorted(answers.items()) for row in answer["result"]]

    def printed(self, key: str, label: str = "") -> float:
        """A figure of the report in per cent, or one of its details."""
        figure = next(one for one in self.report["figures"] if one["key"] == key)
        lines = {one["label"]: one["value"] for one in figure["lines"]}
        return float(lines[label] if label else figure["value"])


@pytest.fixture(scope="module")
def both(module_peers: Peers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("both")
    month = evidence_months.month(2026, 10, interval=STEP)
    month.sheets = []
    config = configuration(month, folder)
    store = Store.open(f"sqlite:///{folder}/history.db")
    record(month, store)
    wish = Wish("monthly", Period.of("2026-10", LONDON), float(month.until + DAY))
    report = json.loads(report_forms.json_text(made(wish, config, store, lambda _d, _t: None)))
    store.close()

    recording = Recording()
    for number in range(len(month.cameras)):
        camera(recording, month, number)
    metrics = Metrics(inventory.devices(config), [], version="1")
    metrics.table(*table_of(report))
    exported(recording, metrics, month.until)
    page = dashboard("service")
    page["time"] = {"from": f"now-{(month.until - month.since) // HOUR}h", "to": "now"}
    with prometheus(module_peers, folder, recording, lookback=f"{STEP - 1}s") as url:
        yield Both(report, Source(url, month.until), page)


def camera(recording: Recording, month: Month, number: int) -> None:
    """The series of one camera, as the agent would have exported them every ten minutes."""
    one = month.cameras[number]
    who = {"device": one.id, "kind": "camera", "site": one.site}
    reach, stream, recorded, clock = (naive.samples(month, number, check) for check in naive.CHECKS)
    way = naive.counts(month, one)
    seconds = [at for at in range(0, len(way), STEP) if way[at]]

    def put(name: str, labels: dict[str, str], found: list[tuple[int, bool]]) -> None:
        points: Points = [(month.since + at, float(value)) for at, value in found]
        recording.add(f"healthmon_{name}", who | labels, points)

    def of(lane: bytearray) -> list[tuple[int, bool]]:
        return [(at, lane[at] != naive.FAULT) for at in seconds if lane[at] in KNOWN]

    put("device_maintenance", {}, [(at, way[at] == 2) for at in seconds])
    put("device_up", {}, of(reach))
    put("stream_up", {"stream": "main"}, of(stream))
    put("recording_active", {"recorder": "R1", "channel": one.id}, of(recorded))
    watched = [at for at in seconds if clock[at] != naive.NOT_WATCHED]
    put("clock_state", {"state": "unknown"}, [(at, clock[at] == naive.UNKNOWN) for at in watched])
    wrong = (naive.DEGRADED, naive.FAULT)
    put("clock_state", {"state": "drift"}, [(at, clock[at] in wrong) for at in watched])


def exported(recording: Recording, metrics: Metrics, at: float) -> None:
    """The figures of closed months, by the agent's own family."""
    families = [one for one in metrics.own_families() if one.name == "healthmon_month_ratio"]
    for sample in families[0].samples:
        recording.add(sample.name, sample.labels, [(at, sample.value)])


@pytest.mark.parametrize("figure", ["availability", "recording", "coverage"])
def test_the_table_of_months_has_the_figure_of_the_report(both: Both, figure: str) -> None:
    ref = "ABC"[["availability", "recording", "coverage"].index(figure)]
    name = "Months that are over, as in the monthly report"
    rows = both.source.answers(panel(both.page, name), both.page)[ref]["result"]
    found = {row["metric"]["month"]: 100 * float(row["value"][1]) for row in rows}
    assert set(found) == {"2026-09", "2026-10"}
    assert found["2026-10"] == pytest.approx(both.printed(figure), abs=MOST_APART / 100)


@pytest.mark.parametrize(
    ("tile", "key", "label"),
    [
        ("Cameras online", "availability", "Answers"),
        ("Pictures", "availability", "Delivers pictures"),
        ("Recorded", "recording", ""),
        ("Clocks right", "clocks", ""),
    ],
)
def test_a_sampled_tile_agrees_with_the_report(both: Both, tile: str, key: str, label: str) -> None:
    (row,) = both.shown(tile)
    value = both.printed(key, label)
    assert value < 99.9, "there is something to agree on"
    assert 100 * float(row["value"][1]) == pytest.approx(value, abs=MOST_APART)
