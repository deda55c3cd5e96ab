"""A control room for tests: the simulated estate and the agent as processes, on loopback or in
network namespaces.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from helpers.exposition import series_of
from helpers.spelled_out import spelled_out
from helpers.support import Peers, free_port

ROOT = Path(__file__).parents[2]
PATIENCE = 3  # times what an idle machine needs: the tests run side by side on two cores
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "exporters"))),
    "TZ": "UTC",
}


class Room:
    """`inside` and `outside` are command prefixes (``ip netns exec NAME``) of the agent's and the
    devices' side.
    """

    def __init__(
        self,
        peers: Peers,
        folder: Path,
        inside: tuple[str, ...] = (),
        outside: tuple[str, ...] = (),
    ) -> None:
        self.peers, self.folder, self.inside, self.outside = peers, folder, inside, outside
        self.control, self.port = free_port(), free_port()
        self.agent: subprocess.Popen[bytes] | None = None
        self.log = Path()

    def estate(self, cameras: int, *more: str) -> None:
        argv = [
            "--folder",
            str(self.folder),
            "--control",
            str(self.control),
            "--agent-port",
            str(self.port),
            "--well",
        ]
        module = [
            *self.outside,
            sys.executable,
            "-m",
            "healthmon.demo",
            "--cameras",
            str(cameras),
            *argv,
            *more,
        ]
        process = self.peers.start(*module, env=ENVIRONMENT)
        until(lambda: "ready" in self.peers.log() or process.poll() is not None, 60)
        assert process.poll() is None, self.peers.log()[-3000:]

    def configure(self, change: Callable[[dict[str, Any]], None]) -> None:
        path = self.folder / "config.yaml"
        tree = spelled_out(yaml.safe_load(path.read_text()))
        change(tree)
        fresh = path.with_suffix(".new")
        fresh.write_text(yaml.safe_dump(tree, sort_keys=False))
        fresh.replace(path)

    def run(self, *argv: str) -> subprocess.Popen[bytes]:
        argv = (*argv, "--config", str(self.folder / "config.yaml"))
        return self.peers.start(
            *self.inside, sys.executable, "-m", "healthmon", *argv, env=ENVIRONMENT
        )

    def start(self) -> None:
        self.agent = self.run("run")
        self.log = self.peers.log_of(self.agent)
        self.until(self.ready, 60)

    def until(self, true: Callable[[], object], seconds: float) -> float:
        """Wait until it is so; how long that took. When it is not, the agent's own account is in
        the failure.
        """
        try:
            return until(true, seconds, self.agent)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.account()}") from None

    def account(self) -> str:
        """What the agent knows that is not well, and the end of its log."""
        lines: list[str] = []
        try:
            states = self.series("healthmon_device_state")
            for device in [
                known["device"] for known, value in states if value == 1 and known["state"] != "ok"
            ][:5]:
                lines += self._account_of(device)
            lines += [
                f"{known} {value:g}" for known, value in self.series("healthmon_fault_active")
            ]
            lines.append(f"own network ok: {self.value('healthmon_own_network_ok')}")
        except (OSError, subprocess.SubprocessError) as error:
            lines.append(f"it does not answer: {error}")
        return "\n".join(
            [*lines, "The end of its log:", self.log.read_text(errors="replace")[-4000:]]
        )

    def _account_of(self, device: str) -> list[str]:
        told = json.loads(self.get(f"/wall/device?id={device}"))["checks"]
        return [
            f"{device} {row['check']}: {row['state']}, {row['age']} s ago: {row['sentence']}"
            for row in told
            if row["state"] != "ok"
        ]

    def command(self, *argv: str) -> subprocess.CompletedProcess[str]:
        full = [
            *self.inside,
            sys.executable,
            "-m",
            "healthmon",
            *argv,
            "--config",
            str(self.folder / "config.yaml"),
        ]
        return subprocess.run(
            full, capture_output=True, text=True, env=ENVIRONMENT, timeout=120, check=False
        )

    def get(self, path: str) -> str:
        url = f"http://127.0.0.1:{self.port}{path}"
        if self.inside:
            argv = [*self.inside, "curl", "-sf", "--max-time", "20", url]
            return subprocess.run(
                argv, capture_output=True, text=True, timeout=40, check=True
            ).stdout
        with urllib.request.urlopen(url, timeout=60) as answer:
            return str(answer.read().decode())

    def ready(self) -> bool:
        try:
            return "ready" in self.get("/-/ready")
        except (OSError, subprocess.SubprocessError):
            return False

    def series(self, name: str) -> list[tuple[dict[str, str], float]]:
        return series_of(self.get("/metrics"), name)

    def value(self, name: str, **labels: str) -> float | None:
        found = [value for known, value in self.series(name) if labels.items() <= known.items()]
        return found[0] if found else None

    def unknown(self, device: str) -> bool:
        return self.value("healthmon_device_state", device=device, state="unknown") == 1

    def fault(self, device: str, name: str, on: bool = True) -> None:
        url = f"http://127.0.0.1:{self.control}/devices/{device}/fault"
        body, method = json.dumps({"name": name, "value": True}), "POST" if on else "DELETE"
        if self.outside:
            argv = [*self.outside, "curl", "-sf", "-X", method, "-d", body, url]
            subprocess.run(argv, check=True, capture_output=True, timeout=20)
            return
        urllib.request.urlopen(
            urllib.request.Request(url, body.encode(), method=method), timeout=60
        ).close()


def until(
    true: Callable[[], object], seconds: float, process: subprocess.Popen[bytes] | None = None
) -> float:
    """Wait until it is so; how long that took. `seconds` are those of a machine that has nothing
    else to do.
    """
    began = time.monotonic()
    while not true():
        assert process is None or process.poll() is None, f"ended with {process.poll()}"
        assert time.monotonic() - began < PATIENCE * seconds, f"not so after {PATIENCE * seconds} s"
        time.sleep(0.2)
    return time.monotonic() - began
