"""Will the device's time zone rule be right when the clocks change? Its rule against the zone it stands in. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from healthmon.verdict.posix import posix_zone

STEP = timedelta(minutes=30)
DAY = timedelta(days=1)
DAYS = 366


@dataclass(frozen=True, slots=True)
class Difference:
    """From `begin` to `end` (None: for more than a day) the civil time of a rule is `ahead` of what is right."""

    begin: datetime
    ahead: timedelta
    end: datetime | None = None


@lru_cache(maxsize=512)
def first_difference(rule: str, zone: str, start: datetime) -> Difference | None:
    """When, within a year of `start`, the civil time of `rule` first differs from `zone`'s; None while they agree.

    To half an hour. Answers are kept: a `start` on the full hour costs one comparison an hour and rule, not one a look.
    Raises ValueError for a rule that cannot be read.
    """
    theirs, ours = posix_zone(rule), ZoneInfo(zone)
    if theirs is None:
        raise ValueError("not a POSIX time zone rule")
    for day in range(DAYS):
        begin = start + day * DAY
        if (
            not _still(theirs, begin)
            or not _still(ours, begin)
            or (day == 0 and _ahead(begin, theirs, ours))
        ):
            moments = [begin + step * STEP for step in range(49)]
            wrong = next((moment for moment in moments if _ahead(moment, theirs, ours)), None)
            if wrong is not None:
                return _lasting(wrong, theirs, ours)
    return None


def _lasting(begin: datetime, theirs: tzinfo, ours: tzinfo) -> Difference:
    later = (begin + step * STEP for step in range(1, 49))
    end = next((moment for moment in later if not _ahead(moment, theirs, ours)), None)
    return Difference(begin, _ahead(begin, theirs, ours), end)


def _still(zone: tzinfo, begin: datetime) -> bool:
    """Whether the offset of `zone` is the same at both ends of the day; no zone changes twice a day."""
    return begin.astimezone(zone).utcoffset() == (begin + DAY).astimezone(zone).utcoffset()


def _ahead(moment: datetime, theirs: tzinfo, ours: tzinfo) -> timedelta:
    there, here = (moment.astimezone(zone).utcoffset() or timedelta() for zone in (theirs, ours))
    return there - here
