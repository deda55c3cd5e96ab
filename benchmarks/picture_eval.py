"""How well pictures are judged: recall of each fault and false alarms, on scenes that are made here, or
on a folder of pictures; CPU and memory of a check.

A folder (``--pictures FOLDER``) has ``manifest.csv`` with the columns scene, file, kind and amount. The
kind is good, learn, or a fault of `FAULTS`. A scene learns from its pictures of kind learn, else from
its first ten good ones. Two pictures of one scene and kind that follow each other are compared for
movement. Half of the scenes are there to choose limits by (`fit`); only the other half is counted.
"""

from __future__ import annotations

import csv
import math
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import av

from benchmarks._measure import Row
from benchmarks._picture_scenes import Encoder, Moment, Scene
from healthmon.checks.evaluation.picture import evaluate
from healthmon.model.device import Device
from healthmon.model.enums import CheckName, Kind, State
from healthmon.model.picture import MOVED_CELL, Change, Comparison, PictureReading
from healthmon.model.results import Observation, Verdict
from healthmon.picture import decoding, measuring
from healthmon.picture.decoding import Decoded
from healthmon.picture.reference import LEARNED, Baseline

CAMERA = Device("C1", "C1", Kind.CAMERA, "S", "127.0.0.1")
FAULTS = {
    "black": {"picture_black"},
    "white": {"picture_white"},
    "flat": {"picture_flat"},
    "slate": {"picture_flat"},
    "frozen": {"picture_frozen"},
    "moved": {"view_moved", "view_changed"},
    "preset": {"view_changed", "view_moved"},
    "zoom": {"view_zoomed", "view_changed", "view_moved"},
    "covered": {"view_covered", "view_changed"},
    "defocus": {"picture_defocused"},
}
AMOUNTS = {
    "moved": (0.05, 0.1),
    "zoom": (1.3,),
    "covered": (0.3, 0.5),
    "defocus": (2.0, 3.0, 5.0),
}
SIZES = ((1280, 720), (640, 360), (704, 576))
RATES = (1_000_000, 4_000_000, 300_000, 2_000_000)
LIGHTS = ("day", "day", "night", "infrared")
OTHER_LIGHTS = ("dusk", "fog", "rain")
SCENES, GOOD = 8, 30


@dataclass(frozen=True)
class Sample:
    """One check: `pictures` are one or two, `apart` seconds from each other."""

    scene: str
    kind: str
    amount: float
    pictures: tuple[Decoded, ...]
    apart: float = 2.0
    group: str = ""

    @property
    def name(self) -> str:
        """As in "covered 0.3"."""
        return f"{self.kind} {self.amount:g}" if self.amount else self.kind


@dataclass
class Camera:
    """What one camera remembers, as the agent would."""

    baseline: Baseline = field(default_factory=Baseline)
    moved: int = 0

    def learn(self, samples: Iterable[Sample]) -> None:
        """Learn from good pictures, hours apart."""
        for number, one in enumerate(samples):
            change = _change(one)
            moved = None if change is None else change.cell >= MOVED_CELL
            self.baseline.learn(one.pictures[-1], 7200.0 * number, moved=moved)

    def verdicts(self, one: Sample) -> tuple[Verdict, ...]:
        """The check itself: numbers first, then the judgement of the product."""
        picture = one.pictures[-1]
        compared = self.baseline.compared(picture)
        known = Comparison(**{**compared, "tiles": tuple(compared.get("tiles", ()))})
        told = measuring.measured(picture)
        reading = PictureReading.of(told, session=_change(one), baseline=known, moved=self.moved)
        return evaluate(Observation("C1", CheckName.PICTURE, "main", 0.0, 0.0, reading), CAMERA)


def _change(one: Sample) -> Change | None:
    if len(one.pictures) < 2:
        return None
    return Change(apart=one.apart, **measuring.change(*one.pictures))


@dataclass
class Score:
    """What was found: (checks, right, other code, nothing but everything judged) for each name."""

    checks: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    other: Counter[str] = field(default_factory=Counter)
    good: int = 0
    alarms: list[str] = field(default_factory=list)
    unjudged: int = 0
    judged: int = 0
    spent: float = 0.0

    def count_check(self, camera: Camera, one: Sample) -> None:
        """Make one check and count it, with its CPU seconds."""
        began = time.process_time()
        verdicts = camera.verdicts(one)
        self.spent += time.process_time() - began
        self.judged += 1
        self._count(one, verdicts)

    def _count(self, one: Sample, verdicts: tuple[Verdict, ...]) -> None:
        codes = {v.code for v in verdicts if v.state in (State.FAULT, State.DEGRADED)}
        if one.kind == "good":
            self.good += 1
            self.unjudged += "view" not in {v.aspect for v in verdicts}
            self.alarms += [
                f"{one.scene} {one.group}: {v.sentence}" for v in verdicts if v.code in codes
            ]
            return
        self.checks[one.name] += 1
        self.right[one.name] += bool(codes & FAULTS[one.kind])
        self.other[one.name] += bool(codes - FAULTS[one.kind]) and not codes & FAULTS[one.kind]


def rows(
    pictures: str | None = None, scenes: int = SCENES, good: int = GOOD, alarms: bool = False
) -> Iterator[Row]:
    """The lines of the table."""
    by_scene = _folder(Path(pictures)) if pictures else _made(scenes, good)
    score = Score()
    for samples in by_scene:
        learned, rest = _parted(samples)
        camera = Camera()
        camera.learn(learned)
        for one in rest:
            score.count_check(camera, one)
    yield from _table(score)
    yield Row("picture: judging one decoded picture", score.spent / max(1, score.judged) * 1000)
    if alarms:
        print(*score.alarms, sep="\n")
    if not pictures:
        yield from _cost()


