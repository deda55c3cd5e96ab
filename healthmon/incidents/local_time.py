"""Times as people type them, and as they are shown: local civil time of the estate."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

FORMS = "14:05 (today), '2026-11-29 14:05' or 2026-11-29T14:05+00:00"


def moment(text: str, zone: ZoneInfo, today: date) -> float:
    """A local time as Unix seconds. Raises ValueError with a remedy, also for a time that the clock
    change leaves out or that comes twice; with its offset it is one moment.
    """
    found = moments(text, zone, today)
    if len(found) == 1:
        return found[0]
    both = (datetime.fromtimestamp(one, zone) for one in found)
    hours = " or ".join(f"{one:%Y-%m-%dT%H:%M%z}" for one in both)
    raise ValueError(f"{text}: this time comes twice; write {hours}")


def moments(text: str, zone: ZoneInfo, today: date) -> tuple[float, ...]:
    """The Unix seconds at which the clocks on the wall show a local time, in order: two for one that
    comes twice. Raises ValueError with a remedy, also for a time that the clock change leaves out.
    """
    found = _parsed(text.strip(), today)
    if found.tzinfo is not None:
        return (found.timestamp(),)
    both = sorted({found.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1)})
    there = [one for one in both if datetime.fromtimestamp(one, zone).replace(tzinfo=None) == found]
    if not there:
        raise ValueError(f"{text}: the clock change leaves this time out")
    return tuple(there)


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
