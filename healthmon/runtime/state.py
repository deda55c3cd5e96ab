"""What was learned while running: kept over a reload, made from nothing at a start."""

from __future__ import annotations

import copy
import time
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from healthmon.checks.probes.context import DeviceMemory
from healthmon.checks.probes.ptz_moves import PtzMoves
from healthmon.checks.probes.reference import aged
from healthmon.incidents.confirmation import FaultBook
from healthmon.incidents.picture_answers import Answers
from healthmon.model.device import CheckKey
from healthmon.model.enums import Reason
from healthmon.model.measurements import Reference
from healthmon.model.results import CheckResult
from healthmon.protocols.trace import Trace
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.protocols.transport.names import NameCache
from healthmon.runtime.estate import Estate
from healthmon.runtime.kept_results import KeptResult, KeptResults
from healthmon.scheduling.data_budget import DataUsage
from healthmon.vendors.disk_bays import DiskBays
from healthmon_exporters.wall.snapshot import LatestResults

MOST_FAILURES = 500
_AWAY = frozenset({Reason.NOT_REACHED, Reason.AGENT_NETWORK})


@dataclass(slots=True)
class KnownTime:
    """The last trustworthy time reference. `base` is wall clock minus monotonic clock when it was
    made: another difference now means that the wall clock was stepped.
    """

    reference: Reference | None = None
    base: float = 0.0

    def now(self) -> Reference | None:
        """The reference with an error that grows with its age."""
        if self.reference is None:
            return None
        stepped = time.time() - time.monotonic() - self.base
        return aged(self.reference, time.time(), stepped)

    def apply(self, found: Reference) -> None:
        """Keep `found`, unless it is the one that is known already, shown once more."""
        if self.reference is not None and found.at == self.reference.at:
            return
        self.reference, self.base = found, time.time() - time.monotonic()


@dataclass(frozen=True, slots=True)
class FailedRun:
    """The last run of a check that did not end well: its result and what was said on the wire."""

    result: CheckResult
    trace: Trace


@dataclass(slots=True)
class AgentState:
    """Everything that a running agent has learned; nothing that the file says.

    `down` maps unreachable devices to since when (Unix seconds), `cut` those that this machine's
    own network keeps from us to why, `ports` what the switch port of a device tells of why it is
    lost. `kiss_of_death_until` are time servers that asked to be left alone: until when
    (monotonic), and their words. The latest run of the checks that are `away` did not reach the device,
    or our own network was not there. `doubtful` checks are confirmed soon; `untimed` ones wait for the
    time reference. `answers` are the pictures that people have called false alarms. `ptz_moves` are the
    last moves of PTZ cameras. `failures` holds at most `MOST_FAILURES` failed runs, the oldest first.
    """

    book: FaultBook = field(default_factory=FaultBook)
    lockout_guard: LockoutGuard = field(default_factory=LockoutGuard)
    disk_bays: DiskBays = field(default_factory=DiskBays)
    known_time: KnownTime = field(default_factory=KnownTime)
    memory: dict[str, DeviceMemory] = field(default_factory=dict)
    names: NameCache = field(default_factory=NameCache)
    data: DataUsage = field(default_factory=DataUsage)
    kiss_of_death_until: dict[tuple[str, int], tuple[float, str]] = field(default_factory=dict)
    down: dict[str, float] = field(default_factory=dict)
    cut: dict[str, str] = field(default_factory=dict)
    ports: dict[str, str] = field(default_factory=dict)
    results: KeptResults = field(default_factory=KeptResults)
    latest_results: LatestResults = field(default_factory=LatestResults)
    failures: OrderedDict[CheckKey, FailedRun] = field(default_factory=OrderedDict)
    away: set[CheckKey] = field(default_factory=set)
    doubtful: set[CheckKey] = field(default_factory=set)
    untimed: set[CheckKey] = field(default_factory=set)
    answers: Answers = field(default_factory=dict)
    ptz_moves: PtzMoves = field(default_factory=PtzMoves)

    @classmethod
    def of(cls, estate: Estate) -> AgentState:
        """A state that knows nothing but what earlier runs have left of logins and disks."""
        folder = estate.state_directory
        guard = LockoutGuard(folder / "logins.json" if folder else None)
        bays = DiskBays(folder / "disks.json" if folder else None)
        moves = PtzMoves(folder / "ptz" if folder else None)
        return cls(FaultBook(estate.policy), guard, bays, ptz_moves=moves)

    def retain(self, changed: Collection[str], keys: Collection[CheckKey]) -> None:
        """Forget what was learned of the `changed` devices, and the results of checks that are not
        in `keys`. What is open in the fault book is closed by its own rule (`FaultBook.remove`).
        """
        for known in (self.memory, self.down, self.cut, self.ports):
            for name in known.keys() & changed:
                del known[name]
        for kept in (self.results, self.failures):
            for key in kept.keys() - keys:
                del kept[key]
        self.latest_results.keep(keys)
        self.away.intersection_update(keys)
        self.doubtful.intersection_update(keys)
        self.untimed.intersection_update(keys)

    def detached(self, devices: Collection[str]) -> AgentState:
        """A copy for a run out of turn at `devices`: what protects them (logins, data used) is
        shared, what is believed of them is a copy that the run may change.
        """
        memory = dict(self.memory)
        memory.update({name: copy.deepcopy(memory[name]) for name in memory.keys() & devices})
        return replace(
            self,
            memory=memory,
            known_time=replace(self.known_time),
            down=dict(self.down),
            cut=dict(self.cut),
            ports=dict(self.ports),
            ptz_moves=replace(self.ptz_moves, record=None),
        )

    def apply(self, result: CheckResult) -> None:
        """Keep the latest result of a check."""
        key = result.check.key
        self.results[key] = KeptResult.of(result)
        if result.observation.reason in _AWAY:
            self.away.add(key)
        else:
            self.away.discard(key)
        self.latest_results.apply(result)

    def note_failure(self, run: FailedRun) -> None:
        """Keep the last failed run of a check."""
        key = run.result.check.key
        self.failures[key] = run
        self.failures.move_to_end(key)
        while len(self.failures) > MOST_FAILURES:
            self.failures.popitem(last=False)
