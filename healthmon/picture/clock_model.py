"""A learned on-screen clock: where its digits stand, what they look like, and reading them. Worker
only.

The ten glyphs were cut from the seconds of the clock itself while it ticked (`clock_learning`), so
that no general reader of text is needed. A digit counts where it is sure: the picture fits its
glyph and, where the glyphs differ, fits it clearly better than each of the nine others.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from healthmon.picture import messages
from healthmon.picture.messages import Message

LEAST_MARGIN = 0.6  # between the best and the second digit
LEAST_FIT = 0.8  # correlation with the glyph
LEAST_GAIN = 0.35  # contrast, 1 being the learned one
DIFFERENT = 0.25  # of the contrast: where two glyphs are told apart
SHIFTS = tuple((down, right) for down in (-1, 0, 1) for right in (-1, 0, 1))
MOST_SIDE = 400
OF_STROKE, RAREST = 0.12, 0.05  # of the contrast; share of the pixels
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
class Glyphs:
    """The ten digits of one clock: `levels` is 10 x high x wide, luma from 0 to 255. `near` says of
    each pixel whether it belongs to a stroke of the digit or its outline; what lies farther off is
    the scene behind the text and does not count. `plain` are the levels without their mean there,
    `differ` says for each pair where the two are told apart.
    """

    levels: Floats
    near: Floats
    plain: Floats
    differ: Floats

    @classmethod
    def of(cls, levels: NDArray[Any]) -> Glyphs:
        """The glyphs of ten pictures of one size."""
        levels = np.asarray(levels, np.float32)
        flat = levels.reshape(10, -1)
        near = _near(levels).reshape(10, -1)
        means = (flat * near).sum(axis=1) / near.sum(axis=1)
        plain = (flat - means[:, None]) * near
        contrast = float(np.ptp(flat, axis=0).max())
        apart = np.abs(flat[:, None] - flat[None]) > DIFFERENT * contrast
        return cls(levels, near, plain, apart.astype(np.float32))

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

    def margin(self, patch: Floats, digit: int) -> float:
        """How much better `patch` fits `digit` than any other, where the two differ: 1 is certain."""
        glyphs, near = self.levels.reshape(10, -1), self.near[digit]
        mean = float(patch @ near) / float(near.sum())
        plain = self.plain[digit]
        gain = float(patch @ plain) / max(1e-3, float(plain @ plain))
        own = float(glyphs[digit] @ near) / float(near.sum())
        levelled = (patch - mean) / max(gain, 1e-3) + own
        errors = (levelled[None] - glyphs) ** 2
        mine = self.differ[digit] @ (errors[digit] * near)
        around = self.differ[digit] * np.maximum(self.near, near[None])
        others = (around * errors).sum(axis=1)
        shares = mine / np.maximum(others, 1e-6)
        shares[digit] = 0.0
        return 1.0 - float(shares.max())

    def best(self, patch: Floats, fits: Floats) -> tuple[int, float]:
        """Of the digits that fit well, the one with the largest margin, and that margin."""
        likely = [int(one) for one in np.argsort(-fits)[:3]]
        found = [(self.margin(patch, digit), digit) for digit in likely]
        margin, digit = max(found)
        return digit, margin


def _near(levels: Floats) -> Floats:
    """Of each digit its strokes and what lies next to them (1, else 0). Strokes are the rarer of
    the lightest and the darkest.
    """
    low, high = (float(one) for one in np.quantile(levels, (0.03, 0.97)))
    reach = OF_STROKE * (high - low)
    light, dark = levels > high - reach, levels < low + reach
    strokes = light if light.mean() < dark.mean() or dark.mean() < RAREST else dark
    found = strokes.copy()
    for _ in range(max(1, levels.shape[1] // 14)):
        grown = found.copy()
        grown[:, 1:] |= found[:, :-1]
        grown[:, :-1] |= found[:, 1:]
        grown[:, :, 1:] |= found[:, :, :-1]
        grown[:, :, :-1] |= found[:, :, 1:]
        found = grown
    empty = ~strokes.any(axis=(1, 2))
    found[empty] = True
    return found.astype(np.float32)


@dataclass(frozen=True, slots=True)
class Field:
    """One number of a clock: its `name` (year, month, day, hour, minute, second, first, middle or
    last), and the left upper corner (row, column) of each digit's cell.
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

    def read(self, luma: Luma) -> Digits:
        """The digits of every field in `luma` (height x width), in order of the fields."""
        cells = [cell for one in self.fields for cell in one.cells]
        return read_cells(luma, self.glyphs, cells)

    def numbers(self, digits: Digits) -> dict[str, int]:
        """The number of each field."""
        found, at = {}, 0
        for one in self.fields:
            found[one.name] = int(digits.text[at : at + len(one.cells)])
            at += len(one.cells)
        return found

    def place(self) -> tuple[float, float]:
        """Where the clock stands: the middle of its digits as shares of width and height."""
        cells = np.array([cell for one in self.fields for cell in one.cells], float)
        row, column = cells.mean(axis=0)
        return column / self.size[0], row / self.size[1]


def read_cells(luma: Luma, glyphs: Glyphs, cells: Sequence[tuple[int, int]]) -> Digits:
    """The digits in `cells`, each looked for one pixel around its place too."""
    high, wide = glyphs.size
    patches = np.empty((len(cells), len(SHIFTS), high * wide), np.float32)
    for number, (row, column) in enumerate(cells):
        for place, (down, right) in enumerate(SHIFTS):
            top, left = row + down, column + right
            part = luma[max(0, top) : top + high, max(0, left) : left + wide]
            if part.shape != (high, wide):
                top = min(max(0, top), luma.shape[0] - high)
                left = min(max(0, left), luma.shape[1] - wide)
                part = luma[top : top + high, left : left + wide]
            patches[number, place] = part.ravel()
    fits, gains = glyphs.fits(patches.reshape(-1, high * wide))
    fits, gains = (one.reshape(len(cells), len(SHIFTS), 10) for one in (fits, gains))
    text, margins, sure, least = "", [], True, 1.0
    for number in range(len(cells)):
        place = int(fits[number].max(axis=1).argmax())
        digit, margin = glyphs.best(patches[number, place], fits[number, place])
        fit, gain = float(fits[number, place, digit]), float(gains[number, place, digit])
        text += str(digit)
        margins.append(margin)
        least = min(least, fit)
        sure = sure and fit >= LEAST_FIT and gain >= LEAST_GAIN
    margin = min(margins, default=0.0)
    return Digits(text, margin, least, sure and margin >= LEAST_MARGIN)


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
    blobs = tuple(np.rint(one.glyphs.levels).astype(np.uint8).tobytes() for one in models)
    return Message({"clocks": fields, "tried": tried}, blobs).packed()


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
    glyphs = np.frombuffer(blob, np.uint8).reshape(10, high, wide)
    fields = tuple(
        Field(str(name), tuple((int(row), int(column)) for row, column in cells))
        for name, cells in told["fields"]
    )
    return ClockModel(
        (width, height), Glyphs.of(glyphs), fields, float(told["pitch"]), float(told["learned"])
    )
