"""A learned on-screen clock: where its digits stand, what they look like, and reading them. Worker
only.

The ten glyphs were cut from the seconds of the clock itself while it ticked (`clock_learning`), so
that no general reader of text is needed. A digit counts where it is sure: the picture fits its
glyph and, where the glyphs differ, fits it clearly better than each of the nine others.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from healthmon.model.picture import LEAST_MARGIN
from healthmon.picture import messages
from healthmon.picture.messages import Message

# Correlation with the glyph. Up to 0.86 a light thing behind plain text has made another digit of it.
LEAST_FIT = 0.9
LEAST_GAIN = 0.35  # contrast, 1 being the learned one
DIFFERENT = 0.25  # of the contrast: where two glyphs are told apart
OF_KERNING = 6  # a digit stands this part of its width nearer to another one than learned, at most
RIVAL = (
    0.8  # fit of another digit at another place, from which on it is open which one stands there
)
MOST_SIDE = 400
OF_STROKE, RAREST = 0.12, 0.05  # of the contrast; share of the pixels
LEAST_STROKES = 0.06  # of the pixels of a cell that its digit takes at least
TIME_DIGITS = 6  # the first ones of a clock
MOST_MOVED = 6.5  # pitches: from May to September
NO_LETTER = 2.3  # pitches from digit to digit, between which no letters stand
COARSE, COARSE_FIT = 12, 0.8  # rows of a digit that are enough to find it, and how it fits there
OTHER = "other"
Luma = NDArray[Any]  # height x width, 0 to 255
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Digits:
    """What stands in some cells: `text` has one digit for each, `margin` is the least of theirs (1
    is certain, 0 a guess), `fit` the least correlation, `sure` whether all of them count.
    """

    text: str
    margin: float
    fit: float
    sure: bool


@dataclass(frozen=True, slots=True)
class _Against:
    """One digit against all ten, where the two differ: what a patch is weighed with. `own` (pixels x
    10) are the strokes of the digit; `around` those of both, `glyphs` the same times the levels of
    the other, and `squares` (10) the sums of these times the levels. Sums of squared errors are
    products of these then.
    """

    own: Floats
    around: Floats
    glyphs: Floats
    squares: Floats


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The ten digits of one clock: `levels` is 10 x high x wide, luma from 0 to 255. `near` says of
    each pixel whether it belongs to a stroke of the digit or its outline; what lies farther off is
    the scene behind the text and does not count. `plain` are the levels without their mean there.
    """

    levels: Floats
    near: Floats
    plain: Floats
    _against: dict[int, _Against] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, levels: NDArray[Any], near: NDArray[Any] | None = None) -> Glyphs:
        """The glyphs of ten pictures of one size; `near` (10 x pixels) is found where not given."""
        levels = np.asarray(levels, np.float32)
        flat = levels.reshape(10, -1)
        near = _near(levels).reshape(10, -1) if near is None else near.astype(np.float32)
        means = (flat * near).sum(axis=1) / near.sum(axis=1)
        return cls(levels, near, (flat - means[:, None]) * near)

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of one glyph."""
        return int(self.levels.shape[1]), int(self.levels.shape[2])

    def fits(self, patches: Floats) -> tuple[Floats, Floats]:
        """The correlation of each of the flat `patches` (n x pixels) with each digit where its
        strokes are (n x 10), and their contrast, 1 being the learned one.
        """
        count = self.near.sum(axis=1)
        sums = patches @ self.near.T
        squares = (patches * patches) @ self.near.T
        spread = np.maximum(squares - sums * sums / count, 1e-3)
        own = (self.plain * self.plain).sum(axis=1)
        shared = patches @ self.plain.T
        fits = shared / np.sqrt(spread * np.maximum(own, 1e-3))
        return np.asarray(fits, np.float32), np.asarray(shared / own, np.float32)

    def margins(self, patches: Floats, digits: NDArray[np.intp]) -> Floats:
        """How much better each of the flat `patches` (n x pixels) fits its digit (n) than any other,
        where the two differ: 1 is certain.
        """
        found = np.empty(len(digits), np.float32)
        for digit in set(digits.tolist()):
            which = digits == digit
            found[which] = self._margins(patches[which], digit)
        return found

    def _margins(self, patches: Floats, digit: int) -> Floats:
        against = self._of(digit)
        near, plain = self.near[digit], self.plain[digit]
        means = patches @ near / near.sum()
        gains = patches @ plain / max(1e-3, float(plain @ plain))
        levelled = (patches - means[:, None]) / np.maximum(gains, 1e-3)[:, None]
        mine = np.square(levelled - plain) @ against.own
        others = np.square(levelled) @ against.around - 2 * (levelled @ against.glyphs)
        shares = mine / np.maximum(others + against.squares, 1e-6)
        shares[:, digit] = 0.0
        return np.asarray(1.0 - shares.max(axis=1), np.float32)

    def _of(self, digit: int) -> _Against:
        """What patches are weighed with that may be `digit`; levels are those without its mean."""
        if digit not in self._against:
            flat, near = self.levels.reshape(10, -1), self.near[digit]
            level = float(flat[digit] @ near / near.sum())
            contrast = float(np.ptp(flat, axis=0).max())
            differ = np.abs(flat - flat[digit]) > DIFFERENT * contrast
            around = differ * np.maximum(self.near, near)
            glyphs = (flat - level) * around
            squares = (glyphs * (flat - level)).sum(axis=1)
            self._against[digit] = _Against((differ * near).T, around.T, glyphs.T, squares)
        return self._against[digit]

    def best(self, patches: Floats, fits: Floats) -> tuple[NDArray[np.intp], Floats]:
        """For each of the `patches` (n x pixels; `fits` n x 10) the digit that fits best and its
        margin; where that is not sure, of the three that fit best the one with the largest margin.
        """
        likely = np.argsort(-fits, axis=1)[:, :3]
        digits = likely[:, 0].copy()
        margins = self.margins(patches, digits)
        unsure = np.flatnonzero(margins < LEAST_MARGIN)
        for others in likely[unsure, 1:].T if len(unsure) else ():
            found = self.margins(patches[unsure], others)
            better = found > margins[unsure]
            digits[unsure[better]], margins[unsure[better]] = others[better], found[better]
        return digits, margins


def _near(levels: Floats) -> Floats:
    """Of each digit its strokes and what lies next to them (1, else 0). Strokes are the lightest or the
    darkest, no part of which reaches the edge of the cell, as a scene behind the text does; of strokes
    and their outline what lies farther inside. Where that tells nothing, they are the rarer of the two.
    """
    low, high = (float(one) for one in np.quantile(levels, (0.03, 0.97)))
    reach = OF_STROKE * (high - low)
    light, dark = levels > high - reach, levels < low + reach
    inner = [there & ~_from_edge(there) for there in (light, dark)]
    whole = [one for one in inner if one.mean(axis=(1, 2)).min() >= LEAST_STROKES]
    if whole:
        return _grown(min(whole, key=_extent)).astype(np.float32)
    strokes = light if light.mean() < dark.mean() or dark.mean() < RAREST else dark
    apart = strokes & ~_from_edge(strokes)
    enough = apart.mean(axis=(1, 2)) >= LEAST_STROKES
    found = _grown(np.where(enough[:, None, None], apart, strokes))
    found[~found.any(axis=(1, 2))] = True
    return found.astype(np.float32)


def _extent(there: NDArray[np.bool_]) -> int:
    """The pixels of the rectangle around all that is `there` (10 x high x wide)."""
    rows, columns = (np.flatnonzero(there.any(axis=(0, axis))) for axis in (2, 1))
    return int((np.ptp(rows) + 1) * (np.ptp(columns) + 1))


def _from_edge(there: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What of `there` (10 x high x wide) hangs together with the edge of its cell."""
    edge = np.ones(there.shape[1:], bool)
    edge[1:-1, 1:-1] = False
    found = there & edge
    while True:
        grown = _grown(found) & there
        if (grown == found).all():
            return found
        found = grown


