"""The contract clock against a count of every minute by the clock on the wall, over Easter and both
clock changes.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from helpers.fault_samples import BY_HAND, MACHINE
from hypothesis import given, settings
from hypothesis import strategies as st

from healthmon.config.contracts import Contract, Contracts, Promised
from healthmon.incidents.acts import Act, ActKind, PauseOwner, act
from healthmon.incidents.contract_clock import (
    Standing,
    Terms,
    WorkingTime,
    clock_of,
    due_at,
    terms_of,
    worked,
)
from healthmon.incidents.life_cycle import LifeCycle

LONDON = ZoneInfo("Europe/London")
WEEK = frozenset(range(5))
EASTER = frozenset({date(2026, 4, 3), date(2026, 4, 6)})  # Good Friday and Easter Monday
OFFICE = WorkingTime(LONDON, (time(8), time(17)), WEEK, EASTER)
ALWAYS = WorkingTime(LONDON)
MINUTE, HOUR = 60.0, 3600.0


def at(text: str, *, fold: int = 0) -> float:
    """Local time in London as Unix seconds."""
    return datetime.fromisoformat(text).replace(tzinfo=LONDON, fold=fold).timestamp()


def is_work(moment: float, working: WorkingTime) -> bool:
    """Whether the minute at `moment` is worked, by the date and time that a clock shows then."""
    local = datetime.fromtimestamp(moment, UTC).astimezone(working.zone)
    day, shown = local.date(), local.time()
    if working.hours is not None:
        start, end = working.hours
        if start < end and not start <= shown < end:
            return False
        if start > end:
            if end <= shown < start:
                return False
            if shown < end:
                day -= timedelta(days=1)
    if working.weekdays and day.weekday() not in working.weekdays:
        return False
    return day not in working.holidays


def counted(working: WorkingTime, stops, since: float, until: float) -> float:
    """Seconds worked, minute by minute."""
    total, moment = 0.0, since
    while moment < until:
        stopped = any(a <= moment and (b is None or moment < b) for a, b in stops)
        total += MINUTE * (not stopped and is_work(moment, working))
        moment += MINUTE
    return total


def counted_due(working: WorkingTime, stops, since: float, allowed: float) -> float | None:
    """When the time is over, minute by minute; None if that is not within 40 days."""
    left, moment = allowed, since
    while moment < since + 40 * 86400:
        stopped = any(a <= moment and (b is None or moment < b) for a, b in stops)
        if not stopped and is_work(moment, working):
            left -= MINUTE
            if left <= 0:
                return moment + MINUTE
        moment += MINUTE
    return None


@pytest.mark.parametrize(
    ("working", "since", "hours", "due"),
    [
        # Easter 2026: Friday and Monday are bank holidays.
        (OFFICE, "2026-04-02T16:00", 4, "2026-04-07T11:00"),
        (OFFICE, "2026-04-03T12:00", 9, "2026-04-07T17:00"),
        # The night of the clock change has an hour less, and one more in October.
        (ALWAYS, "2026-03-28T20:00", 8, "2026-03-29T05:00"),
        (ALWAYS, "2026-10-24T20:00", 8, "2026-10-25T03:00"),
        # The days of the change have 23 and 25 hours.
        (ALWAYS, "2026-03-29T00:00", 23, "2026-03-30T00:00"),
        (ALWAYS, "2026-10-25T00:00", 25, "2026-10-26T00:00"),
        # Work over midnight belongs to the day on which it begins.
        (replace(OFFICE, hours=(time(22), time(6))), "2026-04-02T12:00", 9, "2026-04-07T23:00"),
        # Hours that begin in the hour that the change leaves out begin with the change.
        (replace(ALWAYS, hours=(time(1, 30), time(5))), "2026-03-29T00:00", 3, "2026-03-29T05:00"),
    ],
)
def test_when_the_time_is_over(working, since: str, hours: int, due: str) -> None:
    found = due_at(working, (), at(since), hours * HOUR)
    assert found is not None
    assert datetime.fromtimestamp(found, LONDON).isoformat(timespec="minutes")[:16] == due


def test_a_pause_without_an_end_leaves_the_end_open() -> None:
    assert (
        due_at(OFFICE, [(at("2026-04-07T09:00"), None)], at("2026-04-07T08:00"), 2 * HOUR) is None
    )
    assert due_at(OFFICE, [(at("2026-04-07T11:00"), None)], at("2026-04-07T08:00"), 2 * HOUR) == at(
        "2026-04-07T10:00"
    )


def test_no_working_time_at_all_is_never_over() -> None:
    never = replace(OFFICE, weekdays=frozenset({5}), holidays=_Everything())
    assert due_at(never, (), at("2026-04-07T08:00"), HOUR) is None
    assert worked(never, (), at("2026-04-07T08:00"), at("2026-05-07T08:00")) == 0


class _Everything(frozenset):
    def __contains__(self, _day: object) -> bool:
        return True


# Edges between 01:00 and 02:00 (in Berlin 03:00) come twice or not at all; the table above has them.
EDGES = st.sampled_from([time(h, m) for h in range(24) if h not in (1, 2) for m in (0, 20)])
STARTS = st.one_of(
    *(
        st.integers(0, 8 * 24 * 60).map(lambda n, day=day: at(day) + n * MINUTE)
        for day in ("2026-03-25T00:00", "2026-03-31T00:00", "2026-10-21T00:00", "2026-12-22T00:00")
    )
)
HOURS = st.one_of(st.none(), st.tuples(EDGES, EDGES).filter(lambda pair: pair[0] != pair[1]))
WORKING = st.builds(
    WorkingTime,
    st.sampled_from([LONDON, ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")]),
    HOURS,
    st.sampled_from([frozenset(), WEEK, frozenset({5, 6})]),
    st.just(EASTER | {date(2026, 12, 25), date(2026, 12, 28)}),
)
GAPS = st.lists(st.integers(1, 3000), max_size=6)


def stops_of(since: float, gaps: list[int]) -> list[tuple[float, float | None]]:
    """Pauses one after the other; the last one of an odd number has no end."""
    edges, moment = [], since
    for gap in gaps:
        moment += gap * MINUTE
        edges.append(moment)
    return [(a, next(iter(edges[n + 1 : n + 2]), None)) for n, a in enumerate(edges) if n % 2 == 0]


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(WORKING, STARTS, GAPS, st.integers(0, 12 * 24 * 60), st.integers(1, 40 * 60))
def test_it_counts_what_a_count_of_every_minute_counts(working, since, gaps, long, allowed) -> None:
    stops = stops_of(since, gaps)
    until = since + long * MINUTE
    assert worked(working, stops, since, until) == counted(working, stops, since, until)
    due = due_at(working, stops, since, allowed * MINUTE)
    if due is None or due < since + 40 * 86400:
        assert due == counted_due(working, stops, since, allowed * MINUTE)


# ------------------------------------------------------------------------------------- of a fault

TOLD = at("2026-04-02T16:00")
FAULT = replace(MACHINE, since=TOLD - 300, told=TOLD)
TERMS = Terms(OFFICE, 4 * HOUR, 18 * HOUR)


def life(incident, *acts: Act) -> LifeCycle:
    return LifeCycle.of(incident, [replace(one, id=n) for n, one in enumerate(acts, 1)])


def did(kind: ActKind, when: str, **details: str) -> Act:
    return act(kind, "A. Smith", at(when), at(when), **details)


def paused(owner: PauseOwner, first: str, last: str | None) -> list[Act]:
    found = [did(ActKind.PAUSE, first, owner=owner, reason="permit")]
    return [*found, did(ActKind.RESUME, last)] if last else found


def test_the_fault_over_easter_with_a_pause_of_highways() -> None:
    stops = paused(PauseOwner.HIGHWAYS, "2026-04-07T09:00", "2026-04-08T09:00")
    found = clock_of(life(FAULT, *stops), TERMS, at("2026-04-08T10:00"))
    assert (found.started, found.response.due) == (TOLD, at("2026-04-08T11:00"))
    assert (found.response.standing, found.response.used) == (Standing.RUNNING, 3 * HOUR)
    own = paused(PauseOwner.CONTRACTOR, "2026-04-07T09:00", "2026-04-08T09:00")
    late = clock_of(life(FAULT, *own), TERMS, at("2026-04-08T10:00"))
    assert (late.response.due, late.response.standing) == (at("2026-04-07T11:00"), Standing.OVERDUE)


def test_while_another_holds_it_up_the_end_is_open() -> None:
    stops = paused(PauseOwner.UTILITY, "2026-04-07T09:00", None)
    found = clock_of(life(FAULT, *stops), TERMS, at("2026-05-08T10:00"))
    assert (found.fix.standing, found.fix.due, found.fix.used) == (Standing.PAUSED, None, 2 * HOUR)


@pytest.mark.parametrize(
    ("when", "standing"), [("2026-04-07T11:00", Standing.MET), ("2026-04-07T11:01", Standing.LATE)]
)
def test_the_response_is_the_first_visit(when: str, standing: Standing) -> None:
    visits = did(ActKind.ATTEND, "2026-04-09T09:00"), did(ActKind.ATTEND, when)
    found = clock_of(life(FAULT, *visits), TERMS, at("2026-04-09T10:00"))
    assert (found.response.standing, found.response.done) == (standing, at(when))
    assert found.fix.standing is Standing.OVERDUE, "a visit mends nothing"
    over = replace(FAULT, closed=at("2026-04-09T09:30"))
    done = clock_of(life(over, *visits), TERMS, at("2026-06-09T10:00"))
    assert (done.fix.standing, done.fix.done) == (Standing.LATE, at("2026-04-09T09:30"))
    assert done.fix.used == 20.5 * HOUR


def test_what_is_fixed_by_words_alone_is_not_fixed() -> None:
    found = clock_of(
        life(FAULT, did(ActKind.FIX, "2026-04-07T09:00")), TERMS, at("2026-04-20T10:00")
    )
    assert (found.response.standing, found.fix.standing) == (Standing.MET, Standing.OVERDUE)


def test_a_fault_that_healed_itself_needs_no_visit() -> None:
    over = replace(FAULT, closed=at("2026-04-07T09:00"))
    found = clock_of(life(over), TERMS, at("2026-04-20T10:00"))
    assert (found.response.standing, found.fix.standing) == (Standing.MET, Standing.MET)


def test_it_starts_by_the_machine_or_by_the_person_whichever_was_first() -> None:
    early = did(ActKind.REPORT, "2026-04-02T15:58", to="acme")
    late = did(ActKind.REPORT, "2026-04-07T09:00", to="acme")
    now = at("2026-04-07T09:30")
    assert clock_of(life(FAULT, early), TERMS, now).started == early.happened
    assert clock_of(life(FAULT, late), TERMS, now).started == TOLD
    person = replace(TERMS, from_report=True)
    assert clock_of(life(FAULT, late), person, now).started == late.happened
    waiting = clock_of(life(FAULT), person, now)
    assert (waiting.started, waiting.response.standing) == (None, Standing.NOT_STARTED)
    untold = replace(FAULT, told=None)
    assert clock_of(life(untold), TERMS, now).started is None


def test_no_promise_has_no_clock() -> None:
    found = clock_of(life(FAULT), Terms(ALWAYS, response=HOUR), TOLD)
    assert found.fix is None
    assert found.response is not None


def test_a_raised_fault_is_fixed_when_a_person_has_verified_it() -> None:
    raised = replace(BY_HAND, since=TOLD, told=TOLD)
    acts = did(ActKind.FIX, "2026-04-07T10:00"), did(ActKind.VERIFY, "2026-04-20T10:00")
    found = clock_of(life(raised, *acts), TERMS, at("2026-04-20T11:00"))
    assert (found.fix.standing, found.fix.done) == (Standing.MET, at("2026-04-07T10:00"))


def test_where_a_person_looks_first_the_time_begins_with_their_report() -> None:
    """A picture that is unlike earlier ones may be a lorry in front of the camera."""
    contract = Contract({2: Promised(4 * HOUR, 18 * HOUR, None, WEEK, bank_holidays=False)})
    known = Contracts({"acme": contract}, {"C001": "acme"})
    view = replace(FAULT, faults=(replace(FAULT.faults[0], code="view_covered"),))
    for incident, from_report in ((FAULT, False), (view, True)):
        found = terms_of(known, LONDON, life(incident))
        assert found is not None
        assert found.from_report is from_report
