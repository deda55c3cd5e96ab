"""`healthmon backup` and `restore`."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from healthmon.cli.console import fail, load, say
from healthmon.config.problems import ConfigError
from healthmon.runtime.audit_watch import note_head, noted_head
from healthmon.store import AloneError, StoreError, backup, location
from healthmon.store.audit import Head
from healthmon.store.backup import Manifest
from healthmon.store.location import InstanceLock, StoreLocation

if TYPE_CHECKING:
    from healthmon.config.schema import Config

NO_KEY: Final = "name the age key that backups are encrypted to: `history: {backup_key: age1...}`"


def make(config: Path | None, target: Path, recipient: str | None, keep: int | None) -> None:
    """Write a backup to `target`; into a folder under a name of its time, where the newest `keep` stay."""
    _, loaded = load(config)
    key = recipient or loaded.history.backup_key
    if not key:
        raise fail(NO_KEY)
    file = target
    if target.is_dir():
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        file = target / f"healthmon-{stamp}{backup.SUFFIX}"
    try:
        manifest = _made(loaded, file, key)
    except (StoreError, ConfigError) as error:
        raise fail(str(error)) from None
    except OSError as error:
        raise fail(f"{error.filename or file}: {error.strerror}") from None
    if file != target and keep:
        _delete_old(target, keep)
    size = file.stat().st_size / 1e6
    sys.stdout.write(f"{file}: {size:.1f} MB, {manifest.entries} entries of the audit chain\n")


def _made(loaded: Config, file: Path, key: str) -> Manifest:
    """Write the backup, and note beside the store that it was made."""
    manifest = backup.make(location.place(loaded), file, key)
    if (state := location.folder_of(loaded)).is_dir():
        backup.note_last(state, manifest)
    return manifest


def restore(config: Path | None, source: Path, key: Path, *, yes: bool) -> None:
    """Put the store of a backup in place. Nothing is done beside a running agent, nor in place of a
    store without `yes`.
    """
    _, loaded = load(config)
    state = location.prepared(location.folder_of(loaded))
    try:
        running = InstanceLock(state)
    except BlockingIOError as error:
        raise fail(f"{error}; stop it first") from None
    try:
        place = location.place(loaded)
        there = _there(place)
        if there is not None and not yes:
            words = f"{place.shown} has {there.entries} entries of the audit chain"
            raise fail(f"{words}; --yes puts the backup in its place")
        known = _newest(there, state)
        restored = backup.restore(place, source, backup.read_key(key), known)
        if state is not None:
            note_head(state, _head(place))
    except (StoreError, ConfigError) as error:
        raise fail(str(error)) from None
    except OSError as error:
        raise fail(f"{error.filename or source}: {error.strerror}") from None
    finally:
        running.close()
    made = datetime.fromtimestamp(restored.manifest.at, ZoneInfo(loaded.estate.time_zone))
    words = f"restored from {source.name}, made {made:%d %b %Y %H:%M:%S}, {restored.words}"
    sys.stdout.write(f"{words}\n")


def _there(place: StoreLocation) -> Head | None:
    """The head of the store that is there; None for none. Raises StoreError beside an agent."""
    if place.file is not None and not place.file.exists():
        return None
    try:
        store = place.open(alone=True)
    except AloneError as error:
        raise StoreError(f"{error}; stop it first") from None
    except StoreError as error:
        if place.file is None:
            raise
        say(f"the store that is there cannot be read: {error}")
        return Head()
    try:
        head = store.head()
    finally:
        store.close()
    return None if place.file is None and not head.entries else head


def _newest(there: Head | None, state: Path | None) -> Head | None:
    """The newest head that is known: of the store that is there, or noted beside it."""
    noted = noted_head(state)
    heads = [one for one in (there, Head(noted.entry, noted.hash) if noted else None) if one]
    return max(heads, key=lambda one: one.entries, default=None)


def _head(place: StoreLocation) -> Head:
    store = place.reader()
    try:
        return store.head()
    finally:
        store.close()


def _delete_old(folder: Path, keep: int) -> None:
    for old in sorted(folder.glob(f"healthmon-*{backup.SUFFIX}"))[:-keep]:
        old.unlink(missing_ok=True)