def _parted(samples: list[Sample]) -> tuple[list[Sample], list[Sample]]:
    """The pictures that a camera learns from, and its checks."""
    learned = [one for one in samples if one.kind == "learn"]
    if not learned:
        learned = [one for one in samples if one.kind == "good"][:LEARNED]
    chosen = {id(one) for one in learned}
    return learned, [one for one in samples if id(one) not in chosen]


def _table(score: Score) -> Iterator[Row]:
    for name in sorted(score.checks):
        count, right = score.checks[name], score.right[name]
        low, high = interval(count - right, count)
        words = f"missed: {name}, of {count} (95 %: {low:.0f}-{high:.0f} %)"
        if score.other[name]:
            words += f", {score.other[name]} as another"
        yield Row(words, 100 * (count - right) / count, unit="%", gate=_gate(name))
    if score.good:
        low, high = interval(len(score.alarms), score.good)
        words = f"false alarms per 1,000 of {score.good} (95 %: {10 * low:.0f}-{10 * high:.0f})"
        yield Row(words, 1000 * len(score.alarms) / score.good, unit="", gate=3.0)
        yield Row(
            "good checks whose view was not judged", 100 * score.unjudged / score.good, unit="%"
        )


def _gate(name: str) -> float:
    return 5.0 if name.startswith("defocus") else 3.0


def interval(hits: int, count: int) -> tuple[float, float]:
    """The 95 % interval of Wilson, in per cent."""
    z, share = 1.96, hits / count
    middle = share + z * z / (2 * count)
    width = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    return max(0.0, 100 * (middle - width) / scale), min(100.0, 100 * (middle + width) / scale)


def _folder(folder: Path) -> Iterator[list[Sample]]:
    """The scenes of a folder, in the order of its manifest."""
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    with (folder / "manifest.csv").open(newline="") as file:
        for line in csv.DictReader(file):
            found[line["scene"]].append(line)
    for lines in found.values():
        yield list(_samples(folder, lines))


def _samples(folder: Path, lines: list[dict[str, str]]) -> Iterator[Sample]:
    before: tuple[str, Decoded] | None = None
    for line in lines:
        picture, kind = _opened(folder / line["file"]), line["kind"]
        pair = (before[1], picture) if before and before[0] == kind else (picture,)
        amount = float(line["amount"] or 0)
        yield Sample(line["scene"], kind, amount, pair, 300.0)
        before = kind, picture


def _opened(path: Path) -> Decoded:
    with av.open(str(path)) as container:
        return decoding.measured_frame(next(container.decode(video=0)))


def _made(scenes: int, good: int) -> Iterator[list[Sample]]:
    """The scenes that are made here, each with its own size, rate, encoder and light."""
    for number in range(1, scenes, 2):  # the even ones are there to choose limits by
        yield list(_of_scene(number, good))


def _of_scene(number: int, good: int) -> Iterator[Sample]:
    half = number // 2
    scene, other = Scene(number, SIZES[half % 3]), Scene(number + 500, SIZES[half % 3])
    encoder = Encoder("h265" if half % 4 == 3 else "h264", RATES[half % 4])
    light = LIGHTS[half % 4]
    group = f"{encoder.codec} {encoder.bits_per_second // 1000} kbit/s {light}"

    def sample(kind: str, at: Moment, *, frozen: bool = False) -> Sample:
        first, last = scene.pictures(at, other, count=2)
        last = first if frozen else last
        coded = encoder.key_frames([first, last])
        shown = tuple(decoding.decoded(encoder.codec, one, 10**8) for one in coded)
        return Sample(f"scene {number}", kind, at.amount, shown, 2.0, group)

    for seed in range(LEARNED):
        yield sample("learn", Moment(seed, 7200 * seed, light))
    for seed in range(100, 100 + good):
        seen = OTHER_LIGHTS[seed % 3] if light == "day" and seed % 10 == 0 else light
        yield sample("good", Moment(seed, 300 * seed, seen))
    seed = 1000
    for fault in FAULTS:
        for amount in AMOUNTS.get(fault, (0.0,)):
            for _ in range(max(2, good // 8)):
                seed += 1
                kind = "good" if fault == "frozen" else fault
                at = Moment(seed, 300 * seed, light, kind, amount)
                yield sample(fault, at, frozen=fault == "frozen")


def _cost() -> Iterator[Row]:
    """CPU and memory of one check at 1080p, decoding included."""
    scene = Scene(3, (1920, 1080))
    baseline = Baseline()
    for codec, gate in (("h264", 14.0), ("h265", 23.0)):
        encoder = Encoder(codec, 4_000_000)
        coded = encoder.key_frames([scene.pictures(Moment(seed))[0] for seed in range(2)])
        for number in range(LEARNED):
            baseline.learn(decoding.decoded(codec, coded[number % 2], 10**8), 7200.0 * number)
        began, rounds = time.process_time(), 20
        for _ in range(rounds):
            picture = decoding.decoded(codec, coded[-1], 10**8)
            measuring.measured(picture)
            baseline.compared(picture)
        spent = (time.process_time() - began) / rounds * 1000
        yield Row(f"picture: one 1080p check, {codec}", spent, gate=gate)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Row("picture: peak of this program (scenes included)", peak, unit="MiB")
