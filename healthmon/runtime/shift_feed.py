"""The last sheet, its signatures and the notes for the next shift, handed to the pages."""

from __future__ import annotations

import time

from healthmon.checks.evaluation.durations import duration
from healthmon.runtime.agent import Agent
from healthmon.runtime.asking import asked, entered
from healthmon.store import ShiftNote, Signature, Store
from healthmon.store.handovers import Handover, NewNote
from healthmon_exporters.pages.accessibility import Publisher
from healthmon_exporters.pages.shift_feed import LastSheet, ShiftFeed, Signed
from healthmon_exporters.reports import kept_sheet
from healthmon_exporters.reports.kept_sheet import PutOn
from healthmon_exporters.reports.shift_document import Document

# A sweep with what people have put on it: its id, when, its body.
_Kept = tuple[int, float, str, PutOn]


def shift_feed_of(agent: Agent) -> ShiftFeed:
    """The pages' view of the shift of a running agent."""
    found = _ShiftFeed(agent)
    return ShiftFeed(
        last_sheet=found.last_sheet,
        notes=found.notes,
        shift_since=found.shift_since,
        hand_over=found.hand_over,
        write_note=found.write_note,
        end_note=found.end_note,
        keep_note=found.keep_note,
    )


def publisher_of(agent: Agent) -> Publisher:
    """Who publishes the accessibility statement, by the configuration of the moment."""
    by = agent.estate.config.estate.accessibility
    return Publisher(by.organisation, by.contact, by.answer_days)


class _ShiftFeed:
    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    async def last_sheet(self) -> LastSheet | None:
        """The newest sheet in a few words. Raises NoRecordError."""
        kept = await asked(self._agent, _last)
        if kept is None:
            return None
        sweep, at, _, added = kept
        made, now, plan = self._document(kept) or {}, time.time(), self._agent.estate.shift_plan
        return LastSheet(
            sweep=sweep,
            at=at,
            due=plan.words(at),
            totals=tuple(total["line"] for total in made.get("totals", ())),
            signatures=tuple(added.signatures),
            words=tuple(one["words"] for one in made.get("signatures", ())),
            stale=self._stale(now - at),
            late=plan.late(at, now),
        )

    def _stale(self, age: float) -> str:
        limit = self._agent.estate.config.estate.shift_check.sign
        if age <= limit:
            return ""
        return f"It is {duration(age)} old and could be signed for {duration(limit)}."

    def _document(self, kept: _Kept) -> Document | None:
        _, _, body, added = kept
        zone = self._agent.estate.config.estate.time_zone
        try:
            return kept_sheet.document(body, added, zone)
        except ValueError:
            return None

    async def notes(self) -> list[ShiftNote]:
        """The notes that nobody has ended. Raises NoRecordError."""
        return await asked(self._agent, Store.open_notes)

    async def shift_since(self) -> float:
        """Since when this shift lasts (Unix seconds). Raises NoRecordError."""
        began = self._agent.estate.shift_plan.shift_began(time.time())
        return await asked(self._agent, lambda store: store.shift_since(began))

    async def hand_over(self, signed: Signed) -> list[Signature]:
        """Sign the newest sheet; the signatures that are new. Raises NoRecordError, NotDoneError."""
        now, estate = time.time(), self._agent.estate

        def write(store: Store) -> list[Signature]:
            newest = store.last_sweep()
            made = Handover(
                sweep=signed.sweep,
                signings=signed.signings,
                at=now,
                limit=estate.config.estate.shift_check.sign,
                late=newest is not None and estate.shift_plan.late(newest[1], now),
                reason=signed.reason,
                note=signed.note,
            )
            return store.hand_over(made)

        return await entered(self._agent, write)

    async def write_note(self, note: NewNote) -> int:
        """Keep a note; its id. Raises NoRecordError, NotDoneError."""
        return await entered(self._agent, lambda store: store.write_note(note, time.time()))

    async def end_note(self, note: int, by: str) -> ShiftNote:
        """End a note. Raises NoRecordError, NotDoneError."""
        now = time.time()
        began = self._agent.estate.shift_plan.shift_began(now)
        return await entered(self._agent, lambda store: store.end_note(note, by, now, began))

    async def keep_note(self, note: int, by: str) -> ShiftNote:
        """Undo the end of a note. Raises NoRecordError, NotDoneError."""
        return await entered(self._agent, lambda store: store.keep_note(note, by, time.time()))


def _last(store: Store) -> _Kept | None:
    sweep = store.last_sweep()
    if sweep is None:
        return None
    return (*sweep, kept_sheet.put_on(store, *sweep))
