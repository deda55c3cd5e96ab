"""How well pictures are judged: recall of each fault, false alarms and what cannot be judged, on cameras
that are made here or on a folder of pictures; beside absolute thresholds and the package
``camera-health``; CPU and memory of a check.

Half of the made cameras are there to choose limits by; only the other half is counted, by the limits of
the product, and once more by those of the first half. "Cannot judge" counts as a miss.

A folder (``--pictures FOLDER``) has ``manifest.csv`` with the columns scene, file, kind and amount. The
kind is good, learn, or a fault of `FAULTS`. A scene learns from its pictures of kind learn, else from
its first ten good ones. Two pictures of one scene and kind that follow each other are compared for
movement. The lens of a folder is not known: all of it is counted.
"""

from __future__ import annotations

import contextlib
import math
import pickle
import resource
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import _picture_rivals as rivals
from benchmarks._measure import Row
from benchmarks._picture_folder import FolderError, Sample, scenes_of
from benchmarks._picture_scenes import Encoder, Moment, Scene
from benchmarks._picture_worlds import KINDS
from healthmon.checks.evaluation.picture import LIMITS, Limits, evaluate
from healthmon.incidents.confirmation import FaultBook
from healthmon.model.device import Device
from healthmon.model.enums import CheckName, Kind, State
from healthmon.model.picture import MOVED_CELL, Change, Comparison, PictureReading
from healthmon.model.results import Observation, Verdict
from healthmon.picture import decoding, measuring
from healthmon.picture.decoding import Decoded
from healthmon.picture.reference import LEARNED, Baseline
from healthmon.picture.service import PictureMemory, note_sameness

