"""How well the clock in the picture is learned and read: streams of real encoders with clocks of several
fonts, sizes, places and formats; the share that is learned within 28 s, readings that are exact,
refused, and wrong although accepted; CPU.

Half of the cameras (`--fit`) are there to choose limits by; the others are counted.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import av
import numpy as np

from benchmarks._clock_scenes import STYLES, Stamp, Street, coded, stream
from benchmarks._measure import Row
from benchmarks._picture_scenes import Encoder
from healthmon.picture.clock_learning import ClockFinder, ClockLearner
from healthmon.picture.clock_model import ClockModel

FONTS = Path("/usr/share/fonts/truetype")
KINDS = (
    ((640, 360), 300_000),
    ((640, 360), 600_000),
    ((1280, 720), 1_000_000),
    ((704, 576), 500_000),
    ((1920, 1080), 4_000_000),
)
DATES = ("%d-%m-%Y", "%Y-%m-%d", "%m/%d/%Y", "%d/%m/%y", "")
WATCHED, FPS = 28.0, 8
READINGS = 400


@dataclass
class Case:
    """One camera with a clock."""

    number: int
    size: tuple[int, int]
    rate: int
    codec: str
    stamp: Stamp
    light: str

    @property
    def date(self) -> str:
        """The part of the format before the time."""
        return self.stamp.form.removesuffix("%H:%M:%S").strip()

    def truth(self, at: datetime, model: ClockModel) -> str:
        """The digits that `model` should read at `at`."""
        time_of_day = at.strftime("%H%M%S")
        dated = "".join(one for one in at.strftime(self.date) if one.isdigit())
        return time_of_day + dated if len(model.fields) > 3 else time_of_day


@dataclass
class Score:
    """What came of the readings of one style."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def fonts() -> list[str]:
    """Font files of this machine whose digits are as wide as each other; that of a bitmap always."""
    found = [str(one) for one in sorted(FONTS.rglob("*.ttf"))]
    upright = [one for one in found if not any(word in one for word in ("Oblique", "Italic"))]
    return ["5x7", *(one for one in upright if "Math" not in one and "glyph" not in one)]


