"""Scenes for the evaluation of the picture check: streets with houses, trees, vehicles and people, by
day, at night and in infrared, with what can go wrong with their picture.

The order is that of a camera: scene, light, lens (blur), sensor (noise comes after the lens), overlay
(a clock that ticks and a name), encoder. An evaluation without the overlay or with the noise before the
blur measures something else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av
import numpy as np

Grey = Any
MARGIN = 0.25  # of the width and height, around what the camera sees
_FONT = {
    "0": (14, 17, 17, 17, 17, 17, 14), "1": (4, 12, 4, 4, 4, 4, 14),
    "2": (14, 17, 1, 2, 4, 8, 31), "3": (31, 2, 4, 2, 1, 17, 14),
    "4": (2, 6, 10, 18, 31, 2, 2), "5": (31, 16, 30, 1, 1, 17, 14),
    "6": (6, 8, 16, 30, 17, 17, 14), "7": (31, 1, 2, 4, 8, 8, 8),
    "8": (14, 17, 17, 14, 17, 17, 14), "9": (14, 17, 17, 15, 1, 2, 12),
    ":": (0, 4, 4, 0, 4, 4, 0), "-": (0, 0, 0, 31, 0, 0, 0), " ": (0,) * 7,
    "C": (14, 17, 16, 16, 16, 17, 14), "A": (14, 17, 17, 31, 17, 17, 17),
    "M": (17, 27, 21, 21, 17, 17, 17),
}  # fmt: skip


@dataclass(frozen=True)
class Moment:
    """One picture of a scene: its light, what passes, and what is wrong with it."""

    seed: int
    second: int = 0
    light: str = "day"
    fault: str = "good"
    amount: float = 0.0


@dataclass
class Scene:
    """A street with a margin around what the camera sees. `size` is that of the picture."""

    seed: int
    size: tuple[int, int] = (1280, 720)
    clock: bool = True
    world: Grey = field(init=False)

    def __post_init__(self) -> None:
        self.world = _street(np.random.default_rng(self.seed), *self.large)

    @property
    def large(self) -> tuple[int, int]:
        """The size of the world."""
        return tuple(int(side * (1 + 2 * MARGIN)) // 2 * 2 for side in self.size)  # type: ignore[return-value]

    def pictures(self, at: Moment, other: Scene | None = None, *, count: int = 1) -> list[Grey]:
        """The picture as it goes to the encoder, `count` times two seconds apart: the noise and the
        clock are others then.
        """
        chance = np.random.default_rng((self.seed, at.seed))
        blank = self._blank(at, chance)
        if blank is None:
            source = other if at.fault == "preset" and other is not None else self
            world = _lit(_crowd(source.world, chance), at.light, chance)
            made = self._lens(self._view(world, at, chance), at)
        found = []
        for number in range(count):
            if blank is None:
                sensor = np.random.default_rng((self.seed, at.seed, number))
                noise = sensor.standard_normal(made.shape, np.float32) * _NOISE[at.light]
            grey = blank if blank is not None else made + noise
            shown = np.clip(grey, 0, 255).astype(np.uint8)
            found.append(self._overlaid(shown, at.second + 2 * number))
        return found

    def _blank(self, at: Moment, chance: Any) -> Grey | None:
        width, height = self.size
        level = {"black": 2.0, "white": 253.0, "flat": float(chance.integers(40, 200))}
        if at.fault in level:
            noise = chance.normal(0, float(chance.uniform(0, 2)), (height, width))
            return np.full((height, width), level[at.fault]) + noise
        if at.fault == "slate":
            made = np.full((height, width), float(chance.integers(20, 120)))
            _write(made, "C0 MAC A-0", (width // 3, height // 2), max(2, height // 90))
            return made
        return None

    def _view(self, world: Grey, at: Moment, chance: Any) -> Grey:
        """What the camera sees of the world; a pole sways by a pixel or two."""
        width, height = self.size
        wide, high = self.large
        zoom = at.amount if at.fault == "zoom" else 1.0
        left, top = (wide - width) // 2, (high - height) // 2
        right, down = (int(one) for one in chance.integers(-2, 3, 2))
        if at.fault == "moved":
            angle = chance.uniform(0, 2 * np.pi)
            right += int(at.amount * width * np.cos(angle))
            down += int(at.amount * width * np.sin(angle) * height / width)
        if zoom != 1.0:
            rows = (np.arange(height) - height / 2) / zoom + high / 2
            columns = (np.arange(width) - width / 2) / zoom + wide / 2
            return world[np.ix_(rows.astype(int), columns.astype(int))]
        return world[top + down : top + down + height, left + right : left + right + width].copy()

    def _lens(self, grey: Grey, at: Moment) -> Grey:
        if at.fault == "defocus":
            return blurred(grey, at.amount)
        if at.fault == "covered":
            return _covered(grey, at)
        return grey

    def _overlaid(self, grey: Grey, second: int) -> Grey:
        if not self.clock:
            return grey
        size = max(1, self.size[1] // 240)
        stamp = f"14-11-2026 {second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}"
        _write(grey, stamp, (8 * size, 3 * size), size)
        _write(grey, f"CAM {self.seed % 1000:03}", (8 * size, self.size[1] - 11 * size), size)
        return grey


_NOISE = {"day": 1.5, "dusk": 2.5, "night": 4.0, "infrared": 3.0, "rain": 2.0, "fog": 1.5}


def _street(chance: Any, width: int, height: int) -> Grey:
    """Sky, houses with windows, a road with marks, trees and poles; textures at all scales."""
    rows = np.linspace(0, 1, height)[:, None]
    world = np.broadcast_to(190 - 60 * rows, (height, width)).copy()
    world += 6 * _texture(chance, width, height)
    horizon = int(height * chance.uniform(0.3, 0.5))
    x = 0
    while x < width:
        wide = int(chance.integers(width // 14, width // 5))
        top = int(horizon * chance.uniform(0.1, 0.8))
        bottom = int(height * chance.uniform(0.55, 0.7))
        _house(world, chance, (x, top, min(width, x + wide), bottom))
        x += wide + int(chance.integers(0, width // 30))
    _road(world, chance, int(height * 0.68))
    for _ in range(int(chance.integers(2, 6))):
        _tree(world, chance)
    for _ in range(int(chance.integers(2, 7))):
        x = int(chance.integers(10, width - 10))
        top = int(chance.integers(0, horizon))
        world[top : int(height * 0.75), x : x + max(3, width // 250)] = chance.integers(20, 70)
    return world.astype(np.float32)


def _texture(chance: Any, width: int, height: int) -> Grey:
    """Noise of natural pictures: as much energy in each octave."""
    made = np.zeros((height, width), np.float32)
    for step in (2, 4, 8, 16, 32, 64):
        coarse = chance.normal(0, 1, (height // step + 2, width // step + 2)).astype(np.float32)
        made += np.kron(coarse, np.ones((step, step), np.float32))[:height, :width]
    return made / 2.4


def _house(world: Grey, chance: Any, box: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = box
    wall = float(chance.integers(60, 190))
    part = world[top:bottom, left:right]
    part[:] = wall + chance.uniform(2, 8) * _texture(chance, right - left, bottom - top)
    step = int(chance.integers(4, 9))
    part[::step] -= chance.uniform(3, 12)  # bricks
    across, down = int(chance.integers(24, 60)), int(chance.integers(30, 70))
    glass = wall + float(chance.choice([-70, -50, 50]))
    for y in range(top + 12, bottom - down // 2, down):
        for x in range(left + 8, right - across // 2, across):
            pane = world[y : y + down // 2, x : x + across // 2]
            pane[:] = glass + chance.normal(0, 8)
            pane[:2], pane[:, :2] = wall + 40, wall + 40
            pane[:, pane.shape[1] // 2 : pane.shape[1] // 2 + 2] = wall + 30


def _road(world: Grey, chance: Any, top: int) -> None:
    height, width = world.shape
    world[top:] = 85 + 7 * _texture(chance, width, height - top)
    world[top : top + 6] = 150
    for number in range(int(chance.integers(3, 8))):
        y = top + (height - top) * (number + 1) // 9
        dash = int(chance.integers(40, 120))
        for x in range(int(chance.integers(0, dash)), width, 2 * dash):
            world[y : y + 3 + number // 2, x : x + dash] = 205


def _tree(world: Grey, chance: Any) -> None:
    height, width = world.shape
    x, y = int(chance.integers(0, width)), int(chance.integers(height // 6, height // 2))
    radius = int(chance.integers(height // 14, height // 6))
    rows, columns = np.ogrid[:height, :width]
    inside = (rows - y) ** 2 + (columns - x) ** 2 < radius**2 * (1 + 0.3 * chance.normal())
    leaves = 70 + 30 * _texture(chance, width, height)
    world[inside] = leaves[inside]
    world[y : int(height * 0.7), x : x + max(4, radius // 8)] = 50


def _crowd(world: Grey, chance: Any) -> Grey:
    """People and vehicles, somewhere else in each picture."""
    made = world.copy()
    height, width = made.shape
    for _ in range(int(chance.poisson(6))):
        high = int(height * chance.uniform(0.04, 0.12))
        x, y = int(chance.integers(0, width)), int(chance.integers(int(height * 0.5), height))
        made[y - high : y, x : x + high // 3] = chance.integers(10, 230)
        made[y - high : y - 3 * high // 4, x : x + high // 3] = chance.integers(90, 200)
    for _ in range(int(chance.poisson(2))):
        wide = int(width * chance.uniform(0.05, 0.14))
        x, y = int(chance.integers(0, width)), int(chance.integers(int(height * 0.6), height))
        made[y - wide // 2 : y, x : x + wide] = chance.integers(10, 240)
        made[y - wide // 3 : y - wide // 4, x : x + wide] = 30
    return made


def _lit(world: Grey, light: str, chance: Any) -> Grey:
    height, width = world.shape
    if light == "day":
        made = world * chance.uniform(0.75, 1.2)
        if chance.random() < 0.5:  # the shadow of a house
            slope, start = chance.uniform(-1, 1), chance.uniform(0.2, 0.8) * width
            columns = np.arange(width)[None, :] + slope * np.arange(height)[:, None]
            made = np.where(columns < start, made * chance.uniform(0.5, 0.75), made)
        return made
    if light == "fog":
        return world * 0.3 + 130
    if light == "rain":
        made = world * 0.8
        for _ in range(400):
            x, y = int(chance.integers(0, width)), int(chance.integers(0, height - 20))
            made[y : y + 15, x : x + 1] += 40
        return made
    gain = {"dusk": 0.45, "night": 0.12, "infrared": 0.7}[light]
    rows, columns = np.ogrid[:height, :width]
    lamps = np.zeros((height, width), np.float32)
    fixed = np.random.default_rng(int(world[0, :50].sum()))  # lamps stay where they are
    for _ in range(5):
        x, y = fixed.integers(0, width), fixed.integers(0, height)
        lamps += np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * (width / 14) ** 2))
    if light == "infrared":
        middle = (rows - height / 2) ** 2 / height**2 + (columns - width / 2) ** 2 / width**2
        return world * gain * np.exp(-2.5 * middle)
    return world * (gain + (0.75 if light == "night" else 0.3) * lamps) * chance.uniform(0.9, 1.1)


def blurred(grey: Grey, sigma: float) -> Grey:
    """A gaussian blur; the borders are mirrored."""
    edge = int(4 * sigma) + 1
    padded = np.pad(grey.astype(np.float32), edge, mode="reflect")
    high, wide = padded.shape
    rows = np.exp(-2 * (np.pi * sigma * np.fft.fftfreq(high)) ** 2)[:, None]
    columns = np.exp(-2 * (np.pi * sigma * np.fft.rfftfreq(wide)) ** 2)[None, :]
    made = np.fft.irfft2(np.fft.rfft2(padded) * rows * columns, s=padded.shape)
    return made[edge:-edge, edge:-edge]


def _covered(grey: Grey, at: Moment) -> Grey:
    """A bag, a hand or paint over part of the view, from one side, with a soft edge."""
    chance = np.random.default_rng(at.seed + 77)
    height, width = grey.shape
    rows, columns = np.mgrid[:height, :width]
    along = {0: columns / width, 1: 1 - columns / width, 2: rows / height, 3: 1 - rows / height}
    inside = 1 / (1 + np.exp((along[int(chance.integers(0, 4))] - at.amount) * 120))
    level = float(chance.integers(10, 200))
    return grey * (1 - inside) + (level + 0.08 * (grey - grey.mean())) * inside


def _write(grey: Grey, text: str, at: tuple[int, int], size: int) -> None:
    """White letters with a black outline, as most cameras write them."""
    x, y = at
    mask = np.zeros((9, 6 * len(text) + 2), bool)
    for number, letter in enumerate(text):
        for row, bits in enumerate(_FONT.get(letter, _FONT["-"])):
            for column in range(5):
                mask[row + 1, number * 6 + column + 1] = bits >> (4 - column) & 1
    outline = mask.copy()
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            outline |= np.roll(mask, (down, right), (0, 1))
    big, dark = (np.kron(one, np.ones((size, size), bool)) for one in (mask, outline))
    part = grey[y : y + big.shape[0], x : x + big.shape[1]]
    part[dark[: part.shape[0], : part.shape[1]]] = 10
    part[big[: part.shape[0], : part.shape[1]]] = 245


@dataclass(frozen=True)
class Encoder:
    """x264 or x265 with a limit of the rate; only key frames are made, two seconds apart, each with
    the share of the bits that a key frame has in a stream.
    """

    codec: str
    bits_per_second: int

    def key_frames(self, pictures: list[Grey]) -> list[bytes]:
        """One key frame for each picture."""
        context: Any = av.CodecContext.create(
            {"h264": "libx264", "h265": "libx265"}[self.codec], "w"
        )
        height, width = pictures[0].shape
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.time_base, context.framerate = Fraction(2, 1), Fraction(1, 2)
        kilobits = max(20, int(self.bits_per_second * 0.35 / 1000))
        context.bit_rate = kilobits * 1000
        limits = f"vbv-maxrate={kilobits}:vbv-bufsize={2 * kilobits}:keyint=1"
        context.options = {"preset": "veryfast", "tune": "zerolatency"}
        if self.codec == "h264":
            context.options |= {"x264-params": f"{limits}:threads=1"}
        else:
            context.options |= {"x265-params": f"{limits}:log-level=none:pools=1:repeat-headers=1"}
        packets = []
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")
            frame.pts = number
            packets += context.encode(frame)
        return [bytes(packet) for packet in (*packets, *context.encode(None))]
