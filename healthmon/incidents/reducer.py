"""The reducer: changes of the fault book in, notifications out. A pure reducer with its own
clock given to it.

An incident is notified once its cause had time to show. What a dead parent, a lost site,
maintenance or our own network explains is held and counted; what is still at fault when the
explanation has gone is notified then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from healthmon.incidents import correlation
from healthmon.incidents.acts import Act, ActKind
from healthmon.incidents.confirmation import Change, Fault, Key
from healthmon.incidents.correlation import CorrelationRules, with_mains
from healthmon.incidents.incident import (
    SITE,
    Ack,
    EstateState,
    Incident,
    IncidentEvent,
    confirmed_by,
    fresh,
    raised_by_person,
    together,
    with_fault,
)
from healthmon.incidents.life_cycle import LifeCycle

_PAST = 7
# How long a mains failure that is over can explain what begins.
POWER_KEPT_SECONDS = 3600.0


@dataclass(slots=True)
class IncidentReducer:
    """Open incidents by number. `suppressed` counts the incidents that ended or wait untold, by
    reason.
    """

    rules: CorrelationRules = field(default_factory=CorrelationRules)
    incidents: dict[int, Incident] = field(default_factory=dict)
    last_number: int = 0
    suppressed: Counter[str] = field(default_factory=Counter)
    dirty: set[int] = field(default_factory=set)
    ended: list[Incident] = field(default_factory=list)
    _of: dict[Key, int] = field(default_factory=dict)
    _power: dict[int, Incident] = field(default_factory=dict)
    _outages: dict[str, Incident] = field(default_factory=dict)

    def restore(
        self, incidents: Iterable[Incident], last_number: int, ended: Iterable[Incident] = ()
    ) -> None:
        """Take over the open incidents of the last run, and those that had `ended` lately; nothing
        is notified again.
        """
        for incident in incidents:
            self.incidents[incident.number] = incident
            self._of.update({fault.key: incident.number for fault in incident.faults})
            self._note(with_mains(incident, incident.since))
        for incident in ended:
            self._note(incident)
        self.last_number = max([last_number, *self.incidents])

    def adopt(
        self, incidents: Iterable[Incident], now: float, ended: Iterable[Incident] = ()
    ) -> None:
        """The same, late: one whose fault has a new number by now ends, and says so."""
        for incident in ended:
            self._note(incident)
        for incident in incidents:
            new = next(
                (self._of[fault.key] for fault in incident.faults if fault.key in self._of), None
            )
            if new is None:
                self._keep(with_mains(incident, now))
                self._of.update({fault.key: incident.number for fault in incident.faults})
            else:
                self.ended.append(
                    replace(incident, closed=now, cause=f"goes on as F{new:06d}", cause_number=new)
                )

    def move(self, by: float) -> None:
        """Our clock was set by `by` seconds: all times are that much later."""
        self.incidents = {number: one.moved(by) for number, one in self.incidents.items()}
        self._power = {number: one.moved(by) for number, one in self._power.items()}
        self._outages = {device: one.moved(by) for device, one in self._outages.items()}
        self.dirty |= self.incidents.keys()

    def rewrite(self, replace_in: Callable[[str], str]) -> None:
        """Replace what people have written."""
        self.incidents = {n: one.rewritten(replace_in) for n, one in self.incidents.items()}
        self._power = {n: one.rewritten(replace_in) for n, one in self._power.items()}
        self._outages = {name: one.rewritten(replace_in) for name, one in self._outages.items()}
        self.ended = [one.rewritten(replace_in) for one in self.ended]

    def reconcile(
        self, faults: Iterable[Fault], now: float, estate_state: EstateState
    ) -> list[IncidentEvent]:
        """Make the open incidents agree with the open `faults` of the book (after a crash or a
        removed device).
        """
        known = {fault.key: fault for fault in faults}
        gone = [
            Change("closed", fault, now)
            for incident in self.incidents.values()
            if not incident.device.startswith(SITE) and not incident.raised
            for fault in incident.faults
            if fault.key not in known
        ]
        new = [Change("opened", fault, now) for key, fault in known.items() if key not in self._of]
        return self.apply([*gone, *new], estate_state, now)

    def apply(
        self, changes: Sequence[Change], estate_state: EstateState, now: float
    ) -> list[IncidentEvent]:
        """Reduce changes of the fault book. What is notified at once is returned; the rest comes
        with `tick`.
        """
        told: list[IncidentEvent] = []
        for change in changes:
            told += self._one(change, estate_state, now)
        return told

    def _one(self, change: Change, estate_state: EstateState, now: float) -> list[IncidentEvent]:
        if change.what == "opened":
            return self._open(change.fault, estate_state, now)
        incident = self.incidents.get(self._of.get(change.fault.key, -1))
        if incident is None:
            return []
        if change.what == "changed":
            return self._changed(incident, change.fault, estate_state, now)
        del self._of[change.fault.key]
        left = tuple(f for f in incident.faults if f.key != change.fault.key)
        if not left:
            gone = change.what == "removed"
            ended = correlation.why_removed(incident, estate_state) if gone else ""
            return self._close(replace(incident, ended=ended), change.what, now)
        past = (*incident.past[-_PAST:], change.fault)
        self._keep(with_mains(replace(incident, faults=left, past=past), now))
        return []

    def _open(self, fault: Fault, estate_state: EstateState, now: float) -> list[IncidentEvent]:
        device = estate_state.devices.get(fault.device)
        for incident in self.incidents.values():
            recent = incident.told is None or now - incident.told < self.rules.hold
            if recent and together(incident, fault):
                return self._changed(incident, fault, estate_state, now)
        self.last_number += 1
        self._keep(with_mains(fresh(self.last_number, fault, device, now), now))
        self._of[fault.key] = self.last_number
        return []

    def _changed(
        self, incident: Incident, fault: Fault, estate_state: EstateState, now: float
    ) -> list[IncidentEvent]:
        self._of[fault.key] = incident.number
        device = estate_state.devices.get(fault.device)
        new = with_mains(with_fault(incident, fault, device), now)
        self._keep(new)
        if incident.told is None:
            return []
        seen = [(c.lead.code, c.lead.state, c.lead.flapping, c.priority) for c in (incident, new)]
        return [self._tell("changed", new, now)] if seen[0] != seen[1] else []

    def _close(self, incident: Incident, what: str, now: float) -> list[IncidentEvent]:
        del self.incidents[incident.number]
        self.dirty.discard(incident.number)
        done = replace(
            incident, closed=now, revision=incident.revision + (incident.told is not None)
        )
        if done.mains_lost is not None and done.mains_back is None:
            done = replace(done, mains_back=now)
        self.ended.append(done)
        self._note(done)
        self._power = {
            number: one
            for number, one in self._power.items()
            if one.mains_back is None or now - one.mains_back < POWER_KEPT_SECONDS
        }
        if incident.told is None:
            self.suppressed[incident.held or "brief"] += 1
            return []
        return [IncidentEvent(what, done, now)]

    def _keep(self, incident: Incident) -> None:
        self.incidents[incident.number] = incident
        self.dirty.add(incident.number)
        self._note(incident)

    def _note(self, incident: Incident) -> None:
        """Know what explains others: a mains failure, and the last time that the footage of a device
        was missing.
        """
        if incident.mains_lost is not None:
            self._power[incident.number] = incident
        if any(f.code == correlation.OUTAGE for f in (*incident.faults, *incident.past)):
            self._outages[incident.device] = incident

    def _tell(self, what: str, incident: Incident, now: float) -> IncidentEvent:
        incident = replace(
            incident,
            revision=incident.revision + 1,
            told=incident.told if incident.told is not None else now,
            held="",
        )
        self._keep(incident)
        return IncidentEvent(what, incident, now)

    def acknowledge(self, number: int, ack: Ack | None) -> bool:
        """Note who has taken the incident on, None when that was undone; False when there is no such
        open incident.
        """
        if number not in self.incidents:
            return False
        if self.incidents[number].ack != ack:
            self._keep(replace(self.incidents[number], ack=ack))
        return True

    def raise_fault(self, act: Act, estate_state: EstateState) -> int:
        """The number of a new incident for what a person has raised; `tick` notifies it."""
        self.last_number += 1
        device = estate_state.devices.get(act.get("device"))
        self._keep(raised_by_person(self.last_number, act, device, act.get("site")))
        return self.last_number

    def follow(self, life: LifeCycle, now: float) -> list[IncidentEvent]:
        """Take over what people have done about an incident: acknowledged it, ended one that they
        have raised, or undone that.
        """
        incident = life.incident
        known = self.acknowledge(incident.number, life.ack)
        if incident.raised and known and life.closed:
            return self._close(self.incidents[incident.number], "closed", now)
        if incident.raised and not known and not life.closed:
            self._keep(replace(incident, closed=None, told=None, waits=0.0, ack=life.ack))
        return []

    def answer(
        self, life: LifeCycle, estate_state: EstateState, now: float
    ) -> tuple[list[IncidentEvent], tuple[Fault, ...]]:
        """Take over what a person has answered about a picture, and the faults that are over by it: a
        yes is told to those who hear of faults, a no ends the incident.
        """
        incident = self.incidents.get(life.incident.number)
        if incident is None or not incident.needs_a_person:
            return [], ()
        if life.dismissed:
            self._of = {key: n for key, n in self._of.items() if n != incident.number}
            done = replace(incident, ended=life.incident.ended)
            return self._close(done, "removed", now), incident.faults
        if incident.confirmed == life.incident.confirmed:
            return [], ()
        device = estate_state.devices.get(incident.device)
        answered = confirmed_by(incident, life.incident.confirmed, device)
        self._keep(answered)
        return [self._tell("changed", answered, now)] if answered.told is not None else [], ()

    def reopen(self, life: LifeCycle, now: float) -> tuple[list[IncidentEvent], tuple[Fault, ...]]:
        """Take over that somebody has undone a false alarm, and the faults that are open again by it."""
        incident = life.incident
        if incident.number in self.incidents or not life.undid(ActKind.DISMISS):
            return [], ()
        taken = any(fault.key in self._of for fault in incident.faults)
        if taken or incident.closed is not None:
            return [], ()
        self._keep(incident)
        self._of.update({fault.key: incident.number for fault in incident.faults})
        told = [self._tell("changed", incident, now)] if incident.told is not None else []
        return told, incident.faults

    def tick(self, estate_state: EstateState, now: float) -> list[IncidentEvent]:
        """What is to be notified now."""
        for incident in self._untold():
            if incident.held != "site" and not incident.raised:
                self._weigh(incident, estate_state, now)
        told: list[IncidentEvent] = []
        for site in self._waiting_sites():
            told += self._site(site, estate_state, now)
        told += self._firsts(self._ripe(), estate_state, now)
        for incident in list(self.incidents.values()):
            if incident.device.startswith(SITE):
                told += self._site_goes_on(incident, now)
        return told

    def _ripe(self) -> list[Incident]:
        """The untold incidents that nothing explains; lost devices wait with their site."""
        return [c for c in self._untold() if not c.held and not c.lost]

    def _untold(self) -> list[Incident]:
        """The incidents that nobody has been told of."""
        return [c for c in self.incidents.values() if c.told is None]

    def _firsts(
        self, waiting: Sequence[Incident], estate_state: EstateState, now: float
    ) -> list[IncidentEvent]:
        """The first word on each of `waiting` that has waited long enough for its cause."""
        ripe = [c for c in waiting if now - c.waits >= self.rules.hold]
        return [self._first(c, estate_state, now) for c in ripe]

    def _weigh(self, incident: Incident, estate_state: EstateState, now: float) -> None:
        """Hold an incident that something explains; let one go whose explanation has gone, with
        time to come back.
        """
        held, parent = correlation.why_held(incident, estate_state)
        cause = self._open_of(parent) if parent else None
        number = cause.number if cause else None
        if held == incident.held and (not held or number == incident.cause_number):
            return
        words = f"behind {estate_state.devices[parent].name} {parent}" if parent else ""
        waits = incident.waits
        if incident.held and not held:
            waits = now + self._rest_after(incident.held)
        self._keep(replace(incident, held=held, cause=words, cause_number=number, waits=waits))

    def _rest_after(self, held: str) -> float:
        """How much longer an incident waits once nothing holds it: its device has to come back."""
        rules = self.rules
        return rules.settle - rules.longest if held in ("parent", "own network") else 0.0

    def _waiting_sites(self) -> list[str]:
        return sorted({c.site for c in self.incidents.values() if self._waits(c)})

    @staticmethod
    def _waits(incident: Incident) -> bool:
        return (
            incident.told is None
            and not incident.held
            and incident.lost
            and not incident.device.startswith(SITE)
        )

    def _site(self, site: str, estate_state: EstateState, now: float) -> list[IncidentEvent]:
        waiting = [c for c in self.incidents.values() if self._waits(c) and c.site == site]
        open_ = self._open_of(SITE + site)
        if open_ is not None and now - open_.joined < self.rules.join:
            self._join(open_, waiting, estate_state, now)
            return []
        if not correlation.settled(waiting, now, self.rules):
            return []
        watched = len(correlation.watched(site, estate_state))
        if open_ is None and correlation.together(waiting, watched, self.rules):
            self.last_number += 1
            incident = correlation.site_case(self.last_number, site, waiting, estate_state, now)
            told = self._first(incident, estate_state, now)
            self._hold_members(waiting, told.incident.number)
            return [told]
        return self._firsts(waiting, estate_state, now)

    def _open_of(self, device: str | None) -> Incident | None:
        """The first open incident of a device or site."""
        return next(
            (c for c in self.incidents.values() if c.device == device and not c.raised), None
        )

    def _join(
        self, incident: Incident, waiting: Sequence[Incident], estate_state: EstateState, now: float
    ) -> None:
        ids = tuple(sorted({*incident.affected, *(c.device for c in waiting)}))
        members = [*self._members(incident.number), *waiting]
        fault = replace(
            incident.faults[0],
            sentence=correlation.site_words(incident.site, ids, members, estate_state),
        )
        self._keep(replace(incident, affected=ids, faults=(fault,), joined=now))
        self._hold_members(waiting, incident.number)

    def _hold_members(self, members: Sequence[Incident], number: int) -> None:
        for incident in members:
            self._keep(
                replace(
                    incident, held="site", cause="lost together with its site", cause_number=number
                )
            )

    def _members(self, number: int) -> list[Incident]:
        return [c for c in self.incidents.values() if c.held == "site" and c.cause_number == number]

    def _first(self, incident: Incident, estate_state: EstateState, now: float) -> IncidentEvent:
        affected = incident.affected or (
            correlation.children(incident.device, estate_state) if incident.lost else ()
        )
        cameras = sum(d.kind == "camera" for d in estate_state.devices.values())
        urgent = 1 if len(affected) > 0.1 * cameras and affected else incident.priority
        incident = replace(incident, affected=affected, priority=min(urgent, incident.priority))
        incident = correlation.explained(incident, self._power.values(), estate_state, self.rules)
        outage = self._outages.get(incident.device)
        return self._tell("opened", correlation.missing_since(incident, outage), now)

    def _site_goes_on(self, incident: Incident, now: float) -> list[IncidentEvent]:
        """A site case ends with its last member; when all but a few are back, those few become
        incidents of their own.
        """
        members = self._members(incident.number)
        if not members:
            return self._close(incident, "closed", now)
        if len(members) > 0.2 * len(incident.affected):
            self.incidents[incident.number] = replace(incident, waits=now)
            return []
        if now - incident.waits < self.rules.settle:
            return []
        for member in members:
            self._keep(
                replace(
                    member,
                    held="",
                    cause="",
                    cause_number=incident.number,
                    waits=now - self.rules.longest,
                )
            )
        left = ", ".join(m.device for m in members)
        fault = replace(
            incident.faults[0],
            sentence=f"{len(incident.affected) - len(members)} are back; still lost: {left}",
        )
        return self._close(replace(incident, faults=(fault,)), "closed", now)