def _grown(there: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """`there` (10 x high x wide) and all pixels beside it."""
    found = there.copy()
    found[:, 1:] |= there[:, :-1]
    found[:, :-1] |= there[:, 1:]
    found[:, :, 1:] |= there[:, :, :-1]
    found[:, :, :-1] |= there[:, :, 1:]
    return found


@dataclass(frozen=True, slots=True)
class Field:
    """One number of a clock: its `name` (year, month, day, hour, minute, second, first, middle, last, or
    `OTHER` of one beside the time that must be read with it), and the left upper corner (row, column)
    of each digit's cell.
    """

    name: str
    cells: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class ClockModel:
    """One clock in the pictures of one `size` (width, height). `pitch` is the width of a digit's
    cell in pixels.
    """

    size: tuple[int, int]
    glyphs: Glyphs
    fields: tuple[Field, ...]
    pitch: float
    learned: float = 0.0

    def read(self, luma: Luma, least_fit: float = LEAST_FIT) -> Digits:
        """The digits of every field in `luma` (height x width), in order of the fields. What does not stand
        at its place is looked for along its line.
        """
        places = np.array([cell for one in self.fields for cell in one.cells], np.intp)
        found = _read_at(luma, self.glyphs, places, least_fit)
        if not found.sure.all():
            _read_around(luma, self.glyphs, places, found, self.pitch, least_fit)
        if not found.sure.all():
            self._read_moved(luma, places, found, least_fit)
        return found.digits_of_all()

    def _read_moved(
        self, luma: Luma, places: NDArray[np.intp], found: _Read, least_fit: float
    ) -> None:
        """Read into `found` the numbers that letters before them have moved: a day of the week or a month
        is longer than the one that was learned.
        """
        line, moved, end = -1.0, np.zeros(2, np.intp), 0
        for row, block in _blocks(places, self.glyphs.size[0], self.pitch):
            if row != line:
                line, moved, end = row, np.zeros(2, np.intp), 0
            if not found.sure[block].all():
                move = _move(luma, self.glyphs, places[block] + moved, self.pitch, end)
                if move is None:
                    return
                moved = moved + move
                there = places[block] + moved
                part = _read_at(luma, self.glyphs, there, least_fit)
                part = _read_around(luma, self.glyphs, there, part, self.pitch, least_fit)
                found.put(block, part)
                if not part.sure.all():
                    return
            end = int(places[block[-1], 1] + moved[1] + self.pitch)

    def numbers(self, digits: Digits) -> dict[str, int]:
        """The number of each field of time and date."""
        found, at = {}, 0
        for one in self.fields:
            found[one.name] = int(digits.text[at : at + len(one.cells)])
            at += len(one.cells)
        found.pop(OTHER, None)
        return found

    def place(self) -> tuple[float, float]:
        """Where the clock stands: the middle of its digits as shares of width and height."""
        cells = np.array([cell for one in self.fields for cell in one.cells], float)
        row, column = cells.mean(axis=0)
        return column / self.size[0], row / self.size[1]


def read_cells(
    luma: Luma, glyphs: Glyphs, cells: Sequence[tuple[int, int]], pitch: float, least_fit: float
) -> Digits:
    """The digits in `cells`, `pitch` columns apart; one that is not sure at its place is looked for one pixel around it
    too, then where those before it have moved to.
    """
    places = np.array(cells, np.intp).reshape(-1, 2)
    found = _read_at(luma, glyphs, places, least_fit)
    return _read_around(luma, glyphs, places, found, pitch, least_fit).digits_of_all()


def _read_around(
    luma: Luma,
    glyphs: Glyphs,
    places: NDArray[np.intp],
    found: _Read,
    pitch: float,
    least_fit: float,
) -> _Read:
    """What was `found` at `places` (n x 2: row, column), with what is sure near by."""
    unsure = np.flatnonzero(~found.sure)
    if len(unsure):
        around = _fitting(luma, glyphs, places[unsure], _around(1))
        found.put(unsure, _read_at(luma, glyphs, around, least_fit))
    if not found.sure.all():
        _follow(luma, glyphs, places, found, pitch, least_fit)
    return found


def _blocks(
    places: NDArray[np.intp], high: int, pitch: float
) -> Iterator[tuple[float, NDArray[np.intp]]]:
    """The line and the cells of each row of numbers between which no letters stand, from left to right."""
    lines = np.rint((places[:, 0] - places[:, 0].min()) / high)
    order = np.lexsort((places[:, 1], lines))
    apart = np.diff(places[order, 1]) > NO_LETTER * pitch
    for block in np.split(order, 1 + np.flatnonzero(apart | (np.diff(lines[order]) > 0))):
        yield float(lines[block[0]]), block


def _move(
    luma: Luma, glyphs: Glyphs, places: NDArray[np.intp], pitch: float, end: int
) -> tuple[int, int] | None:
    """By how many rows and columns the digits at `places` fit best along their line, right of `end`. None
    where they fit nowhere, or at two places; a few digits are not looked for, as others pass for them.
    """
    if len(places) < TIME_DIGITS:
        return 0, 0
    step = max(1, glyphs.size[0] // COARSE)
    every = np.s_[:, ::step, ::step]
    near = glyphs.near.reshape(glyphs.levels.shape)
    coarse = Glyphs.of(glyphs.levels[every], near[every].reshape(10, -1))
    high, wide = glyphs.size
    places = np.clip(places, 0, (luma.shape[0] - high, luma.shape[1] - wide))
    left = max(end, int(places[:, 1].min() - MOST_MOVED * pitch), 0)
    right = int(places[:, 1].max() + MOST_MOVED * pitch) + wide
    moves = np.arange(left - places[:, 1].min(), right - wide + 1 - places[:, 1].max())
    if not len(moves):
        return None
    low = step if step > 1 else 0  # a letter that is taller than all others moves the line down
    for down in dict.fromkeys((0, low, -low)):
        row = max(0, int(places[:, 0].min()) + down)
        strip = luma[row : row + high, left:right]
        at = places[:, 1] - left + moves[:, None]
        worst = _worst_fits(strip, coarse, (step, wide), at)
        best = int(worst.argmax())
        fitting = moves[worst >= COARSE_FIT]
        if len(fitting):
            apart = np.abs(fitting - moves[best]).max()
            return (down, int(moves[best])) if apart <= pitch / 2 else None
    return None


def _worst_fits(strip: Luma, coarse: Glyphs, each: tuple[int, int], at: NDArray[np.intp]) -> Floats:
    """How well the digit fits that fits worst of those whose left edges are `at` (n x digits) in a
    `strip`, of which `each` says: every so many rows and columns, and the width of a digit.
    """
    step, wide = each
    if strip.shape[0] < 1 + (coarse.size[0] - 1) * step or strip.shape[1] < wide:
        return np.zeros(len(at), np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(strip.astype(np.float32), wide, axis=1)
    windows = windows[::step, :, ::step]
    patches = np.ascontiguousarray(windows.transpose(1, 0, 2)).reshape(windows.shape[1], -1)
    best = coarse.fits(patches)[0].max(axis=1)
    inside = (at < len(best)).all(axis=1)
    worst = best[at.clip(0, len(best) - 1)].min(axis=1)
    return np.asarray(np.where(inside, worst, 0.0), np.float32)


def _follow(
    luma: Luma,
    glyphs: Glyphs,
    places: NDArray[np.intp],
    found: _Read,
    pitch: float,
    least_fit: float,
) -> None:
    """Read into `found` the digits that are not sure yet, along each line. A letter moves all that
    follow it on its line, where it is narrower than the one that was learned there or kerned.
    """
    line, moved, read_at = -1.0, 0, np.zeros(len(places), np.intp)
    for row, block in _blocks(places, glyphs.size[0], pitch):
        line, moved = row, moved if row == line else 0
        for number, one in enumerate(block.tolist()):
            if found.sure[one] and abs(moved - read_at[one]) <= 1:
                continue
            near = _read_near(luma, glyphs, places[one] + (0, moved), least_fit, wider=number > 0)
            found.put(np.array([one]), near.read)
            if not near.read.sure[0]:
                return
            moved, read_at[one] = moved + near.right, moved + near.right
            rest = block[number + 1 :]
            if near.right and len(rest):
                found.put(rest, _read_at(luma, glyphs, places[rest] + (0, moved), least_fit))
                read_at[rest] = moved


@dataclass(frozen=True, slots=True)
class _Near:
    """The one digit that was read near a place, so many columns to its right."""

    read: _Read
    right: int


def _read_near(
    luma: Luma, glyphs: Glyphs, place: NDArray[np.intp], least_fit: float, *, wider: bool
) -> _Near:
    """The digit at `place` (row, column) or as far beside it as kerning moves it, with `wider` else as
    far as a narrow 1 before it does. So far off one stroke of a digit may pass for a narrow 1: nothing else may fit.
    """
    wide = glyphs.size[1]
    near = _best_of(luma, glyphs, place, _around(max(1, -(-wide // OF_KERNING))), least_fit)
    if near.read.sure[0] or not wider:
        return near
    return _best_of(luma, glyphs, place, _around(max(2, wide * 3 // 8)), least_fit, RIVAL)


def _best_of(
    luma: Luma,
    glyphs: Glyphs,
    place: NDArray[np.intp],
    around: NDArray[np.intp],
    least_fit: float,
    rival: float = 1.0,
) -> _Near:
    """Of what lies `around` a `place` what fits best, and sure if no other digit elsewhere fits by
    `rival`.
    """
    patches = _patches(luma, glyphs, place + around)
    fits, gains = glyphs.fits(patches)
    at = int(fits.max(axis=1).argmax())
    read = _read_of(glyphs, patches[at : at + 1], fits[at : at + 1], gains[at : at + 1], least_fit)
    if read.sure[0] and rival < 1.0:
        elsewhere = np.abs(around - around[at]).max(axis=1) > 1
        others = np.delete(fits[elsewhere], read.digits[0], axis=1)
        read.sure[0] = others.max(initial=0.0) < rival
    return _Near(read, int(around[at, 1]))


@cache
def _around(sideways: int) -> NDArray[np.intp]:
    """The pixels around a place (n x 2: rows, columns), one up and down and some `sideways`."""
    across = range(-sideways, sideways + 1)
    return np.array([(down, right) for down in (-1, 0, 1) for right in across], np.intp)


@dataclass(frozen=True, slots=True)
class _Read:
    """What stands in n cells, each n long: digits, margins, fits, and whether each counts."""

    digits: NDArray[np.intp]
    margins: Floats
    fits: Floats
    sure: NDArray[np.bool_]

    def put(self, which: NDArray[np.intp], other: _Read) -> None:
        """Read the cells `which` as `other` tells."""
        self.digits[which], self.margins[which] = other.digits, other.margins
        self.fits[which], self.sure[which] = other.fits, other.sure

    def of(self, part: NDArray[np.intp]) -> _Read:
        """What stands in `part` of the cells."""
        return _Read(self.digits[part], self.margins[part], self.fits[part], self.sure[part])

    def digits_of_all(self) -> Digits:
        """What stands in all cells."""
        return Digits(
            "".join(map(str, self.digits.tolist())),
            float(self.margins.min(initial=1.0)),
            float(self.fits.min(initial=1.0)),
            bool(self.sure.all()),
        )


def _read_at(luma: Luma, glyphs: Glyphs, places: NDArray[np.intp], least_fit: float) -> _Read:
    """The digits whose left upper corners are `places` (n x 2: row, column)."""
    patches = _patches(luma, glyphs, places)
    return _read_of(glyphs, patches, *glyphs.fits(patches), least_fit)


def _read_of(
    glyphs: Glyphs, patches: Floats, fits: Floats, gains: Floats, least_fit: float
) -> _Read:
    """The digits of `patches`, of which fits and gains are known."""
    digits, margins = glyphs.best(patches, fits)
    which = np.arange(len(digits)), digits
    sure = (fits[which] >= least_fit) & (gains[which] >= LEAST_GAIN) & (margins >= LEAST_MARGIN)
    return _Read(digits, margins, fits[which], sure)


def _fitting(
    luma: Luma, glyphs: Glyphs, places: NDArray[np.intp], around: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Of what lies `around` each of the `places` the one where a digit fits best."""
    tried = places[:, None] + around
    fits, _ = glyphs.fits(_patches(luma, glyphs, tried.reshape(-1, 2)))
    best = fits.max(axis=1).reshape(tried.shape[:2]).argmax(axis=1)
    return np.asarray(tried[np.arange(len(best)), best])


def _patches(luma: Luma, glyphs: Glyphs, places: NDArray[np.intp]) -> Floats:
    """The pieces of `luma` as large as a glyph at `places`, flat (n x pixels); what would stick out
    is taken at the edge.
    """
    high, wide = glyphs.size
    most = luma.shape[0] - high, luma.shape[1] - wide
    found = np.empty((len(places), high, wide), np.float32)
    for number, (top, left) in enumerate(np.clip(places, 0, most).tolist()):
        found[number] = luma[top : top + high, left : left + wide]
    return found.reshape(len(places), high * wide)


def packed(models: Sequence[ClockModel], tried: float = 0.0) -> bytes:
    """The clocks of one stream as they are kept: numbers and small pictures of ten digits. They were
    looked for at `tried` (Unix seconds).
    """
    fields = [
        {
            "size": list(one.size),
            "glyph": list(one.glyphs.size),
            "pitch": one.pitch,
            "learned": one.learned,
            "fields": [[part.name, [list(cell) for cell in part.cells]] for part in one.fields],
        }
        for one in models
    ]
    blobs = tuple(_blob(one.glyphs) for one in models)
    return Message({"clocks": fields, "tried": tried, "hours": {}}, blobs).packed()


def _blob(glyphs: Glyphs) -> bytes:
    """The levels of the ten digits, a byte each, then which pixels belong to them, a bit each."""
    levels = np.rint(glyphs.levels).astype(np.uint8)
    return levels.tobytes() + np.packbits(glyphs.near > 0).tobytes()


def unpacked(data: bytes) -> list[ClockModel]:
    """The clocks that `packed` has written; none of anything else."""
    size = messages.HEAD.size
    try:
        first, _ = messages.lengths(data[:size])
        told = messages.unpacked(data[size : size + first], data[size + first :])
        pairs = zip(told.fields["clocks"], told.blobs, strict=True)
        return [_model(fields, blob) for fields, blob in pairs]
    except (ValueError, KeyError, TypeError, struct.error):
        return []


def _model(told: dict[str, Any], blob: bytes) -> ClockModel:
    high, wide = (int(side) for side in told["glyph"])
    width, height = (int(side) for side in told["size"])
    if not (0 < high <= min(height, MOST_SIDE) and 0 < wide <= min(width, MOST_SIDE)):
        raise ValueError("no clock of healthmon")
    pixels = 10 * high * wide
    if len(blob) != pixels + (pixels + 7) // 8:
        raise ValueError("no clock of healthmon")
    levels = np.frombuffer(blob, np.uint8, pixels).reshape(10, high, wide)
    near = np.unpackbits(np.frombuffer(blob, np.uint8, offset=pixels), count=pixels)
    glyphs = Glyphs.of(levels, near.reshape(10, -1))
    fields = tuple(
        Field(str(name), tuple((int(row), int(column)) for row, column in cells))
        for name, cells in told["fields"]
    )
    return ClockModel((width, height), glyphs, fields, float(told["pitch"]), float(told["learned"]))
