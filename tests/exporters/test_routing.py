"""Who hears of what and when: tables over routes, hours, weekdays and the clock changes of
Europe/London.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from helpers.notices import CLOSED, DIGEST, MERGED, OPENED, TEST
from hypothesis import given
from hypothesis import strategies as st

from healthmon.config import loading
from healthmon.model.enums import State
from healthmon.notifications.notice import What
from healthmon.notifications.routing import (
    How,
    Route,
    Sending,
    escalations_for,
    next_digest,
    routes_for,
    routes_of,
)

LONDON = ZoneInfo("Europe/London")
TUESDAY_NOON = datetime(2026, 11, 24, 12, 2, tzinfo=LONDON)
WARNING = replace(OPENED, state=State.DEGRADED)


def targets(notice, *routes, at=TUESDAY_NOON, told=()):
    return [sending.target for sending in routes_for(notice, routes, at, told)]


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        ({}, True),
        ({"contractors": {"acme"}}, True),
        ({"contractors": {"other"}}, False),
        ({"sites": {"riverside", "market"}}, True),
        ({"sites": {"market"}}, False),
        ({"kinds": {"camera"}}, True),
        ({"kinds": {"ups"}}, False),
        ({"codes": {"no_pictures"}}, True),
        ({"codes": {"clock"}}, False),
        ({"priorities": {1, 2}}, True),
        ({"priorities": {3, 4}}, False),
        ({"severities": {"fault"}}, True),
        ({"severities": {"warning", "unknown"}}, False),
        ({"sites": {"riverside"}, "kinds": {"ups"}}, False),
    ],
)
def test_a_route_takes_what_all_its_lists_hold(wanted, fits) -> None:
    route = Route(("a",), **{key: frozenset(values) for key, values in wanted.items()})
    assert targets(OPENED, route) == (["a"] if fits else [])


@pytest.mark.parametrize(
    ("hours", "days", "at", "open_"),
    [
        (("08:00", "18:00"), (), "2026-11-24T08:00", True),
        (("08:00", "18:00"), (), "2026-11-24T07:59", False),
        (("08:00", "18:00"), (), "2026-11-24T18:00", False),
        (("22:00", "06:00"), (), "2026-11-24T23:00", True),
        (("22:00", "06:00"), (), "2026-11-24T05:59", True),
        (("22:00", "06:00"), (), "2026-11-24T06:00", False),
        (
            ("22:00", "06:00"),
            (4,),
            "2026-11-28T03:00",
            True,
        ),  # Saturday 03:00 belongs to Friday's night
        (("22:00", "06:00"), (4,), "2026-11-27T03:00", False),  # Friday 03:00 belongs to Thursday's
        (("22:00", "06:00"), (6,), "2026-11-23T03:00", True),  # Monday 03:00 belongs to Sunday's
        (None, (5, 6), "2026-11-28T12:00", True),
        (None, (5, 6), "2026-11-27T23:59", False),
    ],
)
def test_hours_and_weekdays_are_local_and_a_night_belongs_to_its_evening(
    hours, days, at, open_
) -> None:
    span = tuple(time.fromisoformat(h) for h in hours) if hours else None
    route = Route(("a",), hours=span, weekdays=frozenset(days))
    assert (
        bool(targets(OPENED, route, at=datetime.fromisoformat(at).replace(tzinfo=LONDON))) is open_
    )


def test_the_same_hour_by_the_clock_fits_before_and_after_the_clock_change() -> None:
    route = Route(("a",), hours=(time(8), time(9)))
    for utc in (
        datetime(2026, 10, 24, 7, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 8, 30, tzinfo=UTC),
    ):
        assert targets(OPENED, route, at=utc.astimezone(LONDON)) == ["a"]
        assert targets(OPENED, route, at=(utc - timedelta(hours=1)).astimezone(LONDON)) == []


def test_a_target_of_two_routes_is_told_once_and_at_once_if_either_says_so() -> None:
    held = Route(("a", "b"), digest=(time(7), time(19)))
    now = Route(("a",), repeat_after=7200.0)
    sooner = Route(("a",), repeat_after=3600.0)
    assert routes_for(OPENED, (held, now, sooner), TUESDAY_NOON) == (
        Sending("a", How.IMMEDIATE, 3600.0),
        Sending("b", How.DIGEST, None, (time(7), time(19))),
    )


def test_the_end_goes_to_who_heard_of_the_fault_whatever_the_hour_and_to_nobody_else() -> None:
    day = Route(("day",), hours=(time(8), time(18)))
    night = Route(("night",), hours=(time(18), time(8)))
    late = datetime(2026, 11, 24, 23, 0, tzinfo=LONDON)
    assert targets(OPENED, day, night) == ["day"]
    assert targets(CLOSED, day, night, at=late, told={"day"}) == ["day"]
    assert targets(replace(CLOSED, what=What.REMOVED), day, night, at=late, told={"day"}) == ["day"]
    assert targets(CLOSED, day, night, at=late) == []
    assert targets(MERGED, day, night, at=late) == ["night"]


def test_a_change_of_priority_tells_the_old_receivers_and_the_new_ones() -> None:
    urgent, other = (
        Route(("pager",), priorities=frozenset({1})),
        Route(("office",), priorities=frozenset({2, 3, 4})),
    )
    changed = replace(OPENED, what=What.CHANGED, priority=1)
    assert targets(changed, urgent, other, told={"office"}) == ["pager", "office"]
    gone = replace(CLOSED, priority=4)
    assert targets(gone, urgent, other, told={"pager", "office", "taken-out"}) == [
        "office",
        "pager",
        "taken-out",
    ]


def test_the_end_of_a_fault_that_was_held_is_held_too() -> None:
    held = Route(("office",), digest=(time(7),), priorities=frozenset({3}))
    (sending,) = routes_for(CLOSED, (held,), TUESDAY_NOON, told={"office"})
    assert sending == Sending("office", How.DIGEST, None, (time(7),))


def test_a_reminder_goes_only_where_a_route_repeats_and_within_its_hours() -> None:
    reminder = replace(OPENED, what=What.REMINDER)
    routes = (
        Route(("pager",), repeat_after=3600.0, hours=(time(8), time(18))),
        Route(("log",)),
        Route(("office",), digest=(time(7),)),
    )
    assert targets(reminder, *routes, told={"pager", "log", "office", "gone"}) == ["pager"]
    assert (
        targets(reminder, *routes, at=datetime(2026, 11, 24, 3, tzinfo=LONDON), told={"pager"})
        == []
    )


def test_a_digest_and_a_test_are_not_routed() -> None:
    assert targets(DIGEST, Route(("a",)), told={"a"}) == []
    assert targets(TEST, Route(("a",)), told={"a"}) == []


ROUTES = st.lists(
    st.builds(
        Route,
        to=st.lists(st.sampled_from("abc"), min_size=1, unique=True).map(tuple),
        priorities=st.frozensets(st.integers(1, 4)),
        severities=st.frozensets(st.sampled_from(["fault", "warning"])),
        hours=st.none()
        | st.tuples(st.sampled_from([time(0), time(8)]), st.sampled_from([time(6), time(18)])),
        weekdays=st.frozensets(st.integers(0, 6)),
        digest=st.sampled_from([(), (time(7),)]),
        repeat_after=st.none() | st.just(3600.0),
    ),
    max_size=6,
)
STEPS = st.lists(
    st.tuples(
        st.integers(1, 4), st.sampled_from([State.FAULT, State.DEGRADED]), st.integers(0, 100)
    ),
    max_size=6,
)


@given(ROUTES, STEPS, st.integers(0, 200))
def test_whoever_hears_of_a_fault_hears_of_each_change_and_of_its_end_once(
    routes, steps, last
) -> None:
    at, told = TUESDAY_NOON, set()
    for number, (priority, state, hours) in enumerate(steps):
        at += timedelta(hours=hours)
        what = What.CHANGED if number else What.OPENED
        found = targets(
            replace(OPENED, what=what, priority=priority, state=state), *routes, at=at, told=told
        )
        assert len(found) == len(set(found))
        assert told <= set(found)
        told |= set(found)
    end = targets(replace(CLOSED, priority=4), *routes, at=at + timedelta(hours=last), told=told)
    assert sorted(end) == sorted(told)


SHIFTS = (time(7), time(19))


@pytest.mark.parametrize(
    ("times", "after", "wanted"),
    [
        (SHIFTS, "2026-11-24T03:00Z", "2026-11-24T07:00Z"),
        (SHIFTS, "2026-11-24T07:00Z", "2026-11-24T19:00Z"),
        (SHIFTS, "2026-11-24T19:00:00.5Z", "2026-11-25T07:00Z"),
        (SHIFTS, "2026-07-01T03:00Z", "2026-07-01T06:00Z"),
        (SHIFTS, "2026-10-24T18:00Z", "2026-10-25T07:00Z"),  # the night of 25 hours
        (SHIFTS, "2026-03-28T19:00Z", "2026-03-29T06:00Z"),  # the night of 23 hours
        (
            (time(1, 30),),
            "2026-03-28T12:00Z",
            "2026-03-29T01:00Z",
        ),  # 01:30 does not come: at the change
        ((time(1, 30),), "2026-03-29T01:00Z", "2026-03-30T00:30Z"),
        ((time(1, 30),), "2026-10-24T12:00Z", "2026-10-25T00:30Z"),  # 01:30 comes twice: the first
        ((time(1, 30),), "2026-10-25T00:30Z", "2026-10-26T01:30Z"),
    ],
)
def test_a16_a_digest_comes_exactly_once_a_shift_across_the_clock_change(
    times, after, wanted
) -> None:
    found = next_digest(times, datetime.fromisoformat(after), "Europe/London")
    assert found == datetime.fromisoformat(wanted)
    assert found.tzinfo is UTC


@given(
    st.lists(
        st.times().map(lambda t: t.replace(second=0, microsecond=0)),
        min_size=1,
        max_size=4,
        unique=True,
    ),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["Europe/London", "America/St_Johns", "Australia/Lord_Howe", "UTC"]),
)
def test_a16_every_day_has_each_digest_once(times, begin, zone) -> None:
    at, seen = begin, []
    end = begin + timedelta(days=5)
    while (at := next_digest(times, at, zone)) < end:
        seen.append(at)
    assert 4 * len(times) <= len(seen) <= 6 * len(times)
    assert sorted(set(seen)) == seen
    local = [moment.astimezone(ZoneInfo(zone)) for moment in seen]
    assert len({(moment.date(), moment.time()) for moment in local}) == len(local)


def test_the_routes_of_the_example_do_what_their_comments_say() -> None:
    routes = routes_of(loading.load(Path(__file__).parents[2] / "config.yaml"))
    night = datetime(2026, 11, 24, 3, 0, tzinfo=LONDON)
    urgent = {s.target: s.how for s in routes_for(OPENED, routes, night)}
    everything = dict.fromkeys(("alerts", "log", "desk"), How.IMMEDIATE)
    assert urgent == everything | {"duty": How.IMMEDIATE, "contractor-mail": How.IMMEDIATE}
    minor = {s.target: s.how for s in routes_for(replace(OPENED, priority=3), routes, night)}
    assert minor == everything | {"office-mail": How.DIGEST}
    by_day = {s.target for s in routes_for(replace(OPENED, priority=3), routes, TUESDAY_NOON)}
    assert by_day == set(minor) | {"contractor-mail"}
    assert "duty" not in {s.target for s in routes_for(WARNING, routes, night)}


@pytest.mark.parametrize(
    ("waited", "taken_by", "unless", "found"),
    [
        (899.0, "", True, ()),
        (900.0, "", True, ("boss",)),
        (900.0, "A. Smith", True, ()),
        (900.0, "A. Smith", False, ("boss",)),
    ],
)
def test_an_escalation_takes_what_is_open_and_unless_it_is_acknowledged(
    waited, taken_by, unless, found
) -> None:
    routes = (
        Route(("pager",)),
        Route(("boss",), after=900.0, unless_acknowledged=unless),
        Route(("chief", "boss"), after=86400.0),
    )
    notice = replace(OPENED, acknowledged_by=taken_by)
    assert escalations_for(notice, routes, TUESDAY_NOON, waited) == found
    assert targets(notice, *routes) == ["pager"], "news go to no escalation"
    day = (replace(routes[1], hours=(time(8), time(12))),)
    assert escalations_for(notice, day, TUESDAY_NOON, 99999.0) == ()
    other = (replace(routes[1], sites=frozenset({"elsewhere"})),)
    assert escalations_for(notice, other, TUESDAY_NOON, 99999.0) == ()


def test_the_end_goes_to_an_escalation_that_had_the_fault_and_to_no_other() -> None:
    boss = Route(("boss",), after=900.0)
    assert targets(CLOSED, boss, told={"boss"}) == ["boss"]
    assert targets(CLOSED, boss) == []
    assert targets(MERGED, boss) == []
    reminder = replace(OPENED, what=What.REMINDER)
    assert targets(reminder, replace(boss, repeat_after=3600.0)) == ["boss"]
