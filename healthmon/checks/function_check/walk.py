"""The walk: the part of the shift check that a person does, one camera at a time. Pure.

Which cameras are due is a rota: those that nobody has seen for longest. There is no tick for several
cameras at once, and what nobody has looked at stays NOT SEEN.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

DAY = 86400.0
NOT_SEEN = "NOT SEEN"


class Outcome(StrEnum):
    """What a person ticks. `UNDONE` takes an earlier tick back, which stays on record."""

    WELL = "well"
    NOT_WELL = "not well"
    SKIPPED = "skipped"
    UNDONE = "undone"


SEEN = frozenset({Outcome.WELL, Outcome.NOT_WELL})


@dataclass(frozen=True, slots=True)
class Tick:
    """One tick by the person `by` at `at` (Unix seconds), with the sheet `sweep` before them.

    `form` names the form that was sent, so that one that comes twice is one tick. `act` is the act
    that raised the fault of a camera that is not well, and `number` that fault's; 0 for none.
    `undoes` is the id of the tick that this one takes back. `id` is given by the store; 0 before.
    """

    camera: str
    outcome: Outcome
    by: str
    at: float
    sweep: int
    form: str
    comment: str = ""
    act: int = 0
    undoes: int = 0
    id: int = 0
    number: int = 0


def standing(ticks: Iterable[Tick]) -> tuple[Tick, ...]:
    """The ticks that nobody has taken back, in order."""
    known = tuple(ticks)
    undone = {tick.undoes for tick in known}
    return tuple(
        tick for tick in known if tick.outcome is not Outcome.UNDONE and tick.id not in undone
    )


def by_camera(ticks: Iterable[Tick]) -> dict[str, Tick]:
    """The tick that counts of each camera: the last one that stands."""
    return {tick.camera: tick for tick in standing(ticks)}


@dataclass(frozen=True, slots=True)
class Walk:
    """The walk of one shift check. Ticks from `since` to `until` (Unix seconds) count for it.

    `due` are the cameras of its rota, by which each is seen `every` so many seconds; `left_out` are
    those that nobody need look at now, with why. `late` cameras were last seen longer ago than
    `every`.
    """

    since: float
    until: float
    every: float
    due: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    late: int = 0

    def counts(self, at: float) -> bool:
        """Whether a tick at `at` counts."""
        return self.since <= at < self.until

    def remaining(self, ticks: Iterable[Tick]) -> tuple[str, ...]:
        """The due cameras without a tick, in order: where the walk goes on."""
        ticked = by_camera(ticks)
        return tuple(camera for camera in self.due if camera not in ticked)

    def as_json(self) -> dict[str, Any]:
        """Plain values, for the store. Without an end `until` is None."""
        until = self.until if math.isfinite(self.until) else None
        times = {"since": self.since, "until": until, "every": self.every, "late": self.late}
        return {**times, "due": list(self.due), "left_out": dict(self.left_out)}

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> Walk:
        """The walk of `as_json`. Raises KeyError, TypeError."""
        until = kept["until"]
        return cls(
            kept["since"],
            math.inf if until is None else until,
            kept["every"],
            tuple(kept["due"]),
            kept["left_out"],
            kept["late"],
        )


@dataclass(frozen=True, slots=True)
class Rota:
    """Every camera is seen once in `every` seconds, at `a_day` shift checks a day."""

    every: float
    a_day: int

    def share(self, cameras: int) -> int:
        """How many of `cameras` are due at one shift check: with fewer, the last would be late."""
        checks = max(1, math.floor(self.every / DAY * max(1, self.a_day)))
        return math.ceil(cameras / checks)

    def walk(
        self,
        window: tuple[float, float],
        cameras: Sequence[str],
        seen: Mapping[str, float],
        left_out: Mapping[str, str],
    ) -> Walk:
        """The walk of the shift check whose ticks count in `window` (from, until).

        `seen` is when each camera was last looked at before that, so that a second sheet of one
        shift check has the same rota. Of cameras that were seen at the same time, or never, the
        first in `cameras` comes first.
        """
        since, until = window
        waiting = [camera for camera in cameras if camera not in left_out]
        late = sum(since - seen.get(camera, since) > self.every for camera in waiting)
        waiting.sort(key=lambda camera: seen.get(camera, -math.inf))
        due = tuple(waiting[: self.share(len(cameras))])
        return Walk(since, until, self.every, due, left_out, late)


def undo_of(tick: Tick, by: str, at: float, form: str) -> Tick:
    """What takes `tick` back."""
    return replace(
        tick, outcome=Outcome.UNDONE, by=by, at=at, form=form, comment="", undoes=tick.id, id=0
    )
