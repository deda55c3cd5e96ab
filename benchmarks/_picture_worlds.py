"""What stands before the cameras of the picture evaluation: streets, roads, squares, yards, rooms and
plain walls, of surfaces with the texture of natural pictures. Nothing in it moves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Grey = Any
KINDS = ("street", "road", "square", "yard", "indoor", "plain")


@dataclass(frozen=True)
class Backdrop:
    """`grey` levels, which of its pixels are `leaves` (0 to 1, they move in the wind) and how much
    light the `lamps` throw by night (0 to 1). All are height x width.
    """

    grey: Grey
    leaves: Grey
    lamps: Grey


def made(kind: str, seed: int, width: int, height: int) -> Backdrop:
    """The world of a camera, by one of `KINDS`."""
    chance = np.random.default_rng(seed)
    painter = _Painter(chance, width, height)
    _PAINTERS[kind](painter)
    return Backdrop(painter.grey, painter.leaves, _lamps(chance, width, height))


def texture(chance: Any, width: int, height: int, slope: float = 1.0) -> Grey:
    """Noise with the spectrum of natural pictures (amplitude 1 / frequency ** slope), spread 1."""
    rows, columns = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :]
    frequency = np.maximum(np.hypot(rows, columns), 1.5 / max(width, height))
    phase = chance.uniform(0, 2 * np.pi, frequency.shape)
    noise = np.fft.irfft2(frequency**-slope * np.exp(1j * phase), s=(height, width))
    return (noise / max(float(noise.std()), 1e-9)).astype(np.float32)


def _lamps(chance: Any, width: int, height: int) -> Grey:
    rows, columns = np.ogrid[:height, :width]
    found = np.zeros((height, width), np.float32)
    for _ in range(int(chance.integers(3, 9))):
        x, y = chance.integers(0, width), chance.integers(height // 4, height)
        reach = width * chance.uniform(0.05, 0.14)
        found += np.exp(-((rows - y) ** 2 * 2 + (columns - x) ** 2) / (2 * reach**2))
    return np.minimum(found, 1.3).astype(np.float32)


class _Painter:
    """A canvas and one fine texture of which every surface takes a piece."""

    def __init__(self, chance: Any, width: int, height: int) -> None:
        self.chance, self.width, self.height = chance, width, height
        self.rough = texture(chance, width, height, 0.8)
        self.soft = texture(chance, width, height, 1.3)
        self.grey = np.zeros((height, width), np.float32)
        self.leaves = np.zeros((height, width), np.float32)

    def surface(
        self, box: tuple[float, float, float, float], level: float, rough: float, soft: float
    ) -> Grey:
        """Paint left, top, right, bottom (shares of width and height); the painted part."""
        left, right = (int(np.clip(one, 0, 1) * self.width) for one in (box[0], box[2]))
        top, bottom = (int(np.clip(one, 0, 1) * self.height) for one in (box[1], box[3]))
        part = self.grey[top:bottom, left:right]
        piece = self.rough[top:bottom, left:right]
        part[:] = level + rough * piece + soft * self.soft[top:bottom, left:right]
        self.leaves[top:bottom, left:right] = 0
        return part

    def house(self, left: float, right: float, top: float, bottom: float) -> None:
        wall = self.chance.uniform(60, 190)
        part = self.surface((left, top, right, bottom), wall, self.chance.uniform(1, 5), 6)
        if self.chance.random() < 0.4:
            part[:: int(self.chance.integers(4, 9))] -= self.chance.uniform(2, 9)  # bricks
        down = int(self.height * self.chance.uniform(0.05, 0.12))
        across = int(self.height * self.chance.uniform(0.04, 0.1))
        glass = wall + self.chance.choice([-60, -40, 35])
        for y in range(down // 2, part.shape[0] - down // 2, down):
            for x in range(across // 3, part.shape[1] - across // 2, across):
                pane = part[y : y + down // 2, x : x + across // 2]
                pane += glass - wall + self.chance.normal(0, 12)
                pane[:2] = wall + 30
                pane[:, pane.shape[1] // 2 : pane.shape[1] // 2 + 2] = wall + 25

    def houses(self, horizon: float) -> None:
        x = 0.0
        while x < 1:
            wide = self.chance.uniform(0.08, 0.28)
            self.house(x, x + wide, horizon * self.chance.uniform(0.1, 0.8), horizon + 0.2)
            x += wide + self.chance.choice([0, 0, 0.04])

    def sky(self, horizon: float) -> None:
        self.surface((0, 0, 1, horizon), self.chance.uniform(150, 225), 0.3, 8)

    def ground(self, top: float, level: float | None = None) -> Grey:
        level = self.chance.uniform(60, 130) if level is None else level
        return self.surface((0, top, 1, 1), level, self.chance.uniform(1.5, 5), 7)

    def marks(self, top: float) -> None:
        """Lines that run together far away."""
        rows = np.arange(int(top * self.height), self.height)
        meet = self.width * self.chance.uniform(0.2, 0.8)
        far = (rows - rows[0] + 4) / max(1, len(rows))
        for slope in self.chance.uniform(-1.4, 1.4, int(self.chance.integers(2, 6))):
            dashed = self.chance.random() < 0.5
            for row, depth in zip(rows, far, strict=True):
                if dashed and int(8 / depth) % 2:
                    continue
                x, wide = int(meet + slope * depth * self.width), int(1 + 7 * depth)
                if 0 <= x < self.width - wide:
                    self.grey[row, x : x + wide] = 185

    def tree(self) -> None:
        x, y = self.chance.uniform(0, self.width), self.chance.uniform(0.1, 0.55) * self.height
        radius = self.height * self.chance.uniform(0.06, 0.2)
        rows, columns = np.ogrid[: self.height, : self.width]
        near = np.hypot(rows - y, columns - x) + radius * 0.35 * self.soft
        inside = near < radius
        level, spread = self.chance.uniform(40, 90), self.chance.uniform(14, 26)
        self.grey[inside] = level + spread * self.rough[inside]
        self.leaves[inside] = 1
        trunk = self.grey[int(y + radius) : int(0.75 * self.height), int(x) : int(x + radius / 7)]
        trunk[:] = 50

    def things(self, count: int, top: float, big: float) -> None:
        """Boxes, parked cars, shelves, doors, posters."""
        for _ in range(count):
            wide = self.chance.uniform(0.2, 1) * big
            high = self.chance.uniform(0.2, 1) * big * self.width / self.height
            left, low = self.chance.uniform(0, 1), self.chance.uniform(top, 1)
            level = self.chance.uniform(20, 220)
            rough = self.chance.choice([1, 2, 15])
            part = self.surface((left, low - high, left + wide, low), level, rough, 4)
            if min(part.shape, default=0) > 12:
                third = part.shape[0] // 3
                part[third : third + third // 2, 4:-4] = self.chance.uniform(20, 220)

    def poles(self, count: int) -> None:
        for _ in range(count):
            x, wide = self.chance.uniform(0, 1), self.chance.uniform(0.002, 0.008)
            box = (x, self.chance.uniform(0, 0.4), x + wide, self.chance.uniform(0.6, 0.9))
            self.surface(box, self.chance.uniform(20, 180), 1, 1)

    def fence(self, top: float) -> None:
        step = int(self.chance.integers(6, 16))
        first, last = int(top * self.height), int((top + 0.12) * self.height)
        self.grey[first:last, ::step] = self.chance.uniform(30, 200)
        self.grey[first : first + 3] = self.chance.uniform(30, 200)


def _street(p: _Painter) -> None:
    horizon = p.chance.uniform(0.3, 0.5)
    p.sky(0.8)
    p.houses(horizon)
    p.ground(horizon + 0.2)
    p.marks(horizon + 0.22)
    for _ in range(int(p.chance.integers(1, 5))):
        p.tree()
    p.poles(int(p.chance.integers(2, 7)))
    p.things(int(p.chance.integers(2, 7)), 0.6, 0.12)


def _road(p: _Painter) -> None:
    horizon = p.chance.uniform(0.25, 0.45)
    p.sky(horizon)
    p.ground(horizon, p.chance.uniform(70, 110))
    p.marks(horizon)
    for _ in range(int(p.chance.integers(3, 10))):
        p.tree()
    p.poles(int(p.chance.integers(1, 4)))


def _square(p: _Painter) -> None:
    p.sky(0.6)
    p.houses(p.chance.uniform(0.2, 0.35))
    paving = p.ground(0.45)
    paving[:: int(p.chance.integers(14, 30))] -= 10
    paving[:, :: int(p.chance.integers(20, 50))] -= 8
    p.things(int(p.chance.integers(8, 20)), 0.5, 0.08)
    for _ in range(int(p.chance.integers(0, 4))):
        p.tree()


def _yard(p: _Painter) -> None:
    p.surface((0, 0, 1, 0.4), p.chance.uniform(90, 200), 1, 5)
    p.ground(0.35)
    p.fence(p.chance.uniform(0.25, 0.4))
    p.things(int(p.chance.integers(3, 9)), 0.4, 0.2)


def _indoor(p: _Painter) -> None:
    p.surface((0, 0, 1, 1), p.chance.uniform(120, 200), 0.6, 5)
    p.surface((0, 0.7, 1, 1), p.chance.uniform(60, 160), 2, 4)
    p.surface((0, 0.69, 1, 0.705), 60, 1, 1)
    p.things(int(p.chance.integers(5, 14)), 0.3, 0.15)
    p.poles(int(p.chance.integers(1, 5)))


def _plain(p: _Painter) -> None:
    """A wall or a lawn with next to nothing on it."""
    p.surface((0, 0, 1, 1), p.chance.uniform(70, 180), p.chance.uniform(0.8, 3), 5)
    p.things(int(p.chance.integers(3, 7)), 0.3, 0.1)
    p.poles(int(p.chance.integers(1, 3)))


_PAINTERS: dict[str, Callable[[_Painter], None]] = {
    "street": _street, "road": _road, "square": _square, "yard": _yard, "indoor": _indoor,
    "plain": _plain,
}  # fmt: skip
