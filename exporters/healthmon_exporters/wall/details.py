"""One device with its checks in words, for the panel behind a tile. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from healthmon.checks.evaluation.five_clocks import FiveClocks
from healthmon.model.device import Check, Device
from healthmon.model.results import Verdict
from healthmon_exporters.wall.snapshot import FaultLine
from healthmon_exporters.wall.views import check_words

_WORDS = {"OK": "ok", "DEGRADED": "warning", "UNKNOWN": "unknown", "FAULT": "fault"}


@dataclass(frozen=True, slots=True)
class CheckLine:
    """The latest result of one check: its verdicts and its `age` in seconds, None where there has
    been none. `last_failure` is the last run that failed, in words, "" where there was none.
    """

    check: Check
    age: float | None
    verdicts: tuple[Verdict, ...] = ()
    last_failure: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """The name of the `site` of a device, and the reason of its maintenance in `works`."""

    site: str
    works: str = ""


def details(
    device: Device,
    standing: Standing,
    checks: Sequence[CheckLine],
    lines: Iterable[FaultLine],
    clocks: FiveClocks | None = None,
) -> dict[str, Any]:
    """Everything that is known of `device`, with the five `clocks` of a camera."""
    return {
        "id": device.id,
        "name": device.name,
        "kind": " ".join(filter(None, (device.variant, device.kind.value))),
        "site": standing.site,
        "location": device.location,
        "contractor": device.contractor or "",
        "behind": ", ".join(device.parents),
        "priority": device.priority,
        "maintenance": standing.works,
        "faults": [_line(line) for line in lines],
        "failures": [
            {"check": check_words(line.check), "text": line.last_failure}
            for line in checks
            if line.last_failure
        ],
        "checks": [row for line in checks for row in _rows(line)],
        "clocks": _clocks(clocks) if clocks is not None else [],
    }


def _clocks(found: FiveClocks) -> list[dict[str, str]]:
    """One row for all of them and one for each."""
    rows = [{"clock": one.name, "words": one.words} for one in found.clocks]
    return [{"clock": "all five", "words": found.words}, *rows]


def of_no_device(lines: Sequence[FaultLine]) -> dict[str, Any]:
    """The faults of a site, or those that a person has raised about something else."""
    names = {line.name for line in lines}
    return {
        "id": lines[0].device,
        "name": names.pop() if len(names) == 1 else "Something else",
        "faults": [_line(line) for line in lines],
        "checks": [],
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


def _rows(line: CheckLine) -> list[dict[str, Any]]:
    """One row a verdict; what is too old is not known, whatever it said."""
    check = check_words(line.check)
    if line.age is None or not line.verdicts:
        return [{"check": check, "state": "unknown", "sentence": "no result yet", "age": None}]
    stale = line.age > line.check.max_age
    return [
        {
            "check": check,
            "state": "unknown" if stale else _WORDS[verdict.state.name],
            "sentence": f"no fresh result; the last was: {verdict.sentence}"
            if stale
            else verdict.sentence,
            "age": round(line.age),
        }
        for verdict in sorted(line.verdicts, key=lambda verdict: -verdict.state)
    ]
