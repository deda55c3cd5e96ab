"""What people enter and read: acknowledgements, sweeps and signatures, the fault log and the timeline."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import SQLAlchemyError

from healthmon.cases import Ack, Case
from healthmon.store import schema
from healthmon.store.engine import StoreError, plain
from healthmon.store.rows import Stay


class People:
    """The part of a store that commands beside the agent use. Every method raises StoreError."""

    _engine: Engine

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
            row = conn.execute(
                select(schema.sweeps).order_by(schema.sweeps.c.id.desc()).limit(1)
            ).first()
            return (row.id, row.at, row.body) if row else None

    def sign(self, sweep: int, name: str, note: str, at: float, limit: float) -> str:
        """Sign a sweep; "signed", "added" (another had signed it) or "already". Raises StoreError when it is stale."""
        with self._transaction() as conn:
            made = conn.execute(
                select(schema.sweeps.c.at).where(schema.sweeps.c.id == sweep)
            ).scalar()
            if made is None:
                raise StoreError(f"no sweep {sweep}")
            table = schema.signoffs
            others = [row.name for row in conn.execute(select(table).where(table.c.sweep == sweep))]
            if name in others:
                return "already"
            if at - made > limit:
                raise StoreError(
                    f"the sweep is {(at - made) / 60:.0f} min old (limit {limit / 60:.0f}); sweep again"
                )
            row = {
                "sweep": sweep,
                "name": name,
                "at": at,
                "addition": int(bool(others)),
                "note": note,
            }
            conn.execute(table.insert(), row)
            return "added" if others else "signed"

    def signatures(self, sweep: int) -> list[tuple[str, float, bool]]:
        """(name, when, whether it is an addition) of a sweep's sign-offs in order."""
        table = schema.signoffs
        with self._transaction() as conn:
            rows = conn.execute(select(table).where(table.c.sweep == sweep).order_by(table.c.id))
            return [(row.name, row.at, bool(row.addition)) for row in rows]

    # -------------------------------------------------------------------------------------- history

    def cases(
        self, *, open_only: bool = False, device: str | None = None, limit: int = 10_000
    ) -> list[Case]:
        """Cases, the newest first."""
        wanted = select(schema.cases.c.body).order_by(schema.cases.c.number.desc()).limit(limit)
        wanted = wanted.where(schema.cases.c.closed.is_(None)) if open_only else wanted
        wanted = wanted.where(schema.cases.c.device == device) if device else wanted
        with self._transaction() as conn:
            return [Case.of(json.loads(body)) for (body,) in conn.execute(wanted)]

    def stays(self, device: str) -> list[Stay]:
        """Where a deployable camera was, in order; the last one is where it is."""
        table = schema.stays
        with self._transaction() as conn:
            rows = conn.execute(
                select(table).where(table.c.device == device).order_by(table.c.since)
            )
            return [Stay(row.device, row.state, row.location, row.since) for row in rows]

    def timeline(
        self, device: str, since: float = 0.0
    ) -> list[tuple[str, str, float, float | None]]:
        """(question, state, since, until) of a device from `since` on, in order."""
        table = schema.timeline
        wanted = select(table).where(
            table.c.device == device, (table.c.until.is_(None)) | (table.c.until >= since)
        )
        with self._transaction() as conn:
            rows = conn.execute(wanted.order_by(table.c.since, table.c.question))
            return [(row.question, row.state, row.since, row.until) for row in rows]

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as conn:
                yield conn
        except SQLAlchemyError as error:
            raise plain(error) from None
