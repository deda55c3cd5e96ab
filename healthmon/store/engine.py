"""Opening a database, and what can be wrong with it: trouble that may pass, or damage."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

BUSY_SECONDS = 5.0
ADVISORY_LOCK = int.from_bytes(b"healthmn", "big")
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


def engine_of(
    url: str, password: str | None, *, read_only: bool = False, alone: bool = False
) -> Engine:
    """An engine with one connection; SQLite commits by rollback journal and waits for the disk.

    `alone`: a server's database is had by no other agent; its lock goes with the connection.
    """
    if not url.startswith("sqlite"):
        arguments: dict[str, Any] = {"connect_timeout": int(BUSY_SECONDS)}
        if password is not None:
            arguments["password"] = password
        engine = create_engine(
            url, connect_args=arguments, pool_size=1, max_overflow=0, pool_pre_ping=True
        )
        if alone:
            event.listen(engine, "connect", _locks)
        return engine
    if read_only:
        url = f"sqlite:///file:{quote(url.removeprefix('sqlite:///'))}?mode=ro&uri=true"
    engine = create_engine(
        url,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        pool_size=1,
        max_overflow=0,
    )
    event.listen(engine, "connect", _waits if read_only else _pragmas)
    event.listen(
        engine,
        "begin",
        lambda conn: conn.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE"),
    )
    return engine


def _locks(connection: Any, _record: Any) -> None:
    got = connection.execute("SELECT pg_try_advisory_lock(%s)", (ADVISORY_LOCK,)).fetchone()[0]
    connection.commit()
    if not got:
        raise AloneError("another healthmon agent runs already with this database")


def _waits(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1e3)}").close()


def _pragmas(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for text in (
        "journal_mode=DELETE",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={int(BUSY_SECONDS * 1e3)}",
        "cache_size=-256",  # KiB; what is written is seldom read, and the system keeps the file's pages anyway
    ):
        connection.execute(f"PRAGMA {text}").close()


def quarantine(file: Path, now: float | None = None) -> Path | None:
    """Move a damaged database out of the way as ``NAME.corrupt-<time>``; None when it cannot be moved."""
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
    """The highest case number that a damaged database still gives away; 0 when it gives none."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT max(number) FROM cases").fetchone()[0] or 0)
    except (sqlite3.Error, TypeError, ValueError):
        return 0


def plain(error: SQLAlchemyError) -> StoreError:
    """The error in one line: damage, or trouble that may pass."""
    text = " ".join(str(getattr(error, "orig", None) or error).split())[:200]
    damaged = isinstance(error, DatabaseError) and any(word in text.lower() for word in _CORRUPT)
    return CorruptError(text) if damaged else TroubleError(text)
