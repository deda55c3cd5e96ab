"""What could not be checked for too long, though the device answers: told once, with its cause. Pure.

Unknown is not a fault: nothing is said of the device's health. But nobody may believe for hours that
it is watched while all its sessions are in use.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from healthmon.checks.evaluation.durations import duration
from healthmon.incidents.confirmation import FaultBook
from healthmon.incidents.incident import NOT_CHECKED, Unchecked
from healthmon.model.device import CheckKey
from healthmon.model.enums import OUR_TROUBLE, CheckName, Reason, State
from healthmon.model.results import CheckResult, Verdict

ASPECT = "checked"
# What should pass. What a configuration or another fault explains is not told here.
_HINDRANCES = frozenset(
    {
        Reason.BUSY,
        Reason.TIMEOUT,
        Reason.RESET,
        Reason.REJECTED,
        Reason.PROTOCOL,
        Reason.TOO_LARGE,
    }
)


@dataclass(slots=True)
class UncheckedWatch:
    """Since when each hindered check has had no result (monotonic seconds), with the first verdict
    of its last run, by device. It is told when that is longer than `after`. `earlier` are those of
    the last run of the agent that have not been checked in this one.
    """

    after: float = 3600.0
    waiting: dict[str, dict[CheckKey, tuple[float, Verdict]]] = field(default_factory=dict)
    earlier: dict[CheckKey, float] = field(default_factory=dict)

    def note(self, result: CheckResult, book: FaultBook, now: float) -> tuple[Verdict, ...]:
        """Follow `result`; that it is checked again, where it was told not to be. What is asked of
        another device is told of that one.
        """
        check, observation, first = result.check, result.observation, result.verdicts[0]
        if check.spoken_to != check.device or observation.reason in OUR_TROUBLE:
            return ()
        unknown = all(verdict.state is State.UNKNOWN for verdict in result.verdicts)
        if unknown and observation.reason in _HINDRANCES:
            hindered = self.waiting.setdefault(check.device, {})
            began, _ = hindered.get(check.key, (self.earlier.pop(check.key, now), first))
            hindered[check.key] = began, first
            return ()
        self._drop(check.key)
        again = replace(first, aspect=ASPECT, state=State.OK, code="ok", reason=None)
        return () if unknown or book.since(again.key) is None else (again,)

    def resume(self, ages: Iterable[Unchecked], now: float) -> None:
        """Go on from the `ages` of the last run: its end counts as now, what lies between does
        not.
        """
        self.earlier = {one.key: now - one.seconds for one in ages if one.key not in self._began()}

    def ages(self, now: float) -> tuple[Unchecked, ...]:
        """What a later run of the agent must know."""
        began = self.earlier | self._began()
        return tuple(Unchecked(*key, now - at) for key, at in sorted(began.items()))

    def _began(self) -> dict[CheckKey, float]:
        return {key: at for found in self.waiting.values() for key, (at, _) in found.items()}

    def _drop(self, key: CheckKey) -> None:
        self.earlier.pop(key, None)
        hindered = self.waiting.get(key[0], {})
        hindered.pop(key, None)
        if not hindered:
            self.waiting.pop(key[0], None)

    def due(self, book: FaultBook, now: float) -> Iterator[Verdict]:
        """What has waited for too long and is not in `book` yet: of each device the first, where no
        fault of its reachability explains it.
        """
        for device, hindered in self.waiting.items():
            if book.since((device, CheckName.REACH, "", "reach")) is not None:
                continue
            began, last = min(hindered.values(), key=lambda one: one[0])
            age = now - began
            line = book.lines.get((*last.key[:3], ASPECT))
            if age >= self.after and (line is None or line.fault is None):
                yield self._verdict(last, age)

    def _verdict(self, last: Verdict, age: float) -> Verdict:
        """As in "pictures not checked for 1 h 0 min (limit 1 h 0 min): all its sessions ..."."""
        what, _, why = last.sentence.rpartition("not checked: ")
        words = f"{what}not checked for {duration(age)} (limit {duration(self.after)}): {why}"
        return Verdict(
            *last.key[:3],
            aspect=ASPECT,
            state=State.DEGRADED,
            code=NOT_CHECKED,
            sentence=words,
            at=last.at,
            began=last.at - age,
        )

    def keep(self, keys: set[CheckKey]) -> None:
        """Forget every check that is not in `keys`."""
        for key in {*self._began(), *self.earlier} - keys:
            self._drop(key)
