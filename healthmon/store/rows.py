"""What goes into the store in one transaction, and what comes out at a start. Plain values; times are Unix seconds."""

from __future__ import annotations

from dataclasses import dataclass, field

from healthmon.cases import Case, Told
from healthmon.faults import Fault, Key


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One notice for one target. `state` is pending, held (for a digest) or how it ended. `order` keeps a sequence.

    (`notice`, `target`) is unique: the same news is never queued twice.
    """

    notice: str
    target: str
    order: str
    number: int | None
    body: str
    created: float
    due: float
    attempts: int = 0
    state: str = "pending"


@dataclass(frozen=True, slots=True)
class Settled:
    """How a queued notice ended (sent, merged, digested, dropped, failed) or that it was tried in vain (pending).

    With `body` it now says something else.
    """

    notice: str
    target: str
    state: str
    at: float
    attempts: int = 0
    error: str = ""
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of time in one state; `until` None while it lasts. (device, question, since) is unique."""

    device: str
    question: str
    state: str
    since: float
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Stay:
    """Where a deployable camera is from `since` on: `state` is deployed, in_store or in_transit."""

    device: str
    state: str
    location: str
    since: float


@dataclass(slots=True)
class Batch:
    """Everything that is written together, or not at all."""

    faults: dict[Key, Fault | None] = field(default_factory=dict)
    cases: dict[int, Case] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    outgoing: list[Outgoing] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    alive: float | None = None

    def __bool__(self) -> bool:
        return bool(
            self.faults
            or self.cases
            or self.told
            or self.outgoing
            or self.settled
            or self.segments
            or self.stays
            or self.alive is not None
        )

    def add(self, later: Batch) -> None:
        """Append what happened `later`."""
        self.faults |= later.faults
        self.cases |= later.cases
        self.told += later.told
        self.outgoing += later.outgoing
        self.settled += later.settled
        self.segments += later.segments
        self.stays += later.stays
        self.alive = later.alive if later.alive is not None else self.alive

    def trim(self, bound: int) -> int:
        """Let go of the oldest of what is more than `bound` of a kind; how many that were."""
        over = 0
        for rows in (self.told, self.outgoing, self.settled, self.segments, self.stays):
            extra = max(0, len(rows) - bound)
            del rows[:extra]
            over += extra
        return over


@dataclass(frozen=True, slots=True)
class Saved:
    """What an earlier run has left: open faults and cases, the last number, the queue, who was told of what."""

    faults: tuple[Fault, ...] = ()
    cases: tuple[Case, ...] = ()
    last_number: int = 0
    outgoing: tuple[Outgoing, ...] = ()
    heard: tuple[tuple[int, str, float], ...] = ()
    alive: float | None = None
