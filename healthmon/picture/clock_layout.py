"""Which digits of a line of text are hours, minutes and the date. Pure; worker only."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from healthmon.picture.clock_model import LEAST_GAIN, OTHER, Field, Floats, Glyphs

LEAST_FIT = 0.85  # of a digit whose place is not known yet
LEAST_MARGIN = 0.3
SAME_GROUP = 1.2  # from digit to digit at most, in pitches
NEXT_GROUP = 2.7  # from the last digit of a group to the first of the next one
NEXT_OF_DATE = 3.4  # the same where a letter as wide as two digits may stand between (2026年11月)
MONTH = 12  # from the day to the year, between which September stands
OTHER_LINE = (0.9, 2.2)  # glyph heights from the time to the date on the next line
OTHER_COLUMNS = 12  # pitches that it may begin earlier or end later
COARSE_FIT = 0.6  # of a digit, a few rows beside its place
Cell = tuple[int, int]
Group = tuple[Cell, ...]
_DATES = {
    (4, 2, 2): ("year", "month", "day"),
    (2, 2, 4): ("first", "middle", "year"),
    (2, 2, 2): ("first", "middle", "last"),
}


@dataclass(frozen=True, slots=True)
class Found:
    """A digit at `cell` (row, column of its left upper corner), and how well it fits."""

    cell: Cell
    digit: int
    fit: float


def digits_of(strip: Floats, glyphs: Glyphs, least_apart: float) -> list[Found]:
    """All digits in `strip` (as high as a glyph and a row more at top and bottom), from left to
    right.
    """
    found: list[Found] = []
    for row in range(strip.shape[0] - glyphs.size[0] + 1):
        patches = _windows(strip, glyphs, row)
        fits, gains = glyphs.fits(patches)
        likely = np.flatnonzero(fits.max(axis=1) >= LEAST_FIT)
        digits, margins = glyphs.best(patches[likely], fits[likely])
        fit, gain = fits[likely, digits], gains[likely, digits]
        seen = (fit >= LEAST_FIT) & (gain >= LEAST_GAIN) & (margins >= LEAST_MARGIN)
        found += [
            Found((row, int(likely[at])), int(digits[at]), float(fit[at]))
            for at in np.flatnonzero(seen)
        ]
    return _apart(found, least_apart)


def _windows(strip: Floats, glyphs: Glyphs, row: int) -> Floats:
    """The piece as large as a glyph at each column of a `row`, flat (columns x pixels)."""
    high, wide = glyphs.size
    windows = np.lib.stride_tricks.sliding_window_view(strip[row : row + high], wide, axis=1)
    return np.ascontiguousarray(windows.transpose(1, 0, 2)).reshape(-1, high * wide)


def date_beside(
    mean: Floats, glyphs: Glyphs, time: Sequence[Field], pitch: float, nearest: float
) -> tuple[Field, ...]:
    """The numbers of a date on the line above or below the `time` in the rows `mean`; none where
    there is none.
    """
    high, wide = glyphs.size
    row, first = time[0].cells[0]
    last = time[-1].cells[-1][1]
    left = max(0, int(first - OTHER_COLUMNS * pitch))
    part = mean[:, left : int(last + OTHER_COLUMNS * pitch) + wide]
    least, most = (int(one * high) for one in OTHER_LINE)
    for rows in (range(row - most, row - least), range(row + least, row + most)):
        inside = [one for one in rows if 0 <= one <= mean.shape[0] - high]
        at = _fullest_row(part, glyphs, inside)
        if at is None:
            continue
        top = max(0, at - 1)
        found = digits_of(part[top : at + high + 1], glyphs, nearest * pitch)
        cells = [(top + one.cell[0], left + one.cell[1]) for one in found]
        if date := _date(list(_groups(cells, pitch, nearest)), pitch):
            return date
    return ()


def _fullest_row(part: Floats, glyphs: Glyphs, rows: Sequence[int]) -> int | None:
    """Of `rows` the one at which most places look like a digit; None where there is none."""
    step = max(1, glyphs.size[0] // 10)

    def digits_at(row: int, least: float) -> int:
        fits, gains = glyphs.fits(_windows(part, glyphs, row))
        likely = (fits >= least) & (gains >= LEAST_GAIN)
        return int(np.count_nonzero(likely.any(axis=1)))

    coarse = {row: digits_at(row, COARSE_FIT) for row in rows[::step]}
    if not any(coarse.values()):
        return None
    near = max(coarse, key=lambda row: coarse[row])
    close = [row for row in rows if abs(row - near) < step] or [near]
    return max(close, key=lambda row: digits_at(row, LEAST_FIT))


def _apart(found: list[Found], least: float) -> list[Found]:
    """The best ones that do not overlap."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda each: -each.fit):
        if all(abs(one.cell[1] - other.cell[1]) >= least for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda each: each.cell[1])


