"""10,000 cameras over two agents of one PostgreSQL on this machine, or as many as the simulator carries beside them
(`_simulator_load`, which is found first): what each agent uses, what was missed, who made the checks.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import yaml

from benchmarks._builds import environment_of_child, this_build
from benchmarks._measure import Row, cpu_of, estate, free_port
from benchmarks._simulator_load import INTERVAL, Load, largest, memory
from benchmarks.soak import listening, metric, metrics

ROOT = Path(__file__).parents[1]
NAMES = ("north", "south")
START_SECONDS, WARM_ROUNDS = 300.0, 1.5
MOST_LAG_MS = 50.0
PAUSE_SECONDS = 5.0


def rows(cameras: int = 10_000, minutes: float = 4.0, size: int = 0) -> Iterator[Row]:
    """The simulator first, unless a `size` is given; then the agents."""
    sys.path.insert(0, str(ROOT / "tests"))
    from helpers.peers.namespaces import own_loopback

    own_loopback()  # where that is allowed: nobody else has ports there
    os.sched_setaffinity(0, range(os.cpu_count() or 1))  # for all that is started here
    if not size:
        tried = largest(cameras)
        yield from map(_row_of, tried)
        if not tried[-1].carried:
            return
        size = tried[-1].cameras
    with ExitStack() as held:
        agents, pids = _started(held, size)
        yield from _measured(size, agents, pids, 60 * minutes)


def _row_of(load: Load) -> Row:
    return Row(load.text(), 100 * load.served, unit="%")


def _started(held: ExitStack, cameras: int) -> tuple[dict[str, int], dict[str, int]]:
    """The ports and the processes of both agents, the one that has the estate first."""
    from helpers.databases import postgres
    from helpers.support import Peers

    folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="healthmon-two-")))
    peers = held.enter_context(closing(Peers(folder)))
    _server, url = postgres(peers)
    ports = {name: free_port() for name in NAMES}
    config = held.enter_context(estate(cameras, ports[NAMES[0]]))
    tree = yaml.load(config.read_text(), yaml.CSafeLoader)
    tree["database"] = {"url": url.replace("healthmon@", ""), "credential": "database"}
    tree["database"] |= {"takeover": "30 s", "share": "yes"}
    tree["credentials"]["database"] = {"username": "healthmon", "secret": {"file": "secrets/view"}}
    secret = config.parent / "secrets/view"
    secret.write_text("none\n")
    secret.chmod(0o600)
    pids = {}
    for name, port in ports.items():
        path = config.parent / f"{name}.yaml"
        tree["agent"] = {"port": port, "state_directory": str(config.parent / name)}
        (config.parent / name).mkdir(mode=0o700)
        path.write_text(yaml.dump(tree, Dumper=yaml.CSafeDumper, sort_keys=False))
        command = (str(this_build().command), "run", "--config", str(path))
        env = environment_of_child() | {"HEALTHMON_AGENT": name}
        pids[name] = peers.start(*command, env=env).pid
        _until_it_answers(port, peers)
    return ports, pids


def _until_it_answers(port: int, peers: Any) -> None:
    end = time.monotonic() + START_SECONDS
    while not listening(port):
        if time.monotonic() > end:
            raise OSError(f"the agent does not answer: {peers.log()[-2000:]}")
        time.sleep(0.5)


def _measured(
    cameras: int, ports: dict[str, int], pids: dict[str, int], seconds: float
) -> Iterator[Row]:
    holder = ports[NAMES[0]]
    time.sleep(WARM_ROUNDS * INTERVAL)
    before, began = metrics(holder), time.monotonic()
    used = {name: cpu_of(pid) for name, pid in pids.items()}
    lags = []
    while time.monotonic() - began < seconds:
        time.sleep(PAUSE_SECONDS)
        with contextlib.suppress(OSError):
            lags.append(1000 * metric(metrics(holder), "healthmon_loop_lag_seconds"))
    took, after = time.monotonic() - began, metrics(holder)

    def more(name: str) -> float:
        return metric(after, name) - metric(before, name)

    for name, pid in pids.items():
        share = 100 * (cpu_of(pid) - used[name]) / took
        yield Row(f"{cameras} cameras, {name}: share of a core", share, unit="%")
        yield Row(f"{cameras} cameras, {name}: memory (RSS)", memory(pid), unit="MB")
    runs, missed = more("healthmon_check_runs_total"), more("healthmon_looks_skipped_total")
    given = _given(after) - _given(before)
    yield Row("checks made in a second", runs / took, unit="checks")
    yield Row("checks missed, of 100 due", 100 * missed / max(1.0, runs + missed), unit="%", gate=0)
    yield Row("checks that the other agent made, of 100", 100 * given / max(1.0, runs), unit="%")
    late = sorted(lags)[len(lags) * 99 // 100]
    yield Row("loop lag of the one that plans, p99", late, unit="ms", gate=MOST_LAG_MS)
    found = Counter(
        re.findall(r'^healthmon_fault_active{.*code="(\w+)".*} 1$', after, re.MULTILINE)
    )
    told = ", ".join(f"{code}: {number}" for code, number in found.items())
    yield Row(f"faults invented ({told})", found.total(), unit="faults", gate=0)


def _given(text: str) -> float:
    """How many checks others have made."""
    rows = [line for line in text.splitlines() if line.startswith("healthmon_dealt_checks_total{")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in rows if 'agent=""' not in line)
