"""The fifteen figures of a period, each with the hours or counts that it rests on and its formula in
words. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from healthmon.evidence import devices, services, spans
from healthmon.evidence.devices import DeviceFigures, DeviceRecord, Share
from healthmon.evidence.faults import STEPS, FaultFigures, FaultRecord, repair
from healthmon.evidence.period import HOUR, Period
from healthmon.evidence.power import Battery, MainsFailure
from healthmon.evidence.shifts import ShiftFigures
from healthmon.evidence.spans import Span
from healthmon.model.count_words import count_of
from healthmon.model.enums import Kind

PERCENT: Final = "%"
HOURS: Final = "h"
COUNT: Final = ""
SECONDS: Final = "s"
VARIANTS: Final = ("fixed", "ptz", "deployable")
WORST: Final = 5
CLOCK_CHANGE_CODES: Final = frozenset({"clock_zone", "clock_rule", "clock_utc_label"})
SHORT_CODE, LONG_CODE = "retention_short", "retention_long"


@dataclass(frozen=True, slots=True)
class Line:
    """One value of a figure, None where there is none; `hours` are the camera-hours that it rests
    on, where it is a share of other hours than its figure.
    """

    label: str
    value: float | None
    unit: str = COUNT
    hours: float | None = None


@dataclass(frozen=True, slots=True)
class Kpi:
    """One figure. `value` is None where nothing was measured; `rests_on` says what it was counted
    from, `hours` the camera-hours of that where it is a share of time. `lines` belong to it;
    `named` are those that name a device or a zone and are never published.
    """

    number: int
    key: str
    title: str
    value: float | None
    unit: str
    formula: str
    rests_on: str
    hours: float | None = None
    lines: tuple[Line, ...] = ()
    named: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """All that the figures of one period are made of. `cameras` are only cameras; `estate` is every
    device. `breaches` are the stretches in which footage was kept too short or too long, by fault
    code and camera. `record_since` is when the record begins: nothing is known of the time before.
    `faults_since` is from when on it has every fault; older ones were deleted.
    """

    period: Period
    now: float
    estate: tuple[DeviceRecord, ...]
    cameras: tuple[DeviceFigures, ...]
    faults: FaultFigures
    shifts: ShiftFigures
    mains: tuple[MainsFailure, ...] = ()
    breaches: Mapping[str, Mapping[str, Sequence[Span]]] = field(default_factory=dict)
    warned: tuple[tuple[str, str], ...] = ()
    batteries: tuple[Battery, ...] = ()
    record_since: float = float("-inf")
    faults_since: float = float("-inf")

    @property
    def end(self) -> float:
        """Until when the period has been counted."""
        return min(self.period.until, self.now)

    @property
    def has_begun(self) -> bool:
        """Whether some of the period is over."""
        return self.period.since < self.now

    @property
    def in_record(self) -> bool:
        """Whether the record has begun before the period was over."""
        return self.record_since < self.end

    def counted(self, number: int) -> float | None:
        """How many faults are in the record; None where it has none of that time."""
        return float(number) if number or self.faults_since < self.end else None

    def share(self, key: str) -> Share:
        """One service over all cameras."""
        return devices.together(self.cameras, key)

    @property
    def countable(self) -> float:
        """Camera-seconds in service and deployed, without planned works."""
        return sum(one.countable for one in self.cameras)

    @property
    def offset(self) -> float | None:
        """The largest distance of a camera's clock from true time, seconds; None where none was read."""
        return max(
            (abs(one.offset) for one in self.cameras if one.offset is not None), default=None
        )

    def in_service(self) -> list[DeviceRecord]:
        """The cameras that belong to the estate at the end of the period."""
        last = self.end - 1
        return [one for one in self.estate if one.kind is Kind.CAMERA and one.serves_at(last)]


def kpis(found: Figures) -> tuple[Kpi, ...]:
    """The fifteen, in order."""
    return tuple(make(found) for make in _ALL)


def percent(ratio: float | None) -> float | None:
    """A ratio in per cent."""
    return None if ratio is None else 100 * ratio


def _hours(seconds: float) -> float:
    return seconds / HOUR


def _rests(share: Share) -> str:
    return f"{_hours(share.measured):,.1f} camera-hours measured"


