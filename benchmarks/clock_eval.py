"""How well the clock in the picture is learned and read: streams of real encoders (H.264 and H.265, 360p
to 1080p) with clocks of several fonts, sizes, places and formats; the share that is learned within 28 s,
readings that are exact, refused, and wrong although accepted; CPU.

A camera is learned from a stream with its one clock. Then key frames of other scenes and times are read:
each holds the same clock in several places, so that 10,000 readings need 1,000 pictures. Half of the
cameras are there to choose limits by (`--fit-limit`); the others are counted.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import av
import numpy as np

from benchmarks._clock_scenes import STYLES, Corner, Stamp, Street, coded, corner, lines, stream
from benchmarks._measure import Row
from benchmarks._picture_scenes import Encoder
from healthmon.picture import clock_model
from healthmon.picture.clock_learning import learned_clocks
from healthmon.picture.clock_model import ClockModel, Digits, Field

FONTS = Path("/usr/share/fonts/truetype")
KINDS = (
    ((640, 360), 300_000),
    ((640, 360), 600_000),
    ((1280, 720), 1_000_000),
    ((704, 576), 500_000),
    ((1920, 1080), 4_000_000),
)
CODECS = ("h264", "h265")
LIGHTS = ("day", "night", "infrared", "dusk")
DATES = ("%d-%m-%Y", "%Y-%m-%d", "%m/%d/%Y", "%d/%m/%y", "")
WATCHED, FPS = 28.0, 5
READINGS = 400
COPIES = 16  # of the clock in one picture, at most
LIMITS, LOWEST = (0.8, 0.82, 0.84, 0.86, 0.88, 0.9, 0.92), 0.7  # of the fit, to choose from
CLEAR = 0.04  # that the limit lies above the fit of every wrong reading
# Clocks as they are seldom written, at 360p and 600 kbit/s.
UNUSUAL = {
    "digits of 7 px": Stamp("%d-%m-%Y %H:%M:%S", "5x7", "boxed", 0.03),
    "seven bars": Stamp("%d-%m-%Y %H:%M:%S", "7seg", "outlined", 0.05),
    "condensed serif": Stamp(
        "%d-%m-%Y %H:%M:%S",
        str(FONTS / "dejavu/DejaVuSerifCondensed-Bold.ttf"),
        "outlined",
        0.05,
    ),
    "date above the time": Stamp("%d-%m-%Y\n%H:%M:%S", "5x7", "outlined", 0.06),
    "time above the date": Stamp("%H:%M:%S\n%Y-%m-%d", "5x7", "boxed", 0.06),
    "time before the date": Stamp("%H:%M:%S %d/%m/%Y", "5x7", "outlined", 0.06),
    "day of the week": Stamp("%d-%m-%Y %a %H:%M:%S", "", "outlined", 0.05),
    "AM and PM": Stamp("%m/%d/%Y %I:%M:%S %p", "5x7", "outlined", 0.06),
    "bottom right": Stamp("%Y-%m-%d %H:%M:%S", "", "boxed", 0.05, (1.0, 1.0)),
    "a narrow 1": Stamp("%d-%m-%Y %H:%M:%S", "narrow", "boxed", 0.06),
}


@dataclass(frozen=True)
class Case:
    """One camera with a clock; `name` is what its readings are counted as."""

    number: int
    name: str
    size: tuple[int, int]
    rate: int
    codec: str
    stamp: Stamp
    light: str

    def truth(self, at: datetime, model: ClockModel) -> str:
        """The digits that `model` should read at `at`."""
        written = self.stamp.form.replace("\n", " ").split()
        clock = next(part for part in written if "%S" in part)
        parts = [clock] + [part for part in written if "%d" in part]
        told = "".join(at.strftime(part) for part in parts[: 1 + (len(model.fields) > 3)])
        return "".join(one for one in told if one.isdigit())

    @property
    def dated(self) -> bool:
        """Whether a date is written."""
        return "%d" in self.stamp.form


def fonts() -> list[str]:
    """Font files of this machine whose digits are as wide as each other; that of a bitmap always."""
    found = [str(one) for one in sorted(FONTS.rglob("*.ttf"))]
    upright = [one for one in found if not any(word in one for word in ("Oblique", "Italic"))]
    return ["5x7", *(one for one in upright if "Math" not in one and "glyph" not in one)]


def case(number: int) -> Case:
    """Camera `number`, always the same one: 60 of them are every kind, style and codec twice, an even
    one to choose limits by, an odd one to count.
    """
    chance, one, known = random.Random(number), number // 2, fonts()
    size, rate = KINDS[one % len(KINDS)]
    style = STYLES[one // 5 % 3]
    font = known[(one + number % 2 * len(known) // 2) % len(known)]
    at = (chance.choice((0.02, 0.3, 0.5)), chance.choice((0.02, 0.9, 0.05, 0.85)))
    date = DATES[(one + one // 5) % len(DATES)]
    stamp = Stamp(f"{date} %H:%M:%S".strip(), font, style, chance.uniform(0.035, 0.07), at)
    return Case(number, style, size, rate, CODECS[one // 15 % 2], stamp, chance.choice(LIGHTS))


def unusual() -> Iterator[Case]:
    """A camera for each clock that is seldom written so."""
    for number, (name, stamp) in enumerate(UNUSUAL.items(), 1001):
        light = LIGHTS[number % len(LIGHTS)]
        yield Case(number, name, (640, 360), 600_000, CODECS[number % 2], stamp, light)


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
    packets = coded(stream(street, began, WATCHED, FPS), camera.codec, camera.rate, FPS)
    lumas = list(decoded(camera.codec, [data for _, data in packets]))
    spent = time.process_time()
    found = learned_clocks(lambda: zip((at for at, _ in packets), lumas, strict=True))
    return found, time.process_time() - spent


@dataclass
class Score:
    """What came of the cameras of one name."""

    cameras: int = 0
    learned: int = 0
    dated: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    fits: list[tuple[str, float]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    unlearned: list[str] = field(default_factory=list)

    @property
    def readings(self) -> int:
        """How many there were."""
        return sum(self.counts.values())


@dataclass
class Totals:
    """All that is counted, by name; readings are accepted from `least_fit` on."""

    least_fit: float = clock_model.LEAST_FIT
    scores: dict[str, Score] = field(default_factory=dict)
    learning: list[float] = field(default_factory=list)
    reading: list[float] = field(default_factory=list)


def run(camera: Case, readings: int, totals: Totals) -> None:
    """Learn and read one camera."""
    score = totals.scores.setdefault(camera.name, Score())
    street = Street(camera.number, camera.size, (camera.stamp,), camera.light)
    models, spent = learned(camera, street)
    totals.learning.append(spent)
    score.cameras += 1
    if not models:
        score.unlearned.append(f"camera {camera.number}")
        return
    score.learned += 1
    score.dated += len(models[0].fields) > 3 or not camera.dated
    chance = random.Random(camera.number + 1)
    while readings > 0:
        count = min(10, -(-readings // COPIES))
        street.renew()
        pictures = [_copies(camera, chance) for _ in range(count)]
        greys = [
            street.picture(number * 2.0, datetime.min, copies)
            for number, copies in enumerate(pictures)
        ]
        packets = Encoder(camera.codec, camera.rate).key_frames(greys)
        for copies, luma in zip(pictures, decoded(camera.codec, packets), strict=True):
            _read(camera, models[0], copies[:readings], luma, (score, totals))
            readings -= len(copies)


def _copies(camera: Case, chance: random.Random) -> list[tuple[datetime, Corner]]:
    """Times, and where in one picture they are written: at the place of the clock, and elsewhere without
    touching each other.
    """
    first = datetime(2026, 1, 1)
    times = [first + timedelta(seconds=chance.uniform(0, 400 * 86400)) for _ in range(COPIES)]
    width, height = camera.size
    sizes = [level.shape for level, _ in lines(camera.stamp, height, datetime(2026, 12, 28, 20))]
    high = sum(rows for rows, _ in sizes) + 8
    wide = max(columns for _, columns in sizes) + 16
    columns, rows = max(1, width // wide), max(1, height // high)
    free = [(column, row) for row in range(rows) for column in range(columns)]
    chance.shuffle(free)
    places = [
        (column * wide + chance.randrange(8), row * high + chance.randrange(8))
        for column, row in free
    ]
    return list(zip(times, places, strict=False))


def _read(
    camera: Case,
    model: ClockModel,
    copies: list[tuple[datetime, Corner]],
    luma: Any,
    into: tuple[Score, Totals],
) -> None:
    """Read all copies of the clock in one picture, each by a model that was read from the disk."""
    score, totals = into
    left, top = _own_place(camera)
    kept = clock_model.packed([model])
    for at, (x, y) in copies:
        began = time.process_time()
        (known,) = clock_model.unpacked(kept)
        read = _moved(known, x - left, y - top).read(luma, totals.least_fit)
        totals.reading.append(time.process_time() - began)
        right = read.text == camera.truth(at, model)
        what = "refused" if not read.sure else "exact" if right else "wrong"
        score.counts[what] += 1
        score.fits.append((what, read.fit))
        if what == "wrong":
            score.wrong.append(_words(camera, at, read))


def _own_place(camera: Case) -> Corner:
    """The left upper corner of the clock while it was learned."""
    return corner(camera.stamp, camera.size, datetime(2026, 11, 14, 13, 20))


def _words(camera: Case, at: datetime, read: Digits) -> str:
    return f"camera {camera.number} at {at}: {read.text}, margin {read.margin:.2f}"


def _moved(model: ClockModel, right: int, down: int) -> ClockModel:
    """The same clock elsewhere in the picture."""
    fields = (
        Field(one.name, tuple((row + down, column + right) for row, column in one.cells))
        for one in model.fields
    )
    return replace(model, fields=tuple(fields))


def rows(
    readings: int = READINGS, clock_cameras: int = 60, *, fit_limit: bool = False
) -> Iterator[Row]:
    """The lines of the table; with `fit_limit` those of the limit that the other half chooses."""
    if fit_limit:
        yield from _limits(readings, clock_cameras)
        return
    totals = Totals()
    cameras = [case(number) for number in range(1, clock_cameras, 2)]
    for style in STYLES:
        for camera in cameras:
            if camera.name == style:
                run(camera, readings, totals)
        yield from _style(style, totals.scores.get(style, Score()))
    for camera in unusual():
        run(camera, max(COPIES, readings // 5), totals)
        yield from _seldom(camera.name, totals.scores[camera.name])
    every = totals.scores.values()
    count = sum(one.readings for one in every)
    wrong = sum(one.counts["wrong"] for one in every)
    yield Row(f"clock: wrong and accepted, of all {count} readings", wrong, unit="", gate=0.0)
    mean = sum(totals.reading) / max(1, len(totals.reading))
    yield Row("clock: one reading of a decoded picture, mean", mean * 1000, gate=1.0)
    typical = float(np.median(totals.learning))
    yield Row("clock: learning it, without decoding, median", typical * 1000)
    yield Row("clock: learning it, without decoding, largest", max(totals.learning) * 1000)


def _limits(readings: int, clock_cameras: int) -> Iterator[Row]:
    """What each limit of the fit would accept of plain text, by the cameras that are not counted."""
    totals, name = Totals(least_fit=LOWEST), "clock, plain, to choose by"
    for camera in (case(number) for number in range(0, clock_cameras, 2)):
        if camera.name == "plain":
            run(camera, readings, totals)
    fits = totals.scores["plain"].fits
    for limit in LIMITS:
        accepted = Counter(what for what, fit in fits if fit >= limit)
        words = (
            f"{name}: wrong from a fit of {limit:g} on, {accepted['exact']} exact of {len(fits)}"
        )
        yield Row(words, accepted["wrong"], unit="")
    highest = max((fit for what, fit in fits if what == "wrong"), default=0.0)
    most = clock_model.LEAST_FIT - CLEAR
    yield Row(f"{name}: the highest fit of a wrong reading", highest, unit="", gate=most)


def _style(style: str, score: Score) -> Iterator[Row]:
    strict = style != "plain"
    yield Row(
        f"clock, {style}: not learned in {WATCHED:.0f} s, of {score.cameras} cameras "
        f"{' '.join(score.unlearned)}".rstrip(),
        _percent(score.cameras - score.learned, score.cameras),
        unit="%",
        gate=0.0 if strict else None,
    )
    yield Row(
        f"clock, {style}: the same without its date",
        _percent(score.learned - score.dated, score.learned),
        unit="%",
    )
    yield Row(
        f"clock, {style}: refused, of {score.readings} readings",
        _percent(score.counts["refused"], score.readings),
        unit="%",
        gate=1.0 if strict else None,
    )
    yield _wrong(style, score)


def _seldom(name: str, score: Score) -> Iterator[Row]:
    known = "learned" if score.learned else "not learned"
    date = "" if score.dated or not score.learned else " without its date"
    yield Row(
        f"clock, {name} ({known}{date}): refused, of {score.readings}",
        _percent(score.counts["refused"], score.readings),
        unit="%",
    )
    yield _wrong(name, score)


def _wrong(name: str, score: Score) -> Row:
    words = "; ".join(score.wrong[:3])
    count = score.counts["wrong"]
    return Row(f"clock, {name}: wrong and accepted {words}".rstrip(), count, unit="", gate=0.0)


def _percent(part: int, whole: int) -> float:
    return 100 * part / max(1, whole)
