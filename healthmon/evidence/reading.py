"""The record read for a report: one device at a time, so that a year of many cameras needs little
memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from healthmon.config.outline import Outline
from healthmon.evidence import devices, faults, imported, planned, power, services, spans
from healthmon.evidence.devices import DeviceFigures, DeviceRecord
from healthmon.evidence.duties import MOST_OPERATIONS
from healthmon.evidence.faults import REPEAT_SECONDS, FaultFigures, FaultRecord
from healthmon.evidence.kpis import CLOCK_CHANGE_CODES, LONG_CODE, SHORT_CODE, Figures
from healthmon.evidence.period import Period
from healthmon.evidence.planned import Works
from healthmon.evidence.shifts import SheetRecord, ShiftFigures
from healthmon.evidence.spans import Span, Spans
from healthmon.incidents.contract_clock import clock_of, contractor_of, terms_of
from healthmon.incidents.incident import Incident
from healthmon.incidents.life_cycle import LifeCycle
from healthmon.incidents.operations import Operation, OperationKind
from healthmon.incidents.service_dates import in_service
from healthmon.model.enums import AGENT, Kind
from healthmon.notifications.shifts import ShiftPlan
from healthmon.store import BatteryRow, ClockRow, Store, Wanted

if TYPE_CHECKING:
    from healthmon.config.schema import Config
    from healthmon.model.device import Device

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Scope:
    """What is to be reported: `periods` in order, of the estate as `config` and `devices` say, at
    `now` (Unix seconds). `not_checked` reads from a kept sheet how many lines could not be checked.
    With `every_fault` the faults before and after the periods are read, too.
    """

    config: Config
    devices: Sequence[Device]
    plan: ShiftPlan
    periods: tuple[Period, ...]
    now: float
    not_checked: Callable[[str], int | None] = lambda _body: None
    progress: Progress = lambda _done, _total: None
    every_fault: bool = False

    @property
    def since(self) -> float:
        """The first second that is asked for."""
        return min(one.since for one in self.periods)

    @property
    def until(self) -> float:
        """The first second after all that is asked for."""
        return min(self.now, max(one.until for one in self.periods))


@dataclass(frozen=True)
class Answer:
    """The figures of each period, in order; and all faults that were open in any of them.
    `measured_since` is when the record begins, None where nothing was ever recorded; `faults_since` is
    from when on it has every fault: older ones may be deleted.
    """

    figures: tuple[Figures, ...]
    faults: tuple[FaultRecord, ...]
    measured_since: float | None
    faults_since: float | None = None


@dataclass
class _Incidents:
    """What the figures need of the incidents."""

    faults: list[FaultRecord] = field(default_factory=list)
    mains: list[Incident] = field(default_factory=list)
    breaches: dict[str, dict[str, list[Span]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    warned: list[tuple[float, str, str]] = field(default_factory=list)


def answer(store: Store, asked: Scope) -> Answer:
    """Read the record. Raises StoreError."""
    served = store.operations([OperationKind.SERVICE], MOST_OPERATIONS)
    estate = [_record(store, one, served) for one in asked.devices if one.id != AGENT]
    works = [
        *planned.of_file(asked.config, asked.since, asked.until),
        *planned.of_pages(store.operations([OperationKind.WINDOW], MOST_OPERATIONS)),
    ]
    found = _incidents(store, asked)
    cameras = _cameras(store, asked, estate, works)
    sheets = _sheets(store, asked)
    hours = _batteries(store, asked, estate)
    watched = store.watched_since()
    faults_since, sheets_since = (_known_since(store, one) for one in ("faults", "sheets"))
    figures = tuple(
        Figures(
            period,
            asked.now,
            tuple(estate),
            tuple(measured),
            FaultFigures.of(found.faults, period, asked.now),
            ShiftFigures.of(asked.plan, sheets, period, asked.now, sheets_since),
            tuple(power.failures(found.mains, period)),
            found.breaches,
            tuple((d, c) for at, d, c in found.warned if period.since <= at < period.until),
            batteries=tuple(power.battery(name, rows, period) for name, rows in hours.items()),
            record_since=float("inf") if watched is None else watched,
            faults_since=faults_since,
        )
        for period, measured in zip(asked.periods, cameras, strict=True)
    )
    known = None if watched is None else faults_since
    return Answer(figures, tuple(found.faults), watched, known)


def _known_since(store: Store, kind: str) -> float:
    """From when on all of a kind are in the record: since it began, or since what was deleted; infinite
    where nothing was ever recorded.
    """
    watched, deleted = store.watched_since(), store.deleted()
    if watched is None:
        return float("inf")
    if deleted is None or not deleted.counts.get(kind):
        return watched
    return max(watched, deleted.before[kind])


def _sheets(store: Store, asked: Scope) -> list[SheetRecord]:
    """The shift checks that were made."""
    return [
        SheetRecord(at, signatures, asked.not_checked(body))
        for at, signatures, body in store.sheets(asked.since - asked.plan.early, asked.until)
    ]


def _batteries(
    store: Store, asked: Scope, estate: Sequence[DeviceRecord]
) -> dict[str, list[BatteryRow]]:
    """The hours of every UPS."""
    units = [one.id for one in estate if one.kind is Kind.UPS]
    return {name: store.batteries(name, asked.since, asked.until) for name in units}


def _record(store: Store, device: Device, served: Sequence[Operation]) -> DeviceRecord:
    deployed: Spans | None = None
    if device.variant == "deployable":
        stays = store.stays(device.id)
        ends = [*(one.since for one in stays[1:]), float("inf")]
        deployed = tuple(
            (one.since, end)
            for one, end in zip(stays, ends, strict=True)
            if one.state == "deployed"
        )
    return DeviceRecord(
        device.id,
        device.name,
        device.kind,
        device.variant,
        device.site,
        device.contractor or "",
        device.coverage_zone,
        device.priority,
        tuple((one.start, one.end) for one in in_service(device, served)),
        deployed=deployed if deployed is None else spans.merged(deployed),
    )


def _cameras(
    store: Store, asked: Scope, estate: Sequence[DeviceRecord], works: Sequence[Works]
) -> list[list[DeviceFigures]]:
    """The figures of every camera, for each period in order."""
    found: list[list[DeviceFigures]] = [[] for _ in asked.periods]
    cameras = [one for one in estate if one.kind is Kind.CAMERA]
    for done, camera in enumerate(cameras):
        asked.progress(done, len(cameras))
        stretches = store.stretches(camera.id, asked.since, asked.until)
        clocks = store.clocks(camera.id, asked.since, asked.until)
        seen = services.measured(stretches, asked.now)
        on_it = devices.works_on(camera, works)
        for period, figures in zip(asked.periods, found, strict=True):
            made = devices.figures(camera, seen, on_it, period, asked.now, _within(clocks, period))
            if made.countable or made.planned:
                figures.append(made)
    asked.progress(len(cameras), len(cameras))
    return found


def _within(clocks: Sequence[ClockRow], period: Period) -> list[ClockRow]:
    return [row for row in clocks if row.since < period.until and row.until >= period.since]


def _incidents(store: Store, asked: Scope) -> _Incidents:
    found = _Incidents()
    contracts = Outline.of(asked.config).contracts
    zone = ZoneInfo(asked.config.estate.time_zone)
    known_as = _contractors(asked.config)
    wanted = Wanted(since=asked.since - REPEAT_SECONDS, until=asked.until)
    if asked.every_fault:
        wanted = Wanted()
    for page in store.incident_pages(wanted):
        for life in store.life_cycles(page):
            _note(found, life, asked.now)
            if faults.is_reported(life):
                terms = terms_of(contracts, zone, life)
                clock = clock_of(life, terms, asked.now) if terms else None
                typed = contractor_of(contracts, life)
                who = known_as.get(typed.strip().casefold(), typed)
                found.faults.append(faults.record(life, clock, who, asked.now))
    known = store.operations([OperationKind.IMPORTED], MOST_OPERATIONS)
    found.faults += imported.faults(known)
    found.faults.sort(key=lambda one: (one.began, one.number))
    return found


def _contractors(config: Config) -> dict[str, str]:
    """The id of each contractor by its id and by its name, as people may have typed them."""
    return {word.casefold(): one.id for one in config.contractors for word in (one.name, one.id)}


def _note(found: _Incidents, life: LifeCycle, now: float) -> None:
    """What an incident says beside being a fault."""
    incident = life.incident
    if incident.mains_lost is not None:
        found.mains.append(incident)
    end = now if incident.closed is None else incident.closed
    for one in (*incident.faults, *incident.past):
        if one.code in (SHORT_CODE, LONG_CODE) and one.since < end:
            found.breaches[one.code][one.device].append((one.since, end))
        if one.code in CLOCK_CHANGE_CODES:
            found.warned.append((one.since, one.device, one.code))
