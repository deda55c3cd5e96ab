"""What people enter and read: sweeps, the fault log and the timeline."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

from healthmon.incidents.incident import Incident
from healthmon.store import audit, sql
from healthmon.store.engine import Engine
from healthmon.store.rows import AccessRow, Author, BegunCheck, Notice, Stay, Wanted

PAGE = 500
ERASED = "(erased)"
MOST_NUMBER = 2**62


class People:
    """The part of a store that commands beside the agent use. Every method raises StoreError."""

    _engine: Engine

    def authors(self, kind: str) -> dict[int, Author]:
        """The account by which each act of the table `kind` was made, by the id of the act."""
        with self._engine.transaction():
            rows = self._engine.execute(sql.AUTHORS, {"kind": kind}).fetchall()
        return {act: Author(uid, account) for act, uid, account in rows}

    def keep_sweep(self, at: float, body: str) -> int:
        """Keep a sweep's sheet; its id. A shift check that was cut off before counts no more."""
        with self._engine.transaction():
            audit.claim(self._engine)
            self._engine.execute(sql.DROP_META, {"name": sql.BEGUN})
            made = self._engine.execute(sql.ADD_SWEEP, {"at": at, "body": body})
            number = int(made.fetchone()[0])
            audit.bind(self._engine, "sweeps", number, "sheet", at, f"sheet-{number}")
            return number

    def note_check(self, begun: BegunCheck) -> None:
        """Note how far a shift check is that has no sheet yet."""
        with self._engine.transaction():
            row = {"name": sql.BEGUN, "value": sql.as_json(asdict(begun))}
            self._engine.execute(sql.PUT_META, row)

    def begun_check(self) -> BegunCheck | None:
        """The shift check that was begun after the last sheet and has none; None where all have."""
        with self._engine.transaction():
            found = self._engine.execute(sql.META, {"name": sql.BEGUN}).fetchone()
        return BegunCheck(**json.loads(found[0])) if found is not None else None

    def last_sweep(self, until: float = float("inf")) -> tuple[int, float, str] | None:
        """(id, when, sheet) of the newest sweep that was made at or before `until`."""
        with self._engine.transaction():
            row = self._engine.execute(sql.LAST_SWEEP, {"until": until}).fetchone()
            return (row[0], row[1], row[2]) if row else None

    def sweeps(self, below: int, until: float, most: int) -> list[tuple[int, float, str]]:
        """(id, when, sheet) of the newest `most` sweeps with an id under `below`, made before `until`."""
        with self._engine.transaction():
            values = {"below": below, "until": until, "limit": most}
            rows = self._engine.execute(sql.SWEEPS, values).fetchall()
        return [(row[0], row[1], row[2]) for row in rows]

    def sweep(self, number: int) -> tuple[int, float, str] | None:
        """(id, when, sheet) of one sweep."""
        with self._engine.transaction():
            row = self._engine.execute(sql.SWEEP_OF, {"sweep": number}).fetchone()
            return (row[0], row[1], row[2]) if row else None

    # -------------------------------------------------------------------------------------- history

    def incidents(self, wanted: Wanted | None = None) -> list[Incident]:
        """All incidents that are wanted, the newest first."""
        return [one for page in self.incident_pages(wanted or Wanted()) for one in page]

    def incident_pages(self, wanted: Wanted) -> Iterator[list[Incident]]:
        """All incidents that are wanted, the newest first, a page at a time: no lock is held and no
        more than a page is in memory while it is printed.
        """
        values = asdict(wanted) | {"open_only": int(wanted.open_only), "limit": PAGE}
        values["affected"] = f"%{json.dumps(wanted.device)}%"
        below = MOST_NUMBER
        while True:
            with self._engine.transaction():
                rows = self._engine.execute(sql.INCIDENTS, values | {"below": below}).fetchall()
            found = [Incident.of(json.loads(body)) for _, body in rows]
            yield [one for one in found if _concerns(one, wanted.device)]
            if len(rows) < PAGE:
                return
            below = rows[-1][0]

    def access(self, since: float = 0.0) -> list[AccessRow]:
        """Logins, refusals and changes of users from `since` on, in order."""
        with self._engine.transaction():
            rows = self._engine.execute(sql.ACCESS, {"since": since}).fetchall()
        found = []
        for mark, at, what, body in rows:
            kept = audit.values(body) or dict.fromkeys(("user", "client", "text"), ERASED)
            found.append(AccessRow(at, what, kept["user"], kept["client"], kept["text"], mark))
        return found

    def notices(self, number: int) -> list[Notice]:
        """Every notice of an incident to every target, in order."""
        with self._engine.transaction():
            rows = self._engine.execute(sql.NOTICES, {"number": number}).fetchall()
        return [Notice(*row) for row in rows]

    def said(self, number: int) -> list[tuple[str, float, str]]:
        """(id, when, notice) of every message about an incident to every target, in order."""
        with self._engine.transaction():
            return list(self._engine.execute(sql.SAID, {"number": number}).fetchall())

    def sheets_with(
        self, text: str, since: float, until: float, most: int
    ) -> list[tuple[int, float]]:
        """(number, when) of the newest `most` sheets made between `since` and `until` that hold
        `text`.
        """
        values = {"since": since, "until": until, "text": f"%{text}%", "limit": most}
        with self._engine.transaction():
            return list(self._engine.execute(sql.SWEEPS_WITH, values).fetchall())

    def stays(self, device: str) -> list[Stay]:
        """Where a deployable camera was, in order; the last one is where it is."""
        with self._engine.transaction():
            rows = self._engine.execute(sql.STAYS, {"device": device})
            return [Stay(*row) for row in rows]

    def timeline(
        self, device: str, since: float = 0.0
    ) -> list[tuple[str, str, float, float | None]]:
        """(check, state, since, until) of a device from `since` on, in order."""
        with self._engine.transaction():
            return list(
                self._engine.execute(sql.TIMELINE, {"device": device, "since": since}).fetchall()
            )


def _concerns(incident: Incident, device: str) -> bool:
    return not device or incident.device == device or device in incident.affected
