"""Civil time: the moment that a clock on the wall shows, over both clock changes. Pure."""

from __future__ import annotations

import functools
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@functools.lru_cache(2048)
def moment(day: date, at: time, place: ZoneInfo) -> datetime:
    """`at` on `day` as UTC. A time that comes twice is the first of the two; one that the clock
    change leaves out is the moment of the change.

    In a gap, fold=0 uses the offset before it, and fold=1 the one after it (PEP 495).
    """
    local = datetime.combine(day, at.replace(tzinfo=None), place)
    found = local.astimezone(UTC)
    if found.astimezone(place).time() == local.time():
        return found
    before, width = local.utcoffset(), _gap(local)
    low, high = found - width, found
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(place).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def _gap(local: datetime) -> timedelta:
    """How much civil time the clock change leaves out around `local`."""
    before, after = local.utcoffset(), local.replace(fold=1).utcoffset()
    return abs((after or timedelta()) - (before or timedelta()))
