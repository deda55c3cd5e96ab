"""The rota of the walk, and what is left of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon.checks.function_check.walk import Outcome, Rota, Tick, Walk, by_camera, undo_of

DAY = 86400.0
WINDOW = (1000.0, 2000.0)
CAMERAS = tuple(f"C{number:03d}" for number in range(1, 151))


def tick(number: int, camera: str, outcome: Outcome = Outcome.WELL, by: str = "A. Smith") -> Tick:
    return Tick(camera, outcome, by, 1100.0 + number, 1, f"form{number}", id=number)


def test_150_cameras_in_a_week_of_one_check_a_day_are_22_looks() -> None:
    walk = Rota(7 * DAY, 1).walk(WINDOW, CAMERAS, {}, {})
    assert walk.due == CAMERAS[:22]
    assert Rota(7 * DAY, 2).share(150) == 11
    assert Rota(DAY, 0).share(150) == 150
    assert Rota(90 * DAY, 3).share(0) == 0


def test_those_come_first_that_nobody_has_seen_for_longest() -> None:
    seen = {"A": 300.0, "B": 100.0, "C": 200.0, "D": 100.0}
    walk = Rota(DAY, 2).walk(WINDOW, ("A", "B", "C", "D", "E"), seen, {})
    assert walk.due == ("E", "B", "D")
    assert walk.late == 0
    assert Rota(DAY, 2).walk((DAY + 250.0, 0.0), ("A", "B", "C"), seen, {}).late == 2


def test_a_camera_that_is_left_out_takes_nobodys_place_and_says_why() -> None:
    walk = Rota(2 * DAY, 1).walk(WINDOW, ("A", "B", "C", "D"), {}, {"A": "open fault F000007"})
    assert walk.due == ("B", "C")
    assert walk.left_out == {"A": "open fault F000007"}


@given(
    st.integers(1, 60),
    st.integers(1, 9),
    st.integers(0, 3),
    st.lists(st.sets(st.integers(0, 59), max_size=9), min_size=1, max_size=60),
)
def test_each_camera_is_seen_in_time_however_many_are_away(
    number: int, days: int, a_day: int, away: list[set[int]]
) -> None:
    """With whole walks, a camera that is not away is never late: away ones take nobody's place."""
    cameras = [f"C{one}" for one in range(number)]
    rota, checks = Rota(days * DAY, a_day), days * max(1, a_day)
    seen: dict[str, int] = {}
    there = dict.fromkeys(cameras, 0)  # for how many checks in a row it was there and not seen
    for turn in range(checks * 3):
        gone = {f"C{one}": "fault" for one in away[turn % len(away)] if one < number}
        due = rota.walk(WINDOW, cameras, seen, gone).due
        assert len(due) == len(set(due))
        for camera in cameras:
            there[camera] = 0 if camera in due or camera in gone else there[camera] + 1
            assert there[camera] < checks
        seen |= dict.fromkeys(due, turn)


def test_a_walk_goes_on_where_it_was_left_whoever_goes_on() -> None:
    walk = Walk(*WINDOW, DAY, ("A", "B", "C", "D"))
    ticks = [tick(1, "A"), tick(2, "B", Outcome.SKIPPED, "B. Jones")]
    assert walk.remaining(()) == walk.due
    assert walk.remaining(ticks) == ("C", "D")
    ticks.append(replace(undo_of(ticks[1], "B. Jones", 1200.0, "u"), id=3))
    assert walk.remaining(ticks) == ("B", "C", "D")
    assert set(by_camera(ticks)) == {"A"}
    ticks.append(tick(4, "A", Outcome.NOT_WELL))
    assert by_camera(ticks)["A"].outcome is Outcome.NOT_WELL


@pytest.mark.parametrize("until", [2000.0, float("inf")])
def test_a_walk_is_kept_as_it_was(until: float) -> None:
    walk = Walk(1000.0, until, DAY, ("A",), {"B": "in store"}, 3)
    assert Walk.of_json(walk.as_json()) == walk
    assert walk.counts(1000.0)
    assert not walk.counts(999.0)
    assert walk.counts(2000.0) == (until > 2000.0)
