"""The period of a report: local calendar months, years and council years, with their days of 23 and 25
hours. Pure.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from healthmon.incidents.civil_time import moment

FORMS: Final = "2026-10 (a month), 2026 (a year) or 2026/27 (April 2026 to March 2027)"
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)
_YEAR = re.compile(r"20\d\d", re.ASCII)
_COUNCIL_YEAR = re.compile(r"(20\d\d)/(\d\d)", re.ASCII)
_DECEMBER, _APRIL = 12, 4
HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Period:
    """From local midnight of `first` until that of `after`, which is no part of it. `name` is as it
    is typed.
    """

    name: str
    first: date
    after: date
    zone: ZoneInfo

    @classmethod
    def of(cls, text: str, zone: ZoneInfo) -> Period:
        """The period that `text` names. Raises ValueError with a remedy."""
        typed = text.strip()
        if found := _MONTH.fullmatch(typed):
            first = date(int(found[1]), int(found[2]), 1)
            return cls(typed, first, _next(first), zone)
        if _YEAR.fullmatch(typed):
            return cls(typed, date(int(typed), 1, 1), date(int(typed) + 1, 1, 1), zone)
        if found := _COUNCIL_YEAR.fullmatch(typed):
            year = int(found[1])
            if (year + 1) % 100 == int(found[2]):
                return cls(typed, date(year, _APRIL, 1), date(year + 1, _APRIL, 1), zone)
        raise ValueError(f"'{text}' is not a period; write {FORMS}")

    @classmethod
    def month_of(cls, day: date, zone: ZoneInfo) -> Period:
        """The month in which `day` lies."""
        first = day.replace(day=1)
        return cls(f"{first:%Y-%m}", first, _next(first), zone)

    @property
    def since(self) -> float:
        """The first second of it (Unix seconds)."""
        return _midnight(self.first, self.zone)

    @property
    def until(self) -> float:
        """The first second after it (Unix seconds)."""
        return _midnight(self.after, self.zone)

    @property
    def words(self) -> str:
        """``October 2026``, ``2026`` or ``April 2026 to March 2027``."""
        last = self.after - timedelta(days=1)
        if _next(self.first) == self.after:
            return f"{self.first:%B %Y}"
        if self.first.month == 1 and last.month == _DECEMBER and self.first.year == last.year:
            return f"{self.first:%Y}"
        return f"{self.first:%B %Y} to {last:%B %Y}"

    def months(self) -> tuple[Period, ...]:
        """Its months in order."""
        found, first = [], self.first
        while first < self.after:
            found.append(Period.month_of(first, self.zone))
            first = _next(first)
        return tuple(found)

    def before(self, months: int) -> tuple[Period, ...]:
        """So many months before it, in order."""
        found: list[Period] = []
        first = self.first
        for _ in range(months):
            first = (first - timedelta(days=1)).replace(day=1)
            found.insert(0, Period.month_of(first, self.zone))
        return tuple(found)

    def days(self) -> tuple[tuple[float, float], ...]:
        """Begin and end of each local day, Unix seconds."""
        count = (self.after - self.first).days
        edges = [_midnight(self.first + timedelta(days=n), self.zone) for n in range(count + 1)]
        return tuple(itertools.pairwise(edges))


def _next(first: date) -> date:
    """The first day of the next month."""
    return (first + timedelta(days=31)).replace(day=1)


def _midnight(day: date, zone: ZoneInfo) -> float:
    return moment(day, time(0), zone).timestamp()
