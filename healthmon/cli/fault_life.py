"""The life of a fault as people read it: its columns in the fault log, and the whole record of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from healthmon.checks.evaluation.durations import duration
from healthmon.cli import fault_evidence
from healthmon.config.outline import Outline
from healthmon.incidents.acts import CAUSES, Act, ActKind
from healthmon.incidents.contract_clock import (
    ContractClock,
    clock_of,
    terms_of,
)
from healthmon.incidents.fault_words import DONE, details_of, promised, stage_words
from healthmon.incidents.life_cycle import LifeCycle
from healthmon.incidents.local_time import iso, shown
from healthmon.store.fault_evidence import Evidence

FIELDS: Final = (
    "stage", "raised_by", "noticed_by", "reported", "reported_to", "reference", "attended", "engineer", "restored",
    "verified_by", "accepted_by", "finished", "finished_by", "cause_code", "cause_group", "action", "parts",
    "paused_by", "pause_reason", "response_due", "response", "fix_due", "fix",
)  # fmt: skip


def clock(life: LifeCycle, known: Outline, now: float) -> ContractClock | None:
    """The contract clock of a fault; None where nobody has a contract for it."""
    terms = terms_of(known.contracts, ZoneInfo(known.time_zone), life)
    return clock_of(life, terms, now) if terms else None


def columns(life: LifeCycle, known: Outline, now: float) -> dict[str, Any]:
    """The values of `FIELDS`; times are local with their offset."""
    zone = ZoneInfo(known.time_zone)
    return (
        {"stage": life.stage.value}
        | _work(life, zone)
        | _end(life, zone)
        | _due(clock(life, known, now), zone)
    )


def _work(life: LifeCycle, zone: ZoneInfo) -> dict[str, Any]:
    """Who raised, reported and attended it."""
    raised, reported = life.last(ActKind.RAISE), life.first(ActKind.REPORT)
    came, paused = life.first(ActKind.ATTEND), life.paused
    return {
        "raised_by": _by(raised),
        "noticed_by": _get(raised, "noticed_by"),
        "reported": _happened(reported, zone),
        "reported_to": _get(reported, "to"),
        "reference": _get(reported, "reference"),
        "attended": _happened(came, zone),
        "engineer": _get(came, "engineer"),
        "paused_by": paused.owner.value if paused else "",
        "pause_reason": paused.reason if paused else "",
    }


def _end(life: LifeCycle, zone: ZoneInfo) -> dict[str, Any]:
    """How it ended."""
    closed, fixed = life.closed, life.last(ActKind.FIX)
    cause = _get(closed, "cause")
    group = CAUSES[cause].group if cause in CAUSES else None
    return {
        "restored": iso(life.restored, zone),
        "verified_by": _by(life.last(ActKind.VERIFY)),
        "accepted_by": _by(life.last(ActKind.ACCEPT)),
        "finished": _happened(closed, zone),
        "finished_by": _by(closed),
        "cause_code": cause,
        "cause_group": group.value if group else "",
        "action": _get(closed, "action") or _get(fixed, "action"),
        "parts": _get(closed, "parts") or _get(fixed, "parts"),
    }


def _due(found: ContractClock | None, zone: ZoneInfo) -> dict[str, Any]:
    """The contract clock."""
    promises = {"response": found.response, "fix": found.fix} if found else {}
    values: dict[str, Any] = {}
    for name in ("response", "fix"):
        one = promises.get(name)
        values[f"{name}_due"] = iso(one.due, zone) if one else None
        values[name] = one.standing.value if one else ""
    return values


def _happened(one: Act | None, zone: ZoneInfo) -> str | None:
    return iso(one.happened, zone) if one else None


def _get(one: Act | None, name: str) -> str:
    return one.get(name) if one else ""


def _by(one: Act | None) -> str:
    return one.by if one else ""


@dataclass(frozen=True)
class Whole:
    """Everything that is known of one fault: `row` is its line in the fault log."""

    life: LifeCycle
    row: Mapping[str, Any]
    evidence: Evidence
    known: Outline
    now: float

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the estate."""
        return ZoneInfo(self.known.time_zone)

    def as_json(self) -> dict[str, Any]:
        """Plain values; times are local with their offset."""
        zone, found = self.zone, clock(self.life, self.known, self.now)
        undone = {one.undoes for one in self.life.acts}
        acts = [
            {
                "id": one.id,
                "act": one.kind.value,
                "by": one.by,
                "at": iso(one.at, zone),
                "happened": iso(one.happened, zone),
                "undone": one.id in undone,
                "details": dict(one.details),
            }
            for one in self.life.acts
        ]
        pauses = [
            {
                "since": iso(one.since, zone),
                "until": iso(one.until, zone),
                "owner": one.owner.value,
                "reason": one.reason,
            }
            for one in self.life.pauses
        ]
        more = {"acts": acts, "pauses": pauses, "clock": self._clock(found)}
        return {**self.row, **more, **fault_evidence.as_json(self.evidence, zone)}

    def _clock(self, found: ContractClock | None) -> dict[str, Any] | None:
        if found is None:
            return None
        zone = self.zone
        promises = (("response", found.response), ("fix", found.fix))
        return {"started": iso(found.started, zone)} | {
            name: {
                "standing": one.standing.value,
                "allowed_seconds": one.allowed,
                "used_seconds": round(one.used),
                "due": iso(one.due, zone),
                "done": iso(one.done, zone),
            }
            for name, one in promises
            if one is not None
        }

    def text(self) -> str:
        """Lines for a terminal."""
        parts = (
            ("", self._head()),
            ("CONTRACT", self._contract()),
            ("PAUSES", self._pauses()),
            ("ACTS", self._acts()),
            *fault_evidence.sections(self.evidence, self.zone),
        )
        blocks = []
        for title, lines in parts:
            found = "".join(f"  {line}\n" if title else f"{line}\n" for line in lines)
            if found:
                blocks.append(f"{title}\n{found}" if title else found)
        return "\n".join(blocks)

    def _head(self) -> Iterator[str]:
        row, life = self.row, self.life
        who = f"{row['device']} {row['name']}".strip()
        yield f"{row['fault']}  {row['priority']}  {who}: {stage_words(life)}"
        yield f"  {row['sentence']}"
        began = f"  began {shown(life.incident.since, self.zone)}"
        if life.over is None:
            yield f"{began}, {duration(self.now - life.incident.since)} ago"
        else:
            length = duration(max(0.0, life.over - life.incident.since))
            how = "ended" if life.restored is None else "restored"
            yield f"{began}, {how} {shown(life.over, self.zone)}, after {length}"
        raised = life.last(ActKind.RAISE)
        if raised:
            yield f"  raised by {raised.by}; noticed by: {raised.get('noticed_by')}"
        if row["cause"]:
            number = "" if row["cause_fault"] in row["cause"] else f" {row['cause_fault']}"
            yield f"  {row['cause']}{number}"

    def _contract(self) -> Iterator[str]:
        found = clock(self.life, self.known, self.now)
        if found is None:
            return
        if found.started is None:
            yield "the clock starts with the first report: healthmon faults report"
            return
        yield f"the clock started {shown(found.started, self.zone)}"
        for name, one in (("response", found.response), ("fix", found.fix)):
            if one is not None:
                yield f"{name:<8}  {promised(one, lambda at: shown(at, self.zone))}"

    def _pauses(self) -> Iterator[str]:
        for one in self.life.pauses:
            end = shown(one.until, self.zone) if one.until is not None else "now"
            yield f"{shown(one.since, self.zone)} - {end}  {one.owner.value}: {one.reason}"

    def _acts(self) -> Iterator[str]:
        undone = {one.undoes for one in self.life.acts}
        for one in self.life.acts:
            details = details_of(one)
            late = (
                "" if abs(one.at - one.happened) < 60 else f", entered {shown(one.at, self.zone)}"
            )
            mark = " (undone)" if one.id in undone else ""
            words = f"{DONE[one.kind]} by {one.by}{late}{mark}"
            yield f"{shown(one.happened, self.zone)}  {words}{': ' if details else ''}{details}"


def done(life: LifeCycle, act: Act, known: Outline, now: float) -> str:
    """What an act has done, in one sentence."""
    words = f"F{life.incident.number:06d}: {DONE[act.kind]} by {act.by}; {stage_words(life)}"
    found = clock(life, known, now)
    if found is None or life.over is not None:
        return words
    waits = [
        (name, one.due)
        for name, one in (("response", found.response), ("fix", found.fix))
        if one is not None and one.done is None and one.due is not None
    ]
    due = "".join(f"; {name} due {shown(at, ZoneInfo(known.time_zone))}" for name, at in waits)
    return f"{words}{due}"
