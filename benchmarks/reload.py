"""What a reload costs an agent of many cameras and the processes that it starts for it: CPU, of this
build and of the one that it is measured against, in turn. The cameras are not simulated and are checked once a day.
"""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
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
PORTS = "rtsp: {port: 8554}, http: {port: 8080}, streams: [{path: /stream1}]"
# CPU at most, as a share of the other build's.
GATE = 0.5
# What the agent does after it has taken the new file, such as to plan the checks.
AFTER_SECONDS = 5.0
# CPU in that time of an agent that does nothing.
REST_SECONDS = 0.2
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
        while self._used_in(AFTER_SECONDS) > REST_SECONDS:
            pass
        began, used = time.monotonic(), cpu_with_children(self.pid)
        before = metric(metrics(self.port), TAKEN)
        os.kill(self.pid, signal.SIGHUP)
        while not self._taken_after(before):
            if time.monotonic() - began > START_SECONDS:
                raise OSError(f"the file is not read again within {START_SECONDS:g} s")
            time.sleep(1)
        self._used_in(AFTER_SECONDS)
        return cpu_with_children(self.pid) - used

    def _taken_after(self, moment: float) -> bool:
        """Whether the file was read after `moment`; one build answers nobody meanwhile."""
        with contextlib.suppress(OSError):
            return metric(metrics(self.port), TAKEN) > moment
        return False

    def _used_in(self, seconds: float) -> float:
        before = cpu_with_children(self.pid)
        time.sleep(seconds)
        return cpu_with_children(self.pid) - before


def cpu_with_children(pid: int) -> float:
    """CPU seconds of a process and of those of its children that have ended (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def configuration(folder: Path, port: int, cameras: int) -> str:
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
        address = f"127.1.{number // 250}.{number % 250 + 2}"
        place = f"kind: fixed, site: {SITES[number % len(SITES)]}, address: {address}, {PORTS}"
        lines.append(f"  - {{id: C{number:05}, name: Camera {number}, {place}}}")
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def running(build: Build, cameras: int) -> Iterator[ReloadedAgent]:
    """An agent of `build`. Raises OSError where it does not start."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="healthmon-reload-") as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(configuration(Path(folder), port, cameras))
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
        agents = [held.enter_context(running(build, cameras)) for build in builds(against)]
        rounds = [[one.reload_seconds() for one in agents] for _ in range(RELOADS)]
    ours, *theirs = (1000 * min(seconds) for seconds in zip(*rounds, strict=True))
    other = theirs[0] if theirs else None
    name = f"reload of {cameras} cameras, agent and what it starts"
    yield Row(name, ours, other, gate=GATE if other else None)
