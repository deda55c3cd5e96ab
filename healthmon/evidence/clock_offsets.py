"""What a clock was against true time at one moment, from the readings around it. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from healthmon.evidence.spans import Span, Spans
from healthmon.store.rows import ClockRow

# Readings that are further away say nothing of a moment.
WITHIN: Final = 24 * 3600.0


class Basis(StrEnum):
    """How an offset at a moment is known."""

    AROUND = "read around it"
    BETWEEN = "between two readings that agree"
    CHANGED = "between two readings that do not agree"
    BEFORE = "read before it only"
    AFTER = "read after it only"
    NONE = "no reading"


@dataclass(frozen=True, slots=True)
class Step:
    """A clock was found elsewhere by the reading at `until` than by the one at `since`: the best figures
    (`old`, `new`) differ by more than both can be read to. Seconds.
    """

    since: float
    until: float
    old: float
    new: float


@dataclass(frozen=True, slots=True)
class OffsetAt:
    """A clock at `at`: between `low` and `high` seconds from true time, None where that is not known.
    `best` is the best single figure, None where the readings around do not agree. `before` and `after`
    are the nearest readings, the same stretch where the moment lies in it.
    """

    at: float
    basis: Basis
    low: float | None = None
    high: float | None = None
    best: float | None = None
    before: ClockRow | None = None
    after: ClockRow | None = None
    steps: tuple[Step, ...] = ()


def offset_at(rows: Iterable[ClockRow], at: float) -> OffsetAt:
    """One clock of a device at `at` (true time, Unix seconds). `rows` are its readings, in order."""
    near = list(_near(rows, at))
    steps = tuple(_steps(near))
    before = max((row for row in near if row.since <= at), key=_ends, default=None)
    after = min((row for row in near if row.until >= at), key=_begins, default=None)
    if before is None or after is None:
        return OffsetAt(at, _one_sided(before, after), before=before, after=after, steps=steps)
    if before.until >= at:
        low, high = before.low, before.high
        return OffsetAt(at, Basis.AROUND, low, high, _middle(before), before, before, steps)
    return _between(at, before, after, steps)


def _near(rows: Iterable[ClockRow], at: float) -> Iterable[ClockRow]:
    return (row for row in rows if row.until >= at - WITHIN and row.since <= at + WITHIN)


def _one_sided(before: ClockRow | None, after: ClockRow | None) -> Basis:
    if before is not None:
        return Basis.BEFORE
    return Basis.NONE if after is None else Basis.AFTER


def shown_at(rows: Sequence[ClockRow], shown: float) -> Spans:
    """The true times at which a clock may have shown `shown`, by its readings in order: none where it
    was set over that, two where it was set back.
    """
    stretches = [(row.since, row.until, row) for row in rows]
    found = [_shown_within(*one, shown) for one in stretches]
    for one, other in itertools.pairwise(rows):
        if one.until < other.since <= one.until + WITHIN:
            gap = (one.until, other.since)
            found += [_shown_within(*gap, row, shown) for row in _possible(one, other)]
    return _joined(sorted(one for one in found if one is not None))


def _shown_within(since: float, until: float, row: ClockRow, shown: float) -> Span | None:
    if row.low is None or row.high is None:
        return None
    low, high = max(since, shown - row.high), min(until, shown - row.low)
    return (low, high) if low <= high else None


def _possible(one: ClockRow, other: ClockRow) -> Sequence[ClockRow]:
    """What a clock may have been off between two readings: one or the other where it has moved by more
    than a clock that stands still does, else anything between them.
    """
    old, new = _middle(one), _middle(other)
    if old is not None and new is not None and abs(new - old) > other.since - one.until:
        return (one, other)
    return (_worst_of(one, other),)


def _worst_of(one: ClockRow, other: ClockRow) -> ClockRow:
    """The bounds of both, for the time between them."""
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return replace(one, low=None, high=None)
    return replace(one, low=min(one.low, other.low), high=max(one.high, other.high))


def _joined(found: Sequence[Span]) -> Spans:
    """Times that touch or overlap are one."""
    made: list[Span] = []
    for low, high in found:
        if made and low <= made[-1][1]:
            made[-1] = (made[-1][0], max(made[-1][1], high))
        else:
            made.append((low, high))
    return tuple(made)


def _ends(row: ClockRow) -> float:
    return row.until


def _begins(row: ClockRow) -> float:
    return row.since


def _middle(row: ClockRow) -> float | None:
    return None if row.low is None or row.high is None else (row.low + row.high) / 2


def _between(at: float, before: ClockRow, after: ClockRow, steps: tuple[Step, ...]) -> OffsetAt:
    """The worst of both readings; one figure only where they agree."""
    lows = [one for one in (before.low, after.low) if one is not None]
    highs = [one for one in (before.high, after.high) if one is not None]
    old, new = _middle(before), _middle(after)
    if old is None or new is None:
        return OffsetAt(at, Basis.CHANGED, before=before, after=after, steps=steps)
    low, high = min(lows), max(highs)
    if not _agree(before, after):
        return OffsetAt(at, Basis.CHANGED, low, high, None, before, after, steps)
    share = (at - before.until) / (after.since - before.until)
    best = old + share * (new - old)
    return OffsetAt(at, Basis.BETWEEN, low, high, best, before, after, steps)


def _agree(one: ClockRow, other: ClockRow) -> bool:
    """Whether one constant offset lies within both."""
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return False
    return one.low <= other.high and other.low <= one.high


def _steps(rows: Sequence[ClockRow]) -> Iterable[Step]:
    for one, other in itertools.pairwise(rows):
        old, new = _middle(one), _middle(other)
        if old is not None and new is not None and not _agree(one, other):
            yield Step(one.until, other.since, old, new)
