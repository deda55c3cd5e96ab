"""Faults of an earlier log, which were imported and not measured. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from healthmon.evidence.faults import FaultRecord
from healthmon.incidents.acts import CAUSES
from healthmon.incidents.operations import Operation, OperationKind

# The words that an old log may have for a reason: the three of a freedom of information request, and
# the causes of this record.
REASONS: Final[Mapping[str, str]] = {
    "vandalised": "vandalism",
    "faulty": "unknown",
    "outdated": "obsolete",
    **{cause: cause for cause in CAUSES},
}


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
