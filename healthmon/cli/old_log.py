"""``healthmon import-faults OLD.csv``: the fault log of earlier years, marked "imported, not measured".

Strict: every line is checked first, and each mistake is printed with its line and its remedy. Then all
faults are recorded, or none. What is recorded already is passed over.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from healthmon.access.roles import Permission
from healthmon.cli.acting import own_account, store_for
from healthmon.cli.actor import typed
from healthmon.cli.console import fail, load
from healthmon.cli.fault_import import BadLineError, lines, time_in
from healthmon.config.problems import Problem, suggest
from healthmon.evidence.imported import REASONS
from healthmon.incidents.operations import Operation, OperationKind
from healthmon.model.plain_text import one_line

COLUMNS: Final = ("reported", "restored", "reason", "device", "reference", "note")
LONGEST_TEXT: Final = 200


def run(file: Path, name: str, config: Path | None) -> None:
    """Record what the file says, and print how much that was. Exits with every mistake of it."""
    now, rows = time.time(), list(lines(file, _check_header))
    _, loaded = load(config)
    zone = ZoneInfo(loaded.estate.time_zone)
    with store_for(loaded, typed(name, loaded), Permission.REPORTS) as (store, by):
        new, problems = [], []
        for number, values, extra in rows:
            try:
                new.append(_operation(values, extra, (by, now, zone)))
            except BadLineError as error:
                problems.append(str(Problem(str(file), number, "", str(error))))
        if problems:
            raise fail("\n".join([*problems, f"{file}: nothing was recorded"]))
        fresh = store.operate_all(new, own_account())
    words = f"{fresh} faults are recorded as imported, not measured"
    sys.stdout.write(f"{file}: {words}; {len(new) - fresh} were known already\n")


def _check_header(file: Path, header: list[str]) -> None:
    for name in header:
        if name not in COLUMNS:
            words = f"unknown column '{name[:60]}'{suggest(name, COLUMNS)}"
            raise fail(f"{file}:1: {words}; the columns are {', '.join(COLUMNS)}")
        if header.count(name) > 1:
            raise fail(f"{file}:1: column '{name}' is there twice; delete one")
    if "reported" not in header or "restored" not in header:
        raise fail(f"{file}:1: needs the columns 'reported' and 'restored'")


def _operation(
    values: Mapping[str, str], extra: int, about: tuple[str, float, ZoneInfo]
) -> Operation:
    """One old fault. Raises BadLineError."""
    by, now, zone = about
    if extra:
        words = f"{abs(extra)} {'more' if extra > 0 else 'fewer'} values than columns"
        raise BadLineError(f"has {words}; quote texts that have a comma")
    reported = _time(values, "reported", zone)
    restored = _time(values, "restored", zone)
    _check_times(reported, restored, now)
    reason = values.get("reason", "").lower()
    if reason and reason not in REASONS:
        words = f"'{reason}' is no reason{suggest(reason, REASONS)}"
        raise BadLineError(f"{words}; write one of {', '.join(REASONS)}")
    texts = {name: one_line(values.get(name, ""))[:LONGEST_TEXT] for name in COLUMNS[3:]}
    details = {"reported": reported, "restored": restored, "reason": reason, **texts}
    mark = hashlib.sha256(repr(sorted(details.items())).encode()).hexdigest()
    return Operation(
        OperationKind.IMPORTED, f"old-{mark[:16]}", by, now, now, details, f"import-{mark}"
    )


def _check_times(reported: float | None, restored: float | None, now: float) -> None:
    """Raises BadLineError."""
    if reported is None:
        raise BadLineError("has no time in 'reported'; fill it in")
    if reported > now or (restored or 0.0) > now:
        raise BadLineError("has a time in the future; check both times")
    if restored is not None and restored < reported:
        raise BadLineError("'restored' is before 'reported'; check both times")


def _time(values: Mapping[str, str], name: str, zone: ZoneInfo) -> float | None:
    """A date alone is noon of that day."""
    text = values.get(name, "")
    if len(text) == len("29/11/2026"):
        text += " 12:00"
    return time_in(text, name, zone, datetime.now(zone).date())
