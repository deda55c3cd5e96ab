"""The life of a fault in words, the same on the terminal and on the pages. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from healthmon.checks.evaluation.durations import duration
from healthmon.incidents.acts import Act, ActKind
from healthmon.incidents.contract_clock import Promise, Standing
from healthmon.incidents.life_cycle import LifeCycle, Stage

DONE: Final[Mapping[ActKind, str]] = {
    ActKind.RAISE: "raised",
    ActKind.CONFIRM: "confirmed",
    ActKind.DISMISS: "called a false alarm",
    ActKind.ACKNOWLEDGE: "acknowledged",
    ActKind.REPORT: "reported",
    ActKind.ATTEND: "visit recorded",
    ActKind.FIX: "fix recorded",
    ActKind.VERIFY: "verified",
    ActKind.ACCEPT: "accepted",
    ActKind.CLOSE: "closed",
    ActKind.PAUSE: "paused",
    ActKind.RESUME: "resumed",
    ActKind.UNDO: "last act undone",
}
STAGES: Final[Mapping[Stage, str]] = {
    Stage.OPEN: "open",
    Stage.ACKNOWLEDGED: "open, acknowledged",
    Stage.REPORTED: "open, reported",
    Stage.ATTENDED: "open, attended",
    Stage.FIX_CLAIMED: "open, although a fix was recorded",
    Stage.SELF_HEALED: "self-healed: restored before anybody came",
    Stage.RESTORED: "restored, not yet accepted",
    Stage.VERIFIED: "restored and verified, not yet accepted",
    Stage.ACCEPTED: "restored and accepted, not yet closed",
    Stage.CLOSED: "closed",
}


def stage_words(life: LifeCycle) -> str:
    """How far a fault has come; for one that ended without being restored, why."""
    ended = "" if life.closed else life.incident.ended
    if ended:
        return f"closed: {ended}"
    stage = life.stage
    if stage in (Stage.OPEN, Stage.ACKNOWLEDGED) and life.incident.looked_at_first:
        return f"{STAGES[stage]}: a person looks before anybody is called"
    return STAGES[stage]


def details_of(act: Act) -> str:
    """What was entered with an act, in one line."""
    return "; ".join(
        f"{name.replace('_', ' ')}: {text}"
        for name, text in act.details.items()
        if name not in ("act", "device", "site")
    )


def promised(one: Promise, shown: Callable[[float], str]) -> str:
    """How a promise of the contract stands; `shown` writes a time (Unix seconds)."""
    used = f"{duration(one.used)} of {duration(one.allowed)} used"
    due = f"due {shown(one.due)}" if one.due is not None else "not due yet"
    if one.done is not None:
        return f"{one.standing.value}: {shown(one.done)}, {due}, {used}"
    if one.standing is Standing.PAUSED and one.due is None:
        return f"paused: {used}"
    return f"{one.standing.value}: {due}, {used}"
