"""Clock statements of a running agent: made from the record and recorded, then shown."""

from __future__ import annotations

import asyncio
import time
from zoneinfo import ZoneInfo

from healthmon.evidence.clock_statement import Wish, statement, subject_of
from healthmon.incidents.operations import Operation, OperationError
from healthmon.model.enums import AGENT
from healthmon.runtime.agent import Agent
from healthmon.runtime.asking import asked, entered
from healthmon.store import Author, Store
from healthmon_exporters.pages.clock_feed import ClockFeed
from healthmon_exporters.pages.feed import NotDoneError
from healthmon_exporters.pages.field_feed import Marked
from healthmon_exporters.reports.clock_document import document
from healthmon_exporters.reports.report_document import Document
from healthmon_exporters.reports.report_forms import FORMS
from healthmon_exporters.reports.shift_pdf import PdfError


class ClockWork:
    """Of one agent."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def feed(self) -> ClockFeed:
        """For the pages."""
        return ClockFeed(self.make, self._shown)

    async def make(self, name: str, typed: str, reason: str, mark: Marked) -> int:
        """Record a statement; its number. Raises NoRecordError, NotDoneError."""
        config, devices = self._agent.estate.config, self._agent.estate.devices
        wish = Wish(typed, reason, mark.by, time.time(), mark.once)
        author = mark.author

        def write(store: Store) -> Operation:
            return recorded(store, statement(store, subject, wish), author)

        try:
            subject = subject_of(devices, name, config.estate.name, config.digest)
            names = {AGENT, *(one.id for one in subject.devices)}
            await self._agent.incident_service.keep_clocks(names)
            kept = await entered(self._agent, write)
        except OperationError as error:
            raise NotDoneError(str(error)) from None
        return kept.id

    async def document(self, number: int) -> Document | None:
        """A statement in the record; None where there is none. Raises NoRecordError."""
        found = await asked(self._agent, lambda store: store.statement(number))
        if found is None:
            return None
        estate = self._agent.estate.config.estate
        zone = ZoneInfo(estate.time_zone)
        return document(*found, zone, simulated=estate.simulated)

    async def _shown(self, number: int, form: str) -> bytes | None:
        """The same in a form. Raises NoRecordError, NotDoneError."""
        made = await self.document(number)
        if made is None:
            return None
        try:
            return await asyncio.to_thread(FORMS[f".{form}"], made)
        except PdfError as error:
            raise NotDoneError(str(error)) from None


def recorded(store: Store, made: Operation, author: Author | None) -> Operation:
    """The statement `made` in the record. Raises StoreError."""
    facts = made.details["facts"]
    plain = {"camera": made.subject, "asked": facts["asked"], "sha256": made.get("sha256")}
    kept, _entry = store.keep_statement(made, plain, author)
    return kept
