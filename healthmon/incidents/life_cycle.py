"""The life of a fault: what the machine saw and what people did, folded into one state. Pure.

A fault is over for the machine when it is restored; for people when it is closed. What is said to be
fixed and is not restored stays open. What was restored and nobody has visited is self-healed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Final

from healthmon.incidents.acts import AHEAD_SECONDS, Act, ActKind, PauseOwner
from healthmon.incidents.incident import Ack, Incident

# An engineer may have come a little before the fault was noticed.
EARLY_SECONDS = 86400.0
# A time is typed in whole minutes.
MINUTE_SECONDS = 60.0
# How the reason begins for which an incident has ended by the answer "no".
FALSE_ALARM: Final = "a false alarm:"


class Stage(StrEnum):
    """How far a fault has come. The words are those on the screen."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    REPORTED = "reported"
    ATTENDED = "attended"
    FIX_CLAIMED = "fix claimed"
    SELF_HEALED = "self-healed"
    RESTORED = "restored"
    VERIFIED = "verified"
    ACCEPTED = "accepted"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Pause:
    """Time in which the work could not go on; `until` None while it lasts. Unix seconds."""

    since: float
    until: float | None
    owner: PauseOwner
    reason: str
    by: str


@dataclass(frozen=True)
class LifeCycle:
    """One fault with the acts on it, in order. `standing` are those that nobody has undone, without
    the acts "undo". The acknowledgement of `incident` is the one that stands, and so is what a
    person has answered about a picture.
    """

    incident: Incident
    acts: tuple[Act, ...] = ()
    standing: tuple[Act, ...] = ()

    @classmethod
    def of(cls, incident: Incident, acts: Iterable[Act]) -> LifeCycle:
        """Fold `acts`, whose order is that of their ids."""
        known = tuple(sorted(acts, key=lambda one: one.id))
        undone = {one.undoes for one in known}
        standing = tuple(
            one for one in known if one.kind is not ActKind.UNDO and one.id not in undone
        )
        found = cls(incident, known, standing)
        return replace(found, incident=found.answered()) if known else found

    def answered(self) -> Incident:
        """The incident as people have taken it on, confirmed it or called it a false alarm. Where
        that was undone, it is open as before.
        """
        incident = replace(self.incident, ack=self.ack)
        if not incident.needs_a_person:
            return incident
        yes, no = self.last(ActKind.CONFIRM), self.dismissed
        incident = replace(incident, confirmed=yes.by if yes else "")
        if no is not None:
            return replace(incident, closed=no.at, ended=f"{FALSE_ALARM} {no.by} has looked")
        if incident.ended.startswith(FALSE_ALARM):
            return replace(incident, closed=None, ended="")
        return incident

    def all(self, *kinds: ActKind) -> tuple[Act, ...]:
        """The standing acts of these kinds in order."""
        return tuple(one for one in self.standing if one.kind in kinds)

    def first(self, *kinds: ActKind) -> Act | None:
        """The standing act of these kinds that happened first."""
        return min(self.all(*kinds), key=lambda one: one.happened, default=None)

    def last(self, kind: ActKind) -> Act | None:
        """The standing act of `kind` that was entered last."""
        return self._last.get(kind)

    @cached_property
    def _last(self) -> Mapping[ActKind, Act]:
        """The standing act of each kind that was entered last."""
        return {one.kind: one for one in self.standing}

    @property
    def raised(self) -> bool:
        """Whether a person has raised the fault; then no machine sees its end."""
        return self.incident.raised

    @property
    def ack(self) -> Ack | None:
        """Who has taken it on, by the last acknowledgement that stands."""
        found = self.last(ActKind.ACKNOWLEDGE)
        return Ack(found.by, found.get("reason"), found.at) if found else None

    @property
    def closed(self) -> Act | None:
        """The act that has closed it."""
        return self.last(ActKind.CLOSE)

    @property
    def dismissed(self) -> Act | None:
        """The act that has called it a false alarm."""
        return self.last(ActKind.DISMISS)

    @property
    def restored(self) -> float | None:
        """When it worked again: seen by the machine, or for a raised fault verified by a person (at
        the last fix before that, where one is recorded). None for one that ended without that.
        """
        if not self.raised:
            return None if self.incident.ended else self.incident.closed
        verified = self.last(ActKind.VERIFY)
        if verified is None:
            return None
        fixes = [one.happened for one in self.all(ActKind.FIX) if one.happened <= verified.happened]
        return max(fixes, default=verified.happened)

    @property
    def over(self) -> float | None:
        """When it was over: restored, or ended because the device was retired or taken out of the
        configuration.
        """
        return self.incident.closed if self.incident.ended else self.restored

    @property
    def self_healed(self) -> bool:
        """Whether it was restored before anybody came or mended it from afar."""
        restored = self.restored
        work = self.first(ActKind.ATTEND, ActKind.FIX)
        return (
            not self.raised and restored is not None and (work is None or work.happened > restored)
        )

    @property
    def pauses(self) -> tuple[Pause, ...]:
        """The pauses in order; the last one may still last."""
        found: list[Pause] = []
        for one in self.all(ActKind.PAUSE, ActKind.RESUME):
            if one.kind is ActKind.PAUSE:
                owner, reason = PauseOwner(one.get("owner")), one.get("reason")
                found.append(Pause(one.happened, None, owner, reason, one.by))
            elif found:
                last = found[-1]
                end = max(last.since, one.happened)
                found[-1] = Pause(last.since, end, last.owner, last.reason, last.by)
        return tuple(found)

    @property
    def paused(self) -> Pause | None:
        """The pause that lasts; a fault that is over has none."""
        return self.unended if self.over is None else None

    @property
    def unended(self) -> Pause | None:
        """The pause whose end nobody has recorded, even where the fault is over."""
        pauses = self.pauses
        return pauses[-1] if pauses and pauses[-1].until is None else None

    @property
    def stage(self) -> Stage:
        """How far it has come."""
        if self.closed or self.incident.ended:
            return Stage.CLOSED
        return self._after() if self.restored is not None else self._before()

    def _after(self) -> Stage:
        if self.last(ActKind.ACCEPT):
            return Stage.ACCEPTED
        if self.last(ActKind.VERIFY):
            return Stage.VERIFIED
        return Stage.SELF_HEALED if self.self_healed else Stage.RESTORED

    def _before(self) -> Stage:
        reached = {one.kind for one in self.standing}
        return next((stage for kind, stage in _STEPS if kind in reached), Stage.OPEN)

    @property
    def last_act(self) -> Act | None:
        """The act that `undo` takes back: the last that stands, but for the one that raised it."""
        found = [one for one in self.standing if one.kind is not ActKind.RAISE]
        return found[-1] if found else None

    def undid(self, kind: ActKind) -> bool:
        """Whether the last act has undone one of `kind`."""
        undone = self.acts[-1].undoes if self.acts else 0
        return any(one.id == undone and one.kind is kind for one in self.acts)

    def refusal(self, new: Act, now: float) -> str:
        """Why `new` cannot be recorded, as a sentence with its remedy; "" where it can."""
        if self.closed and new.kind is not ActKind.UNDO:
            return f"is closed since {self.closed.by} closed it; undo that first"
        if self.dismissed and new.kind is not ActKind.UNDO:
            return f"is a false alarm, {self.dismissed.by} has said; undo that first"
        if new.happened > now + AHEAD_SECONDS:
            return "that time is in the future; give the time at which it happened"
        if new.happened < self.incident.since - EARLY_SECONDS:
            return "that time is more than a day before the fault began; check the date"
        if new.kind in _AFTER_IT_BEGAN and new.happened < self.incident.since - MINUTE_SECONDS:
            return "that time is before the fault began; check date and time"
        return _REFUSALS[new.kind](self, new) if new.kind in _REFUSALS else ""


