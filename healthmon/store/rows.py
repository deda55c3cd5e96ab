"""What goes into the store in one transaction, and what comes out at a start. Plain values; times
are Unix seconds.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from healthmon.incidents.confirmation import Fault, Key
from healthmon.incidents.incident import Incident, IncidentEvent, Unchecked
from healthmon.incidents.operations import Operation
from healthmon.model.count_words import count_of
from healthmon.store.audit import Entry

WAITING = ("pending", "held")
# So many rows of clocks may wait to be written where one of another kind may.
CLOCKS_FOR_ONE = 10
ClockKey = tuple[str, str, float]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One notice for one target. `state` is pending, held (for a digest) or how it ended. `order`
    keeps a sequence.

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

    def moved(self, by: float) -> Outgoing:
        """The same with its times `by` seconds later."""
        return replace(self, created=self.created + by, due=self.due + by)


@dataclass(frozen=True, slots=True)
class Settled:
    """How a queued notice ended (sent, merged, digested, dropped, failed) or that it was tried in
    vain (pending).

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
    """A stretch of time in one state; `until` None while it lasts. (device, check type, since) is
    unique.
    """

    device: str
    check_type: str
    state: str
    since: float
    until: float | None = None

    def moved(self, by: float) -> Segment:
        """The same, begun `by` seconds later."""
        return replace(self, since=self.since + by)

    def as_row(self) -> dict[str, Any]:
        """The columns of the table."""
        return {
            "device": self.device,
            "question": self.check_type,
            "state": self.state,
            "since": self.since,
            "until": self.until,
        }


@dataclass(frozen=True, slots=True)
class Stay:
    """Where a deployable camera is from `since` on: `state` is deployed, in_store or in_transit."""

    device: str
    state: str
    location: str
    since: float


@dataclass(frozen=True, slots=True)
class ClockRow:
    """A stretch of time from `since` until `until` (Unix seconds of true time) in which all readings of
    one clock of `device` agreed; at most `gap` seconds lay between two of them.

    `clock` is a `clock_history.ClockKind`. Each reading lay within [`low`, `high`] (the clock minus
    true time, seconds); `worst` is the best figure of the one that was farthest from true time, 0.0
    where none was proved to be off. All three are None where our own clock had no reference. `method` is
    how it was read; `verdict` the fault code of the device's time then, "" where it was not judged.
    `detail` says what else is known.
    """

    device: str
    clock: str
    since: float
    until: float
    readings: int
    gap: float
    low: float | None
    high: float | None
    worst: float | None
    method: str
    verdict: str = ""
    detail: str = ""

    @property
    def key(self) -> ClockKey:
        """What no two rows share."""
        return self.device, self.clock, self.since


@dataclass(frozen=True, slots=True)
class BatteryRow:
    """A UPS within one hour, from its first reading (`since`) until its last (Unix seconds): the
    shortest `runtime` that it told, the shortest while it was `on_battery` (seconds), when it was last
    `tested` and with which `result`, as it told; None and "" where it told none.
    """

    device: str
    since: float
    until: float
    runtime: float | None = None
    on_battery: float | None = None
    tested: float | None = None
    result: str = ""

    @property
    def key(self) -> tuple[str, float]:
        """What no two rows share."""
        return self.device, self.since


@dataclass(frozen=True, slots=True)
class Author:
    """Who has made an act, as the operating system says: the user's number and account."""

    uid: int
    account: str

    def row(self, kind: str, act: int) -> dict[str, Any]:
        """The columns of the table, for act `act` of the table `kind`."""
        return {"kind": kind, "act": act, "uid": self.uid, "account": self.account}


@dataclass(frozen=True, slots=True)
class Signature:
    """A name under a sheet. `party` is outgoing or incoming at a handover, "" for a signature beside
    it; `addition` when another had signed before. `apart` says that a party has signed alone, late
    or both, `reason` why.
    """

    name: str
    at: float
    addition: bool = False
    party: str = ""
    note: str = ""
    apart: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ShiftNote:
    """A note for the next shift, written by `by` at `at`; shown until `ender` has ended it."""

    id: int
    by: str
    at: float
    text: str
    ended: float | None = None
    ender: str | None = None


