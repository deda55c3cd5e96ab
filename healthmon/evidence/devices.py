"""What one device did in a period: seconds in which each service worked and did not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from healthmon.evidence import services, spans
from healthmon.evidence.period import Period
from healthmon.evidence.planned import Works
from healthmon.evidence.services import Measured
from healthmon.evidence.spans import Spans
from healthmon.model.enums import Kind
from healthmon.store.rows import ClockRow

UTC_LABEL: Final = "clock_utc_label"
ALWAYS: Final = (float("-inf"), float("inf"))


@dataclass(frozen=True, slots=True)
class DeviceRecord:
    """A device as the record knows it. `variant` is fixed, ptz or deployable for a camera. `service` are
    the times in which it belonged to the estate. `deployed` is when a deployable camera was
    in use, None for every other device. `zone` is the one that it covers.
    """

    id: str
    name: str
    kind: Kind
    variant: str = ""
    site: str = ""
    contractor: str = ""
    zone: str = ""
    priority: int = 3
    service: Spans = (ALWAYS,)
    deployed: Spans | None = None

    def serves_at(self, at: float) -> bool:
        """Whether it belongs to the estate at `at`."""
        return any(begin <= at < end for begin, end in self.service)


@dataclass(frozen=True, slots=True)
class Share:
    """Seconds in which a service worked (`good`) and did not (`bad`)."""

    good: float = 0.0
    bad: float = 0.0

    @property
    def measured(self) -> float:
        """The seconds that the share rests on."""
        return self.good + self.bad

    @property
    def ratio(self) -> float | None:
        """0 to 1; None where nothing was measured."""
        return self.good / self.measured if self.measured else None

    def plus(self, other: Share) -> Share:
        """Both together."""
        return Share(self.good + other.good, self.bad + other.bad)


@dataclass(frozen=True, slots=True)
class DeviceFigures:
    """One device in one period. `countable` are the seconds in which it was in service and deployed
    and not worked on; `planned` those in which it was worked on. `blind` is when no pictures came
    from it, for its zone. `offset` is the largest distance of one of its clocks from true time that was
    proved, seconds, 0.0 where none was; None where no clock was read.
    """

    device: DeviceRecord
    countable: float
    planned: float
    shares: Mapping[str, Share] = field(default_factory=dict)
    blind: Spans = ()
    offset: float | None = None

    def share(self, key: str) -> Share:
        """The share of a service; an empty one where it was not checked."""
        return self.shares.get(key, Share())

    @property
    def watched(self) -> float:
        """The countable seconds in which it was known whether the device answers."""
        return self.share(services.ONLINE.key).measured


def works_on(device: DeviceRecord, works: Iterable[Works]) -> Spans:
    """When `device` was worked on as planned."""
    covering = (one for one in works if one.covers(device.id, device.site, device.contractor))
    return spans.merged(span for one in covering for span in one.times)


def figures(
    device: DeviceRecord,
    found: Mapping[str, Measured],
    planned: Sequence[tuple[float, float]],
    period: Period,
    now: float,
    clocks: Iterable[ClockRow] = (),
) -> DeviceFigures:
    """The figures of `device` in `period`, as far as that is over at `now`. `found` are its services
    (`services.measured`), `planned` the works on it, `clocks` the readings of its clocks.
    """
    until = min(period.until, now)
    serving = spans.clipped(device.service, period.since, until)
    if device.deployed is not None:
        serving = spans.both(serving, device.deployed)
    countable = spans.without(serving, planned)
    within = {key: one.within(countable) for key, one in found.items()}
    within[services.OPERATIONAL] = services.operational(within)
    shares = {
        key: Share(spans.total(one.good), spans.total(one.bad)) for key, one in within.items()
    }
    dark = within.get(services.PICTURES.key, within.get(services.ONLINE.key))
    blind = dark.bad if dark is not None and device.zone else ()
    planned_seconds = spans.total(serving) - spans.total(countable)
    offset = _largest_offset(clocks, countable)
    return DeviceFigures(device, spans.total(countable), planned_seconds, shares, blind, offset)


def _largest_offset(clocks: Iterable[ClockRow], countable: Spans) -> float | None:
    """The largest of the rows of which some lies in `countable`. A clock that only calls local time UTC
    is right in what people see.
    """
    found = [
        row.worst
        for row in clocks
        if row.worst is not None
        and row.verdict != UTC_LABEL
        and any(begin <= row.until and row.since < end for begin, end in countable)
    ]
    return max(found, key=abs, default=None)


def together(each: Iterable[DeviceFigures], key: str) -> Share:
    """One service of many devices: every device counts by the time in which it was measured, so that
    a deployable camera counts by the time in which it was deployed.
    """
    found = Share()
    for one in each:
        found = found.plus(one.share(key))
    return found


def blind_zones(each: Iterable[DeviceFigures]) -> dict[str, Spans]:
    """When no pictures came from any camera of a coverage zone; zones that never were blind are left
    out.
    """
    zones: dict[str, list[Spans]] = {}
    for one in each:
        if one.device.zone and one.countable:
            zones.setdefault(one.device.zone, []).append(one.blind)
    found = {zone: _all_of(cameras) for zone, cameras in zones.items()}
    return {zone: dark for zone, dark in found.items() if dark}


def _all_of(each: Sequence[Spans]) -> Spans:
    found = each[0]
    for one in each[1:]:
        found = spans.both(found, one)
    return found


def days_with(found: Sequence[tuple[float, float]], period: Period) -> int:
    """On how many local days of `period` some of `found` lies."""
    return sum(bool(spans.both(found, (day,))) for day in period.days())
