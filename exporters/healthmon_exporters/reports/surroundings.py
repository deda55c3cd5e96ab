"""What the lines of the function check need beside the verdicts of a sweep: power events of the
record, and whether the monitor itself is watched. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from healthmon.checks.evaluation.durations import duration
from healthmon.checks.function_check.cells import Cell, Mark, PowerEvent, Surroundings
from healthmon.incidents.confirmation import Fault
from healthmon.incidents.incident import Incident
from healthmon.model.device import Device
from healthmon.model.enums import AGENT, State
from healthmon.model.results import Verdict

POWER_EVENTS = frozenset({"not_protecting", "on_battery", "restarted", "ups_shutdown"})
SILENT_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Record:
    """What the agent has kept: its open incidents, those that `ended` since the last check
    (`since`), when it was last `alive` and when the last whole sweep was made (Unix seconds).
    `problem` says why there is no record, "" where there is one.
    """

    since: float
    incidents: tuple[Incident, ...] = ()
    ended: tuple[Incident, ...] = ()
    alive: float | None = None
    last_sweep: float | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Around:
    """Makes the surroundings at `now`; `clock` writes a moment as a time of day."""

    record: Record
    now: float
    clock: Callable[[float], str]
    devices: Mapping[str, Device] = field(default_factory=dict)

    def surroundings(self, verdicts: Iterable[Verdict]) -> Surroundings:
        """Power events and the cell of C24; `verdicts` are those of the sweep."""
        events = (*self._of_record(), *self._of_sweep(verdicts))
        return Surroundings(
            self.record.since, tuple(events), self._power_unknown(), self._monitor()
        )

    def _of_record(self) -> Iterator[PowerEvent]:
        for incident in (*self.record.incidents, *self.record.ended):
            for fault in (*incident.faults, *incident.past):
                if fault.code in POWER_EVENTS:
                    yield self._event(incident, fault)

    def _event(self, incident: Incident, fault: Fault) -> PowerEvent:
        over = incident.closed is not None or fault in incident.past
        words = f"{self._who(fault.device)}: {fault.sentence}"
        if incident.closed is None:
            return PowerEvent(fault.device, f"{words}, since {self.clock(fault.since)}", over)
        length = duration(incident.closed - fault.since)
        times = f"{self.clock(fault.since)} to {self.clock(incident.closed)}, {length}"
        return PowerEvent(fault.device, f"{words} ({times})", over)

    def _of_sweep(self, verdicts: Iterable[Verdict]) -> Iterator[PowerEvent]:
        """What this sweep has seen and the record does not have yet."""
        known = {fault.key for incident in self.record.incidents for fault in incident.faults}
        for verdict in verdicts:
            bad = verdict.state in (State.FAULT, State.DEGRADED)
            if bad and verdict.code in POWER_EVENTS and verdict.key not in known:
                words = f"{self._who(verdict.device)}: {verdict.sentence}"
                yield PowerEvent(verdict.device, words, over=False)

    def _who(self, device: str) -> str:
        found = self.devices.get(device)
        return f"{found.name} {device}" if found else device

    def _power_unknown(self) -> str:
        """Why the record does not tell of power events up to now, "" where it does."""
        if self.record.problem:
            return f"power events are not known: {self.record.problem}"
        silent = self._silent()
        return f"power events are not known: {silent}" if silent else ""

    def _silent(self) -> str:
        """That the agent has not run lately, "" where it has."""
        if self.record.alive is None:
            return "no agent has run"
        age = self.now - self.record.alive
        if age <= SILENT_SECONDS:
            return ""
        return f"the agent last worked {duration(age)} ago ({self.clock(self.record.alive)})"

    def _monitor(self) -> Cell:
        """C24: faults of healthmon itself, else whether it has worked lately."""
        if self.record.problem or self.record.alive is None:
            return Cell(Mark.NOT_CHECKED, self.record.problem or "no agent has run")
        if silent := self._silent():
            return Cell(Mark.FAIL, silent)
        own = self._own_faults()
        if not own:
            return Cell(Mark.WELL, f"the agent works{self._last_sweep_words()}")
        worst = max(fault.state for fault in own)
        mark = Mark.FAIL if worst is State.FAULT else Mark.WARNING
        return Cell(mark, "; ".join(fault.sentence for fault in own))

    def _own_faults(self) -> list[Fault]:
        """The open faults of healthmon itself."""
        own = [one for one in self.record.incidents if one.device == AGENT]
        return [fault for incident in own for fault in incident.faults]

    def _last_sweep_words(self) -> str:
        last = self.record.last_sweep
        return f"; last check of everything {self.clock(last)}" if last is not None else ""
