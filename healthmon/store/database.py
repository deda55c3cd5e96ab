"""The store: one writer, one transaction for what belongs together, every commit on the disk before it is reported.

SQLite with a rollback journal and synchronous=FULL, or PostgreSQL by the same statements (SQLAlchemy Core).
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, Table, create_engine, delete, event, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from healthmon.cases import Ack, Case
from healthmon.faults import Fault
from healthmon.model import State
from healthmon.store import schema
from healthmon.store.rows import Batch, Outgoing, Saved, Settled

BUSY_SECONDS = 5.0
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


class CorruptError(StoreError):
    """The file is damaged or of a newer version."""


class Store:
    """An open store. Not for several threads at once. `open` and every method raise TroubleError or CorruptError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._upsert: Any = (postgresql if engine.dialect.name == "postgresql" else sqlite).insert
        self._last = (0, "")

    @classmethod
    def open(cls, url: str, password: str | None = None) -> Store:
        """Open, check and bring up to date the database at `url` (``sqlite:///file`` or ``postgresql+psycopg://``)."""
        store = cls(_engine(url, password))
        try:
            store._prepare()
        except SQLAlchemyError as error:
            store.close()
            raise _plain(error) from None
        except StoreError:
            store.close()
            raise
        return store

    @classmethod
    def reader(cls, url: str, password: str | None = None) -> Store:
        """An existing store for reading only: nothing is made, checked or brought up to date in it."""
        store = cls(_engine(url, password, read_only=True))
        try:
            with store._engine.begin() as conn:
                known = conn.execute(select(schema.meta.c.value).where(schema.meta.c.name == "version")).scalar()
        except SQLAlchemyError as error:
            store.close()
            raise _plain(error) from None
        if known != str(schema.VERSION):
            store.close()
            raise TroubleError(f"its schema is {known}, this version has {schema.VERSION}; start the agent once")
        return store

    def _prepare(self) -> None:
        with self._engine.begin() as conn:
            if self._engine.dialect.name == "sqlite":
                found = conn.exec_driver_sql("PRAGMA quick_check(1)").scalar()
                if found != "ok":
                    raise CorruptError(f"integrity check: {found}")
            schema.META.create_all(conn)
            self._migrate(conn)
            row = conn.execute(
                select(schema.changes.c.id, schema.changes.c.hash).order_by(schema.changes.c.id.desc()).limit(1)
            ).first()
            self._last = (row.id, row.hash) if row else (0, "")

    def _migrate(self, conn: Connection) -> None:
        known = conn.execute(select(schema.meta.c.value).where(schema.meta.c.name == "version")).scalar()
        version = int(known) if known is not None else schema.VERSION
        if version > schema.VERSION:
            raise CorruptError(
                f"written by a newer version of healthmon (schema {version}, this one knows {schema.VERSION})"
            )
        for step in range(version, schema.VERSION):
            schema.MIGRATIONS[step](conn)
        self._set(conn, "version", str(schema.VERSION))

    def _set(self, conn: Connection, name: str, value: str) -> None:
        self._put(conn, schema.meta, [{"name": name, "value": value}], ("name",))

    def _put(self, conn: Connection, table: Table, rows: list[dict[str, Any]], key: tuple[str, ...]) -> None:
        """Insert `rows`, or replace those with the same `key`."""
        if not rows:
            return
        statement = self._upsert(table)
        new = {c.name: statement.excluded[c.name] for c in table.columns if c.name in rows[0] and c.name not in key}
        conn.execute(statement.on_conflict_do_update(index_elements=key, set_=new), rows)

    def record(self, batch: Batch) -> None:
        """Write `batch` in one transaction; when this returns it is on the disk."""
        last = self._last
        try:
            with self._engine.begin() as conn:
                self._record(conn, batch)
        except SQLAlchemyError as error:
            self._last = last
            raise _plain(error) from None

    def _record(self, conn: Connection, batch: Batch) -> None:
        for key, fault in batch.faults.items():
            if fault is None:
                matches = (c == v for c, v in zip(schema.faults.primary_key.columns, key, strict=True))
                conn.execute(delete(schema.faults).where(*matches))
        key_names = ("device", "question", "part", "aspect")
        kept = [(key, fault) for key, fault in batch.faults.items() if fault is not None]
        rows = [dict(zip(key_names, map(str, key), strict=True)) | {"body": _json(asdict(f))} for key, f in kept]
        self._put(conn, schema.faults, rows, key_names)
        self._put(conn, schema.cases, [_case_row(case) for case in batch.cases.values()], ("number",))
        for told in batch.told:
            self._chain(conn, told.id, told.at, told.what, told.case)
        if batch.outgoing:
            insert = self._upsert(schema.outbox).on_conflict_do_nothing(index_elements=("notice", "target"))
            conn.execute(insert, [_outgoing_row(row) for row in batch.outgoing])
        for settled in batch.settled:
            _settle(conn, settled)
        rows = [asdict(segment) for segment in batch.segments]
        self._put(conn, schema.timeline, rows, ("device", "question", "since"))
        if batch.alive is not None:
            self._set(conn, "alive", repr(batch.alive))

    def _chain(self, conn: Connection, notice: str, at: float, what: str, case: Case) -> None:
        if conn.execute(select(schema.changes.c.id).where(schema.changes.c.notice == notice)).first():
            return
        body = _json(case.as_dict())
        digest = _link(self._last[1], notice, at, what, body)
        self._last = (self._last[0] + 1, digest)
        row = {"id": self._last[0], "at": at, "notice": notice, "number": case.number, "device": case.device}
        conn.execute(schema.changes.insert(), row | {"what": what, "body": body, "hash": digest})

    def broken_links(self) -> list[int]:
        """The ids of changes whose hash does not follow from the one before; the oldest that is kept is believed."""
        found, before = [], None
        with self._transaction() as conn:
            for row in conn.execute(select(schema.changes).order_by(schema.changes.c.id)):
                if before is not None and row.hash != _link(before, row.notice, row.at, row.what, row.body):
                    found.append(row.id)
                before = row.hash
        return found

    def load(self) -> Saved:
        """What the last run has left."""
        with self._transaction() as conn:
            open_cases = select(schema.cases.c.body).where(schema.cases.c.closed.is_(None))
            waiting = schema.outbox.c.state.in_(("pending", "held"))
            queue = conn.execute(select(schema.outbox).where(waiting).order_by(schema.outbox.c.id)).all()
            told = select(schema.outbox.c.number, schema.outbox.c.target, func.max(schema.outbox.c.created)).where(
                schema.outbox.c.number.in_(select(schema.cases.c.number).where(schema.cases.c.closed.is_(None)))
            )
            told = told.group_by(schema.outbox.c.number, schema.outbox.c.target)
            alive = conn.execute(select(schema.meta.c.value).where(schema.meta.c.name == "alive")).scalar()
            return Saved(
                tuple(_fault(body) for (body,) in conn.execute(select(schema.faults.c.body))),
                tuple(Case.of(json.loads(body)) for (body,) in conn.execute(open_cases)),
                conn.execute(select(func.max(schema.cases.c.number))).scalar() or 0,
                tuple(_outgoing(row) for row in queue),
                tuple((number, target, at) for number, target, at in conn.execute(told)),
                float(alive) if alive is not None else None,
            )

    def end_timelines(self, at: float) -> None:
        """Stretches that nobody has ended end at `at`: what came after was not watched."""
        with self._transaction() as conn:
            conn.execute(update(schema.timeline).where(schema.timeline.c.until.is_(None)).values(until=at))

    def trim(self, before: float) -> None:
        """Forget what ended before `before`."""
        with self._transaction() as conn:
            conn.execute(delete(schema.cases).where(schema.cases.c.closed < before))
            conn.execute(delete(schema.timeline).where(schema.timeline.c.until < before))
            conn.execute(delete(schema.outbox).where(schema.outbox.c.ended < before))
            newest = select(func.max(schema.changes.c.id)).scalar_subquery()
            conn.execute(delete(schema.changes).where(schema.changes.c.at < before, schema.changes.c.id < newest))
            conn.execute(delete(schema.sweeps).where(schema.sweeps.c.at < before))
            conn.execute(delete(schema.signoffs).where(schema.signoffs.c.at < before))

    # -------------------------------------------------------------------------------------- people's own records

    def acknowledge(self, number: int, ack: Ack) -> None:
        """Keep who has taken on case `number`. Raises StoreError when there is no such open case."""
        with self._transaction() as conn:
            known = select(schema.cases.c.closed).where(schema.cases.c.number == number)
            found = conn.execute(known).first()
            if found is None or found.closed is not None:
                raise StoreError(f"F{number:06d}: {'is closed' if found else 'no such fault'}")
            row = {"number": number, "name": ack.by, "reason": ack.reason, "at": ack.at}
            conn.execute(schema.acknowledgements.insert(), row)

    def acknowledged(self, after: int) -> list[tuple[int, int, Ack]]:
        """(id, case number, Ack) of every acknowledgement with an id above `after`."""
        table = schema.acknowledgements
        with self._transaction() as conn:
            rows = conn.execute(select(table).where(table.c.id > after).order_by(table.c.id))
            return [(row.id, row.number, Ack(row.name, row.reason, row.at)) for row in rows]

    def keep_sweep(self, at: float, body: str) -> int:
        """Keep a sweep's sheet; its id."""
        with self._transaction() as conn:
            return int(
                conn.execute(
                    schema.sweeps.insert().returning(schema.sweeps.c.id), {"at": at, "body": body}
                ).scalar_one()
            )

    def last_sweep(self) -> tuple[int, float, str] | None:
        """(id, when, sheet) of the newest sweep."""
        with self._transaction() as conn:
            row = conn.execute(select(schema.sweeps).order_by(schema.sweeps.c.id.desc()).limit(1)).first()
            return (row.id, row.at, row.body) if row else None

    def sign(self, sweep: int, name: str, note: str, at: float, limit: float) -> str:
        """Sign a sweep; "signed", "added" (another had signed it) or "already". Raises StoreError when it is stale."""
        with self._transaction() as conn:
            made = conn.execute(select(schema.sweeps.c.at).where(schema.sweeps.c.id == sweep)).scalar()
            if made is None:
                raise StoreError(f"no sweep {sweep}")
            table = schema.signoffs
            others = [row.name for row in conn.execute(select(table).where(table.c.sweep == sweep))]
            if name in others:
                return "already"
            if at - made > limit:
                raise StoreError(f"the sweep is {(at - made) / 60:.0f} min old (limit {limit / 60:.0f}); sweep again")
            row = {"sweep": sweep, "name": name, "at": at, "addition": int(bool(others)), "note": note}
            conn.execute(table.insert(), row)
            return "added" if others else "signed"

    def signatures(self, sweep: int) -> list[tuple[str, float, bool]]:
        """(name, when, whether it is an addition) of a sweep's sign-offs in order."""
        table = schema.signoffs
        with self._transaction() as conn:
            rows = conn.execute(select(table).where(table.c.sweep == sweep).order_by(table.c.id))
            return [(row.name, row.at, bool(row.addition)) for row in rows]

    # -------------------------------------------------------------------------------------- history

    def cases(self, *, open_only: bool = False, device: str | None = None, limit: int = 10_000) -> list[Case]:
        """Cases, the newest first."""
        wanted = select(schema.cases.c.body).order_by(schema.cases.c.number.desc()).limit(limit)
        wanted = wanted.where(schema.cases.c.closed.is_(None)) if open_only else wanted
        wanted = wanted.where(schema.cases.c.device == device) if device else wanted
        with self._transaction() as conn:
            return [Case.of(json.loads(body)) for (body,) in conn.execute(wanted)]

    def timeline(self, device: str, since: float = 0.0) -> list[tuple[str, str, float, float | None]]:
        """(question, state, since, until) of a device from `since` on, in order."""
        table = schema.timeline
        wanted = select(table).where(table.c.device == device, (table.c.until.is_(None)) | (table.c.until >= since))
        with self._transaction() as conn:
            rows = conn.execute(wanted.order_by(table.c.since, table.c.question))
            return [(row.question, row.state, row.since, row.until) for row in rows]

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as conn:
                yield conn
        except SQLAlchemyError as error:
            raise _plain(error) from None

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()


