"""What a metered device (4G) is asked, and how often, so that it keeps to its data budget of the
day. Pure.

Checks are planned so that the budget lasts; what is used all the same is held to it: near its end
only the cheap look at reachability goes on, then nothing, and that is "not checked", never a fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from healthmon.model.enums import CheckName

if TYPE_CHECKING:
    from healthmon.config.device_schema import Watched
    from healthmon.config.schema import Config

INTERVAL = 900.0
CLOCK_INTERVAL, IDENTITY_INTERVAL, CERTIFICATE_INTERVAL = 6 * 3600.0, 86400.0, 86400.0
TIMEOUT = 30.0
LATENCY, FIRST_PACKET = 3.0, 8.0
PLANNED_SHARE = 0.7  # of the budget that planned stream looks take
SAVING_SHARE = 0.85
STREAM_OVERHEAD, SESSION_BYTES = 1.3, 6000.0
CHEAP_BYTES = 2000.0
CHEAP = frozenset({CheckName.REACH})


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a device is asked and how long it may take, seconds; `budget` in bytes a day, None
    for no limit.
    """

    interval: float
    clock: float
    identity: float
    certificate: float
    timeout: float
    budget: float | None = None
    streams: int = 1

    def stream(self, bits_per_second: float, watch: float) -> float:
        """The interval of a stream look that plays `watch` seconds: as often as the budget
        allows.
        """
        if self.budget is None:
            return self.interval
        each = bits_per_second / 8 * watch * STREAM_OVERHEAD + SESSION_BYTES
        return max(
            self.interval, 86400.0 * each * max(1, self.streams) / (PLANNED_SHARE * self.budget)
        )


def pace(config: Config, entry: Watched, streams: int = 1) -> Pace:
    """The pace of `entry`: its own word, then what suits a metered network, then the defaults."""
    defaults = config.defaults
    if entry.metered is None:
        interval, timeout = entry.interval or defaults.interval, entry.timeout or defaults.timeout
        others = (
            defaults.clock_interval,
            defaults.identity_interval,
            defaults.certificate_interval,
        )
        budget = None
    else:
        interval = entry.interval or max(INTERVAL, defaults.interval)
        timeout = entry.timeout or max(TIMEOUT, defaults.timeout)
        others = (CLOCK_INTERVAL, IDENTITY_INTERVAL, CERTIFICATE_INTERVAL)
        budget = entry.metered.per_day
    clock, identity, certificate = (max(interval, one) for one in others)
    return Pace(interval, clock, identity, certificate, timeout, budget, streams)


def longer_limits(limits: Mapping[str, Any]) -> dict[str, float]:
    """The limits of config.yaml that are wider on a mobile network."""
    least = {"latency": LATENCY, "first_packet": FIRST_PACKET}
    return {name: max(limits.get(name, 0.0), size) for name, size in least.items()}


def refusal(used: float, budget: float, check_type: str) -> str:
    """Why a check is not made now, in words; "" when it may be."""
    words = f"{megabytes(used)} of {megabytes(budget)} of today's data are used"
    if used + CHEAP_BYTES > budget:
        return f"{words}; goes on after midnight"
    if used > SAVING_SHARE * budget and check_type not in CHEAP:
        return f"{words}; only reachability is checked until midnight"
    return ""


def megabytes(size: float) -> str:
    """``300 kB``, ``12.3 MB``, ``1.5 GB``."""
    if size >= 1e9:
        return f"{size / 1e9:.3g} GB"
    return f"{size / 1e6:.3g} MB" if size >= 1e6 else f"{size / 1e3:.3g} kB"


def day_of(now: float, zone: str) -> date:
    """The local day of `now` (Unix seconds)."""
    return datetime.fromtimestamp(now, ZoneInfo(zone)).date()
