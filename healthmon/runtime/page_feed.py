"""What the agent knows and what it has on record, handed to the pages. Nothing is judged here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TypeVar
from zoneinfo import ZoneInfo

from healthmon.checks import registry
from healthmon.evidence import duties
from healthmon.evidence.duties import MOST_OPERATIONS
from healthmon.incidents.acts import Act
from healthmon.incidents.life_cycle import LifeCycle
from healthmon.incidents.operations import Operation, OperationKind
from healthmon.model.enums import CheckName
from healthmon.model.footage import Footage
from healthmon.model.picture import PictureReading
from healthmon.runtime import fault_pages, wall_feed
from healthmon.runtime.agent import Agent
from healthmon.runtime.asking import asked, entered
from healthmon.runtime.device_rows import (
    OF_VIEW,
    all_views,
    contractor_names,
    device_row,
    device_rows,
)
from healthmon.runtime.device_work import dates_of, done_row
from healthmon.runtime.field_work import FieldWork
from healthmon.runtime.gone_devices import gone_page
from healthmon.runtime.report_work import ReportWork
from healthmon.runtime.shift_check import ShiftCheck
from healthmon.runtime.shift_pages import walk_feed_of
from healthmon.store import Store
from healthmon.store.rows import Wanted
from healthmon_exporters.pages.feed import Feed, NotDoneError
from healthmon_exporters.pages.footage_bar import FootageBar, footage_bar
from healthmon_exporters.pages.rows import (
    CheckRow,
    Desk,
    DevicePage,
    DeviceRow,
    FaultPage,
    FaultRow,
    Shown,
    Trace,
)
from healthmon_exporters.pages.strips import Segment, strips

DAY = 86400.0
MONTH = 31 * DAY
# As many faults as stand on the page of one device, and as have ended on the desk; the log has all.
MOST_OF_DEVICE = 20
MOST_OVER = 100
T = TypeVar("T")


def feed_of(
    agent: Agent, shift_check: ShiftCheck | None = None, field_work: FieldWork | None = None
) -> Feed:
    """The pages' view of a running agent, and of its `shift_check` and `field_work` where others use
    them too.
    """
    work, check = field_work or FieldWork(agent), shift_check or ShiftCheck(agent)
    agent.ending.append(check.close)
    found = _PageFeed(agent, work)
    return Feed(
        estate=agent.estate.config.estate.name,
        simulated=agent.estate.config.estate.simulated,
        zone=lambda: agent.estate.config.estate.time_zone,
        sites=lambda: dict(agent.estate_state().site_names),
        desk=found.desk,
        faults=found.faults,
        fault=found.fault,
        devices=found.devices,
        device=found.device,
        act=found.act,
        raise_fault=found.raise_fault,
        field=work.feed(),
        walk=walk_feed_of(agent, check),
        reports=ReportWork(agent).feed(),
        clocks=work.clocks.feed(),
        inspections=work.inspections.feed(),
    )


class _PageFeed:
    def __init__(self, agent: Agent, work: FieldWork) -> None:
        self._agent, self._work = agent, work

    # ------------------------------------------------------------------------------------ faults

    async def desk(self) -> Desk:
        """What a shift begins with. Raises NoRecordError."""
        plan, now = self._agent.estate.shift_plan, time.time()
        since, began = plan.since_before(now), plan.shift_began(now)
        open_lives, over, notes, ended_notes, shift_since, declared = await self._read(
            lambda store: (
                store.life_cycles(store.incidents(Wanted(open_only=True))),
                _newest(store, Wanted(since=since), MOST_OVER),
                store.open_notes(),
                store.notes_ended(since),
                store.shift_since(began),
                (store.operations([OperationKind.DUTY], MOST_OPERATIONS), store.watched_since()),
            )
        )
        lives = [
            life for life in open_lives if life.over is None and not life.incident.is_asked_about
        ]
        found = sorted(self._rows(lives), key=lambda row: (row.priority, -row.since))
        devices = self.devices()
        return Desk(
            since=since,
            fresh=tuple(row for row in found if not row.acknowledged_by),
            taken=tuple(row for row in found if row.acknowledged_by),
            over=tuple(filter(lambda row: row.over, self._rows(over))),
            not_checked=tuple(filter(lambda row: row.shown is Shown.NOT_CHECKED, devices)),
            devices=sum(row.shown is not Shown.OFF for row in devices),
            notes=tuple(notes),
            ended_notes=tuple(ended_notes),
            shift_since=shift_since,
            duties=self._duties(*declared),
            inspections=tuple(self._work.inspections.rows(open_lives)),
        )

    def _duties(self, declared: list[Operation], since: float | None) -> tuple[str, ...]:
        """How many duties are overdue or due soon, in words."""
        now, config = time.time(), self._agent.estate.config
        return tuple(duties.warnings(duties.states(config, declared, now, since or now)))

    async def faults(self, wanted: Wanted, most: int) -> list[FaultRow]:
        """The newest `most` faults on record that are wanted. Raises NoRecordError."""
        return self._rows(await self._read(lambda store: _newest(store, wanted, most)))

    async def fault(self, number: int) -> FaultPage | None:
        """The whole record of one fault. Raises NoRecordError."""
        try:
            life, evidence = await self._read(
                lambda store: fault_pages.life_and_evidence(store, number)
            )
        except NotDoneError:
            return None
        return fault_pages.page_of(self._agent, life, evidence)

    def _rows(self, lives: list[LifeCycle]) -> list[FaultRow]:
        return fault_pages.rows_of(self._agent, lives)

    async def act(self, act: Act) -> None:
        """Record `act`. Raises NoRecordError, NotDoneError."""
        await entered(self._agent, lambda store: store.act(act))

    async def raise_fault(self, act: Act) -> int:
        """Keep a fault that a person has raised; its number. Raises NoRecordError, NotDoneError."""
        device = act.get("device")
        if device and device not in self._agent.estate.devices:
            raise NotDoneError(f"There is no device {device} in the configuration.")
        site = act.get("site")
        if site and site not in self._agent.estate_state().site_names:
            raise NotDoneError(f"There is no site {site} in the configuration.")
        kept = await entered(self._agent, lambda store: store.raise_fault(act))
        await self._agent.incident_service.store_writer.flush()
        return await self._read(lambda store: store.number_of(kept))

    # ----------------------------------------------------------------------------------- devices

    def devices(self) -> list[DeviceRow]:
        """Every device, worst first."""
        return device_rows(self._agent)

    async def device(self, name: str) -> DevicePage | None:
        """One device with its last month. Raises NoRecordError."""
        view = next((view for view in all_views(self._agent) if view.device.id == name), None)
        now = time.time()
        since = now - MONTH if view is not None else 0.0
        segments, lives, done = await self._read(
            lambda store: (
                store.timeline(name, since),
                _newest(store, Wanted(device=name), MOST_OF_DEVICE),
                store.operations_on(name, MOST_OF_DEVICE),
            )
        )
        if view is None:
            known = name in self._agent.estate.devices  # healthmon itself has no page
            record, spans = (segments, lives, done), (now - DAY, now - MONTH, now)
            return None if known else gone_page(self._agent, name, record, spans)
        checks, traces = self._checks(name)
        zone = ZoneInfo(self._agent.estate.config.estate.time_zone)
        titled = [(self._title(name, segment[0]), *segment[1:]) for segment in segments]
        return DevicePage(
            row=device_row(
                view, self._agent.estate_state().site_names, contractor_names(self._agent)
            ),
            address=view.device.address,
            behind=tuple(view.device.parents),
            checks=checks,
            day=strips(titled, now - DAY, now),
            month=strips(titled, now - MONTH, now),
            faults=tuple(self._rows(lives)),
            traces=traces,
            watched=name in self._agent.estate.checks_of,
            checking=self._work.checking(name),
            footage=self._footage(name, segments, now),
            identity=self._work.devices.identity(name),
            deployed=self._work.devices.deployed(name),
            done=tuple(done_row(one, zone) for one in done),
            in_service=view.device.in_service,
            dates=tuple(dates_of(view.device, done, zone)),
            shows_picture=self._work.pictures.may_be_shown(name),
            sketch=self._sketch(name),
        )

    def _sketch(self, name: str) -> tuple[str, ...]:
        """Which tiles of the view of a camera were covered when it was judged last."""
        found = (
            result.observation.value
            for check in self._agent.estate.checks_of.get(name, ())
            if check.check_type == CheckName.PICTURE
            and (result := self._agent.state.results.get(check.key)) is not None
        )
        return next((one.sketch for one in found if isinstance(one, PictureReading)), ())

    def _footage(self, name: str, segments: Iterable[Segment], now: float) -> FootageBar | None:
        """The footage of a camera as its recorder has last reported it; None where it has not."""
        found = (
            result.observation.value
            for check in self._agent.estate.checks_of.get(name, ())
            if check.check_type == CheckName.RECORDING
            and (result := self._agent.state.results.get(check.key)) is not None
        )
        seen = next((one for one in found if isinstance(one, Footage)), None)
        if seen is None:
            return None
        history = [segment for segment in segments if segment[0] == CheckName.RECORDING]
        return footage_bar(seen, history, now - MONTH, now)

    def _title(self, name: str, check_type: str) -> str:
        """What people call a check of a device; its name where the device has it no longer."""
        known = self._agent.estate.checks_of.get(name, ())
        found = [check for check in known if check.check_type == check_type]
        return registry.installed().title(check_type) if found else check_type

    def _checks(self, name: str) -> tuple[tuple[CheckRow, ...], tuple[Trace, ...]]:
        found = wall_feed.details(self._agent, name) or {"checks": (), "failures": ()}
        return (
            tuple(
                CheckRow(row["check"], OF_VIEW[row["state"]], row["sentence"], row["age"])
                for row in found["checks"]
            ),
            tuple(Trace(row["check"], row["text"]) for row in found["failures"]),
        )

    async def _read(self, read: Callable[[Store], T]) -> T:
        """The answer of the record. Raises NoRecordError, NotDoneError."""
        return await asked(self._agent, read)


def _newest(store: Store, wanted: Wanted, most: int) -> list[LifeCycle]:
    found: list[LifeCycle] = []
    for page in store.incident_pages(wanted):
        found += store.life_cycles(page)
        if len(found) >= most:
            break
    return found[:most]
