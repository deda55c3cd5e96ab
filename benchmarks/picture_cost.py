"""What a picture check costs: CPU of a check and of its decoding, the memory of a worker, and the share of
a core that estates take; beside OpenCV and a process of ffmpeg for each camera, on the same key frames.

The workers are the real ones. All ways take turns, so that a busy minute meets each of them; figures are
medians. The other release of PyAV that requirements.lock names, and OpenCV, are installed in temporary
environments; PyAV 19 needs a ``python3.12`` or later on the path.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib.metadata
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from benchmarks import _picture_others
from benchmarks._builds import ROOT
from benchmarks._measure import Row, child_cpu, cpu, pin_child
from benchmarks._picture_scenes import Moment, Scene
from healthmon.picture import decoding, messages, reference
from healthmon.picture.baselines import Baselines
from healthmon.picture.messages import Message
from healthmon.picture.pool import ENVIRONMENT, MOST_PIXELS, PicturePool
from healthmon.picture.service import PictureMemory, PictureService
from healthmon.protocols.media.key_frame import KeyFrame

SIZE = (1920, 1080)
NAMES = {"h264": "H.264", "h265": "H.265"}
# CPU-ms of a check, and of its decoding alone.
CHECK_GATE = {"h264": 14.0, "h265": 23.0}
DECODE_GATE = {"h264": 11.0, "h265": 20.0}
MEMORY_GATE = 90.0  # MB of a worker
SMALL, LARGE, EVERY = 150, 10_000, 300.0  # cameras, seconds
SMALL_GATE = {"h264": 1.0, "h265": 1.2}  # % of a core
LARGE_GATE = {"h264": 60.0, "h265": 80.0}
_ENCODERS = {
    "h264": ("libx264", {"preset": "veryfast", "tune": "zerolatency"}),
    "h265": ("libx265", {"preset": "ultrafast", "x265-params": "log-level=none:qp={qp}"}),
}
_NOISE = {"noisy": (4.5, 30), "easy": (0.5, 32)}  # grey levels of the sensor, quantiser


@dataclass(frozen=True)
class Case:
    """One key frame of a camera that has learned its view."""

    codec: str
    kind: str
    size: tuple[int, int]
    file: Path
    data: bytes
    known: bytes
    signature: bytes

    @property
    def name(self) -> str:
        """As the table calls it."""
        height = f"{self.size[1]}p"
        return f"{NAMES[self.codec]} {height} {self.kind}, {len(self.data) / 1000:.0f} kB"

    @property
    def message(self) -> Message:
        """What the agent asks a worker."""
        fields = {"codec": self.codec, "most_pixels": MOST_PIXELS, "now": 1.8e9, "apart": 0.0}
        fields |= {"compare": True, "learn": True, "aside": [], "clock": False, "masks": None}
        return Message(fields, (self.data, self.signature, self.known))


@dataclass
class Measured:
    """CPU seconds of each picture by (case, way); megabytes of the processes by way."""

    cpu: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    megabytes: dict[str, float] = field(default_factory=dict)

    def note(self, case: Case, way: str, seconds: float) -> None:
        """One more picture."""
        self.cpu.setdefault((case.name, way), []).append(seconds)

    def ms(self, case: Case, way: str) -> float | None:
        """The median; None where it was not measured."""
        found = self.cpu.get((case.name, way))
        return 1000 * statistics.median(found) if found else None


# ------------------------------------------------------------------------------------ key frames


def cases(folder: Path, size: tuple[int, int]) -> list[Case]:
    """A noisy and an easy key frame of each codec, as files in `folder`."""
    return [_case(folder, size, codec, kind) for codec in _ENCODERS for kind in _NOISE]


def _case(folder: Path, size: tuple[int, int], codec: str, kind: str) -> Case:
    view = np.asarray(Scene(1, size).pictures(Moment(1))[0], np.float32)
    noise, qp = _NOISE[kind]
    coded = [_coded(codec, view, noise, qp, seed) for seed in range(2)]
    pictures = [decoding.decoded(codec, data, MOST_PIXELS) for data in coded]
    baseline = reference.Baseline()
    for number in range(reference.LEARNED):
        baseline.learn(pictures[0], 7200.0 * number, moved=True)
    signature = np.rint(pictures[0].grey).astype(np.uint8).tobytes()
    file = folder / f"{kind}.{codec}"
    file.write_bytes(coded[1])
    return Case(codec, kind, size, file, coded[1], baseline.packed(), signature)


def _coded(codec: str, view: Any, noise: float, qp: int, seed: int) -> bytes:
    name, options = _ENCODERS[codec]
    context: Any = av.CodecContext.create(name, "w")
    context.height, context.width = view.shape
    context.pix_fmt = "yuv420p"
    context.time_base, context.framerate = Fraction(1, 5), Fraction(5, 1)
    context.options = {"qp": str(qp)} | {key: one.format(qp=qp) for key, one in options.items()}
    spread = np.random.default_rng(seed).normal(0, noise, view.shape)
    grey = np.clip(view + spread, 0, 255).astype(np.uint8)
    frame = av.VideoFrame.from_ndarray(grey, format="gray").reformat(format="yuv420p")
    frame.pts = 0
    return b"".join(bytes(packet) for one in (frame, None) for packet in context.encode(one))


# ------------------------------------------------------------------------------------- processes


@contextlib.contextmanager
def process(argv: Sequence[str | Path]) -> Iterator[subprocess.Popen[bytes]]:
    """A process on the first CPU, spoken to by pipes; it is killed at the end."""
    with subprocess.Popen(
        [str(word) for word in argv],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=ENVIRONMENT | {"PYTHONPATH": str(ROOT)},
        preexec_fn=pin_child(0),  # noqa: PLW1509 - no threads here
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def answer(worker: subprocess.Popen[bytes]) -> Message:
    """The next message of a worker. Raises OSError where it has ended or has a problem."""
    assert worker.stdout is not None
    told = messages.read(worker.stdout.read)
    if told is None or "problem" in told.fields:
        raise OSError(f"the worker: {told.fields if told else 'it has ended'}")
    return told


def checked(worker: subprocess.Popen[bytes], case: Case) -> float:
    """CPU seconds that a worker takes for one check."""
    assert worker.stdin is not None
    began = nanoseconds(worker.pid)
    worker.stdin.write(case.message.packed())
    worker.stdin.flush()
    answer(worker)
    return (nanoseconds(worker.pid) - began) / 1e9


def nanoseconds(pid: int) -> int:
    """CPU of a running process (Linux)."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(one.read_text().split()[0]) for one in threads)


