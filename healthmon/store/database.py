"""The store: one writer, one transaction for what belongs together, every commit on the disk before
it is reported.

SQLite with a rollback journal and synchronous=FULL, or PostgreSQL by the same statements.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from healthmon.incidents.acts import Act
from healthmon.incidents.confirmation import Fault, Key
from healthmon.incidents.incident import Incident, IncidentEvent, Unchecked
from healthmon.incidents.life_cycle import LifeCycle
from healthmon.store import audit, retention, schema, sql
from healthmon.store.canonical import Plain
from healthmon.store.engine import (
    CorruptError,
    Engine,
    Exclusive,
    StoreError,
    TroubleError,
    engine_of,
)
from healthmon.store.evidence import Evidence
from healthmon.store.handovers import Handovers
from healthmon.store.operations import Operations
from healthmon.store.reader import reader_of
from healthmon.store.records import People
from healthmon.store.rows import (
    WAITING,
    Batch,
    Deleted,
    Extent,
    Handed,
    Outgoing,
    Saved,
    Settled,
    Stay,
)
from healthmon.store.ticks import Ticks
from healthmon.store.verification import Anchor, Progress, Verified, no_progress, verified

if TYPE_CHECKING:
    from healthmon.store.erasure import Erased, Named, RewriteSheet
    from healthmon.store.lease import Claim

LATELY_SECONDS = 3600.0
CHAIN_PAGE = 500
_FAULT_KEY = ("device", "question", "part", "aspect")


class Store(People, Handovers, Ticks, Operations, Evidence):
    """An open store. Not for several threads at once. `open` and every method raise TroubleError or
    CorruptError.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(
        cls, url: str, password: str | None = None, *, alone: Exclusive | None = None
    ) -> Store:
        """Open, check and bring up to date the database at `url` (``sqlite:///file`` or
        ``postgresql://``).

        `alone` keeps agents away from the database of a server: AloneError when one has it.
        """
        store = cls(engine_of(url, password, alone=alone))
        try:
            store._prepare()
        except StoreError:
            store.close()
            raise
        return store

    @classmethod
    def reader(cls, url: str, password: str | None = None) -> Store:
        """An existing store for reading only: nothing is made, checked or brought up to
        date in it.
        """
        store = cls(reader_of(url, password))
        try:
            with store._engine.transaction():
                known = store._get("version")
        except StoreError:
            store.close()
            raise
        if known != str(schema.VERSION):
            store.close()
            raise TroubleError(
                f"the history has schema {known}, this version {schema.VERSION}; start the agent"
                " once, which brings it up to date"
            )
        return store

    def _prepare(self) -> None:
        with self._engine.transaction():
            self._engine.check()
            schema.create(self._engine)
            self._migrate()

    def _migrate(self) -> None:
        known = self._get("version")
        version = int(known) if known is not None else schema.VERSION
        if version > schema.VERSION:
            raise CorruptError(
                f"written by a newer version of healthmon (schema {version}, this one knows {schema.VERSION})"
            )
        for step in range(version, schema.VERSION):
            schema.MIGRATIONS[step](self._engine)
        self._set("version", str(schema.VERSION))

    def _get(self, name: str) -> str | None:
        """A value of the table meta."""
        found = self._engine.execute(sql.META, {"name": name}).fetchone()
        return found[0] if found else None

    def _set(self, name: str, value: str) -> None:
        self._engine.execute(sql.PUT_META, {"name": name, "value": value})

    def record(self, batch: Batch) -> None:
        """Write `batch` in one transaction; when this returns it is on the disk."""
        with self._engine.transaction():
            self._record(batch)

    def _record(self, batch: Batch) -> None:
        execute_each = self._engine.execute_each
        if batch.chained:
            audit.claim(self._engine)
        self._move(batch)
        self._record_faults(batch.faults)
        execute_each(sql.PUT_INCIDENT, [sql.incident_row(one) for one in batch.incidents.values()])
        execute_each(sql.NUMBER_RAISED, batch.raised_rows())
        self._record_chain(batch)
        execute_each(sql.ADD_OUTGOING, [_outgoing_row(row) for row in batch.outgoing])
        for settled in batch.settled:
            self._settle(settled)
        execute_each(sql.PUT_SEGMENT, [segment.as_row() for segment in batch.segments])
        execute_each(sql.PUT_BATTERY, [sql.row_of(row) for row in batch.batteries])
        execute_each(sql.PUT_CLOCK, [sql.row_of(row) for row in batch.clocks.values()])
        for stay in batch.stays:
            self._stay(stay)
        self._record_now(batch)

    def hold(self, claim: Claim, logins: str = "") -> None:
        """Renew the lease of the agent that has opened the store with `claim`, and keep rejected `logins`
        for the next one where there is news of them.
        """
        with self._engine.transaction():
            claim.renew(self._engine, logins)

    def handed(self, claim: Claim) -> Handed | None:
        """What the agent before has kept for the one that has opened the store with `claim`."""
        with self._engine.transaction():
            return claim.handed(self._engine)

    def sever(self) -> None:
        """Let no other thread wait for the server any longer."""
        self._engine.sever()

    def release(self, claim: Claim) -> None:
        """Let another agent have the estate at once."""
        with self._engine.transaction():
            claim.release(self._engine)

    def last_alive(self) -> float | None:
        """When the agent has last written that it lives (Unix seconds)."""
        with self._engine.transaction():
            told = self._get("alive")
        return float(told) if told else None

    def _record_now(self, batch: Batch) -> None:
        """That the agent lives, and what it cannot check."""
        if batch.alive is not None:
            self._set("alive", repr(batch.alive))
            if self._get("watched_since") is None:
                self._set("watched_since", repr(batch.alive))
        if batch.unchecked is not None:
            self._set("unchecked", json.dumps(batch.unchecked))

    def _unchecked(self) -> tuple[Unchecked, ...]:
        rows = json.loads(self._get("unchecked") or "[]")
        return tuple(Unchecked(*row) for row in rows)

    def _record_chain(self, batch: Batch) -> None:
        """What goes into the audit chain, in order."""
        last = {told.incident.number: told for told in batch.told}
        passed = [told for told in batch.told if last[told.incident.number] is not told]
        entries = list(map(_event, passed))
        entries += [_as_now(one, last.get(one.number)) for one in batch.incidents.values()]
        entries += [_event(told) for n, told in last.items() if n not in batch.incidents]
        entries += [row.entry() for row in batch.access]
        audit.append(self._engine, [*entries, *batch.noted])
        for act in batch.raised:
            audit.bind(self._engine, "acts", act, "numbered", time.time())

    def _move(self, batch: Batch) -> None:
        """Move what is open by the steps of our clock."""
        for step in batch.steps:
            for statement in sql.MOVE:
                self._engine.execute(statement, {"by": step, "now": batch.alive})

    def _record_faults(self, faults: Mapping[Key, Fault | None]) -> None:
        """Open faults are written, those that are over (None) taken out."""
        over, rows = [], []
        for key, fault in faults.items():
            row = dict(zip(_FAULT_KEY, map(str, key), strict=True))
            if fault is None:
                over.append(row)
            else:
                rows.append(row | {"body": sql.as_json(fault.as_row())})
        self._engine.execute_each(sql.DELETE_FAULT, over)
        self._engine.execute_each(sql.PUT_FAULT, rows)

    def _stay(self, stay: Stay) -> None:
        """A new stay, when it is not where the device is already."""
        known = self._engine.execute(sql.LAST_STAY, {"device": stay.device}).fetchone()
        if known is None or tuple(known) != (stay.state, stay.location):
            self._engine.execute(sql.PUT_STAY, asdict(stay))

    def _settle(self, settled: Settled) -> None:
        """What was tried in vain is due again at `settled.at`; what is over has ended then."""
        waiting = settled.state in WAITING
        row = asdict(settled) | {
            "error": settled.error or None,
            "due": settled.at if waiting else None,
            "ended": None if waiting else settled.at,
        }
        self._engine.execute(sql.SETTLE, row)

    def head(self) -> audit.Head:
        """The last entry of the audit chain."""
        with self._engine.transaction():
            return audit.head(self._engine)

    def note(self, *entries: audit.Entry) -> None:
        """Add entries to the audit chain; when this returns they are on the disk."""
        with self._engine.transaction():
            audit.claim(self._engine)
            audit.append(self._engine, entries)

    def verify(self, anchor: Anchor | None = None, progress: Progress = no_progress) -> Verified:
        """Whether the audit chain holds, and every row that people are shown is as it says."""
        return verified(self._engine, anchor, progress)

    def chain(self, since: float) -> Iterator[audit.Line]:
        """The entries of the audit chain from `since` on (Unix seconds), in order."""
        after = 0
        while True:
            values = {"since": since, "after": after, "limit": CHAIN_PAGE}
            with self._engine.transaction():
                rows = self._engine.execute(sql.LINES, values).fetchall()
            yield from map(audit.Line._make, rows)
            if len(rows) < CHAIN_PAGE:
                return
            after = rows[-1][0]

    def erase_person(self, who: Named, by: str, rewrite: RewriteSheet) -> Erased:
        """Put a pseudonym in the place of a name in every row, and forget what the audit chain has
        sealed of it.
        """
        from healthmon.store.erasure import erase  # which the agent never needs

        with self._engine.transaction():
            audit.claim(self._engine)
            return erase(self._engine, who, by, rewrite)

    def forget_pages(self) -> None:
        """Write the database anew, so that free pages hold nothing of what was deleted."""
        self._engine.forget_pages()

    def broken_links(self) -> list[int]:
        """The numbers of the entries of the audit chain that `verify` finds something about."""
        return [one.entry for one in self.verify().findings]

    def load(self) -> Saved:
        """What the last run has left."""
        execute = self._engine.execute
        with self._engine.transaction():
            faults = execute(sql.FAULTS).fetchall()
            incidents = execute(sql.OPEN_INCIDENTS).fetchall()
            last = execute(sql.LAST_NUMBER).fetchone()[0]
            queue = execute(sql.QUEUE).fetchall()
            heard = execute(sql.NOTIFIED).fetchall()
            alive = float(self._get("alive") or 0.0)
            watched_since = self._get("watched_since")
            ended = execute(sql.ENDED_INCIDENTS, {"since": alive - LATELY_SECONDS}).fetchall()
            acts = execute(sql.ACTS_OF_OPEN).fetchall()
            last_act = execute(sql.LAST_ACT).fetchone()[0]
            operations = self._in_force(time.time())
            unchecked = self._unchecked()
        return Saved(
            tuple(Fault.of_row(json.loads(body)) for (body,) in faults),
            _acknowledged(incidents, acts),
            last or 0,
            tuple(Outgoing(*row) for row in queue),
            tuple((number, target, at) for number, target, at in heard),
            alive or None,
            tuple(Incident.of(json.loads(body)) for (body,) in ended),
            float(watched_since) if watched_since else None,
            last_act or 0,
            operations,
            unchecked,
        )

    def end_timelines(self, at: float) -> None:
        """Stretches that nobody has ended end at `at`: what came after was not watched."""
        with self._engine.transaction():
            self._engine.execute(sql.END_TIMELINES, {"at": at})

    def trim(self, before: Mapping[str, float], now: float) -> Deleted | None:
        """Delete of each group of `retained.GROUPS` what ended before `before`, and note that in the
        audit chain; what was deleted, None for nothing.
        """
        with self._engine.transaction():
            audit.claim(self._engine)
            return retention.delete(self._engine, before, now)

    def deleted(self) -> Deleted | None:
        """What was deleted so far because it was old; None for nothing."""
        with self._engine.transaction():
            return retention.so_far(self._engine)

    def extent(self) -> dict[str, Extent]:
        """How many rows of each kind are kept, and since when."""
        with self._engine.transaction():
            return retention.extent(self._engine)

    def copy_to(self, file: Path) -> None:
        """A consistent copy of a SQLite store that is read, in `file`."""
        self._engine.copy_to(file)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.close()


