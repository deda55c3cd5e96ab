"""Finds the clock that is burned into a stream, and learns its digits from its own ticking. Worker
only.

The last digit of a clock changes once a second and shows ten states in a fixed order; the digit
before it changes where that is 9 to 0. So the ten glyphs label themselves. With them the other
digits of the line are found and read; and then the whole clock must have counted right for as long
as it was watched. Nothing is configured, and no general reader of text is needed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from healthmon.picture.clock_layout import Found, date_beside, digits_of, fields_of
from healthmon.picture.clock_model import (
    OF_KERNING,
    OTHER,
    ClockModel,
    Digits,
    Field,
    Floats,
    Glyphs,
    Luma,
    read_cells,
)
from healthmon.picture.measuring import box

ROWS = 180  # of the small pictures in which a clock is looked for, about
PER_SECOND = 10  # phases of a second that are told apart
LONGEST_STEP = 0.45  # seconds between two pictures that are compared
DIGIT = (5, 3)  # rows and columns of the smallest digit there
LEAST_TICK = 6.0  # grey levels that a piece of this size changes by at a tick
MOST_CLOCKS, MOST_SPOTS = 2, 4
LEAST_SECONDS = 13
SETTLED = (0.45, 0.65)  # seconds after a tick at which its digit is sharp
NEXT_TICK = 0.85  # from here on the next digit may stand there: a tick is known to 0.1 s
INFORMATION = 0.3  # of the most, where a pixel belongs to the digit
LEAST_TENS = 0.75  # fit of the digit before the last one
PROOF_FIT = 0.8  # of a digit of a clock that must count right anyway
PROOF = 0.6  # of the watched seconds must be read surely, and none of these wrong
MOST_AROUND = 160  # rows above and below it that may hold the date; they cost memory
PUNCTUAL = 0.85  # of these must show the very second
NEAREST = (0.75, 0.55)  # pitches between digits that stand side by side; the second with a narrow 1
LIKELY = 5  # times of a carry that are tried where the last digit does not stay at its place
DAY = 86400


@dataclass(frozen=True, slots=True)
class Spot:
    """A piece of the picture that changes once a second: its middle (row, column, in pixels of the
    full picture), at which part of a second it does, and by how many grey levels.
    """

    row: int
    column: int
    phase: float
    strength: float


@dataclass(slots=True)
class ClockFinder:
    """Takes the pictures of a stream one by one and tells where something ticks. Of each only a
    small grey picture is kept.
    """

    scale: int = 0
    size: tuple[int, int] = (0, 0)
    times: list[float] = field(default_factory=list)
    small: list[NDArray[np.uint8]] = field(default_factory=list)

    def add(self, at: float, luma: Luma) -> None:
        """The picture at `at` (seconds of the stream)."""
        if self.times and at - self.times[-1] < 0.9 / PER_SECOND:
            return
        if not self.scale:
            self.scale = max(1, round(luma.shape[0] / ROWS))
            self.size = luma.shape[1], luma.shape[0]
        if (luma.shape[1], luma.shape[0]) != self.size:
            return
        self.times.append(at)
        self.small.append(_smaller(luma, self.scale))

    def spots(self) -> list[Spot]:
        """Where something ticks, the strongest first."""
        changes = self._changes()
        if changes is None:
            return []
        empty = np.zeros_like(next(one for one in changes if one)[0])
        phases = np.asarray([np.median(one or [empty], axis=0) for one in changes], np.float32)
        still = np.median(phases, axis=0)
        ticks = phases - still
        found: list[Spot] = []
        best, at = ticks.max(axis=0), ticks.argmax(axis=0)
        while len(found) < MOST_SPOTS:
            row, column = (int(one) for one in np.unravel_index(int(best.argmax()), best.shape))
            strength = float(best[row, column])
            if strength < LEAST_TICK:
                break
            phase = (int(at[row, column]) + 1) / PER_SECOND
            middle = (row + DIGIT[0] / 2) * self.scale, (column + DIGIT[1] / 2) * self.scale
            found.append(Spot(int(middle[0]), int(middle[1]), phase % 1.0, strength))
            best[max(0, row - 8) : row + 9, max(0, column - 10) : column + 11] = 0.0
        return found

    def _changes(self) -> list[list[Floats]] | None:
        """For each phase, of every second the largest change of each piece within a fifth of a second;
        None where too little was watched.
        """
        if not self.times or self.times[-1] - self.times[0] < LEAST_SECONDS:
            return None
        by_step = self._by_step()
        found: list[list[Floats]] = [[] for _ in range(PER_SECOND)]
        for step in sorted({*by_step, *(step - 1 for step in by_step)}):
            both = [by_step[one] for one in (step, step + 1) if one in by_step]
            found[step % PER_SECOND].append(both[0] if len(both) == 1 else np.maximum(*both))
        return found if by_step else None

    def _by_step(self) -> dict[int, Floats]:
        """The largest change of each piece in each tenth of a second."""
        found: dict[int, Floats] = {}
        for number in range(1, len(self.times)):
            before, now = self.times[number - 1], self.times[number]
            if now - before > LONGEST_STEP:
                continue
            moved = np.abs(self.small[number].astype(np.int16) - self.small[number - 1])
            step = int((before + now) / 2 * PER_SECOND)
            change = box(moved.astype(np.float32), *DIGIT)
            found[step] = np.maximum(found.get(step, change), change)
        return found


def _smaller(luma: Luma, scale: int) -> NDArray[np.uint8]:
    """The means of squares of `scale` pixels."""
    rows, columns = luma.shape[0] // scale, luma.shape[1] // scale
    cut = luma[: rows * scale, : columns * scale].reshape(rows, scale, columns, scale)
    return np.asarray(cut.mean(axis=(1, 3)), np.uint8)


@dataclass(slots=True)
class ClockLearner:
    """Takes the pictures of the same stream again and learns the clock at `spot`. Of each second the
    rows around it are kept, when its digits have settled.
    """

    spot: Spot
    size: tuple[int, int]
    seconds: dict[int, list[Floats]] = field(default_factory=dict)
    top: int = 0
    _last: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.top = max(0, self.spot.row - self._around)

    @property
    def _around(self) -> int:
        high = self.size[1]
        return max(24, min(high // 7, MOST_AROUND), high // 12)

    def add(self, at: float, luma: Luma) -> None:
        """The picture at `at` (seconds of the stream)."""
        second, part = divmod(at - self.spot.phase, 1.0)
        taken = self.seconds.setdefault(int(second), [])
        if len(taken) < len(SETTLED) and SETTLED[len(taken)] <= part < NEXT_TICK:
            rows = luma[self.top : self.spot.row + self._around]
            taken.append(rows.copy())

    def learned(self, now: float = 0.0) -> ClockModel | None:
        """The clock; None where there is none, or it did not count right."""
        means = {
            second: np.asarray(np.mean(taken, axis=0), np.float32)
            for second, taken in self.seconds.items()
            if taken
        }
        if len(means) < LEAST_SECONDS:
            return None
        near = self.spot.row - self.top, self.spot.column
        ticking = _Ticking.found(means, near)
        tried = [(ticking, carry) for carry in ticking.carries()] if ticking else []
        found = (self._model(one, carry, now) for one, carry in tried)
        moved = (self._moved(means, rows, carry, now) for carry, rows in _steadied(means, near))
        return next((one for one in itertools.chain(found, moved) if one is not None), None)

    def _moved(
        self, seen: dict[int, Floats], steady: dict[int, Floats], carry: int, now: float
    ) -> ClockModel | None:
        """The clock whose last digit moves in the rows as `seen`, and not in the `steady` ones."""
        ticking = _Ticking.found(steady, (self.spot.row - self.top, self.spot.column))
        return self._model(replace(ticking, seen=seen), carry, now) if ticking else None

    def _model(self, ticking: _Ticking, carry: int, now: float) -> ClockModel | None:
        glyphs = ticking.glyphs(carry)
        tens = ticking.tens(glyphs, carry) if glyphs else None
        if glyphs is None or tens is None:
            return None
        pitch = ticking.unit[1] - tens.column
        best = self._fields(ticking, glyphs, tens)
        if not best:
            return None
        return ClockModel(self.size, glyphs, _lower(best, self.top), float(pitch), now)

    @staticmethod
    def _fields(ticking: _Ticking, glyphs: Glyphs, tens: _Tens) -> tuple[Field, ...]:
        """The numbers of the clock that count right, with a date if there is one; none where none do."""
        pitch, row = float(ticking.unit[1] - tens.column), max(0, ticking.unit[0] - 1)
        mean = ticking.mean_of(tens.minute)
        strip = mean[row : row + glyphs.size[0] + 2]
        best: tuple[Field, ...] = ()
        for nearest in NEAREST:
            found = [
                Found((row + one.cell[0], one.cell[1]), one.digit, one.fit)
                for one in digits_of(strip, glyphs, nearest * pitch)
            ]
            fields = fields_of(found, (ticking.unit[0], tens.column), ticking.unit, nearest)
            if fields and not _dated(fields):
                fields += date_beside(mean, glyphs, fields, pitch, nearest)
            proven = ticking.proven(glyphs, fields, pitch) if fields else ()
            best = max(best, proven, key=lambda one: (_dated(one), len(one)))
            if _dated(best):
                break
        return best


def learned_clocks(
    pictures: Callable[[], Iterator[tuple[float, Luma]]], now: float = 0.0
) -> list[ClockModel]:
    """The clocks of a stream whose `pictures` (seconds, luma) can be had twice: once to find what
    ticks, once to learn it. `now` (Unix seconds) is noted in them.
    """
    finder = ClockFinder()
    for at, luma in pictures():
        finder.add(at, luma)
    learners = [ClockLearner(spot, finder.size) for spot in finder.spots()]
    if not learners:
        return []
    for at, luma in pictures():
        if (luma.shape[1], luma.shape[0]) != finder.size:
            return []
        for learner in learners:
            learner.add(at, luma)
    return _each_once(filter(None, (learner.learned(now) for learner in learners)))[:MOST_CLOCKS]


def _each_once(models: Iterable[ClockModel]) -> list[ClockModel]:
    """The clocks without those that stand where an earlier one does."""
    found: list[ClockModel] = []
    for model in models:
        if not any(_is_same(model, other) for other in found):
            found.append(model)
    return found


def _is_same(one: ClockModel, other: ClockModel) -> bool:
    """Whether two clocks stand at the same place: one ticks at several spots."""
    first, second = one.fields[0].cells[0], other.fields[0].cells[0]
    high, wide = one.glyphs.size
    return abs(first[0] - second[0]) < high and abs(first[1] - second[1]) < wide


def _lower(fields: Sequence[Field], rows: int) -> tuple[Field, ...]:
    """The same in the full picture, of which `rows` were cut off at the top."""
    return tuple(
        Field(one.name, tuple((row + rows, column) for row, column in one.cells)) for one in fields
    )


@dataclass(frozen=True, slots=True)
class _Tens:
    """The digit before the last one: its left edge, and the seconds of the longest time in which the
    minutes cannot have changed.
    """

    column: int
    minute: tuple[int, ...]


@dataclass(slots=True)
class _Ticking:
    """The rows around a clock, a mean for each second, and the cell of its last digit in them: `unit`
    is the left upper corner, `size` its rows and columns. The rows as `seen` are others where that digit
    was moved to one place.
    """

    means: dict[int, Floats]
    unit: tuple[int, int]
    size: tuple[int, int]
    seen: dict[int, Floats]

    @classmethod
    def found(cls, means: dict[int, Floats], near: tuple[int, int]) -> _Ticking | None:
        """The cell that has ten states in a fixed order, around `near` (row, column)."""
        rows, columns = next(iter(means.values())).shape
        reach = max(24, rows)
        left, right = max(0, near[1] - reach), min(columns, near[1] + reach)
        cut = {second: one[:, left:right] for second, one in means.items()}
        shown = _information(cut)
        if shown is None:
            return None
        bounds = _bounds(shown, (near[0], near[1] - left))
        if bounds is None:
            return None
        top, bottom, first, last = bounds
        top, first = max(0, top - 1), max(0, left + first - 1)
        bottom, last = min(rows, bottom + 2), min(columns, left + last + 2)
        return cls(means, (top, first), (bottom - top, last - first), means)

    def _cell(self, rows: Floats, column: int) -> Floats:
        (row, _), (high, wide) = self.unit, self.size
        return rows[row : row + high, column : column + wide]

    def carries(self) -> list[int]:
        """When the last digit is 0, as seconds modulo ten: the likeliest first. The digit before it
        changes then; so may what passes behind it.
        """
        (row, column), (high, wide) = self.unit, self.size
        left = max(0, column - int(1.6 * wide))
        strips = {
            second: one[row : row + high, left : max(left + 1, column - 1)]
            for second, one in self.means.items()
        }
        changes: list[list[float]] = [[] for _ in range(10)]
        for second, strip in strips.items():
            if second - 1 in strips:
                changes[second % 10].append(float(np.abs(strip - strips[second - 1]).mean()))
        levels = [float(np.median(one)) if one else 0.0 for one in changes]
        return sorted(range(10), key=lambda one: -levels[one])

    def glyphs(self, carry: int) -> Glyphs | None:
        """The ten digits, where `carry` is when the last one is 0; None where one was not seen."""
        seen: list[list[Floats]] = [[] for _ in range(10)]
        for second, rows in self.means.items():
            seen[(second - carry) % 10].append(self._cell(rows, self.unit[1]))
        if not all(seen):
            return None
        return Glyphs.of(np.stack([np.median(_together(one), axis=0) for one in seen]))

    def tens(self, glyphs: Glyphs, carry: int) -> _Tens | None:
        """The digit before the last one: it must count up by one at each carry."""
        decades = self._decades(carry)
        column, wide = self.unit[1], self.size[1]
        places = range(max(0, column - 2 * wide), column - wide // 2)
        read = [(*self._tens_at(left, glyphs, decades), left) for left in places]
        fit, digits, left = max(read, default=(0.0, [], 0))
        if fit < LEAST_TENS:
            return None
        stood = {
            decade: [one for one in seconds if self.seen[one] is self.means[one]]
            for decade, seconds in decades.items()
        }
        minute = _longest_minute(stood, digits)
        return _Tens(left, tuple(minute)) if minute else None

    def _decades(self, carry: int) -> dict[int, list[int]]:
        """The seconds of each ten between two carries."""
        found: dict[int, list[int]] = {}
        for second in sorted(self.means):
            found.setdefault((second - carry) // 10, []).append(second)
        return {decade: seconds for decade, seconds in found.items() if len(seconds) > 1}

    def _tens_at(
        self, left: int, glyphs: Glyphs, decades: dict[int, list[int]]
    ) -> tuple[float, list[int]]:
        """How well the cell at `left` fits a digit that counts up (0: not at all), and the digits."""
        fits = self._fits_of_tens(self.means, left, glyphs, decades)
        if self.seen is not self.means:  # what moves the last digit need not move the one before
            fits = np.maximum(fits, self._fits_of_tens(self.seen, left, glyphs, decades))
        digits = [int(one) for one in fits.argmax(axis=1)]
        if not _counts(list(decades), digits):
            return 0.0, digits
        return float(fits.max(axis=1).min()), digits

    def _fits_of_tens(
        self, shown: dict[int, Floats], left: int, glyphs: Glyphs, decades: dict[int, list[int]]
    ) -> Floats:
        """How well the cell at `left` of what was `shown` fits each digit in each of the `decades`."""
        patches = [
            np.mean([self._cell(shown[one], left) for one in seconds], axis=0).ravel()
            for seconds in decades.values()
        ]
        fits, _ = glyphs.fits(np.asarray(patches, np.float32).reshape(len(patches), -1))
        return fits

    def mean_of(self, seconds: Iterable[int]) -> Floats:
        """The mean of some seconds."""
        return np.asarray(np.mean([self.seen[one] for one in seconds], axis=0), np.float32)

    def proven(self, glyphs: Glyphs, fields: Sequence[Field], pitch: float) -> tuple[Field, ...]:
        """The fields that are read surely: hours, minutes and seconds must count right, and a date
        stand still. None where the time does not.
        """
        time, date = tuple(fields[:3]), tuple(fields[3:])
        shown = self._read(glyphs, time, pitch)
        if _share(shown) < PROOF or not _counts_right(shown):
            return ()
        dates = self._read(glyphs, date, pitch)
        steady = len({one.text for one in dates.values() if one.sure}) == 1
        return (*time, *date) if date and steady and _share(dates) >= PROOF else time

    def _read(self, glyphs: Glyphs, fields: Sequence[Field], pitch: float) -> dict[int, Digits]:
        """What stands in `fields` in each second."""
        cells = [cell for one in fields for cell in one.cells]
        shown = self.seen.items()
        return {second: read_cells(one, glyphs, cells, pitch, PROOF_FIT) for second, one in shown}


def _steadied(
    means: dict[int, Floats], near: tuple[int, int]
) -> Iterator[tuple[int, dict[int, Floats]]]:
    """The rows around a clock whose last digit does not stay `near` its place, moved so that it does: a
    digit before it is narrower, or kerned. It moves when that changes; so first comes when the last
    digit is 0, as seconds modulo ten, the likeliest ones.
    """
    moved = _moved_in_ten(means, near)
    if not any(moved.values()):
        return
    tried = [(*_moves(moved, means, carry), carry) for carry in range(10)]
    for _, moves, carry in sorted(tried, key=lambda one: one[0])[:LIKELY]:
        yield carry, {at: _rolled(one, moves[(at - carry) // 10]) for at, one in means.items()}


def _moved_in_ten(means: dict[int, Floats], near: tuple[int, int]) -> dict[int, int]:
    """By how many columns the last digit of a clock has moved ten seconds after each second, when it is
    the same again; nothing where none is `near`.
    """
    steps = [np.abs(one - means[at - 1]) for at, one in means.items() if at - 1 in means]
    bounds = _bounds(np.asarray(np.mean(steps, axis=0), np.float32), near) if steps else None
    if bounds is None:
        return {}
    top, bottom, first, last = bounds
    reach = max(2, (last - first) * 2 // 5)
    rows, columns = slice(top, bottom + 1), slice(max(0, first - reach), last + reach + 1)
    cells = {second: one[rows, columns] for second, one in means.items()}
    later = [at for at in sorted(cells) if at + 10 in cells]
    return {at: _apart(cells[at], cells[at + 10], reach) for at in later}


def _moves(moved: dict[int, int], seconds: Iterable[int], carry: int) -> tuple[int, dict[int, int]]:
    """By how many columns the last digit has moved in each ten seconds after `carry`, against where it
    stands longest, where it `moved` so far after each second; and how many of these disagree.
    """
    found: dict[int, list[int]] = {}
    for at, right in moved.items():
        found.setdefault((at - carry) // 10, []).append(right)
    usual = {decade: int(np.median(rights)) for decade, rights in found.items()}
    odd = sum(right != usual[(at - carry) // 10] for at, right in moved.items())
    stands = {(at - carry) // 10: 0 for at in sorted(seconds)}
    for decade in sorted(stands)[1:]:
        stands[decade] = (
            stands[decade - 1] + usual.get(decade - 1, 0) if decade - 1 in stands else 0
        )
    every = [stands[(at - carry) // 10] for at in seconds]
    longest = max(every, key=every.count)
    return odd, {decade: right - longest for decade, right in stands.items()}


def _rolled(rows: Floats, right: int) -> Floats:
    """The `rows` with what stood so many columns to the `right` at its place; the same where that is 0."""
    return np.roll(rows, -right, axis=1) if right else rows


def _together(cells: Sequence[Floats]) -> list[Floats]:
    """Pictures of the same digit, all where most of them show it: one before it may kern it."""
    reach = max(1, -(-cells[0].shape[1] // OF_KERNING))
    moves = [[_apart(one, other, reach) for other in cells] for one in cells]
    most = min(range(len(cells)), key=lambda at: sum(map(abs, moves[at])))
    pairs = zip(cells, moves[most], strict=True)
    return [np.roll(one, -right, axis=1) for one, right in pairs]


def _apart(one: Floats, other: Floats, reach: int) -> int:
    """By how many columns, at most `reach`, the `other` piece is to the right of `one`."""
    wide = one.shape[1]
    middle = one[:, reach : wide - reach]
    off = {
        right: float(np.square(other[:, reach + right : wide - reach + right] - middle).mean())
        for right in range(-reach, reach + 1)
    }
    return min(off, key=lambda right: (off[right], abs(right)))


def _dated(fields: Sequence[Field]) -> bool:
    """Whether a date is among the fields."""
    return any(one.name not in {"hour", "minute", "second", OTHER} for one in fields)


def _share(shown: dict[int, Digits]) -> float:
    """How many of the readings are sure."""
    return sum(one.sure for one in shown.values()) / len(shown)


def _counts_right(shown: dict[int, Digits]) -> bool:
    """Whether the sure ones of the readings count seconds. Some cameras draw one a little late or early
    now and then: few may be a second off, and none by more.
    """
    begun = [_seconds(one.text) - second for second, one in shown.items() if one.sure]
    usual = max(begun, key=begun.count)
    off = [(one - usual + DAY // 2) % DAY - DAY // 2 for one in begun]
    return max(map(abs, off)) <= 1 and off.count(0) >= PUNCTUAL * len(off)


def _seconds(text: str) -> int:
    """Seconds of the day of HHMMSS."""
    hours, minutes, seconds = (int(text[at : at + 2]) for at in (0, 2, 4))
    return hours * 3600 + minutes * 60 + seconds


def _information(cut: dict[int, Floats]) -> Floats | None:
    """How far each pixel tells the ten states apart, in grey levels: the spread between the states,
    where it is more than that within one.
    """
    states: list[list[Floats]] = [[] for _ in range(10)]
    for second, one in cut.items():
        states[second % 10].append(one)
    if not all(states) or len(cut) < LEAST_SECONDS:
        return None
    means = np.stack([np.mean(one, axis=0) for one in states])
    within = sum(
        ((np.stack(one) - mean) ** 2).sum(axis=0) for one, mean in zip(states, means, strict=True)
    )
    noise = within / (len(cut) - 10)
    between = means.var(axis=0, ddof=1) - noise * 10 / len(cut)
    return np.asarray(np.sqrt(np.where(between > noise, between, 0.0)), np.float32)


def _bounds(shown: Floats, near: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """The first and last row and column of the piece around `near` that tells the states apart."""
    reach = max(6, shown.shape[0] // 6)
    top, left = max(0, near[0] - reach), max(0, near[1] - reach)
    close = shown[top : near[0] + reach, left : near[1] + reach]
    if not close.size or float(close.max()) < LEAST_TICK:
        return None
    least = INFORMATION * float(np.quantile(close[close > 0], 0.95))
    row, column = (int(one) for one in np.unravel_index(int(close.argmax()), close.shape))
    mask = shown >= least
    rows = columns = (0, 0)
    rows = (top + row, top + row)
    columns = (left + column, left + column)
    for _ in range(3):  # each direction needs the other's extent
        columns = _grown(np.any(mask[rows[0] : rows[1] + 1], axis=0), left + column)
        rows = _grown(np.any(mask[:, columns[0] : columns[1] + 1], axis=1), top + row)
    if rows[1] - rows[0] < 4 or columns[1] - columns[0] < 2:
        return None
    return rows[0], rows[1], columns[0], columns[1]


def _grown(there: NDArray[Any], at: int) -> tuple[int, int]:
    """The run of true values around `at`."""
    first = last = at
    while first > 0 and there[first - 1]:
        first -= 1
    while last + 1 < len(there) and there[last + 1]:
        last += 1
    return first, last


def _counts(decades: list[int], digits: list[int]) -> bool:
    """Whether tens of seconds count up by one from decade to decade."""
    ahead = {(digit - decade) % 6 for decade, digit in zip(decades, digits, strict=True)}
    return len(decades) > 1 and len(ahead) == 1 and max(digits) < 6


def _longest_minute(decades: dict[int, list[int]], digits: list[int]) -> list[int]:
    """The seconds of the longest time within one minute."""
    minutes: list[list[int]] = [[]]
    for digit, seconds in zip(digits, decades.values(), strict=True):
        if digit == 0 and minutes[-1]:
            minutes.append([])
        minutes[-1] += seconds
    return max(minutes, key=len)
