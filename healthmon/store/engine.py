"""The connection to the database, and what can be wrong with it: trouble that may pass, or damage.

The statements of the store are in the SQL that SQLite and PostgreSQL share, with `:name` for a value.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import socket
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

SQLITE = "sqlite:///"
BUSY_SECONDS = 5.0
# Whether a server has a table or an index of this name, where new ones are made.
HAS = "SELECT to_regclass(quote_ident(current_schema()) || '.' || %(name)s) IS NOT NULL"
# insufficient_privilege, invalid_schema_name (PostgreSQL's manual, appendix A)
_NO_RIGHT = ("42501", "3F000")
_CORRUPT = (
    "malformed",
    "not a database",
    "disk image",
    "no such table",
    "no such column",
    "newer version",
    "integrity",
)


class StoreError(Exception):
    """The store does not take or give what was asked; the text is one line."""


class TroubleError(StoreError):
    """It may pass: locked, full, read-only, no connection."""


class AloneError(TroubleError):
    """Another agent has the database."""


class CorruptError(StoreError):
    """The file is damaged or of a newer version."""


Values = Mapping[str, Any]


class Engine:
    """One connection, opened by the first transaction and held until `close`. Not for several
    threads at once. Every method raises StoreError.

    `begin` starts a transaction. `whole` is the type of a whole number of 64 bits, `row_id` that of a
    column that numbers its rows.
    """

    begin = "BEGIN"
    whole = "BIGINT"
    row_id = "BIGSERIAL"
    # What the driver raises.
    error: type[Exception] = sqlite3.Error

    def __init__(self) -> None:
        self._connection: Any = None

    def execute(self, statement: str, values: Values | None = None) -> Any:
        """The cursor of `statement`; only within a transaction."""
        return self._connection.execute(self._written(statement), values or {})

    def execute_each(self, statement: str, rows: Sequence[Values]) -> None:
        """`statement` for each of `rows`; only within a transaction."""
        if rows:
            self._connection.cursor().executemany(self._written(statement), rows)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """What is executed within is on the disk afterwards, or nothing of it."""
        try:
            self._begin()
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(self.error):  # a lost connection has nothing to undo
                    self._connection.execute("ROLLBACK")
                raise
        except self.error as error:
            raise plain(error) from None

    def claim(self, table: str) -> None:
        """Let nobody else write to `table` until the end of the transaction. SQLite has one writer at
        a time anyway.
        """

    def has(self, name: str) -> bool:  # noqa: ARG002 - for those that must know
        """Whether there is a table or an index of this `name`, where that must be known before one is made;
        only within a transaction.
        """
        return False

    def check(self) -> None:
        """Look for damage, where the database does not do so itself; only within a transaction."""

    def copy_to(self, file: Path) -> None:
        """A copy of the database in `file`, where the engine can make one."""
        raise TroubleError(f"this database cannot be copied to {file}")

    def forget_pages(self) -> None:
        """Write the database anew, where free pages would hold what was deleted."""

    def sever(self) -> None:
        """Cut the connection to a server, so that another thread waits for it no longer."""

    def close(self) -> None:
        """Let go of the database."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _begin(self) -> None:
        if self._connection is None:
            self._connection = self._connected()
        self._connection.execute(self.begin)

    def _connected(self) -> Any:
        """A new connection that leaves transactions to us. Raises `error`."""
        raise NotImplementedError

    def _written(self, statement: str) -> str:
        """`statement` as the driver takes it."""
        return statement


class SqliteEngine(Engine):
    """A SQLite file; commits by rollback journal and waits for the disk."""

    whole = row_id = "INTEGER"

    begin = "BEGIN IMMEDIATE"

    def __init__(self, file: str) -> None:
        super().__init__()
        self._uri = f"file:{quote(file)}"

    def check(self) -> None:
        """Raises CorruptError."""
        found = self.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise CorruptError(f"integrity check: {found}")

    def forget_pages(self) -> None:
        """As `Engine.forget_pages`."""
        try:
            self._connection = self._connection or self._connected()
            self._connection.execute("VACUUM")
        except sqlite3.Error as error:
            raise TroubleError(f"erased, but the file was not written anew: {error}") from None

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._uri,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            uri=True,
        )
        settings = (
            "journal_mode=DELETE",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-256",  # KiB; what is written is seldom read, and the system keeps the file's pages anyway
        )
        try:
            for setting in settings:
                connection.execute(f"PRAGMA {setting}").close()
        except sqlite3.Error:
            connection.close()
            raise
        return connection


