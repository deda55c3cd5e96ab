"""An engineer arrives at a site and leaves it: faults are stamped, messages held, then everything of
the site is checked.
"""

from __future__ import annotations

import time
from zoneinfo import ZoneInfo

from healthmon.incidents.acts import ActError, ActKind, act
from healthmon.incidents.local_time import shown
from healthmon.incidents.operations import Operation, OperationError, OperationKind
from healthmon.incidents.visits import Visit, arrived, left
from healthmon.runtime.agent import Agent
from healthmon.runtime.asking import asked, entered
from healthmon.runtime.check_now import ChecksNow, checking_of
from healthmon.runtime.device_rows import device_rows
from healthmon.runtime.fault_pages import rows_of
from healthmon.store import Store, Wanted
from healthmon_exporters.pages.feed import NotDoneError
from healthmon_exporters.pages.field_feed import Marked, SitePage, VisitForm, VisitRow
from healthmon_exporters.pages.rows import DeviceRow


class VisitWork:
    """Of one agent. Every method raises NoRecordError; those that record raise NotDoneError."""

    def __init__(self, agent: Agent, checks_now: ChecksNow) -> None:
        self._agent, self._checks_now = agent, checks_now

    async def page(self, site: str) -> SitePage | None:
        """What there is at a site, what is not well first; None for one that is not configured."""
        names = self._agent.estate_state().site_names
        if site not in names:
            return None
        wanted = Wanted(open_only=True, site=site)
        lives, visit = await asked(
            self._agent,
            lambda store: (store.life_cycles(store.incidents(wanted)), _visit(store, site)),
        )
        faults = rows_of(self._agent, lives)
        fresh = [row for row in faults if visit and visit.saw_begin(row.since)]
        return SitePage(
            id=site,
            name=names[site] or site,
            visit=self._row(visit),
            checking=checking_of(self._checks_now, _subject(site)),
            devices=self._devices(site),
            fresh=tuple(fresh),
            others=tuple(row for row in faults if row not in fresh),
        )

    def _devices(self, site: str) -> tuple[DeviceRow, ...]:
        return tuple(row for row in device_rows(self._agent) if row.site_id == site)

    def _row(self, visit: Visit | None) -> VisitRow | None:
        if visit is None:
            return None
        zone = ZoneInfo(self._agent.estate.config.estate.time_zone)
        return VisitRow(
            engineer=visit.engineer,
            reference=visit.reference,
            arrived=visit.arrived,
            until=shown(visit.until, zone),
            left=visit.left,
            holds=visit.holds(time.time()),
            by=visit.by,
            attended=tuple(f"F{number:06d}" for number in visit.attended),
        )

    async def arrive(self, site: str, form: VisitForm, mark: Marked) -> Operation:
        """Begin a visit, as it is kept: the reported faults of the site are attended, its messages
        held.
        """
        self._known(site)
        now, hold = time.time(), self._agent.estate.config.estate.visit_hold
        who = (mark.by, mark.once)
        try:
            new = arrived(site, form.engineer, form.reference, hold, who, now)
            details = {"engineer": new.get("engineer"), "reference": new.get("reference")}
            attend = act(ActKind.ATTEND, mark.by, now, now, **details)
        except (OperationError, ActError) as error:
            raise NotDoneError(str(error)) from None
        return await entered(self._agent, lambda store: store.arrive(new, attend, mark.author))

    async def leave(self, site: str, note: str, mark: Marked) -> Operation:
        """End a visit: messages are held no more, and every device of the site is checked now."""
        self._known(site)
        if self._agent.schedule is None:
            raise NotDoneError("healthmon is starting; try again")
        visit = await asked(self._agent, lambda store: _visit(store, site))
        there = visit if visit and visit.left is None else None
        try:
            new = left(site, there, note, (mark.by, mark.once), time.time())
        except OperationError as error:
            raise NotDoneError(str(error)) from None
        kept = await entered(self._agent, lambda store: store.leave(new, mark.author))
        if kept.at == new.at:
            self._check(site, mark.by)
        return kept

    def _check(self, site: str, by: str) -> None:
        estate = self._agent.estate
        checks = [
            check for name in estate.sites.get(site, ()) for check in estate.checks_of.get(name, ())
        ]
        # What was asked a moment ago was asked while somebody worked on it.
        self._checks_now.begin(_subject(site), checks, by, anew=True)

    def _known(self, site: str) -> None:
        if site not in self._agent.estate_state().site_names:
            raise NotDoneError(f"there is no site {site} in the configuration")


def _visit(store: Store, site: str) -> Visit | None:
    found = store.newest_operation(OperationKind.VISIT, site)
    return Visit.of(found) if found else None


def _subject(site: str) -> str:
    """What the checks of a site are kept under; no device is called so."""
    return f"site {site}"


def words_of(one: Operation, zone: ZoneInfo) -> str:
    """An operation of a visit for the record."""
    visit = Visit.of(one)
    parts = [visit.engineer, visit.reference, one.get("note")]
    if visit.left is None:
        parts.append(f"messages held until {shown(visit.until, zone)} at most")
        parts += [f"attended: F{number:06d}" for number in visit.attended]
    return "; ".join(filter(None, parts))
