"""The agent with 1,000 cameras every 60 s: share of a core, memory, missed looks."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from benchmarks._measure import Row, cpu_of, estate, pin_child

PORT = 19878


def metric(text: str, name: str) -> float:
    """The sum of the samples of a family. Raises AssertionError where there is no such family."""
    values = re.findall(rf"^{name}(?:{{[^\n]*}})? (\S+)$", text, re.MULTILINE)
    if not values and f"# TYPE {name} " not in text:
        raise AssertionError(f"/metrics has no {name}")
    return sum(map(float, values))


def metrics() -> str:
    """What a scrape of Prometheus gives; it always asks for gzip."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{PORT}/metrics", headers={"Accept-Encoding": "gzip"}
    )
    with urllib.request.urlopen(request, timeout=10) as reply:
        return gzip.decompress(reply.read()).decode()


def rows(seconds: float = 120.0, cameras: int = 1000) -> list[Row]:
    """The first 65 s (start, first round) are not counted as CPU."""
    with estate(cameras, PORT) as path:
        argv = [sys.executable, "-m", "healthmon", "run", "--config", str(path)]
        agent = subprocess.Popen(
            argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=pin_child(0)
        )  # noqa: PLW1509 - no threads here
        try:
            time.sleep(65)
            began, used, runs = (
                time.monotonic(),
                cpu_of(agent.pid),
                metric(metrics(), "healthmon_check_runs_total"),
            )
            time.sleep(seconds)
            took, used = time.monotonic() - began, cpu_of(agent.pid) - used
            text = metrics()
            status = Path(f"/proc/{agent.pid}/status").read_text()
        finally:
            agent.terminate()
            agent.wait(20)
    peak = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024
    looks = metric(text, "healthmon_check_runs_total") - runs
    name = f"agent, {cameras} cameras every 60 s: "
    return [
        Row(name + "share of a core", 100 * used / took, unit="%"),
        Row(name + "CPU of a look", 1000 * used / looks),
        Row(name + "largest memory (RSS)", peak, unit="MB", gate=120),
        Row(
            name + "faults invented", metric(text, "healthmon_fault_active"), unit="faults", gate=0
        ),
        Row(
            name + "looks missed",
            metric(text, "healthmon_looks_skipped_total"),
            unit="looks",
            gate=0,
        ),
    ]
