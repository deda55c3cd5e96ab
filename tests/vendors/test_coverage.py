"""A channel's footage kept between looks: seams, gaps, clocks that change and are set back."""

from __future__ import annotations

import itertools
from datetime import datetime
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from healthmon.vendors.clocks import placed
from healthmon.vendors.coverage import DAY, HOUR, WEEK, Span, Timeline, gaps, merged

LONDON = ZoneInfo("Europe/London")
NOW = 1_795_500_000.0


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def hours(start: float, count: int) -> list[Span]:
    return [(start + n * HOUR, start + (n + 1) * HOUR) for n in range(count)]


def test_files_that_follow_each_other_are_one_stretch() -> None:
    assert merged([(20, 30), (0, 10), (13, 19), (40, 35), (9, 12)]) == ((0, 30),)
    assert merged([(0, 10), (16, 20)]) == ((0, 10), (16, 20))
    assert gaps([(0, 10), (70, 80)], 0) == ((10, 70),)
    assert gaps([(50, 80)], 0) == ((0, 50),)
    assert gaps([], 0) == ()


def test_the_hour_that_comes_twice_is_no_gap_and_the_one_that_is_missing_neither() -> None:
    autumn, spring = at("2026-10-25T00:00:00Z"), at("2026-03-29T00:00:00Z")
    for start in (autumn, spring):
        files = hours(start - 6 * HOUR, 12)
        local = [
            tuple(datetime.fromtimestamp(moment, LONDON).replace(tzinfo=None) for moment in file)
            for file in files
        ]
        back = [(placed(a, LONDON), placed(b, LONDON)) for a, b in local]
        assert gaps(back, files[0][0], LONDON) == ()
    real = [(autumn - HOUR, autumn + 1800), (autumn + 4 * HOUR, autumn + 5 * HOUR)]
    assert gaps(real, autumn - HOUR, LONDON) == ((autumn + 1800, autumn + 4 * HOUR),)


def test_a_look_asks_on_from_the_last_one() -> None:
    line = Timeline()
    assert line.ask_from(NOW) == NOW - DAY
    line.learn(NOW - DAY, NOW, hours(NOW - DAY, 24), NOW)
    later = NOW + 300
    assert line.ask_from(later) == NOW - 600
    assert line.back_from(later) == (NOW - 2 * DAY, NOW - DAY)
    line.learn(NOW - 600, later, [(NOW - HOUR, later)], later)
    assert (line.spans, line.newest) == (((NOW - DAY, later),), later)
    assert line.ask_from(NOW + 7 * HOUR) == NOW + 7 * HOUR - DAY


def test_a_week_is_learnt_day_by_day_and_no_more() -> None:
    line = Timeline()
    line.learn(NOW - DAY, NOW, [(NOW - DAY, NOW)], NOW)
    line.learn_oldest(NOW - 31 * DAY, NOW)
    asked = 0
    while back := line.back_from(NOW):
        line.learn(*back, [back], NOW)
        asked += 1
    assert (asked, line.spans) == (6, ((NOW - WEEK, NOW),))
    line.learn_oldest(NOW - 2 * DAY, NOW)
    assert line.gaps_since() == NOW - 2 * DAY


def test_footage_that_stopped_leaves_its_end() -> None:
    line = Timeline()
    line.learn(NOW - DAY, NOW, [(NOW - DAY, NOW)], NOW)
    line.learn(NOW - 600, NOW + 1800, [(NOW - HOUR, NOW)], NOW + 1800)
    assert line.newest == NOW


def test_a_clock_that_is_set_back_leaves_no_footage_in_the_future() -> None:
    line = Timeline()
    line.learn(NOW - DAY, NOW, [(NOW - DAY, NOW)], NOW)
    back = NOW - HOUR
    assert line.ask_from(back) == back - DAY
    line.learn(back - DAY, back, [(back - DAY, back)], back)
    assert line.newest == back


SPANS = st.lists(
    st.tuples(st.integers(0, 900), st.integers(0, 900)).map(
        lambda t: (float(min(t)), float(max(t)))
    ),
    max_size=12,
)


@settings(max_examples=200)
@given(SPANS, st.integers(0, 900))
def test_stretches_and_gaps_never_overlap(spans: list[Span], since: int) -> None:
    found, holes = merged(spans), gaps(spans, float(since))
    assert all(a[1] < b[0] for a, b in itertools.pairwise(found))
    assert all(not (a < d and c < b) for a, b in holes for c, d in found)
    line = Timeline()
    line.learn(0.0, 900.0, spans, 900.0)
    line.learn(100.0, 300.0, [s for s in spans if s[1] > 100 and s[0] < 300], 900.0)
    assert line.spans == found
