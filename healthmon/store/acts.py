"""The acts of people on faults: each is checked against the life of the fault and written with its
link of the audit chain in one transaction.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from healthmon.incidents.acts import Act, ActKind
from healthmon.incidents.growing_life import GrowingLife
from healthmon.incidents.incident import Incident, raised_by_person
from healthmon.incidents.life_cycle import LifeCycle
from healthmon.store import audit, sql
from healthmon.store.engine import Engine, StoreError
from healthmon.store.rows import Author

# The acts after which a fault may be over, or not be over any more.
_ENDING: Final = frozenset({ActKind.CLOSE, ActKind.DISMISS, ActKind.UNDO})


class Acts:
    """The part of a store that keeps acts. Every method raises StoreError."""

    _engine: Engine

    def act(self, new: Act, author: Author | None = None) -> LifeCycle:
        """Record `new` on the fault `new.number`, made by the account of `author`; the life of the
        fault with it. When this returns it is on the disk. What comes again by the same form is
        recorded already. Raises StoreError with the reason where it cannot be done.
        """
        return self.act_all([new], author)[new.number]

    def act_all(self, acts: Iterable[Act], author: Author | None = None) -> dict[int, LifeCycle]:
        """The same for several acts: all of them are recorded, or none. The lives by number."""
        with self._engine.transaction():
            audit.claim(self._engine)
            lives: dict[int, GrowingLife] = {}
            for new in acts:
                growing = lives.get(new.number) or GrowingLife(self._life(new.number))
                lives[new.number] = self._grown(growing, new, author)
            return {number: growing.life for number, growing in lives.items()}

    def _act(self, new: Act, author: Author | None) -> None:
        """Record one act, within a transaction that has claimed the chain."""
        self._grown(GrowingLife(self._life(new.number)), new, author)

    def _grown(self, growing: GrowingLife, new: Act, author: Author | None) -> GrowingLife:
        if self._of_same_form(new):
            return growing
        if refusal := growing.refusal(new):
            raise StoreError(f"F{new.number:06d}: {refusal}")
        growing.add(self._add(new, author))
        return GrowingLife(self._settled(growing.life)) if new.kind in _ENDING else growing

    def _add(self, new: Act, author: Author | None) -> Act:
        row = {"number": new.number, "kind": new.kind.value, "name": new.by, "at": new.at}
        body = new.body()
        made = self._engine.execute(sql.ADD_ACT, row | {"happened": new.happened, "body": body})
        kept = replace(new, id=int(made.fetchone()[0]))
        if new.form:
            self._engine.execute(sql.ADD_ACT_FORM, {"form": _mark(new), "act": kept.id})
        if author is not None:
            self._engine.execute(sql.PUT_AUTHOR, author.row("acts", kept.id))
        audit.bind(self._engine, "acts", kept.id, kept.kind.value, kept.at, f"act-{kept.id}")
        return kept

    def _of_same_form(self, new: Act) -> int:
        """The id of the act that came by the form of `new` before; 0 for none."""
        if not new.form:
            return 0
        found = self._engine.execute(sql.ACT_OF_FORM, {"form": _mark(new)}).fetchone()
        return int(found[0]) if found else 0

    def _settled(self, life: LifeCycle) -> LifeCycle:
        """Nobody but a person ends a fault that a person has raised, or calls one a false alarm: its
        row says when.
        """
        answered = life.acts[-1].kind is ActKind.DISMISS or life.undid(ActKind.DISMISS)
        if answered:
            self._record_answer(life)
            return life
        end = life.closed.at if life.closed else None
        if not life.raised or life.incident.closed == end:
            return life
        incident = replace(life.incident, closed=end)
        self._put(incident)
        return replace(life, incident=incident)

    def _record_answer(self, life: LifeCycle) -> None:
        """A false alarm is over, and none of its faults is open; or they are again."""
        self._put(life.incident)
        for fault in life.incident.faults:
            key = dict(zip(("device", "question", "part", "aspect"), fault.key, strict=True))
            if life.dismissed:
                self._engine.execute(sql.DELETE_FAULT, key)
            else:
                self._engine.execute(sql.PUT_FAULT, key | {"body": sql.as_json(fault.as_row())})

    def _put(self, incident: Incident) -> None:
        row = sql.incident_row(incident)
        self._engine.execute(sql.PUT_INCIDENT, row)
        held = audit.of_row("cases", incident.number, row, "fault", time.time())
        audit.append(self._engine, [held])

    def life_cycle(self, number: int) -> LifeCycle:
        """The life of one fault. Raises StoreError when there is no such fault."""
        with self._engine.transaction():
            return self._life(number)

    def _life(self, number: int) -> LifeCycle:
        found = self._engine.execute(sql.INCIDENT, {"number": number}).fetchone()
        if found is None:
            raise StoreError(f"F{number:06d}: no such fault")
        rows = self._engine.execute(sql.ACTS_OF, {"number": number}).fetchall()
        return LifeCycle.of(Incident.of(json.loads(found[0])), map(Act.of_row, rows))

    def life_cycles(self, incidents: Iterable[Incident]) -> list[LifeCycle]:
        """The lives of `incidents`, in their order."""
        found = list(incidents)
        numbers = [one.number for one in found] or [0]
        between = {"low": min(numbers), "high": max(numbers)}
        with self._engine.transaction():
            rows = self._engine.execute(sql.ACTS_BETWEEN, between).fetchall()
        acts: dict[int, list[Act]] = {}
        for one in map(Act.of_row, rows):
            acts.setdefault(one.number, []).append(one)
        return [LifeCycle.of(one, acts.get(one.number, ())) for one in found]

    def acted_on(self, after: int) -> tuple[int, list[LifeCycle]]:
        """The last id of all acts, and the lives of the faults that have an act with an id above
        `after`.
        """
        with self._engine.transaction():
            rows = self._engine.execute(sql.NEW_ACTS, {"after": after}).fetchall()
            numbers = sorted({number for _, number in rows if number})
            lives = [life for number in numbers if (life := self._known(number)) is not None]
            return max((identity for identity, _ in rows), default=after), lives

    def dismissed(self) -> list[LifeCycle]:
        """The lives of all faults that people have called false alarms, by the acts that stand."""
        with self._engine.transaction():
            numbers = [number for (number,) in self._engine.execute(sql.DISMISSED).fetchall()]
            lives = [life for number in numbers if (life := self._known(number)) is not None]
        return [life for life in lives if life.dismissed]

    def _known(self, number: int) -> LifeCycle | None:
        try:
            return self._life(number)
        except StoreError:  # the incident is too old and not kept any more
            return None

    def raise_fault(self, new: Act, author: Author | None = None) -> int:
        """Keep what a person has raised, until it gets its number; the id of the act. What comes
        again by the same form is kept already.
        """
        assert new.kind is ActKind.RAISE  # noqa: S101 - callers build it
        with self._engine.transaction():
            audit.claim(self._engine)
            return self._of_same_form(new) or self._add(new, author).id

    def raised(self) -> list[Act]:
        """What people have raised and has no number yet, in order."""
        with self._engine.transaction():
            return [Act.of_row(row) for row in self._engine.execute(sql.ACTS_OF, {"number": 0})]

    def raised_between(self, since: float, until: float) -> list[LifeCycle]:
        """The lives of the faults that people have raised from `since` to `until` (Unix seconds), as
        they were at `until`, in order. What has no number yet has number 0.
        """
        with self._engine.transaction():
            values = {"since": since, "until": until}
            rows = self._engine.execute(sql.ACTS_OF_RAISED, values).fetchall()
        acts: dict[int, list[Act]] = {}
        for one in map(Act.of_row, rows):
            acts.setdefault(one.number or -one.id, []).append(one)
        return [_raised(found) for found in acts.values()]

    def references(self) -> dict[str, set[int]]:
        """The faults that each of the contractor's job numbers belongs to, by the reports."""
        with self._engine.transaction():
            rows = self._engine.execute(sql.REPORTS).fetchall()
        found: dict[str, set[int]] = {}
        for one in map(Act.of_row, rows):
            if one.get("reference"):
                found.setdefault(one.get("reference"), set()).add(one.number)
        return found

    def number_of(self, act: int) -> int:
        """The number of the fault that an act is on; 0 while it has none."""
        with self._engine.transaction():
            found = self._engine.execute(sql.NUMBER_OF_ACT, {"id": act}).fetchone()
            return int(found[0]) if found else 0


def _raised(acts: list[Act]) -> LifeCycle:
    """The life of a fault by its acts alone, the one that raised it first."""
    first = acts[0]
    incident = raised_by_person(first.number, first, None, first.get("site"))
    return LifeCycle.of(incident, acts)


def _mark(new: Act) -> str:
    """What the form of `new` is known by. One that was changed after it was sent is another."""
    text = json.dumps([new.kind.value, new.number, new.by, new.body()])
    return f"{new.form[:64]}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
