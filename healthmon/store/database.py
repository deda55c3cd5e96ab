"""The store: one writer, one transaction for what belongs together, every commit on the disk before it is reported.

SQLite with a rollback journal and synchronous=FULL, or PostgreSQL by the same statements (SQLAlchemy Core).
"""

from __future__ import annotations

import hashlib
import importlib
import json
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Engine, Table, delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError

from healthmon.cases import Case
from healthmon.faults import Fault
from healthmon.model import State
from healthmon.store import schema
from healthmon.store.engine import CorruptError, StoreError, TroubleError, engine_of, plain
from healthmon.store.people import People
from healthmon.store.rows import Batch, Outgoing, Saved, Settled, Stay


class Store(People):
    """An open store. Not for several threads at once. `open` and every method raise TroubleError or CorruptError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # The other dialect costs 2 MB.
        self._upsert: Any = importlib.import_module(
            f"sqlalchemy.dialects.{engine.dialect.name}"
        ).insert
        self._last = (0, "")

    @classmethod
    def open(cls, url: str, password: str | None = None, *, alone: bool = False) -> Store:
        """Open, check and bring up to date the database at `url` (``sqlite:///file`` or ``postgresql+psycopg://``).

        `alone` is for the agent: AloneError when another one has the database of a server.
        """
        store = cls(engine_of(url, password, alone=alone))
        try:
            store._prepare()
        except SQLAlchemyError as error:
            store.close()
            raise plain(error) from None
        except StoreError:
            store.close()
            raise
        return store

    @classmethod
    def reader(cls, url: str, password: str | None = None) -> Store:
        """An existing store for reading only: nothing is made, checked or brought up to date in it."""
        store = cls(engine_of(url, password, read_only=True))
        try:
            with store._engine.begin() as conn:
                known = conn.execute(
                    select(schema.meta.c.value).where(schema.meta.c.name == "version")
                ).scalar()
        except SQLAlchemyError as error:
            store.close()
            raise plain(error) from None
        if known != str(schema.VERSION):
            store.close()
            raise TroubleError(
                f"its schema is {known}, this version has {schema.VERSION}; start the agent once"
            )
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
                select(schema.changes.c.id, schema.changes.c.hash)
                .order_by(schema.changes.c.id.desc())
                .limit(1)
            ).first()
            self._last = (row.id, row.hash) if row else (0, "")

    def _migrate(self, conn: Connection) -> None:
        known = conn.execute(
            select(schema.meta.c.value).where(schema.meta.c.name == "version")
        ).scalar()
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

    def _put(
        self, conn: Connection, table: Table, rows: list[dict[str, Any]], key: tuple[str, ...]
    ) -> None:
        """Insert `rows`, or replace those with the same `key`."""
        if not rows:
            return
        statement = self._upsert(table)
        new = {
            c.name: statement.excluded[c.name]
            for c in table.columns
            if c.name in rows[0] and c.name not in key
        }
        conn.execute(statement.on_conflict_do_update(index_elements=key, set_=new), rows)

    def record(self, batch: Batch) -> None:
        """Write `batch` in one transaction; when this returns it is on the disk."""
        last = self._last
        try:
            with self._engine.begin() as conn:
                self._record(conn, batch)
        except SQLAlchemyError as error:
            self._last = last
            raise plain(error) from None

    def _record(self, conn: Connection, batch: Batch) -> None:
        for key, fault in batch.faults.items():
            if fault is None:
                matches = (
                    c == v for c, v in zip(schema.faults.primary_key.columns, key, strict=True)
                )
                conn.execute(delete(schema.faults).where(*matches))
        key_names = ("device", "question", "part", "aspect")
        kept = [(key, fault) for key, fault in batch.faults.items() if fault is not None]
        rows = [
            dict(zip(key_names, map(str, key), strict=True)) | {"body": _json(asdict(f))}
            for key, f in kept
        ]
        self._put(conn, schema.faults, rows, key_names)
        self._put(
            conn, schema.cases, [_case_row(case) for case in batch.cases.values()], ("number",)
        )
        for told in batch.told:
            self._chain(conn, told.id, told.at, told.what, told.case)
        if batch.outgoing:
            insert = self._upsert(schema.outbox).on_conflict_do_nothing(
                index_elements=("notice", "target")
            )
            conn.execute(insert, [_outgoing_row(row) for row in batch.outgoing])
        for settled in batch.settled:
            _settle(conn, settled)
        rows = [asdict(segment) for segment in batch.segments]
        self._put(conn, schema.timeline, rows, ("device", "question", "since"))
        for stay in batch.stays:
            self._stay(conn, stay)
        if batch.alive is not None:
            self._set(conn, "alive", repr(batch.alive))

    def _stay(self, conn: Connection, stay: Stay) -> None:
        """A new stay, when it is not where the device is already."""
        table = schema.stays
        newest = (
            select(table)
            .where(table.c.device == stay.device)
            .order_by(table.c.since.desc())
            .limit(1)
        )
        known = conn.execute(newest).first()
        if known is None or (known.state, known.location) != (stay.state, stay.location):
            self._put(conn, table, [asdict(stay)], ("device", "since"))

    def _chain(self, conn: Connection, notice: str, at: float, what: str, case: Case) -> None:
        if conn.execute(
            select(schema.changes.c.id).where(schema.changes.c.notice == notice)
        ).first():
            return
        body = _json(case.as_dict())
        digest = _link(self._last[1], notice, at, what, body)
        self._last = (self._last[0] + 1, digest)
        row = {
            "id": self._last[0],
            "at": at,
            "notice": notice,
            "number": case.number,
            "device": case.device,
        }
        conn.execute(schema.changes.insert(), row | {"what": what, "body": body, "hash": digest})

    def broken_links(self) -> list[int]:
        """The ids of changes whose hash does not follow from the one before; the oldest that is kept is believed."""
        found, before = [], None
        with self._transaction() as conn:
            for row in conn.execute(select(schema.changes).order_by(schema.changes.c.id)):
                if before is not None and row.hash != _link(
                    before, row.notice, row.at, row.what, row.body
                ):
                    found.append(row.id)
                before = row.hash
        return found

    def load(self) -> Saved:
        """What the last run has left."""
        with self._transaction() as conn:
            open_cases = select(schema.cases.c.body).where(schema.cases.c.closed.is_(None))
            waiting = schema.outbox.c.state.in_(("pending", "held"))
            queue = conn.execute(
                select(schema.outbox).where(waiting).order_by(schema.outbox.c.id)
            ).all()
            told = select(
                schema.outbox.c.number, schema.outbox.c.target, func.max(schema.outbox.c.created)
            ).where(
                schema.outbox.c.number.in_(
                    select(schema.cases.c.number).where(schema.cases.c.closed.is_(None))
                )
            )
            told = told.group_by(schema.outbox.c.number, schema.outbox.c.target)
            alive = conn.execute(
                select(schema.meta.c.value).where(schema.meta.c.name == "alive")
            ).scalar()
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
            conn.execute(
                update(schema.timeline).where(schema.timeline.c.until.is_(None)).values(until=at)
            )

    def trim(self, before: float) -> None:
        """Forget what ended before `before`."""
        with self._transaction() as conn:
            conn.execute(delete(schema.cases).where(schema.cases.c.closed < before))
            conn.execute(delete(schema.timeline).where(schema.timeline.c.until < before))
            conn.execute(delete(schema.outbox).where(schema.outbox.c.ended < before))
            stay, later = schema.stays, schema.stays.alias()
            over = select(later.c.since).where(
                later.c.device == stay.c.device, later.c.since > stay.c.since
            )
            conn.execute(delete(stay).where(over.where(later.c.since < before).exists()))
            newest = select(func.max(schema.changes.c.id)).scalar_subquery()
            conn.execute(
                delete(schema.changes).where(
                    schema.changes.c.at < before, schema.changes.c.id < newest
                )
            )
            conn.execute(delete(schema.sweeps).where(schema.sweeps.c.at < before))
            conn.execute(delete(schema.signoffs).where(schema.signoffs.c.at < before))

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()


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
        row.notice,
        row.target,
        row.sequence,
        row.number,
        row.body,
        row.created,
        row.due,
        row.attempts,
        row.state,
    )


def _settle(conn: Connection, settled: Settled) -> None:
    table = schema.outbox
    ended = None if settled.state in ("pending", "held") else settled.at
    more: dict[str, Any] = {"due": settled.at} if ended is None else {}
    more |= {"body": settled.body} if settled.body is not None else {}
    conn.execute(
        update(table)
        .where(table.c.notice == settled.notice, table.c.target == settled.target)
        .values(
            state=settled.state,
            attempts=settled.attempts,
            error=settled.error or None,
            ended=ended,
            **more,
        )
    )
