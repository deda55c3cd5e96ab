"""Acts: what people do about a fault, each a dated record with a name. Pure.

The words are closed lists, because they are stored and counted. An act is never changed or taken out
of the record: an act "undo" names the one that no longer counts.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from healthmon.model.plain_text import one_line

LONGEST_TEXT = 1000
# Clocks of two machines differ; an act that is dated later than this after now is refused.
AHEAD_SECONDS = 60.0
# A fault is raised at most so long after it was noticed: what is older is a wrong date.
OLDEST_SECONDS = 366 * 86400.0


class ActError(ValueError):
    """An act that cannot be recorded; the text says why and what to do, in one line."""


class ActKind(StrEnum):
    """What a person can do about a fault."""

    RAISE = "raise"
    CONFIRM = "confirm"
    DISMISS = "dismiss"
    ACKNOWLEDGE = "acknowledge"
    REPORT = "report"
    ATTEND = "attend"
    FIX = "fix"
    VERIFY = "verify"
    ACCEPT = "accept"
    CLOSE = "close"
    PAUSE = "pause"
    RESUME = "resume"
    UNDO = "undo"


class NoticedBy(StrEnum):
    """Who noticed a fault that a person has raised."""

    OPERATOR = "operator"
    CONTRACTOR = "contractor"
    POLICE = "police"
    PUBLIC = "public"
    COMPLAINT = "complaint"


class PauseOwner(StrEnum):
    """Who has to act before the work can go on. Only the contractor's own pauses count as time of
    the contract.
    """

    CONTRACTOR = "contractor"
    UTILITY = "utility"
    HIGHWAYS = "highways"
    COUNCIL = "council"
    POLICE = "police"


class CauseGroup(StrEnum):
    """The three reasons that a council is asked for (freedom of information)."""

    VANDALISED = "vandalised"
    FAULTY = "faulty"
    OUTDATED = "outdated"


@dataclass(frozen=True, slots=True)
class Cause:
    """One entry of the closed list: its words, and its group; None for what was no fault."""

    words: str
    group: CauseGroup | None


CAUSES: Final[Mapping[str, Cause]] = {
    "vandalism": Cause("vandalism or theft", CauseGroup.VANDALISED),
    "accident": Cause("damage by an accident or by works of others", CauseGroup.FAULTY),
    "power": Cause("power supply", CauseGroup.FAULTY),
    "communications": Cause("network, fibre, radio link or 4G", CauseGroup.FAULTY),
    "device": Cause("defect of the device", CauseGroup.FAULTY),
    "lens": Cause("dirty or wet lens or dome", CauseGroup.FAULTY),
    "foliage": Cause("foliage or another obstruction", CauseGroup.FAULTY),
    "configuration": Cause("settings, account, clock or firmware", CauseGroup.FAULTY),
    "weather": Cause("weather or water", CauseGroup.FAULTY),
    "unknown": Cause("not found", CauseGroup.FAULTY),
    "obsolete": Cause("end of life, no parts or no support", CauseGroup.OUTDATED),
    "planned": Cause("planned work", None),
    "no_fault": Cause("no fault found", None),
}

# The details of each kind of act: those it must have, and those it may have besides.
NEEDED: Final[Mapping[ActKind, tuple[str, ...]]] = {
    ActKind.RAISE: ("what", "noticed_by"),
    ActKind.ACKNOWLEDGE: ("reason",),
    ActKind.REPORT: ("to",),
    ActKind.CLOSE: ("cause",),
    ActKind.PAUSE: ("owner", "reason"),
    ActKind.UNDO: ("act",),
}
ALLOWED: Final[Mapping[ActKind, tuple[str, ...]]] = {
    ActKind.RAISE: ("device", "site", "priority"),
    ActKind.CONFIRM: ("note",),
    ActKind.DISMISS: ("note",),
    ActKind.REPORT: ("how", "reference", "note"),
    ActKind.ATTEND: ("engineer", "reference", "note"),
    ActKind.FIX: ("action", "parts", "cause", "reference", "note"),
    ActKind.VERIFY: ("note",),
    ActKind.ACCEPT: ("note",),
    ActKind.CLOSE: ("action", "parts", "note"),
    ActKind.RESUME: ("note",),
    ActKind.UNDO: ("reason",),
}
WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "cause": tuple(CAUSES),
    "owner": tuple(PauseOwner),
    "noticed_by": tuple(NoticedBy),
    "priority": ("1", "2", "3", "4"),
}


@dataclass(frozen=True, slots=True)
class Act:
    """One act on the fault `number`, entered by `by` at `at`; it happened at `happened`. Unix
    seconds.

    `details` are texts by the names of `NEEDED` and `ALLOWED`. `id` is given by the store and keeps
    the order; 0 before. `number` is 0 for a fault that has no number yet. `form` is the mark of the
    form that it came by: sent twice it is one act. "" for none.
    """

    kind: ActKind
    by: str
    at: float
    happened: float
    number: int = 0
    details: Mapping[str, str] = field(default_factory=dict)
    id: int = 0
    form: str = ""

    def get(self, name: str) -> str:
        """One of the details; "" where it has none."""
        return self.details.get(name, "")

    @property
    def undoes(self) -> int:
        """The id of the act that this one undoes; 0 for every other kind."""
        return int(self.get("act") or 0) if self.kind is ActKind.UNDO else 0

    def body(self) -> str:
        """The details as JSON, for the store."""
        return json.dumps(dict(sorted(self.details.items())), ensure_ascii=False)

    @classmethod
    def of_row(cls, row: tuple[Any, ...]) -> Act:
        """The act of (id, number, kind, name, at, happened, body). Raises ValueError."""
        identity, number, kind, by, at, happened, body = row
        return cls(ActKind(kind), by, at, happened, number, json.loads(body), identity)


def act(kind: ActKind, by: str, at: float, happened: float | None = None, **details: str) -> Act:
    """A checked act; texts are made one plain line, empty ones are left out. Raises ActError."""
    name = _line("name", by)
    if not name:
        raise ActError(f"'{kind}' needs the name of the person who does it")
    when = at if happened is None else happened
    _check_time(kind, at, when)
    return Act(kind, name, at, when, details=_checked(kind, details))


def _check_time(kind: ActKind, at: float, happened: float) -> None:
    """Raises ActError for a time that cannot be right."""
    if not math.isfinite(happened):
        raise ActError("that is no time")
    # Every other act is checked against the life of its fault.
    if kind is ActKind.RAISE and not at - OLDEST_SECONDS <= happened <= at + AHEAD_SECONDS:
        raise ActError("that time is in the future or more than a year ago; check the date")


def _checked(kind: ActKind, details: Mapping[str, str]) -> dict[str, str]:
    """The details that `kind` has, each in its closed list and none missing. Raises ActError."""
    texts = {key: _line(key, text) for key, text in details.items()}
    found = {key: text for key, text in texts.items() if text}
    needed, allowed = NEEDED.get(kind, ()), ALLOWED.get(kind, ())
    for key, text in found.items():
        if key not in (*needed, *allowed):
            raise ActError(f"'{kind}' has no '{key}'")
        _closed(key, text)
    for key in needed:
        if key not in found:
            raise ActError(f"'{kind}' needs {key.replace('_', ' ')}{_choice(key)}")
    return found


def _line(name: str, text: str) -> str:
    found = " ".join(one_line(text).split())
    if len(found) > LONGEST_TEXT:
        raise ActError(
            f"{name} has {len(found):,} characters; at most {LONGEST_TEXT:,} are kept: shorten it"
        )
    return found


def _closed(key: str, value: str) -> None:
    if key in WORDS and value not in WORDS[key]:
        raise ActError(f"{key.replace('_', ' ')} '{value}' is not known{_choice(key)}")


def _choice(key: str) -> str:
    return f"; choose one of {', '.join(WORDS[key])}" if key in WORDS else ""
