"""POSIX TZ strings ("GMT0BST,M3.5.0/1,M10.5.0") as time zones. Pure.

IEEE Std 1003.1 section 8.3, with what RFC 8536 section 3.3.1 adds: hours of a change from -167 to
167. Python's own reader (of TZif footers) counts the days of the zero-based form ("59/2") one too
few, so this one is ours.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

_NAME = r"(?:[A-Za-z]{3,10}|<[-+A-Za-z0-9]{3,10}>)"
_TIME = r"[-+]?\d{1,3}(?::[0-5]\d){0,2}"
_CHANGE = rf"(?:M\d{{1,2}}\.\d\.\d|J?\d{{1,3}})(?:/{_TIME})?"
_RULE = re.compile(rf"{_NAME}({_TIME})(?:{_NAME}({_TIME})?,({_CHANGE}),({_CHANGE}))?", re.ASCII)
_HIKVISION = re.compile(rf"([A-Za-z]{{3,6}})({_TIME})DST(\d\d:\d\d:\d\d),(.*)", re.ASCII)
_IANA = re.compile(r"[A-Z][\w+-]{1,20}(?:/[A-Z][\w+-]{1,20}){1,2}", re.ASCII)
_HOUR, _DAY, _WEEK = timedelta(hours=1), timedelta(days=1), timedelta(hours=167)
_YEARS_KEPT = 8
LONGEST = 128


@dataclass(frozen=True, slots=True)
class Change:
    """When the clocks change each year: Mm.w.d, Jn (1 to 365, never 29 February) or n (0 to 365),
    at `time`.
    """

    form: str
    numbers: tuple[int, ...]
    time: timedelta

    def on(self, year: int) -> datetime:
        """The naive civil time of the change in `year`, by the clock before it."""
        if self.form == "M":
            month, week, weekday = self.numbers
            first, length = monthrange(year, month)
            day = 1 + (weekday - 1 - first) % 7 + 7 * (week - 1)
            return datetime(year, month, day - 7 if day > length else day) + self.time  # noqa: DTZ001 - civil
        day = self.numbers[0]
        if self.form == "J":
            leap = monthrange(year, 2)[1] == 29
            day += (leap and day >= 60) - 1
        return datetime(year, 1, 1) + timedelta(days=day) + self.time  # noqa: DTZ001 - civil


class PosixZone(tzinfo):
    """The zone of one rule: `standard` and `summer` are ahead of UTC, `begin` and `end` are those
    of the summer.
    """

    def __init__(
        self, standard: timedelta, summer: timedelta, begin: Change | None, end: Change | None
    ) -> None:
        self.standard, self.summer, self.begin, self.end = standard, summer, begin, end
        self._years: dict[int, tuple[tuple[datetime, bool], ...]] = {}

    def with_other_sign(self) -> PosixZone | None:
        """The zone that was meant where the offsets were written with the sign of ISO 8601; None
        where that would be a day or more ahead.
        """
        saving = self.summer - self.standard
        summer = saving - self.standard if saving > timedelta() else -self.summer
        if abs(summer) >= _DAY:
            return None
        return PosixZone(-self.standard, summer, self.begin, self.end)

    def _changes(self, year: int) -> tuple[tuple[datetime, bool], ...]:
        """(moment in UTC, whether summer begins) from the year before to the year after,
        in order.
        """
        if year not in self._years:
            if len(self._years) >= _YEARS_KEPT:
                self._years.clear()
            found: list[tuple[datetime, bool]] = []
            for one in range(max(2, year - 1), min(9997, year + 1) + 1):
                if self.begin is not None and self.end is not None:
                    found += [
                        (self.begin.on(one) - self.standard, True),
                        (self.end.on(one) - self.summer, False),
                    ]
            self._years[year] = tuple(sorted(found))
        return self._years[year]

    def _ahead(self, utc: datetime) -> timedelta:
        """The offset at `utc` (naive). Where summer ends and begins at one moment, it lasts the
        whole year.
        """
        summer = False
        for moment, begins in self._changes(utc.year):
            if moment > utc:
                break
            summer = begins
        return self.summer if summer else self.standard

    def _fitting(self, civil: datetime) -> list[timedelta]:
        """The offsets by which `civil` exists, the larger one (the earlier moment) first."""
        both = sorted({self.standard, self.summer}, reverse=True)
        return [ahead for ahead in both if self._ahead(civil - ahead) == ahead]

    def utcoffset(self, dt: datetime | None, /) -> timedelta:
        """The offset of a civil time; `fold` tells which where it is there twice or not at all (PEP
        495).
        """
        if dt is None:
            return self.standard
        fitting = self._fitting(dt.replace(tzinfo=None))
        if fitting:
            return fitting[-1] if dt.fold else fitting[0]
        return (max if dt.fold else min)(self.standard, self.summer)

    def fromutc(self, dt: datetime, /) -> datetime:
        """The civil time at a moment in UTC."""
        utc = dt.replace(tzinfo=None)
        ahead = self._ahead(utc)
        civil = utc + ahead
        return civil.replace(
            tzinfo=self, fold=int(ahead != max(self._fitting(civil), default=ahead))
        )

    def dst(self, dt: datetime | None, /) -> timedelta:
        """How far the civil time is ahead of standard time."""
        return self.utcoffset(dt) - self.standard

    def tzname(self, dt: datetime | None, /) -> str:
        """Empty: the letters in a rule bind nobody."""
        del dt
        return ""


def posix_zone(rule: str) -> tzinfo | None:
    """The zone that a device's TZ string names; None for what is no rule.

    Taken besides the standard: spaces, Hikvision's form, and a name of the IANA database.
    """
    return _zone(rule) if len(rule) <= LONGEST else None


@lru_cache(maxsize=256)
def _zone(rule: str) -> tzinfo | None:
    text = _hikvision("".join(rule.split()))
    match = _RULE.fullmatch(text)
    if match is None:
        return _named(text)
    west, west_in_summer, begins, ends = match.groups()
    standard = -_time(west)
    summer = -_time(west_in_summer) if west_in_summer else standard + _HOUR
    if begins is None:
        return PosixZone(standard, standard, None, None) if abs(standard) < _DAY else None
    begin, end = _change(begins), _change(ends)
    if begin is None or end is None or max(abs(standard), abs(summer)) >= _DAY:
        return None
    return PosixZone(standard, summer, begin, end)


def _time(text: str) -> timedelta:
    hours, minutes, seconds = (int(part) for part in [*text.lstrip("+-").split(":"), "0", "0"][:3])
    size = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return -size if text.startswith("-") else size


def _change(text: str) -> Change | None:
    day, _, at = text.partition("/")
    form = day[0] if day[0] in "MJ" else ""
    numbers = tuple(int(part) for part in day.removeprefix(form).split("."))
    bounds = {"M": ((1, 12), (1, 5), (0, 6)), "J": ((1, 365),), "": ((0, 365),)}[form]
    time = _time(at or "2")
    fits = all(
        least <= number <= most for number, (least, most) in zip(numbers, bounds, strict=True)
    )
    return Change(form, numbers, time) if fits and abs(time) <= _WEEK else None


def _hikvision(rule: str) -> str:
    """Hikvision's form, which says how much is saved ("DST01:00:00") where POSIX says the zone, as
    POSIX.
    """
    match = _HIKVISION.fullmatch(rule)
    if match is None:
        return rule
    name, standard, saving, rest = match.groups()
    west = _time(standard) - _time(saving)
    minutes = abs(west) // timedelta(minutes=1)
    return f"{name}{standard}DST{'-' if west < timedelta() else ''}{minutes // 60}:{minutes % 60:02d},{rest}"


def _named(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name) if _IANA.fullmatch(name) else None
    except (KeyError, ValueError, OSError):
        return None
