"""The installed agent with 80 healthy cameras beside 20 hostile ones: what it tells wrongly of the
healthy, how late it reacts, how it grows, and how soon it has a killed camera in its book.

`--xml-names` instead: an hour of ONVIF answers with ever fresh names, as fast as the agent takes
them.
"""

from __future__ import annotations

import copy
import logging
import os
import random
import re
import statistics
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from json import dumps, loads
from pathlib import Path
from subprocess import run
from typing import Any

import yaml

from benchmarks._builds import this_build
from benchmarks._hostile_peers import Bed, Ward, twenty, with_fresh_names
from benchmarks._measure import LAST_CPU, Row, estate, free_port
from benchmarks.soak import agent, metrics

HEALTHY, VICTIMS = 80, 10
WARM_SECONDS = 90.0
# The limits of detection: an interval, two tries of the timeout, the pause between them, and a second.
DEFAULTS = {
    "interval": "30 s",
    "timeout": "5 s",
    "watch": "1 s",
    "clock_interval": "1 min",
    "identity_interval": "2 min",
}
MOST_DETECTION, MOST_LAG, MOST_GROWTH, MOST_GROWTH_OF_NAMES = 46.0, 50.0, 10.0, 20.0
UNKNOWN = 2.0
LONGEST_WAIT = 120.0
# The agent tells its lag of 5 s; where it waited no longer for a CPU around them, the lag is its own.
LAG_PAGES, SHORT_WAIT = 6, 20.0
DEAD_AT_ONCE = 2
# Answers of one ONVIF camera in an hour, by the intervals of config.yaml's defaults: the clock every
# 5 min, the identity (two calls) every 10 min.
HOURLY, NAMED = 12 + 2 * 6, 80
_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
Sample = tuple[dict[str, str], float]


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all do not exceed; 0.0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def samples(text: str, *names: str) -> dict[str, list[Sample]]:
    """(labels, value) of the series of each of `names`."""
    found: dict[str, list[Sample]] = {name: [] for name in names}
    for line in text.splitlines():
        if line.startswith(names) and (match := _SAMPLE.match(line)) and match[1] in found:
            found[match[1]].append((dict(_LABEL.findall(match[2] or "")), float(match[3])))
    return found


@dataclass
class Killing:
    """Victims that are switched off one after the other, and when each was seen in the book."""

    control: int
    victims: Sequence[str]
    waits: list[float] = field(default_factory=list)
    lost: int = 0
    _dead: dict[str, float] = field(default_factory=dict)
    _rests: dict[str, float] = field(default_factory=dict)
    _next: float = 0.0

    def step(self, in_the_book: set[str], now: float) -> None:
        """One second: note who is in the book, revive them, and kill the next."""
        for victim, since in list(self._dead.items()):
            if victim in in_the_book or now - since > LONGEST_WAIT:
                self.waits.append(now - since)
                self.lost += victim not in in_the_book
                del self._dead[victim]
                self._switch(victim, dead=False)
                self._rests[victim] = now
        ready = [one for one in self.victims if self._may_die(one, in_the_book, now)]
        if ready and len(self._dead) < DEAD_AT_ONCE and now >= self._next:
            victim = random.choice(ready)
            self._switch(victim, dead=True)
            self._dead[victim] = time.monotonic()
            self._next = now + random.uniform(5, 25)

    def _may_die(self, victim: str, in_the_book: set[str], now: float) -> bool:
        """Whether it has been well again for a while."""
        rested = now - self._rests.get(victim, -LONGEST_WAIT) > LONGEST_WAIT / 2
        return victim not in self._dead and victim not in in_the_book and rested

    def _switch(self, victim: str, *, dead: bool) -> None:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.control}/devices/{victim}/fault",
            data=dumps({"name": "off"}).encode(),
            method="POST" if dead else "DELETE",
        )
        with urllib.request.urlopen(request, timeout=10):
            pass


