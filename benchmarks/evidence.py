"""The figures of reports: how long a year of 150 cameras takes, and whether every figure equals a count
of every second.

``python -m benchmarks evidence`` does the first, and a month of 150 cameras by every second (some
minutes). With ``--year-cameras N`` it also counts a year of so many cameras, one at a time.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from benchmarks._measure import Row
from healthmon.incidents.acts import ActKind, act
from healthmon.incidents.confirmation import Fault
from healthmon.incidents.incident import Incident
from healthmon.model.enums import State
from healthmon.runtime.report_child import made_apart
from healthmon.store import Batch, Segment, Store

ROOT = Path(__file__).parents[1]
CAMERAS, DAY, YEAR = 150, 86400, 2025
SINCE = 1_735_689_600  # 1 January 2025 in London
CHECKS = ("reach", "stream", "recording", "clock")
# A change of state every half day of each check of each camera, and two faults a month of each camera.
STRETCH, FAULTS_A_YEAR = 43_200, 24
MOST_SECONDS, MOST_MEGABYTES, MOST_LAG_MS = 20.0, 300.0, 50.0
TICK_SECONDS = 0.01


def rows(cameras: int = CAMERAS, year_cameras: int = 0) -> Iterator[Row]:
    """The year's report, then the figures that differ from those of every second."""
    with tempfile.TemporaryDirectory(prefix="healthmon-evidence-") as name:
        folder = Path(name)
        config = _year(folder, cameras)
        cost, body = _reported(config)
        faults = json.loads(body)["figures"][5]["value"]
        lag, steps = asyncio.run(_beside(config))
    words = f"annual report, {cameras} cameras, {faults:,.0f} faults"
    yield Row(words, cost.seconds, None, "s", MOST_SECONDS)
    yield Row("  its CPU time", cost.cpu, None, "CPU-s", MOST_SECONDS)
    yield Row("  its most memory", cost.megabytes, None, "MB", MOST_MEGABYTES)
    yield Row("  times that its progress was told", steps, None, "times")
    yield Row("  lag of the loop that waits for it, p99", lag * 1000, None, "ms", MOST_LAG_MS)
    words = f"month of {cameras} cameras: figures unlike every second"
    yield Row(words, _unlike(cameras), None, "figures", 0)
    if year_cameras:
        unlike = sum(map(_unlike_in_year, range(year_cameras)))
        words = f"year of {year_cameras} cameras, one at a time: figures unlike every second"
        yield Row(words, unlike, None, "figures", 0)


def _unlike_in_year(number: int) -> float:
    """The same of a year of one camera."""
    unlike = _unlike(1, first=number, months=12)
    print(f"  camera {number + 1}: {unlike:.0f} figures unlike", file=sys.stderr, flush=True)
    return unlike


def _year(folder: Path, cameras: int) -> Path:
    """A configuration and its store with a whole year; config.yaml."""
    tree = {
        "estate": {"name": "Benchmark", "time_zone": "Europe/London", "shifts": ["07:00", "19:00"]},
        "agent": {"state_directory": str(folder)},
        "sites": [{"id": "s", "name": "Site"}],
        "cameras": [
            {
                "id": f"C{one:03d}",
                "name": f"Camera {one}",
                "site": "s",
                "address": f"192.0.2.{one % 250 + 1}",
                "kind": "fixed",
            }
            for one in range(cameras)
        ],
    }
    config = folder / "config.yaml"
    config.write_text(yaml.safe_dump(tree))
    store = Store.open(f"sqlite:///{folder / 'healthmon.db'}")
    store.record(Batch(alive=float(SINCE)))
    for number in range(cameras):
        _camera(store, number)
    store.record(Batch(alive=float(SINCE + 366 * DAY)))
    store.close()
    return config


def _camera(store: Store, number: int) -> None:
    """The timeline and the faults of one camera."""
    device, words = f"C{number:03d}", ("ok", "fault", "ok", "unknown", "ok", "degraded")
    segments = [
        Segment(device, check, words[(at + column) % len(words)], begin, begin + STRETCH)
        for column, check in enumerate(CHECKS)
        for at, begin in enumerate(range(SINCE + number, SINCE + 365 * DAY, STRETCH))
    ]
    incidents = {}
    for index in range(FAULTS_A_YEAR):
        begin = float(SINCE + index * 15 * DAY + number)
        known = Fault(device, "reach", "", "a", "unreachable", State.FAULT, "x", begin, begin + 60)
        key = number * FAULTS_A_YEAR + index + 1
        incidents[key] = Incident(
            key, device, "s", (), begin, 0.0, told=begin + 90, past=(known,), closed=begin + 7200
        )
    store.record(Batch(segments=segments, incidents=incidents))
    made = act(ActKind.CLOSE, "A", float(SINCE + 366 * DAY), None, cause="device")
    with store._engine.transaction():
        for key in incidents:
            store._add(replace(made, number=key), None)


@dataclass(frozen=True)
class Cost:
    """What a report took."""

    seconds: float
    cpu: float
    megabytes: float


def _reported(config: Path) -> tuple[Cost, bytes]:
    """Its cost, and what was printed."""
    argv = [sys.executable, "-m", "healthmon", "report", "annual", "--period", str(YEAR)]
    began, before = time.monotonic(), _cpu()
    done = subprocess.run(
        [*argv, "--format", "json", "--config", str(config)], capture_output=True, check=True
    )
    seconds = time.monotonic() - began
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Cost(seconds, _cpu() - before, most), done.stdout


def _cpu() -> float:
    """CPU seconds of the children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def _beside(config: Path) -> tuple[float, int]:
    """The same report made as the agent makes it: seconds by which the event loop was late, p99, and
    how often it was told how far the report is.
    """
    told: list[int] = []
    making = asyncio.create_task(
        made_apart(
            config, ("annual", "--period", str(YEAR)), progress=lambda n, _all: told.append(n)
        )
    )
    late = []
    while not making.done():
        due = time.monotonic() + TICK_SECONDS
        await asyncio.sleep(TICK_SECONDS)
        late.append(time.monotonic() - due)
    await making
    return sorted(late)[len(late) * 99 // 100], len(told)


def _unlike(cameras: int, *, first: int = 0, months: int = 1) -> float:
    """How many figures differ from those of every second, of a month or a year of planted outages."""
    sys.path.insert(0, str(ROOT / "tests"))
    from helpers import evidence_months, naive_evidence
    from helpers.evidence_record import configuration, record, reported, values

    begin, interval = (10, 600) if months == 1 else (1, 1800)
    planted = evidence_months.month(YEAR, begin, cameras, interval, months, first)
    # In memory where that is possible: what is written has to last for a minute only.
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(prefix="healthmon-evidence-", dir=memory) as name:
        folder = Path(name)
        store = Store.open(f"sqlite:///{folder / 'history.db'}")
        record(planted, store)
        period = f"{YEAR}-10" if months == 1 else str(YEAR)
        found = values(
            reported(planted, configuration(planted, folder), store, [period]).figures[0]
        )
        store.close()
    expected = naive_evidence.expected(planted)
    unlike = {key for key, value in expected.items() if not _same(found[key], value)}
    for key in sorted(unlike):
        print(f"{key}: {found[key]} is not {expected[key]}", file=sys.stderr)
    return float(len(unlike))


def _same(one: float | None, other: float) -> bool:
    return one is not None and abs(one - other) <= 1e-6 + 1e-9 * abs(other)
