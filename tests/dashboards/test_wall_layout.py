"""The wall on a 1920x1080 screen: Grafana's grid of 24 columns and rows of 30 px with gaps
of 8 px. How large its letters are is measured in tests/field/test_grafana_screen.py.
"""

from __future__ import annotations

import pytest
from helpers.dashboard_files import dashboards

ROW, GAP = 30, 8
ROWS_OF_A_SCREEN = 27


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