def peak_megabytes(pid: int) -> float:
    """The largest memory of a process (RSS)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024


def decoded(other: subprocess.Popen[bytes], case: Case) -> float:
    """CPU seconds of one picture by a way of `_picture_others`. Raises OSError."""
    assert other.stdin is not None
    assert other.stdout is not None
    other.stdin.write(f"{case.file}\n".encode())
    other.stdin.flush()
    told = other.stdout.readline().decode().strip()
    try:
        return float(told)
    except ValueError:
        raise OSError(told or "it has ended") from None


def by_ffmpeg(case: Case) -> float:
    """CPU seconds of a process of ffmpeg that decodes the key frame."""
    words = ["-v", "error", "-i", str(case.file), "-frames:v", "1", "-f", "null", "-"]
    return child_cpu(["ffmpeg", *words])


# ---------------------------------------------------------------------------------- environments


@contextlib.contextmanager
def environment(python: str, *packages: str) -> Iterator[Path]:
    """The interpreter of a temporary environment with `packages`. Raises OSError."""
    with tempfile.TemporaryDirectory(prefix="healthmon-others-") as folder:
        print(f"installing {' '.join(packages)} ...", file=sys.stderr, flush=True)
        _done(python, "-m", "venv", folder)
        found = Path(folder) / "bin" / "python"
        quiet = ("--quiet", "--disable-pip-version-check", "--timeout", "60")
        _done(str(found), "-m", "pip", "install", *quiet, *packages)
        yield found


def _done(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(argv[:4])}: {done.stderr.strip()[-200:]}")


def pins() -> dict[str, tuple[str, ...]]:
    """The releases of PyAV in requirements.lock, each with the numpy beside it."""
    text = (ROOT / "requirements.lock").read_text()
    found = {}
    for name in ("av", "numpy"):
        for version, marker in re.findall(rf"^{name}==(\S+) ; ([^\\]+)\\", text, re.MULTILINE):
            found.setdefault(marker.strip(), []).append(f"{name}=={version}")
    return {one[0].partition("==")[2]: tuple(one) for one in found.values()}


def newer_python() -> str | None:
    """An interpreter that the newer release can be installed for."""
    for name in ("python3.13", "python3.12"):
        found = shutil.which(name)
        if (
            found
            and not subprocess.run([found, "-c", ""], check=False, capture_output=True).returncode
        ):
            return found
    return None


# ------------------------------------------------------------------------------------------ rows


def measured(
    found: Measured,
    chosen: Sequence[Case],
    pythons: Mapping[str, Path],
    cv: Path | None,
    rounds: int,
) -> None:
    """All ways in turn, `rounds` times; `pythons` by the release of PyAV. Raises OSError."""
    script = _picture_others.__file__
    ways: dict[str, Callable[[Case], float]] = {}
    with contextlib.ExitStack() as held:
        start, workers = held.enter_context, {}
        for release, python in pythons.items():
            worker = start(process([python, "-P", "-m", "healthmon.picture.worker"]))
            answer(worker)  # that it is ready
            workers[release] = worker
            ways[release] = functools.partial(checked, worker)
            other = start(process([python, script, "pyav"]))
            ways[f"decoding by {release}"] = functools.partial(decoded, other)
        if cv is not None:
            ways["opencv"] = functools.partial(decoded, start(process([cv, script, "opencv"])))
        if shutil.which("ffmpeg"):
            ways["ffmpeg"] = by_ffmpeg
        _take_turns(found, chosen, ways, rounds)
        for release, worker in workers.items():
            found.megabytes[release] = peak_megabytes(worker.pid)


def _take_turns(
    found: Measured,
    chosen: Sequence[Case],
    ways: Mapping[str, Callable[[Case], float]],
    rounds: int,
) -> None:
    for number in range(rounds + 1):
        for case in chosen:
            for way, seconds in [(name, job(case)) for name, job in ways.items()]:
                if number:  # the first warms up
                    found.note(case, way, seconds)


async def estate_percent(case: Case, checks: int) -> float:
    """The share of a core (%) that an estate of `SMALL` cameras takes, each checked every `EVERY`
    seconds: CPU of the agent's side and of its workers over `checks` checks.
    """
    with tempfile.TemporaryDirectory(prefix="healthmon-pictures-") as folder:
        baselines = Baselines(Path(folder))
        service = PictureService(PicturePool(size=1), baselines, EVERY)
        memories = {f"C{number:03d}": PictureMemory() for number in range(min(SMALL, checks))}
        for name in memories:
            baselines.write((name, "main"), case.known)
        try:
            await _checked_once(service, case, "C000", memories["C000"])  # starts the worker
            (worker,) = service.pool._idle
            began = cpu() + nanoseconds(worker.process.pid) / 1e9
            for number in range(checks):
                name = f"C{number % len(memories):03d}"
                await _checked_once(service, case, name, memories[name])
            used = cpu() + nanoseconds(worker.process.pid) / 1e9 - began
        finally:
            await service.pool.close()
    return 100 * used / checks * SMALL / EVERY


async def _checked_once(
    service: PictureService, case: Case, name: str, memory: PictureMemory
) -> None:
    frame = KeyFrame(case.codec, case.data, time.monotonic())
    await service.measure((name, "main"), [frame], memory, seconds=30.0)
    if memory.reading is None or memory.reading.problem:
        raise OSError(f"no picture: {memory.reading and memory.reading.problem}")


def rows(
    rounds: int = 15, checks: int = 300, size: tuple[int, int] = SIZE, *, others: bool = True
) -> Iterator[Row]:
    """With `others` those that are installed for it too. Raises OSError."""
    ours = importlib.metadata.version("av")
    found, absent = Measured(), {}
    with contextlib.ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="healthmon-frames-")))
        chosen, pythons, cv = cases(folder, size), {ours: Path(sys.executable)}, None
        if others:
            cv = held.enter_context(environment(sys.executable, "opencv-python-headless"))
            newer = newer_python()
            for release, packages in pins().items():
                if release not in pythons and newer:
                    pythons[release] = held.enter_context(environment(newer, *packages))
                elif release not in pythons:
                    absent[release] = "no python3.12 or later"
        measured(found, chosen, pythons, cv, rounds)
        for release in pythons:
            yield from _release_rows(found, chosen, release)
        for release, why in absent.items():
            yield Row(f"PyAV {release}: not measured ({why})", None, absent=why)
        yield from _other_rows(found, chosen, ours)
        for case in chosen:
            percent = asyncio.run(estate_percent(case, checks))
            yield from _estate_rows(case, percent)


def _release_rows(found: Measured, chosen: Sequence[Case], release: str) -> Iterator[Row]:
    for case in chosen:
        name = f"PyAV {release}, {case.name}"
        whole, alone = found.ms(case, release), found.ms(case, f"decoding by {release}")
        yield Row(f"{name}: check", whole, gate=CHECK_GATE[case.codec])
        yield Row(f"  decoding alone, {case.name}", alone, gate=DECODE_GATE[case.codec])
        yield Row("  the rest", whole - alone if whole and alone else None)
    megabytes = found.megabytes[release]
    yield Row(f"PyAV {release}: memory of a worker", megabytes, unit="MB", gate=MEMORY_GATE)


def _other_rows(found: Measured, chosen: Sequence[Case], ours: str) -> Iterator[Row]:
    """A whole check of ours beside what others take to decode alone."""
    for way, words in (("opencv", "OpenCV VideoCapture"), ("ffmpeg", "a process of ffmpeg")):
        for case in chosen:
            theirs = found.ms(case, way)
            missing = "" if theirs is not None else "not installed"
            name = f"check of {case.name}, against {words}"
            yield Row(name, found.ms(case, ours), theirs, gate=1.0, absent=missing)


def _estate_rows(case: Case, percent: float) -> Iterator[Row]:
    every = f"every {EVERY / 60:.0f} min, {case.name}: share of a core"
    yield Row(f"{SMALL} cameras {every}", percent, unit="%", gate=SMALL_GATE[case.codec])
    large = percent * LARGE / SMALL
    yield Row(f"{LARGE} cameras {every}", large, unit="%", gate=LARGE_GATE[case.codec])
