"""Faults of an earlier log, which were imported and not measured. Pure."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from typing import Final

from healthmon.evidence.faults import FaultRecord
from healthmon.incidents.acts import CAUSES
from healthmon.incidents.operations import Operation, OperationKind
from healthmon.model.plain_text import one_line

TEXTS: Final = ("device", "reference", "note")
LONGEST_TEXT: Final = 200
# The words that an old log may have for a reason: the three of a freedom of information request, and
# the causes of this record.
REASONS: Final[Mapping[str, str]] = {
    "vandalised": "vandalism",
    "faulty": "unknown",
    "outdated": "obsolete",
    **{cause: cause for cause in CAUSES},
}


def operation(values: Mapping[str, object], by: str, now: float) -> Operation:
    """A fault of an older log: `reported` and `restored` (Unix seconds, None for open), `reason` and
    the texts of `TEXTS`. Raises ValueError in words.
    """
    reported, restored = _times(values, now)
    reason = _reason(values)
    texts = {name: one_line(str(values.get(name) or ""))[:LONGEST_TEXT] for name in TEXTS}
    details = {"reported": reported, "restored": restored, "reason": reason, **texts}
    mark = hashlib.sha256(repr(sorted(details.items())).encode()).hexdigest()
    return Operation(
        OperationKind.IMPORTED, f"old-{mark[:16]}", by, now, now, details, f"import-{mark}"
    )


def _reason(values: Mapping[str, object]) -> str:
    """Raises ValueError."""
    reason = str(values.get("reason") or "").lower()
    if reason and reason not in REASONS:
        raise ValueError(
            f"'{one_line(reason)[:60]}' is no reason; write one of {', '.join(REASONS)}"
        )
    return reason


def _times(values: Mapping[str, object], now: float) -> tuple[float, float | None]:
    """Raises ValueError."""
    reported, restored = _time(values, "reported"), _time(values, "restored")
    if reported is None:
        raise ValueError("has no time in 'reported'; fill it in")
    if reported < 0 or (restored or 0.0) < 0:
        raise ValueError("has a time before 1970; check the year")
    if reported > now or (restored or 0.0) > now:
        raise ValueError("has a time in the future; check both times")
    if restored is not None and restored < reported:
        raise ValueError("'restored' is before 'reported'; check both times")
    return reported, restored


def _time(values: Mapping[str, object], name: str) -> float | None:
    """Raises ValueError."""
    found = values.get(name)
    if found is None:
        return None
    if not isinstance(found, int | float) or not math.isfinite(found):
        raise ValueError(f"{name}: not a time")
    return float(found)


def faults(operations: Iterable[Operation]) -> list[FaultRecord]:
    """The faults in the order in which they were reported; their numbers say nothing else."""
    found = [one for one in operations if one.kind is OperationKind.IMPORTED]
    found.sort(key=lambda one: (float(one.details["reported"]), one.id))
    return [_record(number, one) for number, one in enumerate(found, 1)]


def _record(number: int, one: Operation) -> FaultRecord:
    reported, restored = float(one.details["reported"]), one.details["restored"]
    return FaultRecord(
        f"old-{number:04d}",
        one.get("device"),
        "",
        "imported",
        reported,
        reported,
        reported,
        restored=None if restored is None else float(restored),
        cause=REASONS.get(one.get("reason"), ""),
        imported=True,
    )
