"""What people do to devices and sites, each written with its link of the audit chain in one
transaction, once for each form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from healthmon.incidents.acts import Act
from healthmon.incidents.life_cycle import Stage
from healthmon.incidents.operations import Operation, OperationKind
from healthmon.store import audit, sql
from healthmon.store.acts import Acts
from healthmon.store.canonical import Plain
from healthmon.store.engine import StoreError
from healthmon.store.rows import Author

STATED: Final = "clock_statement"


def _mark(statement: Operation) -> str:
    """That of the entry of the audit chain for a statement."""
    return f"statement-{statement.id}"


class Operations(Acts):
    """The part of a store that keeps operations. Every method raises StoreError."""

    def operate(self, new: Operation, author: Author | None = None) -> Operation:
        """Record `new`, made by the account of `author` where a command made it, or find what came by
        the same form before; as it is kept. When this returns it is on the disk.
        """
        with self._engine.transaction():
            audit.claim(self._engine)
            return self._known_operation(new.once) or self._add_operation(self._named(new), author)

    def keep_statement(
        self, new: Operation, plain: Mapping[str, Plain], author: Author | None = None
    ) -> tuple[Operation, str]:
        """Record a statement, with an entry of the audit chain that holds `plain` for everybody to read;
        the statement as it is kept, and the number and short hash of that entry.
        """
        with self._engine.transaction():
            audit.claim(self._engine)
            kept = self._known_operation(new.once)
            if kept is None:
                kept = self._add_operation(new, author)
                mark, fields = _mark(kept), {**plain, "operation": kept.id}
                audit.append(self._engine, [audit.Entry(kept.at, STATED, mark, plain=fields)])
            return kept, self._entry_of(_mark(kept))

    def statement(self, number: int) -> tuple[Operation, str] | None:
        """A statement by its number, and its entry of the audit chain as `keep_statement` gives it; None where
        there is none.
        """
        with self._engine.transaction():
            row = self._engine.execute(sql.OPERATION, {"id": number}).fetchone()
            found = Operation.of_row(row) if row else None
            if found is None or found.kind is not OperationKind.STATEMENT:
                return None
            return found, self._entry_of(_mark(found))

    def _entry_of(self, mark: str) -> str:
        """Number and short hash; "" for an entry that `history.keep` has cut off."""
        row = self._engine.execute(sql.NUMBERED_ENTRY, {"mark": mark}).fetchone()
        return audit.Head(int(row[0]), str(row[1])).short if row else ""

    def operate_all(self, each: Iterable[Operation], author: Author | None = None) -> int:
        """Record all of `each`, or none; how many of them were not recorded already."""
        fresh = 0
        with self._engine.transaction():
            audit.claim(self._engine)
            for new in each:
                if self._known_operation(new.once) is None:
                    self._add_operation(self._named(new), author)
                    fresh += 1
        return fresh

    def arrive(self, new: Operation, attend: Act, author: Author | None = None) -> Operation:
        """Record that an engineer has arrived at a site (`new`), and `attend` on each of its open
        faults that are reported. One who is there has to leave first.
        """
        with self._engine.transaction():
            audit.claim(self._engine)
            if known := self._known_operation(new.once):
                return known
            there = self._newest(new.kind, new.subject)
            if there is not None and there.get("did") == "arrived":
                name = there.get("engineer")
                raise StoreError(
                    f"an engineer, {name}, is at the site already; record first that {name} left"
                )
            stamps = [replace(attend, number=number) for number in self._reported(new.subject)]
            fitting = [one for one in stamps if not self._life(one.number).refusal(one, one.at)]
            attended = [one.number for one in fitting]
            whole = replace(new, details={**new.details, "attended": attended})
            kept = self._add_operation(whole, author)
            for one in fitting:
                self._act(one, author)
            return kept

    def leave(self, new: Operation, author: Author | None = None) -> Operation:
        """Record that an engineer has left a site (`new`), where one has arrived and not left."""
        with self._engine.transaction():
            audit.claim(self._engine)
            if known := self._known_operation(new.once):
                return known
            last = self._newest(new.kind, new.subject)
            if last is None:
                raise StoreError("no engineer is recorded as being here; record the arrival first")
            if last.get("did") != "arrived":
                who = last.get("engineer") or "the engineer"
                raise StoreError(
                    f"{who} has left already ({last.by} recorded it); record the next arrival first"
                )
            return self._add_operation(new, author)

    def _reported(self, site: str) -> list[int]:
        """The open faults of a site that are reported and not attended yet."""
        rows = self._engine.execute(sql.OPEN_OF_SITE, {"site": site}).fetchall()
        return [number for (number,) in rows if self._life(number).stage is Stage.REPORTED]

    def operations_on(self, subject: str, most: int) -> list[Operation]:
        """The newest `most` operations on a subject, the newest first."""
        values = {"subject": subject, "limit": most}
        with self._engine.transaction():
            rows = self._engine.execute(sql.OPERATIONS_ON, values).fetchall()
        return list(map(Operation.of_row, rows))

    def newest_operation(self, kind: OperationKind, subject: str) -> Operation | None:
        """The newest operation of this kind and subject, whether it is in force or not."""
        with self._engine.transaction():
            return self._newest(kind, subject)

    def operation_by(self, once: str) -> Operation | None:
        """The operation that came by the form with this mark."""
        with self._engine.transaction():
            return self._known_operation(once)

    def _newest(self, kind: OperationKind, subject: str) -> Operation | None:
        values = {"kind": kind.value, "subject": subject}
        found = self._engine.execute(sql.NEWEST_OPERATION, values).fetchone()
        return Operation.of_row(found) if found else None

    def _named(self, new: Operation) -> Operation:
        """`new` with the name of its subject: a new window gets one."""
        if new.subject:
            return new
        last = self._engine.execute(sql.LAST_OPERATION).fetchone()[0]
        return replace(new, subject=f"W{(last or 0) + 1:06d}")

    def came(self, once: str) -> bool:
        """Whether a form with this mark has come before."""
        with self._engine.transaction():
            return self._known_operation(once) is not None

    def _known_operation(self, once: str) -> Operation | None:
        found = self._engine.execute(sql.OPERATION_OF, {"once": once}).fetchone()
        return Operation.of_row(found) if found else None

    def _add_operation(self, new: Operation, author: Author | None) -> Operation:
        row = {"kind": new.kind.value, "subject": new.subject, "name": new.by, "at": new.at}
        more = {"until": new.until, "once": new.once, "body": new.body()}
        made = self._engine.execute(sql.ADD_OPERATION, row | more)
        kept = replace(new, id=int(made.fetchone()[0]))
        if author is not None:
            self._engine.execute(sql.PUT_AUTHOR, author.row("operations", kept.id))
        mark = f"operation-{kept.id}"
        audit.bind(self._engine, "operations", kept.id, kept.kind.value, kept.at, mark)
        return kept

    def operations_in_force(self, now: float) -> tuple[Operation, ...]:
        """The newest operation of each kind and subject that has not ended at `now`, in order."""
        with self._engine.transaction():
            return self._in_force(now)

    def _in_force(self, now: float) -> tuple[Operation, ...]:
        rows = self._engine.execute(sql.OPERATIONS_IN_FORCE, {"now": now}).fetchall()
        return tuple(map(Operation.of_row, rows))

    def operations(self, kinds: Iterable[OperationKind], most: int) -> list[Operation]:
        """The newest `most` operations of each of these kinds, the newest first."""
        found: list[Operation] = []
        with self._engine.transaction():
            for kind in kinds:
                rows = self._engine.execute(sql.OPERATIONS, {"kind": kind.value, "limit": most})
                found += map(Operation.of_row, rows.fetchall())
        return sorted(found, key=lambda one: -one.id)
