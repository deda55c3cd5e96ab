"""Mains failures as the UPS saw them, and what they say of the generator. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from healthmon.evidence.period import Period
from healthmon.incidents.correlation import is_mains
from healthmon.incidents.incident import Incident
from healthmon.store.rows import BatteryRow


@dataclass(frozen=True, slots=True)
class MainsFailure:
    """`device` was on battery from `lost` until `back`, None while it is."""

    device: str
    lost: float
    back: float | None

    def seconds(self, now: float) -> float:
        """How long it was on battery."""
        return max(0.0, (now if self.back is None else self.back) - self.lost)


def failures(incidents: Iterable[Incident], period: Period) -> list[MainsFailure]:
    """The mains failures that began in `period`, in order."""
    found = [
        MainsFailure(one.device, one.mains_lost, one.mains_back)
        for one in incidents
        if one.mains_lost is not None
        and is_mains(one)
        and period.since <= one.mains_lost < period.until
    ]
    return sorted(found, key=lambda one: one.lost)


@dataclass(frozen=True, slots=True)
class Battery:
    """The battery of a UPS in a period: the shortest runtime that it told, the shortest while it ran on
    it (seconds), its last self-test and the result in the UPS's words. None and "" for what it did not
    tell.
    """

    device: str
    runtime: float | None = None
    on_battery: float | None = None
    tested: float | None = None
    result: str = ""


def battery(device: str, hours: Iterable[BatteryRow], period: Period) -> Battery:
    """The battery of `device` in `period`, by its `hours` in order."""
    found = Battery(device)
    for one in hours:
        if one.since < period.until and one.until >= period.since:
            found = Battery(
                device,
                _least(found.runtime, one.runtime),
                _least(found.on_battery, one.on_battery),
                one.tested if one.tested is not None else found.tested,
                one.result or found.result,
            )
    return found


def _least(one: float | None, other: float | None) -> float | None:
    return min((value for value in (one, other) if value is not None), default=None)


def generator_words(
    found: Iterable[MainsFailure], starts: Mapping[str, float], now: float
) -> list[str]:
    """What the battery times prove of each generator; `starts` are the seconds within which that of
    a UPS takes over, by the id of the UPS.
    """
    by_device: dict[str, list[float]] = {}
    for one in found:
        by_device.setdefault(one.device, []).append(one.seconds(now))
    return [_words(device, by_device.get(device, []), limit) for device, limit in starts.items()]


def _words(device: str, seconds: list[float], limit: float) -> str:
    if not seconds:
        return f"{device}: no mains failure, so nothing is known of the generator"
    longest = max(seconds)
    verdict = "took over in time" if longest <= limit else "did NOT take over in time"
    return (
        f"{device}: the generator {verdict}: longest time on battery {longest:.0f} s,"
        f" it starts within {limit:.0f} s"
    )