def case(number: int) -> Case:
    """Camera `number`, always the same one."""
    chance = random.Random(number)
    size, rate = KINDS[number // 2 % len(KINDS)]
    style = STYLES[number // 2 % 3]
    known = fonts()
    font = known[(number // 2) % len(known)]
    if number % 2:  # the other half has other fonts
        font = known[(number // 2 + len(known) // 2) % len(known)]
    at = (chance.choice((0.02, 0.3, 0.5)), chance.choice((0.02, 0.9, 0.05, 0.85)))
    date = DATES[number // 2 % len(DATES)]
    stamp = Stamp(f"{date} %H:%M:%S".strip(), font, style, chance.uniform(0.035, 0.07), at)
    light = chance.choice(("day", "night", "infrared", "fog", "dusk"))
    return Case(number, size, rate, "h265" if number % 5 == 4 else "h264", stamp, light)


def decoded(codec: str, packets: list[bytes]) -> Iterator[Any]:
    """The luma of each picture, by one decoder."""
    context: Any = av.CodecContext.create({"h264": "h264", "h265": "hevc"}[codec], "r")
    context.thread_count = 1
    for data in (*packets, None):
        for frame in context.decode(av.Packet(data) if data is not None else None):
            plane = frame.planes[0]
            rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
            yield rows[: frame.height, : frame.width].copy()


def learned(camera: Case, street: Street) -> tuple[list[ClockModel], float]:
    """The clocks that are found in a stream, and the CPU that it took (without decoding)."""
    began = datetime(2026, 11, 14, 13, 20) + timedelta(seconds=37.3 * camera.number)
    pictures = stream(street, began, WATCHED, FPS)
    packets = coded(pictures, camera.codec, camera.rate, FPS)
    frames = list(
        zip(
            (at for at, _ in packets),
            decoded(camera.codec, [one for _, one in packets]),
            strict=True,
        )
    )
    spent = time.process_time()
    finder = ClockFinder()
    for at, luma in frames:
        finder.add(at, luma)
    found = []
    for spot in finder.spots():
        learner = ClockLearner(spot, camera.size)
        for at, luma in frames:
            learner.add(at, luma)
        model = learner.learned()
        if model is not None:
            found.append(model)
    return found, time.process_time() - spent


@dataclass
class Totals:
    """All that is counted."""

    scores: dict[str, Score] = field(default_factory=dict)
    cameras: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    dated: Counter[str] = field(default_factory=Counter)
    learning: list[float] = field(default_factory=list)
    seconds: float = 0.0
    readings: int = 0
    log: list[tuple[Any, ...]] = field(default_factory=list)


def run(cases: list[Case], readings: int, totals: Totals) -> None:
    """Learn and read each camera."""
    for camera in cases:
        style = camera.stamp.style
        street = Street(camera.number, camera.size, (camera.stamp,), camera.light)
        models, spent = learned(camera, street)
        totals.learning.append(spent)
        totals.cameras[style] += 1
        if not models:
            totals.log.append((camera, "not learned"))
            continue
        totals.found[style] += 1
        totals.dated[style] += len(models[0].fields) > 3 or not camera.date
        score = totals.scores.setdefault(style, Score())
        _read(camera, street, models[0], readings, (score, totals))


def _read(
    camera: Case, street: Street, model: ClockModel, readings: int, into: tuple[Score, Totals]
) -> None:
    """Read key frames of other times and scenes."""
    score, totals = into
    chance = random.Random(camera.number + 1)
    for first in range(0, readings, 10):
        times = [
            datetime(2026, 1, 1) + timedelta(seconds=chance.uniform(0, 400 * 86400))
            for _ in range(10)
        ]
        street.renew()
        pictures = [street.picture(number * 2.0, at) for number, at in enumerate(times)]
        packets = Encoder(camera.codec, camera.rate).key_frames(pictures)
        for at, luma in zip(times, decoded(camera.codec, packets), strict=True):
            began = time.process_time()
            read = model.read(luma)
            totals.seconds += time.process_time() - began
            totals.readings += 1
            right = read.text == camera.truth(at, model)
            what = "refused" if not read.sure else "exact" if right else "wrong"
            score.counts[what] += 1
            totals.log.append(
                (camera.number, what, right, read.margin, read.fit, camera.stamp.style)
            )
            if what == "wrong":
                score.wrong.append(f"camera {camera.number} at {at}: {read}")
        del first


def rows(readings: int = READINGS, clock_cameras: int = 60) -> Iterator[Row]:
    """The lines of the table."""
    totals = Totals()
    run([case(number) for number in range(1, clock_cameras, 2)], readings, totals)
    for style in STYLES:
        yield from _style(style, totals)
    yield Row(
        "clock: reading it in a decoded picture",
        totals.seconds / max(1, totals.readings) * 1000,
        gate=1.0,
    )
    yield Row("clock: learning it, without decoding, largest", max(totals.learning) * 1000)


def _style(style: str, totals: Totals) -> Iterator[Row]:
    score, cameras = totals.scores.get(style, Score()), totals.cameras[style]
    count = sum(score.counts.values())
    gate = None if style == "plain" else 1.0
    yield Row(
        f"clock, {style}: not learned within {WATCHED:.0f} s, of {cameras} cameras",
        100 * (1 - totals.found[style] / max(1, cameras)),
        unit="%",
    )
    yield Row(
        f"clock, {style}: the same without its date",
        100 * (1 - totals.dated[style] / max(1, totals.found[style])),
        unit="%",
    )
    yield Row(
        f"clock, {style}: refused, of {count} readings",
        100 * score.counts["refused"] / max(1, count),
        unit="%",
        gate=gate,
    )
    words = "; ".join(score.wrong[:3])
    yield Row(
        f"clock, {style}: wrong and accepted {words}", score.counts["wrong"], unit="", gate=0.0
    )
