"""Incidents: what people learn of faults. An incident keeps its number; an `IncidentEvent` is one
thing that is said of it. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from healthmon.checks.evaluation.codes import group_of
from healthmon.incidents.confirmation import Fault
from healthmon.model.enums import Kind, State
from healthmon.model.plain_text import one_line

if TYPE_CHECKING:
    from healthmon.incidents.acts import Act
    from healthmon.model.device import Device

LOST = "unreachable"
NOT_CHECKED = "not_checked"
COMMON = "common_cause"
SITE = "site:"
# The check type and the code of a fault that a person has raised; no check sees its end.
PERSON = "person"
RAISED = "raised"
# What stands for the device where a person has raised something about none.
OTHER = "other"
_TIMES = ("since", "waits", "told", "joined", "closed", "mains_lost", "mains_back")
ALONE = frozenset(
    {
        "devices_held",
        "falling_behind",
        "site_agent_lost",
        "agent_left_out",
        "store",
        "history_damaged",
        "record_changed",
        "notify_failing",
        "sweep_missed",
    }
)


@dataclass(frozen=True, slots=True)
class Ack:
    """Who has taken an incident on, and why it may wait."""

    by: str
    reason: str
    at: float

    def __post_init__(self) -> None:
        """Both texts are one plain line, whoever wrote them."""
        object.__setattr__(self, "by", one_line(self.by))
        object.__setattr__(self, "reason", one_line(self.reason))


@dataclass(frozen=True, slots=True)
class Incident:
    """One numbered incident: the faults of one device that began together, or many devices of a
    site lost together.

    `told` is when people were first told, None while it is held; `held` says why ("parent", "site",
    "maintenance", "absent", "own network"). `cause` is in words, `cause_number` the incident that
    explains this one. `affected` are device ids: the cameras of a site case, the children of a dead
    parent. `waits` is when the waiting began. `past` are faults that are over while others are not.
    `mains_lost` and `mains_back` bound the mains failure that it tells of. `ended` says why it is
    closed although nothing was restored, "" otherwise. `confirmed` is the person who has looked at
    a picture and called it a fault. Unix seconds.
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
    mains_lost: float | None = None
    mains_back: float | None = None
    ended: str = ""
    confirmed: str = ""

    @property
    def needs_a_person(self) -> bool:
        """Whether only a person can say that it is a fault: a picture is unlike earlier ones."""
        faults = (*self.past, *self.faults)
        return bool(faults) and all(group_of(one.code) == "view" for one in faults)

    @property
    def looked_at_first(self) -> bool:
        """Whether a person has still to look before the contractor is called."""
        return self.needs_a_person and not self.confirmed

    @property
    def is_asked_about(self) -> bool:
        """Whether somebody is asked to look: it is open, not answered, and nothing explains it."""
        return self.closed is None and self.looked_at_first and not self.held

    @property
    def state(self) -> State:
        """How bad it is: what a person has called a fault is one, whatever the machine says."""
        return State.FAULT if self.needs_a_person and self.confirmed else self.lead.state

    @property
    def lead(self) -> Fault:
        """The fault that says most: a lost device first, then the worst, then the oldest; once
        over, of all it had.
        """
        faults = (*self.past, *self.faults) if self.closed is not None else self.faults
        return min(faults, key=lambda f: (f.code != LOST, -f.state, f.since, f.key))

    @property
    def lost(self) -> bool:
        """Whether one device cannot be reached."""
        return self.lead.code == LOST and self.lead.check_type == "reach"

    @property
    def raised(self) -> bool:
        """Whether a person has raised it."""
        return self.lead.check_type == PERSON

    def moved(self, by: float) -> Incident:
        """The same with all its times `by` seconds later."""
        times = {name: getattr(self, name) for name in _TIMES}
        later = {name: at + by for name, at in times.items() if at}
        if self.ack is not None:
            later["ack"] = replace(self.ack, at=self.ack.at + by)
        return replace(
            self,
            faults=tuple(fault.moved(by) for fault in self.faults),
            past=tuple(fault.moved(by) for fault in self.past),
            **later,
        )

    def rewritten(self, replace_in: Callable[[str], str]) -> Incident:
        """The same with what people have written replaced: who has taken it on, why it may wait, who has
        answered for its picture, and what was raised by hand.
        """
        ack = self.ack
        confirmed, ended = replace_in(self.confirmed), replace_in(self.ended)
        kept = replace(self, confirmed=confirmed, ended=ended)
        if ack is not None:
            ack = replace(ack, by=replace_in(ack.by), reason=replace_in(ack.reason))
        if not self.raised:
            return replace(kept, ack=ack)
        faults, past = (
            tuple(replace(one, sentence=replace_in(one.sentence)) for one in many)
            for many in (self.faults, self.past)
        )
        return replace(kept, ack=ack, faults=faults, past=past)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the store."""
        rows = {
            name: [fault.as_row() for fault in getattr(self, name)] for name in ("faults", "past")
        }
        return asdict(self) | rows

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Incident:
        """The incident of `as_dict`. Raises KeyError, TypeError or ValueError."""
        faults, past = (
            tuple(Fault.of_row(fault) for fault in row[name]) for name in ("faults", "past")
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
class IncidentEvent:
    """What leaves the reducer: `what` is opened, changed, closed or removed. Its id never repeats:
    ``F000123-2``.
    """

    what: str
    incident: Incident
    at: float

    @property
    def id(self) -> str:
        """The idempotency id."""
        return f"F{self.incident.number:06d}-{self.incident.revision}"


@dataclass(frozen=True, slots=True)
class EstateState:
    """What is known around an incident when the reducer looks up: who is unreachable since when,
    who is in maintenance, ...

    `own_network` are the devices that our own network keeps from us.
    """

    devices: Mapping[str, Device] = field(default_factory=dict)
    down: Mapping[str, float] = field(default_factory=dict)
    maintenance: Mapping[str, str] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    ports: Mapping[str, str] = field(default_factory=dict)
    own_network: frozenset[str] = frozenset()
    site_names: Mapping[str, str] = field(default_factory=dict)


def together(incident: Incident, fault: Fault) -> bool:
    """Whether `fault`, which begins with `incident`, is told with it. Each trouble of our own that
    has a remedy of its own is told for itself, and so is what a person has raised.
    """
    alone = fault.code in ALONE or incident.lead.code in ALONE or incident.raised
    return incident.device == fault.device and not alone


def fresh(number: int, fault: Fault, device: Device | None, now: float) -> Incident:
    """A new incident of one fault. What was not checked for long need not wait for its
    cause.
    """
    return Incident(
        number,
        fault.device,
        device.site if device else "",
        (fault,),
        fault.since,
        0.0 if fault.code == NOT_CHECKED else now,
        priority(fault, device),
    )


def raised_by_person(number: int, act: Act, device: Device | None, site: str = "") -> Incident:
    """The incident that a person has raised; `device` is None where it is about something else.
    Nothing explains it, so it need not wait for its cause.
    """
    name = act.get("device") or OTHER
    fault = Fault(
        name,
        PERSON,
        str(act.id),
        RAISED,
        RAISED,
        State.FAULT,
        act.get("what"),
        act.happened,
        act.at,
    )
    given = int(act.get("priority") or 0) or (device.priority if device else 3)
    where = device.site if device else site
    return Incident(number, name, where, (fault,), act.happened, 0.0, given)


def priority(fault: Fault, device: Device | None) -> int:
    """1: recorder, UPS, agent or a privacy zone; else the device's own (2 in a priority zone, 3). What is only
    degraded is one less.
    """
    first = device is None or device.kind in (Kind.RECORDER, Kind.UPS, Kind.AGENT)
    first = first or group_of(fault.code) == "privacy"
    base = 1 if first else device.priority if device else 3
    return min(4, base + (fault.state is not State.FAULT))


def with_fault(incident: Incident, fault: Fault, device: Device | None) -> Incident:
    """`incident` with `fault` added or brought up to date."""
    others = tuple(f for f in incident.faults if f.key != fault.key)
    since = min(incident.since, fault.since)
    grown = replace(incident, faults=(*others, fault), since=since)
    return replace(grown, priority=_urgency(grown, device))


def confirmed_by(incident: Incident, by: str, device: Device | None) -> Incident:
    """`incident` as `by` has called it a fault, "" where that was undone."""
    answered = replace(incident, confirmed=by)
    return replace(answered, priority=_urgency(answered, device))


def _urgency(incident: Incident, device: Device | None) -> int:
    """The priority of its worst fault; what a person has confirmed is no mere warning."""
    if incident.state is State.FAULT and incident.confirmed:
        return min(priority(replace(f, state=State.FAULT), device) for f in incident.faults)
    return min(priority(f, device) for f in incident.faults)


class Unchecked(NamedTuple):
    """A hindered check, and for how long it has had no result (seconds)."""

    device: str
    check_type: str
    instance: str
    seconds: float

    @property
    def key(self) -> tuple[str, str, str]:
        """Which check it is."""
        return self[:3]
