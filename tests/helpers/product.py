"""The installed product as a user has it: the command, its pages by HTTP, what it prints.

``HEALTHMON_UNDER_TEST`` names the command of another build, so that a test of `tests/field` can be
run against it: nothing here imports the product.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml

from helpers import forked
from helpers.exposition import series_of
from helpers.support import Peers, free_port

INSTALLED = Path(sys.executable).with_name("healthmon")
COMMAND = Path(os.environ.get("HEALTHMON_UNDER_TEST") or INSTALLED)
PASSWORD = "canary-5ecret"
BASE: dict[str, Any] = {
    "estate": {"name": "Field", "time_zone": "Europe/London"},
    "defaults": {"timeout": "3 s", "watch": "1 s"},
    "sites": [{"id": "s", "name": "Market", "bandwidth": "10 Gbit/s"}],
    "credentials": {"view": {"username": "healthmon", "secret": {"file": "secret"}}},
}


T = TypeVar("T")


def only(found: Sequence[T]) -> T:
    """The one that was found; it fails the test where there is none or are several."""
    assert len(found) == 1, found
    return found[0]


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """All that it printed."""
        return self.out + self.err


@dataclass(frozen=True)
class Swept(Done):
    """A sweep: `sheet` is the sheet as JSON, `seconds` how long the command took."""

    sheet: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def rows(self, device: str, section: str = "") -> list[dict[str, Any]]:
        """The rows of `device` in "faults", "warnings" or "not_checked"; of all where none is named."""
        sections = (section,) if section else ("faults", "warnings", "not_checked")
        found = [row for name in sections for row in self.sheet[name]]
        return [row for row in found if device in row["devices"]]

    def sentences(self, device: str, section: str = "") -> list[str]:
        """What the operator reads of `device`."""
        return [row["sentence"] for row in self.rows(device, section)]


@dataclass
class Product:
    """A configuration in `folder` and the commands that use it. `tree` is completed from `BASE`."""

    folder: Path
    tree: dict[str, Any] = field(default_factory=dict)
    before: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    port: int = 0

    def __post_init__(self) -> None:
        secret = self.folder / "secret"
        secret.write_text(PASSWORD + "\n")
        secret.chmod(0o600)
        self.port = self.port or free_port()
        self.write(self.tree)

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.folder / "config.yaml"

    def write(self, tree: dict[str, Any]) -> None:
        """Write config.yaml: `tree` over `BASE`, state and pages of its own."""
        agent = {"state_directory": str(self.folder / "state"), "port": self.port}
        full = {**BASE, **tree, "agent": agent | tree.get("agent", {})}
        full["defaults"] = BASE["defaults"] | tree.get("defaults", {})
        fresh = self.config.with_suffix(".new")
        fresh.write_text(yaml.safe_dump(full, sort_keys=False))
        fresh.replace(self.config)

    def argv(self, *argv: str | Path) -> list[str]:
        """The full command line."""
        return [*self.before, str(COMMAND), *map(str, argv), "--config", str(self.config)]

    def env(self) -> dict[str, str]:
        """The environment of the command, without this test's own paths."""
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return {**kept, "TZ": "UTC", **self.environment}

    def run(self, *argv: str | Path, timeout: float = 120) -> Done:
        """Run a command to its end; it fails the test where that takes longer than `timeout`."""
        full, environment = self.argv(*argv), self.env()
        start = forked.run if self._is_forked(environment) else _started
        try:
            done = start(full, environment, timeout)
        except subprocess.TimeoutExpired as error:
            words = f"healthmon {argv[0]} has not ended after {timeout:.0f} s"
            raise AssertionError(words) from error
        return Done(done.returncode, done.stdout, done.stderr)

    def _is_forked(self, environment: Mapping[str, str]) -> bool:
        """Another build, or a command in surroundings of its own, begins as any program does."""
        return COMMAND == INSTALLED and not self.before and forked.usable(environment)

    def sweep(self, *argv: str, timeout: float = 120) -> Swept:
        """``healthmon sweep --json``."""
        began = time.monotonic()
        done = self.run("sweep", "--json", *argv, timeout=timeout)
        assert done.code in (0, 1, 2), done.text[-3000:]
        took = time.monotonic() - began
        return Swept(done.code, done.out, done.err, json.loads(done.out), took)

    @contextlib.contextmanager
    def agent(self, peers: Peers, *argv: str, seconds: float = 60) -> Iterator[Running]:
        """``healthmon run`` as a process; ready when it answers."""
        process = peers.start(*self.argv("run", *argv), env=self.env())
        running = Running(process, self.port, peers.log_of(process))
        running.until(running.answers, seconds)
        try:
            yield running
        finally:
            peers.stop(process)


def _started(
    argv: Sequence[str], environment: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv,
        capture_output=True,
        text=True,
        env=environment,
        stdin=subprocess.DEVNULL,
        timeout=timeout,
        check=False,
    )


@dataclass
class Running:
    """An agent that runs."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def get(self, path: str, timeout: float = 20) -> tuple[int, str]:
        """(status, body) of a page."""
        url = f"http://127.0.0.1:{self.port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=timeout) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def post(self, path: str, timeout: float = 60) -> tuple[int, str]:
        """(status, body) of a POST without a body."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method="POST")
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def answers(self) -> bool:
        """Whether its pages are there."""
        assert self.process.poll() is None, self.log.read_text(errors="replace")[-3000:]
        try:
            return self.get("/-/healthy", 2)[0] in (200, 401, 503)
        except OSError:
            return False

    def series(self, name: str, **labels: str) -> list[tuple[dict[str, str], float]]:
        """(labels, value) of every series of a metric whose labels hold `labels`."""
        found = series_of(self.get("/metrics")[1], name)
        return [(told, value) for told, value in found if labels.items() <= told.items()]

    def value(self, name: str, **labels: str) -> float | None:
        """The value of one series, None where there is none."""
        found = self.series(name, **labels)
        assert len(found) <= 1, found
        return found[0][1] if found else None

    def faults(self, device: str) -> set[str]:
        """The codes of the open faults of `device`."""
        rows = self.series("healthmon_fault_active", device=device)
        return {labels["code"] for labels, value in rows if value == 1}

    def until(self, true: Callable[[], object], seconds: float) -> float:
        """Wait until `true`; how long that took (seconds)."""
        began = time.monotonic()
        while not true():
            took = time.monotonic() - began
            assert took < seconds, (
                f"not so after {took:.0f} s\n" + self.log.read_text(errors="replace")[-3000:]
            )
            time.sleep(min(0.1 + took / 50, 0.5))
        return time.monotonic() - began