def _cameras(found: Figures) -> Kpi:
    serving = found.in_service()
    lines = [
        Line(variant, float(sum(one.variant == variant for one in serving))) for variant in VARIANTS
    ]
    out = [one for one in serving if one.deployed is not None]
    there = sum(bool(spans.clipped(one.deployed or (), found.end - 1, found.end)) for one in out)
    return Kpi(
        1,
        "cameras",
        "Cameras in service",
        float(len(serving)),
        COUNT,
        "cameras that have joined the estate and are not retired at the end of the period",
        "the dates on which cameras joined and were retired",
        lines=(*lines, Line("of the deployable ones deployed", float(there))),
    )


def _availability(found: Figures) -> Kpi:
    share = found.share(services.OPERATIONAL)
    keys = (services.ONLINE, services.PICTURES, services.RECORDED, services.CLOCK, services.VIEW)
    parts = [(one, found.share(one.key)) for one in keys]
    lines = [
        Line(one.title, percent(part.ratio), PERCENT, _hours(part.measured))
        for one, part in parts
        if part.measured
    ]
    return Kpi(
        2,
        "availability",
        "Availability (fully operational)",
        percent(share.ratio),
        PERCENT,
        "camera-hours in which the camera answered, delivered pictures, was recorded and had a "
        "usable clock, divided by the camera-hours in which that was measured; planned works and "
        "time not deployed are left out, and time that was not monitored is neither up nor down",
        _rests(share),
        _hours(share.measured),
        tuple(lines),
        tuple(_worst(found)),
    )


def _worst(found: Figures) -> list[Line]:
    key = services.OPERATIONAL
    rated = [(one.share(key).ratio, one) for one in found.cameras]
    known = [(ratio, one) for ratio, one in rated if ratio is not None and ratio < 1]
    known.sort(key=lambda pair: (pair[0], pair[1].device.id))
    return [
        Line(f"worst: {one.device.id} {one.device.name}", percent(ratio), PERCENT)
        for ratio, one in known[:WORST]
    ]


def _recording(found: Figures) -> Kpi:
    share = found.share(services.RECORDED.key)
    return Kpi(
        3,
        "recording",
        "Recording completeness",
        percent(share.ratio),
        PERCENT,
        "camera-hours in which the recorder had new footage, divided by those in which it was asked",
        _rests(share),
        _hours(share.measured),
        (Line("lost", _hours(share.bad) if share.measured else None, HOURS),),
    )


def _retention(found: Figures) -> Kpi:
    measured = found.share(services.RECORDED.key).measured
    short, long = (_breach(found, code) for code in (SHORT_CODE, LONG_CODE))
    known = measured > 0
    value = percent(max(0.0, 1 - (short + long) / measured)) if known else None
    return Kpi(
        4,
        "retention",
        "Retention compliance",
        value,
        PERCENT,
        "camera-hours without a warning that footage is kept too short or too long, divided by the "
        "camera-hours in which recording was measured",
        f"{_hours(measured):,.1f} camera-hours measured",
        _hours(measured),
        (
            Line("kept too short (evidence is lost)", _hours(short) if known else None, HOURS),
            Line("kept too long (data protection)", _hours(long) if known else None, HOURS),
        ),
    )


def _breach(found: Figures, code: str) -> float:
    """Camera-seconds with this breach in the period."""
    each = found.breaches.get(code, {}).values()
    until = found.end
    return sum(spans.total(spans.clipped(one, found.period.since, until)) for one in each)


def _clocks(found: Figures) -> Kpi:
    share = found.share(services.IN_TOLERANCE.key)
    changed = sum(code in CLOCK_CHANGE_CODES for _device, code in found.warned)
    return Kpi(
        5,
        "clocks",
        "Clock compliance",
        percent(share.ratio),
        PERCENT,
        "camera-hours in which the clock was within its tolerance, divided by those in which it "
        "could be read",
        _rests(share),
        _hours(share.measured),
        (
            Line("largest offset that was proved", found.offset, SECONDS),
            Line("faults of time zone or summer time", found.counted(changed)),
        ),
        tuple(_farthest(found)),
    )


