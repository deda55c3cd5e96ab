"""Reports and duties for the pages. A report is made by a process of its own, so that the agent goes on
checking meanwhile and keeps nothing of it.
"""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from zoneinfo import ZoneInfo

from healthmon.evidence import duties
from healthmon.evidence.duties import MOST_OPERATIONS, DutyState, Standing
from healthmon.evidence.period import Period
from healthmon.incidents.civil_time import moment
from healthmon.incidents.operations import OperationError, OperationKind
from healthmon.runtime.agent import Agent
from healthmon.runtime.asking import asked, entered
from healthmon.runtime.report_child import NoReportError
from healthmon.runtime.report_job import BusyError, ReportJobs
from healthmon_exporters.pages.feed import NotDoneError
from healthmon_exporters.pages.field_feed import Marked
from healthmon_exporters.pages.report_feed import DutyForm, DutyRow, ReportFeed, ReportRequest
from healthmon_exporters.reports.report_document import day

MONTHS_OFFERED = 24


class ReportWork:
    """The reports and duties of a running agent."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self.jobs = ReportJobs()
        agent.ending.append(self.jobs.close)

    def feed(self) -> ReportFeed:
        """For the pages."""
        return ReportFeed(self._made, self.jobs.making, self._periods, self._duties, self._declare)

    async def _made(self, wanted: ReportRequest) -> bytes | None:
        """Raises NotDoneError."""
        try:
            return await self.jobs.fetched(wanted, Path(self._agent.estate.config.file))
        except (NoReportError, BusyError) as error:
            raise NotDoneError(str(error)) from None

    def _periods(self) -> list[tuple[str, str]]:
        """Months and years that are over, the newest first, and those that go on."""
        zone = self._zone()
        this = Period.month_of(datetime.now(zone).date(), zone)
        months = [*reversed(this.before(MONTHS_OFFERED)), this]
        years = [Period.of(str(this.first.year - back), zone) for back in (1, 0, 2)]
        return [(one.name, one.words) for one in (*months, *years)]

    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._agent.estate.config.estate.time_zone)

    async def _states(self) -> list[DutyState]:
        """Raises NoRecordError."""
        declared, since = await asked(
            self._agent,
            lambda store: (
                store.operations([OperationKind.DUTY], MOST_OPERATIONS),
                store.watched_since(),
            ),
        )
        now = time.time()
        return duties.states(self._agent.estate.config, declared, now, since or now)

    async def _duties(self) -> list[DutyRow]:
        """Raises NoRecordError."""
        return [self._row(one) for one in await self._states()]

    def _row(self, one: DutyState) -> DutyRow:
        zone = self._zone()
        last = "never declared"
        if one.done is not None:
            last = f"{day(one.done, zone)}, {one.by}: {one.evidence}"
        late = one.standing in (Standing.OVERDUE, Standing.SOON)
        due = day(one.due, zone)
        words = one.standing.value
        return DutyRow(one.key, one.duty.name, one.subject_words, words, late, last, due)

    async def _declare(self, form: DutyForm, mark: Marked) -> None:
        """Raises NoRecordError, NotDoneError."""
        duty, _at, subject = form.key.partition("@")
        now = time.time()
        texts = {"by": mark.by, "once": mark.once, "evidence": form.evidence, "note": form.note}
        try:
            done = _moment(form.day, self._zone(), now)
            config = self._agent.estate.config
            made = duties.declaration(config, duty, subject, texts, (done, now))
        except (OperationError, ValueError) as error:
            raise NotDoneError(str(error)) from None
        await entered(self._agent, lambda store: store.operate(made))


def _moment(typed: str, zone: ZoneInfo, now: float) -> float:
    """Noon of the day, or now for today. Raises ValueError."""
    today = datetime.fromtimestamp(now, zone).date()
    if not typed:
        return now
    try:
        found = date.fromisoformat(typed)
    except ValueError:
        raise ValueError(f"{typed} is not a day; write 2026-11-29") from None
    if found == today:
        return now
    if found > today + timedelta(days=1):
        raise ValueError("that day is in the future")
    return moment(found, time_of_day(12), zone).timestamp()
