"""The wall on a 1920x1080 screen: Grafana's grid of 24 columns and rows of 30 px with gaps of 8 px."""

from __future__ import annotations

import itertools

import pytest
from dashboard_files import dashboards

ROW, GAP, HEADER, PADDING = 30, 8, 32, 8
ROWS_OF_A_SCREEN = 27
LINE_HEIGHT, TILE_GAP = 1.2, 3


def wall_panels():
    return dashboards()["healthmon-wall"]["panels"]


@pytest.mark.parametrize("uid", sorted(dashboards()))
def test_panels_stand_inside_the_grid_and_nowhere_on_each_other(uid):
    places = [panel["gridPos"] for panel in dashboards()[uid]["panels"]]
    taken = [
        (x, y)
        for p in places
        for x in range(p["x"], p["x"] + p["w"])
        for y in range(p["y"], p["y"] + p["h"])
    ]
    assert len(taken) == len(set(taken))
    assert all(p["x"] >= 0 and p["x"] + p["w"] <= 24 for p in places)


def test_the_wall_fills_one_screen_without_scrolling():
    places = [panel["gridPos"] for panel in wall_panels()]
    assert max(p["y"] + p["h"] for p in places) == ROWS_OF_A_SCREEN
    assert sum(p["w"] * p["h"] for p in places) == 24 * ROWS_OF_A_SCREEN
    assert ROWS_OF_A_SCREEN * (ROW + GAP) + 2 * 16 <= 1080


def letters(panel, tiles: int) -> float:
    """Font size in px that a stat panel gives to `tiles` stacked texts that are not too wide (Grafana's BigValue)."""
    height = panel["gridPos"]["h"] * (ROW + GAP) - GAP - HEADER - 2 * PADDING
    tile = (height - TILE_GAP * (tiles - 1)) / tiles
    return (tile - 2 * (12 if tile > 100 else 8)) / LINE_HEIGHT


def test_names_of_faults_are_read_from_five_metres():
    """16 minutes of arc at 5 m are 23 mm: on a 55-inch screen 37 px of capital height, a font of 52 px."""
    for panel in [p for p in wall_panels() if p["title"].startswith("Faults")]:
        assert panel["options"]["reduceOptions"]["limit"] == 4
        assert letters(panel, 4) >= 51
        width = panel["gridPos"]["w"] / 24 * 1888 - 2 * PADDING
        assert width / (52 * 0.55) >= 25, "room for 25 letters"


def test_big_numbers_are_readable():
    numbers = list(itertools.islice(wall_panels(), 5))
    assert [panel["title"] for panel in numbers] == [
        "Cameras at fault",
        "Not recorded",
        "Clock wrong",
        "On battery",
        "Not checked",
    ]
    assert all(letters(panel, 1) > 60 for panel in numbers)


def test_the_tile_panel_takes_600_cameras():
    tiles = next(panel for panel in wall_panels() if panel["title"].startswith("Every camera"))
    assert tiles["options"]["reduceOptions"]["limit"] >= 600
    assert tiles["targets"][0]["expr"].startswith("sort_desc(")