@dataclass
class Watched:
    """What was seen of the agent, once a second: `lags` are its worst of 5 s, `waits` how long it has
    waited for a CPU in all (both in milliseconds).
    """

    healthy: set[str]
    lags: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    loads: list[float] = field(default_factory=list)
    unknown: set[tuple[str, ...]] = field(default_factory=set)
    stretches: int = 0
    failed_pages: int = 0

    def take_in(self, text: str, pid: int) -> set[str]:
        """One page; the devices that have a fault in the book."""
        found = samples(
            text,
            "healthmon_check_verdict",
            "healthmon_loop_lag_seconds",
            "healthmon_fault_active",
            "healthmon_fault_held",
        )
        self.lags.append(1000 * found["healthmon_loop_lag_seconds"][0][1])
        self.waits.append(waited_milliseconds(pid))
        self.memory.append(resident_megabytes(pid))
        self.loads.append(os.getloadavg()[0])
        unknown = {
            tuple(labels.values())
            for labels, value in found["healthmon_check_verdict"]
            if value == UNKNOWN and labels["device"] in self.healthy
        }
        self.stretches += len(unknown - self.unknown)
        self.unknown = unknown
        faults = found["healthmon_fault_active"] + found["healthmon_fault_held"]
        return {labels["device"] for labels, value in faults if value == 1}

    @property
    def own_lags(self) -> list[float]:
        """Those of `lags` around which the agent had a CPU whenever it wanted one."""
        began = (self.waits[max(0, at - LAG_PAGES)] for at in range(len(self.waits)))
        waited = (now - before for now, before in zip(self.waits, began, strict=True))
        pairs = zip(self.lags, waited, strict=True)
        return [lag for lag, wait in pairs if wait < SHORT_WAIT]

    @property
    def growth(self) -> float:
        """Megabytes from the first tenth to the last, by their medians."""
        tenth = max(1, len(self.memory) // 10)
        return statistics.median(self.memory[-tenth:]) - statistics.median(self.memory[:tenth])


def resident_megabytes(pid: int) -> float:
    """The memory of a process that is in use now."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024


def waited_milliseconds(pid: int) -> float:
    """How long the main thread of a process has waited for a CPU since it began (Linux,
    Documentation/scheduler/sched-stats); 0 where that is not told.
    """
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e6
    except OSError:
        return 0.0


def _with(shared: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """`row` with what it lacks of `shared`, sections key by key."""
    both = {key for key in shared.keys() & row.keys() if isinstance(shared[key], dict)}
    whole = shared | row | {key: shared[key] | row[key] for key in both}
    return copy.deepcopy(whole)  # an object that stands twice would be written as an anchor


@contextmanager
def room(config: Path, beds: list[Bed]) -> Iterator[None]:
    """`config` of a simulated estate with the devices of `beds` added, which are served meanwhile."""
    tree = yaml.safe_load(config.read_text())
    tree["defaults"] = tree.get("defaults", {}) | DEFAULTS
    # What the simulated cameras have in common is not for the hostile ones.
    shared = tree["defaults"].pop("camera", {})
    tree["cameras"] = [_with(shared, row) for row in tree["cameras"]]

    def change(made: dict[str, Any]) -> None:
        added, view = made["cameras"], made["credentials"]
        made.clear()
        made |= tree
        made["credentials"] = tree["credentials"] | view
        made["sites"] = [*tree["sites"], {"id": "s", "bandwidth": "10 Gbit/s"}]
        made["cameras"] = [*tree["cameras"], *added]

    with Ward(config.parent, beds).open(change):
        yield


def watch(
    port: int, pid: int, watched: Watched, killing: Killing, seconds: float
) -> Mapping[str, float]:
    """Look once a second for so long; how the counters have grown."""
    first = counters(metrics(port), watched.healthy)
    ends = time.monotonic() + seconds
    while (now := time.monotonic()) < ends:
        try:
            text = metrics(port)
        except OSError:
            watched.failed_pages += 1
        else:
            killing.step(watched.take_in(text, pid), time.monotonic())
        time.sleep(max(0.0, now + 1 - time.monotonic()))
    last = counters(metrics(port), watched.healthy)
    return {name: last[name] - first[name] for name in first}


def counters(text: str, healthy: set[str]) -> dict[str, float]:
    """Counters of the agent; those of checks for the healthy devices."""
    runs, failures = "healthmon_check_runs_total", "healthmon_check_failures_total"
    own = "healthmon_bugs_total", "healthmon_looks_skipped_total"
    found = samples(text, runs, failures, *own)
    of_healthy = {
        name: sum(value for labels, value in found[name] if labels["device"] in healthy)
        for name in (runs, failures)
    }
    return of_healthy | {name: sum(value for _, value in found[name]) for name in own}


def book(config: Path) -> list[dict[str, Any]]:
    """Every fault that is in the book, by the command for it."""
    argv = [str(this_build().command), "faults", "--json", "--config", str(config)]
    rows_of_book: list[dict[str, Any]] = loads(run(argv, capture_output=True, check=True).stdout)
    return rows_of_book


def rows(minutes: float = 20.0, xml_names: bool = False, realtime: bool = False) -> Iterator[Row]:
    """The figures with their gates."""
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # floods write where nobody reads
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {LAST_CPU})  # the agent has the other one to itself
    yield from fresh_names() if xml_names else beside(minutes, realtime=realtime)


def beside(minutes: float, *, realtime: bool) -> Iterator[Row]:
    """80 healthy cameras beside 20 hostile ones for so long; with `realtime` the agent gets a CPU
    before everything else on this machine.
    """
    port, control = free_port(), free_port()
    with estate(HEALTHY + VICTIMS, port, control=control) as config:
        cameras = [row["id"] for row in yaml.safe_load(config.read_text())["cameras"]]
        watched = Watched(set(cameras[:HEALTHY]))
        killing = Killing(control, cameras[HEALTHY:])
        with room(config, twenty()), agent(this_build(), config) as pid:
            if realtime:
                os.sched_setscheduler(pid, os.SCHED_RR, os.sched_param(1))
            time.sleep(WARM_SECONDS)
            grown = watch(port, pid, watched, killing, 60 * minutes)
            faults = book(config)
    written = [row["device"] for row in faults]
    name = f"hostile, {minutes:g} min: "
    false = sum(device in watched.healthy for device in written)
    killed = sum(device in killing.victims for device in written)
    for row in faults:
        if row["device"] in watched.healthy:
            print(f"  {row['since']} {row['device']}: {row['sentence']}", file=sys.stderr)
    yield Row(name + "faults of healthy cameras", false, unit="faults", gate=0)
    yield Row(name + "UNKNOWN stretches of them", watched.stretches, unit="count", gate=0)
    yield Row(
        name + "their checks without a value",
        grown["healthmon_check_failures_total"],
        grown["healthmon_check_runs_total"],
        unit="checks",
    )
    yield Row(
        name + "loop lag, p99 of each 5 s",
        percentile(watched.lags, 0.99),
        unit="ms",
        gate=MOST_LAG,
    )
    yield Row(name + "loop lag, worst", max(watched.lags), unit="ms")
    own = watched.own_lags
    yield Row(
        name + f"p99 where no CPU was waited for, {100 * len(own) // len(watched.lags)} %",
        percentile(own, 0.99),
        unit="ms",
    )
    waited = (watched.waits[-1] - watched.waits[0]) / (600 * minutes)
    yield Row(name + "time that it waited for a CPU", waited, unit="%")
    yield Row(name + "growth of memory (RSS)", watched.growth, unit="MB", gate=MOST_GROWTH)
    yield Row(name + "memory at the end", watched.memory[-1], unit="MB")
    yield Row(
        name + f"killed camera in the book, p99 of {len(killing.waits)}",
        percentile(killing.waits, 0.99),
        unit="s",
        gate=MOST_DETECTION,
    )
    missed = max(killing.lost, len(killing.waits) - killed)
    yield Row(name + "killed cameras that are not in the book", missed, unit="count", gate=0)
    yield Row(name + "bugs", grown["healthmon_bugs_total"], unit="count", gate=0)
    yield Row(name + "checks missed", grown["healthmon_looks_skipped_total"], unit="checks", gate=0)
    yield Row(name + "scrapes that failed", watched.failed_pages, unit="count", gate=0)
    yield Row(name + "load of the machine, mean", statistics.fmean(watched.loads), unit="")


def fresh_names(cameras: int = 100) -> Iterator[Row]:
    """As many answers with fresh names as `cameras` give in an hour, from a few that are asked each
    second.
    """
    wanted = HOURLY * cameras
    port = free_port()
    beds, webs = with_fresh_names(NAMED)
    with estate(1, port) as config, room(config, beds):
        _hurried(config)
        with agent(this_build(), config) as pid:
            time.sleep(WARM_SECONDS / 3)
            before, first = sum(web.answers for web in webs), resident_megabytes(pid)
            began = time.monotonic()
            while (answers := sum(web.answers for web in webs) - before) < wanted:
                print(f"\r{answers} of {wanted} answers", end="", file=sys.stderr, flush=True)
                time.sleep(1)
            took, last = time.monotonic() - began, resident_megabytes(pid)
    name = f"fresh XML names, {answers} answers (an hour of {cameras} cameras) in {took:.0f} s: "
    yield Row(name + "growth (RSS)", last - first, unit="MB", gate=MOST_GROWTH_OF_NAMES)
    yield Row("fresh XML names: memory at the end", last, unit="MB")


def _hurried(config: Path) -> None:
    """Let the clocks and the identity be checked all the time."""
    tree = yaml.safe_load(config.read_text())
    tree["defaults"] |= {"clock_interval": "1 s", "identity_interval": "1 s"}
    config.write_text(yaml.safe_dump(tree, sort_keys=False))
