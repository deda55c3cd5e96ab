"""Faults in a period: how many, why, whose, and how long each step took. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from healthmon.evidence.period import Period
from healthmon.incidents.acts import CAUSES, ActKind, PauseOwner
from healthmon.incidents.contract_clock import ContractClock, Promise, Standing
from healthmon.incidents.life_cycle import LifeCycle
from healthmon.model.enums import AGENT, State

REPEAT_SECONDS: Final = 30 * 86400.0
NO_CAUSE: Final = "not stated yet"
_GOES_ON: Final = "goes on as"


@dataclass(frozen=True, slots=True)
class FaultRecord:
    """One fault as it is reported. All times are Unix seconds, None for what has not happened.
    `cause` is a key of `CAUSES`, "" while nobody has stated it. `waited` are the seconds that the
    repair waited for others, by whom. `imported` faults come from an earlier log and were not
    measured.
    """

    number: str
    device: str
    site: str
    code: str
    began: float
    detected: float
    reported: float | None = None
    attended: float | None = None
    restored: float | None = None
    closed: float | None = None
    cause: str = ""
    priority: int = 3
    contractor: str = ""
    owner: str = ""
    waited: Mapping[str, float] = field(default_factory=dict)
    response: Promise | None = None
    fix: Promise | None = None
    imported: bool = False

    @property
    def group(self) -> str:
        """The reason as freedom of information requests ask for it: vandalised, faulty, outdated;
        "not stated yet".
        """
        found = CAUSES.get(self.cause)
        if found is None:
            return NO_CAUSE
        return found.group.value if found.group else found.words

    @property
    def cause_words(self) -> str:
        """The cause in words."""
        return CAUSES[self.cause].words if self.cause in CAUSES else NO_CAUSE

    @property
    def is_real(self) -> bool:
        """Whether it was a fault at all: nobody has closed it as planned work or as no fault."""
        found = CAUSES.get(self.cause)
        return found is None or found.group is not None

    def opened_in(self, period: Period) -> bool:
        """Whether it began in `period`."""
        return period.since <= self.began < period.until

    def restored_in(self, period: Period) -> bool:
        """Whether it was over in `period`."""
        return self.restored is not None and period.since <= self.restored < period.until

    def was_no_fault(self, period: Period) -> bool:
        """Whether it was closed in `period` as no fault at all."""
        inside = self.closed is not None and period.since <= self.closed < period.until
        return inside and self.cause == "no_fault"

    def open_at(self, at: float) -> bool:
        """Whether it had begun and was not over."""
        return self.began <= at and (self.restored is None or self.restored > at)


def is_reported(life: LifeCycle) -> bool:
    """Whether an incident counts as a fault: people were told of it or have raised it, and it is no
    warning, no trouble of healthmon itself, and not the same fault under another number. A picture
    counts once a person has answered; with no, as no fault at all.
    """
    incident = life.incident
    if incident.device == AGENT or incident.cause.startswith(_GOES_ON):
        return False
    if life.dismissed:
        return True
    return incident.raised or (incident.told is not None and incident.state is State.FAULT)


def record(
    life: LifeCycle, clock: ContractClock | None, contractor: str, now: float
) -> FaultRecord:
    """The record of one fault; `clock` is that of its contract, None without one."""
    incident = life.incident
    reported, attended = life.first(ActKind.REPORT), life.first(ActKind.ATTEND, ActKind.FIX)
    waited, ended = _waited(life, now), life.closed or life.dismissed
    return FaultRecord(
        f"F{incident.number:06d}",
        incident.device,
        incident.site,
        incident.lead.code,
        incident.since,
        max(incident.since, incident.lead.confirmed),
        reported.happened if reported else None,
        attended.happened if attended else None,
        life.restored,
        ended.at if ended else None,
        _cause(life),
        incident.priority,
        contractor,
        _owner(waited, contractor),
        waited,
        clock.response if clock else None,
        clock.fix if clock else None,
    )


def _cause(life: LifeCycle) -> str:
    """As it was closed or answered, else as the last fix says."""
    if life.dismissed:
        return "no_fault"
    if life.closed:
        return life.closed.get("cause")
    fix = life.last(ActKind.FIX)
    return fix.get("cause") if fix else ""


def _waited(life: LifeCycle, now: float) -> dict[str, float]:
    end = life.restored if life.restored is not None else now
    found: dict[str, float] = {}
    for one in life.pauses:
        until = end if one.until is None else min(one.until, end)
        owner = one.owner.value
        found[owner] = found.get(owner, 0.0) + max(0.0, until - one.since)
    return found


def _owner(waited: Mapping[str, float], contractor: str) -> str:
    """Who the repair waited for longest; else the contractor, else the council."""
    if any(waited.values()):
        return max(waited, key=lambda one: waited[one])
    return (PauseOwner.CONTRACTOR if contractor else PauseOwner.COUNCIL).value


@dataclass(frozen=True, slots=True)
class Duration:
    """How long a step took over many faults, in seconds; `count` faults had it."""

    count: int = 0
    middle: float | None = None
    ninetieth: float | None = None
    mean: float | None = None

    @classmethod
    def of(cls, values: Iterable[float | None]) -> Duration:
        """Of the values that are there. The 90th percentile is the smallest value that is not
        exceeded in nine of ten.
        """
        known = sorted(one for one in values if one is not None)
        if not known:
            return cls()
        rank = max(0, -(-9 * len(known) // 10) - 1)
        return cls(len(known), median(known), known[rank], sum(known) / len(known))


def _between(begin: float | None, end: float | None) -> float | None:
    return None if begin is None or end is None else max(0.0, end - begin)


def detect(one: FaultRecord) -> float | None:
    """Seconds from its beginning until it was confirmed; None for one that was not measured."""
    return None if one.imported else _between(one.began, one.detected)


def report(one: FaultRecord) -> float | None:
    """Seconds from when it was confirmed until a person has reported it."""
    return _between(one.detected, one.reported)


def respond(one: FaultRecord) -> float | None:
    """Seconds from the report until somebody came."""
    return _between(one.reported, one.attended)


def repair(one: FaultRecord) -> float | None:
    """Seconds from its beginning until it worked again."""
    return _between(one.began, one.restored)


STEPS: Final = (
    ("Time to detect", "from the first failed check until the fault was confirmed", detect),
    ("Time to report", "from then until a person had reported it", report),
    ("Time to respond", "from the report until an engineer came or worked on it", respond),
    ("Time to repair", "from the first failed check until it worked again", repair),
)


@dataclass(frozen=True, slots=True)
class FaultFigures:
    """The faults of one period: those that began, that were over, and that were open at its end."""

    opened: tuple[FaultRecord, ...]
    restored: tuple[FaultRecord, ...]
    open_at_end: tuple[FaultRecord, ...]
    repeats: tuple[FaultRecord, ...]
    no_fault: tuple[FaultRecord, ...]

    @classmethod
    def of(cls, found: Sequence[FaultRecord], period: Period, now: float) -> FaultFigures:
        """Of all faults that are known, in any order."""
        real = [one for one in found if one.is_real]
        return cls(
            _opened(real, period),
            tuple(one for one in real if one.restored_in(period)),
            tuple(one for one in real if one.open_at(min(period.until, now))),
            _opened(_repeats(real), period),
            tuple(one for one in found if one.was_no_fault(period)),
        )

    def by(self, name: str) -> list[tuple[str, int]]:
        """How many began, by one of their attributes, the most frequent first."""
        counts = Counter(str(getattr(one, name)) for one in self.opened)
        return sorted(counts.items(), key=lambda one: (-one[1], one[0]))

    def step(self, index: int) -> Duration:
        """One of `STEPS`, over the faults that were over in the period, or began in it."""
        _title, _words, seconds = STEPS[index]
        chosen = self.restored if seconds is repair else self.opened
        return Duration.of(map(seconds, chosen))

    def kept(self, name: str) -> tuple[int, int]:
        """How many promises ("response" or "fix") were kept, and of how many that are settled."""
        promises = [getattr(one, name) for one in _keyed(self.opened, self.restored)]
        standings = [one.standing for one in promises if one is not None]
        met = standings.count(Standing.MET)
        return met, met + standings.count(Standing.LATE) + standings.count(Standing.OVERDUE)

    def worst(self, most: int) -> list[tuple[str, int]]:
        """The devices with the most faults that began."""
        return self.by("device")[:most]


def _opened(found: Iterable[FaultRecord], period: Period) -> tuple[FaultRecord, ...]:
    return tuple(one for one in found if one.opened_in(period))


def _keyed(*groups: Iterable[FaultRecord]) -> list[FaultRecord]:
    """Each fault once, by its number."""
    return list({one.number: one for group in groups for one in group}.values())


def _repeats(found: Sequence[FaultRecord]) -> list[FaultRecord]:
    """The faults of a device that began within 30 days after an earlier one of it was over."""
    over: dict[str, list[float]] = {}
    for one in found:
        if one.restored is not None:
            over.setdefault(one.device, []).append(one.restored)
    return [one for one in found if any(map(_just_before(one.began), over.get(one.device, ())))]


def _just_before(began: float) -> Callable[[float], bool]:
    return lambda restored: 0 <= began - restored < REPEAT_SECONDS
