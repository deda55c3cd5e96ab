"""The shift check that a running agent makes when a person asks for it: one sweep by its own schedule,
so that no device is asked by two. Its results are the agent's too.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass, field, replace

from healthmon.model.results import CheckResult
from healthmon.protocols.host.steady_clock import boot_id
from healthmon.runtime import engine as composition
from healthmon.runtime.agent import Agent
from healthmon.runtime.sweep import Results, Selection, sheet_of
from healthmon.scheduling.scheduler import Schedule
from healthmon.store import BegunCheck, StoreError
from healthmon.store.location import UNREAD, Recalled
from healthmon_exporters.pages.walk_feed import Progress
from healthmon_exporters.reports import kept_sheet

log = logging.getLogger("healthmon")

# How often the record is told how far a check is.
NOTE_SECONDS = 2.0


@dataclass(slots=True)
class ShiftCheck:
    """The shift checks of `agent`: one at a time. `progress` is that of the one that is being made or
    was made last; None before the first.
    """

    agent: Agent
    progress: Progress | None = None
    _task: asyncio.Task[None] | None = field(default=None)
    _noted: BegunCheck | None = None

    def start(self, by: str) -> str:
        """Begin one in the name of `by`, or let the one that is being made go on; why that cannot be,
        "" where it can.
        """
        if self.progress is not None and self.progress.running:
            return ""
        schedule = self.agent.schedule
        if schedule is None:
            return "the agent is only starting; try again in a moment"
        self.progress = Progress(by, time.time())
        log.info("shift check started by %s", by)
        self._task = asyncio.create_task(self._make(schedule))
        return ""

    async def close(self) -> None:
        """Give up the one that is being made: the agent ends."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            await self._over("healthmon was stopped")

    async def _make(self, schedule: Schedule) -> None:
        problem = ""
        try:
            await self._sweep(schedule)
        except StoreError as error:
            problem = f"the sheet was not kept: {error}"
        except Exception:
            problem = "healthmon had an error of its own; see its log"
            log.exception("bug in the shift check")
        await self._over(problem)

    async def _over(self, problem: str) -> None:
        """The check has ended, without a sheet where there is a `problem`: the record keeps that too."""
        if self.progress is None or not self.progress.running:
            return
        if problem:
            log.error("shift check: %s", problem)
            if self._noted is not None:
                await self._note(replace(self._noted, ended=problem))
        self.progress = replace(self.progress, running=False, problem=problem)

    async def _sweep(self, schedule: Schedule) -> None:
        """Every check once, then the sheet, made beside the loop and kept. Raises StoreError."""
        agent, engine, selection = self.agent, self.agent.engine, Selection()
        checks = selection.checks(engine)
        results = Results(engine, selection, checks, self._on)

        def deliver(result: CheckResult) -> None:
            agent.deliver(result)
            results.deliver(result)

        began = time.monotonic()
        self._on(0, len(checks) + 1)
        await self._note(self._begun(results))
        noting = asyncio.create_task(self._note_often(results))
        try:
            await composition.sweep_by(schedule, engine, checks, deliver)
        finally:
            noting.cancel()
            await asyncio.gather(noting, return_exceptions=True)
        took, found_out = time.monotonic() - began, results.found_out()
        recalled = await self._recalled()
        sheet = await asyncio.to_thread(sheet_of, results, found_out, recalled)
        sheet = replace(sheet, took=took)
        kept = await asyncio.to_thread(kept_sheet.body, sheet)
        service = agent.incident_service
        await service.store_writer.query(lambda store: store.keep_sweep(sheet.at, kept))
        await service.take_over()

    async def _recalled(self) -> Recalled:
        """What the record says now, with what these results have changed."""
        plan, now = self.agent.estate.shift_plan, time.time()
        since, window = plan.since_before(now), plan.window(now)
        store_writer = self.agent.incident_service.store_writer
        await store_writer.flush()
        try:
            found = await store_writer.query(lambda store: Recalled.of(store, since, window))
        except (StoreError, ValueError, TypeError, KeyError):
            found = None
        return found if isinstance(found, Recalled) else Recalled(problem=UNREAD)

    async def _note_often(self, results: Results) -> None:
        """Have the record know how far the check is, whatever ends the agent."""
        while True:
            await asyncio.sleep(NOTE_SECONDS)
            await self._note(self._begun(results))

    def _begun(self, results: Results) -> BegunCheck:
        """How far the check is now."""
        assert self.progress is not None  # noqa: S101 - it is being made
        by, since = self.progress.by, self.progress.since
        devices = {check.device for check in results.checks}
        unfinished = {check.device for check in results.checks if check.key not in results.found}
        return BegunCheck(
            by=by,
            since=since,
            at=time.time(),
            boot=boot_id(),
            done=len(results.found),
            total=len(results.checks),
            devices_done=len(devices - unfinished),
            devices=len(devices),
        )

    async def _note(self, begun: BegunCheck) -> None:
        """A record in trouble does not hold the check up: then its end may not be explained."""
        self._noted = begun
        with contextlib.suppress(StoreError):
            store_writer = self.agent.incident_service.store_writer
            await store_writer.query(lambda store: store.note_check(begun))

    def _on(self, done: int, total: int) -> None:
        if self.progress is not None:
            self.progress = replace(self.progress, done=done, total=total)
