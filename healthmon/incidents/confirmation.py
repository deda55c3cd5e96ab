"""The fault book: verdicts in, faults and changes out. A pure reducer; `step` is the whole rule for
one aspect.

A fault is confirmed by F bad results of the last T and cleared by n good ones in a row. UNKNOWN
counts neither way: it holds what is known. ``since`` is the first bad result of the run (or what
the device itself says), not the time of confirmation. An aspect that changes too often in its last
`WINDOW` results is flapping: its fault stays open, told once as "comes and goes", until it has come
to rest (hysteresis).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from healthmon.model.enums import State

if TYPE_CHECKING:
    from healthmon.model.results import Verdict

Key = tuple[str, str, str, str]
# Stored names do not change with the names in the code.
_STORED = {"check_type": "question", "instance": "part"}
WINDOW = 21
_RESULTS = (1 << WINDOW) - 1


@dataclass(frozen=True, slots=True)
class Policy:
    """Confirm after `failures` bad results of the last `of`; clear after `clear` good ones in a
    row.

    An open fault flaps from `flaps` changes in its last 21 results until there are no more than
    `rests`.
    """

    failures: int = 2
    of: int = 3
    clear: int = 2
    flaps: int = 4
    rests: int = 1


ONE_OFF = Policy(1, 1, 1, WINDOW, WINDOW)


@dataclass(frozen=True, slots=True)
class Fault:
    """A confirmed fault of one aspect of one device. `state` is DEGRADED or FAULT; `light` names the
    learned light by which a picture was judged; times are Unix seconds.
    """

    device: str
    check_type: str
    instance: str
    aspect: str
    code: str
    state: State
    sentence: str
    since: float
    confirmed: float
    flapping: bool = False
    light: float | None = None

    @property
    def key(self) -> Key:
        """(device, check type, instance, aspect)."""
        return (self.device, self.check_type, self.instance, self.aspect)

    def moved(self, by: float) -> Fault:
        """The same with its times `by` seconds later."""
        return replace(self, since=self.since + by, confirmed=self.confirmed + by)

    def as_row(self) -> dict[str, Any]:
        """Plain values by the names that the store has for them."""
        return {_STORED.get(f.name, f.name): getattr(self, f.name) for f in fields(self)}

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Fault:
        """The fault of `as_row`. Raises KeyError, TypeError or ValueError."""
        values = {
            name: row[_STORED.get(name, name)] for name in _NAMES if _STORED.get(name, name) in row
        }
        return cls(**{**values, "state": State(row["state"])})


_NAMES = tuple(f.name for f in fields(Fault))


@dataclass(frozen=True, slots=True)
class Change:
    """What leaves the fault book: `what` is opened, changed, closed or removed; "flapped" is only
    counted.
    """

    what: str
    fault: Fault
    at: float


@dataclass(frozen=True, slots=True)
class Line:
    """The memory of one aspect: the last T results (True = bad), the run of good ones, the open
    fault.

    `history` holds the last 21 results as bits (1 = bad, the newest lowest).
    """

    recent: tuple[bool, ...] = ()
    good_run: int = 0
    bad_since: float | None = None
    fault: Fault | None = None
    history: int = 0

    def moved(self, by: float) -> Line:
        """The same with its times `by` seconds later."""
        since = self.bad_since + by if self.bad_since is not None else None
        return replace(self, bad_since=since, fault=self.fault.moved(by) if self.fault else None)

    @property
    def changes(self) -> int:
        """How often good and bad took turns in the last 21 results."""
        return ((self.history ^ (self.history >> 1)) & (_RESULTS >> 1)).bit_count()

    @property
    def doubtful(self) -> bool:
        """Whether one more look would tell: bad and not confirmed yet, or well again and not
        cleared yet.
        """
        if self.fault is None:
            return bool(self.recent and self.recent[-1])
        return self.good_run > 0 and not self.fault.flapping


# Of what has been well for long nothing need be known, as of what was never seen: a large estate
# has many.
BLANK = Line()


def step(line: Line, verdict: Verdict, policy: Policy) -> tuple[Line, tuple[Change, ...]]:
    """The next line after `verdict` and the changes it makes."""
    if verdict.state is State.UNKNOWN:
        return line, ()
    bad = verdict.state is not State.OK
    if line is BLANK and not bad:
        return line, ()
    line = replace(
        line,
        recent=(*line.recent, bad)[-policy.of :],
        history=(line.history << 1 | bad) & _RESULTS,
        good_run=0 if bad else line.good_run + 1,
    )
    return _bad(line, verdict, policy) if bad else _good(line, verdict, policy)


def _good(line: Line, verdict: Verdict, policy: Policy) -> tuple[Line, tuple[Change, ...]]:
    fault = line.fault
    if fault is None:
        if not line.history:
            return BLANK, ()
        return replace(line, bad_since=line.bad_since if any(line.recent) else None), ()
    if not fault.flapping and line.changes >= policy.flaps:
        fault = _flapping(fault)
        return replace(line, fault=fault), (Change("changed", fault, verdict.at),)
    if line.good_run < policy.clear:
        return line, ()
    if fault.flapping and line.changes > policy.rests:
        return line, (
            Change("flapped", fault, verdict.at),
        ) if line.good_run == policy.clear else ()
    return Line((False,), line.good_run, history=line.history), (
        Change("closed", fault, verdict.at),
    )


def _bad(line: Line, verdict: Verdict, policy: Policy) -> tuple[Line, tuple[Change, ...]]:
    line = replace(line, bad_since=_since(line, verdict))
    old = line.fault
    if old is None and sum(line.recent) < policy.failures:
        return line, ()
    fault = _grown(line, verdict)
    if line.changes >= policy.flaps or (_flaps(old) and line.changes > policy.rests):
        fault = _flapping(fault)
    return replace(line, fault=fault), _changes(old, fault, verdict.at)


def _since(line: Line, verdict: Verdict) -> float:
    """Since when it is bad: what the device itself says, or the first bad result."""
    since = line.bad_since if line.bad_since is not None else verdict.at
    return since if verdict.began is None else min(since, verdict.began)


def _grown(line: Line, verdict: Verdict) -> Fault:
    """The fault by its newest verdict; an open one keeps its beginning."""
    old = line.fault
    if old is not None:
        return _fault(verdict, old.since, old.confirmed)
    since = line.bad_since if line.bad_since is not None else verdict.at
    return _fault(verdict, since, verdict.at)


def _flaps(fault: Fault | None) -> bool:
    return fault is not None and fault.flapping


def _changes(old: Fault | None, new: Fault, at: float) -> tuple[Change, ...]:
    if old is None:
        return (Change("opened", new, at),)
    same = (old.code, old.state) == (new.code, new.state) or old.flapping
    return (Change("changed", new, at),) if not same or new.flapping > old.flapping else ()


def _flapping(fault: Fault) -> Fault:
    return replace(fault, flapping=True, sentence=f"comes and goes; last: {fault.sentence}")


def _fault(verdict: Verdict, since: float, confirmed: float) -> Fault:
    told = (verdict.code, verdict.state, verdict.sentence)
    return Fault(*verdict.key, *told, since, confirmed, light=verdict.light)


@dataclass(slots=True)
class FaultBook:
    """The lines that are not `BLANK`, by aspect; every rule is in `step`.

    `suppressed` counts the changes that were not told, by reason.
    """

    policy: Policy = field(default_factory=Policy)
    lines: dict[Key, Line] = field(default_factory=dict)
    suppressed: Counter[str] = field(default_factory=Counter)

    def apply(self, verdicts: Iterable[Verdict]) -> tuple[Change, ...]:
        """Reduce `verdicts`; the changes in order."""
        changes: list[Change] = []
        for verdict in verdicts:
            line, made = step(self.lines.get(verdict.key, BLANK), verdict, self.policy)
            changes += made
            if line is BLANK:
                self.lines.pop(verdict.key, None)
            else:
                self.lines[verdict.key] = line
        self.suppressed["flapping"] += sum(change.what == "flapped" for change in changes)
        return tuple(change for change in changes if change.what != "flapped")

    def remove(self, keep: Iterable[tuple[str, str, str]], now: float) -> tuple[Change, ...]:
        """Forget every (device, check, part) that is not in `keep`; its open faults are closed
        as removed.
        """
        kept = set(keep)
        gone = [key for key in self.lines if key[:3] not in kept]
        lines = [self.lines.pop(key) for key in gone]
        return tuple(Change("removed", line.fault, now) for line in lines if line.fault is not None)

    def dismiss(self, faults: Iterable[Fault]) -> None:
        """Forget these faults: a person has called them false alarms."""
        for fault in faults:
            self.lines.pop(fault.key, None)

    def move(self, by: float) -> None:
        """Our clock was set by `by` seconds: all times are that much later."""
        self.lines = {key: line.moved(by) for key, line in self.lines.items()}

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

    def restore(self, faults: Iterable[Fault]) -> None:
        """Take over open faults of an earlier run without making changes; one that has lately ended
        is over.
        """
        for fault in faults:
            line = self.lines.get(fault.key, BLANK)
            if line.fault is None and (not line.recent or line.recent[-1]):
                self.lines[fault.key] = Line(
                    (True,) * self.policy.failures, 0, fault.since, fault, _RESULTS
                )