def _farthest(found: Figures) -> list[Line]:
    """The cameras whose clocks were farthest from true time."""
    off = [(abs(one.offset), one.device) for one in found.cameras if one.offset]
    off.sort(key=lambda pair: (-pair[0], pair[1].id))
    return [
        Line(f"{one.id} {one.name}: largest offset", value, SECONDS) for value, one in off[:WORST]
    ]


def _faults(found: Figures) -> Kpi:
    faults = found.faults
    serving = len(found.in_service())
    opened = found.counted(len(faults.opened))
    rate = 100 * opened / serving if serving and opened is not None else None
    by_reason = [Line(f"reason: {one}", float(count)) for one, count in faults.by("group")]
    return Kpi(
        6,
        "faults",
        "Faults",
        opened,
        COUNT,
        "faults of which people were notified and that began in the period; warnings, planned works "
        "and what turned out to be no fault are left out",
        f"the log of faults; {count_of(serving, 'camera')} in service",
        lines=(
            Line("over in the period", found.counted(len(faults.restored))),
            Line("open at its end", found.counted(len(faults.open_at_end))),
            Line("per 100 cameras", rate),
            *by_reason,
        ),
    )


def _times(found: Figures) -> Kpi:
    faults = found.faults
    repaired = faults.step(len(STEPS) - 1)
    lines = []
    for index, (title, _words, _seconds) in enumerate(STEPS):
        step = faults.step(index)
        lines += [
            Line(f"{title}, median", _or_hours(step.middle), HOURS),
            Line(f"{title}, 90th percentile", _or_hours(step.ninetieth), HOURS),
        ]
    for name in ("response", "fix"):
        met, settled = faults.kept(name)
        value = 100 * met / settled if settled else None
        lines.append(
            Line(f"{name} within the contract ({count_of(settled, 'fault')})", value, PERCENT)
        )
    for owner, seconds in sorted(_waited(faults).items()):
        lines.append(Line(f"waited for {owner}", _hours(seconds), HOURS))
    return Kpi(
        7,
        "times",
        "Time to repair, median",
        _or_hours(repaired.middle),
        HOURS,
        "; ".join(f"{title.lower()}: {words}" for title, words, _ in STEPS),
        f"{count_of(repaired.count, 'fault')} over in the period",
        lines=tuple(lines),
    )


def _or_hours(seconds: float | None) -> float | None:
    return None if seconds is None else _hours(seconds)


def _waited(faults: FaultFigures) -> dict[str, float]:
    found: dict[str, float] = {}
    for one in faults.restored:
        for owner, seconds in one.waited.items():
            found[owner] = found.get(owner, 0.0) + seconds
    return found


def _repeats(found: Figures) -> Kpi:
    repeats = found.faults.repeats
    return Kpi(
        8,
        "repeats",
        "Repeat faults",
        found.counted(len(repeats)),
        COUNT,
        "faults of a device that began within 30 days after an earlier fault of it was over",
        f"{count_of(len(found.faults.opened), 'fault')} began in the period",
        named=tuple(_count_lines(repeats)),
    )


def _count_lines(found: Sequence[FaultRecord]) -> list[Line]:
    counts: dict[str, int] = {}
    for one in found:
        counts[one.device] = counts.get(one.device, 0) + 1
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return [Line(device, float(count)) for device, count in ordered]


def _mean_times(found: Figures) -> Kpi:
    cameras = {one.device.id for one in found.cameras}
    failed = [one for one in found.faults.opened if one.device in cameras]
    share = found.share(services.OPERATIONAL)
    between = _hours(share.good) / len(failed) if failed else None
    durations = [one for one in map(repair, found.faults.restored) if one is not None]
    mean = _hours(sum(durations)) / len(durations) if durations else None
    return Kpi(
        9,
        "mtbf",
        "Mean time between failures",
        between,
        HOURS,
        "fully operational camera-hours divided by the faults of cameras that began; the mean time "
        "to repair is that of the faults that were over",
        f"{count_of(len(failed), 'fault')} of cameras, {_hours(share.good):,.1f} operational"
        " camera-hours",
        _hours(share.good),
        (Line("Mean time to repair", mean, HOURS),),
    )


