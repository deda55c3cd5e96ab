"""What the programs share: pinning, CPU by getrusage, the simulated estate as a process of its own,
and the table.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")
LAST_CPU = max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0


@dataclass(frozen=True, slots=True)
class Row:
    """One line: `ours` and `theirs` in `unit`; the gate is on ours / theirs, or on `ours` where
    `theirs` is None.

    `absent` says why there is no figure (the tool is not installed).
    """

    name: str
    ours: float | None
    theirs: float | None = None
    unit: str = "CPU-ms"
    gate: float | None = None
    absent: str = ""

    @property
    def figure(self) -> float | None:
        """What the gate is on."""
        if self.ours is None or self.theirs is None:
            return None if self.absent else self.ours
        return self.ours / self.theirs if self.theirs else None

    @property
    def missed(self) -> bool:
        """Whether the gate is missed."""
        return self.gate is not None and self.figure is not None and self.figure > self.gate

    def text(self) -> str:
        """The line of the table."""
        theirs = "n/a" if self.absent else _number(self.theirs)
        ratio = "n/a" if self.absent else _number(self.figure) if self.theirs is not None else ""
        verdict = "" if self.gate is None or self.absent else "MISSED" if self.missed else "ok"
        limit = "" if self.gate is None else f"<= {self.gate:.3g}"
        return f"{self.name:<58} {_number(self.ours):>9} {theirs:>9} {self.unit:<7} {ratio:>8} {limit:>9} {verdict}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}" if abs(value) < 1e4 else f"{value:.0f}"


HEAD = f"{'':<58} {'healthmon':>9} {'other':>9} {'unit':<7} {'ratio':>8} {'gate':>9}"


def pin_self() -> None:
    """Keep this process on CPU 0 where the system allows it."""
    with contextlib.suppress(AttributeError, OSError):
        os.sched_setaffinity(0, {0})


def pin_child(cpu: int = LAST_CPU) -> Callable[[], None]:
    """A preexec_fn that pins a child to `cpu` and raises its limit of open files."""

    def prepare() -> None:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        with contextlib.suppress(AttributeError, OSError):
            os.sched_setaffinity(0, {cpu})

    return prepare


def cpu() -> float:
    """CPU seconds that this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def child_cpu(argv: Sequence[str]) -> float:
    """CPU seconds of one run of a program on CPU 0. Raises OSError when it fails."""
    child = subprocess.Popen(
        argv,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=pin_child(0),  # noqa: PLW1509 - no threads here
    )
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise OSError(f"{argv[0]} ended with {child.returncode}")
    return used.ru_utime + used.ru_stime


def cpu_of(pid: int) -> float:
    """CPU seconds of a running process (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run on uvloop, as the commands do."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(coroutine)


def ms_each(job: Callable[[], Coroutine[Any, Any, object]], count: int, width: int = 50) -> float:
    """CPU-ms of ours per `job`, `width` of them at once; the best of three rounds after a
    warm one.
    """

    async def round_of() -> float:
        gate = asyncio.Semaphore(width)

        async def one() -> None:
            async with gate:
                await job()

        began = cpu()
        await asyncio.gather(*(one() for _ in range(count)))
        return (cpu() - began) * 1000 / count

    async def rounds() -> float:
        await round_of()
        return min([await round_of() for _ in range(3)])

    return run(rounds())


def free_port() -> int:
    """A TCP port of 127.0.0.1 where nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def parts_of(cameras: int) -> int:
    """How many processes simulate `cameras`: two listening sockets each, and room for sessions,
    within the limit.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return -(-2 * cameras // (hard - 2000))


@contextlib.contextmanager
def estate(
    cameras: int, port: int = 19877, python: str | Path = sys.executable, *, control: int = 0
) -> Iterator[Path]:
    """A well simulated estate in processes on the last CPU, served by the build of `python`; gives
    the path of its config.yaml. `control` is the port at which its faults are switched, 0 for none.
    """
    parts = parts_of(cameras)
    with contextlib.ExitStack() as held:
        folder = held.enter_context(tempfile.TemporaryDirectory(prefix="healthmon-bench-"))
        argv = [
            str(python),
            "-P",  # else the folder that we stand in is imported, whose build `python` is not
            "-m",
            "healthmon.demo",
            "--well",
            "--control",
            str(control),
            "--cameras",
            str(cameras),
        ]
        argv += ["--folder", folder, "--agent-port", str(port)]
        children = [
            held.enter_context(_simulator([*argv, "--part", f"{n}/{parts}"]))
            for n in range(1, parts + 1)
        ]
        for child in children:
            if child.stdout is None or "ready" not in child.stdout.readline():
                raise OSError("the simulated estate did not start: is another one running?")
        yield Path(folder) / "config.yaml"


@contextlib.contextmanager
def _simulator(argv: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, preexec_fn=pin_child()) as child:  # noqa: PLW1509 - no threads here
        try:
            yield child
        finally:
            child.terminate()


def host() -> str:
    """The machine, in one line."""
    model = next(
        (x for x in Path("/proc/cpuinfo").read_text().splitlines() if x.startswith("model name")),
        "?: ?",
    )
    load = os.getloadavg()[0]
    name = model.split(":")[1].strip()
    return f"{name}, {os.cpu_count()} CPUs, load {load:.2f}, Python {sys.version.split()[0]}"
