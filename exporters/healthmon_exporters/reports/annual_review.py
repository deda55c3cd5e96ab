"""The rows of a council's annual review, each answered: measured, declared by a person on a date, or not
a matter of this product. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from healthmon.evidence.duties import DEFAULTS, DutyState, Standing
from healthmon.evidence.kpis import Kpi
from healthmon_exporters.reports.report_document import amount, day

Row = tuple[str, str, str]
MEASURED: Final = (
    ("cameras", "Number of cameras"),
    ("availability", "Cameras fully operational"),
    ("recording", "Recording complete"),
    ("retention", "Footage kept as long as allowed and no longer"),
    ("clocks", "Date and time on footage right"),
    ("faults", "Faults of the system"),
    ("times", "Time to repair (median)"),
    ("shifts", "Function checks at the change of shift"),
    ("power", "Mains failures and the batteries"),
    ("planned", "Planned works"),
    ("coverage", "The monitoring itself"),
)
ELSEWHERE: Final = (
    "Crime figures, and incidents that operators have seen",
    "Footage that was given out, and requests for it",
    "Complaints, and requests of data subjects",
    "Cost, staff and budget",
)


def rows(
    figures: Sequence[Kpi], found: Iterable[DutyState], zone: ZoneInfo, *, public: bool
) -> list[Row]:
    """Every row with its answer and its evidence; no cell is empty."""
    by_key = {one.key: one for one in figures}
    measured = [(words, _measured(by_key[key]), by_key[key].rests_on) for key, words in MEASURED]
    declared = _of_duties(found, zone, public=public)
    other = [(words, "not this product", "kept elsewhere by the council") for words in ELSEWHERE]
    return [*measured, *declared, *other]


def _measured(one: Kpi) -> str:
    words = amount(one.value, one.unit)
    return words if one.value is None else f"measured: {words}"


def _of_duties(found: Iterable[DutyState], zone: ZoneInfo, *, public: bool) -> list[Row]:
    """One row for each duty; publicly one for all its subjects."""
    if not public:
        return [(_what(one), *_answer(one, zone)) for one in found]
    by_duty: dict[str, list[DutyState]] = {}
    for one in found:
        by_duty.setdefault(one.duty.id, []).append(one)
    return [
        (f"Duty {number} of the register", *_together(each, zone))
        if _is_own(each[0])
        else (each[0].duty.name, *_together(each, zone))
        for number, each in enumerate(by_duty.values(), 1)
    ]


def _is_own(one: DutyState) -> bool:
    """Whether config.yaml has named the duty: such a name may name a place."""
    return one.duty.name not in {known.name for known in DEFAULTS}


def _what(one: DutyState) -> str:
    return f"{one.duty.name}: {one.subject_words}" if one.subject_words else one.duty.name


def _answer(one: DutyState, zone: ZoneInfo) -> tuple[str, str]:
    late = (
        f"; {one.standing} since {day(one.due, zone)}" if one.standing is Standing.OVERDUE else ""
    )
    if one.done is None:
        return f"declared by nobody{late}", f"none; due {day(one.due, zone)}"
    words = f"declared by {one.by} on {day(one.done, zone)}{late}"
    return words, f"{one.evidence}; due again {day(one.due, zone)}"


def _together(each: Sequence[DutyState], zone: ZoneInfo) -> tuple[str, str]:
    done = [one.done for one in each if one.done is not None]
    late = sum(one.standing is Standing.OVERDUE for one in each)
    words = f"declared for {len(done)} of {len(each)}"
    if done:
        words += f", first of these on {day(min(done), zone)}"
    return words, f"overdue: {late}"
