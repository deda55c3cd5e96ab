"""``healthmon sheets``: the shift checks that are kept, with who has signed them."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from healthmon.cli.console import fail, load, say
from healthmon.cli.periods import period
from healthmon.config.problems import ConfigError
from healthmon.incidents.local_time import iso
from healthmon.model.count_words import count_of
from healthmon.store import StoreError, location
from healthmon_exporters.reports import handed_over, sheet_list
from healthmon_exporters.reports.sheet_list import Listed

_WIDTH = 120


def show(config: Path | None, dates: tuple[str | None, str | None], *, as_json: bool) -> None:
    """Print the sheets that were made in the time of `dates` (as typed), the newest first."""
    _, loaded = load(config)
    zone = ZoneInfo(loaded.estate.time_zone)
    since, until = period(*dates, zone)
    try:
        where = location.place(loaded).reader()
        try:
            found = sheet_list.between(where, since, until)
            sys.stdout.write(_json(found, zone) if as_json else _text(found, zone))
        finally:
            where.close()
    except (StoreError, ConfigError) as error:
        raise fail(str(error)) from None


def _json(found: Iterable[Listed], zone: ZoneInfo) -> str:
    return json.dumps([_values(one, zone) for one in found], indent=2, ensure_ascii=False) + "\n"


def _values(one: Listed, zone: ZoneInfo) -> dict[str, Any]:
    row = one.row(zone)
    return {
        "sheet": row.number,
        "at": iso(row.at, zone),
        "totals": list(row.totals),
        "faults": row.faults,
        "signatures": [handed_over.signature(signed, zone) for signed in one.signatures],
    }


def _text(found: Iterable[Listed], zone: ZoneInfo) -> str:
    """Each sheet within the width of the terminal."""
    width = shutil.get_terminal_size((_WIDTH, 24)).columns
    lines = [line for one in found for line in _lines(one, zone, width)]
    if not lines:
        say("no shift check of that time is kept")
    return "".join(f"{line}\n" for line in lines)


def _lines(one: Listed, zone: ZoneInfo, width: int) -> list[str]:
    row = one.row(zone)
    made = f"{datetime.fromtimestamp(row.at, zone):%a %d %b %Y %H:%M}"
    count = count_of(row.faults, "fault")
    totals = "; ".join(row.totals) or "no cameras"
    first = f"{row.number:>6}  {made}  {totals}; {count}"
    signed = row.signed or ("nobody has signed it",)
    return [
        *textwrap.wrap(first, width, subsequent_indent=" " * 8),
        *(
            line
            for words in signed
            for line in textwrap.wrap(
                words, width, initial_indent=" " * 8, subsequent_indent=" " * 10
            )
        ),
    ]
