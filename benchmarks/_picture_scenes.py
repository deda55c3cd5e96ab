"""Cameras for the evaluation of the picture check: what passes before them, the light by day, at night
and in infrared, the weather, and what can go wrong with their picture.

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

from benchmarks._picture_weather import blurred, weathered
from benchmarks._picture_worlds import KINDS, Backdrop, made, texture

Grey = Any
MARGIN = 0.25  # of the width and height, around what the camera sees
NOISE = {"day": 1.5, "dusk": 2.5, "night": 4.0, "infrared": 3.0}
FREEZE_STEP = 4  # pictures a second of a stream that is frozen
FONT = {
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
    """One picture of a camera: `light` and `weather`, who passes (`seed`), and what is wrong with it.
    Pictures of one `spell` have the same shadows, wind and parked lorry.
    """

    seed: int
    second: int = 0
    light: str = "day"
    weather: str = ""
    spell: int = 0
    fault: str = "good"
    amount: float = 0.0


@dataclass
class Scene:
    """A camera before a world of `kind` with a margin around what it sees. `size` is that of the
    picture. Each has its own lens, noise, contrast and traffic.
    """

    seed: int
    size: tuple[int, int] = (1280, 720)
    clock: bool = True
    kind: str = ""
    world: Backdrop = field(init=False)

    def __post_init__(self) -> None:
        chance = np.random.default_rng((self.seed, 1))
        self.kind = self.kind or KINDS[self.seed % len(KINDS)]
        self.world = made(self.kind, self.seed, *self.large)
        self._softness = chance.uniform(0.4, 1.0)
        self._contrast = chance.choice([1.0, 1.0, 0.8, 0.6])
        self._noise = chance.uniform(0.4, 1.3)
        self._busy = chance.uniform(0, 8)
        self._sway = int(chance.choice([0, 1, 2, 4]))
        wide, high = self.size
        field_of = np.random.default_rng((self.seed, 2))
        self._grain = field_of.standard_normal((high + 64, wide + 64), np.float32)

    @property
    def large(self) -> tuple[int, int]:
        """The size of the world."""
        return tuple(int(side * (1 + 2 * MARGIN)) // 2 * 2 for side in self.size)  # type: ignore[return-value]

    def view(self, light: str, chance: Any) -> Grey:
        """What it sees when nobody is there, without noise and text."""
        at = Moment(0, light=light)
        grey, _, lamps = self._seen(self.world, at, chance)
        return _lit(grey, lamps, light, chance)

    def pictures(self, at: Moment, other: Scene | None = None, *, count: int = 1) -> list[Grey]:
        """The picture as it goes to the encoder, `count` times two seconds apart: the noise and the
        clock are others then. `other` is what a wrong preset shows.
        """
        bare = self._bare(at, other, count)
        return [self._overlaid(one, at.second + 2 * number) for number, one in enumerate(bare)]

    def _bare(self, at: Moment, other: Scene | None, count: int) -> list[Grey]:
        """The same without text."""
        chance = np.random.default_rng((self.seed, at.seed, 3))
        blank = self._blank(at, chance)
        clean = blank if blank is not None else self._made(at, chance, other)
        strength = 0.0 if blank is not None else NOISE[at.light] * self._noise
        found = []
        for _ in range(count):
            down, right = chance.integers(0, 64, 2)
            grain = self._grain[down : down + self.size[1], right : right + self.size[0]]
            found.append(np.clip(clean + strength * grain, 0, 255).astype(np.uint8))
        return found

    def frozen(self, at: Moment, seconds: int, *, ticking: bool) -> list[Grey]:
        """What a sensor that froze gives to the encoder in each of so many seconds: the same picture, on
        which the clock may be `ticking`.
        """
        (bare,) = self._bare(at, None, 1)
        times = range(at.second, at.second + seconds) if ticking else [at.second] * seconds
        return [self._overlaid(bare.copy(), second) for second in times]

    def _made(self, at: Moment, chance: Any, other: Scene | None) -> Grey:
        """Scene, what passes, light, weather and lens."""
        spell = np.random.default_rng((self.seed, at.spell, 4))
        world = other.world if at.fault == "preset" and other is not None else self.world
        grey, leaves, lamps = self._seen(world, at, chance)
        _blown(grey, leaves, chance, spell)
        self._traffic(grey, chance, spell)
        lit = weathered(_lit(grey, lamps, at.light, spell), at.weather, chance, spell)
        if self._contrast < 1:
            lit = lit.mean() + self._contrast * (lit - lit.mean())
        sigma = float(np.hypot(self._softness, at.amount if at.fault == "defocus" else 0))
        soft = blurred(lit, sigma)
        return _covered(soft, at) if at.fault == "covered" else soft

    def _blank(self, at: Moment, chance: Any) -> Grey | None:
        width, height = self.size
        level = {"black": 2.0, "white": 253.0, "flat": float(chance.integers(40, 200))}
        if at.fault in level:
            noise = chance.normal(0, float(chance.uniform(0, 2)), (height, width))
            return np.full((height, width), level[at.fault]) + noise
        if at.fault == "slate":
            slate = np.full((height, width), float(chance.integers(20, 120)))
            _write(slate, "C0 MAC A-0", (width // 3, height // 2), max(2, height // 90))
            return slate
        return None

    def _seen(self, world: Backdrop, at: Moment, chance: Any) -> tuple[Grey, Grey, Grey]:
        """What the camera sees of the world: grey levels, leaves, lamps. A pole sways."""
        width, height = self.size
        wide, high = self.large
        left, top = (wide - width) // 2, (high - height) // 2
        right, down = (int(one) for one in chance.integers(-self._sway, self._sway + 1, 2))
        if at.fault == "moved":
            angle = chance.uniform(0, 2 * np.pi)
            right += int(at.amount * width * np.cos(angle))
            down += int(at.amount * width * np.sin(angle))
        layers = (world.grey, world.leaves, world.lamps)
        if at.fault == "zoom":
            rows = (np.arange(height) - height / 2) / at.amount + high / 2 + down
            columns = (np.arange(width) - width / 2) / at.amount + wide / 2 + right
            return tuple(one[np.ix_(rows.astype(int), columns.astype(int))] for one in layers)  # type: ignore[return-value]
        y, x = max(0, top + down), max(0, left + right)
        return tuple(one[y : y + height, x : x + width].copy() for one in layers)  # type: ignore[return-value]

    def _traffic(self, grey: Grey, chance: Any, spell: Any) -> None:
        """People, cars, and now and then a lorry that stands there for a spell."""
        height, width = grey.shape
        for _ in range(int(chance.poisson(self._busy))):
            high = height * chance.uniform(0.04, 0.2)
            x, y = chance.uniform(0, width), height * chance.uniform(0.45, 1)
            _person(grey, chance, (int(x), int(y), int(high)))
        if self.kind in ("street", "road", "square", "yard"):
            for _ in range(int(chance.poisson(self._busy / 3))):
                _vehicle(grey, chance, width * chance.uniform(0.04, 0.13), 0.5)
            if spell.random() < 0.05:
                _vehicle(grey, spell, width * spell.uniform(0.15, 0.25), 0.6)

    def _overlaid(self, grey: Grey, second: int) -> Grey:
        if not self.clock:
            return grey
        size = max(1, self.size[1] // 240)
        stamp = f"14-11-2026 {second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}"
        _write(grey, stamp, (8 * size, 3 * size), size)
        _write(grey, f"CAM {self.seed % 1000:03}", (8 * size, self.size[1] - 11 * size), size)
        return grey


def _blown(grey: Grey, leaves: Grey, chance: Any, spell: Any) -> None:
    """Leaves are elsewhere in each picture, by the wind of the spell."""
    reach = int(spell.integers(0, max(2, grey.shape[1] // 80)))
    if not reach or not leaves.any():
        return
    down, right = (int(one) for one in chance.integers(-reach, reach + 1, 2))
    inside = leaves > 0.5
    grey[inside] = np.roll(grey, (down, right), (0, 1))[inside]


def _person(grey: Grey, chance: Any, where: tuple[int, int, int]) -> None:
    x, y, high = where
    wide = max(2, high // 3)
    for top, bottom, inset in ((0, 0.18, 0.3), (0.18, 0.6, 0.0), (0.6, 1, 0.15)):
        first, last = y - high + int(top * high), y - high + int(bottom * high)
        left, right = x + int(inset * wide), x + wide - int(inset * wide)
        grey[max(0, first) : max(0, last), left:right] = chance.integers(15, 220)


def _vehicle(grey: Grey, chance: Any, wide: float, low: float) -> None:
    height, width = grey.shape
    high, long = int(wide * chance.uniform(0.35, 0.7)), int(wide)
    x, y = int(chance.integers(0, width)), int(height * chance.uniform(low, 1))
    top = max(0, y - high)
    level = chance.integers(20, 235)
    grey[top:y, x : x + long] = level
    grey[top + high // 6 : top + high // 3, x + long // 8 : x + long * 7 // 8] = 35
    grey[max(0, y - high // 6) : y, x : x + long : max(2, long // 3)] = 20
    grey[top + high // 2 : top + high // 2 + 2, x : x + long] = 0.7 * level


def _lit(grey: Grey, lamps: Grey, light: str, chance: Any) -> Grey:
    """The light of a spell: sun and shadow by day, lamps by night, a lamp at the camera in infrared."""
    height, width = grey.shape
    rows, columns = np.ogrid[:height, :width]
    if light == "day":
        lit = grey * chance.uniform(0.7, 1.2)
        kind = chance.random()
        if kind < 0.35:  # the shadow of a house
            slope, start = chance.uniform(-1.5, 1.5), chance.uniform(0.1, 0.9) * width
            shadow = np.clip((columns - start + slope * rows) / 4, 0, 1)
            lit *= 1 - shadow * chance.uniform(0.25, 0.55)
        elif kind < 0.6:  # the sun between branches
            patches = texture(chance, width // 4 + 1, height // 4 + 1, 1.2) > chance.uniform(0, 1)
            lit *= 1 + 0.5 * np.kron(patches, np.ones((4, 4), np.float32))[:height, :width]
        return lit
    if light == "infrared":
        away = ((rows / height - 0.55) ** 2 + (columns / width - 0.5) ** 2) * chance.uniform(2, 3)
        return grey * 0.9 * np.exp(-away) + 4
    gain, lamp = {"dusk": (0.4, 0.3), "night": (0.16, 0.75)}[light]
    return grey * (gain + lamp * lamps) * chance.uniform(0.85, 1.15) + 3


def _covered(grey: Grey, at: Moment) -> Grey:
    """A bag, a hand or paint over so much of the view, from one side, with a soft edge; a sheet has
    folds.
    """
    chance = np.random.default_rng(at.seed + 77)
    height, width = grey.shape
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    along = {0: columns / width, 1: 1 - columns / width, 2: rows / height, 3: 1 - rows / height}
    edge = along[int(chance.integers(0, 4))] + 0.05 * np.sin(rows / height * 7)
    sharp = chance.uniform(40, 150)
    inside = 1 / (1 + np.exp(np.clip((edge - at.amount) * sharp, -30, 30)))
    level = min(float(chance.integers(10, 200)), 2.5 * float(grey.mean()))
    folds = chance.uniform(0, 6) * blurred(texture(chance, width, height, 1.5), 8)
    return grey * (1 - inside) + (level + folds + 0.06 * (grey - grey.mean())) * inside


def _write(grey: Grey, text: str, at: tuple[int, int], size: int) -> None:
    """White letters with a black outline, as most cameras write them."""
    x, y = at
    mask = np.zeros((9, 6 * len(text) + 2), bool)
    for number, letter in enumerate(text):
        for row, bits in enumerate(FONT.get(letter, FONT["-"])):
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
    """x264 or x265 with a limit of the rate."""

    codec: str
    bits_per_second: int

    def key_frames(self, pictures: list[Grey]) -> list[bytes]:
        """One key frame for each picture, two seconds apart, each with the share of the bits that it
        has in a stream.
        """
        context = self._opened(pictures[0].shape, Fraction(1, 2), 1, 0.35)
        return [bytes(one) for one in _coded(context, pictures)]

    def last_two(self, pictures: list[Grey]) -> list[bytes]:
        """The last two key frames of the same stream as `all_keys`."""
        return self.all_keys(pictures)[-2:]

    def all_keys(self, pictures: list[Grey]) -> list[bytes]:
        """The key frames, two seconds apart, of a stream that shows each of the `pictures` for a second."""
        context = self._opened(pictures[0].shape, Fraction(FREEZE_STEP), 2 * FREEZE_STEP, 1.0)
        coded = _coded(context, [one for one in pictures for _ in range(FREEZE_STEP)])
        return [bytes(one) for one in coded if one.is_keyframe]

    def _opened(self, shape: tuple[int, int], rate: Fraction, keyint: int, share: float) -> Any:
        context: Any = av.CodecContext.create(
            {"h264": "libx264", "h265": "libx265"}[self.codec], "w"
        )
        context.height, context.width = shape
        context.pix_fmt, context.framerate = "yuv420p", rate
        context.time_base = 1 / rate
        kilobits = max(20, int(self.bits_per_second * share / 1000))
        context.bit_rate = kilobits * 1000
        limits = f"vbv-maxrate={kilobits}:vbv-bufsize={2 * kilobits}"
        limits += f":keyint={keyint}:min-keyint={keyint}:scenecut=0"
        context.options = {"preset": "veryfast", "tune": "zerolatency"}
        if self.codec == "h264":
            context.options |= {"x264-params": f"{limits}:threads=1"}
        else:
            context.options |= {"preset": "ultrafast"}
            more = "log-level=none:pools=none:wpp=0:frame-threads=1:repeat-headers=1"
            context.options |= {"x265-params": f"{limits}:{more}"}
        return context


def _coded(context: Any, pictures: list[Grey]) -> list[Any]:
    packets = []
    for number, picture in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")
        frame.pts = number
        packets += context.encode(frame)
    return [*packets, *context.encode(None)]
