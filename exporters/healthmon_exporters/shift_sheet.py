"""The shift sheet: what an operator needs at shift change, in words. Faults first, then what could not be checked.

Text and JSON come from the same `Sheet`. Never colour alone: every line has a mark (x fault, ! warning, ? not checked).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from healthmon.model import Device, Kind, Question, Reason, Reference, State, Verdict
from healthmon_exporters.footage import Tally

MARKS = {State.FAULT: "x", State.DEGRADED: "!", State.UNKNOWN: "?", State.OK: " "}
SENTENCE_WIDTH = 72
_KINDS = (
    (Kind.CAMERA, "camera"),
    (Kind.RECORDER, "recorder"),
    (Kind.UPS, "UPS"),
    (Kind.LINK, "link"),
)
_PLURAL = {"UPS": "UPS"}
_SHARED = (Reason.BEHIND_PARENT.value, Reason.NO_REFERENCE.value)


@dataclass(frozen=True, slots=True)
class Row:
    """One line: a device (or several behind one parent), what is the matter, and since when (Unix seconds)."""

    state: State
    devices: tuple[str, ...]
    name: str
    sentence: str
    code: str
    question: str
    part: str = ""
    since: float | None = None
    priority: int | None = None
    maintenance: str | None = None


@dataclass(slots=True)
class Sheet:
    """Everything on one sheet; `took` is the wall time of the sweep in seconds."""

    estate: str
    zone: str
    at: float
    took: float
    devices: Sequence[Device]
    reference: Reference | None
    rows: tuple[Row, ...]
    simulated: bool = False
    asked: int = 0
    blind: Sequence[str] = ()
    footage: Tally = field(default_factory=Tally)

    def of(self, state: State) -> list[Row]:
        """The rows of one state, in order."""
        return [row for row in self.rows if row.state is state]

    @property
    def exit_code(self) -> int:
        """0 all well, 1 faults or warnings, 2 something could not be checked."""
        if self.of(State.FAULT) or self.of(State.DEGRADED):
            return 1
        return 2 if self.of(State.UNKNOWN) else 0


def rows(
    devices: Mapping[str, Device],
    verdicts: Iterable[Verdict],
    since: Mapping[tuple[str, str, str, str], float],
    maintenance: Mapping[str, str],
) -> tuple[Row, ...]:
    """The rows of a sheet: one a fault, without the consequences that it explains."""
    bad: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.state is not State.OK:
            bad.setdefault(verdict.device, []).append(verdict)
    made: list[Row] = []
    for device_id, found in bad.items():
        works = maintenance.get(device_id)
        made += [_row(devices[device_id], v, since.get(v.key), works) for v in _worth_saying(found)]
    made.sort(key=lambda row: (-(row.state is State.FAULT), row.priority or 9, row.devices))
    return tuple(_fold_unknown(made))


def _worth_saying(found: list[Verdict]) -> list[Verdict]:
    """Without the consequences: an unreachable device is one line, a fault hides what it left unchecked."""
    down = [v for v in found if v.question is Question.REACH and v.state is State.FAULT]
    if down:
        return [_with_port(down[0], found)]
    known = [v for v in found if v.state in (State.FAULT, State.DEGRADED)]
    logins = [v for v in known if v.aspect == "login"]
    known = [v for v in known if v not in logins[1:]]
    unknown = [v for v in found if v.state is State.UNKNOWN]
    if any(v.state is State.FAULT for v in known):
        said = {(v.question, v.part) for v in known}
        unknown = [v for v in unknown if (v.question, v.part) not in said and not _follows(v)]
    behind = [v for v in unknown if v.reason is Reason.BEHIND_PARENT]
    return known + (behind[:1] if behind else _once_a_look(unknown))


def _with_port(lost: Verdict, found: Iterable[Verdict]) -> Verdict:
    """A device that cannot be reached, with what its switch port tells of the cause."""
    bad = (State.FAULT, State.DEGRADED)
    ports = [
        v
        for v in found
        if v.question is Question.PORT and v.aspect in ("port", "poe") and v.state in bad
    ]
    return replace(lost, sentence=f"{lost.sentence}; {ports[0].sentence}") if ports else lost


def _follows(verdict: Verdict) -> bool:
    return verdict.reason in (Reason.NOT_REACHED, Reason.AUTH_LATCHED, Reason.AUTH_FAILED)


def _once_a_look(unknown: list[Verdict]) -> list[Verdict]:
    """The main aspect of each look that failed, and the same reason of one device said once."""
    kept: dict[tuple[str, str, object], Verdict] = {}
    for verdict in unknown:
        kept.setdefault((verdict.question, verdict.part, verdict.reason), verdict)
    first: dict[object, Verdict] = {}
    for verdict in kept.values():
        first.setdefault(
            verdict.reason if verdict.reason is Reason.NO_REFERENCE else id(verdict), verdict
        )
    return list(first.values())


def _row(device: Device, verdict: Verdict, since: float | None, maintenance: str | None) -> Row:
    part = (
        f"{verdict.part}: "
        if verdict.question is Question.STREAM and verdict.part not in ("", "main")
        else ""
    )
    return Row(
        verdict.state,
        (device.id,),
        device.name,
        part + verdict.sentence,
        verdict.code,
        verdict.question.value,
        verdict.part,
        since if since is not None else verdict.began,
        device.priority if verdict.state is not State.UNKNOWN else None,
        maintenance,
    )


def _fold_unknown(made: list[Row]) -> list[Row]:
    """Devices that are not checked for one and the same cause (a parent, no reference, a recorder) share a line."""
    shared: dict[tuple[str, str], list[Row]] = {}
    kept: list[Row] = []
    for row in made:
        if row.state is State.UNKNOWN and (
            row.code in _SHARED or row.question == Question.RECORDING
        ):
            shared.setdefault((row.code, row.sentence), []).append(row)
        else:
            kept.append(row)
    for group in shared.values():
        devices = tuple(sorted({device for row in group for device in row.devices}))
        first = group[0]
        name = first.name if len(devices) == 1 else f"{len(devices)} devices"
        kept.append(Row(first.state, devices, name, first.sentence, first.code, first.question))
    return kept


def ids(devices: Sequence[str]) -> str:
    """``C101-C104, C110``: runs of ids that differ in a final number are folded."""
    runs: list[list[str]] = []
    for device in devices:
        if runs and _next_id(runs[-1][-1]) == device:
            runs[-1].append(device)
        else:
            runs.append([device])
    return ", ".join(run[0] if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _next_id(device: str) -> str | None:
    match = re.fullmatch(r"(.*?)(\d+)", device)
    return f"{match[1]}{int(match[2]) + 1:0{len(match[2])}d}" if match else None


def text(sheet: Sheet) -> str:
    """The sheet as plain text, ready for a terminal, a printer or the daily log."""
    lines = [_head(sheet)]
    if sheet.simulated:
        lines.append("SIMULATED ESTATE: none of these devices exists.")
    for state, title in (
        (State.FAULT, "FAULTS"),
        (State.DEGRADED, "WARNINGS"),
        (State.UNKNOWN, "NOT CHECKED"),
    ):
        found = sheet.of(state)
        if found or state is State.FAULT:
            lines.append(f"{title} {sum(len(row.devices) for row in found)}")
        width = max((len(_who(row)) for row in found), default=0)
        lines += [_line(row, width, sheet) for row in found]
    if sheet.blind:
        lines += [f"BLIND ZONES {len(sheet.blind)}", *(f"  x  {words}" for words in sheet.blind)]
    lines += filter(None, (sheet.footage.line(), _well(sheet)))
    return "\n".join(lines) + "\n"


def _head(sheet: Sheet) -> str:
    at = datetime.fromtimestamp(sheet.at, ZoneInfo(sheet.zone))
    counts = [_count(sheet.devices, kind, word) for kind, word in _KINDS]
    clock = "clock reference: NONE"
    if (reference := sheet.reference) and reference.offset:
        error = reference.offset.error
        size = f"{error * 1000:.0f} ms" if error < 1 else f"{error:.1f} s"
        servers = f" ({reference.servers} servers)" if reference.servers else " (host clock)"
        clock = f"clock reference +-{size}{servers}"
    parts = [f"Shift check  {at:%a %d %b %Y %H:%M:%S}", sheet.estate, *filter(None, counts), clock]
    return "   ".join(parts)


def _count(devices: Sequence[Device], kind: Kind, word: str) -> str:
    number = sum(1 for device in devices if device.kind is kind and not device.disabled)
    return f"{number} {word if number == 1 else _PLURAL.get(word, word + 's')}" if number else ""


def _who(row: Row) -> str:
    return f"{ids(row.devices)}  {row.name}" if len(row.devices) == 1 else ids(row.devices)


def _line(row: Row, width: int, sheet: Sheet) -> str:
    since = f"   since {_since(row.since, sheet)}" if row.since is not None else ""
    priority = f"   P{row.priority}" if row.priority else ""
    works = f"   [maintenance: {row.maintenance}]" if row.maintenance else ""
    sentence = row.sentence.ljust(SENTENCE_WIDTH) if since or priority else row.sentence
    return f"  {MARKS[row.state]}  {_who(row).ljust(width)}  {sentence}{since}{priority}{works}".rstrip()


def _since(since: float, sheet: Sheet) -> str:
    zone = ZoneInfo(sheet.zone)
    then, now = datetime.fromtimestamp(since, zone), datetime.fromtimestamp(sheet.at, zone)
    seconds = max(0, round(sheet.at - since))
    if seconds >= 20 * 3600:
        return f"{then:%d %b}" if then.year == now.year else f"{then:%d %b %Y}"
    if seconds < 60:
        return f"{then:%H:%M}"
    hours, minutes = divmod(seconds // 60, 60)
    return f"{then:%H:%M}, {f'{hours} h ' if hours else ''}{minutes} min"


def _well(sheet: Sheet) -> str:
    ill = {device for row in sheet.rows for device in row.devices}
    well = [device for device in sheet.devices if device.id not in ill and not device.disabled]
    counts = [_count(well, kind, word) for kind, word in _KINDS]
    return f"{', '.join(filter(None, counts)) or 'nothing'} well.   {sheet.took:.1f} s"


def as_json(sheet: Sheet) -> dict[str, Any]:
    """The sheet as plain values for ``--json``; keys are stable."""
    zone = ZoneInfo(sheet.zone)
    offset = sheet.reference.offset if sheet.reference else None
    return {
        "estate": sheet.estate,
        "at": datetime.fromtimestamp(sheet.at, zone).isoformat(timespec="seconds"),
        "took_seconds": round(sheet.took, 3),
        "simulated": sheet.simulated,
        "reference_offset_seconds": offset.middle if offset else None,
        "reference_error_seconds": offset.error if offset else None,
        "devices": len(sheet.devices),
        "looks": sheet.asked,
        "faults": [_row_json(row, zone) for row in sheet.of(State.FAULT)],
        "warnings": [_row_json(row, zone) for row in sheet.of(State.DEGRADED)],
        "not_checked": [_row_json(row, zone) for row in sheet.of(State.UNKNOWN)],
        "blind_zones": list(sheet.blind),
        "footage": sheet.footage.as_json(),
        "exit_code": sheet.exit_code,
    }


def _row_json(row: Row, zone: ZoneInfo) -> dict[str, Any]:
    since = (
        datetime.fromtimestamp(row.since, zone).isoformat(timespec="seconds")
        if row.since is not None
        else None
    )
    return {
        "devices": list(row.devices),
        "name": row.name,
        "question": row.question,
        "part": row.part,
        "code": row.code,
        "sentence": row.sentence,
        "since": since,
        "priority": f"P{row.priority}" if row.priority else None,
        "maintenance": row.maintenance,
    }