# Acts on a fault that was there; somebody may have come, or heard of it, before healthmon saw it.
_AFTER_IT_BEGAN: Final = (ActKind.FIX, ActKind.VERIFY, ActKind.ACCEPT, ActKind.CLOSE)

_STEPS: Final = (
    (ActKind.FIX, Stage.FIX_CLAIMED),
    (ActKind.ATTEND, Stage.ATTENDED),
    (ActKind.REPORT, Stage.REPORTED),
    (ActKind.ACKNOWLEDGE, Stage.ACKNOWLEDGED),
)


def _raise(_life: LifeCycle, _new: Act) -> str:
    return "is raised already"


def _still_there(life: LifeCycle, new: Act) -> str:
    """For what is done with a fault that is there."""
    if life.over is None:
        return ""
    return f"is over; it needs no '{new.kind}'"


def _confirm(life: LifeCycle, new: Act) -> str:
    return _still_there(life, new) if life.incident.needs_a_person else ""


def _dismiss(life: LifeCycle, new: Act) -> str:
    if not life.incident.needs_a_person:
        return "is a fault that was measured; only what a person is asked about is a false alarm"
    if life.incident.confirmed:
        return f"was confirmed by {life.incident.confirmed}; undo that first"
    return _still_there(life, new)


def _restored(life: LifeCycle, new: Act) -> str:
    """For what is done once the fault is over; a raised one is over when it is verified."""
    if life.over is not None:
        return ""
    if life.raised:
        return f"nobody has verified that it works; verify it before '{new.kind}'"
    return f"healthmon still sees the fault: {life.incident.lead.sentence}"


def _verify(life: LifeCycle, new: Act) -> str:
    return "" if life.raised else _restored(life, new)


def _close(life: LifeCycle, new: Act) -> str:
    if life.raised and new.get("cause") in ("no_fault", "planned"):
        return ""
    return _restored(life, new)


def _pause(life: LifeCycle, new: Act) -> str:
    running = life.unended
    if running:
        return f"is paused already ({running.owner}: {running.reason}); resume it first"
    last = life.pauses[-1].until if life.pauses else None
    if last is not None and new.happened < last:
        return "that time lies in an earlier pause; give a later one"
    return _still_there(life, new)


def _resume(life: LifeCycle, new: Act) -> str:
    running = life.unended
    if running is None:
        return "is not paused"
    return "that time is before the pause began" if new.happened < running.since else ""


def _undo(life: LifeCycle, new: Act) -> str:
    last = life.last_act
    if last is None:
        return "has no act that can be undone"
    if new.undoes != last.id:
        return "somebody else has acted meanwhile; read the record again"
    return ""


_REFUSALS: Final[Mapping[ActKind, Callable[[LifeCycle, Act], str]]] = {
    ActKind.RAISE: _raise,
    ActKind.ACKNOWLEDGE: _still_there,
    ActKind.CONFIRM: _confirm,
    ActKind.DISMISS: _dismiss,
    ActKind.VERIFY: _verify,
    ActKind.ACCEPT: _restored,
    ActKind.CLOSE: _close,
    ActKind.PAUSE: _pause,
    ActKind.RESUME: _resume,
    ActKind.UNDO: _undo,
}
