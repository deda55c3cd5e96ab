"""What `report` does: one report from the record, in the forms that a file or the terminal can have."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from healthmon.cli import document_files
from healthmon.cli.console import fail, load
from healthmon.cli.opening import opened
from healthmon.cli.progress import shown_progress
from healthmon.config.problems import suggest
from healthmon.evidence.period import Period
from healthmon.runtime.report_making import Wish, made
from healthmon.store import location
from healthmon.store.location import StoreLocation
from healthmon_exporters.reports.report_forms import FORMS
from healthmon_exporters.reports.report_kinds import KINDS
from healthmon_exporters.reports.shift_pdf import PdfError

# Of these the last whole year is reported where no period is named; of others the last month.
_YEARLY: Final = ("annual", "foi")


@dataclass(frozen=True)
class Asked:
    """What was typed. `period` is "" for the last whole month or year; `progress` wants it in lines
    where no terminal is.
    """

    kind: str
    period: str
    public: bool
    form: str
    outputs: Sequence[Path]
    progress: bool = False


def report(asked: Asked, config: Path | None) -> None:
    """Make the report, print it, or write it to each of `outputs`."""
    _check(asked)
    _, loaded = load(config)
    zone, now = ZoneInfo(loaded.estate.time_zone), time.time()
    wish = Wish(asked.kind, _period(asked, zone, now), now, asked.public)
    if wish.period.since > now:
        running = Period.month_of(datetime.fromtimestamp(now, zone).date(), zone).name
        raise fail(f"--period {asked.period}: has not begun; the month that goes on is {running}")
    with (
        opened(lambda: location.place(loaded), StoreLocation.reader) as store,
        shown_progress("counting", lines=asked.progress) as progress,
    ):
        document = made(wish, loaded, store, progress)
    try:
        document_files.give(document, asked.form, asked.outputs)
    except PdfError as error:
        raise fail(str(error)) from None
    except OSError as error:
        raise fail(f"{error.filename}: the report was not written: {error.strerror}") from None


def _check(asked: Asked) -> None:
    """Refuse what cannot be made, before anything is read."""
    if asked.kind not in KINDS:
        words = ", ".join(KINDS)
        raise fail(f"{asked.kind}: no such report{suggest(asked.kind, KINDS)}; they are {words}")
    document_files.checked("report", asked.form, asked.outputs, tuple(FORMS))


def _period(asked: Asked, zone: ZoneInfo, now: float) -> Period:
    today = datetime.fromtimestamp(now, zone).date()
    if not asked.period and asked.kind in _YEARLY:
        return Period.of(str(today.year - 1), zone)
    if not asked.period:
        return Period.month_of(today.replace(day=1) - timedelta(days=1), zone)
    try:
        return Period.of(asked.period, zone)
    except ValueError as error:
        raise fail(f"--period {error}") from None
