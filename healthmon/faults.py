"""The fault book: verdicts in, faults and changes out. A pure reducer; `step` is the whole rule for one aspect.

A fault is confirmed by F bad results of the last T and cleared by n good ones in a row. UNKNOWN counts neither way:
it holds what is known. ``since`` is the first bad result of the run (or what the device itself says), not the time of
confirmation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from healthmon.model import State, Verdict

Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Policy:
    """Confirm after `failures` bad results of the last `of`; clear after `clear` good ones in a row."""

    failures: int = 2
    of: int = 3
    clear: int = 2


ONE_OFF = Policy(1, 1, 1)


@dataclass(frozen=True, slots=True)
class Fault:
    """A confirmed fault of one aspect of one device. `state` is DEGRADED or FAULT; times are Unix seconds."""

    device: str
    question: str
    part: str
    aspect: str
    code: str
    state: State
    sentence: str
    since: float
    confirmed: float

    @property
    def key(self) -> Key:
        """(device, question, part, aspect)."""
        return (self.device, self.question, self.part, self.aspect)


@dataclass(frozen=True, slots=True)
class Change:
    """What leaves the fault book: `what` is opened, changed, closed or removed."""

    what: str
    fault: Fault
    at: float


@dataclass(frozen=True, slots=True)
class Line:
    """The memory of one aspect: the last T results (True = bad), the run of good ones, the open fault."""

    recent: tuple[bool, ...] = ()
    good_run: int = 0
    bad_since: float | None = None
    fault: Fault | None = None


def step(line: Line, verdict: Verdict, policy: Policy) -> tuple[Line, tuple[Change, ...]]:
    """The next line after `verdict` and the changes it makes."""
    if verdict.state is State.UNKNOWN:
        return line, ()
    if verdict.state is State.OK:
        return _good(line, verdict, policy)
    return _bad(line, verdict, policy)


def _good(line: Line, verdict: Verdict, policy: Policy) -> tuple[Line, tuple[Change, ...]]:
    recent = (*line.recent, False)[-policy.of :]
    good_run = line.good_run + 1
    if line.fault is None:
        kept = line.bad_since if any(recent) else None
        return Line(recent, good_run, kept, None), ()
    if good_run < policy.clear:
        return replace(line, recent=recent, good_run=good_run), ()
    return Line((False,), good_run), (Change("closed", line.fault, verdict.at),)


def _bad(line: Line, verdict: Verdict, policy: Policy) -> tuple[Line, tuple[Change, ...]]:
    recent = (*line.recent, True)[-policy.of :]
    since = line.bad_since if line.bad_since is not None else verdict.at
    if verdict.began is not None:
        since = min(since, verdict.began)
    if line.fault is not None:
        return _still_bad(Line(recent, 0, since, line.fault), verdict)
    if sum(recent) < policy.failures:
        return Line(recent, 0, since), ()
    fault = _fault(verdict, since, verdict.at)
    return Line(recent, 0, since, fault), (Change("opened", fault, verdict.at),)


def _still_bad(line: Line, verdict: Verdict) -> tuple[Line, tuple[Change, ...]]:
    old = line.fault
    assert old is not None  # noqa: S101 - the only caller has just checked
    same = (old.code, old.state) == (verdict.code, verdict.state)
    fault = _fault(verdict, old.since, old.confirmed)
    return replace(line, fault=fault), () if same else (Change("changed", fault, verdict.at),)


def _fault(verdict: Verdict, since: float, confirmed: float) -> Fault:
    return Fault(*verdict.key, verdict.code, verdict.state, verdict.sentence, since, confirmed)


@dataclass(slots=True)
class FaultBook:
    """All lines, by aspect. The only state is `lines`; every rule is in `step`."""

    policy: Policy = field(default_factory=Policy)
    lines: dict[Key, Line] = field(default_factory=dict)

    def take(self, verdicts: Iterable[Verdict]) -> tuple[Change, ...]:
        """Reduce `verdicts`; the changes in order."""
        changes: list[Change] = []
        for verdict in verdicts:
            self.lines[verdict.key], made = step(self.lines.get(verdict.key, Line()), verdict, self.policy)
            changes += made
        return tuple(changes)

    def remove(self, keep: Iterable[str], now: float) -> tuple[Change, ...]:
        """Forget every device that is not in `keep`; its open faults are closed as removed."""
        kept = set(keep)
        gone = [key for key in self.lines if key[0] not in kept]
        lines = [self.lines.pop(key) for key in gone]
        return tuple(Change("removed", line.fault, now) for line in lines if line.fault is not None)

    def open(self) -> tuple[Fault, ...]:
        """The open faults, worst and oldest first."""
        found = [line.fault for line in self.lines.values() if line.fault is not None]
        return tuple(sorted(found, key=lambda fault: (-fault.state, fault.since, fault.device)))

    def since(self, key: Key) -> float | None:
        """Since when this aspect is bad, or None."""
        line = self.lines.get(key)
        if line is None:
            return None
        return line.fault.since if line.fault else line.bad_since

    def dump(self) -> list[dict[str, Any]]:
        """The open faults as plain values for a state file."""
        return [asdict(fault) for fault in self.open()]

    def restore(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take over open faults from `dump` without making changes. Raises KeyError, TypeError or ValueError."""
        for row in rows:
            fault = Fault(**{**row, "state": State(row["state"])})
            self.lines[fault.key] = Line((True,) * self.policy.failures, 0, fault.since, fault)
