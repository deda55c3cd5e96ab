"""Shift checks: due, made in time, signed. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from healthmon.evidence.period import Period
from healthmon.notifications.shifts import ShiftPlan


@dataclass(frozen=True, slots=True)
class SheetRecord:
    """A shift check that was made at `at`, and by how many people it was signed; `not_checked` are
    the camera lines that no check could answer, None where the sheet does not tell.
    """

    at: float
    signatures: int
    not_checked: int | None = None


@dataclass(frozen=True, slots=True)
class ShiftFigures:
    """How many shift checks were due, made in time, and signed; `sheets` are those made at all."""

    due: int
    made: int
    signed: int
    sheets: int
    not_checked: int | None

    @classmethod
    def of(
        cls,
        plan: ShiftPlan,
        sheets: Iterable[SheetRecord],
        period: Period,
        now: float,
        watched_since: float,
    ) -> ShiftFigures:
        """Of the shift changes in `period` whose grace is over at `now`. What was due before
        `watched_since` was nobody's to make.
        """
        known = sorted(sheets, key=lambda one: one.at)
        due = [at for at in _due(plan, period) if watched_since <= at <= now - plan.grace]
        chosen = [_sheet_of(at, plan, known) for at in due]
        made = [one for one in chosen if one is not None]
        return cls(
            len(due),
            len(made),
            sum(bool(one.signatures) for one in made),
            sum(period.since <= one.at < period.until for one in known),
            _sum(one.not_checked for one in made),
        )


def _sum(counts: Iterable[int | None]) -> int | None:
    """None where no sheet tells."""
    known = [one for one in counts if one is not None]
    return sum(known) if known else None


def _due(plan: ShiftPlan, period: Period) -> list[float]:
    if not plan.times:
        return []
    found = []
    at = plan.next_due(datetime.fromtimestamp(period.since - 1, UTC))
    while at.timestamp() < period.until:
        found.append(at.timestamp())
        at = plan.next_due(at)
    return found


def _sheet_of(due: float, plan: ShiftPlan, sheets: Iterable[SheetRecord]) -> SheetRecord | None:
    """The sheet made in time for the shift change at `due`; a signed one before others."""
    found = [one for one in sheets if due - plan.early <= one.at <= due + plan.grace]
    return max(found, key=lambda one: (one.signatures > 0, one.at), default=None)
