"""The agent with 1,000 cameras every 60 s: share of a core, memory, missed checks; of this build and
of the one that it is measured against, one after the other.
"""

from __future__ import annotations

import contextlib
import gzip
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks._builds import Build, builds, environment_of_child
from benchmarks._measure import Row, cpu_of, estate, pin_child

PORT = 19878
# On a busy machine a start takes a minute.
START_SECONDS = 300.0
END_SECONDS = 60.0
# The first round: not counted as CPU.
WARM_SECONDS = 65.0
SAMPLE_SECONDS = 0.1
MOST_MEGABYTES = 120
# Memory at most, as a share of the other build's.
MEMORY_GATE = 0.65


@dataclass(frozen=True, slots=True)
class Soaked:
    """What an agent has used over `seconds`, and what it says of itself. `start_megabytes` is the most
    of its first seconds together with the processes that it starts and that end, such as the one
    that reads config.yaml; pages that they share count twice.
    """

    seconds: float
    cpu_seconds: float
    peak_megabytes: float
    start_megabytes: float
    checks: float
    faults: float
    missed: float

    @property
    def core_percent(self) -> float:
        """Its share of one core."""
        return 100 * self.cpu_seconds / self.seconds

    @property
    def check_milliseconds(self) -> float:
        """CPU of one check."""
        return 1000 * self.cpu_seconds / self.checks


def metric(text: str, name: str) -> float:
    """The sum of the samples of a family. Raises AssertionError where there is no such family."""
    values = re.findall(rf"^{name}(?:{{[^\n]*}})? (\S+)$", text, re.MULTILINE)
    if not values and f"# TYPE {name} " not in text:
        raise AssertionError(f"/metrics has no {name}")
    return sum(map(float, values))


def metrics(port: int = PORT) -> str:
    """What a scrape of Prometheus gives; it always asks for gzip."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/metrics", headers={"Accept-Encoding": "gzip"}
    )
    with urllib.request.urlopen(request, timeout=60) as reply:
        return gzip.decompress(reply.read()).decode()


def peak_megabytes(pid: int) -> float:
    """The largest memory of a process and of those that it has started."""
    status = Path(f"/proc/{pid}/status").read_text()
    peak = int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return peak + sum(peak_megabytes(int(child)) for child in children)


def warmed(pid: int) -> float:
    """The most that an agent and its children have together until its pages answer and in the first
    round after that. Raises OSError when it ends or does not answer.
    """
    most, end, answered = 0.0, time.monotonic() + START_SECONDS, False
    while time.monotonic() < end:
        now = megabytes(pid)
        if not now:
            raise OSError("the agent has ended")
        most = max(most, now)
        if not answered and listening():
            answered, end = True, time.monotonic() + WARM_SECONDS
        time.sleep(SAMPLE_SECONDS)
    if not answered:
        raise OSError(f"the agent does not answer within {START_SECONDS:g} s")
    return most


def listening(port: int = PORT) -> bool:
    """Whether the pages can be had."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def megabytes(pid: int) -> float:
    """The memory of a process and its children now; 0 where it has just ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0.0
    found = re.findall(r"VmRSS:\s+(\d+)", status)
    own = int(found[0]) / 1024 if found else 0.0
    return own + sum(megabytes(int(child)) for child in children)


@contextlib.contextmanager
def agent(build: Build, config: Path) -> Iterator[int]:
    """A running agent on the first CPU; its process id. What it logs is beside `config`."""
    with config.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(
            [str(build.command), "run", "--config", str(config)],
            stdout=log,
            stderr=log,
            env=environment_of_child(),
            preexec_fn=pin_child(0),  # noqa: PLW1509 - no threads here
        )
    try:
        yield process.pid
    except OSError:
        sys.stderr.write(config.with_suffix(".log").read_text(errors="replace")[-2000:])
        raise
    finally:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def soak(build: Build, seconds: float, cameras: int) -> Soaked:
    """Let `build` watch an estate that its own simulator serves."""
    with (
        estate(cameras, PORT, build.python) as config,
        agent(build, config) as pid,
    ):
        start = warmed(pid)
        began, used = time.monotonic(), cpu_of(pid)
        checks = metric(metrics(), "healthmon_check_runs_total")
        time.sleep(seconds)
        took, used = time.monotonic() - began, cpu_of(pid) - used
        text, peak = metrics(), peak_megabytes(pid)
    return Soaked(
        took,
        used,
        peak,
        start,
        metric(text, "healthmon_check_runs_total") - checks,
        metric(text, "healthmon_fault_active"),
        metric(text, "healthmon_looks_skipped_total"),
    )


def _soaked(build: Build, seconds: float, cameras: int) -> Soaked:
    length = WARM_SECONDS + seconds
    print(f"{build.name}: {cameras} cameras for {length:.0f} s ...", file=sys.stderr, flush=True)
    return soak(build, seconds, cameras)


def rows(seconds: float = 120.0, cameras: int = 1000, against: str | None = None) -> list[Row]:
    """Both builds in turn; gates on the ratio where there are two."""
    ours, *others = [_soaked(build, seconds, cameras) for build in builds(against)]
    other = others[0] if others else None
    name = f"agent, {cameras} cameras every 60 s: "
    return [
        Row(name + "share of a core", ours.core_percent, other and other.core_percent, unit="%"),
        Row(name + "CPU of a check", ours.check_milliseconds, other and other.check_milliseconds),
        Row(
            name + "largest memory (RSS)",
            ours.peak_megabytes,
            other and other.peak_megabytes,
            unit="MB",
            gate=MEMORY_GATE if other else MOST_MEGABYTES,
        ),
        Row(
            name + "the same while it starts",
            ours.start_megabytes,
            other and other.start_megabytes,
            unit="MB",
        ),
        Row(name + "faults invented", ours.faults, unit="faults", gate=0),
        Row(name + "checks missed", ours.missed, unit="checks", gate=0),
    ]
