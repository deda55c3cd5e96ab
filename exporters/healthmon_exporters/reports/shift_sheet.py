"""The shift sheet: what an operator needs at shift change, in words. Faults first, then what could
not be checked.

Text and JSON come from the same `Sheet`. Never colour alone: every line has a mark (x fault, !
warning, ? not checked).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from healthmon.checks.function_check.cells import FunctionCheck, Surroundings
from healthmon.checks.function_check.totals import Total, totals_line
from healthmon.checks.function_check.walk import Tick, Walk
from healthmon.model.count_words import count_of
from healthmon.model.device import Device
from healthmon.model.enums import Kind, State
from healthmon.model.measurements import Reference
from healthmon.store.rows import ShiftNote
from healthmon_exporters.reports import handed_over
from healthmon_exporters.reports.clock_rows import TITLE as CLOCKS
from healthmon_exporters.reports.clock_rows import clock_rows
from healthmon_exporters.reports.device_ids import ids
from healthmon_exporters.reports.footage import Tally
from healthmon_exporters.reports.sheet_rows import Row

MARKS = {State.FAULT: "x", State.DEGRADED: "!", State.UNKNOWN: "?", State.OK: " "}
SENTENCE_WIDTH = 72
_SECTIONS = (
    (State.FAULT, "FAULTS"),
    (State.DEGRADED, "WARNINGS"),
    (State.UNKNOWN, "NOT CHECKED"),
)
_KINDS = (
    (Kind.CAMERA, "camera"),
    (Kind.RECORDER, "recorder"),
    (Kind.UPS, "UPS"),
    (Kind.WORKSTATION, "workstation"),
    (Kind.LINK, "link"),
)
_PLURAL = {"UPS": "UPS"}


@dataclass(slots=True)
class Sheet:
    """Everything on one sheet; `took` is the wall time of the sweep in seconds. `walk` is the part
    of a person, None where it is no whole check, with the `ticks` so far. `audit_head` is that of the
    audit chain before the sheet, "" where there is no record. `sites` and `contractors` are their names.
    """

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
    totals: tuple[Total, ...] = ()
    config_digest: str = ""
    audit_head: str = ""
    due: str = ""
    notes: Sequence[ShiftNote] = ()
    around: Surroundings = field(default_factory=Surroundings)
    function_check: FunctionCheck = field(default_factory=FunctionCheck)
    walk: Walk | None = None
    ticks: tuple[Tick, ...] = ()
    sites: Mapping[str, str] = field(default_factory=dict)
    contractors: Mapping[str, str] = field(default_factory=dict)

    def of(self, state: State) -> list[Row]:
        """The rows of one state, in order."""
        return [row for row in self.rows if row.state is state]

    @property
    def exit_code(self) -> int:
        """0 all well, 1 faults or warnings, 2 something could not be checked."""
        if self.of(State.FAULT) or self.of(State.DEGRADED):
            return 1
        return 2 if self.of(State.UNKNOWN) else 0


def text(sheet: Sheet) -> str:
    """The sheet as plain text, ready for a terminal, a printer or the daily log."""
    lines = [_head(sheet)]
    if sheet.simulated:
        lines.append("SIMULATED ESTATE: none of these devices exists.")
    if sheet.totals:
        lines.append(totals_line(sheet.totals))
    for state, title in _SECTIONS:
        lines += _section(sheet, state, title)
    if sheet.blind:
        lines += [f"BLIND ZONES {len(sheet.blind)}", *(f"  x  {words}" for words in sheet.blind)]
    if sheet.notes:
        found = handed_over.notes(sheet.notes, ZoneInfo(sheet.zone))
        lines += [f"NOTES {len(found)}", *(f"  -  {one['words']}" for one in found)]
    clocks = clock_rows(sheet.around.clocks)
    lines += [CLOCKS.upper(), *(row.line for row in clocks)] if clocks else []
    lines += filter(None, (sheet.footage.line(), _well(sheet)))
    return "\n".join(lines) + "\n"


def _section(sheet: Sheet, state: State, title: str) -> Iterator[str]:
    """The rows of one state; faults have their title where there are none too."""
    found = sheet.of(state)
    if found or state is State.FAULT:
        yield f"{title} {sum(len(row.devices) for row in found)}"
    width = max((len(_who(row)) for row in found), default=0)
    for row in found:
        yield _line(row, width, sheet)


def _head(sheet: Sheet) -> str:
    at = datetime.fromtimestamp(sheet.at, ZoneInfo(sheet.zone))
    counts = [_count(sheet.devices, kind, word) for kind, word in _KINDS]
    parts = [
        f"Shift check  {at:%a %d %b %Y %H:%M:%S}",
        sheet.estate,
        *filter(None, counts),
        reference_words(sheet),
    ]
    return "   ".join(parts)


def reference_words(sheet: Sheet) -> str:
    """How well the time is known: "clock reference +-4 ms (3 servers)"."""
    reference = sheet.reference
    if reference is None or reference.offset is None:
        return "clock reference: NONE"
    error = reference.offset.error
    size = f"{error * 1000:.0f} ms" if error < 1 else f"{error:.1f} s"
    servers = (
        f" ({count_of(reference.servers, 'server')})" if reference.servers else " (host clock)"
    )
    return f"clock reference +-{size}{servers}"


def _count(devices: Sequence[Device], kind: Kind, word: str) -> str:
    number = sum(1 for device in devices if device.kind is kind and not device.disabled)
    return count_of(number, word, _PLURAL.get(word, "")) if number else ""


def _who(row: Row) -> str:
    return f"{ids(row.devices)}  {row.name}" if len(row.devices) == 1 else ids(row.devices)


def _line(row: Row, width: int, sheet: Sheet) -> str:
    since = None if row.of_record else row.since  # the sentence of such a row says since when
    more = [f"since {_since(since, sheet)}" if since is not None else ""]
    more += [f"P{row.priority}" if row.priority else "", fault_number(row)]
    more += [f"acknowledged by {row.ack.by}: {row.ack.reason}" if row.ack else ""]
    more += [f"[maintenance: {row.maintenance}]" if row.maintenance else ""]
    tail = "".join(f"   {words}" for words in more if words)
    sentence = row.sentence.ljust(SENTENCE_WIDTH) if tail else row.sentence
    return f"  {MARKS[row.state]}  {_who(row).ljust(width)}  {sentence}{tail}".rstrip()


def fault_number(row: Row) -> str:
    """As in F000123; "" where the record has no such fault open."""
    return f"F{row.number:06d}" if row.number is not None else ""


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
    return f"OK: {', '.join(filter(None, counts)) or 'none'}. The check took {sheet.took:.1f} s"


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
        "ticks": sheet.asked,
        "faults": [_row_json(row, zone) for row in sheet.of(State.FAULT)],
        "warnings": [_row_json(row, zone) for row in sheet.of(State.DEGRADED)],
        "not_checked": [_row_json(row, zone) for row in sheet.of(State.UNKNOWN)],
        "blind_zones": list(sheet.blind),
        "totals": [total.as_json() for total in sheet.totals],
        "footage": sheet.footage.as_json(),
        "notes": handed_over.notes(sheet.notes, zone),
        "exit_code": sheet.exit_code,
        "clocks": {camera: one.as_json() for camera, one in sheet.around.clocks.items()},
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
        "question": row.check_type,
        "part": row.instance,
        "code": row.code,
        "sentence": row.sentence,
        "since": since,
        "priority": f"P{row.priority}" if row.priority else None,
        "maintenance": row.maintenance,
        "fault": fault_number(row) or None,
        "acknowledged_by": row.ack.by if row.ack else None,
        "acknowledged_reason": row.ack.reason if row.ack else None,
        "contractor": row.contractor or None,
    }
