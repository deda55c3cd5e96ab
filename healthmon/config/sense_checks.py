"""Settings that are well formed and cannot be meant: reversed limits, more than everything, local
times that the clocks skip, a file that watches nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from healthmon.config.device_schema import Camera, LimitValues, Recorder, Watched
from healthmon.config.document import Path_
from healthmon.config.recorder_schema import RecordingValues
from healthmon.config.schema import Config
from healthmon.config.units import LOCAL_TIME

Entry = tuple[Path_, Watched]
DAY = 86400.0
MOST_LOAD = 2.0  # as in the ranges of vendors.ups.figures
# [warning, fault] of what must stay small, and of what must stay large.
_RISING = ("clock", "loss", "ups_load", "relay_delay")
_FALLING = ("certificate", "ups_runtime")
# Shares of a whole.
_SHARES = ("frames", "ups_charge", "recorder_cpu", "port_errors")


def problems_of(config: Config, entries: Iterable[Entry]) -> Iterator[tuple[Path_, str]]:
    """Every setting that cannot be meant."""
    yield from _limits(("defaults", "limits"), config.defaults.limits)
    yield from _recording(("defaults", "recording"), config.defaults.recording)
    for path, device in entries:
        yield from _limits((*path, "limits"), device.limits)
        yield from _dates(path, device)
        if isinstance(device, Camera) and device.ptz is not None:
            yield from _ptz((*path, "ptz"), device)
        if isinstance(device, Camera | Recorder):
            yield from _recording((*path, "recording"), device.recording)
    yield from _hours(config)


def warnings_of(config: Config, entries: Iterable[Entry]) -> Iterator[tuple[Path_, str]]:
    """A timeout beyond the interval: a check that still runs is not started again. Dates of devices
    that are still to come, and devices that need one that is retired.
    """
    known = list(entries)
    retired = {own.id: own.retired for _, own in known if own.retired}
    common, today = config.defaults, datetime.now(ZoneInfo(config.estate.time_zone)).date()
    if common.timeout > common.interval:
        yield ("defaults", "timeout"), _too_long("", common.timeout, common.interval)
    for path, own in known:
        timeout, interval = own.timeout or common.timeout, own.interval or common.interval
        if timeout > interval and (own.timeout or own.interval):
            yield (*path, "timeout"), _too_long(f"{own.id}: ", timeout, interval)
        yield from _to_come(path, own, today.isoformat())
        yield from _needs_retired(path, own, retired)


def _dates(path: Path_, device: Watched) -> Iterator[tuple[Path_, str]]:
    if device.joined and device.retired and device.retired <= device.joined:
        words = f"'retired' {device.retired} is not after 'joined' {device.joined}"
        yield (*path, "retired"), f"{words}; correct one of the two days"


def _ptz(path: Path_, camera: Camera) -> Iterator[tuple[Path_, str]]:
    """Why a camera that may be moved cannot be."""
    if camera.kind != "ptz":
        yield path, f"'ptz' is for cameras of kind ptz; this one is {camera.kind}: leave it out"
    elif camera.http is None or camera.onvif is None:
        yield path, "'ptz' needs ONVIF, and 'http' or 'onvif' is no: leave one of the two out"
    elif camera.metered is not None:
        yield path, "'ptz' asks the camera each minute, and it is 'metered': leave 'ptz' out"


def _needs_retired(
    path: Path_, device: Watched, retired: Mapping[str, str]
) -> Iterator[tuple[Path_, str]]:
    """What a device needs and is retired before it: its parents, its recorder."""
    recorder = device.recorder if isinstance(device, Camera) else None
    named = [("parent", one) for one in device.parent] + [("recorder", recorder or "")]
    for key, other in named:
        day = retired.get(other)
        if day is not None and (not device.retired or device.retired > day):
            yield (*path, key), f"{device.id}: {key} {other} is retired on {day}; name the new one"


def _to_come(path: Path_, device: Watched, today: str) -> Iterator[tuple[Path_, str]]:
    """Days are texts whose order is that of time."""
    if device.joined and device.joined > today:
        words = f"'joined' {device.joined} is in the future: it is checked from then on"
        yield (*path, "joined"), f"{device.id}: {words}"
    if device.retired and device.retired > today:
        words = f"'retired' {device.retired} is in the future: it is checked until then"
        yield (*path, "retired"), f"{device.id}: {words}"


def _too_long(whose: str, timeout: float, interval: float) -> str:
    lengths = f"'timeout' {timeout:g} s is longer than 'interval' {interval:g} s"
    return f"{whose}{lengths}: a device that hangs is checked every {timeout:g} s only"


def _limits(path: Path_, limits: LimitValues) -> Iterator[tuple[Path_, str]]:
    yield from _reversed(path, limits)
    for name in _SHARES:
        share: float | None = getattr(limits, name)
        if share is not None and share > 1:
            yield (*path, name), f"'{name}' cannot be more than 100 %"
    if limits.loss is not None and max(limits.loss) > 1:
        yield (*path, "loss"), "'loss' cannot be more than 100 %"
    if limits.ups_load is not None and max(limits.ups_load) > MOST_LOAD:
        yield (*path, "ups_load"), "'ups_load' cannot be more than 200 %: no higher load is read"
    if limits.clock is not None and not limits.clock[0]:
        yield (*path, "clock"), "'clock' cannot be 0 s: no clock can be measured that well"


def _reversed(path: Path_, limits: LimitValues) -> Iterator[tuple[Path_, str]]:
    """Pairs of a warning and a fault limit in the wrong order."""
    for name in (*_RISING, *_FALLING):
        pair: tuple[float, float] | None = getattr(limits, name)
        if pair is None:
            continue
        warning, fault = pair
        if name in _RISING and warning > fault:
            order, other = "small", "larger"
        elif name in _FALLING and warning < fault:
            order, other = "large", "smaller"
        else:
            continue
        yield (
            (*path, name),
            f"'{name}' is reversed: write the {order} warning limit first, then the {other} fault limit",
        )


def _recording(path: Path_, values: RecordingValues) -> Iterator[tuple[Path_, str]]:
    kept = values.retention
    if kept is not None and kept[0] > kept[1]:
        yield (*path, "retention"), "'retention' is reversed: write [at least, at most]"
    if values.complete is not None and values.complete > 1:
        yield (*path, "complete"), "'complete' cannot be more than 100 %"
    if values.gap is not None and values.gap > DAY:
        yield (*path, "gap"), "'gap' cannot be longer than 1 d: gaps of the last 24 h are counted"


def _hours(config: Config) -> Iterator[tuple[Path_, str]]:
    """Times of maintenance windows that are skipped where the clocks go forward."""
    zone = ZoneInfo(config.estate.time_zone)
    for number, window in enumerate(config.maintenance):
        for key in ("start", "end", "until"):
            text: str | None = getattr(window, key)
            if text is not None and not _exists(text, zone):
                yield (
                    ("maintenance", number, key),
                    f"'{key}' {text} does not exist in {zone.key}: the clocks go forward over it",
                )


def _exists(text: str, zone: ZoneInfo) -> bool:
    civil = datetime.strptime(text, LOCAL_TIME)  # noqa: DTZ007 - placed in the next line
    there = civil.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    return there.replace(tzinfo=None) == civil
