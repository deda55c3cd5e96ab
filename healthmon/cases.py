"""Cases: what people are told of faults. A case keeps its number; a `Told` is one thing that is said of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from healthmon.faults import Fault
from healthmon.model import Device, Kind, State

LOST = "unreachable"
COMMON = "common_cause"
SITE = "site:"


@dataclass(frozen=True, slots=True)
class Ack:
    """Who has taken a case on, and why it may wait."""

    by: str
    reason: str
    at: float


@dataclass(frozen=True, slots=True)
class Case:
    """One numbered case: the faults of one device that began together, or many devices of a site lost together.

    `told` is when people were first told, None while it is held; `held` says why ("parent", "site", "maintenance",
    "absent", "own network"). `cause` is in words, `cause_number` the case that explains this one. `affected` are device
    ids: the cameras of a site case, the children of a dead parent. `waits` is when the waiting began. `past` are
    faults that are over while others are not. Unix seconds.
    """

    number: int
    device: str
    site: str
    faults: tuple[Fault, ...]
    since: float
    waits: float
    priority: int = 3
    told: float | None = None
    revision: int = 0
    held: str = ""
    cause: str = ""
    cause_number: int | None = None
    affected: tuple[str, ...] = ()
    joined: float = 0.0
    past: tuple[Fault, ...] = ()
    ack: Ack | None = None
    closed: float | None = None

    @property
    def lead(self) -> Fault:
        """The fault that says most: a lost device first, then the worst, then the oldest; once over, of all it had."""
        faults = (*self.past, *self.faults) if self.closed is not None else self.faults
        return min(faults, key=lambda f: (f.code != LOST, -f.state, f.since, f.key))

    @property
    def lost(self) -> bool:
        """Whether one device cannot be reached."""
        return self.lead.code == LOST and self.lead.question == "reach"

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the store."""
        return asdict(self)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Case:
        """The case of `as_dict`. Raises KeyError, TypeError or ValueError."""
        faults, past = (
            tuple(Fault(**{**fault, "state": State(fault["state"])}) for fault in row[name])
            for name in ("faults", "past")
        )
        ack = Ack(**row["ack"]) if row["ack"] else None
        return cls(
            **{
                **row,
                "faults": faults,
                "past": past,
                "ack": ack,
                "affected": tuple(row["affected"]),
            }
        )


@dataclass(frozen=True, slots=True)
class Told:
    """What leaves the desk: `what` is opened, changed, closed or removed. Its id never repeats: ``F000123-2``."""

    what: str
    case: Case
    at: float

    @property
    def id(self) -> str:
        """The idempotency id."""
        return f"F{self.case.number:06d}-{self.case.revision}"


@dataclass(frozen=True, slots=True)
class World:
    """What is known around a case when the desk looks up: who is unreachable since when, who is in maintenance, ...

    `own_network` are the devices that our own network keeps from us.
    """

    devices: Mapping[str, Device] = field(default_factory=dict)
    down: Mapping[str, float] = field(default_factory=dict)
    maintenance: Mapping[str, str] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    ports: Mapping[str, str] = field(default_factory=dict)
    own_network: frozenset[str] = frozenset()
    site_names: Mapping[str, str] = field(default_factory=dict)


def fresh(number: int, fault: Fault, device: Device | None, now: float) -> Case:
    """A new case of one fault."""
    return Case(
        number,
        fault.device,
        device.site if device else "",
        (fault,),
        fault.since,
        now,
        priority(fault, device),
    )


def priority(fault: Fault, device: Device | None) -> int:
    """1: recorder, UPS or agent; else the device's own (2 in a priority zone, 3). What is only degraded is one less."""
    first = device is None or device.kind in (Kind.RECORDER, Kind.UPS, Kind.AGENT)
    base = 1 if first else device.priority if device else 3
    return min(4, base + (fault.state is not State.FAULT))


def with_fault(case: Case, fault: Fault, device: Device | None) -> Case:
    """`case` with `fault` added or brought up to date."""
    others = tuple(f for f in case.faults if f.key != fault.key)
    faults = (*others, fault)
    urgent = min(priority(f, device) for f in faults)
    return replace(case, faults=faults, since=min(case.since, fault.since), priority=urgent)
