"""Which devices are in a maintenance window. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from healthmon.config.units import LOCAL_TIME, REPEATS
from healthmon.model.device import Device

if TYPE_CHECKING:
    from healthmon.config.schema import Config, Window


class Covering(Protocol):
    """What a window covers, and why."""

    @property
    def devices(self) -> Collection[str]:
        """Ids of devices."""

    @property
    def sites(self) -> Collection[str]:
        """Ids of sites."""

    @property
    def contractors(self) -> Collection[str]:
        """Ids of contractors."""

    @property
    def reason(self) -> str:
        """The words that are shown."""


def in_maintenance(
    config: Config, devices: Iterable[Device], now: float, others: Iterable[Covering] = ()
) -> dict[str, str]:
    """The reason of the maintenance window of each of `devices` that is in one at `now` (Unix
    seconds): one of `config`, or one of `others`, which are all in force then.

    Windows are local civil time of the estate, so that 08:00 stays 08:00 when the clocks change.
    """
    local = datetime.fromtimestamp(now, ZoneInfo(config.estate.time_zone)).replace(tzinfo=None)
    found: dict[str, str] = {}
    of_file = (window for window in config.maintenance if _inside(window, local))
    active: list[Covering] = [*of_file, *others]
    for device in devices if active else ():
        for window in active:
            if (
                device.id in window.devices
                or device.site in window.sites
                or device.contractor in window.contractors
            ):
                found.setdefault(device.id, window.reason)
    return found


def _inside(window: Window, local: datetime) -> bool:
    start, end = (datetime.strptime(text, LOCAL_TIME) for text in (window.start, window.end))  # noqa: DTZ007
    if window.repeat and local >= start:
        last = datetime.strptime(window.until, LOCAL_TIME) if window.until else None  # noqa: DTZ007
        if last and local >= last:
            return False
        lap = (local - start) // REPEATS[window.repeat] * REPEATS[window.repeat]
        start, end = start + lap, end + lap
    return start <= local < end
