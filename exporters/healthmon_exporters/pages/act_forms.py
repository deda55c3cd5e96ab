"""The forms of a fault's page: which acts can be recorded now, and what each asks for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from healthmon.incidents.acts import ALLOWED, CAUSES, NEEDED, WORDS, Act, ActKind
from healthmon.incidents.life_cycle import LifeCycle

# In the order in which a fault goes through them.
_TITLES: Final[Mapping[ActKind, str]] = {
    ActKind.ACKNOWLEDGE: "Acknowledge",
    ActKind.CONFIRM: "Confirm: seen by a person",
    ActKind.DISMISS: "False alarm: nothing is wrong",
    ActKind.REPORT: "Report to the contractor",
    ActKind.ATTEND: "Record a visit",
    ActKind.FIX: "Record a fix",
    ActKind.PAUSE: "Pause: the work cannot go on",
    ActKind.RESUME: "Resume",
    ActKind.VERIFY: "Verify: it works",
    ActKind.ACCEPT: "Accept the work",
    ActKind.CLOSE: "Close",
}
_LABELS: Final[Mapping[str, str]] = {
    "what": "What is wrong, in one sentence",
    "noticed_by": "Who noticed it",
    "to": "To whom",
    "how": "How (telephone, e-mail, portal)",
    "reference": "Job number of the contractor",
    "owner": "Who holds it up",
    "cause": "Cause",
    "action": "What was done",
    "parts": "Parts",
    "engineer": "Engineer",
    "reason": "Reason",
    "note": "Remark",
    "priority": "Priority",
    "device": "Device",
    "site": "Site, where it is no device",
}
_HAPPENED: Final = frozenset(ActKind) - {ActKind.ACKNOWLEDGE, ActKind.UNDO}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a closed list: what is stored and what is read."""

    value: str
    words: str


@dataclass(frozen=True, slots=True)
class Field:
    """One entry of a form; with `choices` one of them."""

    name: str
    label: str
    needed: bool
    choices: tuple[Choice, ...] = ()
    value: str = ""


@dataclass(frozen=True, slots=True)
class ActForm:
    """One act that can be recorded now; with `dated` it may have happened earlier."""

    kind: ActKind
    title: str
    fields: tuple[Field, ...]
    dated: bool


def act_forms(life: LifeCycle, contractor: str, now: float) -> tuple[ActForm, ...]:
    """The acts that fit the life of a fault; a report goes to its `contractor`."""
    found = [
        ActForm(kind, title, fields_of(kind, {"to": contractor}), kind in _HAPPENED)
        for kind, title in _TITLES.items()
        if not life.refusal(_example(kind, now), now)
    ]
    return tuple(found)


def fields_of(kind: ActKind, values: Mapping[str, str]) -> tuple[Field, ...]:
    """The entries of the form of `kind`, filled in with `values` where they are known."""
    needed = NEEDED.get(kind, ())
    return tuple(
        Field(name, _LABELS[name], name in needed, _choices(name), values.get(name, ""))
        for name in details_of_kind(kind)
    )


def details_of_kind(kind: ActKind) -> tuple[str, ...]:
    """The names of everything that can be entered with `kind`."""
    return (*NEEDED.get(kind, ()), *ALLOWED.get(kind, ()))


def _choices(name: str) -> tuple[Choice, ...]:
    known = WORDS.get(name, ())
    return tuple(Choice(value, _words(name, value)) for value in known)


def _words(name: str, value: str) -> str:
    if name == "cause":
        return CAUSES[value].words
    return f"P{value}" if name == "priority" else value


def _example(kind: ActKind, now: float) -> Act:
    """An act of `kind` that is asked about only; it closes what has no fault first."""
    return Act(kind, "-", now, now, details={"cause": "no_fault"} if kind is ActKind.CLOSE else {})
