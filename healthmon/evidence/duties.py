"""Duties: what no check can answer and a person declares, such as a service of the UPS or a review of the
signs. Each has an interval; when it is overdue that is a warning. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from healthmon.incidents.operations import Operation, OperationError, OperationKind
from healthmon.model.plain_text import one_line

if TYPE_CHECKING:
    from healthmon.config.schema import Config

DAY: Final = 86400.0
YEAR: Final = 365 * DAY
HALF_YEAR: Final = 182 * DAY
LONGEST_TEXT: Final = 200
# So many operations are read of the record at most.
MOST_OPERATIONS: Final = 100_000
# What is done may be declared so long afterwards.
OLDEST_SECONDS: Final = 5 * YEAR
AHEAD_SECONDS: Final = 60.0


class Per(StrEnum):
    """For what a duty is done each time."""

    ESTATE = "estate"
    SITE = "site"
    CAMERA = "camera"
    UPS = "ups"


@dataclass(frozen=True, slots=True)
class Duty:
    """A duty that is due every `interval` seconds, and warned of `lead` seconds before."""

    id: str
    name: str
    interval: float = YEAR
    per: Per = Per.ESTATE
    lead: float = 30 * DAY


# The rows of a council's annual review that a person has to answer.
DEFAULTS: Final = (
    Duty("locations", "Camera locations reviewed: each is still needed and proportionate"),
    Duty("cleaning", "Lenses and housings cleaned", HALF_YEAR, Per.SITE),
    Duty("signage", "Signs in place, legible, and naming the operator", HALF_YEAR, Per.SITE),
    Duty("code_of_practice", "Code of Practice reviewed and published"),
    Duty("ups_service", "UPS serviced", YEAR, Per.UPS),
    Duty("generator_test", "Generator tested under load", 31 * DAY, Per.ESTATE, 7 * DAY),
    Duty("licences", "Licences of the operators checked", HALF_YEAR),
    Duty("dpia", "Data protection impact assessment reviewed"),
    Duty("certification", "Certification of the control room valid"),
    Duty("registration", "Registration with the Information Commissioner renewed"),
    Duty("training", "Operators trained in procedures and data protection"),
    Duty("audit", "Independent audit made and its report published"),
)


class Standing(StrEnum):
    """How a duty stands. The words are those on the screen."""

    DONE = "done"
    SOON = "due soon"
    OVERDUE = "OVERDUE"
    UNDECLARED = "not declared yet"


@dataclass(frozen=True, slots=True)
class DutyState:
    """One duty on one subject ("" for the estate). `done` is when it was last done, None for never;
    `due` is when it is due next. Unix seconds.
    """

    duty: Duty
    subject: str
    subject_words: str
    standing: Standing
    due: float
    done: float | None = None
    by: str = ""
    evidence: str = ""

    @property
    def key(self) -> str:
        """What it is known by: the subject of its operations."""
        return key_of(self.duty.id, self.subject)


def key_of(duty: str, subject: str) -> str:
    """``ups_service@UPS1``; the name of the duty alone where it is of the whole estate."""
    return f"{duty}@{subject}" if subject else duty


def register(config: Config) -> tuple[Duty, ...]:
    """The duties of the estate: the defaults as config.yaml changes them, and its own."""
    found = {one.id: one for one in DEFAULTS}
    for entry in config.duties:
        known = found.pop(entry.id, Duty(entry.id, entry.name or entry.id))
        if entry.disabled:
            continue
        found[entry.id] = Duty(
            entry.id,
            entry.name or known.name,
            known.interval if entry.every is None else entry.every,
            known.per if entry.per is None else Per(entry.per),
            known.lead if entry.lead is None else entry.lead,
        )
    return tuple(found.values())


def subjects(duty: Duty, config: Config) -> list[tuple[str, str]]:
    """(id, words) of everything that a duty is done for."""
    if duty.per is Per.ESTATE:
        return [("", "")]
    if duty.per is Per.SITE:
        return [(one.id, f"{one.id} {one.name}".strip()) for one in config.sites]
    devices = config.cameras if duty.per is Per.CAMERA else config.ups
    return [(one.id, f"{one.id} {one.name}") for one in devices]


def states(
    config: Config, operations: Iterable[Operation], now: float, watched_since: float
) -> list[DutyState]:
    """Every duty on every subject. `operations` are those of the record, in any order; a duty that
    was never declared is due one lead time after `watched_since`.
    """
    last = latest(operations)
    return [
        _state(duty, subject, last.get(key_of(duty.id, subject[0])), (now, watched_since))
        for duty in register(config)
        for subject in subjects(duty, config)
    ]


def latest(operations: Iterable[Operation]) -> dict[str, Operation]:
    """The declaration of each duty that counts: what was done last, and of these the newest."""
    found: dict[str, Operation] = {}
    for one in sorted(operations, key=lambda one: (float(one.details["done"]), one.id)):
        if one.kind is OperationKind.DUTY:
            found[one.subject] = one
    return found


def _state(
    duty: Duty, subject: tuple[str, str], last: Operation | None, times: tuple[float, float]
) -> DutyState:
    now, watched_since = times
    if last is None:
        due = watched_since + duty.lead
        standing = Standing.OVERDUE if now >= due else Standing.UNDECLARED
        return DutyState(duty, *subject, standing, due)
    done = float(last.details["done"])
    due = done + duty.interval
    standing = Standing.DONE
    if now >= due - duty.lead:
        standing = Standing.OVERDUE if now >= due else Standing.SOON
    return DutyState(duty, *subject, standing, due, done, last.by, last.get("evidence"))


def declaration(
    config: Config, duty: str, subject: str, texts: Mapping[str, str], times: tuple[float, float]
) -> Operation:
    """The operation that says that a duty was done. `texts` are by, evidence, note and once; `times`
    are when it was done, and now. Raises OperationError.
    """
    known = {one.id: one for one in register(config)}
    if duty not in known:
        raise OperationError(f"{duty}: no such duty; they are {', '.join(known)}")
    _check_subject(known[duty], subject, config)
    done, now = times
    if not now - OLDEST_SECONDS <= done <= now + AHEAD_SECONDS:
        raise OperationError("that day is in the future or more than five years ago; check it")
    found = {name: " ".join(one_line(texts.get(name, "")).split()) for name in ("evidence", "note")}
    for name, text in found.items():
        if len(text) > LONGEST_TEXT:
            raise OperationError(f"{name} is longer than {LONGEST_TEXT} characters")
    if not found["evidence"]:
        raise OperationError("evidence is needed: a report or certificate number, or where it is")
    details = {"did": "done", "done": done, **found}
    return Operation(
        OperationKind.DUTY, key_of(duty, subject), texts["by"], now, None, details, texts["once"]
    )


def _check_subject(duty: Duty, subject: str, config: Config) -> None:
    known = [one for one, _words in subjects(duty, config)]
    if subject in known:
        return
    if duty.per is Per.ESTATE:
        raise OperationError(f"{duty.id} is done for the whole estate: leave {subject} out")
    choice = ", ".join(known[:10]) or "none in the configuration"
    raise OperationError(f"{duty.id} is done for each {duty.per}: choose one of {choice}")


def warnings(found: Sequence[DutyState]) -> list[str]:
    """What the desk says: how many are overdue, and due soon; nothing where none are."""
    counts = {
        one: sum(state.standing is one for state in found)
        for one in (Standing.OVERDUE, Standing.SOON)
    }
    return [f"Duties {standing}: {count}" for standing, count in counts.items() if count]
