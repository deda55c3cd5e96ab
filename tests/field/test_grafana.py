"""Field findings E4 and E6 to E17: the dashboards, evaluated by Grafana's own libraries in Chromium
over what Prometheus has recorded of an estate.

``HEALTHMON_DASHBOARDS`` names the folder of another build (its ``dashboards``).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest
from helpers import estate_situations, grafana_pages
from helpers.estate_situations import SITUATIONS, T, source
from helpers.grafana_pages import (
    AMBER,
    BLUE,
    FOLDER,
    GREY,
    NEWEST,
    OLDEST,
    VERMILION,
    Grafana,
    dashboard,
    name_of,
    panel,
    panels,
)
from helpers.product import only
from helpers.support import Peers

pytestmark = [pytest.mark.peer, pytest.mark.long]
# Those of one library stand together: to load the other one takes longer than a test.
LIBRARIES = pytest.mark.parametrize("library", [NEWEST, OLDEST], scope="module")


@pytest.fixture(scope="module")
def recorded(module_peers: Peers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with estate_situations.recorded(module_peers, tmp_path_factory.mktemp("recorded")) as url:
        yield url


@pytest.fixture(scope="module")
def grafana(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grafana]:
    with grafana_pages.grafana(tmp_path_factory.mktemp("grafana")) as made:
        yield made


def shown(
    grafana: Grafana,
    url: str,
    situation: str,
    page: str,
    name: str,
    library: str = NEWEST,
    **more: str,
) -> Any:
    tree = dashboard(page)
    one = panel(tree, name)
    return grafana.show(one, source(url, situation).answers(one, tree, **more), library)


def column(table: dict[str, Any], device: str, heading: str) -> dict[str, Any]:
    """The cell of a device in a table."""
    at = table["heads"].index("Device")
    row = next(one for one in table["rows"] if one[at]["text"] == device)
    return dict(row[table["heads"].index(heading)])


# ------------------------------------------------------------------------------------------------- E4


@LIBRARIES
def test_ff_e4_the_wall_says_as_of_when_and_the_time_moves(grafana, recorded, library):
    """A screen that stands still shows a time that does not move."""
    tree = dashboard("wall")
    times = []
    for situation in ("well", "later"):
        jobs = [(one, source(recorded, situation).answers(one, tree)) for one in panels(tree)]
        texts = [tile for made in grafana.show_all(jobs, library) for tile in made or []]
        clock = [tile for tile in texts if re.fullmatch(r"\d\d:\d\d", tile["text"])]
        assert clock, "no HH:MM on the wall"
        assert "as of" in clock[0]["title"].lower()
        times.append(clock[0]["text"])
    assert times[0] != times[1]


def test_ff_e4_results_that_stand_still_are_told_in_the_colour_of_a_fault(grafana, recorded):
    """Prometheus answers and the agent too, but no check has run for some minutes."""
    tree = dashboard("wall")
    jobs = [(one, source(recorded, "agent hung").answers(one, tree)) for one in panels(tree)]
    tiles = [tile for made in grafana.show_all(jobs) for tile in made or []]
    stopped = [tile for tile in tiles if re.fullmatch(r"\d\d:\d\d", tile["text"])]
    assert [(tile["title"], tile["color"]) for tile in stopped] == [("STANDS STILL", VERMILION)]


def test_ff_e4_the_screen_is_reloaded_by_a_timer_and_the_wall_of_the_agent_is_recommended():
    said = " ".join((FOLDER / "README.md").read_text().split())
    assert re.search(r"cannot know|cannot tell", said), "what a page in a browser cannot know"
    assert re.search(r"/wall`? (of|by|from) the agent|agent's `?/wall", said)
    units = [path.read_text() for path in FOLDER.rglob("*.service")]
    assert any("RuntimeMaxSec=" in unit and "healthmon-wall" in unit for unit in units)


# ------------------------------------------------------------------------------------------------- E6

DEVICE_TIMELINES = ("State over time", "Where the power comes from", "Disks of the recorder")


@LIBRARIES
@pytest.mark.parametrize("name", DEVICE_TIMELINES)
def test_ff_e6_a_state_over_time_shows_its_words_and_colours(grafana, name, library):
    """Every value that has a word is given; each is shown by that word, none by a range."""
    one = panel(dashboard("device"), name)
    known = {
        float(value): (word["text"], word["color"])
        for mapping in one["fieldConfig"]["defaults"]["mappings"]
        for value, word in mapping["options"].items()
    }
    assert len(known) >= 4
    values = [[T + n * 60, str(value)] for n, value in enumerate(known)]
    rows = {"result": [{"metric": {"device": "D1", "disk": "1"}, "values": values}]}
    answers = {target["refId"]: {"result": []} for target in one["targets"]} | {"A": rows}
    row = only(grafana.show(one, answers, library))
    assert [(state["text"], state["color"]) for state in row["states"]] == list(known.values())


def test_ff_e6_no_timeline_of_any_page_merges_by_thresholds():
    found = [
        name_of(one)
        for page in ("operations", "device", "service", "agent")
        for one in panels(dashboard(page), hidden=True)
        if one["type"] == "state-timeline"
        and one["fieldConfig"]["defaults"]["color"]["mode"] == "thresholds"
    ]
    assert found == []


# ------------------------------------------------------------------------------------------------- E7

AT_FAULT = {
    ("C1", "Identity"): ("FAULT", VERMILION),
    ("C2", "Recorded"): ("WARNING", AMBER),
    ("C3", "Pictures"): ("FAULT", VERMILION),
    ("R1", "Recorder"): ("FAULT", VERMILION),
    ("R2", "Recorder"): ("NO DATA", GREY),
    ("UPS1", "Power"): ("FAULT", VERMILION),
    ("C1", "Pictures"): ("OK", BLUE),
}
WELL_BESIDE = ("C3", "Identity")
OLD_HEADING = {"Power": "UPS"}


@LIBRARIES
@pytest.mark.parametrize("cell", AT_FAULT, ids=" ".join)
def test_ff_e7_a_column_shows_the_verdict_not_whether_it_was_answered(
    grafana, recorded, cell, library
):
    found = verdict_in(grafana, recorded, cell, library)
    assert (found["text"], found["color"]) == AT_FAULT[cell]


def test_beside_e7_a_column_that_was_right(grafana, recorded):
    found = verdict_in(grafana, recorded, WELL_BESIDE, NEWEST)
    assert (found["text"], found["color"]) == ("OK", BLUE)


def verdict_in(
    grafana: Grafana, recorded: str, cell: tuple[str, str], library: str
) -> dict[str, Any]:
    """The cell of a device and a column of the table."""
    table = shown(grafana, recorded, "verdicts", "operations", "Every device", library)
    device, heading = cell
    if heading not in table["heads"]:
        heading = OLD_HEADING.get(heading, heading)
    assert heading in table["heads"], f"no column shows the check at fault: {table['heads']}"
    return column(table, device, heading)


# ------------------------------------------------------------------------------------------------- E8


@LIBRARIES
@pytest.mark.parametrize("situation", ["verdicts", "storm"])
def test_ff_e8_faults_stand_by_priority_then_by_time(grafana, recorded, situation, library):
    table = shown(grafana, recorded, situation, "operations", "Faults now", library)
    at = table["heads"].index("Priority")
    order = [row[at]["text"] for row in table["rows"]]
    assert order == sorted(order)
    assert order[0] == "P1"
    made = SITUATIONS[situation]()
    ages = {fault.device.id: fault.age for fault in made.faults}
    who = table["heads"].index("Device")
    for _, rows in itertools.groupby(table["rows"], key=lambda row: row[at]["text"]):
        times = [ages[row[who]["text"]] for row in rows]
        assert times == sorted(times), "the newest first"


# ------------------------------------------------------------------------------------------------ E11


def test_ff_e11_one_long_name_makes_no_other_small(grafana, recorded):
    texts = grafana.draw(dashboard("wall"), source(recorded, "long name"))
    names = [text for text in texts if re.match(r"C[456]\b.*", text["text"])]
    names = [text for text in names if text["panel"].startswith("Faults")]
    assert len(names) == 3
    assert all(text["size"] >= 50 and text["lines"] == 1 for text in names), names
    assert not [text["text"] for text in names if text["cut"]]


def test_ff_e11_numbers_and_their_captions_are_read_from_five_metres(grafana, recorded):
    texts = grafana.draw(dashboard("wall"), source(recorded, "verdicts"))
    captions = ("Cameras at fault", "Not recorded", "Clock wrong", "On battery", "Not checked")
    for caption in captions:
        sizes = [text["size"] for text in texts if text["text"] == caption]
        assert sizes, caption
        assert max(sizes) >= 28, f"{caption}: {sizes}"
    numbers = [text for text in texts if re.fullmatch(r"\d+", text["text"])]
    assert len(numbers) >= 5
    assert min(text["size"] for text in numbers) >= 50


@pytest.mark.parametrize("situation", ["verdicts", "storm", "600", "starting"])
def test_beside_e11_nothing_on_the_wall_is_cut(grafana, recorded, situation):
    texts = grafana.draw(dashboard("wall"), source(recorded, situation))
    assert [text["text"] for text in texts if text["cut"]] == []


@pytest.mark.parametrize("situation", ["marked", "storm", "600"])
def test_ff_e11_the_tiles_of_cameras_are_read_from_five_metres(grafana, recorded, situation):
    """Where there are too many cameras they are shown by site."""
    texts = grafana.draw(dashboard("wall"), source(recorded, situation))
    tiles = [t for t in texts if t["panel"].startswith("Every camera") and not t["header"]]
    assert 4 <= len(tiles) <= 60
    assert [tile["text"] for tile in tiles if tile["lines"] > 1 or tile["cut"]] == []
    assert min(tile["size"] for tile in tiles) >= 28, min(tile["size"] for tile in tiles)


def test_ff_e11_600_cameras_are_shown_by_site_the_worst_first(grafana, recorded):
    tiles = shown(grafana, recorded, "600", "wall", "Every camera")
    assert len(tiles) < 60
    assert re.search(r"site\d+ !\s1/30$", f"{tiles[0]['title']} {tiles[0]['text']}"), tiles[0]
    assert [tile["color"] for tile in tiles[:8]] == [VERMILION] * 7 + [BLUE]


# ------------------------------------------------------------------------------------------------ E12


def test_ff_e12_the_mark_stands_on_the_line_of_its_name(grafana, recorded):
    texts = grafana.draw(dashboard("wall"), source(recorded, "marked"))
    tiles = [text for text in texts if re.match(r"[!?~]\s", text["text"])]
    assert len(tiles) == 18
    assert [tile["text"] for tile in tiles if tile["text"][1] != "\u00a0"] == []
    assert [tile["text"] for tile in tiles if tile["lines"] > 1] == []


# ------------------------------------------------------------------------------------------------ E13


@pytest.mark.parametrize("device", ["S1", "UPS1", "R1", "C1"])
def test_ff_e13_the_page_of_a_device_opens_without_panels_that_do_not_concern_it(
    grafana, recorded, device
):
    tree = dashboard("device")
    jobs = [
        (one, source(recorded, "well").answers(one, tree, device))
        for one in panels(tree)
        if one["type"] not in ("row", "text")
    ]
    empty = [
        name_of(one)
        for (one, _), made in zip(jobs, grafana.show_all(jobs), strict=True)
        if nothing(made) and one["fieldConfig"]["defaults"]["noValue"] == "NO DATA"
    ]
    assert empty == []


def nothing(made: Any) -> bool:
    if isinstance(made, dict):
        return not made["rows"]
    return not made or all(tile.get("text") == "NO DATA" for tile in made)


def test_ff_e13_the_rows_of_the_page_say_for_which_kind_they_are():
    rows = [one for one in panels(dashboard("device")) if one["type"] == "row"]
    closed = [one["title"] for one in rows if one["collapsed"]]
    for kind in ("Camera", "Recorder", "UPS", "Switch"):
        assert any(kind in title for title in closed), kind


# ------------------------------------------------------------------------------------------------ E16


def test_ff_e16_times_are_of_24_hours_and_spans_are_plain(grafana):
    """Nothing in weeks, in AM and PM, or as 3.2 day."""
    bad = ("dateTimeAsLocal", "dateTimeAsUS", "d", "dtdurations")
    for page in ("wall", "operations", "device", "service", "agent"):
        for one in panels(dashboard(page), hidden=True):
            config = one.get("fieldConfig", {"defaults": {}, "overrides": []})
            units = [config["defaults"].get("unit", "")]
            units += [
                prop["value"]
                for rule in config["overrides"]
                for prop in rule["properties"]
                if prop["id"] == "unit"
            ]
            assert not [unit for unit in units if unit.startswith(bad[:2]) or unit in bad], (
                f"{page}: {name_of(one)}: {units}"
            )


FOOTAGE = {"metric": {"recorder": "R1", "channel": "1"}, "values": [[T, "30"]]}


@LIBRARIES
def test_ff_e16_footage_is_told_in_days(grafana, library):
    one = panel(dashboard("device"), "Footage kept")
    scale = 1 if "86400" in one["targets"][0]["expr"] else 86400
    row = {**FOOTAGE, "values": [[T, str(30 * scale)]]}
    line = only(grafana.show(one, {"A": {"result": [row]}}, library))
    assert re.fullmatch(r"30(\.0)? days", line["last"]["text"]), line


def test_ff_e16_a_share_has_its_whole_as_the_end_of_the_scale():
    """A flat zero without one is drawn on a scale up to 10000 %."""
    for page in ("operations", "device", "service", "agent"):
        for one in panels(dashboard(page), hidden=True):
            defaults = one.get("fieldConfig", {}).get("defaults", {})
            if one["type"] != "timeseries" or defaults["unit"] != "percentunit":
                continue
            if name_of(one) != "CPU":
                assert (defaults.get("min"), defaults.get("max")) == (0, 1), name_of(one)


def test_ff_e16_no_heading_of_a_table_is_cut():
    """A letter of a heading takes eight pixels, and the edges and the filter forty."""
    for page in ("operations", "device", "service", "agent"):
        for one in panels(dashboard(page), hidden=True):
            if one["type"] != "table":
                continue
            for rule in one["fieldConfig"]["overrides"]:
                heading = rule["matcher"]["options"]
                widths = [p["value"] for p in rule["properties"] if p["id"] == "custom.width"]
                assert not widths or widths[0] >= 8 * len(heading) + 40, f"{page}: {heading}"


# ------------------------------------------------------------------------------------------------ E17


@LIBRARIES
def test_ff_e17_the_wall_says_what_is_wrong_and_since_when(grafana, recorded, library):
    tiles = shown(grafana, recorded, "verdicts", "wall", "Faults", library)
    read = [f"{tile['title']} {tile['text']}" for tile in tiles]
    assert re.search(r"Disk failed since \w{3} \d+ Aug \d\d:30 R1 Recorder 1", read[1]), read
    assert re.search(r"On battery since \w{3} \d+ Aug \d\d:00 UPS1 Control room", read[0]), read


@LIBRARIES
def test_ff_e17_a_fresh_start_says_how_far_it_is(grafana, recorded, library):
    tile = only(shown(grafana, recorded, "starting", "wall", "Faults", library))
    assert (tile["text"], tile["color"]) == ("STARTING: 19 of 120 CHECKED", GREY)
