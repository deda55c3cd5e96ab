"""Will the device's time zone rule be right when the clocks change? Its rule against the zone it
stands in. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import Enum
from functools import lru_cache
from zoneinfo import ZoneInfo

from healthmon.protocols.values.posix_tz import posix_zone
from healthmon.protocols.values.zone_text import zone_meaning

STEP, HOUR = timedelta(minutes=30), timedelta(hours=1)
DAY = timedelta(days=1)
HALF_A_YEAR = timedelta(days=182)
DAYS = 366


@dataclass(frozen=True, slots=True)
class Difference:
    """From `begin` to `end` (None: for more than a day) the civil time of a rule is `ahead` of what
    is right.
    """

    begin: datetime
    ahead: timedelta
    end: datetime | None = None


class ZoneState(Enum):
    """What is known of the zone that a device tells: SIGN and DATES are readings that differ in the
    sign of the offset, in when summer time begins.
    """

    RIGHT = "right"
    WRONG = "wrong"
    SIGN = "sign"
    DATES = "dates"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class ZoneFinding:
    """`wrong` is where the rule goes wrong, None also where it is wrong by an unknown size."""

    state: ZoneState
    wrong: Difference | None = None


@lru_cache(maxsize=512)
def zone_finding(
    text: str, zone: str, start: datetime, *, daylight: bool = False, seen: timedelta | None = None
) -> ZoneFinding:
    """Whether the zone `text` of a device that stands in `zone` is right for a year from `start`.

    `daylight` is ONVIF's DaylightSavings: switching is enabled, not that it is summer. `seen` is
    how far the device's own local time is ahead of UTC at `start`, where it tells that: it decides
    between the readings of `text`. Answers are kept: a `start` on the full hour costs one
    comparison an hour and rule, not one a check.
    """
    meaning, ours = zone_meaning(text), ZoneInfo(zone)
    if not meaning.zones:
        return ZoneFinding(ZoneState.UNREAD)
    switches = not meaning.dated and (meaning.summer or daylight)
    zones = _fitting(meaning.zones, start, seen, switches=switches)
    if switches:
        return _undated(zones, ours, start)
    found = [_difference(theirs, ours, start) for theirs in zones]
    if found[0] is None:
        return ZoneFinding(ZoneState.RIGHT)
    if None in found:
        return ZoneFinding(ZoneState.SIGN)
    sure = len(found) == 1 or not meaning.either
    return ZoneFinding(ZoneState.WRONG, found[0] if sure else None)


def _fitting(
    zones: tuple[tzinfo, ...], start: datetime, seen: timedelta | None, *, switches: bool
) -> tuple[tzinfo, ...]:
    """The readings that agree with the device's own local time; the standard's where none does."""
    if seen is None:
        return zones
    shifts = (timedelta(), HOUR) if switches else (timedelta(),)
    fitting = tuple(
        one for one in zones if any(_offset(one, start) + shift == seen for shift in shifts)
    )
    return fitting or zones[:1]


def _undated(zones: tuple[tzinfo, ...], ours: tzinfo, start: datetime) -> ZoneFinding:
    """A zone that has a summer time of unknown dates is right or wrong by its other half only."""
    here = {_offset(ours, start), _offset(ours, start + HALF_A_YEAR)}
    possible = {min(here), _offset(ours, start)}
    if any(_offset(one, start) in possible for one in zones):
        return ZoneFinding(ZoneState.DATES)
    return ZoneFinding(ZoneState.WRONG)


def first_difference(rule: str, zone: str, start: datetime) -> Difference | None:
    """When, within a year of `start`, the civil time of `rule` first differs from `zone`'s; None
    while they agree.

    To half an hour. Raises ValueError for a rule that cannot be read.
    """
    theirs = posix_zone(rule)
    if theirs is None:
        raise ValueError("not a POSIX time zone rule")
    return _difference(theirs, ZoneInfo(zone), start)


def _difference(theirs: tzinfo, ours: tzinfo, start: datetime) -> Difference | None:
    for day in range(DAYS):
        begin = start + day * DAY
        if day and _still(theirs, begin) and _still(ours, begin):
            continue
        wrong = _first_wrong(begin, theirs, ours)
        if wrong is not None:
            return _lasting(wrong, theirs, ours)
    return None


def _first_wrong(begin: datetime, theirs: tzinfo, ours: tzinfo) -> datetime | None:
    """The first half hour of the day from `begin` on in which the two differ."""
    moments = (begin + step * STEP for step in range(49))
    return next((moment for moment in moments if _ahead(moment, theirs, ours)), None)


def _lasting(begin: datetime, theirs: tzinfo, ours: tzinfo) -> Difference:
    later = (begin + step * STEP for step in range(1, 49))
    end = next((moment for moment in later if not _ahead(moment, theirs, ours)), None)
    return Difference(begin, _ahead(begin, theirs, ours), end)


def _still(zone: tzinfo, begin: datetime) -> bool:
    """Whether the offset of `zone` is the same at both ends of the day; no zone changes twice a
    day.
    """
    return begin.astimezone(zone).utcoffset() == (begin + DAY).astimezone(zone).utcoffset()


def _ahead(moment: datetime, theirs: tzinfo, ours: tzinfo) -> timedelta:
    return _offset(theirs, moment) - _offset(ours, moment)


def _offset(zone: tzinfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()
