"""Streams with a clock burned into them: a street on which things move, the text on top, and a real
encoder with a limit of the rate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cache
from typing import Any

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks._picture_scenes import _FONT, _NOISE, MARGIN, Scene, _lit

Grey = Any
STYLES = ("outlined", "boxed", "plain")


@dataclass(frozen=True)
class Stamp:
    """How a clock is written: `font` is a file, "" that of Pillow, "5x7" that
    of simple cameras. `high` is the size of the text in
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


def _bitmap(text: str, size: int) -> Grey:
    """The 5 x 7 letters that simple cameras write."""
    step = max(1, size // 9)
    made = np.zeros((9, 6 * len(text) + 2), np.float32)
    for number, letter in enumerate(text):
        for row, bits in enumerate(_FONT.get(letter, _FONT["-"])):
            for column in range(5):
                made[row + 1, number * 6 + column + 1] = bits >> (4 - column) & 1
    return np.kron(made, np.ones((step, step), np.float32))


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


@cache
def _inked(font: str, size: int, style: str, text: str) -> tuple[Grey, Grey]:
    """The level and the cover (0 to 1) of a line of text."""
    if font == "5x7":
        return _drawn(_bitmap(text, size), style)
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


def write(grey: Grey, stamp: Stamp, now: datetime) -> None:
    """Write the clock on the picture."""
    height, width = grey.shape
    size = max(8, round(height * stamp.high))
    level, cover = _inked(stamp.font, size, stamp.style, stamp.text(now))
    y = min(int(stamp.at[1] * height), height - level.shape[0])
    x = min(int(stamp.at[0] * width), width - level.shape[1])
    part = grey[y : y + level.shape[0], max(0, x) : x + level.shape[1]]
    part[:] = part * (1 - cover) + level * cover


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
        self._noise = self._chance.standard_normal(shape, np.float32) * _NOISE[self.light]

    def renew(self) -> None:
        """Other light and other things that move."""
        width, height = self.size
        _wide, _high = self._scene.large
        world = _lit(self._scene.world, self.light, self._chance)
        down, right = int(MARGIN * height), int(MARGIN * width)
        self._view = world[down : down + height, right : right + width].astype(np.float32)
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

    def picture(self, seconds: float, now: datetime) -> Grey:
        """The picture `seconds` after the last `renew`, when it is `now`."""
        width, height = self.size
        made = self._view.copy()
        for x, y, speed, side, level in self._things:
            left, top = int(x + speed * seconds) % width, int(y)
            made[top : top + int(side), left : left + int(2 * side)] = level
        down, right = self._chance.integers(0, 64, 2)
        made += self._noise[down : down + height, right : right + width]
        for stamp in self.stamps:
            shown = now - timedelta(seconds=seconds) if stamp.stopped else now
            write(made, stamp, shown)
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