def _lost(found: Figures) -> Kpi:
    share = found.share(services.OPERATIONAL)
    zones = devices.blind_zones(found.cameras)
    some = spans.merged(span for dark in zones.values() for span in dark)
    known = share.measured > 0
    days = float(devices.days_with(some, found.period)) if known else None
    return Kpi(
        10,
        "lost",
        "Camera-hours lost",
        _hours(share.bad) if known else None,
        HOURS,
        "camera-hours that were measured and not fully operational; a zone is blind while no "
        "pictures come from any of its cameras",
        _rests(share),
        _hours(share.measured),
        (Line("days on which some zone was blind", days),),
        tuple(
            Line(f"zone {zone}: days", float(devices.days_with(dark, found.period)))
            for zone, dark in sorted(zones.items())
        ),
    )


def _shifts(found: Figures) -> Kpi:
    shifts = found.shifts
    return Kpi(
        11,
        "shifts",
        "Shift checks made in time",
        100 * shifts.made / shifts.due if shifts.due else None,
        PERCENT,
        "shift checks made within the time for them, divided by those that were due",
        f"{count_of(shifts.due, 'shift check')} due, {shifts.made:,} made in time,"
        f" {shifts.signed:,} of these signed",
        lines=(
            Line("made in time", float(shifts.made) if shifts.due else None),
            Line("of these signed", float(shifts.signed) if shifts.due else None),
            Line(
                "not checked, by the totals of the sheets",
                None if shifts.not_checked is None else float(shifts.not_checked),
            ),
        ),
    )


def _power(found: Figures) -> Kpi:
    seconds = [one.seconds(found.now) for one in found.mains]
    longest = f"; longest time on battery {max(seconds):,.0f} s" if seconds else ""
    return Kpi(
        12,
        "power",
        "Mains failures",
        found.counted(len(seconds)),
        COUNT,
        "times that a UPS reported that it ran on its battery because mains was lost",
        f"{sum(one.kind is Kind.UPS for one in found.estate)} UPS in the estate{longest}",
        lines=(
            Line("longest time on battery", max(seconds, default=None), SECONDS),
            Line("shortest runtime of a battery", _shortest(found, "runtime"), SECONDS),
            Line("shortest runtime while on battery", _shortest(found, "on_battery"), SECONDS),
            Line("UPS with a self-test in the period", _tested(found), COUNT),
        ),
    )


def _shortest(found: Figures, which: str) -> float | None:
    """The least runtime of all batteries, None where no UPS told one."""
    told = (getattr(one, which) for one in found.batteries)
    return min((one for one in told if one is not None), default=None)


def _tested(found: Figures) -> float | None:
    """How many UPSes told of a self-test in the period; None where none tells of its tests."""
    told = [one.tested for one in found.batteries if one.tested is not None]
    if not told:
        return None
    return float(sum(found.period.since <= at < found.period.until for at in told))


def _planned(found: Figures) -> Kpi:
    seconds = sum(one.planned for one in found.cameras)
    return Kpi(
        13,
        "planned",
        "Planned works",
        _hours(seconds),
        HOURS,
        "camera-hours in maintenance windows, of cameras in service and deployed; these are in no "
        "other figure",
        count_of(len(found.cameras), "camera"),
    )


def _no_fault(found: Figures) -> Kpi:
    return Kpi(
        14,
        "no_fault",
        "False alarms",
        found.counted(len(found.faults.no_fault)),
        COUNT,
        "faults that were closed in the period with the cause 'no fault found', and pictures that a "
        "person has looked at and found well",
        f"{count_of(len(found.faults.opened), 'fault')} began in the period",
    )


def _coverage(found: Figures) -> Kpi:
    watched, countable = found.share(services.ONLINE.key).measured, found.countable
    missing = _hours(max(0.0, countable - watched)) if countable else None
    return Kpi(
        15,
        "coverage",
        "Monitoring coverage",
        100 * watched / countable if countable else None,
        PERCENT,
        "camera-hours in which it was known whether the camera answers, divided by the camera-hours "
        "in service and deployed, without planned works",
        f"{_hours(countable):,.1f} camera-hours",
        _hours(countable),
        (Line("not monitored", missing, HOURS),),
    )


_ALL: Final[tuple[Callable[[Figures], Kpi], ...]] = (
    _cameras,
    _availability,
    _recording,
    _retention,
    _clocks,
    _faults,
    _times,
    _repeats,
    _mean_times,
    _lost,
    _shifts,
    _power,
    _planned,
    _no_fault,
    _coverage,
)