CAMERA = Device("C1", "C1", Kind.CAMERA, "S", "127.0.0.1")
FAULTS = {
    "black": {"picture_black"},
    "white": {"picture_white"},
    "flat": {"picture_flat"},
    "slate": {"picture_flat"},
    "frozen": {"picture_frozen"},
    "frozen behind a clock": {"picture_frozen"},
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
SIZES = ((352, 288), (640, 360), (640, 360), (704, 576), (1280, 720))
RATES = (300_000, 300_000, 1_000_000, 2_000_000, 4_000_000)
SELDOM = {"day": "low sun", "night": "headlights", "infrared": "insects"}
LIGHTS = ("day", "day", "night", "infrared")
SCENES, GOOD, EACH = 60, 170, 5
SPELL = 6  # checks
FROZEN_SECONDS = 15, 30  # before the first of the checks of a frozen picture
FROZEN_CHECKS, FROZEN_STEP = 3, 30  # checks before the one that counts, and seconds between them
INTERVAL = 300.0  # seconds between two checks
DAY = 288  # checks
CURVE = (3, 6, 8)
MOST_FALSE = 3.0  # false alarms per 1,000 checks
CHOSEN_BY = {"moved": "moved 0.05", "covered": "covered 0.3", "blurred": "defocus 2"}
BEFORE_SEED = 50_000  # who passed in the check before one that was learned
UNSEEN = 1000  # from here on are cameras by which no limit was ever chosen


@dataclass(frozen=True)
class Choice:
    """What is made: `good` checks of each counted camera, the faults whose name begins with `only`, all at
    `kbit` kbit/s (0: each camera at its own rate); the counted cameras are numbered from `unseen` on.
    """

    good: int = GOOD
    only: str = ""
    kbit: int = 0
    unseen: int = UNSEEN

    def camera(self, number: int) -> tuple[_Made, int]:
        """A camera, and how many good checks it has: those that are not counted have a quarter."""
        counted = number % 2 == 1
        made = _Made(number + self.unseen if counted else number, self.only, self.kbit)
        return made, self.good if counted else self.good // 4

    def __str__(self) -> str:
        """As in the name of a file."""
        more = f", {self.only}" * bool(self.only) + f", {self.kbit} kbit" * bool(self.kbit)
        return f"{self.good} good{more}" + f", from {self.unseen}" * (self.unseen != UNSEEN)


@dataclass
class Camera:
    """What one camera remembers, as the agent would."""

    baseline: Baseline = field(default_factory=Baseline)
    memory: PictureMemory = field(default_factory=PictureMemory)

    def learn(self, samples: Iterable[Sample]) -> None:
        """Learn from good pictures, hours apart."""
        for number, one in enumerate(samples):
            change = _change(one)
            moved = None if change is None else change.cell >= MOVED_CELL
            noise = None if change is None else change.noise
            picture, now = one.pictures[-1], 7200.0 * number
            self.baseline.learn(picture, now, moved=moved, noise=noise)
            if one.before:
                before = measuring.signature_bytes(one.before[-1])
                drift = measuring.change_of_signatures(before, picture)["drift"]
                self.baseline.drifted(picture, now, drift, lived=False)

    def reading(self, one: Sample) -> PictureReading:
        """The numbers of a check. A good one follows the good one before it, a fault what was `before` it,
        if anything.
        """
        memory = self.memory if one.kind == "good" else PictureMemory()
        for picture in one.before:
            self._checked(picture, memory, None)
        return self._checked(one.pictures[-1], memory, _change(one))

    def _checked(
        self, picture: Decoded, memory: PictureMemory, session: Change | None
    ) -> PictureReading:
        compared = self.baseline.compared(picture)
        known = Comparison(**{**compared, "tiles": tuple(compared.get("tiles", ()))})
        told = measuring.measured(picture)
        since = measuring.change_of_signatures(memory.signature, picture)
        between = Change(apart=INTERVAL, **since) if since else None
        reading = PictureReading.of(told, session=session, between=between, baseline=known)
        reading = replace(reading, same=memory.same, same_for=memory.same_for)
        memory.signature = measuring.signature_bytes(picture)
        note_sameness(memory, reading)
        return reading


def _change(one: Sample) -> Change | None:
    if len(one.pictures) < 2:
        return None
    return Change(apart=one.apart, **measuring.change(*one.pictures))


@dataclass(frozen=True)
class Check:
    """One check without its pictures, and what the others said of these (None: not asked)."""

    sample: Sample
    reading: PictureReading
    absolute: set[str] | None = None
    package: set[str] | None = None

    def verdicts(self, limits: Limits = LIMITS, at: float = 0.0) -> tuple[Verdict, ...]:
        """The judgement of the product."""
        seen = Observation("C1", CheckName.PICTURE, "main", at, at, self.reading)
        return evaluate(seen, CAMERA, limits)

    def codes(self, limits: Limits = LIMITS) -> set[str]:
        """The codes of what is told."""
        bad = (State.FAULT, State.DEGRADED)
        return {one.code for one in self.verdicts(limits) if one.state in bad}

    def found(self, limits: Limits = LIMITS) -> bool:
        """Whether its fault is; a blur at a low rate may be left unjudged."""
        if self.codes(limits) & FAULTS[self.sample.kind]:
            return True
        excused = self.sample.kind == "defocus" and self.sample.low_rate
        return excused and not self.judged("focus", limits) and not self.codes(limits)

    def judged(self, aspect: str, limits: Limits = LIMITS) -> bool:
        """Whether there is a verdict on the aspect, or on something worse."""
        return bool(self.codes(limits)) or aspect in {v.aspect for v in self.verdicts(limits)}


@dataclass
class Half:
    """The checks of some cameras, and the CPU seconds that they took. `curve` has (pictures learned,
    good or not, as it should be) of some of them.
    """

    checks: list[Check] = field(default_factory=list)
    spent: float = 0.0
    curve: list[tuple[int, bool, bool]] = field(default_factory=list)

    def add(
        self,
        learned: list[Sample],
        rest: Iterable[Sample],
        package: rivals.Judge | None = None,
        *,
        curve: bool = False,
    ) -> None:
        """Make the checks of one camera."""
        camera = Camera()
        camera.learn(learned)
        kept: dict[str, Sample] = {}
        asked: Counter[str] = Counter()
        for one in rest:
            began = time.process_time()
            reading = camera.reading(one)
            self.spent += time.process_time() - began
            asked[one.name] += 1
            rival = package is not None and (one.kind != "good" or asked[one.name] % 10 == 0)
            told = package(one.pictures) if package is not None and rival else None
            plain = rivals.absolute(one.pictures) if rival else None
            self.checks.append(Check(replace(one, pictures=(), before=()), reading, plain, told))
            kept.setdefault(one.name, one)
        if curve:
            self._learn_slowly(learned, kept.values())

    def join(self, other: Half) -> None:
        """Count the checks of `other` too."""
        self.checks += other.checks
        self.spent += other.spent
        self.curve += other.curve

    def _learn_slowly(self, learned: list[Sample], kept: Iterable[Sample]) -> None:
        """The same camera after fewer pictures."""
        tried = list(kept)
        for count in CURVE:
            camera = Camera()
            camera.learn(learned[:count])
            for one in tried:
                check = Check(one, camera.reading(one))
                good = one.kind == "good"
                right = check.judged("view") and not check.codes() if good else check.found()
                self.curve.append((count, good, right))


def rows(
    pictures: str | None = None,
    scenes: int = SCENES,
    good: int = GOOD,
    alarms: bool = False,
    kept: str | None = None,
    only: str = "",
    kbit: int = 0,
    unseen: int = UNSEEN,
) -> Iterator[Row]:
    """The lines of the table. The checks of each made camera are `kept` in a folder, so that a run that was
    stopped goes on there. The rest is a `Choice`.
    """
    fit, scored = Half(), Half()
    with contextlib.ExitStack() as held:
        package = None if pictures else held.enter_context(rivals.camera_health())
        try:
            if pictures:
                for samples in scenes_of(Path(pictures)):
                    scored.add(*_parted(samples))
            else:
                fill(fit, scored, scenes, Choice(good, only, kbit, unseen), package, kept)
        except FolderError as error:
            sys.exit(f"picture_eval: {error}")
    yield from _table(scored)
    yield from _by_fit(fit, scored)
    yield from _beside(scored, absent=package is None and not pictures)
    for name, checks in _by_name(scored.checks).items():
        if alarms or not _met(name, checks):
            _print_cases(name, checks)
    yield Row("judging one decoded picture", scored.spent / max(1, len(scored.checks)) * 1000)
    if not pictures:
        yield from _cost()


def fill(
    fit: Half,
    scored: Half,
    scenes: int,
    choice: Choice,
    package: rivals.Judge | None,
    kept: str | None = None,
) -> None:
    """Make the checks of so many `scenes`, those of every second one for `scored`, or take those that
    were `kept` in a folder.
    """
    for number in range(scenes):
        place = Path(kept) / f"camera {number}, {choice}.pickle" if kept is not None else None
        if place is not None and place.is_file():
            made = pickle.loads(place.read_bytes())
        else:
            made = _of_camera(number, choice, package)
            if place is not None:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(pickle.dumps(made))
        (scored if number % 2 else fit).join(made)


def _of_camera(number: int, choice: Choice, package: rivals.Judge | None) -> Half:
    half, counted = Half(), number % 2 == 1
    made, good = choice.camera(number)
    samples = made.samples(good)
    learned = list(islice(samples, LEARNED))
    half.add(learned, samples, package if counted else None, curve=number % 4 == 1)
    return half


def _parted(samples: list[Sample]) -> tuple[list[Sample], list[Sample]]:
    """The pictures that a camera learns from, and its checks."""
    learned = [one for one in samples if one.kind == "learn"]
    learned = learned or [one for one in samples if one.kind == "good"][:LEARNED]
    learns = {id(one) for one in learned}
    return learned, [one for one in samples if id(one) not in learns]


def _by_name(checks: Iterable[Check]) -> dict[str, list[Check]]:
    found: dict[str, list[Check]] = defaultdict(list)
    for one in checks:
        found[one.sample.name].append(one)
    return dict(sorted(found.items()))


def _table(half: Half) -> Iterator[Row]:
    names = _by_name(half.checks)
    good = names.pop("good", [])
    for name, checks in names.items():
        missed = sum(not one.found() for one in checks)
        words = f"missed: {name}{_of(missed, len(checks))}"
        other = sum(bool(one.codes()) and not one.found() for one in checks)
        words += f", {other} told as another" if other else ""
        yield Row(words, 100 * missed / len(checks), unit="%", gate=_gate(name))
    if good:
        yield from _of_good(good)
    yield from _curve(half)


def _curve(half: Half) -> Iterator[Row]:
    for count, kind in product(CURVE, (True, False)):
        right = [right for n, is_good, right in half.curve if n == count and is_good == kind]
        if right:
            words = "good checks well" if kind else "faults found"
            share = 100 * sum(right) / len(right)
            yield Row(f"after {count} learned pictures: {words}", share, unit="%")


def _of_good(good: list[Check]) -> Iterator[Row]:
    false = sum(bool(one.codes()) for one in good)
    words = f"false alarms per 1,000{_of(false, len(good), 1000)}"
    yield Row(words, 1000 * false / len(good), unit="", gate=MOST_FALSE)
    for slow, gate in ((False, 5.0), (True, 25.0)):
        known = [one for one in good if one.sample.low_rate == slow and not one.sample.new_light]
        for aspect in ("view", "focus"):
            if known:
                none = sum(not one.judged(aspect) for one in known)
                rate = "at 300 kbit/s" if slow else "at 1 Mbit/s and more"
                words = f"good checks without a {aspect} verdict {rate}{_of(none, len(known))}"
                yield Row(words, 100 * none / len(known), unit="%", gate=gate)
    yield from _confirmed(good)


def _confirmed(good: list[Check]) -> Iterator[Row]:
    """What is left of the false alarms after the confirmation, check after check of each camera."""
    opened: Counter[State] = Counter()
    books: dict[str, FaultBook] = defaultdict(FaultBook)
    for number, one in enumerate(good):
        for change in books[one.sample.scene].apply(one.verdicts(at=300.0 * number)):
            opened[change.fault.state] += change.what == "opened"
    days = len(good) / DAY
    words = f"confirmed false faults per 1,000 camera-days, in {days:.0f}"
    yield Row(words, 1000 * opened[State.FAULT] / days, unit="", gate=1.0)
    single = sum(any(v.state is State.FAULT for v in one.verdicts()) for one in good)
    most = interval(single, len(good))[1] / 100
    words = "  at most (95 %), if checks did not depend on each other"
    yield Row(words, 1000 * DAY * 2 * most * most, unit="")
    words = "confirmed pictures to look at, falsely, per camera-day"
    yield Row(words, opened[State.DEGRADED] / days, unit="")


def _of(hits: int, count: int, scale: int = 100) -> str:
    low, high = (one * scale / 100 for one in interval(hits, count))
    return f", of {count} (95 %: {low:.1f}-{high:.1f})"


def _gate(name: str) -> float:
    if name.startswith("defocus"):
        return 20.0 if "kbit" in name else 5.0
    return 3.0


def _met(name: str, checks: list[Check]) -> bool:
    if name == "good":
        return 1000 * _wrong(checks) <= MOST_FALSE
    return 100 * _wrong(checks) <= _gate(name)


def _print_cases(name: str, checks: list[Check]) -> None:
    """Every false alarm, or what was said of every fault that was missed."""
    for one in checks:
        if name == "good" and one.codes():
            bad = [v.sentence for v in one.verdicts() if v.code in one.codes()]
        elif name != "good" and not one.found():
            bad = [v.sentence for v in one.verdicts() if v.aspect not in ("present", "moving")]
        else:
            continue
        print(f"  {name}: {one.sample.scene}, {one.sample.group}: {'; '.join(bad)}", flush=True)


def _by_fit(fit: Half, scored: Half) -> Iterator[Row]:
    """The limits that the first half of the cameras would choose, and what they do to the second."""
    if not fit.checks:
        return
    fitted = Limits(**{name: chosen(fit, name, fault) for name, fault in CHOSEN_BY.items()})
    for name in CHOSEN_BY:
        words = f"limit {name} of the product, and that of the fitting half"
        yield Row(words, getattr(LIMITS, name), getattr(fitted, name), unit="")
    for name, checks in _by_name(scored.checks).items():
        ours, theirs = (_wrong(checks, limits) for limits in (LIMITS, fitted))
        if name == "good":
            words = "  false alarms per 1,000 by either"
            yield Row(words, 1000 * ours, 1000 * theirs, unit="")
        elif name in CHOSEN_BY.values():
            yield Row(f"  missed by either: {name}", 100 * ours, 100 * theirs, unit="%")


def _wrong(checks: list[Check], limits: Limits = LIMITS) -> float:
    """The share of the checks that are false alarms, or missed faults."""
    wrong = (
        bool(one.codes(limits)) if one.sample.kind == "good" else not one.found(limits)
        for one in checks
    )
    return sum(wrong) / len(checks)


def chosen(half: Half, name: str, fault: str) -> float:
    """The limit `name` at which the product is wrong least often, counted by the goals of the `fault` and
    of false alarms; the middle one of several. That of the product where there are too few checks.
    """
    names = _by_name(half.checks)
    good, bad = names.get("good", []), names.get(fault, [])
    ours = float(getattr(LIMITS, name))
    if min(len(good), len(bad)) < 20:
        return ours
    wrong: dict[float, float] = {}
    for value in (round(ours * 1.1**step, 3) for step in range(-9, 10)):
        limits = replace(LIMITS, **{name: value})
        missed, false = _wrong(bad, limits), _wrong(good, limits)
        wrong[value] = 100 * missed / _gate(fault) + 1000 * false / MOST_FALSE
    best = [value for value, cost in wrong.items() if cost == min(wrong.values())]
    return best[len(best) // 2]


def _beside(half: Half, *, absent: bool) -> Iterator[Row]:
    """What the others miss, and their false alarms."""
    yield from _other("absolute thresholds", [(one, one.absolute) for one in half.checks])
    title = f"camera-health {rivals.VERSION}"
    yield from _other(title, [(one, one.package) for one in half.checks])
    if absent:
        yield Row(title, None, absent="cannot be installed", unit="")


def _other(title: str, told: list[tuple[Check, set[str] | None]]) -> Iterator[Row]:
    found: dict[str, list[bool]] = defaultdict(list)
    for one, kinds in told:
        if kinds is not None:
            good = one.sample.kind == "good"
            wrong = bool(kinds) if good else not kinds & rivals.FOUND[one.sample.kind]
            found[one.sample.name].append(wrong)
    for name, wrong in sorted(found.items()):
        share = sum(wrong) / len(wrong)
        if name == "good":
            yield Row(f"{title}: false alarms per 1,000", None, 1000 * share, unit="")
        else:
            yield Row(f"{title}: missed {name}", None, 100 * share, unit="%")


def interval(hits: int, count: int) -> tuple[float, float]:
    """The 95 % interval of Wilson, in per cent."""
    z, share = 1.96, hits / count
    middle = share + z * z / (2 * count)
    width = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    return max(0.0, 100 * (middle - width) / scale), min(100.0, 100 * (middle + width) / scale)


class _Made:
    """A made camera, with its own size, rate, encoder and light; see `Choice`."""

    def __init__(self, number: int, only: str = "", kbit: int = 0) -> None:
        self._only = only
        chance = self._chance = np.random.default_rng((number, 9))
        size = SIZES[chance.integers(len(SIZES))]
        self._light = LIGHTS[chance.integers(len(LIGHTS))]
        codec = "h265" if chance.random() < 0.3 else "h264"
        rate = RATES[chance.integers(len(RATES))]
        self._encoder = Encoder(codec, 1000 * kbit or rate)
        kind = KINDS[number // 2 % len(KINDS)]
        self._name = f"camera {number}"
        self._scene = Scene(number, size, kind=kind)
        self._other = Scene(number + 500, size, kind=KINDS[chance.integers(len(KINDS))])
        coded = f"{codec} {self._encoder.bits_per_second // 1000} kbit/s"
        self._about = f"{kind} {size[0]}x{size[1]} {coded}"

    def samples(self, good: int) -> Iterator[Sample]:
        """First what it learns from, then `good` checks, then those of each fault."""
        yield from self._learned([self._moment(n, n, n == 5) for n in range(LEARNED)])
        for spell in range(-(-good // SPELL)):
            first = self._moment(1000 + SPELL * spell, 100 + spell, True)
            moments = [
                replace(first, seed=first.seed + n, second=first.second + 300 * n)
                for n in range(min(SPELL, good - SPELL * spell))
            ]
            yield from self._several("good", moments, 2)
        for place, (fault, amount) in enumerate(_faults(self._only)):
            seeds = range(100_000 + EACH * place, 100_000 + EACH * (place + 1))
            moments = [self._moment(seed, seed, seed == seeds[0]) for seed in seeds]
            faulty = [replace(at, fault=fault, amount=amount) for at in moments]
            frozen = fault.startswith("frozen")
            yield from self._frozen(fault, moments) if frozen else self._several(fault, faulty, 1)

    def _frozen(self, fault: str, moments: list[Moment]) -> Iterator[Sample]:
        for at in moments:
            seconds = int(self._chance.integers(*FROZEN_SECONDS)) + FROZEN_CHECKS * FROZEN_STEP
            pictures = self._scene.frozen(at, seconds, ticking=fault != "frozen")
            coded = self._encoder.all_keys(pictures)
            step = FROZEN_STEP // 2  # a key frame each two seconds
            before = coded[-1 - FROZEN_CHECKS * step : -1 : step]
            yield self._sample(fault, at, coded[-2:], before)

    def _learned(self, moments: list[Moment]) -> Iterator[Sample]:
        """Each with the last picture of the check before it."""
        drawn = []
        for at in moments:
            earlier = replace(at, seed=at.seed + BEFORE_SEED, second=at.second - int(INTERVAL))
            drawn += [*self._scene.pictures(earlier), *self._scene.pictures(at, count=2)]
        coded = self._encoder.key_frames(drawn)
        for place, at in enumerate(moments):
            before, *shown = coded[3 * place : 3 * place + 3]
            yield self._sample("learn", at, shown, [before])

    def _several(self, kind: str, moments: list[Moment], count: int) -> Iterator[Sample]:
        drawn = [self._scene.pictures(at, self._other, count=count) for at in moments]
        coded = self._encoder.key_frames([one for pair in drawn for one in pair])
        for place, at in enumerate(moments):
            yield self._sample(kind, at, coded[count * place : count * place + count])

    def _sample(
        self, kind: str, at: Moment, coded: list[bytes], before: Sequence[bytes] = ()
    ) -> Sample:
        shown, earlier = (
            tuple(decoding.decoded(self._encoder.codec, one, 10**8) for one in keys)
            for keys in (coded, before)
        )
        group = f"{self._about} {at.light} {at.weather}".rstrip()
        low = self._encoder.bits_per_second < 1_000_000
        new = at.light != self._light
        return Sample(self._name, kind, at.amount, shown, 2.0, group, low, new, earlier)

    def _moment(self, seed: int, spell: int, weather: bool) -> Moment:
        return _moment(self._chance, seed, spell, self._light, weather=weather)


def _faults(only: str) -> list[tuple[str, float]]:
    """The faults whose name begins with `only`, each with all its amounts."""
    named = [fault for fault in FAULTS if fault.startswith(only)]
    return [(fault, amount) for fault in named for amount in AMOUNTS.get(fault, (0.0,))]


def _moment(chance: Any, seed: int, spell: int, light: str, *, weather: bool) -> Moment:
    """A moment of any hour; with `weather` now and then it is another one than a dry day or night."""
    luck = chance.random()
    seldom = SELDOM[light]
    kinds = {0.08: "rain", 0.12: "fog", 0.14: "snow", 0.18: "drops", 0.22: seldom, 0.23: "wiper"}
    kind = next((kind for most, kind in kinds.items() if luck < most), "")
    if weather and light == "day" and luck > 0.97:
        light = "dusk"
    return Moment(seed, 300 * seed % 80_000, light, kind if weather else "", spell)


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
