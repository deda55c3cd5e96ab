"""What ``healthmon clock-statement`` does: record a statement, by the running agent where one runs, and
print it from the record.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from healthmon.access.roles import Permission
from healthmon.cli import acting, document_files
from healthmon.cli.act_command import prints_json
from healthmon.cli.actor import typed
from healthmon.cli.console import fail, load
from healthmon.cli.opening import opened
from healthmon.evidence.clock_statement import Wish, statement, subject_of
from healthmon.incidents.operations import OperationError
from healthmon.inventory import devices as inventory
from healthmon.runtime.clock_work import recorded
from healthmon.store import StoreError, location
from healthmon.store.location import StoreLocation
from healthmon_exporters.reports.clock_document import document
from healthmon_exporters.reports.report_document import Document
from healthmon_exporters.reports.shift_pdf import PdfError

if TYPE_CHECKING:
    from healthmon.config.schema import Config

SUFFIXES: Final = (".html", ".pdf", ".json", ".txt")


@dataclass(frozen=True)
class Asked:
    """What was typed. With a `number` a statement of the record is shown again."""

    camera: str
    at: str
    reason: str
    name: str
    number: int
    form: str
    outputs: Sequence[Path]


def state(asked: Asked, config: Path | None) -> None:
    """Make a statement, or read it again; print it, or write it to each of `outputs`."""
    if prints_json():
        asked = replace(asked, form="json")
    _check(asked)
    _, loaded = load(config)
    number = asked.number or _made(asked, loaded)
    with opened(lambda: location.place(loaded), StoreLocation.reader) as store:
        found = store.statement(number)
    if found is None:
        raise fail(
            f"--number {number}: there is no such statement; `healthmon audit show` lists them"
        )
    estate = loaded.estate
    _write(asked, document(*found, ZoneInfo(estate.time_zone), simulated=estate.simulated))


def _check(asked: Asked) -> None:
    """Refuse what cannot be made, before anything is recorded."""
    if not asked.number and not (asked.camera and asked.at):
        raise fail("name the camera and the time: healthmon clock-statement C001 --at TIME")
    document_files.checked("statement", asked.form, asked.outputs, SUFFIXES)


def _made(asked: Asked, loaded: Config) -> int:
    """The number of a new statement."""
    name, once = typed(asked.name, loaded), uuid.uuid4().hex
    path, closed = acting.agent_of(loaded)
    try:
        if path is not None or closed:
            values = {"device": asked.camera, "at": asked.at, "reason": asked.reason}
            done = acting.by_agent(loaded, "statement", values | {"name": name, "once": once})
            return int(done["number"])
        return _made_here(asked, loaded, name, once)
    except (StoreError, OperationError) as error:
        raise fail(str(error)) from None


def _made_here(asked: Asked, loaded: Config, name: str, once: str) -> int:
    """Raises OperationError, StoreError."""
    devices = {one.id: one for one in inventory.devices(loaded)}
    subject = subject_of(devices, asked.camera, loaded.estate.name, loaded.digest)
    with acting.store_for(loaded, name, Permission.STATEMENTS) as (store, by):
        wish = Wish(asked.at, " ".join(asked.reason.split()), by, time.time(), once)
        return recorded(store, statement(store, subject, wish), acting.own_account()).id


def _write(asked: Asked, made: Document) -> None:
    try:
        document_files.give(made, asked.form, asked.outputs)
    except PdfError as error:
        raise fail(f"{error}; the statement is recorded: --number {made['number']}") from None
    except OSError as error:
        words = f"{error.filename}: not written: {error.strerror}"
        raise fail(f"{words}; the statement is recorded: --number {made['number']}") from None
