"""Reading a SQLite store without a right to write it, in whatever state it was left.

A journal or a WAL that a killed writer has left belongs to the store: without it some of what was
acknowledged is missing, or half a transaction is there. SQLite must write to take it in. So where
the file cannot be read as it is, a private copy of it is (docs/adr/0041).
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from urllib.parse import quote

from healthmon.store.engine import BUSY_SECONDS, SQLITE, Engine, TroubleError, engine_of, plain

PARTS = ("", "-journal", "-wal")
ATTEMPTS = 3
# The first byte of SQLite's error codes: what is there must be written first, or cannot be opened.
_LEFT = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN})


def reader_of(url: str, password: str | None) -> Engine:
    """The engine that reads the store at `url`. Raises TroubleError."""
    if url.startswith(SQLITE):
        return SqliteReader(url.removeprefix(SQLITE))
    return engine_of(url, password)


class SqliteReader(Engine):
    """A SQLite file that is only read."""

    whole = row_id = "INTEGER"

    def __init__(self, file: str) -> None:
        super().__init__()
        self._file = Path(file)
        self._copies = contextlib.ExitStack()

    def close(self) -> None:
        """Let go of the file and of its copy."""
        super().close()
        self._copies.close()

    def copy_to(self, file: Path) -> None:
        """A consistent copy of the database in `file`, whoever writes to it meanwhile. Raises
        StoreError.
        """
        with self.transaction():
            pass  # so that it is open
        try:
            with contextlib.closing(sqlite3.connect(file)) as target:
                self._connection.backup(target)
        except sqlite3.Error as error:
            raise plain(error) from None

    def _connected(self) -> sqlite3.Connection:
        """Raises TroubleError where the file changes all the time."""
        for _ in range(ATTEMPTS):
            try:
                return _opened(self._file, "?mode=ro")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF not in _LEFT:
                    raise
            if (copy := self._copy()) is not None:
                return _opened(copy, "")
        raise TroubleError(f"{self._file} changes while it is read; try again")

    def _copy(self) -> Path | None:
        """A private copy with what was left beside the file; None where that changed meanwhile,
        as when an agent starts.
        """
        import shutil
        import tempfile  # seldom needed, and slow to import

        before = _state(self._file)
        try:
            folder = self._copies.enter_context(tempfile.TemporaryDirectory(prefix="healthmon-"))
            copy = Path(folder) / self._file.name
            for part in PARTS:
                with contextlib.suppress(FileNotFoundError):
                    shutil.copyfile(f"{self._file}{part}", f"{copy}{part}")
        except OSError as error:
            words = (
                f"{self._file} cannot be copied to be read: {(error.strerror or 'error').lower()}"
            )
            raise TroubleError(words) from None
        return copy if before == _state(self._file) else None


def _opened(file: Path, how: str) -> sqlite3.Connection:
    """A connection that has read the file once. Raises sqlite3.Error."""
    connection = sqlite3.connect(
        f"file:{quote(str(file))}{how}", timeout=BUSY_SECONDS, isolation_level=None, uri=True
    )
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").close()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _state(file: Path) -> list[tuple[int, int, int] | None]:
    """What tells the parts of a store from what they are after a write."""
    return [_stamp(Path(f"{file}{part}")) for part in PARTS]


def _stamp(part: Path) -> tuple[int, int, int] | None:
    try:
        found = part.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
