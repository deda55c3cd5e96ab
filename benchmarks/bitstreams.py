"""Damaged key frames for the processes that decode: whether the agent's loop goes on meanwhile, and other
checks keep their times.

Case N is always the same bytes, so that ``--first N`` goes on where a run has ended. Every case goes
through the real pool. Beside it run a check of a server on loopback every 20 ms and a clock of the loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av
import numpy as np

from benchmarks._measure import Row
from healthmon.picture.messages import Message
from healthmon.picture.pool import MOST_PIXELS, PictureError, PicturePool

CASES = 100_000
WORKERS = 2
TURN_SECONDS, BESIDE_SECONDS = 0.01, 0.02
LAG_GATE_MS, BESIDE_GATE_MS = 50.0, 100.0
MOST_CHANGES = 6
MOST_BYTES = 400_000
_ENCODERS = {
    "h264": ("libx264", {"preset": "ultrafast", "tune": "zerolatency"}),
    "h265": ("libx265", {"preset": "ultrafast", "x265-params": "log-level=none"}),
    "mjpeg": ("mjpeg", {"huffman": "default", "qmin": "3", "qmax": "12"}),
}
_SIZES = ((320, 240), (640, 360), (704, 576))
_EDGES = (0, 1, 2, 3, 0x7F, 0x80, 0xFE, 0xFF)
_MARKS = (
    b"\0\0\1",
    b"\0\0\0\1",
    b"\xff\xd8",
    b"\xff\xd9",
    b"\xff\xc0\0\x11",
    b"\xff\xda",
    b"\0" * 64,
)


@dataclass
class Found:
    """What a run has shown. `undeclared` are errors that no check expects, `beside` the seconds of the
    checks beside it, `lag` how late the loop was (seconds).
    """

    cases: int = 0
    decoded: int = 0
    said: Counter[str] = field(default_factory=Counter)
    undeclared: Counter[str] = field(default_factory=Counter)
    killed: int = 0
    processes: set[int] = field(default_factory=set)
    slowest: float = 0.0
    lag: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)
    lost: int = 0


def key_frame(codec: str, size: tuple[int, int], seed: int) -> bytes:
    """One key frame by a real encoder, of blocks and noise."""
    chance = np.random.default_rng(seed)
    width, height = size
    blocks = chance.integers(20, 230, (height // 16, width // 16)).repeat(16, 0).repeat(16, 1)
    grey = np.full((height, width), 110)
    grey[: blocks.shape[0], : blocks.shape[1]] = blocks
    noisy = np.clip(grey + chance.normal(0, 3, grey.shape), 0, 255).astype(np.uint8)
    name, options = _ENCODERS[codec]
    context: Any = av.CodecContext.create(name, "w")
    context.width, context.height = size
    context.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    context.time_base, context.framerate = Fraction(1, 5), Fraction(5, 1)
    context.options = options
    frame = av.VideoFrame.from_ndarray(noisy, format="gray").reformat(format=context.pix_fmt)
    frame.pts = 0
    return b"".join(bytes(packet) for one in (frame, None) for packet in context.encode(one))


def seeds() -> list[tuple[str, bytes]]:
    """Key frames of each codec in each size."""
    return [
        (codec, key_frame(codec, size, number))
        for codec in _ENCODERS
        for number, size in enumerate(_SIZES)
    ]


class Cases:
    """Case `number` is the same bytes in every run."""

    def __init__(self, known: Sequence[tuple[str, bytes]]) -> None:
        self.known = known

    def case(self, number: int) -> Message:
        """What the agent would ask a worker: one or two key frames, a signature, a learned view."""
        chance = random.Random(number)
        codec, data = self.known[chance.randrange(len(self.known))]
        if chance.random() < 0.05:  # the SDP lies about the codec
            codec = chance.choice([*_ENCODERS])
        frames = [self._damaged(data, chance)]
        if chance.random() < 0.2:
            frames.insert(0, data if chance.random() < 0.5 else self._damaged(data, chance))
        learned = chance.randbytes(chance.choice((1, 30, 3000))) if chance.random() < 0.1 else b""
        fields = {
            "codec": codec,
            "most_pixels": MOST_PIXELS,
            "compare": True,
            "learn": True,
            "now": 1.8e9,
            "apart": 2.0,
        }
        return Message(fields, (*frames, b"", learned))

    def _damaged(self, data: bytes, chance: random.Random) -> bytes:
        found = bytearray(data)
        for _ in range(chance.randint(1, MOST_CHANGES)):
            _CHANGES[chance.randrange(len(_CHANGES))](found, chance, self.known)
        return bytes(found[:MOST_BYTES]) or b"\0"


def _at(data: bytearray, chance: random.Random) -> int:
    """A place, half of them in the head: parameter sets and markers stand there."""
    most = max(1, len(data))
    return chance.randrange(min(most, 200)) if chance.random() < 0.5 else chance.randrange(most)


def _flip(data: bytearray, chance: random.Random, _known: object) -> None:
    for _ in range(chance.choice((1, 1, 4, 40))):
        if data:
            data[_at(data, chance)] ^= 1 << chance.randrange(8)


def _edge(data: bytearray, chance: random.Random, _known: object) -> None:
    if data:
        data[_at(data, chance)] = chance.choice(_EDGES)


def _cut(data: bytearray, chance: random.Random, _known: object) -> None:
    del data[_at(data, chance) :]


def _drop(data: bytearray, chance: random.Random, _known: object) -> None:
    at = _at(data, chance)
    del data[at : at + chance.choice((1, 2, 7, 100, 5000))]


def _mark(data: bytearray, chance: random.Random, _known: object) -> None:
    at = _at(data, chance)
    data[at:at] = chance.choice(_MARKS)


def _twice(data: bytearray, chance: random.Random, _known: object) -> None:
    at = _at(data, chance)
    piece = bytes(data[at : at + chance.choice((4, 60, 2000))])
    data[at:at] = piece * chance.choice((1, 3, 30))


def _noise(data: bytearray, chance: random.Random, _known: object) -> None:
    at = _at(data, chance)
    size = chance.choice((1, 16, 400))
    data[at : at + size] = chance.randbytes(size)


def _splice(data: bytearray, chance: random.Random, known: Sequence[tuple[str, bytes]]) -> None:
    other = known[chance.randrange(len(known))][1]
    data[_at(data, chance) :] = other[chance.randrange(len(other)) :]


_CHANGES: tuple[Callable[[bytearray, random.Random, Any], None], ...] = (
    _flip, _flip, _flip, _edge, _cut, _drop, _mark, _twice, _noise, _splice,
)  # fmt: skip


async def run(
    cases: int, first: int = 0, progress: Callable[[Found], None] = lambda _found: None
) -> Found:
    """Cases `first` and following through a pool, beside the checks."""
    found, pool = Found(), PicturePool(size=WORKERS, allowed=True)
    known = seeds()
    numbers = iter(range(first, first + cases))
    async with _beside(found):
        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(2 * WORKERS):
                    tasks.create_task(_feed(pool, Cases(known), numbers, (found, progress)))
            for codec, data in known:  # the pool still works
                fields = {"codec": codec, "most_pixels": MOST_PIXELS}
                await pool.measure(Message(fields, (data, b"", b"")))
        finally:
            found.killed = pool.killed
            await pool.close()
    return found


async def _feed(
    pool: PicturePool,
    source: Cases,
    numbers: Iterator[int],
    told: tuple[Found, Callable[[Found], None]],
) -> None:
    found, progress = told
    for number in numbers:
        message = await asyncio.to_thread(source.case, number)
        began = time.monotonic()
        try:
            await pool.measure(message)
            found.decoded += 1
        except PictureError as error:
            words = str(error)
            (found.undeclared if "inside healthmon" in words else found.said)[words] += 1
        except Exception as error:
            found.undeclared[f"case {number}: {type(error).__name__}: {error}"] += 1
        found.slowest = max(found.slowest, time.monotonic() - began)
        found.processes |= {worker.process.pid for worker in pool._idle}
        found.cases += 1
        if found.cases % 500 == 0:
            progress(found)


@contextlib.asynccontextmanager
async def _beside(found: Found) -> Any:
    """Other checks, and a clock of the loop, as long as the block runs."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(await reader.readline())
            await writer.drain()
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    tasks = [asyncio.create_task(_turns(found)), asyncio.create_task(_checks(found, port))]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        server.close()
        await asyncio.sleep(0.05)  # what is closed is gone in the next turns of the loop


