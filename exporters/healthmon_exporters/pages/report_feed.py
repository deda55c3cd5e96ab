"""What the pages of reports and duties are made of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from healthmon_exporters.pages.field_feed import Marked

FORMS: Final = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """Which report is wanted: a kind of report, a period as it is typed, and one of `FORMS`."""

    kind: str
    period: str
    public: bool
    form: str


@dataclass(frozen=True, slots=True)
class Making:
    """A report that is being made, or is ready and was not fetched yet: `done` of `total` cameras are
    counted, after `seconds`. `total` is 0 while the record is being opened.
    """

    wanted: ReportRequest
    seconds: float
    done: int
    total: int
    ready: bool


@dataclass(frozen=True, slots=True)
class DutyForm:
    """A declaration as it was typed: the duty with what it was done for (its key), the day, and the
    evidence.
    """

    key: str
    day: str
    evidence: str
    note: str


@dataclass(frozen=True, slots=True)
class DutyRow:
    """One duty as the page shows it; days are local, in words."""

    key: str
    name: str
    of: str
    standing: str
    late: bool
    last: str
    due: str


@dataclass(frozen=True, slots=True)
class ReportFeed:
    """Functions of the agent. `made` makes a report apart from the agent, is None where that takes
    longer, and raises NotDoneError with why it cannot; `making` is how far that is. `periods` are
    those that can be chosen; `duties` and `declare` use the record and raise NoRecordError, `declare`
    NotDoneError too.
    """

    made: Callable[[ReportRequest], Awaitable[bytes | None]]
    making: Callable[[], Making | None]
    periods: Callable[[], list[tuple[str, str]]]
    duties: Callable[[], Awaitable[list[DutyRow]]]
    declare: Callable[[DutyForm, Marked], Awaitable[None]]
