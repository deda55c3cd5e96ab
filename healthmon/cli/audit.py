"""`healthmon audit`: the audit chain verified and listed."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from healthmon.cli.console import fail, load
from healthmon.cli.json_rows import AuditCheck, AuditRow, FindingRow, moment, print_row, print_rows
from healthmon.cli.opening import opened
from healthmon.cli.progress import shown_progress
from healthmon.incidents.local_time import shown
from healthmon.model.count_words import count_of
from healthmon.model.plain_text import one_line
from healthmon.store import location
from healthmon.store.audit import Line
from healthmon.store.location import StoreLocation
from healthmon.store.verification import Anchor, Verified

CHANGED: Final = 1


def verify(config: Path | None, anchor: str | None, *, as_json: bool) -> int:
    """Print what was found; 0 where all is as it was written, else 1."""
    try:
        noted = Anchor.of(anchor) if anchor else None
    except ValueError as error:
        raise fail(str(error)) from None
    _, loaded = load(config)
    with (
        opened(lambda: location.place(loaded), StoreLocation.reader) as store,
        shown_progress("verifying") as progress,
    ):
        found = store.verify(noted, progress)
    if as_json:
        print_row(_checked(found, anchor))
    else:
        lines = (*(one_line(one.words) for one in found.findings), _summary(found, noted))
        sys.stdout.writelines(f"{line}\n" for line in lines)
    return CHANGED if found.findings else 0


def show(config: Path | None, days: float, *, as_json: bool = False) -> None:
    """Print the entries of the last `days`."""
    _, loaded = load(config)
    zone = ZoneInfo(loaded.estate.time_zone)
    with opened(lambda: location.place(loaded), StoreLocation.reader) as store:
        if as_json:
            print_rows([_row(one, zone) for one in store.chain(time.time() - days * 86400)])
            return
        for one in store.chain(time.time() - days * 86400):
            sys.stdout.write(f"{_line(one, zone)}\n")


def _checked(found: Verified, anchor: str | None) -> AuditCheck:
    head = found.head
    return AuditCheck(
        not found.findings,
        head.entries - found.first + 1 if head.entries else 0,
        found.first,
        found.rows,
        found.erased,
        head.short if head.entries else None,
        anchor,
        tuple(FindingRow(one.entry, one_line(one.words)) for one in found.findings),
    )


def _row(one: Line, zone: ZoneInfo) -> AuditRow:
    item = str(one.item) if one.shown else None
    at = moment(one.at, zone)
    return AuditRow(one.n, at, one.kind, one.shown or None, item, json.loads(one.plain))


def _line(one: Line, zone: ZoneInfo) -> str:
    about = f"{one.shown} {one.item}" if one.shown else ""
    fields = {name: value for name, value in json.loads(one.plain).items() if value is not None}
    words = ", ".join(f"{name} {value}" for name, value in fields.items())
    text = f"{one.n:>8}  {shown(one.at, zone)}  {one.kind:<14} {about:<16} {words}"
    return one_line(text).rstrip()


def _summary(found: Verified, anchor: Anchor | None) -> str:
    head = found.head
    if not head.entries:
        return "the audit chain is empty"
    kept = "" if found.first <= 1 else f" (those before {found.first} are older than history.audit)"
    erased = f", {found.erased} with erased personal data" if found.erased else ""
    entries = count_of(head.entries - found.first + 1, "entry", "entries")
    rows = f"{entries}{kept}{erased} and {count_of(found.rows, 'row')}"
    if found.findings:
        findings = count_of(len(found.findings), "finding")
        return f"NOT AS WRITTEN: {findings} in {rows}; head {head.short}"
    compared = " and agree with the anchor" if anchor else "; no anchor was given"
    return f"OK: {rows} are as they were written{compared}; head {head.short}"
