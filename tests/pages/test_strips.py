"""The state strips of a device's page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon_exporters.pages.strips import WIDTH, strips


def test_a_day_with_a_fault() -> None:
    found = strips(
        [
            ("Pictures", "ok", 0.0, 600.0),
            ("Pictures", "fault", 600.0, 700.0),
            ("Pictures", "ok", 700.0, None),
            ("Answers", "unknown", 0.0, None),
        ],
        100.0,
        1100.0,
    )
    assert [strip.check for strip in found] == ["Answers", "Pictures"]
    assert [(bar.state, bar.left, bar.width) for bar in found[1].bars] == [
        ("ok", 0, 500),
        ("fault", 500, 100),
        ("ok", 600, 400),
    ]
    assert found[1].share("fault") == pytest.approx(0.1)


def test_a_fault_shorter_than_a_pixel_is_drawn() -> None:
    day = 86400.0
    found = strips(
        [("a", "ok", 0.0, 10.0), ("a", "fault", 10.0, 12.0), ("a", "ok", 12.0, None)], 0.0, day
    )
    assert "fault" in {bar.state for bar in found[0].bars}


@given(
    st.lists(
        st.tuples(st.floats(0, 1000), st.floats(0, 1000), st.sampled_from(["ok", "fault", "x"])),
        max_size=30,
    )
)
def test_bars_stay_within_the_strip(times: list[tuple[float, float, str]]) -> None:
    segments = [("a", state, min(one, two), max(one, two)) for one, two, state in times]
    for strip in strips(segments, 100.0, 900.0):
        assert all(0 <= bar.left < WIDTH and bar.width >= 1 for bar in strip.bars)
        assert all(bar.left + bar.width <= WIDTH + 1 for bar in strip.bars)
