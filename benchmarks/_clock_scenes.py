"""Streams with a clock burned into them: a street on which things move, the text on top, and a real
encoder with a limit of the rate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks._picture_scenes import FONT, NOISE, Scene

Grey = Any
Corner = tuple[int, int]
STYLES = ("outlined", "boxed", "plain")
_LETTERS = FONT | {"P": (30, 17, 17, 30, 16, 16, 16), "/": (1, 1, 2, 4, 8, 16, 16)}
# The bars of each digit: top, middle and bottom, upper and lower left and right.
_SEVEN = {
    "0": "tbLlRr", "1": "Rr", "2": "tmbRl", "3": "tmbRr", "4": "mLRr",
    "5": "tmbLr", "6": "tmbLlr", "7": "tRr", "8": "tmbLlRr", "9": "tmbLRr",
    "-": "m", "/": "m", ":": ".,",
}  # fmt: skip


@dataclass(frozen=True)
class Stamp:
    """How a clock is written: `font` is a file, "" that of Pillow, "5x7" that
    of simple cameras, "narrow" the same with a 1 that takes less room, "7seg" that of seven bars.
    A line break in `form` begins another line. `high` is the size of the text in
    shares of the height, `at` its left upper corner in shares of width and height. `form` is as for
    strftime; `ahead` how far the clock is ahead, seconds; a `stopped` one shows its first second.
    """

    form: str = "%d-%m-%Y %H:%M:%S"
    font: str = ""
    style: str = "outlined"
    high: float = 0.05
    at: tuple[float, float] = (0.03, 0.03)
    ahead: float = 0.0
    stopped: bool = False

    def text(self, now: datetime) -> str:
        """What the clock shows at `now`."""
        return (now + timedelta(seconds=self.ahead)).strftime(self.form)


@cache
def _font(name: str, size: int) -> Any:
    return ImageFont.truetype(name, size) if name else ImageFont.load_default(size)


def _bitmap(text: str, size: int, *, narrow: bool = False) -> Grey:
    """The 5 x 7 letters that simple cameras write; a `narrow` 1 takes four columns instead of six."""
    step = max(1, size // 9)
    made = np.zeros((9, 6 * len(text) + 2), np.float32)
    left = 1
    for letter in text:
        thin = narrow and letter == "1"
        for row, bits in enumerate(_LETTERS.get(letter, FONT["-"])):
            for column in range(5):
                at = left + column - (1 if thin else 0)
                made[row + 1, at] = max(made[row + 1, at], bits >> (4 - column) & 1)
        left += 4 if thin else 6
    return np.kron(made[:, : left + 1], np.ones((step, step), np.float32))


def _bars(text: str, size: int) -> Grey:
    """Digits of seven bars, as wide as each other; all else is drawn in 5 x 7."""
    high, wide, bar = size, max(5, size * 5 // 9), max(1, size // 9)
    step, middle = wide + max(2, bar + 1), (size - bar) // 2
    made = np.zeros((high + 4, step * len(text) + 4), np.float32)
    upper, lower, whole = slice(0, middle + bar), slice(middle, high), slice(0, wide)
    bars = {
        "t": (slice(0, bar), whole),
        "m": (slice(middle, middle + bar), whole),
        "b": (slice(high - bar, high), whole),
        "L": (upper, slice(0, bar)),
        "l": (lower, slice(0, bar)),
        "R": (upper, slice(wide - bar, wide)),
        "r": (lower, slice(wide - bar, wide)),
        ".": (slice(high // 3, high // 3 + bar), slice(wide // 2, wide // 2 + bar)),
        ",": (slice(2 * high // 3, 2 * high // 3 + bar), slice(wide // 2, wide // 2 + bar)),
    }
    for number, letter in enumerate(text):
        cell = made[2 : 2 + high, 2 + number * step : 2 + number * step + wide]
        for name in _SEVEN.get(letter, ""):
            cell[bars[name]] = 1
    return made


def _drawn(white: Grey, style: str) -> tuple[Grey, Grey]:
    """The level and the cover of the letters `white`."""
    if style == "plain":
        return np.full_like(white, 240), white
    if style == "boxed":
        return 16 + 224 * white, np.ones_like(white)
    dark = white.copy()
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            dark = np.maximum(dark, np.roll(white, (down, right), (0, 1)))
    return 16 + 224 * white, dark


@lru_cache(maxsize=64)
def _inked(font: str, size: int, style: str, text: str) -> tuple[Grey, Grey]:
    """The level and the cover (0 to 1) of a line of text."""
    if font in {"5x7", "narrow"}:
        return _drawn(_bitmap(text, size, narrow=font == "narrow"), style)
    if font == "7seg":
        return _drawn(_bars(text, size), style)
    letters, edge = _font(font, size), max(1, size // 12) if style == "outlined" else 0
    _, top, _, bottom = letters.getbbox("0123456789-:/ M", stroke_width=edge)
    box = (int(letters.getlength(text)) + 2 * edge + 4, int(bottom - top) + 4)
    ink = Image.new("L", box)
    where = (2 + edge, 2 - top)
    ImageDraw.Draw(ink).text(where, text, fill=255, font=letters)
    white = np.asarray(ink, np.float32) / 255
    if style != "outlined":
        return _drawn(white, style)
    dark = Image.new("L", box)
    ImageDraw.Draw(dark).text(where, text, fill=255, font=letters, stroke_width=edge)
    return 16 + 224 * white, np.maximum(np.asarray(dark, np.float32) / 255, white)


def lines(stamp: Stamp, height: int, now: datetime) -> list[tuple[Grey, Grey]]:
    """Level and cover of each line of the clock in a picture of `height`."""
    size = max(8, round(height * stamp.high))
    return [_inked(stamp.font, size, stamp.style, one) for one in stamp.text(now).split("\n")]


def corner(stamp: Stamp, size: tuple[int, int], now: datetime) -> tuple[int, int]:
    """The left upper corner (x, y) of the clock in a picture of `size` (width, height)."""
    parts = [level.shape for level, _ in lines(stamp, size[1], now)]
    high, wide = sum(one[0] for one in parts), max(one[1] for one in parts)
    x = min(int(stamp.at[0] * size[0]), size[0] - wide)
    return max(0, x), max(0, min(int(stamp.at[1] * size[1]), size[1] - high))


def write(grey: Grey, stamp: Stamp, now: datetime, at: tuple[int, int] | None = None) -> None:
    """Write the clock on the picture: at its own place, or with its left upper corner `at` (x, y)."""
    height, width = grey.shape
    x, y = at or corner(stamp, (width, height), now)
    for level, cover in lines(stamp, height, now):
        part = grey[y : y + level.shape[0], x : x + level.shape[1]]
        cut = np.s_[: part.shape[0], : part.shape[1]]
        part[:] = part * (1 - cover[cut]) + (level * cover)[cut]
        y += level.shape[0]


@dataclass
class Street:
    """A street with a clock or several. Vehicles cross it, also behind the text."""

    seed: int
    size: tuple[int, int]
    stamps: tuple[Stamp, ...]
    light: str = "day"

    def __post_init__(self) -> None:
        self._scene = Scene(self.seed, self.size, clock=False)
        self._chance = np.random.default_rng(self.seed + 1)
        self.renew()
        shape = (self.size[1] + 64, self.size[0] + 64)
        self._noise = self._chance.standard_normal(shape, np.float32) * NOISE[self.light]

    def renew(self) -> None:
        """Other light and other things that move."""
        width, height = self.size
        self._view = self._scene.view(self.light, self._chance).astype(np.float32)
        count = 8
        self._things = np.stack(
            [
                self._chance.uniform(0, width, count),
                self._chance.uniform(0, height, count),
                self._chance.uniform(-0.15, 0.15, count) * width,
                self._chance.uniform(0.02, 0.12, count) * height,
                self._chance.uniform(20, 230, count),
            ],
            axis=1,
        )

    def picture(
        self, seconds: float, now: datetime, copies: Sequence[tuple[datetime, Corner]] = ()
    ) -> Grey:
        """The picture `seconds` after the last `renew`, when it is `now`. With `copies` (what it shows,
        left upper corner) the first clock is written there instead, several times.
        """
        width, height = self.size
        made = self._view.copy()
        for x, y, speed, side, level in self._things:
            left, top = int(x + speed * seconds) % width, int(y)
            made[top : top + int(side), left : left + int(2 * side)] = level
        down, right = self._chance.integers(0, 64, 2)
        made += self._noise[down : down + height, right : right + width]
        for shown, at in copies:
            write(made, self.stamps[0], shown, at)
        for stamp in () if copies else self.stamps:
            write(made, stamp, now - timedelta(seconds=seconds) if stamp.stopped else now)
        return np.clip(made, 0, 255).astype(np.uint8)


def stream(
    street: Street, began: datetime, seconds: float, fps: int
) -> Iterator[tuple[float, Grey]]:
    """The pictures of so many seconds: seconds since `began`, picture."""
    for number in range(int(seconds * fps)):
        at = number / fps
        yield at, street.picture(at, began + timedelta(seconds=at))


def coded(
    pictures: Iterator[tuple[float, Grey]], codec: str, rate: int, fps: int, keys: float = 2.0
) -> list[tuple[float, bytes]]:
    """The pictures as a stream of `rate` bit/s with a key frame each `keys` seconds."""
    context: Any = None
    times, packets = [], []
    for number, (at, picture) in enumerate(pictures):
        if context is None:
            context = _encoder(codec, rate, fps, keys, picture.shape)
        frame = av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")
        frame.pts = number
        times.append(at)
        packets += context.encode(frame)
    packets += context.encode(None)
    return list(zip(times, (bytes(one) for one in packets), strict=True))


def _encoder(codec: str, rate: int, fps: int, keys: float, shape: Sequence[int]) -> Any:
    names = {"h264": "libx264", "h265": "libx265"}
    context: Any = av.CodecContext.create(names[codec], "w")
    context.height, context.width = shape
    context.pix_fmt, context.time_base, context.framerate = "yuv420p", Fraction(1, fps), fps
    context.bit_rate, context.gop_size = rate, int(keys * fps)
    kilobits = rate // 1000
    limits = f"vbv-maxrate={kilobits}:vbv-bufsize={kilobits}:bframes=0"
    context.options = {"preset": "ultrafast", "tune": "zerolatency"}
    if codec == "h264":
        context.options |= {"x264-params": f"{limits}:threads=1"}
    else:
        context.options |= {"x265-params": f"{limits}:log-level=none:pools=1:repeat-headers=1"}
    return context


def with_stamp(street: Street, **changes: Any) -> Street:
    """The same street whose first clock is another."""
    first, *rest = street.stamps
    return replace(street, stamps=(replace(first, **changes), *rest))
