"""What people have put on a sheet: their signatures and the notes for the next shift, as plain values
with the words for every form. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from healthmon.incidents.local_time import iso, shown
from healthmon.store.rows import ShiftNote, Signature

_DONE = {"outgoing": "Handed over by", "incoming": "Accepted by", "": "Signed"}


def signature(one: Signature, zone: ZoneInfo) -> dict[str, Any]:
    """One signature: who, when, as which party; why alone or late, and the remark."""
    return {
        "name": one.name,
        "at": iso(one.at, zone),
        "addition": one.addition,
        "party": one.party,
        "note": one.note,
        "apart": one.apart,
        "reason": one.reason,
        "words": _words(one, zone),
    }


def _words(one: Signature, zone: ZoneInfo) -> str:
    more = "in addition: " if one.addition else ""
    when = f"{datetime.fromtimestamp(one.at, zone):%d %b %Y %H:%M:%S}"
    parts = [f"{_DONE[one.party]} {more}{one.name}, {when}"]
    parts += [f"{one.apart}: {one.reason}"] if one.apart else []
    parts += [f"remark: {one.note}"] if one.note else []
    return "; ".join(parts)


def notes(found: Iterable[ShiftNote], zone: ZoneInfo) -> list[dict[str, Any]]:
    """The notes for the next shift: text, by whom, when."""
    return [
        {
            "text": one.text,
            "by": one.by,
            "at": iso(one.at, zone),
            "words": f"{one.text} ({one.by}, {shown(one.at, zone)})",
        }
        for one in found
    ]
