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
_DURATION = re.compile(
    r"P(?:(\d{1,5})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9})S)?)?", re.ASCII
)
FIRST_YEAR, LAST_YEAR = 1970, 2100
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_HTTP_DATE = re.compile(
    r"(?:[a-z]{3,9},?\s+)?"
    r"(?:(?P<day>\d{1,2})[ -](?P<month>[a-z]{3})[ -](?P<year>\d{4}|\d{2})"
    r"|(?P<m>[a-z]{3})\s+(?P<d>\d{1,2})(?:,?\s+(?P<early>\d{4}))?)"
    r"\s+(?P<hour>\d{1,2}):(?P<minute>\d{2}):(?P<second>\d{2})(?:\s+(?P<y>\d{4}))?(?:\s*(?P<zone>\S{1,9}))?",
    re.ASCII | re.IGNORECASE,
)
_NUMERIC_ZONE = re.compile(r"(?:gmt|utc)?([+-]\d{2}):?([0-5]\d)", re.ASCII | re.IGNORECASE)


def moment(text: str | None) -> datetime | None:
    """An ISO 8601 date and time (also ``20261123T210000Z``, ``2026-11-3 9:05:00``): aware with a
    zone, else naive.

    Second 60 is the first instant of the next minute; hour 24 that of the next day. Years are 1970
    to 2100.
    """
    match = _TIME.fullmatch((text or "").strip()[:40])
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    found = _civil_of_day(year, month, day, (hour, minute, second))
    if found is None:
        return None
    found += timedelta(microseconds=int((match[7] or "0").ljust(6, "0")[:6]))
    return found.replace(tzinfo=_zone(match[8])) if match[8] else found


def _civil_of_day(year: int, month: int, day: int, clock: tuple[int, int, int]) -> datetime | None:
    """The civil time, in which 24:00:00 is the first instant of the next day."""
    if clock != (24, 0, 0):
        return None if clock[0] == 24 else civil(year, month, day, *clock)
    midnight = civil(year, month, day, 0, 0, 0)
    return midnight + timedelta(days=1) if midnight else None


def civil(year: int, month: int, day: int, hour: int, minute: int, second: int) -> datetime | None:
    """A naive datetime; second 60 is the first instant of the next minute (ISO 8601). None for what
    is no date.
    """
    leap = int(second == 60)
    try:
        return datetime(year, month, day, hour, minute, second - leap) + timedelta(seconds=leap)  # noqa: DTZ001 - naive
    except (ValueError, OverflowError):
        return None


def http_date(text: str | None) -> datetime | None:
    """A ``Date`` field (RFC 9110 section 5.6.7) as an aware datetime; None for what is none.

    IMF-fixdate, the RFC 850 form, asctime's, which is UTC, and live555's (Wed, Nov 25 2026 02:54:29
    GMT), which many cameras have; also with a numeric zone. A zone by another name than GMT or UTC
    says nothing (BST is British and Bangladeshi), so it is no date. Two digits of a year are 1970
    to 2069.
    """
    match = _HTTP_DATE.fullmatch((text or "")[:64].strip())
    if match is None:
        return None
    zone, year = _zone_of_field(match["zone"]), _year_of(match)
    month = (match["month"] or match["m"]).lower()
    if zone is None or year is None or month not in _MONTHS:
        return None
    day, *clock = map(int, (match["day"] or match["d"], *match.group("hour", "minute", "second")))
    found = civil(year, _MONTHS.index(month) + 1, day, *clock)
    return found.replace(tzinfo=zone) if found else None


def _year_of(match: re.Match[str]) -> int | None:
    """The year, whichever form has it; two digits are 1970 to 2069."""
    text = match["year"] or match["early"] or match["y"]
    if text is None:
        return None
    year = int(text)
    if len(text) == 4:
        return year
    return year + (2000 if year < 70 else 1900)


def _zone_of_field(text: str | None) -> timezone | None:
    if text is None or text.upper() in {"GMT", "UTC", "UT", "Z"}:
        return UTC
    match = _NUMERIC_ZONE.fullmatch(text)
    if match is None or abs(hours := int(match[1])) > 14:
        return None
    return timezone(
        timedelta(hours=hours, minutes=int(match[2]) * (-1 if match[1][0] == "-" else 1))
    )


def date_and_time(octets: bytes) -> datetime | None:
    """DateAndTime (SNMPv2-TC, RFC 2579): 8 octets are local time (naive), 11 tell their offset.
    Tenths are cut off.
    """
    if (
        len(octets) not in {8, 11}
        or not FIRST_YEAR <= (year := octets[0] << 8 | octets[1]) <= LAST_YEAR
    ):
        return None
    found = civil(year, *octets[2:7])
    if found is None or len(octets) == 8:
        return found
    side, hours, minutes = octets[8:]
    if side not in b"+-" or hours > 14 or minutes > 59:
        return None
    offset = timedelta(hours=hours, minutes=minutes)
    return found.replace(tzinfo=timezone(-offset if side == ord("-") else offset))


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


def utc(at: float) -> str:
    """Unix seconds as ``2026-11-23T21:00:00Z``: the year has four digits (W3C XML Schema 2, 3.2.7),
    also where a device has named one before 1000. Raises OverflowError, ValueError, OSError.
    """
    return datetime.fromtimestamp(at, UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def duration(text: str | None) -> float | None:
    """Seconds of an ISO 8601 duration of weeks, days, hours, minutes and seconds; None for anything
    else.
    """
    match = _DURATION.fullmatch((text or "").strip().upper())
    if match is None or not any(match.groups()):
        return None
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return float(weeks * 604800 + days * 86400 + hours * 3600 + minutes * 60 + seconds)