@dataclass(frozen=True, slots=True)
class BegunCheck:
    """A shift check that the agent has begun and that has no sheet yet: asked for `by` a person
    `since` then, `done` of `total` checks made `at` the last note of it, all those of `devices_done`
    of `devices`. `boot` is the computer's boot in which it ran; `ended` says why it has no sheet, ""
    where nothing could say so.
    """

    by: str
    since: float
    at: float
    boot: str = ""
    done: int = 0
    total: int = 0
    devices_done: int = 0
    devices: int = 0
    ended: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which incidents: of one device (also where it is one of many that an incident affects), of one
    site, open at some time between `since` and `until`. "" is all.
    """

    open_only: bool = False
    device: str = ""
    site: str = ""
    since: float = 0.0
    until: float = float("inf")


@dataclass(frozen=True, slots=True)
class Deleted:
    """What the store has deleted because it was older than its period: how many of each kind, the last
    time at `at`, of each kind what had ended before `before`.
    """

    at: float
    before: Mapping[str, float]
    counts: Mapping[str, int]

    def words(self) -> str:
        """``12 faults, 340 states``."""
        counts = ((count, kind) for kind, count in self.counts.items() if count)
        return ", ".join(count_of(count, kind.removesuffix("s"), kind) for count, kind in counts)

    def parts(self) -> list[Deleted]:
        """The same by the time before which it ended, the earliest first; without what is 0."""
        found = {kind: count for kind, count in self.counts.items() if count}
        return [
            Deleted(
                self.at, self.before, {k: n for k, n in found.items() if self.before[k] == before}
            )
            for before in sorted({self.before[kind] for kind in found})
        ]

    @property
    def newest(self) -> float:
        """The time before which everything that was deleted had ended (Unix seconds)."""
        return max(self.before[kind] for kind in self.counts)


class Extent(NamedTuple):
    """How many rows of a kind there are, and the oldest end of one (Unix seconds); None where no row has
    ended, or the end stands in no column.
    """

    rows: int
    oldest: float | None


@dataclass(frozen=True, slots=True)
class AccessRow:
    """A login, a refusal or a change of users for the audit chain; `text` is a sentence."""

    at: float
    what: str
    user: str
    client: str
    text: str
    # No two of them are the same event.
    id: str = field(default_factory=lambda: f"access-{uuid.uuid4().hex}")

    def entry(self) -> Entry:
        """The entry of the audit chain."""
        sealed = {"user": self.user, "client": self.client, "text": self.text}
        return Entry(self.at, self.what, self.id, sealed=sealed, kept=True)


@dataclass(slots=True)
class Batch:
    """Everything that is written together, or not at all.

    `noted` are entries of the audit chain about no row. `raised` are the numbers of incidents that
    people have raised, by the ids of the acts. `alive` is now. `steps` are those of our clock: what
    is open in the store is moved by each before anything else is written. `unchecked` are the
    hindered checks now, None where that is not said.
    """

    faults: dict[Key, Fault | None] = field(default_factory=dict)
    incidents: dict[int, Incident] = field(default_factory=dict)
    told: list[IncidentEvent] = field(default_factory=list)
    outgoing: list[Outgoing] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    clocks: dict[ClockKey, ClockRow] = field(default_factory=dict)
    batteries: list[BatteryRow] = field(default_factory=list)
    access: list[AccessRow] = field(default_factory=list)
    noted: list[Entry] = field(default_factory=list)
    raised: dict[int, int] = field(default_factory=dict)
    alive: float | None = None
    steps: list[float] = field(default_factory=list)
    unchecked: tuple[Unchecked, ...] | None = None

    def __bool__(self) -> bool:
        kinds = (
            *(self.faults, self.incidents, self.told, self.outgoing, self.settled),
            *(self.segments, self.stays, self.clocks, self.batteries, self.access),
            *(self.noted, self.raised, self.steps),
        )
        return self.alive is not None or self.unchecked is not None or any(kinds)

    @property
    def chained(self) -> bool:
        """Whether something of it goes into the audit chain."""
        return any((self.incidents, self.told, self.access, self.noted, self.raised))

    def add(self, later: Batch) -> None:
        """Append what happened `later`."""
        for step in later.steps:
            self._move(step)
        self.steps += later.steps
        self.faults |= later.faults
        self.incidents |= later.incidents
        self.told += later.told
        self.outgoing += later.outgoing
        self.settled += later.settled
        self.segments += later.segments
        self.stays += later.stays
        self.clocks |= later.clocks
        self.batteries += later.batteries
        self.access += later.access
        self.noted += later.noted
        self.raised |= later.raised
        self.alive = later.alive if later.alive is not None else self.alive
        self.unchecked = later.unchecked if later.unchecked is not None else self.unchecked

    def raised_rows(self) -> list[dict[str, int]]:
        """The acts that get their numbers."""
        return [{"id": act, "number": number} for act, number in self.raised.items()]

    def _move(self, by: float) -> None:
        """Move what waits to be written as it is moved in the store."""
        self.outgoing = [row.moved(by) for row in self.outgoing]
        self.segments = [one if one.until is not None else one.moved(by) for one in self.segments]
        self.settled = [
            replace(one, at=one.at + by) if one.state in WAITING else one for one in self.settled
        ]

    def trim(self, bound: int) -> int:
        """Let go of the oldest of what is more than `bound` of a kind; how many that were."""
        over = 0
        kinds = (
            self.told,
            self.outgoing,
            self.settled,
            self.segments,
            self.stays,
            self.batteries,
            self.access,
            self.noted,
        )
        for rows in kinds:
            extra = max(0, len(rows) - bound)
            del rows[:extra]
            over += extra
        # One row for each clock is on its way to the store at the end of a run.
        old = list(self.clocks)[: max(0, len(self.clocks) - CLOCKS_FOR_ONE * bound)]
        for key in old:
            del self.clocks[key]
        return over + len(old)


@dataclass(frozen=True, slots=True)
class Handed:
    """The rejected `logins` that the agent before has handed over (`LockoutGuard.hand_over`), `age` seconds
    ago.
    """

    logins: str
    age: float


@dataclass(frozen=True, slots=True)
class Saved:
    """What an earlier run has left: open faults and incidents, the last number, the queue, who was
    notified of what.

    `ended` are the incidents that ended in its last hour; `watched_since` is when the first agent
    began to write; `last_act` is the id of the newest act of a person that `incidents` hold;
    `operations` are those in force; `unchecked` are the checks that were hindered at its end;
    `handed` is from another agent with the database of a server.
    """

    faults: tuple[Fault, ...] = ()
    incidents: tuple[Incident, ...] = ()
    last_number: int = 0
    outgoing: tuple[Outgoing, ...] = ()
    heard: tuple[tuple[int, str, float], ...] = ()
    alive: float | None = None
    ended: tuple[Incident, ...] = ()
    watched_since: float | None = None
    last_act: int = 0
    operations: tuple[Operation, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    handed: Handed | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to one target: `state` is pending, held, sent, merged, digested, dropped or failed;
    it was `queued` and has `ended` then, None while it waits: until `due`, after `attempts` with
    `error`. Unix seconds.
    """

    id: str
    target: str
    state: str
    queued: float
    ended: float | None
    due: float
    attempts: int
    error: str