def _engine(url: str, password: str | None, *, read_only: bool = False) -> Engine:
    if not url.startswith("sqlite"):
        arguments: dict[str, Any] = {"connect_timeout": int(BUSY_SECONDS)}
        if password is not None:
            arguments["password"] = password
        return create_engine(url, connect_args=arguments, pool_size=1, max_overflow=0, pool_pre_ping=True)
    if read_only:
        url = f"sqlite:///file:{quote(url.removeprefix('sqlite:///'))}?mode=ro&uri=true"
    engine = create_engine(
        url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}, pool_size=1, max_overflow=0
    )
    event.listen(engine, "connect", _waits if read_only else _pragmas)
    event.listen(engine, "begin", lambda conn: conn.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE"))
    return engine


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


def _plain(error: SQLAlchemyError) -> StoreError:
    text = " ".join(str(getattr(error, "orig", None) or error).split())[:200]
    damaged = isinstance(error, DatabaseError) and any(word in text.lower() for word in _CORRUPT)
    return CorruptError(text) if damaged else TroubleError(text)


def _link(before: str, notice: str, at: float, what: str, body: str) -> str:
    return hashlib.sha256("\n".join((before, notice, repr(at), what, body)).encode()).hexdigest()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _fault(body: str) -> Fault:
    row = json.loads(body)
    return Fault(**{**row, "state": State(row["state"])})


def _case_row(case: Case) -> dict[str, Any]:
    lead = case.lead
    return {
        "number": case.number,
        "device": case.device,
        "site": case.site,
        "code": lead.code,
        "state": lead.state.name.lower(),
        "priority": case.priority,
        "since": case.since,
        "told": case.told,
        "closed": case.closed,
        "body": _json(case.as_dict()),
    }


def _outgoing_row(row: Outgoing) -> dict[str, Any]:
    found = asdict(row)
    found["sequence"] = found.pop("order")
    return found


def _outgoing(row: Any) -> Outgoing:
    return Outgoing(
        row.notice, row.target, row.sequence, row.number, row.body, row.created, row.due, row.attempts, row.state
    )


def _settle(conn: Connection, settled: Settled) -> None:
    table = schema.outbox
    ended = None if settled.state in ("pending", "held") else settled.at
    more: dict[str, Any] = {"due": settled.at} if ended is None else {}
    more |= {"body": settled.body} if settled.body is not None else {}
    conn.execute(
        update(table)
        .where(table.c.notice == settled.notice, table.c.target == settled.target)
        .values(state=settled.state, attempts=settled.attempts, error=settled.error or None, ended=ended, **more)
    )
