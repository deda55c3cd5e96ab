"""The evidence of a fault on the terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

from healthmon.incidents.local_time import iso, shown
from healthmon.model.plain_text import one_line
from healthmon.notifications.notice_words import fared
from healthmon.store.fault_evidence import Evidence


def as_json(found: Evidence, zone: ZoneInfo) -> dict[str, Any]:
    """Plain values; times are local with their offset."""
    seen = [
        {
            "check": one.fault.check_type,
            "instance": one.fault.instance,
            "code": one.fault.code,
            "severity": "fault" if one.fault.state.name == "FAULT" else "warning",
            "sentence": one.fault.sentence,
            "since": iso(one.fault.since, zone),
            "confirmed": iso(one.fault.confirmed, zone),
            "over": one.ended,
        }
        for one in found.seen
    ]
    changes = [
        {"id": one.id, "at": iso(one.at, zone), "what": one.what, "sentence": one.sentence}
        for one in found.told
    ]
    notified = [
        {
            "id": one.id,
            "target": one.target,
            "state": one.state,
            "queued": iso(one.queued, zone),
            "ended": iso(one.ended, zone),
            "attempts": one.attempts,
            "error": one.error,
        }
        for one in found.notices
    ]
    sheets = [{"sheet": number, "at": iso(at, zone)} for number, at in found.sheets]
    last_well = iso(found.last_well, zone)
    return {
        "seen": seen,
        "last_well": last_well,
        "changes": changes,
        "notified": notified,
        "sheets": sheets,
    }


def sections(found: Evidence, zone: ZoneInfo) -> Iterable[tuple[str, Iterator[str]]]:
    """Titles with their lines for a terminal."""
    return (
        ("SEEN", _found_faults(found, zone)),
        ("TOLD", _reported(found, zone)),
        ("NOTIFIED", _notified(found, zone)),
        ("SHEETS", _sheets(found, zone)),
    )


def _found_faults(found: Evidence, zone: ZoneInfo) -> Iterator[str]:
    for one in found.seen:
        fault, over = one.fault, " (over)" if one.ended else ""
        yield f"{shown(fault.since, zone)}  {fault.check_type}: {one_line(fault.sentence)}{over}"
    if found.last_well is not None:
        yield f"{shown(found.last_well, zone)}  last well before"


def _reported(found: Evidence, zone: ZoneInfo) -> Iterator[str]:
    for one in found.told:
        yield f"{shown(one.at, zone)}  {one.what}: {one_line(one.sentence)}"


def _notified(found: Evidence, zone: ZoneInfo) -> Iterator[str]:
    for one in found.notices:
        words = one_line(fared(one, lambda at: shown(at, zone)))
        yield f"{one.target:<20} {one.id:<10} {words}"


def _sheets(found: Evidence, zone: ZoneInfo) -> Iterator[str]:
    for number, at in found.sheets:
        yield f"{shown(at, zone)}  sheet {number}"
