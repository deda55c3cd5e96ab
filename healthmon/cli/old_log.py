"""``healthmon import-faults OLD.csv``: the fault log of earlier years, marked "imported, not measured".

Strict: every line is checked first, and each mistake is printed with its line and its remedy. Then all
faults are recorded, or none. What is recorded already is passed over.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from healthmon.access.roles import Permission
from healthmon.cli.act_command import print_done
from healthmon.cli.acting import RunningAgent, own_account, record_of
from healthmon.cli.actor import typed
from healthmon.cli.console import fail, load
from healthmon.cli.fault_import import BadLineError, lines, more_values, time_in
from healthmon.cli.json_acts import ImportDone
from healthmon.cli.progress import shown_progress
from healthmon.config.problems import Problem, suggest
from healthmon.evidence import imported
from healthmon.evidence.imported import REASONS
from healthmon.model.count_words import count_of

if TYPE_CHECKING:
    from healthmon.config.schema import Config

HALF_A_DAY: Final = 43_200.0
COLUMNS: Final = ("reported", "restored", "reason", "device", "reference", "note")


def run(file: Path, name: str, config: Path | None) -> None:
    """Record what the file says, and print how much that was. Exits with every mistake of it."""
    now, rows = time.time(), list(lines(file, COLUMNS, _missing))
    _, loaded = load(config)
    zone = ZoneInfo(loaded.estate.time_zone)
    name = typed(name, loaded)
    found: list[dict[str, Any]] = []
    marks: dict[str, int] = {}
    problems = []
    for number, values, extra in rows:
        try:
            found.append(_values(values, extra, zone))
            mark = imported.operation(found[-1], name, now).once
            _check_new(marks.setdefault(mark, number), number)
        except ValueError as error:
            problems.append(str(Problem(str(file), number, "", str(error))))
    if problems:
        raise fail("\n".join([*problems, f"{file}: nothing was recorded"]))
    with shown_progress("recording"):
        fresh = recorded(loaded, name, found)
    words = f"{count_of(fresh, 'fault is', 'faults are')} recorded as imported, not measured"
    known = len(found) - fresh
    done = f"{file}: {words}; {known} known already"
    print_done(ImportDone(done, str(file), {"faults": fresh}, known))


def _check_new(first: int, number: int) -> None:
    """Two lines that say the same may be one fault or two: only a person knows. Raises BadLineError."""
    if first != number:
        words = (
            "delete one of them; where they are two faults, write a 'reference' or 'note' in each"
        )
        raise BadLineError(f"says the same as line {first}; {words}")


def recorded(loaded: Config, name: str, faults: list[dict[str, Any]]) -> int:
    """Record all of them, or none, by the running agent where one runs; how many are new."""
    with record_of(loaded, name, Permission.REPORTS) as record:
        if isinstance(record, RunningAgent):
            done = record.enter("old-faults", {"name": name, "faults": faults})
            return int(done["fresh"])
        now = time.time()
        made = [imported.operation(one, record.by, now) for one in faults]
        return record.store.operate_all(made, own_account())


def _missing(header: set[str]) -> str:
    return "" if {"reported", "restored"} <= header else "the columns 'reported' and 'restored'"


def _values(values: Mapping[str, str], extra: int, zone: ZoneInfo) -> dict[str, Any]:
    """The values of one old fault, for `imported.operation`. Raises BadLineError."""
    if extra:
        words = more_values(extra)
        raise BadLineError(f"has {words}; quote texts that have a comma")
    reason = values.get("reason", "").lower()
    if reason and reason not in REASONS and (known := suggest(reason, REASONS)):
        raise BadLineError(f"'{reason}' is no reason{known}; write one of {', '.join(REASONS)}")
    return _times(values, zone) | {name: values.get(name, "") for name in COLUMNS[2:]}


def _times(values: Mapping[str, str], zone: ZoneInfo) -> dict[str, float | None]:
    """`reported` and `restored`. A date alone is noon of that day, or the other time where that is on
    the same day and they would come in the wrong order. Raises BadLineError.
    """
    reported, restored = (_time(values, name, zone) for name in COLUMNS[:2])
    if reported is not None and restored is not None and restored < reported:
        days = {datetime.fromtimestamp(one, zone).date() for one in (reported, restored)}
        if len(days) == 1 and _is_date(values["restored"]):
            restored = reported
        elif len(days) == 1 and _is_date(values["reported"]):
            reported = restored
    return {"reported": reported, "restored": restored}


def _time(values: Mapping[str, str], name: str, zone: ZoneInfo) -> float | None:
    """Raises BadLineError."""
    text, now = values.get(name, ""), datetime.now(zone)
    if not _is_date(text):
        return time_in(text, name, zone, now.date())
    found = time_in(f"{text} 12:00", name, zone, now.date())
    if found is not None and now.timestamp() < found < now.timestamp() + HALF_A_DAY:
        raise BadLineError(f"'{name}': a date alone is noon, which is still to come; add the time")
    return found


def _is_date(text: str) -> bool:
    return len(text) == len("29/11/2026")
