"""`healthmon backup` and `restore`."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from healthmon.cli.console import fail, load, say
from healthmon.cli.progress import shown_progress
from healthmon.config.problems import ConfigError
from healthmon.model.count_words import count_of
from healthmon.runtime.audit_watch import note_head, noted_head
from healthmon.store import AloneError, StoreError, backup, location
from healthmon.store.audit import ERASED, Head
from healthmon.store.backup import Manifest
from healthmon.store.lease import Lock
from healthmon.store.location import InstanceLock, StoreLocation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from healthmon.config.schema import Config
    from healthmon.store import Store

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
        with shown_progress("backing up"):
            manifest = _made(loaded, file, key)
    except (StoreError, ConfigError) as error:
        raise fail(str(error)) from None
    except OSError as error:
        raise fail(f"{error.filename or file}: {error.strerror}") from None
    if file != target and keep:
        _delete_old(target, keep)
    size = file.stat().st_size / 1e6
    sys.stdout.write(
        f"{file}: {size:.1f} MB, {count_of(manifest.entries, 'entry', 'entries')} of the audit chain\n"
    )


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
            words = f"{place.shown} has {there.head.entries} entries of the audit chain"
            raise fail(f"{words}; --yes puts the backup in its place")
        known = _newest(there.head if there else None, state)
        with shown_progress("restoring"):
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
    if there is not None:
        there.tell_erased_since(restored.manifest.at)


@dataclass(frozen=True)
class _Replaced:
    """What a backup takes the place of: the head of its audit chain, and the erasures in it, each its
    time and its pseudonym.
    """

    head: Head
    erasures: tuple[tuple[float, str], ...] = ()

    def tell_erased_since(self, at: float) -> None:
        """Say who was erased after `at` and has a name again."""
        words = "has its name again: that person was erased after this backup; erase again"
        for pseudonym in dict.fromkeys(one for then, one in self.erasures if then > at):
            say(f"{pseudonym} {words}")


def _there(place: StoreLocation) -> _Replaced | None:
    """The store that is there; None for none. Raises StoreError beside an agent."""
    if place.file is not None and not place.file.exists():
        return None
    try:
        store = place.open(alone=Lock())
    except AloneError as error:
        raise StoreError(f"{error}; stop it first") from None
    except StoreError as error:
        if place.file is None:
            raise
        say(f"the store that is there cannot be read: {error}")
        return _Replaced(Head())
    try:
        found = _Replaced(store.head(), tuple(_erasures(store)))
    finally:
        store.close()
    return None if place.file is None and not found.head.entries else found


def _erasures(store: Store) -> Iterator[tuple[float, str]]:
    for line in store.chain(0.0):
        if line.kind == ERASED:
            yield line.at, str(json.loads(line.plain)["pseudonym"])


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
