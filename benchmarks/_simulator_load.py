"""How many cameras the simulator carries: a driver that does nothing but ask plays the streams of 2 s and opens the
connections of an agent, 1.5 times as often as that would.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks._application import build
from benchmarks._measure import estate
from benchmarks.stream import PORT, WATCH, Bare

MORE = 1.5
INTERVAL = 60.0
SECONDS = 20.0
# It carries a load of which so much is served, and the first answer after PLAY comes so soon (seconds, p99).
LEAST_SERVED, MOST_DELAY = 0.99, 1.0
# The simulated pictures of 2 s have some 8,000.
LEAST_BYTES = 6_000
SIZES = (10_000, 6_000, 4_000, 2_500, 1_500, 1_000, 600, 300)


@dataclass(frozen=True, slots=True)
class Load:
    """What was asked of the simulator of so many `cameras`: sessions each second, the share of them that was
    `served`, and the p99 of the `delay` until a stream plays (seconds).
    """

    cameras: int
    rate: float
    served: float
    delay: float

    @property
    def carried(self) -> bool:
        """Whether the simulator is not what limits an agent."""
        return self.served >= LEAST_SERVED and self.delay <= MOST_DELAY

    def text(self) -> str:
        """In one line."""
        word = "carried" if self.carried else "not carried"
        return (
            f"simulator of {self.cameras} cameras, {self.rate:.0f} streams a second: {100 * self.served:.1f} % served, "
            f"p99 {self.delay:.2f} s until a stream plays: {word}"
        )


def load_of(cameras: int) -> Load:
    """Drive the simulator of so many cameras."""
    with estate(cameras) as path:
        engine = build(path)
        devices = [one for one in engine.estate.devices.values() if one.id.startswith("C")]
        login = engine.context.credential("camera-view")
        places = [(one.address, one.streams[0].path or "/stream1") for one in devices]
        return driven(places, login)


def driven(places: Sequence[tuple[str, str]], login: object) -> Load:
    """Play the streams in turn, evenly over the time."""
    rate = MORE * len(places) / INTERVAL
    count, began = int(rate * SECONDS), time.monotonic()

    def one(number: int) -> float | None:
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        address, path = places[number % len(places)]
        try:
            return _visit(address, path, login)
        except OSError:
            return None

    with ThreadPoolExecutor(min(count, int(rate * 4) + 4)) as pool:
        delays = list(pool.map(one, range(count)))
    served = sorted(delay for delay in delays if delay is not None)
    late = served[len(served) * 99 // 100] if served else float("inf")
    return Load(len(places), rate, len(served) / count, late)


def _visit(address: str, path: str, login: object) -> float | None:
    """Reachability, then the stream: how long until it plays (seconds); None where too little comes."""
    began = time.monotonic()
    socket.create_connection((address, PORT), 5).close()
    session = Bare(address, path, login)
    with session.socket:
        session.socket.settimeout(5)
        session.play()
        delay = time.monotonic() - began
        size, end = 0, time.monotonic() + WATCH
        while time.monotonic() < end:
            size += len(session.socket.recv(65536))
        session.request("TEARDOWN")
    return delay if size >= LEAST_BYTES else None


def largest(most: int) -> list[Load]:
    """Each size that was tried, from `most` down; the last one is carried, or none is."""
    found = []
    for size in (most, *(size for size in SIZES if size < most)):
        found.append(load_of(size))
        if found[-1].carried:
            break
    return found


def memory(pid: int) -> float:
    """The memory of a process now (RSS, MB)."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", text)[0]) / 1024
