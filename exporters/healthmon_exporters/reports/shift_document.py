"""The whole shift check as plain values: what the sheet says in every form (terminal, HTML, PDF,
CSV, JSON). Pure; each form only lays it out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from healthmon import __version__
from healthmon.checks.evaluation.durations import duration
from healthmon.checks.function_check.cells import Cell, FunctionCheck, Mark
from healthmon.checks.function_check.lines import LINES
from healthmon.checks.function_check.totals import totals_line
from healthmon.model.enums import State
from healthmon_exporters.reports import handed_over, seen_by_people
from healthmon_exporters.reports.clock_rows import ClockRow, clock_rows
from healthmon_exporters.reports.device_ids import ids
from healthmon_exporters.reports.sheet_rows import Row
from healthmon_exporters.reports.shift_sheet import Sheet, fault_number, reference_words

Document = dict[str, Any]
NOTES = "Notes for the next shift"
SIMULATED = "SIMULATED ESTATE: none of these devices exists."
SYMBOLS = {
    Mark.WELL: "ok",
    Mark.WARNING: "!",
    Mark.FAIL: "F",
    Mark.NOT_CHECKED: "?",
    Mark.NOT_APPLICABLE: "-",
}
LEGEND = "ok pass, ! pass with a warning, F FAIL, ? NOT CHECKED, - does not apply"
# Which reasons are listed, the most urgent first. That a line is well needs none.
_REASONED = (Mark.FAIL, Mark.WARNING, Mark.NOT_CHECKED, Mark.NOT_APPLICABLE)
SECTIONS = (
    ("faults", "Faults", State.FAULT),
    ("warnings", "Warnings", State.DEGRADED),
    ("not_checked", "Could not be checked", State.UNKNOWN),
)


def document(sheet: Sheet) -> Document:
    """The sheet as plain values for JSON; keys are stable. Times are local with their offset."""
    made: Document = {
        "title": "Shift check",
        "estate": sheet.estate,
        "at": _iso(sheet.at, sheet),
        "at_words": f"{_local(sheet.at, sheet):%A %d %B %Y, %H:%M:%S}",
        "due_words": sheet.due,
        "took_seconds": round(sheet.took, 1),
        "simulated": SIMULATED if sheet.simulated else "",
        "version": __version__,
        "config_digest": sheet.config_digest,
        "audit_head": sheet.audit_head,
        "clock": reference_words(sheet),
        "totals": [total.as_json() | {"line": total.line()} for total in sheet.totals],
        "totals_line": totals_line(sheet.totals),
        "footage": sheet.footage.line(),
        "blind_zones": list(sheet.blind),
        "monitor": _cell(sheet.around.monitor),
        "power": _power(sheet),
        "clocks": [_clocks(row) for row in clock_rows(sheet.around.clocks)],
        "legend": LEGEND,
        "lines": [_line(number, sheet.function_check) for number in range(len(LINES))],
        "cameras": list(_cameras(sheet)),
        "reasons": list(_reasons(sheet.function_check)),
        "walk": seen_by_people.part(sheet.walk, sheet.ticks, _names(sheet), sheet.zone),
        "signatures": [],
        "notes": handed_over.notes(sheet.notes, ZoneInfo(sheet.zone)),
        "exit_code": sheet.exit_code,
    }
    for key, _title, state in SECTIONS:
        made[key] = [_entry(row, sheet) for row in sheet.of(state)]
    return made


def made_by(made: Document) -> str:
    """Which program, configuration and record a sheet was made by: its last line."""
    digest, head = made["config_digest"] or "none", made.get("audit_head")
    chain = f"audit chain {head}; " if head else ""
    took = f"the check took {made['took_seconds']} s"
    return f"healthmon {made['version']}; configuration {digest}; {chain}{took}"


def _names(sheet: Sheet) -> dict[str, str]:
    return {camera.id: camera.name for camera in sheet.function_check.cameras}


def _local(moment: float, sheet: Sheet) -> datetime:
    return datetime.fromtimestamp(moment, ZoneInfo(sheet.zone))


def _iso(moment: float | None, sheet: Sheet) -> str | None:
    return _local(moment, sheet).isoformat(timespec="seconds") if moment is not None else None


def _entry(row: Row, sheet: Sheet) -> Document:
    """One fault, warning or thing not checked."""
    age = max(0.0, sheet.at - row.since) if row.since is not None else None
    return {
        "fault": fault_number(row),
        "devices": ids(row.devices),
        "name": row.name,
        "sentence": row.sentence,
        "code": row.code,
        "since": _iso(row.since, sheet),
        "age_seconds": round(age) if age is not None else None,
        "age_words": _age_words(row, sheet),
        "priority": f"P{row.priority}" if row.priority else "",
        "contractor": row.contractor,
        "acknowledged": f"{row.ack.by}: {row.ack.reason}" if row.ack else "",
        "maintenance": row.maintenance or "",
    }


def _age_words(row: Row, sheet: Sheet) -> str:
    """As in "since 29 Nov 2026 04:12 (2 h 46 min)". What was not known before is new."""
    if row.since is None:
        return "" if row.state is State.UNKNOWN else "new in this check"
    age = duration(max(0.0, sheet.at - row.since))
    return f"since {_local(row.since, sheet):%d %b %Y %H:%M} ({age})"


def _power(sheet: Sheet) -> Document:
    around = sheet.around
    return {
        "since": _iso(around.power_since, sheet),
        "since_words": f"{_local(around.power_since, sheet):%d %b %Y %H:%M}",
        "events": [
            {"device": one.device, "words": one.words, "over": one.over} for one in around.power
        ],
        "unknown": around.power_unknown,
    }


def _cell(cell: Cell) -> Document:
    why = "; ".join(filter(None, (cell.why, cell.detail)))
    return {"mark": cell.mark.value, "symbol": SYMBOLS[cell.mark], "why": why}


def _line(column: int, check: FunctionCheck) -> Document:
    """One line with how many cameras have each mark."""
    line = LINES[column]
    counts = {mark.name.lower(): check.count(line, mark) for mark in Mark}
    return {"line": line.number, "title": line.title, **counts}


def _cameras(sheet: Sheet) -> Iterator[Document]:
    check, clocks = sheet.function_check, sheet.around.clocks
    for camera in check.cameras:
        cells = [_cell(cell) for cell in check.cells[camera.id]]
        found = {"id": camera.id, "name": camera.name, "site": camera.site, "cells": cells}
        yield found | ({"clocks": clocks[camera.id].as_json()} if camera.id in clocks else {})


def _clocks(row: ClockRow) -> Document:
    return {"devices": row.devices, "words": row.words, "disagree": row.disagree}


def _reasons(check: FunctionCheck) -> Iterator[Document]:
    """Why cells are not simply well: one entry for each line, mark and reason, with its cameras."""
    for column, line in enumerate(LINES):
        groups: dict[tuple[Mark, str], list[str]] = {}
        for camera in check.cameras:
            cell = check.cells[camera.id][column]
            groups.setdefault((cell.mark, cell.why), []).append(camera.id)
        for wanted in _REASONED:
            for (mark, why), cameras in groups.items():
                if mark is wanted:
                    yield {
                        "line": line.number,
                        "title": line.title,
                        "mark": mark.value,
                        "why": why,
                        "devices": ids(cameras),
                        "count": len(cameras),
                    }