def fields_of(
    found: Sequence[Found], tens: Cell, unit: Cell, nearest: float
) -> tuple[Field, ...] | None:
    """The fields of the clock whose seconds stand at `tens` and `unit`: the two numbers before them
    are hours and minutes. None where there are no such numbers. Digits of one number are apart by
    `nearest` pitches at least.
    """
    pitch = float(unit[1] - tens[1])
    cells = [one.cell for one in found]
    before = list(
        _groups([one for one in cells if one[1] < tens[1] - 0.75 * pitch], pitch, nearest)
    )
    after = list(_groups([one for one in cells if one[1] > unit[1] + 0.75 * pitch], pitch, nearest))
    three = (*before[-2:], (tens, unit))
    if not _is_time(three, pitch):
        return None
    names = ("hour", "minute", "second")
    time = tuple(Field(name, one) for name, one in zip(names, three, strict=True))
    date = _date(before[:-2], pitch) or _date(after, pitch)
    return (*time, *(date or _other(before[:-2], three, after, pitch)))


def _other(
    before: Sequence[Group], time: Sequence[Group], after: Sequence[Group], pitch: float
) -> tuple[Field, ...]:
    """A number that stands beside the `time` as one of its own would: where letters move the text, it
    tells hours from minutes.
    """
    if before and len(before[-1]) == 2 and _follows(before[-1], time[0], pitch):
        return (Field(OTHER, before[-1]),)
    if after and len(after[0]) == 2 and _follows(time[-1], after[0], pitch):
        return (Field(OTHER, after[0]),)
    return ()


def _is_time(groups: Sequence[Group], pitch: float) -> bool:
    """Whether these are three numbers of two digits with only a separator between them."""
    pairs = itertools.pairwise(groups)
    two = [len(one) for one in groups] == [2, 2, 2]
    return two and all(_follows(first, second, pitch) for first, second in pairs)


def _groups(cells: Sequence[Cell], pitch: float, nearest: float) -> Iterator[Group]:
    """Digits that stand side by side."""
    group: list[Cell] = []
    for cell in cells:
        apart = (cell[1] - group[-1][1]) / pitch if group else 1.0
        if not nearest <= apart <= SAME_GROUP:
            yield tuple(group)
            group = []
        group.append(cell)
    if group:
        yield tuple(group)


def _follows(first: Group, second: Group, pitch: float, most: float = NEXT_GROUP) -> bool:
    """Whether only a separator stands between two groups."""
    return second[0][1] - first[-1][1] <= most * pitch


def _date(groups: Sequence[Group], pitch: float) -> tuple[Field, ...]:
    """The numbers of the date, nearest to the time; none where they are no date."""
    for at in range(len(groups) - 3, -1, -1):
        three = groups[at : at + 3]
        names = _DATES.get(tuple(len(one) for one in three))  # type: ignore[arg-type]
        near = all(_follows(a, b, pitch, NEXT_OF_DATE) for a, b in itertools.pairwise(three))
        if names and near:
            return tuple(Field(name, one) for name, one in zip(names, three, strict=True))
    for first, last in itertools.combinations(groups, 2):  # letters may look like digits
        if (len(first), len(last)) == (2, 4) and last[0][1] - first[-1][1] <= MONTH * pitch:
            return Field("day", first), Field("year", last)  # a month in letters between them
    return ()
