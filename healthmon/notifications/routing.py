"""Who hears of a notice, and when: pure functions over routes and local time; nothing here is sent
or stored.

Every route that fits is followed. A target that two routes name gets the notice once, at once if
either says so. Who was notified of a fault is notified of its end and of every change, whatever the
hour and whatever its priority has become.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from healthmon.incidents.civil_time import moment
from healthmon.model.enums import State
from healthmon.notifications.notice import Notice, What

if TYPE_CHECKING:
    from healthmon.config.schema import Config

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SEVERITY = {
    State.FAULT: "fault",
    State.DEGRADED: "warning",
    State.UNKNOWN: "unknown",
    State.OK: "ok",
}
_NEWS = frozenset({What.OPENED, What.CHANGED, What.REMINDER, What.MERGED})


class How(StrEnum):
    """At once, or held for the next digest."""

    IMMEDIATE = "immediate"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class Route:
    """One route of config.yaml; an empty set means all. `weekdays` are 0 (Monday) to 6, `hours`
    half open [from, to).

    `digest` are local times of day; `repeat_after` and `after` are in seconds. A route with `after`
    is an escalation: it takes a fault that has been notified so long ago and is still open, with
    `unless_acknowledged` only while nobody has acknowledged it.
    """

    to: tuple[str, ...]
    contractors: frozenset[str] = frozenset()
    sites: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    priorities: frozenset[int] = frozenset()
    severities: frozenset[str] = frozenset()
    hours: tuple[time, time] | None = None
    weekdays: frozenset[int] = frozenset()
    digest: tuple[time, ...] = ()
    repeat_after: float | None = None
    after: float | None = None
    unless_acknowledged: bool = False

    @property
    def how(self) -> How:
        """Whether this route holds for a digest."""
        return How.DIGEST if self.digest else How.IMMEDIATE

    def fits(self, notice: Notice) -> bool:
        """Whether the route is for this kind of notice, at whatever hour."""
        pairs: tuple[tuple[frozenset[str] | frozenset[int], object], ...] = (
            (self.contractors, notice.contractor),
            (self.sites, notice.site),
            (self.kinds, notice.kind),
            (self.codes, notice.code),
            (self.priorities, notice.priority),
            (self.severities, _SEVERITY[notice.state]),
        )
        return all(not wanted or value in wanted for wanted, value in pairs)

    def open_at(self, local: datetime) -> bool:
        """Whether `local` civil time is within the hours, on the weekday on which they began."""
        day = local.weekday()
        if self.hours is not None:
            start, end = self.hours
            now = local.time().replace(tzinfo=None)
            if start < end:
                within = start <= now < end
            else:
                within = now >= start or now < end
                day = (day - 1) % 7 if now < end else day
            if not within:
                return False
        return not self.weekdays or day in self.weekdays


@dataclass(frozen=True, slots=True)
class Sending:
    """One target of one notice. `repeat_after`: seconds until it is reminded while nobody has
    acknowledged.
    """

    target: str
    how: How = How.IMMEDIATE
    repeat_after: float | None = None
    digest: tuple[time, ...] = ()


def routes_of(config: Config) -> tuple[Route, ...]:
    """The routes of a configuration that has been checked."""
    return tuple(
        Route(
            to=route.to,
            contractors=frozenset(route.contractors),
            sites=frozenset(route.sites),
            kinds=frozenset(route.kinds),
            codes=frozenset(route.codes),
            priorities=frozenset(route.priorities),
            severities=frozenset(route.severities),
            hours=(time.fromisoformat(route.hours[0]), time.fromisoformat(route.hours[1]))
            if route.hours
            else None,
            weekdays=frozenset(_WEEKDAYS.index(day) for day in route.weekdays),
            digest=times_of_day(route.digest),
            repeat_after=route.repeat_after,
            after=route.after,
            unless_acknowledged=route.unless == "acknowledged",
        )
        for route in config.routes
    )


def times_of_day(texts: Iterable[str]) -> tuple[time, ...]:
    """``07:00`` and the like, in order."""
    return tuple(sorted(map(time.fromisoformat, texts)))


def routes_for(
    notice: Notice, routes: Sequence[Route], local_time: datetime, told: Collection[str] = ()
) -> tuple[Sending, ...]:
    """The targets of `notice`, each once, in the order of the routes.

    `local_time` is civil time in the estate's zone. `told` names the targets that heard of this
    fault before (or hold it for their digest): for them hours do not matter, and they hear of it
    even where no route fits any more. The end of a fault goes to nobody else. A reminder goes,
    within the hours, where a route repeats. A digest goes to no route: it was made for its target.
    An escalation takes no news: `escalations_for` finds its targets.
    """
    if notice.what in (What.DIGEST, What.TEST):
        return ()
    if notice.what is What.REMINDER:
        found = _taking(notice, routes, local_time, ())
        return tuple(one for one in found.values() if _repeats(one))
    found = _taking(notice, routes, local_time, told)
    for target in sorted(told):
        found.setdefault(target, _kept(target, routes))
    return tuple(found.values())


def escalations_for(
    notice: Notice, routes: Sequence[Route], local_time: datetime, waited: float
) -> tuple[str, ...]:
    """The targets that an open fault goes to because `waited` seconds have gone since its first
    notification, each once. The notice tells who has acknowledged it.
    """
    found = [
        target
        for route in routes
        if route.after is not None and waited >= route.after
        if not (route.unless_acknowledged and notice.acknowledged_by)
        if route.fits(notice) and route.open_at(local_time)
        for target in route.to
    ]
    return tuple(dict.fromkeys(found))


def _repeats(sending: Sending) -> bool:
    return sending.how is How.IMMEDIATE and sending.repeat_after is not None


def _taking(
    notice: Notice, routes: Sequence[Route], local_time: datetime, told: Collection[str]
) -> dict[str, Sending]:
    """The targets of every route that fits now, those of `told` whatever the hour."""
    found: dict[str, Sending] = {}
    for route in routes:
        if not route.fits(notice):
            continue
        first = route.after is None or notice.what is What.REMINDER
        news = first and notice.what in _NEWS and route.open_at(local_time)
        for target in route.to:
            if news or target in told:
                found[target] = _merged(found.get(target), _sending(target, route))
    return found


def _sending(target: str, route: Route) -> Sending:
    return Sending(target, route.how, route.repeat_after, route.digest)


def _merged(first: Sending | None, second: Sending) -> Sending:
    if first is None:
        return second
    how = How.IMMEDIATE if How.IMMEDIATE in (first.how, second.how) else How.DIGEST
    repeats = [s.repeat_after for s in (first, second) if s.repeat_after is not None]
    times = tuple(sorted({*first.digest, *second.digest})) if how is How.DIGEST else ()
    return Sending(first.target, how, min(repeats, default=None), times)


def _kept(target: str, routes: Sequence[Route]) -> Sending:
    """How a target is notified of a fault that fits none of its routes any more: held only if all
    its routes hold.
    """
    own = [route for route in routes if target in route.to]
    if own and all(route.digest for route in own):
        return Sending(
            target, How.DIGEST, None, tuple(sorted({at for route in own for at in route.digest}))
        )
    return Sending(target)


def next_digest(times: Iterable[time], after: datetime, zone: str) -> datetime:
    """The first of the local `times` of day that comes later than `after`, as UTC. Raises
    ValueError without times.

    Each comes once a day: one that the clock change leaves out is the moment of the change, one
    that comes twice is the first of the two (PEP 495, fold=0).
    """
    place = ZoneInfo(zone)
    today = after.astimezone(place).date()
    moments = [moment(today + timedelta(days=n), at, place) for n in (0, 1, 2) for at in times]
    return min(one for one in moments if one > after)
