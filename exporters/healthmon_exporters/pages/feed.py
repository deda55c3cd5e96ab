"""What the pages are made of, and what a page says where it cannot be had."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from healthmon.incidents.acts import Act
from healthmon.store.rows import Wanted
from healthmon_exporters.pages.clock_feed import ClockFeed
from healthmon_exporters.pages.field_feed import FieldFeed
from healthmon_exporters.pages.inspection_feed import InspectionFeed
from healthmon_exporters.pages.report_feed import ReportFeed
from healthmon_exporters.pages.rows import Desk, DevicePage, DeviceRow, FaultPage, FaultRow
from healthmon_exporters.pages.walk_feed import WalkFeed


class NoRecordError(Exception):
    """The record cannot be read or written now; the text says why, in one line."""


class NotDoneError(Exception):
    """An act that does not fit; the text says why, in one line."""


@dataclass(frozen=True, slots=True)
class Feed:
    """Functions of the agent. Those that use the record raise NoRecordError. `devices` are sorted
    worst first; `device` and `fault` give None for what is not known. `act` records an act on a
    fault and `raise_fault` a fault (returns its number, 0 where it gets one later); both raise
    NotDoneError. `field` is what people do to devices and sites, `walk` the shift check and its
    walk, `reports` reports and duties, `clocks` clock statements, `inspections` the pictures that a
    person is asked to look at.
    """

    estate: str
    simulated: bool
    zone: Callable[[], str]
    sites: Callable[[], dict[str, str]]
    desk: Callable[[], Awaitable[Desk]]
    faults: Callable[[Wanted, int], Awaitable[list[FaultRow]]]
    fault: Callable[[int], Awaitable[FaultPage | None]]
    devices: Callable[[], list[DeviceRow]]
    device: Callable[[str], Awaitable[DevicePage | None]]
    act: Callable[[Act], Awaitable[None]]
    raise_fault: Callable[[Act], Awaitable[int]]
    field: FieldFeed
    walk: WalkFeed
    reports: ReportFeed
    clocks: ClockFeed
    inspections: InspectionFeed