def _acknowledged(bodies: Iterable[Any], rows: Iterable[Any]) -> tuple[Incident, ...]:
    """The incidents with the acknowledgement that stands by their acts, which may be newer."""
    acts: dict[int, list[Act]] = {}
    for act in map(Act.of_row, rows):
        acts.setdefault(act.number, []).append(act)
    incidents = [Incident.of(json.loads(body)) for (body,) in bodies]
    return tuple(
        replace(one, ack=LifeCycle.of(one, acts[one.number]).ack) if one.number in acts else one
        for one in incidents
    )


def _event(told: IncidentEvent) -> audit.Entry:
    """The entry of the audit chain for what was said of an incident."""
    incident, code = told.incident, told.incident.lead.code
    plain: dict[str, Plain] = {"number": incident.number, "device": incident.device, "code": code}
    return audit.Entry(told.at, told.what, told.id, plain=plain)


def _as_now(incident: Incident, told: IncidentEvent | None) -> audit.Entry:
    """The entry that holds the row of an incident, with what was said of it last (`told`)."""
    row = sql.incident_row(incident)
    if told is None:
        return audit.of_row("cases", incident.number, row, "fault", time.time())
    return audit.of_row("cases", incident.number, row, told.what, told.at, told.id)


def _outgoing_row(row: Outgoing) -> dict[str, Any]:
    found = asdict(row)
    found["sequence"] = found.pop("order")
    return found
