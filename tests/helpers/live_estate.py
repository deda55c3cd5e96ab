"""The simulated estate, the real agent that watches it every few seconds, and Debian's Prometheus
that scrapes it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from helpers.spelled_out import spelled_out
from helpers.support import Peers, free_port

ROOT = Path(__file__).parents[2]
# Of the plan's 147 cameras: some well ones, and those whose faults the dashboards show.
WELL = ("C001", "C002", "C003", "C010")
FAULTY = (
    "C017",
    "C023",
    "C031",
    "C042",
    "C058",
    "C063",
    "C096",
    "C101",
    "C102",
    "C120",
    "C121",
    "C122",
)
CAMERAS = (*WELL, *FAULTY)


@dataclass
class Live:
    """A running agent behind a Prometheus."""

    prometheus: str
    agent: subprocess.Popen[bytes]
    control: int

    def check(self, expression: str, kind: str = "query", **more: float) -> list[dict[str, Any]]:
        """The result of a PromQL query; AssertionError with Prometheus' words when it refuses."""
        data = urllib.parse.urlencode({"query": expression, **more}).encode()
        try:
            with urllib.request.urlopen(
                f"{self.prometheus}/api/v1/{kind}", data, timeout=30
            ) as answer:
                return json.load(answer)["data"]["result"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{json.load(error)['error']}\n{expression}") from None

    def number(self, expression: str) -> float | None:
        """The value of a query that gives one series, None for no data."""
        rows = self.check(expression)
        assert len(rows) <= 1, rows
        return float(rows[0]["value"][1]) if rows else None

    def fault(self, device: str, name: str, *, on: bool) -> None:
        """Switch a fault of the simulated device."""
        url = f"http://127.0.0.1:{self.control}/devices/{device}/fault"
        request = urllib.request.Request(
            url, json.dumps({"name": name}).encode(), method="POST" if on else "DELETE"
        )
        urllib.request.urlopen(request, timeout=60).close()

    def until(self, what: Callable[[], bool], seconds: float = 180) -> None:
        """Wait for `what` to be true."""
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, "what was waited for has not come"
            time.sleep(0.5)


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'exporters'}", "TZ": "UTC"}


def quick(folder: Path) -> None:
    """Make the estate's configuration small and quick, with a way out that nobody listens to."""
    path = folder / "config.yaml"
    tree = spelled_out(yaml.safe_load(path.read_text()))
    tree["cameras"] = [row for row in tree["cameras"] if row["id"] in CAMERAS]
    parents = {row["parent"] for row in tree["cameras"]}
    tree["links"] = [row for row in tree["links"] if row["id"] in parents or "relay" in row]
    for row in tree["cameras"]:
        row["contractor"] = "acme"
    for row in tree["recorders"]:
        row["playback"] = {"interval": "60 s", "seconds": "0.5 s", "budget": "100 Mbit/s"}
    for row in tree["links"]:
        if "relay" in row:
            row["relay"] = [one for one in row["relay"] if one["camera"] in CAMERAS]
        if row["id"] == "S02":
            row |= {"metered": {"per_day": "20 MB"}, "interval": "4 s"}
    tree["contractors"] = [{"id": "acme", "name": "Acme"}]
    quickly = (
        "interval",
        "clock_interval",
        "identity_interval",
        "ups_interval",
        "recording_interval",
        "reference_interval",
    )
    tree["defaults"] = dict.fromkeys(quickly, "4 s") | {
        "watch": "2 s",
        "cause": {"hold": "2 s", "quiet": "1 s", "longest": "3 s"},
    }
    tree["maintenance"] = [
        {"devices": ["C042"], "start": "2020-01-01 00:00", "end": "2099-01-01 00:00"}
    ]
    tree["notify"] = {
        "desk": {"syslog": {"server": "127.0.0.1", "port": free_port(), "transport": "tcp"}}
    }
    tree["routes"] = [{"to": ["desk"]}]
    path.write_text(yaml.safe_dump(tree, sort_keys=False))


def prometheus(peers: Peers, agent_port: int) -> str:
    """A Prometheus that scrapes the agent every second under the job healthmon and knows our rules;
    its address.
    """
    port, config = free_port(), peers.folder / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
        f"rule_files: ['{ROOT}/dashboards/rules/*.rules.yaml']\n"
        "scrape_configs: [{job_name: healthmon, "
        f"static_configs: [{{targets: ['127.0.0.1:{agent_port}']}}]}}]\n"
    )
    peers.start(
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={peers.folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    )
    peers.wait_ready(port)
    return f"http://127.0.0.1:{port}"


@contextmanager
def live_estate(folder: Path) -> Iterator[Live]:
    """Everything started and ended."""
    peers = Peers(folder)
    control, agent_port = free_port(), free_port()
    argv = [
        sys.executable,
        "-m",
        "healthmon.demo",
        "--folder",
        str(folder),
        "--control",
        str(control),
    ]
    try:
        peers.start(*argv, "--agent-port", str(agent_port), env=environment())
        peers.wait_tcp("127.0.0.1", control, 60)
        quick(folder)
        agent = peers.start(
            sys.executable,
            "-m",
            "healthmon",
            "run",
            "--config",
            folder / "config.yaml",
            env=environment(),
        )
        address = prometheus(peers, agent_port)
        peers.wait_tcp("127.0.0.1", agent_port, 60)
        yield Live(address, agent, control)
        assert agent.poll() in (None, 0, -signal.SIGTERM, -signal.SIGKILL), peers.log()[-3000:]
    finally:
        peers.close()
