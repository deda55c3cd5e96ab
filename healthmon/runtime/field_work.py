"""What people do to devices and sites on the pages: recorded first, then done."""

from __future__ import annotations

import time
from zoneinfo import ZoneInfo

from healthmon.incidents.operations import Operation, OperationKind
from healthmon.runtime.agent import Agent
from healthmon.runtime.asking import asked
from healthmon.runtime.check_now import ChecksNow, checking_of
from healthmon.runtime.clock_work import ClockWork
from healthmon.runtime.device_work import DeviceWork
from healthmon.runtime.inspection_work import InspectionWork
from healthmon.runtime.maintenance_work import MaintenanceWork
from healthmon.runtime.ptz_work import PtzWork
from healthmon.runtime.shown_pictures import ShownPictures
from healthmon.runtime.visit_work import VisitWork
from healthmon_exporters.pages.feed import NotDoneError
from healthmon_exporters.pages.field_feed import FieldFeed, Marked
from healthmon_exporters.pages.rows import Checking


class FieldWork:
    """Of one agent. Every method that records raises NoRecordError, NotDoneError."""

    def __init__(self, agent: Agent) -> None:
        self._agent, self._checks_now = agent, ChecksNow(agent)
        self.devices = DeviceWork(agent, self._checks_now)
        self.windows = MaintenanceWork(agent)
        self.clocks = ClockWork(agent)
        self.visits = VisitWork(agent, self._checks_now)
        self.inspections = InspectionWork(agent, self._checks_now)
        self.ptz = PtzWork(agent, self._checks_now)
        self.pictures = ShownPictures(agent)

    def feed(self) -> FieldFeed:
        """What the pages use."""
        windows, visits = self.windows, self.visits
        return FieldFeed(
            check=self.check,
            picture=self.pictures.show,
            maintenance=windows.page,
            make_window=windows.make,
            change_window=windows.change,
            end_window=windows.end,
            site=visits.page,
            arrive=visits.arrive,
            leave=visits.leave,
            accept=self.devices.accept,
            move=self.devices.move,
            serve=self.devices.serve,
            visit_hold=lambda: self._agent.estate.config.estate.visit_hold,
        )

    @property
    def zone(self) -> ZoneInfo:
        """That of the estate."""
        return ZoneInfo(self._agent.estate.config.estate.time_zone)

    def site_names(self) -> dict[str, str]:
        """The names of the sites by id."""
        return dict(self._agent.estate_state().site_names)

    async def check(self, name: str, mark: Marked) -> None:
        """Have every check of a device run now, unless that is under way."""
        checks = self._agent.estate.checks_of.get(name, ())
        if not checks:
            raise NotDoneError(
                f"{name} is not checked: it is not in the configuration, or not in use"
            )
        if self._agent.schedule is None:
            raise NotDoneError("healthmon is starting; try again")
        if self._checks_now.running(name):
            return
        now = time.time()
        new = Operation(OperationKind.CHECK, name, mark.by, now, now, once=mark.once)
        if await self._is_new(new):
            self._checks_now.begin(name, checks, mark.by)

    async def _is_new(self, new: Operation) -> bool:
        """Record `new`; whether its form has not come before."""
        kept = await asked(self._agent, lambda store: store.operate(new))
        return kept.at == new.at

    def checking(self, subject: str) -> Checking | None:
        """The newest checks that a person asked for."""
        return checking_of(self._checks_now, subject)
