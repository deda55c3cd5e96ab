"""The footage bar of a device's page: what is drawn, what is read aloud, and that nothing is made up."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon.model.enums import Span
from healthmon.model.footage import Footage, Recording
from healthmon_exporters.pages.footage_bar import MOST_GAPS, FootageBar, footage_bar
from healthmon_exporters.pages.render import _environment

HOUR, DAY = 3600.0, 86400.0
NOW = 1_795_521_600.0
SINCE = NOW - 31 * DAY


def seen(clock: float = 0.0, **told: object) -> Footage:
    known = {"oldest": NOW - 40 * DAY, "newest": NOW - 10, "gaps": (), "gaps_since": NOW - DAY}
    return Footage("R1", Recording("1", **(known | told)), NOW, Span(clock - 1, clock + 1))  # type: ignore[arg-type]


def made(footage: Footage, *history: tuple[str, float, float | None]) -> FootageBar:
    stretches = [("recording", state, begun, over) for state, begun, over in history]
    return footage_bar(footage, stretches, SINCE, NOW)


def drawn(bar: FootageBar) -> list[tuple[str, float, float]]:
    """(state, begin, end) in days before now."""
    return [(one.state, (NOW - one.begun) / DAY, (NOW - one.ended) / DAY) for one in bar.bars]


def test_a_gap_of_the_last_day_is_drawn_and_named() -> None:
    gap = (NOW - 10 * HOUR, NOW - 8 * HOUR)
    bar = made(seen(gaps=(gap,)), ("ok", SINCE - DAY, None))
    assert [state for state, _, _ in drawn(bar)] == ["ok", "ok", "fault", "ok"]
    assert bar.gaps == (gap,)
    assert bar.gaps_since == NOW - DAY
    assert bar.words.startswith("recorded 742.0 h, no footage 2.0 h")


def test_before_the_day_that_is_reported_it_is_what_the_check_saw_then() -> None:
    bar = made(seen(), ("ok", SINCE, NOW - 5 * DAY), ("fault", NOW - 5 * DAY, NOW - 4 * DAY),
               ("unknown", NOW - 4 * DAY, NOW - 3 * DAY))  # fmt: skip
    assert [(state, round(begun), round(over)) for state, begun, over in drawn(bar)] == [
        ("ok", 31, 5), ("degraded", 5, 4), ("unknown", 4, 3), ("unknown", 3, 1), ("ok", 1, 0),
    ]  # fmt: skip


def test_what_is_not_kept_is_empty_and_what_nobody_saw_is_not_known() -> None:
    bar = made(seen(oldest=NOW - 20 * DAY))
    assert drawn(bar)[0] == ("unknown", 20.0, 1.0)
    assert bar.oldest == NOW - 20 * DAY


def test_without_reported_gaps_no_gap_is_said_to_be_absent() -> None:
    bar = made(seen(gaps=None, gaps_since=None), ("ok", SINCE, None))
    assert bar.gaps_since is None
    assert {state for state, _, _ in drawn(bar)} == {"ok"}


def test_a_recorder_an_hour_ahead_has_its_gaps_at_their_true_time() -> None:
    gap = (NOW - 5 * HOUR, NOW - 4 * HOUR)
    told = {"gaps": (gap,), "gaps_since": NOW - 23 * HOUR, "newest": NOW + HOUR}
    assert made(seen(HOUR, **told)).gaps == ((NOW - 6 * HOUR, NOW - 5 * HOUR),)


def test_footage_that_ended_days_ago_leaves_the_rest_empty() -> None:
    bar = made(seen(newest=NOW - 3 * DAY, gaps_since=NOW - 4 * DAY), ("ok", SINCE, None))
    assert drawn(bar)[-1][2] == pytest.approx(3.0)


@given(
    st.floats(-40, 40), st.floats(-40, 40), st.one_of(st.none(), st.floats(-40, 40)),
    st.lists(st.tuples(st.floats(-40, 40), st.floats(-40, 40)), max_size=6),
    st.lists(st.tuples(st.sampled_from(["ok", "fault", "unknown"]), st.floats(-40, 40), st.floats(-40, 40)), max_size=6),
)  # fmt: skip
def test_whatever_a_recorder_says_the_bar_stays_within_its_time(
    oldest: float, newest: float, since: float | None, gaps: list, history: list
) -> None:
    footage = seen(
        oldest=NOW + oldest * DAY, newest=NOW + newest * DAY,
        gaps_since=None if since is None else NOW + since * DAY,
        gaps=tuple((NOW + low * DAY, NOW + high * DAY) for low, high in gaps),
    )  # fmt: skip
    bar = made(
        footage, *((state, NOW + low * DAY, NOW + high * DAY) for state, low, high in history)
    )
    for one in bar.bars:
        assert bar.since <= one.begun <= one.ended <= bar.until
        assert 0 <= one.left <= 1000
    assert bar.words


def test_the_page_names_every_gap_in_words() -> None:
    gaps = tuple((NOW - (n + 1) * 600, NOW - (n + 1) * 600 + 60) for n in range(MOST_GAPS + 3))
    template = _environment().from_string(
        '{% import "parts.html" as parts with context %}{{ parts.footage(bar) }}'
    )
    page = template.render(bar=made(seen(gaps=gaps)), local=ZoneInfo("Europe/London"))
    assert page.count("<li>") == MOST_GAPS + 1
    assert "and 3 more" in page
    assert "R1" in page
    assert 'role="img"' in page
    none = template.render(bar=made(seen()), local=ZoneInfo("Europe/London"))
    assert "No gap" in none
    silent = template.render(bar=made(seen(gaps=None)), local=ZoneInfo("Europe/London"))
    assert "does not report gaps" in silent
