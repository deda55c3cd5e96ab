"""Privacy zones of a view: where they are in its learned pictures, and how much of each is still there.
Pure; worker only.

A camera draws its masks over the picture, so that they have one grey level by day and by night, to
the last bit; nothing that it sees does, but for a corner that no light reaches and a lamp that is
always too bright. An area is a zone where the medians of two lights show it flat at the same level,
or where one does and the camera itself reports a mask there. A black or a white one that is not
reported must be a rectangle with sharp borders in both lights. Pixelated and blurred masks are not
flat: of those only the camera's own word counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from healthmon.picture.decoding import BAND, HEIGHT, WIDTH, Grey
from healthmon.picture.measuring import windows

CELL = 5  # pixels of 320 x 180
ROWS, COLUMNS = (HEIGHT - 2 * BAND) // CELL, WIDTH // CELL
LEAST_CELLS = 6
FLAT = 2.0  # grey levels within a cell of a median
SAME_LEVEL = 3.0  # between two lights, and between neighbours
NEARLY_BLACK, NEARLY_WHITE = 24.0, 230.0
SHARP_STEP = 8.0  # grey levels between two pixels on a drawn border
SHARP_SHARE, RECTANGLE = 0.7, 0.85  # of the cells around a zone, of the box around it
STILL_FLAT, STILL_LEVEL = 12.0, 8.0  # the same in one picture, of any encoder
Cells = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Zone:
    """One zone: its `cells` (28 x 64) and its grey `level`."""

    cells: Cells
    level: float

    def kept(self, grey: Grey, offsets: Iterable[tuple[int, int]] = ((0, 0),)) -> float:
        """The share of it that is covered in a picture, at the best of the `offsets` (pixels right and
        down): the masks of a PTZ camera go with its view.
        """
        return max(self._kept(np.roll(grey, (-down, -right), (0, 1))) for right, down in offsets)

    def _kept(self, grey: Grey) -> float:
        levels, spreads = _in_cells(grey)
        there = (np.abs(levels - self.level) <= STILL_LEVEL) & (spreads <= STILL_FLAT)
        return float(there[self.cells].mean())


def zones_of(medians: Sequence[Grey], masks: Sequence[dict[str, Any]] = ()) -> list[Zone]:
    """The zones in the `medians` of a view's lights, from top left; `masks` are those that the camera
    reports as drawn in one colour.
    """
    lights = [_flat(median) for median in medians]
    found = np.zeros((ROWS, COLUMNS), bool)
    level = np.zeros((ROWS, COLUMNS))
    for (flat, levels), (other, others) in combinations(lights, 2):
        same = flat & other & (np.abs(levels - others) <= SAME_LEVEL)
        level[same & ~found] = levels[same & ~found]
        found |= same
    reported = _inside(masks)
    for flat, levels in lights:
        more = flat & reported & ~found
        level[more] = levels[more]
        found |= more
    joined = _joined(found, level)
    steps = [_steps(median) for median in medians] if joined else []
    return [zone for zone in joined if _is_drawn(zone, reported, lights, steps)]


def _is_drawn(
    zone: Zone,
    reported: Cells,
    lights: Sequence[tuple[Cells, NDArray[np.float64]]],
    steps: Sequence[NDArray[np.float64]],
) -> bool:
    """Whether a zone is drawn by the camera rather than a corner without light, or a lamp."""
    if NEARLY_BLACK < zone.level < NEARLY_WHITE or bool((zone.cells & reported).any()):
        return True
    rows, columns = (np.flatnonzero(zone.cells.any(axis=axis)) for axis in (1, 0))
    box = zone.cells[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    sharp = sum(
        float((step >= SHARP_STEP)[_around(zone.cells)].mean()) >= SHARP_SHARE
        for (flat, levels), step in zip(lights, steps, strict=True)
        if float((flat & (np.abs(levels - zone.level) <= SAME_LEVEL))[zone.cells].mean()) > 0.5
    )
    return float(box.mean()) >= RECTANGLE and sharp >= 2


def _around(cells: Cells) -> Cells:
    """The cells beside those of a zone."""
    wide = cells.copy()
    wide[1:] |= cells[:-1]
    wide[:-1] |= cells[1:]
    wide[:, 1:] |= cells[:, :-1]
    wide[:, :-1] |= cells[:, 1:]
    return wide & ~cells


def _steps(grey: Grey) -> NDArray[np.float64]:
    """The largest difference of two neighbouring pixels in each cell and on its borders."""
    part = np.pad(grey[BAND : BAND + ROWS * CELL], 1, mode="edge")
    across = np.abs(np.diff(part, axis=1))[1:-1]
    down = np.abs(np.diff(part, axis=0))[:, 1:-1]
    step = np.maximum.reduce([across[:, 1:], across[:, :-1], down[1:], down[:-1]])
    return windows(np.maximum, step, CELL, CELL).astype(np.float64)


def _in_cells(grey: Grey) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean level and spread of each cell between the bands of text."""
    middle = grey[BAND : BAND + ROWS * CELL]
    least, most, total = (
        windows(reduce, middle, CELL, CELL) for reduce in (np.minimum, np.maximum, np.add)
    )
    return (total / CELL**2).astype(np.float64), (most - least).astype(np.float64)


