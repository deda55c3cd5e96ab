"""Times as devices write them. What is no time is None; nothing is guessed. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

_TIME = re.compile(
    r"(\d{4})-?(\d{1,2})-?(\d{1,2})[T ]\s*(\d{1,2}):?(\d{2}):?(\d{2})(?:[.,](\d{1,9}))?\s*"
    r"(Z|[+-](?:0?\d:|0\d|1[0-4]:?)[0-5]\d)?",
    re.ASCII | re.IGNORECASE,
)
# ISO 8601 durations without years and months, which have no length: P31D, P31DT0H, PT720H.
_DURATION = re.compile(r"P(?:(\d{1,5})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9})S)?)?", re.ASCII)
FIRST_YEAR, LAST_YEAR = 1970, 2100


def moment(text: str | None) -> datetime | None:
    """An ISO 8601 date and time (also ``20261123T210000Z``, ``2026-11-3 9:05:00``): aware with a zone, else naive.

    Second 60 is the first instant of the next minute; hour 24 that of the next day. Years are 1970 to 2100.
    """
    match = _TIME.fullmatch((text or "").strip()[:40])
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    if not FIRST_YEAR <= year <= LAST_YEAR or hour > 24 or second > 60 or (hour == 24 and minute + second):
        return None
    try:
        whole = datetime(year, month, day, hour % 24, minute, min(second, 59))  # noqa: DTZ001 - its zone comes next
    except ValueError:
        return None
    micro = int((match[7] or "0").ljust(6, "0")[:6])
    found = whole + timedelta(days=hour // 24, seconds=second // 60, microseconds=micro)
    return found.replace(tzinfo=_zone(match[8])) if match[8] else found


def _zone(text: str) -> timezone:
    if text in {"Z", "z"}:
        return UTC
    digits = text[1:].replace(":", "").zfill(4)
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)


def unix(text: str | None) -> float | None:
    """Unix seconds of a time that names its zone; None for one that does not."""
    found = moment(text)
    return found.timestamp() if found is not None and found.tzinfo is not None else None


def duration(text: str | None) -> float | None:
    """Seconds of an ISO 8601 duration of weeks, days, hours, minutes and seconds; None for anything else."""
    match = _DURATION.fullmatch((text or "").strip().upper())
    if match is None or not any(match.groups()):
        return None
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return float(weeks * 604800 + days * 86400 + hours * 3600 + minutes * 60 + seconds)
