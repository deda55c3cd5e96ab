"""``--since`` and ``--until``: local dates and times of the estate as people type them."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from healthmon.cli.console import fail

_DATE = len("2026-11-29")


def period(since: str | None, until: str | None, zone: ZoneInfo) -> tuple[float, float]:
    """Begin and end as Unix seconds, without bounds where nothing was typed. A date alone means the
    whole day. Exits with what is wrong.
    """
    begin = _moment("--since", since, zone).timestamp() if since else 0.0
    end = float("inf")
    if until:
        last = _moment("--until", until, zone)
        whole_day = timedelta(days=1) if len(until.strip()) == _DATE else timedelta()
        end = (last + whole_day).timestamp()
    if begin >= end:
        raise fail(f"--since {since} is not before --until {until}")
    return begin, end


def _moment(option: str, text: str, zone: ZoneInfo) -> datetime:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        words = f"{option} {text}: not a date; write 2026-11-29 or '2026-11-29 14:05'"
        raise fail(words) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=zone)