def _flat(median: Grey) -> tuple[Cells, NDArray[np.float64]]:
    levels, spreads = _in_cells(median)
    return spreads <= FLAT, levels


def _inside(masks: Sequence[dict[str, Any]]) -> Cells:
    """The cells whose middle lies in one of the masks' polygons (right and up, -1 to 1)."""
    x = (np.arange(COLUMNS) + 0.5) * CELL / WIDTH * 2 - 1
    y = 1 - (BAND + (np.arange(ROWS) + 0.5) * CELL) / HEIGHT * 2
    right, up = np.meshgrid(x, y)
    found = np.zeros((ROWS, COLUMNS), bool)
    for mask in masks:
        found |= _in_polygon(mask["corners"], right, up)
    return found


def _in_polygon(corners: Sequence[Sequence[float]], right: Any, up: Any) -> Cells:
    """Even-odd rule."""
    found = np.zeros(right.shape, bool)
    for (x1, y1), (x2, y2) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if y1 == y2:
            continue
        crosses = (y1 > up) != (y2 > up)
        found ^= crosses & (right < (x2 - x1) * (up - y1) / (y2 - y1) + x1)
    return found


def _joined(found: Cells, level: NDArray[np.float64]) -> list[Zone]:
    """Neighbouring cells of one level, as far as they are enough for a zone."""
    left, zones = found.copy(), []
    for row, column in np.argwhere(found):
        if not left[row, column]:
            continue
        cells = _grown(left, level, (int(row), int(column)))
        if int(cells.sum()) >= LEAST_CELLS:
            zones.append(Zone(cells, float(np.median(level[cells]))))
    return zones


def _grown(left: Cells, level: NDArray[np.float64], start: tuple[int, int]) -> Cells:
    """The cells that hang together with `start`, which are taken out of `left`."""
    cells, ahead, first = np.zeros_like(left), [start], level[start]
    left[start] = False
    while ahead:
        row, column = ahead.pop()
        cells[row, column] = True
        for near in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            there = 0 <= near[0] < ROWS and 0 <= near[1] < COLUMNS and left[near]
            if there and abs(level[near] - first) <= SAME_LEVEL:
                left[near] = False
                ahead.append(near)
    return cells


def hidden(zones: Sequence[Zone]) -> NDArray[np.bool_] | None:
    """The pixels (140 x 320) that the zones and their borders cover; None where there is none."""
    if not zones:
        return None
    cells = np.any([zone.cells for zone in zones], axis=0)
    wide = cells.copy()  # a zone ends within the next cell
    wide[1:] |= cells[:-1]
    wide[:-1] |= cells[1:]
    across = wide.copy()
    across[:, 1:] |= wide[:, :-1]
    across[:, :-1] |= wide[:, 1:]
    return np.repeat(np.repeat(across, CELL, axis=0), CELL, axis=1)
