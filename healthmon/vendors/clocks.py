"""A recorder's clock from the time that it tells: its offset, its zone, and Unix seconds for its
local times. Pure.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from healthmon.model.enums import Span
from healthmon.protocols.http.exchange import Reply
from healthmon.protocols.values import dates


@dataclass(frozen=True, slots=True)
class Clock:
    """`span` is the recorder's wall clock minus ours, None where it reports no time; `zone` is its
    local times'.
    """

    zone: tzinfo
    span: Span | None = None
    source: str | None = None
    server: str | None = None

    def now(self) -> float:
        """Unix seconds by the recorder's clock (ours where it reports no time)."""
        return time.time() + (self.span.middle if self.span is not None else 0.0)

    def offset(self, moment: float) -> float:
        """Seconds that the recorder's local time is ahead of UTC at `moment`."""
        found = datetime.fromtimestamp(moment, self.zone).utcoffset()
        return found.total_seconds() if found is not None else 0.0

    def doubled(self, moment: float) -> float:
        """Seconds between the two moments that share the local time of `moment`: an hour in autumn,
        else 0.
        """
        local = datetime.fromtimestamp(moment, self.zone)
        return local.replace(fold=1).timestamp() - local.replace(fold=0).timestamp()

    def unix(self, text: str | None, *, near: float | None = None) -> float | None:
        """Unix seconds of a time as the recorder writes it; one without a zone is its
        local time, as `placed` reads it.
        """
        found = dates.moment(text)
        return placed(found, self.zone, near=near) if found is not None else None

    def local(self, moment: float, form: str = "%Y-%m-%d %H:%M:%S") -> str:
        """`moment` as the recorder's local time."""
        return datetime.fromtimestamp(moment, self.zone).strftime(form)


def placed(found: datetime, zone: tzinfo, *, near: float | None = None) -> float:
    """Unix seconds of `found`; a naive one is local time of `zone`.

    In the hour that comes twice in autumn it is the first of the two moments, or the one nearer to
    `near`: a clock that tells local time is not an hour wrong in the second hour.
    """
    if found.tzinfo is not None:
        return found.timestamp()
    first, second = (found.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    # In the hour that spring leaves out, the later one comes first; nothing is doubled there.
    if near is None or second < first:
        return first
    return min(first, second, key=lambda moment: abs(moment - near))


def offset_of(told: float, reply: Reply, *, resolution: float = 1.0) -> Span:
    """The recorder's clock minus ours: it told `told` (cut to `resolution` seconds) between request
    and answer.
    """
    return between(told, reply.began, reply.ended, resolution=resolution)


def between(told: float, began: float, ended: float, *, resolution: float = 1.0) -> Span:
    """As `offset_of`, for what was asked and answered at the wall times `began` and `ended`."""
    return Span.of_reading(told, began, ended, resolution=resolution)


def zone_named(name: str) -> tzinfo:
    """The zone called `name` in the IANA database, else UTC."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return UTC
