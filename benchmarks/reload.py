"""What a reload costs an agent of many cameras and the processes that it starts for it: CPU, of this
build and of the one that it is measured against, in turn. Each camera is an open port, and is checked once a day.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks._builds import Build, builds
from benchmarks._measure import Row, free_port
from benchmarks.soak import START_SECONDS, agent, listening, metric, metrics

CAMERAS = 10_000
SITES = ("market", "park", "riverside", "station")
RELOADS = 3
# CPU at most, as a share of the other build's.
GATE = 0.5
# An agent that uses less of a core in so many seconds is at rest.
REST_SECONDS, REST_SHARE = 5.0, 0.04
TAKEN = "healthmon_config_reload_success_timestamp_seconds"


@dataclass(frozen=True, slots=True)
class ReloadedAgent:
    """An agent that has read its file once."""

    pid: int
    port: int

    def reload_seconds(self) -> float:
        """The CPU of one reload, of an agent that has come to rest. Raises OSError where it is not taken
        in time.
        """
        before = metric(metrics(self.port), TAKEN)
        self._come_to_rest()
        used = cpu_with_children(self.pid)
        os.kill(self.pid, signal.SIGHUP)
        self._come_to_rest()
        found = cpu_with_children(self.pid) - used
        if metric(metrics(self.port), TAKEN) <= before:
            raise OSError("the file was not read again")
        return found

    def _come_to_rest(self) -> None:
        """Wait until it and its children do nothing. Pages are not asked meanwhile: one of 10,000 cameras
        costs as much as reading them. Raises OSError where that takes too long.
        """
        began = time.monotonic()
        while self._used_in(REST_SECONDS) > REST_SHARE * REST_SECONDS:
            if time.monotonic() - began > START_SECONDS:
                raise OSError(f"the agent does not come to rest within {START_SECONDS:g} s")

    def _used_in(self, seconds: float) -> float:
        before = cpu_with_children(self.pid)
        time.sleep(seconds)
        return cpu_with_children(self.pid) - before


def cpu_with_children(pid: int) -> float:
    """CPU seconds of a process and of its children, those that have ended too (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    used = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # it ends just now
            used += sum(cpu_with_children(int(child)) for child in thread.read_text().split())
    return used


@contextlib.contextmanager
def open_ports(cameras: int) -> Iterator[int]:
    """A port that is open at the address of each camera."""
    port, loop = free_port(), asyncio.new_event_loop()
    resource.setrlimit(resource.RLIMIT_NOFILE, (cameras + 1000, cameras + 1000))

    async def visit(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def listen() -> None:
        await asyncio.start_server(visit, [address(one) for one in range(cameras)], port)

    loop.run_until_complete(listen())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def address(number: int) -> str:
    """Of a camera."""
    return f"127.1.{number // 250}.{number % 250 + 2}"


def configuration(folder: Path, port: int, camera_port: int, cameras: int) -> str:
    """A config.yaml, as text that every build reads."""
    lines = [
        "estate: {name: Reloads}",
        f"agent: {{port: {port}, state_directory: {folder / 'state'}}}",
        "defaults:",
        "  interval: 24h",
        "  clock_interval: 24h",
        "  identity_interval: 24h",
        "sites:",
        *(f"  - {{id: {site}, name: Site {site}}}" for site in SITES),
        "cameras:",
    ]
    for number in range(cameras):
        place = f"kind: fixed, site: {SITES[number % len(SITES)]}, address: {address(number)}"
        place += f", rtsp: no, http: no, ports: [{camera_port}]"
        lines.append(f"  - {{id: C{number:05}, name: Camera {number}, {place}}}")
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def running(build: Build, camera_port: int, cameras: int) -> Iterator[ReloadedAgent]:
    """An agent of `build`. Raises OSError where it does not start."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="healthmon-reload-") as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(configuration(Path(folder), port, camera_port, cameras))
        with agent(build, config) as pid:
            end = time.monotonic() + START_SECONDS
            while not listening(port):
                if time.monotonic() > end or not Path(f"/proc/{pid}/stat").exists():
                    raise OSError("the agent does not start")
                time.sleep(1)
            yield ReloadedAgent(pid, port)


def rows(cameras: int = CAMERAS, against: str | None = None) -> Iterator[Row]:
    """The least of some reloads, the builds in turn."""
    with contextlib.ExitStack() as held:
        camera_port = held.enter_context(open_ports(cameras))
        agents = [
            held.enter_context(running(build, camera_port, cameras)) for build in builds(against)
        ]
        rounds = [[one.reload_seconds() for one in agents] for _ in range(RELOADS)]
    ours, *theirs = (1000 * min(seconds) for seconds in zip(*rounds, strict=True))
    other = theirs[0] if theirs else None
    name = f"reload of {cameras} cameras, agent and what it starts"
    yield Row(name, ours, other, gate=GATE if other else None)
