"""Maintenance windows that people make, change and end on the pages."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from healthmon.incidents.local_time import moment, shown
from healthmon.incidents.operations import Operation, OperationError, OperationKind
from healthmon.incidents.windows import Window, WindowPlan, window_operation, windows_of
from healthmon.runtime import visit_work
from healthmon.runtime.agent import Agent
from healthmon.runtime.asking import asked, entered
from healthmon_exporters.pages.feed import NotDoneError
from healthmon_exporters.pages.field_feed import (
    EVERY_SITE,
    MaintenancePage,
    Marked,
    WindowForm,
    WindowRow,
)
from healthmon_exporters.pages.rows import DoneRow

if TYPE_CHECKING:
    from healthmon.config.schema import Window as WindowOfFile

MOST_DONE = 50
SHOWN = (OperationKind.WINDOW, OperationKind.VISIT)


class MaintenanceWork:
    """Of one agent. Every method raises NoRecordError; those that record raise NotDoneError."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    async def page(self) -> MaintenancePage:
        """The windows in force and to come, and what was done lately."""
        now, names = time.time(), self._site_names()
        done = await asked(self._agent, lambda store: store.operations(SHOWN, MOST_DONE))
        return MaintenancePage(
            windows=tuple(self._row(one, now) for one in self._windows(now)),
            configured=tuple(map(self._configured, self._agent.estate.config.maintenance)),
            sites=tuple(names.items()),
            done=tuple(map(self._done, done)),
        )

    async def make(self, form: WindowForm, mark: Marked) -> Operation:
        """Make a window; as it is kept."""
        now = time.time()
        plan = self._plan(form, now, None)
        return await self._record(
            window_operation(plan, "made", "", (mark.by, mark.once), now), mark
        )

    async def change(self, subject: str, form: WindowForm, mark: Marked) -> Operation:
        """Change a window that has not ended; it keeps its beginning once it has begun."""
        now = time.time()
        plan = self._plan(form, now, self._window(subject, now))
        return await self._record(
            window_operation(plan, "changed", subject, (mark.by, mark.once), now), mark
        )

    async def end(self, subject: str, mark: Marked) -> Operation:
        """End a window now; it is over already where the form comes twice."""
        known_end = await asked(self._agent, lambda store: store.operation_by(mark.once))
        if known_end is not None:
            return known_end
        now = time.time()
        known = self._window(subject, now)
        plan = WindowPlan(min(known.start, now), now, known.devices, known.sites, known.reason)
        return await self._record(
            window_operation(plan, "ended", subject, (mark.by, mark.once), now), mark
        )

    def form_of(self, subject: str) -> dict[str, str]:
        """A window as its form has it. Raises NotDoneError."""
        row = self._row(self._window(subject, time.time()), time.time())
        times = {"start": row.start_value, "end": row.end_value}
        return {**times, "devices": row.devices, "site": row.site, "reason": row.reason}

    async def _record(self, new: Operation, mark: Marked) -> Operation:
        return await entered(self._agent, lambda store: store.operate(new, mark.author))

    def _windows(self, now: float) -> list[Window]:
        return windows_of(self._agent.incident_service.operations, now)

    def _window(self, subject: str, now: float) -> Window:
        """Raises NotDoneError."""
        found = next((one for one in self._windows(now) if one.subject == subject), None)
        if found is None:
            raise NotDoneError(f"window {subject} is not there, or has ended")
        return found

    def _plan(self, form: WindowForm, now: float, known: Window | None) -> WindowPlan:
        """The checked plan of a form. Raises NotDoneError."""
        zone = ZoneInfo(self._agent.estate.config.estate.time_zone)
        today = datetime.fromtimestamp(now, zone).date()
        try:
            began = known.start if known and known.start <= now else None
            given = moment(form.start, zone, today) if form.start and began is None else now
            end = moment(form.end, zone, today)
            plan = WindowPlan(given, end, self._devices(form), self._sites(form), form.reason)
            return plan.checked(now, long=form.long, began=began)
        except (OperationError, ValueError) as error:
            raise NotDoneError(str(error)) from None

    def _devices(self, form: WindowForm) -> tuple[str, ...]:
        """The ids of a form. Raises OperationError for one that is not configured."""
        known = self._agent.estate.devices
        named = tuple(dict.fromkeys(form.devices.replace(",", " ").split()))
        for name in named:
            if name not in known or not known[name].site:
                raise OperationError(f"there is no device {name} in the configuration")
        return named

    def _sites(self, form: WindowForm) -> tuple[str, ...]:
        names = self._site_names()
        if form.site == EVERY_SITE:
            return tuple(names)
        if form.site and form.site not in names:
            raise OperationError(f"there is no site {form.site} in the configuration")
        return (form.site,) if form.site else ()

    def _site_names(self) -> dict[str, str]:
        return dict(self._agent.estate_state().site_names)

    def _row(self, window: Window, now: float) -> WindowRow:
        zone = ZoneInfo(self._agent.estate.config.estate.time_zone)
        return WindowRow(
            covers=self._covers(window.devices, window.sites),
            start=shown(window.start, zone),
            end=shown(window.end, zone),
            reason=window.reason,
            subject=window.subject,
            by=window.by,
            now=window.start <= now,
            devices=", ".join(window.devices),
            site=EVERY_SITE if len(window.sites) > 1 else "".join(window.sites),
            start_value=_value(window.start, zone),
            end_value=_value(window.end, zone),
        )

    def _configured(self, window: WindowOfFile) -> WindowRow:
        end = f"{window.end}, {window.repeat}" if window.repeat else window.end
        covers = self._covers(window.devices, window.sites, window.contractors)
        return WindowRow(covers, window.start, end, window.reason)

    def _covers(
        self, devices: Iterable[str], sites: Iterable[str], contractors: Iterable[str] = ()
    ) -> str:
        more = (f"devices of {one}" for one in contractors)
        return ", ".join([_covered(devices, sites, self._site_names()), *more]).strip(", ")

    def _done(self, one: Operation) -> DoneRow:
        zone = ZoneInfo(self._agent.estate.config.estate.time_zone)
        if one.kind is OperationKind.VISIT:
            site = self._site_names().get(one.subject) or one.subject
            words = visit_work.words_of(one, zone)
            return DoneRow(one.at, one.by, f"engineer {one.get('did')}", site, words)
        details = window_words(one, self._site_names(), zone)
        return DoneRow(one.at, one.by, f"window {one.get('did')}", one.subject, details)


def window_words(one: Operation, site_names: Mapping[str, str], zone: ZoneInfo) -> str:
    """What a window covers, when and why."""
    window = Window.of(one)
    until = f"{shown(window.start, zone)} until {shown(window.end, zone)}"
    return f"{_covered(window.devices, window.sites, site_names)}, {until}: {window.reason}"


def _covered(devices: Iterable[str], sites: Iterable[str], names: Mapping[str, str]) -> str:
    found = list(sites)
    if len(found) > 1 and set(found) == set(names):
        words = ["all sites"]
    else:
        words = [f"site {names.get(one) or one}" for one in found]
    return ", ".join([*words, *devices])


def _value(at: float, zone: ZoneInfo) -> str:
    """A time as a form has it."""
    return f"{datetime.fromtimestamp(at, zone):%Y-%m-%dT%H:%M}"
