"""What short commands cost: CPU and peak memory of `healthmon version`, `healthmon --help` and
`healthmon faults`, of this build and of the one that it is measured against.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import yaml

from benchmarks._builds import Build, Used, builds, environment_of_child, used_by
from benchmarks._measure import Row, free_port

RUNS = 7
FAULTS = 25
START_SECONDS = 90.0
# CPU at most, as a share of the other build's.
GATES = {"version": 1 / 5, "--help": 1 / 5, "faults": 1 / 3}


def rows(against: str | None = None) -> Iterator[Row]:
    """The least of some runs, the builds in turn so that both have the same machine."""
    compared = builds(against)
    with contextlib.ExitStack() as stack:
        histories = [stack.enter_context(history(build)) for build in compared]
        for name, gate in GATES.items():
            commands = [
                [build.command, *words(name, config)]
                for build, config in zip(compared, histories, strict=True)
            ]
            measured = [[used_by(command) for command in commands] for _ in range(RUNS + 1)]
            # The first run writes the compiled modules.
            by_build = [list(runs) for runs in zip(*measured[1:], strict=True)]
            yield from _rows_of(name, by_build, gate)


def words(name: str, config: Path) -> list[str]:
    """The arguments of a command."""
    return [name, "--config", str(config)] if name == "faults" else [name]


def _rows_of(name: str, by_build: list[list[Used]], gate: float) -> Iterator[Row]:
    seconds = [min(used.cpu_seconds for used in runs) for runs in by_build]
    megabytes = [min(used.peak_bytes for used in runs) / 2**20 for runs in by_build]
    compared = len(by_build) > 1
    yield Row(
        f"healthmon {name}: CPU",
        1000 * seconds[0],
        1000 * seconds[1] if compared else None,
        gate=gate if compared else None,
    )
    yield Row(
        "  largest memory (RSS)",
        megabytes[0],
        megabytes[1] if compared else None,
        unit="MB",
    )


@contextlib.contextmanager
def history(build: Build) -> Iterator[Path]:
    """A config.yaml whose history holds some faults, written by an agent of `build`."""
    with tempfile.TemporaryDirectory(prefix="healthmon-history-") as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(yaml.safe_dump(_configuration(Path(folder))))
        agent = subprocess.Popen(
            [str(build.command), "run", "--config", str(config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment_of_child(),
        )
        try:
            _wait_for_faults(build, config)
        finally:
            agent.terminate()
            agent.wait(30)
        yield config


def _configuration(folder: Path) -> dict[str, object]:
    """Cameras on ports where nobody listens: each is a fault of its own."""
    cameras = [
        {
            "id": f"C{number:03}",
            "name": f"Camera {number}",
            "site": "s",
            "address": "127.0.0.1",
            "kind": "fixed",
            "rtsp": {"port": free_port()},
            "http": "no",
        }
        for number in range(FAULTS)
    ]
    quick = {"hold": "1 s", "quiet": "1 s", "longest": "2 s", "many": 10 * FAULTS}
    return {
        "agent": {"port": free_port(), "state_directory": str(folder / "state")},
        "defaults": {"interval": "4 s", "timeout": "2 s", "watch": "1 s", "cause": quick},
        "sites": [{"id": "s"}],
        "cameras": cameras,
    }


def _wait_for_faults(build: Build, config: Path) -> None:
    """Raises OSError when they do not come."""
    argv = [str(build.command), "faults", "--json", "--config", str(config)]
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        done = subprocess.run(
            argv, capture_output=True, text=True, env=environment_of_child(), check=False
        )
        if not done.returncode and len(json.loads(done.stdout)) >= FAULTS:
            return
        time.sleep(1)
    raise OSError(f"{build.name}: no {FAULTS} faults within {START_SECONDS:g} s: {done.stderr}")
