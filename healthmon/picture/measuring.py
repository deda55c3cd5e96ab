"""What can be told of one picture, and of two: numbers only. Pure; worker only.

The text that cameras burn into their pictures stays sharp and bright whatever the lens sees, so
that nothing is measured over the whole picture: the bands at top and bottom, where it stands, are
left out, and shares of tiles count rather than means.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from healthmon.picture.decoding import (
    BAND,
    HEIGHT,
    PATCH_COLUMNS,
    PATCH_ROWS,
    WIDTH,
    Decoded,
    Grey,
)

TILE = 10
FLAT_SPREAD = 2.5  # grey levels within a tile, noise averaged out
CELL = (7, 4)  # rows and columns of a digit of a burned-in clock, as small as is read
NEAR_LEVEL = 3.0
HALF = 0.5
_MIDDLE = slice(BAND, HEIGHT - BAND)
Hidden = NDArray[np.bool_]
Box = tuple[float, float, float, float]  # left, top, right, bottom, as shares of the picture


def measured(picture: Decoded, hidden: Hidden | None = None) -> dict[str, Any]:
    """The numbers of one picture: grey levels from 0 to 255, shares from 0 to 1, pixels. The `hidden`
    pixels between the bands take no part.
    """
    middle = picture.grey[_MIDDLE]
    levels, spreads = tiles_of(middle)
    if hidden is not None:
        open_tiles = tiles_of(hidden.astype(np.float32))[0] < HALF
        levels, spreads = levels[open_tiles], spreads[open_tiles]
        middle = middle[~hidden]
    counts = np.bincount(np.rint(middle).astype(np.uint8).ravel(), minlength=256).cumsum()
    flat = spreads < FLAT_SPREAD
    width, height = picture.size
    blue, red, colour = picture.chroma
    return {
        "width": width,
        "height": height,
        "mean": float(middle.mean()),
        "low": int(np.searchsorted(counts, 0.01 * counts[-1])),
        "high": int(np.searchsorted(counts, 0.99 * counts[-1])),
        "flat": float(flat.mean()),
        "dark": float((flat & (levels < 32)).mean()),
        "bright": float((flat & (levels > 230)).mean()),
        "uniform": _uniform(levels, flat),
        "bars": _bars(picture.grey),
        "burned": float(1 - counts[249] / counts[-1]),
        "noise": picture.noise,
        "blue": blue,
        "red": red,
        "colour": colour,
    }


def tiles_of(middle: Grey) -> tuple[Grey, Grey]:
    """Mean level and spread of every tile; noise is halved by the mean of four pixels first."""
    halved = (middle[::2, ::2] + middle[1::2, ::2] + middle[::2, 1::2] + middle[1::2, 1::2]) / 4
    side = TILE // 2
    about = halved - 128  # so that squares lose little
    means = windows(np.add, about, side, side) / side**2
    squares = windows(np.add, about * about, side, side) / side**2
    spreads = np.sqrt(np.maximum(squares - means**2, 0))
    return (means + 128).astype(np.float32), spreads.astype(np.float32)


def windows(reduce: np.ufunc, values: NDArray[Any], rows: int, columns: int) -> Grey:
    """`values` (two dimensions) reduced over windows of so many rows and columns beside each other.
    Along short axes numpy's own way takes ten times as long.
    """
    high, wide = values.shape[0] // rows, values.shape[1] // columns
    down = reduce.reduce(values[: high * rows].reshape(high, rows, -1), axis=1)
    apart = down[:, : wide * columns].reshape(high, wide, columns).transpose(2, 0, 1)
    return np.asarray(reduce.reduce(np.ascontiguousarray(apart), axis=0), np.float32)


def _uniform(levels: Grey, flat: NDArray[np.bool_]) -> float:
    """The share of tiles that are flat and of one common level, which is neither black nor white: a
    slate.
    """
    found = levels[flat]
    if not found.size:
        return 0.0
    common = float(np.median(found))
    if not 8 < common < 247:
        return 0.0
    return float((np.abs(found - common) < NEAR_LEVEL).sum() / levels.size)


def _bars(grey: Grey) -> float:
    """The share of the upper picture that is the same in every row though not along the row: colour
    bars.
    """
    upper = grey[BAND : HEIGHT // 2]
    column = np.median(upper, axis=0)
    if float(column.std()) < 15:
        return 0.0
    return float((np.abs(upper - column) < NEAR_LEVEL).mean())


def change(first: Decoded, last: Decoded, clocks: Hidden | None = None) -> dict[str, float]:
    """How the picture changed between two key frames of one session, at full size too: the noise of
    a sensor is averaged away in a small picture. The pixels of `clocks` are no part of the scene.
    """
    found = _changed(first.grey, last.grey, clocks)
    if first.size == last.size:
        moved = np.abs(first.pieces - last.pieces).mean(axis=(1, 2))
        scene = np.ones(len(moved), bool) if clocks is None else ~hidden_patches(clocks, last)
        found |= {"fine": float(moved[scene].mean())} if scene.any() else {}
    return found


def change_of_signatures(
    before: bytes, picture: Decoded, clocks: Hidden | None = None
) -> dict[str, float]:
    """The same against the signature of an earlier check, with the `drift` since; empty where that is
    none.
    """
    if len(before) != WIDTH * HEIGHT:
        return {}
    grey = np.frombuffer(before, np.uint8).reshape(HEIGHT, WIDTH).astype(np.float32)
    drift = _drift(grey[_MIDDLE], picture.grey[_MIDDLE], clocks)
    return _changed(grey, picture.grey, clocks) | {"drift": drift}


def _drift(first: Grey, last: Grey, clocks: Hidden | None) -> float:
    """By how many grey levels the means of tiles have changed (root of the mean square): of the light
    and of what has moved; noise and encoder are averaged away.
    """
    moved = last - first
    if clocks is not None:
        moved[clocks] = 0
    means = windows(np.add, moved, TILE, TILE) / TILE**2
    return float(np.sqrt(np.mean(means * means)))


def _changed(first: Grey, last: Grey, clocks: Hidden | None) -> dict[str, float]:
    """`mean` change in grey levels; `cell`, the largest change of a piece as small as a digit of a
    clock, and `scene`, the largest one between the bands of text and outside of the `clocks`.
    """
    moved = np.abs(np.rint(last) - np.rint(first))
    pieces = box(moved, *CELL)
    largest = float(pieces.max())
    if clocks is not None:
        moved[_MIDDLE][clocks] = 0
        pieces = box(moved, *CELL)
    scene = pieces[BAND : HEIGHT - BAND + 1 - CELL[0]]
    return {"mean": float(moved.mean()), "cell": largest, "scene": float(scene.max())}


def ticking(digits: Iterable[Box]) -> Hidden | None:
    """The pixels between the bands that a digit of a clock touches, with its outline; None where none
    does.
    """
    found = np.zeros((HEIGHT, WIDTH), bool)
    for left, top, right, bottom in digits:
        rows = slice(max(0, int(top * HEIGHT) - 1), int(bottom * HEIGHT) + 2)
        columns = slice(max(0, int(left * WIDTH) - 1), int(right * WIDTH) + 2)
        found[rows, columns] = True
    middle = found[_MIDDLE]
    return middle if middle.any() else None


def hidden_patches(hidden: Hidden, picture: Decoded) -> Hidden:
    """Which of the patches in the middle of 5 x 8 tiles show `hidden` pixels (between the bands)."""
    side = picture.pieces.shape[1]
    high, wide = (HEIGHT - 2 * BAND) // PATCH_ROWS, WIDTH // PATCH_COLUMNS
    down = min(high, -(-side * HEIGHT // picture.size[1]))
    across = min(wide, -(-side * WIDTH // picture.size[0]))
    top, left = (high - down) // 2, (wide - across) // 2
    tiles = hidden.reshape(PATCH_ROWS, high, PATCH_COLUMNS, wide)
    return tiles[:, top : top + down, :, left : left + across].any(axis=(1, 3)).ravel()


def box(values: Grey, rows: int, columns: int) -> Grey:
    """The mean of every window of so many rows and columns."""
    high = values.shape[0] - rows + 1
    wide = values.shape[1] - columns + 1
    down = sum((values[row : row + high] for row in range(1, rows)), start=values[:high].copy())
    across = sum((down[:, at : at + wide] for at in range(1, columns)), start=down[:, :wide].copy())
    return np.asarray(across / (rows * columns), np.float32)


def signature_bytes(picture: Decoded) -> bytes:
    """The picture as small as it may leave the worker: 320 x 180 grey levels."""
    return np.rint(picture.grey).astype(np.uint8).tobytes()
