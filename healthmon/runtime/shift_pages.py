"""The shift check, its walk and its sheets, handed to the pages. Nothing is judged here."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from healthmon.checks.function_check.totals import Total
from healthmon.checks.function_check.walk import NOT_SEEN, Tick, Walk, by_camera, standing
from healthmon.incidents.local_time import shown
from healthmon.model.device import Device
from healthmon.model.enums import Kind
from healthmon.model.plain_text import one_line
from healthmon.protocols.host.steady_clock import boot_id
from healthmon.runtime.agent import Agent
from healthmon.runtime.asking import asked
from healthmon.runtime.cut_off import cut_off
from healthmon.runtime.shift_check import ShiftCheck
from healthmon.runtime.sweep import faulty
from healthmon.store import BegunCheck, Store
from healthmon_exporters.pages.feed import NotDoneError
from healthmon_exporters.pages.walk_feed import (
    Called,
    MadeSheet,
    ShiftState,
    TickForm,
    WalkFeed,
    WalkPage,
)
from healthmon_exporters.reports import kept_sheet, seen_by_people, sheet_list
from healthmon_exporters.reports.sheet_list import SheetRow
from healthmon_exporters.reports.shift_document import Document


def walk_feed_of(agent: Agent, check: ShiftCheck) -> WalkFeed:
    """The pages' view of the shift checks of `agent`."""
    found = _ShiftPages(agent, check)
    return WalkFeed(
        found.state, check.start, found.walk, found.tick, found.undo, found.sheet, found.sheets
    )


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The last sheet as the record has it, with what counts for its walk."""

    number: int
    at: float
    kept: Mapping[str, Any]
    walk: Walk | None
    ticks: tuple[Tick, ...]
    signed_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _ShiftPages:
    agent: Agent
    check: ShiftCheck

    async def state(self) -> ShiftState:
        """How the shift check stands. Raises NoRecordError."""
        plan, now = self.agent.estate.shift_plan, time.time()
        sheet, begun = await asked(self.agent, lambda store: (_last(store), store.begun_check()))
        at = sheet.at if sheet else None
        made, words = plan.state(now, at)
        service = self.agent.incident_service
        overdue = plan.overdue(now, at, service.watched_since or self.agent.started)
        missed = ""
        if overdue and plan.times and overdue != plan.due_of(now):
            missed = f"MISSED: the check of {plan.named(overdue)} was not made."
        late = not made and words.startswith(("LATE", "DUE"))
        shown_sheet = self._last_sheet(sheet, current=made) if sheet else None
        cut = self._cut_off(begun) if begun is not None else ""
        return ShiftState(words, late, missed, self.check.progress, shown_sheet, cut)

    def _cut_off(self, begun: BegunCheck) -> str:
        """What is said of a check without a sheet; "" while it is being made."""
        progress, estate = self.check.progress, self.agent.estate
        if progress is not None and progress.running:
            return ""
        return cut_off(begun, estate.shift_plan, estate.config.estate.time_zone, boot_id())

    def _last_sheet(self, sheet: _Sheet, *, current: bool) -> MadeSheet:
        totals = tuple(Total.of_json(total).line() for total in sheet.kept.get("totals", ()))
        part = seen_by_people.part(sheet.walk, sheet.ticks, {}, "UTC")
        remaining = len(self._remaining(sheet)) if current else 0
        words = part["words"] if part else ""
        return MadeSheet(sheet.number, sheet.at, totals, words, remaining, sheet.signed_by, current)

    # ------------------------------------------------------------------------------------ the walk

    async def walk(self, by: str, camera: str) -> WalkPage | None:
        """The walk for the person `by`, at `camera`, or where it goes on. Raises NoRecordError,
        NotDoneError for a camera that is not there.
        """
        sheet: _Sheet | None = await asked(self.agent, _last)
        if sheet is None or sheet.walk is None or not self._is_current(sheet):
            return None
        wanted = camera or next(iter(self._remaining(sheet)), "")
        known = max((tick.id for tick in sheet.ticks), default=0)
        zone = self.agent.estate.config.estate.time_zone
        part = seen_by_people.part(sheet.walk, sheet.ticks, self._names(), zone)
        assert part is not None  # noqa: S101 - there is a walk
        faulty_now, due = self._faulty(), sheet.walk.due
        return WalkPage(
            sweep=sheet.number,
            camera=self._called(wanted, sheet.ticks) if wanted else None,
            place=due.index(wanted) + 1 if wanted in due else 0,
            due=len(due),
            words=part["words"],
            known=known,
            last=_last_by(by, sheet.ticks),
            rows=tuple(
                (row["camera"], row["name"], _mark(row, faulty_now), *_words(row))
                for row in part["rows"]
            ),
            left_out=tuple(seen_by_people.left_out(part)),
            people=tuple(part["people"]),
        )

    async def tick(self, form: TickForm) -> Tick:
        """Keep one tick. Raises NoRecordError, NotDoneError."""
        self._camera(form.camera)
        now = time.time()
        new = Tick(form.camera, form.outcome, form.by, now, form.sweep, form.form, form.comment)
        since = self.agent.estate.shift_plan.window(now)[0]
        kept: Tick = await asked(self.agent, lambda store: store.tick(new, since, form.known))
        if kept.act:
            await self._numbered()
        return kept

    async def undo(self, tick: int, by: str, form: str) -> Tick:
        """Take a tick back. Raises NoRecordError, NotDoneError."""
        now = time.time()
        kept: Tick = await asked(self.agent, lambda store: store.undo_tick(tick, by, now, form))
        if kept.act:
            await self.agent.incident_service.take_over()
        return kept

    async def _numbered(self) -> None:
        """A fault that a tick has raised gets its number now."""
        service = self.agent.incident_service
        await service.take_over()
        await service.store_writer.flush()

    def _is_current(self, sheet: _Sheet) -> bool:
        return self.agent.estate.shift_plan.state(time.time(), sheet.at)[0]

    def _remaining(self, sheet: _Sheet) -> tuple[str, ...]:
        """The cameras that are still to be looked at, also those that have a fault."""
        left = sheet.walk.remaining(sheet.ticks) if sheet.walk else ()
        return tuple(one for one in left if one in self.agent.estate.devices)

    def _faulty(self) -> dict[str, list[str]]:
        """The open faults of each camera that has some, in words."""
        known = self.agent.incident_service.reducer.incidents.values()
        return faulty(one for one in known if one.told is not None or one.raised)

    def _camera(self, name: str) -> Device:
        """Raises NotDoneError."""
        device = self.agent.estate.devices.get(name)
        if device is None or device.kind is not Kind.CAMERA:
            raise NotDoneError(f"there is no camera {one_line(name)} in the configuration")
        return device

    def _called(self, name: str, ticks: Sequence[Tick]) -> Called:
        device, tick = self._camera(name), by_camera(ticks).get(name)
        sites = self.agent.estate_state().site_names
        recorder = self.agent.estate.devices.get(device.recorder or "")
        channel = f", channel {device.channel}" if device.channel else ""
        zone = ZoneInfo(self.agent.estate.config.estate.time_zone)
        ticked = f"{tick.outcome} by {tick.by}, {shown(tick.at, zone)}" if tick else ""
        return Called(
            name,
            device.name,
            sites.get(device.site) or device.site,
            device.location,
            f"{recorder.name} ({recorder.id}){channel}" if recorder else "",
            ticked,
            tuple(self._faulty().get(name, ())),
        )

    def _names(self) -> dict[str, str]:
        return {device.id: device.name for device in self.agent.estate.devices.values()}

    # ------------------------------------------------------------------------------------ sheets

    async def sheets(self, below: int, until: float, most: int) -> list[SheetRow]:
        """The newest sheets under these bounds. Raises NoRecordError."""
        kept = await asked(self.agent, lambda store: sheet_list.newest(store, below, until, most))
        zone = ZoneInfo(self.agent.estate.config.estate.time_zone)
        return await asyncio.to_thread(lambda: [one.row(zone) for one in kept])

    async def sheet(self, number: int) -> Document | None:
        """One sheet with its signatures and ticks; None for one that is not kept, or not whole.
        Raises NoRecordError.
        """

        def found(store: Store) -> tuple[str, kept_sheet.PutOn] | None:
            sweep = store.sweep(number)
            return (sweep[2], kept_sheet.put_on(store, *sweep)) if sweep else None

        kept = await asked(self.agent, found)
        if kept is None:
            return None
        zone = self.agent.estate.config.estate.time_zone
        try:
            return await asyncio.to_thread(kept_sheet.document, *kept, zone)
        except ValueError as error:
            raise NotDoneError(f"the sheet cannot be shown: {error}") from None


def _last(store: Store) -> _Sheet | None:
    """The last sheet with the ticks that count for it."""
    sweep = store.last_sweep()
    if sweep is None:
        return None
    number, at, body = sweep
    walk, ticks = kept_sheet.walk_of(body), kept_sheet.ticks_on(store, body)
    signed = tuple(one.name for one in store.signatures(number))
    return _Sheet(number, at, json.loads(body), walk, ticks, signed)


def _last_by(by: str, ticks: Sequence[Tick]) -> Tick | None:
    """The last tick of a person that stands."""
    mine = [tick for tick in standing(ticks) if tick.by == by]
    return mine[-1] if mine else None


def _mark(row: Mapping[str, Any], faulty: Mapping[str, Sequence[str]]) -> str:
    """How a camera of the rota stands; with its faults while nobody has looked at it."""
    if row["mark"] == NOT_SEEN and row["camera"] in faulty:
        return f"{NOT_SEEN} ({'; '.join(faulty[row['camera']])})"
    return str(row["mark"])


def _words(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["by"], row["at_words"], row["comment_words"]
