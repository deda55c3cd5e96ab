"""The contract clock: how long the contractor has had for a fault, and when the time is over. Pure.

Only working time counts: the hours and weekdays of the contract, without bank holidays, and without
pauses that are not the contractor's own. All of it is counted in real seconds, so that a day of 23 or
25 hours has as many.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from healthmon.config.contracts import Contract, Contracts
from healthmon.incidents.acts import ActKind, PauseOwner
from healthmon.incidents.civil_time import moment
from healthmon.incidents.life_cycle import LifeCycle, Pause

# A contract whose time is not over after so long has no working time at all.
_HORIZON: Final = timedelta(days=3 * 366)
_DAY: Final = timedelta(days=1)
Period = tuple[float, float]


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """When a contractor works. `hours` are local, None for the whole day; over midnight they belong
    to the day on which they begin. `weekdays` are 0 (Monday) to 6, empty for all. `holidays` are
    days on which no work begins.
    """

    zone: ZoneInfo
    hours: tuple[time, time] | None = None
    weekdays: frozenset[int] = frozenset()
    holidays: Container[date] = frozenset()

    def works_on(self, day: date) -> bool:
        """Whether work begins on this day."""
        return day not in self.holidays and (not self.weekdays or day.weekday() in self.weekdays)

    def periods(self, since: float) -> Iterator[Period]:
        """The periods of work from `since` on, in order; a first one that has begun is cut. It ends
        after three years.
        """
        day = datetime.fromtimestamp(since, self.zone).date() - _DAY
        last = day + _HORIZON
        while day < last:
            if self.works_on(day):
                begin, end = self._period(day)
                if end > since:
                    yield max(begin, since), end
            day += _DAY

    def _period(self, day: date) -> Period:
        """The work that begins on `day`."""
        start, end = self.hours or (time(0), time(0))
        last = day if start < end else day + _DAY
        begin, until = moment(day, start, self.zone), moment(last, end, self.zone)
        return begin.timestamp(), until.timestamp()


@dataclass(frozen=True, slots=True)
class Terms:
    """What a contract promises for one priority: seconds of working time until somebody comes and
    until it works, None for no promise.

    `from_report`: the time begins when a person has reported the fault, not when healthmon has
    notified it.
    """

    working: WorkingTime
    response: float | None = None
    fix: float | None = None
    from_report: bool = False


class Standing(StrEnum):
    """How a promise stands. The words are those on the screen."""

    NOT_STARTED = "not started"
    RUNNING = "running"
    PAUSED = "paused"
    OVERDUE = "overdue"
    MET = "met"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Promise:
    """The response or the fix of one fault: `allowed` and `used` are seconds of working time.

    `due` is when the time is over, None before it starts and while a pause keeps it open; `done` is
    when it was kept.
    """

    standing: Standing
    allowed: float
    used: float = 0.0
    due: float | None = None
    done: float | None = None


@dataclass(frozen=True, slots=True)
class ContractClock:
    """Both promises of a fault; None where the contract has none. `started` is Unix seconds."""

    started: float | None
    response: Promise | None
    fix: Promise | None


def clock_of(life: LifeCycle, terms: Terms, now: float) -> ContractClock:
    """The clock of one fault at `now`.

    It starts when healthmon has notified the fault or a person has reported it, whichever came
    first; for a picture that needs a person also with their yes. The response ends with the first
    visit or remote fix; the fix ends when the fault is restored. A fault that is over needs no visit
    any more.
    """
    started = _started(life, terms)
    came = life.first(ActKind.ATTEND, ActKind.FIX)
    ends = [at for at in (came.happened if came else None, life.over) if at is not None]
    response = _promise(life, terms, terms.response, (started, min(ends, default=None), now))
    fix = _promise(life, terms, terms.fix, (started, life.over, now))
    return ContractClock(started, response, fix)


def _started(life: LifeCycle, terms: Terms) -> float | None:
    yes = (ActKind.CONFIRM,) if life.incident.needs_a_person else ()
    reported = life.first(ActKind.REPORT, *yes)
    found = [reported.happened] if reported else []
    if not terms.from_report and life.incident.told is not None:
        found.append(life.incident.told)
    return min(found, default=None)


def _promise(
    life: LifeCycle,
    terms: Terms,
    allowed: float | None,
    times: tuple[float | None, float | None, float],
) -> Promise | None:
    """`times` are start, end and now."""
    started, done, now = times
    if allowed is None:
        return None
    if started is None:
        return Promise(Standing.NOT_STARTED, allowed, done=done)
    stops = stops_of(life.pauses)
    end = now if done is None else done
    used = worked(terms.working, stops, started, end)
    due = due_at(terms.working, stops, started, allowed)
    over = due is not None and end > due
    if done is not None:
        standing = Standing.LATE if over else Standing.MET
    elif over:
        standing = Standing.OVERDUE
    else:
        standing = Standing.PAUSED if _stopped(stops, now) else Standing.RUNNING
    return Promise(standing, allowed, used, due, done)


def _stopped(stops: Iterable[tuple[float, float | None]], now: float) -> bool:
    """Whether a pause that has no end yet has begun."""
    return any(since <= now and until is None for since, until in stops)


def stops_of(pauses: Iterable[Pause]) -> list[tuple[float, float | None]]:
    """The pauses in which the time of the contract stands still: those of everybody else."""
    return [(one.since, one.until) for one in pauses if one.owner is not PauseOwner.CONTRACTOR]


def worked(
    working: WorkingTime, stops: Sequence[tuple[float, float | None]], since: float, until: float
) -> float:
    """Seconds of working time in [`since`, `until`) outside of `stops`."""
    total = 0.0
    for begin, end in _counting(working, stops, since):
        if begin >= until:
            break
        total += min(end, until) - begin
    return total


def due_at(
    working: WorkingTime, stops: Sequence[tuple[float, float | None]], since: float, allowed: float
) -> float | None:
    """When `allowed` seconds of working time from `since` on are over; None if a stop has no end
    before that, or there is no such time.
    """
    left = allowed
    for begin, end in _counting(working, stops, since):
        if end - begin >= left:
            return begin + left
        left -= end - begin
    return None


def _counting(
    working: WorkingTime, stops: Sequence[tuple[float, float | None]], since: float
) -> Iterator[Period]:
    """The periods of work from `since` on without `stops`, which are in order."""
    for period in working.periods(since):
        parts = [period]
        for start, end in stops:
            parts = [left for part in parts for left in _without(part, start, end)]
        yield from parts
        if any(end is None and start <= period[1] for start, end in stops):
            return


def _without(period: Period, start: float, end: float | None) -> list[Period]:
    """What is left of `period` outside of [start, end)."""
    begin, until = period
    before = (begin, min(until, start))
    after = (until if end is None else max(begin, end), until)
    return [part for part in (before, after) if part[0] < part[1]]


def terms_of(contracts: Contracts, zone: ZoneInfo, life: LifeCycle) -> Terms | None:
    """The terms for one fault; None where there is no contract. Where a person looks first, the time
    begins with their yes or their report.
    """
    contract = contracts.by_id.get(contractor_of(contracts, life))
    if contract is None:
        return None
    found = terms(contract, life.incident.priority, zone, contracts.bank_holidays)
    return replace(found, from_report=True) if life.incident.needs_a_person else found


def contractor_of(contracts: Contracts, life: LifeCycle) -> str:
    """Who repairs: the contractor of the device, else the one to whom a person has reported the
    fault; "" for nobody.
    """
    reported = life.first(ActKind.REPORT)
    return contracts.of_device.get(life.incident.device) or (reported.get("to") if reported else "")


def terms(
    contract: Contract, priority: int, zone: ZoneInfo, bank_holidays: Container[date]
) -> Terms:
    """What `contract` promises for a priority."""
    found = contract.promised[priority]
    days: Container[date] = frozenset() if found.bank_holidays else bank_holidays
    working = WorkingTime(zone, found.hours, found.weekdays, days)
    return Terms(working, found.response, found.fix, contract.from_report)
