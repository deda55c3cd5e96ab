"""When shift checks are due: each exactly once, on days of 23 and 25 hours and over a restart."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon.notifications.shifts import ShiftPlan

LONDON = ZoneInfo("Europe/London")
PLAN = ShiftPlan((time(7), time(19)), "Europe/London")
# 01:30 is left out on 29 March 2026 and comes twice on 25 October.
NIGHT = ShiftPlan((time(1, 30), time(13, 30)), "Europe/London")
FROM = datetime(2026, 1, 1, tzinfo=UTC)


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).timestamp()


def due_in(plan: ShiftPlan, start: datetime, end: datetime) -> list[datetime]:
    """Every due moment, as an agent meets them that looks again after each."""
    found = []
    moment = start
    while (moment := plan.next_due(moment)) <= end:
        found.append(moment)
    return found


@pytest.mark.parametrize("plan", [PLAN, NIGHT], ids=["day", "night"])
@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 11, 24), 24)]
)
def test_a16_each_day_has_each_check_once_whether_it_has_23_24_or_25_hours(plan, day, hours):
    start = datetime.combine(day, time(), LONDON).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time(), LONDON).astimezone(UTC)
    assert end - start == timedelta(hours=hours)
    second = timedelta(seconds=1)
    found = due_in(plan, start - second, end - second)
    assert len(found) == 2
    assert [moment.astimezone(LONDON).date() for moment in found] == [day, day]
    named = [moment.astimezone(LONDON).time() for moment in found]
    left_out = plan is NIGHT and hours == 23
    assert named == [time(2) if left_out else plan.times[0], plan.times[1]]


def test_a16_a_year_has_two_checks_a_day():
    year = due_in(NIGHT, FROM, FROM + timedelta(days=365))
    assert len(year) == len(set(year)) == 730
    gaps = [later - earlier for earlier, later in pairwise(year)]
    assert min(gaps) >= timedelta(hours=11)
    assert max(gaps) <= timedelta(hours=13)


@given(
    st.integers(0, 366 * 86400),
    st.sampled_from([PLAN, NIGHT]),
    st.lists(st.integers(1, 86400), max_size=20),
)
def test_a16_a_restart_at_any_moment_neither_skips_nor_repeats_one(begin, plan, steps):
    """An agent that is asked at any moments, from the start of another each time, says the same."""
    moment = FROM + timedelta(seconds=begin)
    for step in steps:
        before, moment = moment, moment + timedelta(seconds=step)
        between = due_in(plan, before, moment)
        last = plan.last_due(moment)
        assert last == (between[-1] if between else plan.last_due(before))
        assert plan.next_due(last - timedelta(seconds=1)) == last


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25", "2026-11-24"])
@pytest.mark.parametrize("plan", [PLAN, NIGHT], ids=["day", "night"])
def test_a16_one_that_nobody_makes_is_told_once_and_one_that_is_made_never(plan, day):
    start = datetime.fromisoformat(day).replace(tzinfo=LONDON).timestamp()
    told: list[datetime] = []
    for minute in range(24 * 60):
        overdue = plan.overdue(start + 60 * minute, None, 0.0)
        assert overdue is not None
        if told[-1:] != [overdue]:
            told.append(overdue)
    assert told == sorted(set(told))
    assert len(told) == 3, "the last one of the day before and two"
    for due in told:
        moment = due.timestamp()
        over = moment + plan.grace + 1
        for made in (moment - plan.early, moment, moment + plan.grace):
            assert plan.overdue(over, made, 0.0) is None
        assert plan.overdue(over, moment - plan.early - 1, 0.0) == due
        assert plan.overdue(moment + plan.grace - 1, None, 0.0) != due


@pytest.mark.parametrize(
    ("made", "due"),
    [
        ("2026-11-24 05:59", "2026-11-23 19:00"),
        ("2026-11-24 06:00", "2026-11-24 07:00"),
        ("2026-11-24 07:00", "2026-11-24 07:00"),
        ("2026-11-24 12:00", "2026-11-24 07:00"),
        ("2026-11-24 18:00", "2026-11-24 19:00"),
    ],
)
def test_a_check_stands_for_the_coming_change_or_the_last_one(made, due):
    assert PLAN.due_of(at(made)).timestamp() == at(due)


def test_the_sheet_says_whether_it_is_in_time():
    name = "for the shift change of Tue 24 Nov 07:00"
    assert PLAN.words(at("2026-11-24 06:55")) == f"{name}, made in time"
    assert PLAN.words(at("2026-11-24 08:00")) == f"{name}, made in time"
    late = f"{name}, made 1 h 1 min after it: late (grace 1 h 0 min)"
    assert PLAN.words(at("2026-11-24 08:01")) == late
    assert ShiftPlan().words(at("2026-11-24 08:01")) == ""


def test_events_are_told_since_the_change_before():
    assert PLAN.since_before(at("2026-11-24 06:55")) == at("2026-11-23 19:00")
    assert PLAN.since_before(at("2026-11-24 07:30")) == at("2026-11-23 19:00")
    assert PLAN.since_before(at("2026-11-24 18:30")) == at("2026-11-24 07:00")
    assert ShiftPlan().since_before(100_000.0) == 100_000.0 - 43_200.0


def test_a_late_check_ends_the_fault_and_a_dead_agent_forgets_none():
    now = at("2026-11-24 08:01")
    assert PLAN.overdue(now, None, 0.0) is not None
    assert PLAN.overdue(now, at("2026-11-24 08:00"), 0.0) is None
    assert PLAN.overdue(now, None, at("2026-11-24 07:30")) is None, "the first agent came later"
    assert PLAN.overdue(now, at("2026-11-23 19:00"), 0.0) is not None


def test_a_handover_is_late_when_the_grace_is_over_and_a_shift_begins_at_its_time() -> None:
    made = at("2026-11-24 06:55")
    assert not PLAN.late(made, at("2026-11-24 08:00"))
    assert PLAN.late(made, at("2026-11-24 08:01"))
    assert PLAN.shift_began(at("2026-11-24 08:01")) == at("2026-11-24 07:00")
    assert not ShiftPlan().late(made, made + 1e6)
    assert ShiftPlan().shift_began(made) == 0.0


def sunday(hour: int, minute: int = 0) -> float:
    return datetime(2026, 11, 29, hour, minute, tzinfo=LONDON).timestamp()


WINTER = ShiftPlan((time(7), time(19)), "Europe/London")


@pytest.mark.parametrize(
    ("now", "last", "made", "words"),
    [
        (sunday(6, 30), None, False, "The check of Sun 29 Nov 07:00 can be made now."),
        (sunday(6, 30), sunday(5, 50), False, "The check of Sun 29 Nov 07:00 can be made now."),
        (sunday(7, 20), None, False, "DUE: the check of Sun 29 Nov 07:00 is late in 40 min."),
        (sunday(8, 30), sunday(5), False,
         "LATE: the check of Sun 29 Nov 07:00 was due 1 h 30 min ago and is not made."),
        (sunday(7, 20), sunday(6, 41), True, "Made for the shift change of Sun 29 Nov 07:00, in time."),
        (sunday(12), sunday(9), True,
         "Made for the shift change of Sun 29 Nov 07:00, 2 h 0 min after it: late (grace 1 h 0 min)."),
        (sunday(18, 30), sunday(9), False, "The check of Sun 29 Nov 19:00 can be made now."),
    ],
)  # fmt: skip
def test_how_the_check_that_is_due_stands(now, last, made, words):
    assert WINTER.state(now, last) == (made, words)


def test_without_times_a_sheet_is_that_of_now_for_some_hours():
    assert ShiftPlan().state(sunday(12), None) == (False, "")
    assert ShiftPlan().state(sunday(12), sunday(11)) == (True, "")
    assert ShiftPlan().state(sunday(12), sunday(6)) == (False, "")


@given(st.integers(0, 366 * 86400), st.integers(0, 86400), st.sampled_from([PLAN, NIGHT]))
def test_a16_windows_follow_one_another_without_a_gap_over_the_clock_changes(start, later, plan):
    moment = FROM.timestamp() + start
    since, until = plan.window(moment)
    assert since <= moment < until
    assert plan.window(until)[0] == until
    other = plan.window(moment + later)
    assert other == (since, until) or other[0] >= until
