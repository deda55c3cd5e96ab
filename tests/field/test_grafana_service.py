"""Field findings E9 and E10, and every figure of the service page, on a month that was written into
Prometheus: each equals what the events of the month give by another way (helpers/month.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from helpers import grafana_pages, month
from helpers.grafana_pages import NEWEST, OLDEST, Grafana, Source, dashboard, panel
from helpers.metric_pages import prometheus
from helpers.product import only
from helpers.support import Peers

pytestmark = [pytest.mark.peer, pytest.mark.long]


@pytest.fixture(scope="module")
def source(module_peers: Peers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    folder = tmp_path_factory.mktemp("month")
    # A sample counts for its own minute: what has ended is not seen five minutes longer.
    with prometheus(module_peers, folder, month.recording(), lookback="59s") as url:
        yield Source(url, month.END + 5)


@pytest.fixture(scope="module")
def grafana(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grafana]:
    with grafana_pages.grafana(tmp_path_factory.mktemp("grafana")) as made:
        yield made


@pytest.fixture(params=[NEWEST, OLDEST], scope="module")
def shown(request: pytest.FixtureRequest, grafana: Grafana, source: Source) -> Any:
    """What a panel of the service page shows."""

    def of(name: str, page: str = "service") -> Any:
        tree = dashboard(page)
        one = panel(tree, name)
        return grafana.show(one, source.answers(one, tree), request.param)

    return of


def percent(value: float) -> str:
    return f"{value * 100:.2f}%"


def test_ff_e9_only_the_agent_counts_as_the_monitor(shown):
    """Prometheus' own target is always up, and Alertmanager was down."""
    assert [tile["text"] for tile in shown("Monitoring worked")] == [percent(month.monitored())]
    assert percent(month.monitored()) == "96.67%"


def test_ff_e9_the_agent_page_is_well_while_only_alertmanager_is_down(shown):
    tile = only(shown("Answers Prometheus", "agent"))
    assert tile["text"] == "OK"


def test_ff_e10_a_camera_that_is_dead_gives_no_pictures(shown):
    tile = only(shown("Pictures"))
    assert tile["text"] == percent(month.together(month.pictures))
    assert month.share(month.pictures)["C1"] < 0.9


def test_ff_e10_what_is_recorded_is_that_of_the_events(shown):
    tile = only(shown("Recorded"))
    assert tile["text"] == percent(month.together(month.recorded))


@pytest.mark.parametrize(
    ("name", "value"),
    [("Cameras online", month.online), ("Clocks right", month.clock_right)],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_beside_e10_each_share_is_that_of_the_events(shown, name, value):
    tile = only(shown(name))
    assert tile["text"] == percent(month.together(value))


def test_service_the_worst_devices_and_the_sites(shown):
    worst = {tile["title"]: tile["text"] for tile in shown("The ten worst devices")}
    assert worst == {camera: percent(one) for camera, one in month.share(month.online).items()}
    sites = {tile["title"]: tile["text"] for tile in shown("By site")}
    assert sites == {site: percent(one) for site, one in month.by_site().items()}


def test_service_faults_and_their_repair(shown):
    assert [tile["text"] for tile in shown("Faults")] == [str(len(month.told()))]
    tile = only(shown("Mean time to repair"))
    assert tile["text"] == f"{month.repair_hours():.1f} h"


WORDS = {
    "unreachable": "No answer",
    "no_pictures": "No pictures",
    "not_recording": "Not recorded",
    "clock_zone": "Wrong time zone",
}


def test_service_causes_by_number_and_hours(shown):
    table = shown("By cause")
    assert table["heads"] == ["What was wrong", "Faults", "Hours together"]
    rows = {row[0]["text"]: (row[1]["text"], row[2]["text"]) for row in table["rows"]}
    expected = {WORDS[code]: (str(n), f"{h:.1f}") for code, (n, h) in month.by_cause().items()}
    assert rows == expected
    numbers = [int(row[1]["text"]) for row in table["rows"]]
    assert numbers == sorted(numbers, reverse=True)


def test_service_what_was_at_fault_again_and_again(shown):
    rows = {row[0]["text"]: int(row[2]["text"]) for row in shown("Again and again")["rows"]}
    assert rows == month.again()


def test_service_evidence(shown):
    short = [camera for camera in month.CAMERAS if camera.kept_days < 31]
    long = [camera for camera in month.CAMERAS if camera.kept_days > 32]
    assert [tile["text"] for tile in shown("Kept too short")] == [str(len(short))]
    assert [tile["text"] for tile in shown("Kept too long")] == [str(len(long))]
    worst = max(abs(camera.offset) for camera in month.CAMERAS)
    assert [tile["text"] for tile in shown("Worst clock")] == [f"{worst:.1f} s"]
    tile = only(shown("Shortest battery time"))
    assert tile["text"] == f"{month.BATTERY_MINUTES:.0f} min", "a dip between two half hours"
    bars = {tile["title"]: tile["text"] for tile in shown("Recording complete")}
    assert bars == {camera.id: percent(camera.complete) for camera in month.CAMERAS}


def test_service_lines_over_time_end_where_the_month_ends(shown):
    lines = {line["name"]: line["last"]["text"] for line in shown("Cameras that answer")}
    assert lines == {"answer": "100%", "give pictures": "100%"}
    clocks = {line["name"]: line["last"]["text"] for line in shown("Clocks outside")}
    assert clocks == {"wrong": "0", "not known": "0"}
    zones = {line["name"]: line["last"]["text"] for line in shown("Zones without")}
    assert zones == {"blind zones": "1"}
