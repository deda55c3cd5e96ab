"""What ``healthmon duties list|done|history`` does."""

from __future__ import annotations

import sys
import time
import uuid
from datetime import date, datetime
from datetime import time as time_of_day
from pathlib import Path
from zoneinfo import ZoneInfo

from healthmon.access.roles import Permission
from healthmon.cli.act_command import prints_json
from healthmon.cli.acting import RunningAgent, own_account, record_of
from healthmon.cli.actor import typed
from healthmon.cli.console import fail, load
from healthmon.cli.json_rows import DeclarationRow, DutyRow, print_row, print_rows
from healthmon.cli.json_rows import moment as local
from healthmon.cli.opening import opened
from healthmon.evidence import duties
from healthmon.evidence.duties import MOST_OPERATIONS, DutyState, Standing
from healthmon.incidents.civil_time import moment
from healthmon.incidents.operations import Operation, OperationError, OperationKind
from healthmon.store import Store, location
from healthmon.store.location import StoreLocation
from healthmon_exporters.reports.report_document import day, iso


def listed(config: Path | None, *, as_json: bool) -> int:
    """Print every duty; 1 where one is overdue."""
    _, loaded = load(config)
    zone = ZoneInfo(loaded.estate.time_zone)
    with opened(lambda: location.place(loaded), StoreLocation.reader) as store:
        now = time.time()
        found = duties.states(loaded, declared(store), now, store.watched_since() or now)
    if as_json:
        print_rows([_row(one, zone) for one in found])
    else:
        sys.stdout.writelines(f"{_line(one, zone)}\n" for one in found)
    return int(any(one.standing is Standing.OVERDUE for one in found))


def declared(store: Store) -> list[Operation]:
    """Every declaration in the record. Raises StoreError."""
    return store.operations([OperationKind.DUTY], MOST_OPERATIONS)


def _line(one: DutyState, zone: ZoneInfo) -> str:
    last = (
        f"done {day(one.done, zone)} by {one.by} ({one.evidence})" if one.done else "never declared"
    )
    what = f"{one.duty.name}{f': {one.subject_words}' if one.subject else ''}"
    return f"{one.standing.value:<16} {one.key}  {what}; {last}; due {day(one.due, zone)}"


def _row(one: DutyState, zone: ZoneInfo) -> DutyRow:
    return DutyRow(
        one.duty.id,
        one.duty.name,
        one.subject or None,
        one.standing.value.lower(),
        iso(one.done, zone),
        one.by or None,
        one.evidence or None,
        iso(one.due, zone),
        one.duty.interval / duties.DAY,
    )


def done(config: Path | None, what: tuple[str, str], texts: dict[str, str], on: str | None) -> None:
    """Declare that a duty was done, and print when it is due again."""
    _, loaded = load(config)
    now, zone = time.time(), ZoneInfo(loaded.estate.time_zone)
    at, name = _moment(on, zone, now), typed(texts["name"], loaded)
    full = texts | {"name": name, "once": f"duty-{uuid.uuid4().hex}"}
    with record_of(loaded, name, Permission.REPORTS) as record:
        if isinstance(record, RunningAgent):
            given = full | {"duty": what[0], "of": what[1], "at": at}
            key = str(record.enter("duty", given)["duty"])
        else:
            try:
                made = duties.declaration(loaded, *what, full | {"by": record.by}, (at, now))
            except OperationError as error:
                raise fail(str(error)) from None
            record.store.operate(made, own_account())
            key = made.subject
        found = duties.states(loaded, declared(record.store), now, now)
    state = next((one for one in found if one.key == key), None)
    if state is None:
        raise fail(f"{key}: declared; config.yaml has changed since the agent read it")
    if prints_json():
        print_row(_row(state, zone))
    else:
        sys.stdout.write(f"{_line(state, zone)}\n")


def _moment(on: str | None, zone: ZoneInfo, now: float) -> float:
    """Noon of the day, or now for today."""
    if on is None:
        return now
    try:
        found = date.fromisoformat(on.strip())
    except ValueError:
        raise fail(f"--on {on}: not a day; write 2026-11-29") from None
    if found == datetime.fromtimestamp(now, zone).date():
        return now
    return moment(found, time_of_day(12), zone).timestamp()


def history(config: Path | None, duty: str, of: str, *, as_json: bool) -> None:
    """Print every declaration of one duty, the newest first."""
    _, loaded = load(config)
    zone = ZoneInfo(loaded.estate.time_zone)
    with opened(lambda: location.place(loaded), StoreLocation.reader) as store:
        key = duties.key_of(duty, of)
        found = [one for one in declared(store) if one.subject == key]
    if not found:
        raise fail(f"{key}: nothing was declared; healthmon duties list shows the duties")
    if as_json:
        print_rows([_declaration(one, zone) for one in found])
        return
    for one in found:
        when = day(float(one.details["done"]), zone)
        note = f"; {one.get('note')}" if one.get("note") else ""
        words = f"done {when}, declared {day(one.at, zone)} by {one.by}: {one.get('evidence')}"
        sys.stdout.write(f"{words}{note}\n")


def _declaration(one: Operation, zone: ZoneInfo) -> DeclarationRow:
    return DeclarationRow(
        one.subject,
        local(float(one.details["done"]), zone),
        local(one.at, zone),
        one.by,
        one.get("evidence"),
        one.get("note"),
    )
