"""One device with its checks in words, for the panel behind a tile. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from healthmon.model import Ask, Device, Verdict
from healthmon_exporters.wall.snapshot import FaultLine
from healthmon_exporters.wall.views import check_words

_WORDS = {"OK": "ok", "DEGRADED": "warning", "UNKNOWN": "unknown", "FAULT": "fault"}


@dataclass(frozen=True, slots=True)
class Look:
    """The latest result of one ask: its verdicts and its `age` in seconds, None when there has been none."""

    ask: Ask
    age: float | None
    verdicts: tuple[Verdict, ...] = ()


def details(
    device: Device, site: str, looks: Sequence[Look], lines: Iterable[FaultLine], works: str
) -> dict[str, Any]:
    """Everything that is known of `device`; `site` is the name of its site, `works` the reason of its maintenance."""
    return {
        "id": device.id,
        "name": device.name,
        "kind": " ".join(filter(None, (device.variant, device.kind.value))),
        "site": site,
        "location": device.location,
        "contractor": device.contractor or "",
        "behind": ", ".join(device.parents),
        "priority": device.priority,
        "maintenance": works,
        "faults": [_line(line) for line in lines],
        "checks": [row for look in looks for row in _rows(look)],
    }


def _line(line: FaultLine) -> dict[str, Any]:
    return {
        "number": line.number,
        "state": _WORDS[line.state.name],
        "sentence": line.sentence,
        "since": round(line.since),
        "acknowledged": line.acknowledged_by,
        "cause": line.cause,
    }


def _rows(look: Look) -> list[dict[str, Any]]:
    """One row a verdict; what is too old is not known, whatever it said."""
    check = check_words(look.ask)
    if look.age is None or not look.verdicts:
        return [{"check": check, "state": "unknown", "sentence": "no result yet", "age": None}]
    stale = look.age > look.ask.patience
    return [
        {
            "check": check,
            "state": "unknown" if stale else _WORDS[verdict.state.name],
            "sentence": f"no fresh result; the last was: {verdict.sentence}"
            if stale
            else verdict.sentence,
            "age": round(look.age),
        }
        for verdict in sorted(look.verdicts, key=lambda verdict: -verdict.state)
    ]
