"""`healthmon erase-person`: a name taken out of the record."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from pathlib import Path

from healthmon.cli.console import fail, load
from healthmon.config.problems import ConfigError
from healthmon.store import StoreError, TroubleError, location
from healthmon.store.location import InstanceLock
from healthmon.store.permissions import account
from healthmon_exporters.reports import kept_sheet

SHORTEST = 3


def erase_person(config: Path | None, name: str) -> None:
    """Put a pseudonym in place of `name` in the whole record. Nothing is done beside a running agent."""
    wanted = " ".join(name.split())
    if len(wanted) < SHORTEST:
        raise fail(f"{name!r}: too short; it would be found within other words")
    _, loaded = load(config)
    try:
        running = InstanceLock(location.prepared(location.folder_of(loaded)))
    except BlockingIOError as error:
        raise fail(f"{error}; stop it first") from None
    try:
        place = location.place(loaded)
        place.existing().close()
        store = place.open(alone=True)
        try:
            found = store.erase_person(wanted, account(), kept_sheet.rewritten)
        finally:
            store.close()
        if place.file is not None:
            _forget_pages(place.file)
    except (StoreError, ConfigError) as error:
        raise fail(str(error)) from None
    finally:
        running.close()
    if not found.rows and not found.entries:
        sys.stdout.write("the name is nowhere in the record\n")
        return
    words = f"{found.rows} rows, {len(found.entries)} entries of the audit chain"
    sys.stdout.write(f"{found.pseudonym} stands in its place: {words}\n")
    sys.stdout.write("Remove the person from the users file too, and make a new backup.\n")


def _forget_pages(file: Path) -> None:
    """Write the file anew, so that free pages hold nothing of what was deleted. Raises TroubleError."""
    try:
        with contextlib.closing(sqlite3.connect(file)) as store:
            store.execute("VACUUM")
    except sqlite3.Error as error:
        raise TroubleError(f"{file}: erased, but not written anew: {error}") from None