class Exclusive(Protocol):
    """What keeps other agents away from the database of a server (`healthmon.store.lease`)."""

    def seize(self, connection: Any) -> None:
        """Take the database on a new connection. Raises StoreError where another agent has it."""

    def confirm(self, connection: Any) -> None:
        """In each transaction. Raises StoreError where another agent has taken it meanwhile."""


class ServerEngine(Engine):
    """A PostgreSQL database. With `alone` no other agent has it; what that takes goes with the
    connection.
    """

    def __init__(self, url: str, password: str | None, *, alone: Exclusive | None) -> None:
        super().__init__()
        try:
            import psycopg
        except ImportError as error:
            raise TroubleError(
                f"a database server needs healthmon[postgresql] installed: {error}"
            ) from None
        self.error = psycopg.Error
        self._url = url
        self._password = password
        self._alone = alone

    def claim(self, table: str) -> None:
        """As `Engine.claim`."""
        self.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")

    def has(self, name: str) -> bool:
        """As `Engine.has`."""
        return bool(self._connection.execute(HAS, {"name": name}).fetchone()[0])

    def sever(self) -> None:
        """As `Engine.sever`."""
        connection = self._connection
        if connection is None or connection.closed:
            return
        with (
            contextlib.suppress(OSError, self.error),
            socket.socket(fileno=os.dup(connection.fileno())) as link,
        ):
            link.shutdown(socket.SHUT_RDWR)

    def _connected(self) -> Any:
        import psycopg

        connection = psycopg.connect(
            self._url,
            password=self._password,
            connect_timeout=int(BUSY_SECONDS),
            autocommit=True,
        )
        if self._alone is None:
            return connection
        try:
            self._alone.seize(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _begin(self) -> None:
        """A connection that the server has ended meanwhile is made anew."""
        try:
            super()._begin()
        except self.error:
            if self._connection is None or not self._connection.closed:
                raise
            self._connection = None
            super()._begin()
        if self._alone is not None:
            self._confirm(self._alone)

    def _confirm(self, alone: Exclusive) -> None:
        try:
            alone.confirm(self._connection)
        except BaseException:
            with contextlib.suppress(self.error):
                self._connection.execute("ROLLBACK")
            raise

    def _written(self, statement: str) -> str:
        return _percent(statement)


def engine_of(url: str, password: str | None, *, alone: Exclusive | None = None) -> Engine:
    """The engine for `url`: ``sqlite:///file`` or ``postgresql://``. Raises TroubleError.

    `alone`: a server's database is had by no other agent.
    """
    if url.startswith(SQLITE):
        return SqliteEngine(url.removeprefix(SQLITE))
    return ServerEngine(url, password, alone=alone)


@functools.cache
def _percent(statement: str) -> str:
    """`statement` with %(name)s for :name."""
    return re.sub(r":(\w+)", r"%(\1)s", statement)


def quarantine(file: Path, now: float | None = None) -> Path | None:
    """Move a damaged database out of the way as ``NAME.corrupt-<time>``; None when it cannot be
    moved.
    """
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    aside = file.with_name(f"{file.name}.corrupt-{stamp}")
    try:
        file.replace(aside)
        for rest in ("-journal", "-wal", "-shm"):
            file.with_name(file.name + rest).unlink(missing_ok=True)
    except OSError:
        return None
    return aside


def last_number(file: Path) -> int:
    """The highest incident number that a damaged database still gives away; 0 when it
    gives none.
    """
    uri = f"file:{quote(str(file))}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            return int(connection.execute("SELECT max(number) FROM cases").fetchone()[0] or 0)
    except (sqlite3.Error, TypeError, ValueError):
        return 0


def plain(error: Exception) -> StoreError:
    """The error of a driver in one line: damage, or trouble that may pass."""
    text = " ".join(str(error).split())[:200]
    if getattr(error, "sqlstate", "") in _NO_RIGHT:
        return TroubleError(
            f"{text}; the administrator of the database runs `healthmon database-sql`"
        )
    damaged = any(word in text.lower() for word in _CORRUPT)
    return CorruptError(text) if damaged else TroubleError(text)
