"""Each page in each situation, by Grafana's own libraries of both ends of the tested range: the very
words and colours.

Well, planted faults, a storm of 40, a fresh start, the agent dead, Prometheus dead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from helpers import estate_situations, grafana_pages
from helpers.estate_situations import source
from helpers.grafana_pages import (
    AMBER,
    BLUE,
    GREY,
    NEWEST,
    OLDEST,
    VERMILION,
    Answers,
    Grafana,
    Source,
    dashboard,
    name_of,
    panel,
    panels,
)
from helpers.support import Peers, free_port

pytestmark = [pytest.mark.peer, pytest.mark.long(60)]
# Those of one library stand together: to load the other one takes longer than a test.
LIBRARIES = pytest.mark.parametrize("library", [NEWEST, OLDEST], scope="module")
NO_DATA = [("NO DATA", GREY)]
NONE, ONE = [("0", BLUE)], [("1", VERMILION)]
Tiles = list[tuple[str, str]]


def numbered(first: int, last: int, colour: str, mark: str = "") -> Tiles:
    return [(f"{mark}C{n}", colour) for n in range(first, last + 1)]


WALL: dict[str, dict[str, Tiles]] = {
    "well": {
        "Cameras at fault": NONE,
        "Not recorded": NONE,
        "Clock wrong": NONE,
        "On battery": NONE,
        "Not checked": NONE,
        "As of (must move)": [("HH:MM", BLUE)],
        "Faults": [("NO FAULTS", BLUE)],
        "Faults 4 to 6": [("no more faults", BLUE)],
        "Every camera": numbered(1, 12, BLUE),
        "UPS": [("UPS1 normal", BLUE)],
        "Battery time": [("41 min", BLUE)],
        "Recorders and links": [("R1", BLUE), ("S1", BLUE)],
        "Last check": NO_DATA,
        "Signed by": NO_DATA,
        "More faults": NONE,
    },
    "verdicts": {
        "Cameras at fault": [("2", VERMILION)],
        "On battery": ONE,
        "Not checked": NONE,
        "Faults": [
            ("UPS1 Control room", VERMILION),
            ("R1 Recorder 1", VERMILION),
            ("C1 Camera 1", VERMILION),
        ],
        "Faults 4 to 6": [("C3 Camera 3", VERMILION)],
        "Every camera": [("!\u00a0C1", VERMILION), ("!\u00a0C3", VERMILION), ("~\u00a0C2", AMBER)],
        "UPS": [("!\u00a0UPS1 battery", VERMILION)],
        "Recorders and links": [("!\u00a0R1", VERMILION), ("?\u00a0R2", GREY), ("S1", BLUE)],
        "More faults": NONE,
    },
    "storm": {
        "Cameras at fault": [("40", VERMILION)],
        "On battery": ONE,
        "Faults": [
            ("UPS1 Control room", VERMILION),
            ("C1 Camera 1", VERMILION),
            ("C2 Camera 2", VERMILION),
        ],
        "Every camera": [("!\u00a010/15", VERMILION)] * 4,
        "More faults": [("35", VERMILION)],
    },
    "starting": {
        "Cameras at fault": [("3", VERMILION)],
        "Not recorded": NO_DATA,
        "Not checked": [("101", AMBER)],
        "Faults": [("STARTING: 19 of 120 CHECKED", GREY)],
        "Faults 4 to 6": [("no more faults, 101 NOT CHECKED", GREY)],
        "Every camera": [("!\u00a01/30", VERMILION)] * 3 + [("?\u00a026/30", GREY)],
        "UPS": NO_DATA,
        "Battery time": NO_DATA,
        "More faults": NO_DATA,
    },
}
OPERATIONS = {
    "well": {
        "Devices at fault": NONE,
        "Devices with a warning": NONE,
        "Not checked": NONE,
        "In maintenance": NONE,
        "Own network": [("OK", BLUE)],
    },
    "verdicts": {
        "Devices at fault": [("4", VERMILION)],
        "Devices with a warning": [("1", AMBER)],
        "Not checked": [("1", AMBER)],
    },
    "storm": {"Devices at fault": [("41", VERMILION)], "Not checked": NONE},
    "starting": {"Devices at fault": NO_DATA, "Not checked": [("101", AMBER)]},
}
AGENT = {
    "well": {
        "Answers Prometheus": [("OK", BLUE)],
        "Own network": [("OK", BLUE)],
        "True time": [("OK", BLUE)],
        "History": [("OK", BLUE)],
        "Record as written": [("OK", BLUE)],
        "Last verified": [("1 h", BLUE)],
        "Entries of the audit chain": [("1234", BLUE)],
        "Age of the backup": [("2 h", BLUE)],
        "Duties overdue": NONE,
        "Duties due soon": [("1", AMBER)],
        "Old records searched for": [("3 h", BLUE)],
    },
    "verdicts": {
        "Record as written": [("FAULT", VERMILION)],
        "Last verified": [("48 h", AMBER)],
        "Age of the backup": [("48 h", AMBER)],
        "Duties overdue": [("1", AMBER)],
        "Old records searched for": [("15 h", AMBER)],
    },
    "agent dead": {
        "Answers Prometheus": [("FAULT", VERMILION)],
        "Own network": NO_DATA,
        "Record as written": NO_DATA,
        "Last verified": NO_DATA,
        "Age of the backup": NO_DATA,
        "Duties overdue": NO_DATA,
    },
}
PAGES = {"wall": WALL, "operations": OPERATIONS, "agent": AGENT}
SHOWN = [
    (page, situation, name)
    for page, situations in PAGES.items()
    for situation, rows in situations.items()
    for name in rows
]


@pytest.fixture(scope="module")
def recorded(module_peers: Peers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with estate_situations.recorded(module_peers, tmp_path_factory.mktemp("recorded")) as url:
        yield url


@pytest.fixture(scope="module")
def grafana(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grafana]:
    with grafana_pages.grafana(tmp_path_factory.mktemp("grafana")) as made:
        yield made


def read(tiles: Any) -> Tiles:
    """Text and colour of each tile; a time of day is HH:MM."""
    return [(re.sub(r"^\d\d:\d\d$", "HH:MM", tile["text"]), tile["color"]) for tile in tiles]


@LIBRARIES
@pytest.mark.parametrize(("page", "situation", "name"), SHOWN, ids=map("-".join, SHOWN))
def test_a_panel_shows_these_words_in_these_colours(
    grafana, recorded, page, situation, name, library
):
    tree = dashboard(page)
    one = panel(tree, name)
    tiles = grafana.show(one, source(recorded, situation).answers(one, tree), library)
    expected = PAGES[page][situation][name]
    if len({colour for _, colour in expected}) == 1 and len(expected) > 3:
        assert sorted(read(tiles)) == sorted(expected), "equals stand in any order"
    else:
        assert read(tiles) == expected


BLIND = ("wall", "operations", "device", "agent")
# What Prometheus says of the target itself.
OF_THE_TARGET = {"Answers Prometheus", "Scrape", "Version"}


@LIBRARIES
@pytest.mark.parametrize("page", BLIND)
def test_when_the_agent_is_dead_nothing_is_calm(grafana, recorded, page, library):
    assert calm(grafana, source(recorded, "agent dead"), page, library) == {}


@LIBRARIES
@pytest.mark.parametrize("page", [*BLIND, "service"])
def test_when_prometheus_is_dead_nothing_is_calm(grafana, page, library):
    dead = Source(f"http://127.0.0.1:{free_port()}", estate_situations.T)
    assert calm(grafana, dead, page, library) == {}


def calm(grafana: Grafana, prometheus: Source, page: str, library: str) -> dict[str, Any]:
    """The panels that show anything but grey NO DATA, or their own words for nothing."""
    tree = dashboard(page)
    jobs = [
        (one, prometheus.answers(one, tree))
        for one in panels(tree, hidden=True)
        if one["type"] not in ("row", "text") and name_of(one) not in OF_THE_TARGET
    ]
    found = {}
    for (one, answers), made in zip(jobs, grafana.show_all(jobs, library), strict=True):
        tiles = one["type"] in ("stat", "bargauge")
        if tiles and read(made) != NO_DATA:
            found[name_of(one)] = read(made)
        elif not tiles and isinstance(made, dict) and made["rows"]:
            found[name_of(one)] = made["rows"]
        elif not tiles and not isinstance(made, dict) and made and recent(answers, prometheus.at):
            found[name_of(one)] = made
    return found


def recent(answers: Answers, now: float) -> bool:
    """Whether a line over time goes on until now; what was before the end may be shown."""
    rows = [row for answer in answers.values() for row in answer.get("result", [])]
    return any(row["values"][-1][0] > now - 45 for row in rows)


@LIBRARIES
def test_the_state_of_a_device_over_time_has_its_words(grafana, recorded, library):
    tree = dashboard("device")
    one = panel(tree, "State over time")
    answers = source(recorded, "verdicts").answers(one, tree, "R1")
    rows = {row["name"]: row["states"][-1] for row in grafana.show(one, answers, library)}
    assert (rows["the device"]["text"], rows["the device"]["color"]) == ("FAULT", VERMILION)
    assert (rows["recorder"]["text"], rows["recorder"]["color"]) == ("FAULT", VERMILION)
    assert (rows["clock"]["text"], rows["clock"]["color"]) == ("OK", BLUE)
    assert set(rows) == {"the device", "answers", "clock", "recorder"}, "only its own checks"


@LIBRARIES
def test_the_table_of_faults_has_its_words(grafana, recorded, library):
    tree = dashboard("operations")
    one = panel(tree, "Faults now")
    table = grafana.show(one, source(recorded, "verdicts").answers(one, tree), library)
    at = {heading: n for n, heading in enumerate(table["heads"])}
    read_rows = [
        [
            row[at[name]]["text"]
            for name in ("Priority", "State", "Fault", "Device", "What is wrong")
        ]
        for row in table["rows"]
    ]
    assert read_rows == [
        ["P1", "FAULT", "F3", "UPS1", "On battery"],
        ["P1", "FAULT", "F2", "R1", "Disk failed"],
        ["P2", "FAULT", "F1", "C1", "Another device answers"],
        ["P3", "FAULT", "F4", "C3", "No pictures"],
        ["P3", "WARNING", "F5", "C2", "Footage too short"],
    ]
    colours = [row[at["State"]]["color"] for row in table["rows"]]
    assert colours == [VERMILION] * 4 + [AMBER]


@LIBRARIES
def test_the_table_of_contracts_has_what_is_overdue_first(grafana, recorded, library):
    tree = dashboard("service")
    one = panel(tree, "Promises on open faults")
    table = grafana.show(one, source(recorded, "verdicts").answers(one, tree), library)
    assert table["heads"] == [
        "Contractor, priority, promise",
        "Overdue",
        "Kept too late",
        "Running",
        "Paused",
        "Kept in time",
        "Least hours left",
    ]
    assert [[cell["text"] for cell in row] for row in table["rows"]] == [
        ["acme, P1, response", "1", "0", "3", "0", "0", "-0.5"],
        ["acme, P2, fix", "0", "0", "0", "3", "1", "1.5"],
    ]
    assert [row[1]["color"] for row in table["rows"]] == [VERMILION, BLUE]


@LIBRARIES
@pytest.mark.parametrize(
    ("situation", "stands"), [("well", ("DUE SOON", AMBER)), ("verdicts", ("OVERDUE", AMBER))]
)
def test_the_table_of_duties_says_how_each_stands(grafana, recorded, library, situation, stands):
    tree = dashboard("agent")
    one = panel(tree, "Duties")
    table = grafana.show(one, source(recorded, situation).answers(one, tree), library)
    assert table["heads"] == ["Duty", "Stands", "Due"]
    assert [
        (row[0]["text"], row[1]["text"], row[1]["color"], bool(row[2]["text"]))
        for row in table["rows"]
    ] == [("Duty ups_service", *stands, True), ("Duty dpia", "done", BLUE, True)]


@LIBRARIES
def test_the_table_of_retention_has_the_period_of_each_group(grafana, recorded, library):
    tree = dashboard("agent")
    one = panel(tree, "How long the record is kept")
    table = grafana.show(one, source(recorded, "well").answers(one, tree), library)
    assert table["heads"] == ["Records", "Kept for", "Deleted"]
    assert sorted([cell["text"] for cell in row] for row in table["rows"]) == [
        ["entries of the audit chain, with logins and changes of users", "400 days", "0"],
        ["faults that have ended, with what people did about them", "800 days", "0"],
    ]
