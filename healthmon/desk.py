"""The desk: changes of the fault book in, what people are told out. A pure reducer with its own clock given to it.

A case is told once its cause had time to show. What a dead parent, a lost site, maintenance or our own network explains
is held and counted; what is still at fault when the explanation has gone is told then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from healthmon import cause
from healthmon.cases import SITE, Ack, Case, Told, World, fresh, with_fault
from healthmon.cause import POWER_CODES, Power, Rules
from healthmon.faults import Change, Fault, Key

_PAST = 7


@dataclass(slots=True)
class Desk:
    """Open cases by number. `suppressed` counts the cases that ended or wait untold, by reason."""

    rules: Rules = field(default_factory=Rules)
    cases: dict[int, Case] = field(default_factory=dict)
    last_number: int = 0
    suppressed: Counter[str] = field(default_factory=Counter)
    dirty: set[int] = field(default_factory=set)
    ended: list[Case] = field(default_factory=list)
    _of: dict[Key, int] = field(default_factory=dict)
    _power: list[Power] = field(default_factory=list)

    def restore(self, cases: Iterable[Case], last_number: int) -> None:
        """Take over the open cases of the last run; nothing is told again."""
        for case in cases:
            self.cases[case.number] = case
            self._of.update({fault.key: case.number for fault in case.faults})
        self.last_number = max([last_number, *self.cases])

    def adopt(self, cases: Iterable[Case], now: float) -> None:
        """Take over open cases of the last run late: one whose fault has a new number by now ends, and says so."""
        for case in cases:
            new = next(
                (self._of[fault.key] for fault in case.faults if fault.key in self._of), None
            )
            if new is None:
                self._keep(case)
                self._of.update({fault.key: case.number for fault in case.faults})
            else:
                self.ended.append(
                    replace(case, closed=now, cause=f"goes on as F{new:06d}", cause_number=new)
                )

    def reconcile(self, faults: Iterable[Fault], now: float, world: World) -> list[Told]:
        """Make the open cases agree with the open `faults` of the book (after a crash or a removed device)."""
        known = {fault.key: fault for fault in faults}
        gone = [
            Change("closed", fault, now)
            for case in self.cases.values()
            if not case.device.startswith(SITE)
            for fault in case.faults
            if fault.key not in known
        ]
        new = [Change("opened", fault, now) for key, fault in known.items() if key not in self._of]
        return self.take([*gone, *new], world, now)

    def take(self, changes: Sequence[Change], world: World, now: float) -> list[Told]:
        """Reduce changes of the fault book. What is told at once is returned; the rest comes with `tick`."""
        told: list[Told] = []
        for change in changes:
            told += self._one(change, world, now)
        return told

    def _one(self, change: Change, world: World, now: float) -> list[Told]:
        if change.what == "opened":
            return self._open(change.fault, world, now)
        case = self.cases.get(self._of.get(change.fault.key, -1))
        if case is None:
            return []
        if change.what == "changed":
            return self._changed(case, change.fault, world, now)
        del self._of[change.fault.key]
        left = tuple(f for f in case.faults if f.key != change.fault.key)
        if not left:
            return self._close(case, change.what, now)
        self._keep(replace(case, faults=left, past=(*case.past[-_PAST:], change.fault)))
        return []

    def _open(self, fault: Fault, world: World, now: float) -> list[Told]:
        device = world.devices.get(fault.device)
        for case in self.cases.values():
            recent = case.told is None or now - case.told < self.rules.hold
            if case.device == fault.device and recent:
                return self._changed(case, fault, world, now)
        self.last_number += 1
        self._keep(fresh(self.last_number, fault, device, now))
        self._of[fault.key] = self.last_number
        if fault.code in POWER_CODES and device is not None:
            self._power.append(
                Power(self.last_number, device.id, device.name, device.site, fault.since)
            )
        return []

    def _changed(self, case: Case, fault: Fault, world: World, now: float) -> list[Told]:
        self._of[fault.key] = case.number
        new = with_fault(case, fault, world.devices.get(fault.device))
        self._keep(new)
        if case.told is None:
            return []
        seen = [(c.lead.code, c.lead.state, c.lead.flapping, c.priority) for c in (case, new)]
        return [self._tell("changed", new, now)] if seen[0] != seen[1] else []

    def _close(self, case: Case, what: str, now: float) -> list[Told]:
        self._power = [
            replace(p, until=now) if p.number == case.number and p.until is None else p
            for p in self._power
        ]
        self._power = [p for p in self._power if p.until is None or now - p.until < 3600]
        del self.cases[case.number]
        self.dirty.discard(case.number)
        done = replace(case, closed=now, revision=case.revision + (case.told is not None))
        self.ended.append(done)
        if case.told is None:
            self.suppressed[case.held or "brief"] += 1
            return []
        return [Told(what, done, now)]

    def _keep(self, case: Case) -> None:
        self.cases[case.number] = case
        self.dirty.add(case.number)

    def _tell(self, what: str, case: Case, now: float) -> Told:
        case = replace(
            case,
            revision=case.revision + 1,
            told=case.told if case.told is not None else now,
            held="",
        )
        self._keep(case)
        return Told(what, case, now)

    def acknowledge(self, number: int, ack: Ack) -> bool:
        """Note who has taken the case on; False when there is no such open case."""
        if number not in self.cases:
            return False
        self._keep(replace(self.cases[number], ack=ack))
        return True

    def tick(self, world: World, now: float) -> list[Told]:
        """What is to be told now."""
        for case in [c for c in self.cases.values() if c.told is None and c.held != "site"]:
            self._weigh(case, world, now)
        told = [t for site in self._waiting_sites() for t in self._site(site, world, now)]
        ripe = [c for c in self.cases.values() if c.told is None and not c.held and not c.lost]
        told += [self._first(c, world, now) for c in ripe if now - c.waits >= self.rules.hold]
        for case in [c for c in self.cases.values() if c.device.startswith(SITE)]:
            told += self._site_goes_on(case, now)
        return told

    def _weigh(self, case: Case, world: World, now: float) -> None:
        """Hold a case that something explains; let one go whose explanation has gone, with time to come back."""
        held, parent = cause.why_held(case, world)
        number = (
            next((c.number for c in self.cases.values() if c.device == parent), None)
            if parent
            else None
        )
        if held == case.held and (not held or number == case.cause_number):
            return
        words = f"behind {world.devices[parent].name} {parent}" if parent else ""
        released = case.held != "" and held == ""
        rest = (
            self.rules.settle - self.rules.longest
            if released and case.held in ("parent", "own network")
            else 0.0
        )
        waits = now + rest if released else case.waits
        self._keep(replace(case, held=held, cause=words, cause_number=number, waits=waits))

    def _waiting_sites(self) -> list[str]:
        return sorted({c.site for c in self.cases.values() if self._waits(c)})

    @staticmethod
    def _waits(case: Case) -> bool:
        return (
            case.told is None and not case.held and case.lost and not case.device.startswith(SITE)
        )

    def _site(self, site: str, world: World, now: float) -> list[Told]:
        waiting = [c for c in self.cases.values() if self._waits(c) and c.site == site]
        open_ = next((c for c in self.cases.values() if c.device == SITE + site), None)
        if open_ is not None and now - open_.joined < self.rules.join:
            self._join(open_, waiting, world, now)
            return []
        if not cause.settled(waiting, now, self.rules):
            return []
        if open_ is None and cause.together(waiting, len(cause.watched(site, world)), self.rules):
            self.last_number += 1
            case = cause.site_case(self.last_number, site, waiting, world, now)
            told = self._first(case, world, now)
            self._hold_members(waiting, told.case.number)
            return [told]
        return [self._first(c, world, now) for c in waiting if now - c.waits >= self.rules.hold]

    def _join(self, case: Case, waiting: Sequence[Case], world: World, now: float) -> None:
        ids = tuple(sorted({*case.affected, *(c.device for c in waiting)}))
        members = [*self._members(case.number), *waiting]
        fault = replace(case.faults[0], sentence=cause.site_words(case.site, ids, members, world))
        self._keep(replace(case, affected=ids, faults=(fault,), joined=now))
        self._hold_members(waiting, case.number)

    def _hold_members(self, members: Sequence[Case], number: int) -> None:
        for case in members:
            self._keep(
                replace(case, held="site", cause="lost together with its site", cause_number=number)
            )

    def _members(self, number: int) -> list[Case]:
        return [c for c in self.cases.values() if c.held == "site" and c.cause_number == number]

    def _first(self, case: Case, world: World, now: float) -> Told:
        affected = case.affected or (cause.children(case.device, world) if case.lost else ())
        cameras = sum(d.kind == "camera" for d in world.devices.values())
        urgent = 1 if len(affected) > 0.1 * cameras and affected else case.priority
        case = replace(case, affected=affected, priority=min(urgent, case.priority))
        return self._tell("opened", cause.explained(case, self._power, world, self.rules), now)

    def _site_goes_on(self, case: Case, now: float) -> list[Told]:
        """A site case ends with its last member; when all but a few are back, those few become cases of their own."""
        members = self._members(case.number)
        if not members:
            return self._close(case, "closed", now)
        if len(members) > 0.2 * len(case.affected):
            self.cases[case.number] = replace(case, waits=now)
            return []
        if now - case.waits < self.rules.settle:
            return []
        for member in members:
            self._keep(
                replace(
                    member,
                    held="",
                    cause="",
                    cause_number=case.number,
                    waits=now - self.rules.longest,
                )
            )
        left = ", ".join(m.device for m in members)
        fault = replace(
            case.faults[0],
            sentence=f"{len(case.affected) - len(members)} are back; still lost: {left}",
        )
        return self._close(replace(case, faults=(fault,)), "closed", now)
