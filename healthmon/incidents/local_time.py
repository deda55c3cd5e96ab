"""Times as people type them, and as they are shown: local civil time of the estate."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

FORMS = "14:05 (today), '2026-11-29 14:05' or 2026-11-29T14:05+00:00"


def moment(text: str, zone: ZoneInfo, today: date) -> float:
    """A local time as Unix seconds. Raises ValueError with a remedy, also for a time that the clock
    change leaves out or that comes twice; with its offset it is one moment.
    """
    found = _parsed(text.strip(), today)
    if found.tzinfo is not None:
        return found.timestamp()
    early, late = (found.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if early.utcoffset() == late.utcoffset():
        return early.timestamp()
    there = datetime.fromtimestamp(early.timestamp(), zone).replace(tzinfo=None) == found
    if not there:
        raise ValueError(f"{text}: the clock change leaves this time out")
    hours = " or ".join(f"{one:%Y-%m-%dT%H:%M%z}" for one in (early, late))
    raise ValueError(f"{text}: this time comes twice; write {hours}")


def _parsed(text: str, today: date) -> datetime:
    """Raises ValueError."""
    try:
        if len(text) <= len("14:05"):
            return datetime.combine(today, time.fromisoformat(text))
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"'{text}' is not a time; write {FORMS}") from None
    if len(text) <= len("2026-11-29"):
        raise ValueError(f"'{text}' has no time of day; write {FORMS}")
    return found


def shown(at: float, zone: ZoneInfo) -> str:
    """``29 Nov 2026 14:05``."""
    return f"{datetime.fromtimestamp(at, zone):%d %b %Y %H:%M}"


def iso(at: float | None, zone: ZoneInfo) -> str | None:
    """Local time with its offset, by RFC 3339."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, zone).isoformat(timespec="seconds")