async def _turns(found: Found) -> None:
    while True:
        began = time.monotonic()
        await asyncio.sleep(TURN_SECONDS)
        found.lag.append(time.monotonic() - began - TURN_SECONDS)


async def _checks(found: Found, port: int) -> None:
    """A connection and one answer, as a check of reachability makes them."""
    while True:
        began = time.monotonic()
        try:
            async with asyncio.timeout(5):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                try:
                    writer.write(b"well?\n")
                    await reader.readline()
                finally:  # the run may end meanwhile
                    writer.close()
        except (OSError, TimeoutError):
            found.lost += 1
        found.beside.append(time.monotonic() - began)
        await asyncio.sleep(BESIDE_SECONDS)


def _share(values: Sequence[float], part: float) -> float:
    """The value that `part` of all do not exceed."""
    return sorted(values)[min(len(values) - 1, int(part * len(values)))] if values else 0.0


def _told(found: Found) -> None:
    line = f"{found.cases} cases, {found.decoded} decoded, {found.killed} processes killed"
    print(f"\r{line:<78}", end="", file=sys.stderr, flush=True)


def rows(cases: int = CASES, first: int = 0) -> Iterator[Row]:
    """Damaged key frames of H.264, H.265 and JPEG."""
    found = asyncio.run(run(cases, first, _told))
    print(file=sys.stderr)
    for words, count in (found.undeclared + found.said).most_common(12):
        print(f"  {count:>7}  {words}", file=sys.stderr)
    title = f"bitstreams, {found.cases} cases: "
    yield Row(title + "undeclared errors", sum(found.undeclared.values()), unit="cases", gate=0)
    yield Row(title + "pictures came of", found.decoded, unit="cases")
    yield Row(title + "processes killed", found.killed, unit="processes")
    yield Row(title + "processes in all", len(found.processes), unit="processes")
    yield Row(title + "slowest", found.slowest, unit="s")
    lag, beside = _share(found.lag, 0.99) * 1000, _share(found.beside, 0.99) * 1000
    yield Row(title + "loop lag, p99", lag, unit="ms", gate=LAG_GATE_MS)
    yield Row(title + "loop lag, worst", max(found.lag, default=0.0) * 1000, unit="ms")
    yield Row(title + "checks beside it, p99", beside, unit="ms", gate=BESIDE_GATE_MS)
    yield Row(title + "checks beside it without an answer", found.lost, unit="checks", gate=0)
