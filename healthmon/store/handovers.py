"""Signatures under a sheet, handovers of a shift, and notes for the next one. Each is written with
its link of the audit chain in one transaction, and once, however often it is sent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from healthmon.store import audit, sql
from healthmon.store.engine import Engine, StoreError
from healthmon.store.rows import Author, ShiftNote, Signature

# A sweep that is dated later than this after now was made by a clock that was wrong.
AHEAD_SECONDS = 60.0
NO_SWEEP: Final = "no shift check has been made yet: healthmon sweep"


class Party(StrEnum):
    """Who somebody is at a handover."""

    OUTGOING = "outgoing"
    INCOMING = "incoming"


_DONE: Final = {Party.OUTGOING: "handed over", Party.INCOMING: "accepted"}


@dataclass(frozen=True, slots=True)
class Signing:
    """One person who signs a handover as `party`, with a remark where wanted."""

    party: Party
    name: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class NewNote:
    """A note for the next shift. The same `token` is the same note, sent again."""

    token: str
    by: str
    text: str


@dataclass(frozen=True, slots=True)
class Handover:
    """The sheet `sweep` is signed at `at` (Unix seconds) by one or two people; a sheet can be signed
    for `limit` seconds. A party that signs alone, or late (`late`, or after the other one), does so
    for a `reason`.
    """

    sweep: int
    signings: Sequence[Signing]
    at: float
    limit: float
    late: bool = False
    reason: str = ""
    note: NewNote | None = None


class Handovers:
    """The part of a store that keeps signatures and notes. Every method raises StoreError."""

    _engine: Engine

    # ----------------------------------------------------------------------------------- signatures

    def sign(
        self,
        sweep: int,
        name: str,
        note: str,
        at: float,
        limit: float,
        *,
        author: Author | None = None,
    ) -> str:
        """Sign a sweep; "signed", "added" (another had signed it) or "already". Raises StoreError
        when it is stale.
        """
        with self._engine.transaction():
            audit.claim(self._engine)
            made = self._sweep(sweep)
            others = [other for other, *_ in self._engine.execute(sql.SIGNATURES, {"sweep": sweep})]
            if name in others:
                return "already"
            _need_fresh(made, at, limit)
            row = {
                "sweep": sweep,
                "name": name,
                "at": at,
                "addition": len(others[:1]),
                "note": note,
            }
            signature = int(self._engine.execute(sql.ADD_SIGNATURE, row).fetchone()[0])
            self._author("signoffs", signature, author)
            audit.bind(self._engine, "signoffs", signature, "sign", at, f"sign-{signature}")
            return "added" if others else "signed"

    def hand_over(self, made: Handover) -> list[Signature]:
        """Record a handover, and its note, or nothing of it; the signatures that are new. What the
        same people have signed before is not signed twice. Raises StoreError with the reason where it
        cannot be done.
        """
        with self._engine.transaction():
            audit.claim(self._engine)
            at = self._sweep(made.sweep)
            before = {one.party: one for one in self._parties(made.sweep)}
            fresh = [one for one in made.signings if not _is_there(one, before)]
            if fresh:
                _need_two_people(made.signings, before)
                self._need_newest(made.sweep)
                _need_fresh(at, made.at, made.limit)
            signed = [_signed(one, made, before) for one in fresh]
            for one in signed:
                self._add_party(made.sweep, one)
            if made.note is not None:
                self._write_note(made.note, made.at, None)
            return signed

    def signatures(self, sweep: int) -> list[Signature]:
        """Everybody who has signed a sweep, the two people of the handover first."""
        with self._engine.transaction():
            rows = self._engine.execute(sql.SIGNATURES, {"sweep": sweep}).fetchall()
            others = [Signature(name, at, bool(more), note=note) for name, at, more, note in rows]
            return [*self._parties(sweep), *others]

    def on_sheet(self, sweep: int, at: float) -> tuple[list[Signature], list[ShiftNote]]:
        """What people have put on the sheet of a sweep made at `at` (Unix seconds): who has signed it,
        and the notes that were shown from then until it was signed.
        """
        signed = self.signatures(sweep)
        return signed, self.notes(at, max((at, *(one.at for one in signed))))

    def stood_until(self, sweep: int, signed: Sequence[Signature]) -> float:
        """Until when (Unix seconds) the sheet of a sweep was the one to read: until it was signed, or
        a newer one was made. Infinite while it is.
        """
        if signed:
            return max(one.at for one in signed)
        with self._engine.transaction():
            after = self._engine.execute(sql.NEXT_SWEEP, {"sweep": sweep}).fetchone()[0]
        return math.inf if after is None else float(after)

    def _parties(self, sweep: int) -> list[Signature]:
        rows = self._engine.execute(sql.HANDOVERS, {"sweep": sweep}).fetchall()
        return [
            Signature(name, at, party=party, note=note, apart=apart, reason=reason)
            for party, name, at, note, apart, reason in rows
        ]

    def _sweep(self, sweep: int) -> float:
        """When a sweep was made."""
        found = self._engine.execute(sql.SWEEP_TIME, {"sweep": sweep}).fetchone()
        if found is None:
            raise StoreError(f"no sweep {sweep}")
        return float(found[0])

    def _need_newest(self, sweep: int) -> None:
        if self._engine.execute(sql.NEWEST_SWEEP).fetchone()[0] != sweep:
            raise StoreError("a newer sheet was made meanwhile; read that one and sign it")

    def _add_party(self, sweep: int, one: Signature) -> None:
        row = {"sweep": sweep, "party": one.party, "name": one.name, "at": one.at}
        row |= {"note": one.note, "apart": one.apart, "reason": one.reason}
        made = self._engine.execute(sql.ADD_HANDOVER, row).fetchone()[0]
        mark = f"handover-{made}"
        audit.bind(self._engine, "handovers", int(made), one.party, one.at, mark)

    def _author(self, table: str, item: int, author: Author | None) -> None:
        """Keep the account by which a row came, where it is known."""
        if author is not None:
            self._engine.execute(sql.PUT_AUTHOR, author.row(table, item))

    # ---------------------------------------------------------------------------------------- notes

    def write_note(self, note: NewNote, at: float, author: Author | None = None) -> int:
        """Keep a note for the next shift; its id."""
        with self._engine.transaction():
            audit.claim(self._engine)
            return self._write_note(note, at, author)

    def _write_note(self, note: NewNote, at: float, author: Author | None) -> int:
        known = self._engine.execute(sql.KNOWN_NOTE, {"token": note.token}).fetchone()
        if known is not None:
            return int(known[0])
        row = {"token": note.token, "name": note.by, "at": at, "body": note.text}
        made = int(self._engine.execute(sql.ADD_NOTE, row).fetchone()[0])
        self._author("notes", made, author)
        audit.bind(self._engine, "notes", made, "note", at, f"note-{made}")
        return made

    def end_note(self, note: int, by: str, at: float, shift_began: float) -> ShiftNote:
        """End a note of an earlier shift; who has written it in this one, which has begun at
        `shift_began` (Unix seconds) or with the last handover, can take it back.
        """
        with self._engine.transaction():
            audit.claim(self._engine)
            found = self._note(note)
            if found.ended is not None:
                return found
            if found.by != by and found.at > self._shift_since(shift_began):
                raise StoreError(
                    f"the note is of this shift: the next one ends it, or {found.by} takes it back"
                )
            self._put_end(found, by, at, over=True)
            return replace(found, ended=at, ender=by)

    def shift_since(self, shift_began: float) -> float:
        """Since when the shift lasts: since `shift_began` or the last handover. Unix seconds."""
        with self._engine.transaction():
            return self._shift_since(shift_began)

    def _shift_since(self, shift_began: float) -> float:
        last = self._engine.execute(sql.LAST_HANDOVER).fetchone()[0]
        return max(last or 0.0, shift_began)

    def keep_note(self, note: int, by: str, at: float) -> ShiftNote:
        """Undo the end of a note: it is shown again."""
        with self._engine.transaction():
            audit.claim(self._engine)
            found = self._note(note)
            if found.ended is not None:
                self._put_end(found, by, at, over=False)
                about = {"note": note}
                kept = audit.Entry(at, "kept-by", plain=about, sealed={"by": by}, kept=True)
                audit.append(self._engine, [kept])
            return replace(found, ended=None, ender=None)

    def _put_end(self, note: ShiftNote, by: str, at: float, *, over: bool) -> None:
        row = {"id": note.id, "ended": at if over else None, "ender": by if over else None}
        self._engine.execute(sql.END_NOTE, row)
        what = "note-ended" if over else "note-kept"
        audit.bind(self._engine, "notes", note.id, what, at, f"{what}-{note.id}-{at!r}")

    def _note(self, note: int) -> ShiftNote:
        found = self._engine.execute(sql.NOTE, {"id": note}).fetchone()
        if found is None:
            raise StoreError("there is no such note")
        return ShiftNote(*found)

    def open_notes(self) -> list[ShiftNote]:
        """The notes that nobody has ended, in order."""
        return self.notes(math.inf, math.inf)

    def notes(self, since: float, until: float) -> list[ShiftNote]:
        """The notes that were shown at some time from `since` to `until` (Unix seconds), in order."""
        return self._notes(sql.NOTES, {"since": since, "until": until})

    def notes_ended(self, since: float) -> list[ShiftNote]:
        """The notes that were ended from `since` on (Unix seconds), the last one first."""
        return self._notes(sql.ENDED_NOTES, {"since": since})

    def _notes(self, statement: str, values: dict[str, float]) -> list[ShiftNote]:
        with self._engine.transaction():
            rows = self._engine.execute(statement, values).fetchall()
        return [ShiftNote(*row) for row in rows]


def _need_fresh(made: float, at: float, limit: float) -> None:
    """Raises StoreError where a sweep made at `made` is too old, or dated ahead."""
    age = at - made
    if age < -AHEAD_SECONDS:
        raise StoreError(
            f"the sweep is dated {-age / 60:.0f} min ahead of this machine's clock; sweep again"
        )
    if age > limit:
        raise StoreError(
            f"the sweep is {age / 60:.0f} min old (limit {limit / 60:.0f}); sweep again"
        )


def _is_there(one: Signing, before: dict[str, Signature]) -> bool:
    """Whether this party has been signed by the same person. Raises StoreError for another one."""
    known = before.get(one.party)
    if known is not None and known.name != one.name:
        raise StoreError(f"this shift {known.name} has {_DONE[one.party]} already")
    return known is not None


def _need_two_people(signings: Sequence[Signing], before: dict[str, Signature]) -> None:
    """Raises StoreError where one person is both parties."""
    names = {one.party: one.name for one in before.values()}
    names |= {one.party.value: one.name for one in signings}
    if len({name.casefold() for name in names.values()}) < len(names):
        raise StoreError("one person cannot hand over and accept: two people sign")


def _signed(one: Signing, made: Handover, before: dict[str, Signature]) -> Signature:
    """The signature of one party. Raises StoreError where a reason is missing."""
    together = len(made.signings) == len(Party)
    marks = []
    if not together and not before:
        marks.append("alone")
    if made.late or (before and not together):
        marks.append("late")
    apart = " and ".join(marks)
    if apart and not made.reason:
        raise StoreError(f"the {one.party} person signs {apart}: a reason is needed")
    reason = made.reason if apart else ""
    return Signature(one.name, made.at, False, one.party.value, one.note, apart, reason)
