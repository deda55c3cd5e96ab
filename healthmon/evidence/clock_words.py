"""Clocks in words for people who did not see the readings: police, courts. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from healthmon.checks.evaluation.codes import CODES
from healthmon.checks.evaluation.durations import duration
from healthmon.evidence.clock_offsets import WITHIN, Basis, OffsetAt, Step
from healthmon.model.count_words import count_of
from healthmon.store.clock_history import ClockKind
from healthmon.store.rows import ClockRow

METHODS: Final = {
    "onvif": "ONVIF GetSystemDateAndTime",
    "onvif_local": "local time by ONVIF GetSystemDateAndTime",
    "snmp": "SNMP hrSystemDate",
    "rtsp_date": "Date of its RTSP answers",
    "http_date": "Date of its web server",
    "rtcp": "RTCP sender reports of its video stream",
    "screen_clock": "digits read in its pictures, of several clocks the worst",
}
NOT_READ: Final = "not read (`pictures: {clock: ...}` has healthmon read it); compare it by eye"
_LEAPS: Final = {
    0: "no leap second announced",
    1: "a leap second announced (the day ends a second late)",
    2: "a leap second announced (the day ends a second early)",
}
_LONG: Final = 90.0
_TENTH: Final = 0.1
MOST_STEPS: Final = 5


def title(device: str, clock: ClockKind) -> str:
    """The name of a clock of `device`."""
    names = {
        ClockKind.DEVICE: f"clock of {device}",
        ClockKind.LOCAL: f"local time of {device}",
        ClockKind.STREAM: f"time stamps in the stream of {device}",
        ClockKind.RECORDER: f"recording clock of {device}",
        ClockKind.PICTURE: f"time in the picture of {device}",
        ClockKind.REFERENCE: "clock of healthmon",
    }
    return names[clock]


def size(seconds: float) -> str:
    """``0.4 s``, ``3,600.0 s (1 h 0 min)``; rounded away from nothing."""
    text = f"{abs(seconds):,.1f} s"
    return f"{text} ({duration(seconds)})" if abs(seconds) > _LONG else text


def signed(seconds: float) -> str:
    """``0.4 s ahead of UTC``."""
    if abs(seconds) < _TENTH / 2:
        return "right"
    return f"{size(seconds)} {'ahead of' if seconds > 0 else 'behind'} UTC"


def offset(found: OffsetAt) -> str:
    """What the clock was against UTC."""
    low, high = found.low, found.high
    if low is None or high is None:
        return "not known"
    if found.best is None:
        return f"between {signed(low)} and {signed(high)}; no single figure"
    most = max(abs(low), abs(high))
    if low <= 0 <= high:
        return f"right within {size(_up(most))}"
    error = _up(max(found.best - low, high - found.best))
    return f"{signed(found.best)}, +-{error:,.1f} s"


def _up(seconds: float) -> float:
    """To a tenth of a second, never less."""
    return math.ceil(seconds * 10 - 1e-6) / 10


def basis(found: OffsetAt, last: float | None, zone: ZoneInfo) -> str:
    """How that is known. `last` is when the clock was last read before, None where it never was."""
    before, after = found.before, found.after
    if found.basis is Basis.AROUND and before is not None:
        return _stretch(before, zone)
    if before is not None and after is not None:
        gap = f"{time_of(before.until, zone)} and {time_of(after.since, zone)}"
        if found.basis is Basis.BETWEEN:
            return f"interpolated between the readings of {gap}, which agree; {method(before)}"
        return f"the readings of {gap} do NOT agree; the worst of both; {method(before)}"
    if before is not None:
        return (
            f"no reading after it yet; the one of {time_of(before.until, zone)}: {_reading(before)}"
        )
    if after is not None:
        return f"no reading before it; the one of {time_of(after.since, zone)}: {_reading(after)}"
    hours = f"no reading within {WITHIN / 3600:.0f} hours"
    return f"{hours}; last read {time_of(last, zone)}" if last is not None else hours


def _stretch(row: ClockRow, zone: ZoneInfo) -> str:
    if row.readings == 1:
        return f"read then; {method(row)}"
    times = f"{time_of(row.since, zone)} to {time_of(row.until, zone)}"
    return (
        f"{row.readings:,} readings from {times}, at most {duration(row.gap)} apart, "
        f"all within these bounds; {method(row)}"
    )


def _reading(row: ClockRow) -> str:
    """A reading that does not hold at the moment, said for what it is."""
    if row.low is None or row.high is None:
        return "no time reference"
    return f"between {signed(row.low)} and {signed(row.high)}"


def method(row: ClockRow) -> str:
    """How a clock was read."""
    return METHODS.get(row.method, f"as the recorder tells it ({row.method})")


def verdict(row: ClockRow | None) -> str:
    """What was wrong with the clock or its time zone then; "" for nothing."""
    if row is None or row.verdict in ("", "ok") or row.verdict not in CODES:
        return ""
    known = CODES[row.verdict]
    return f"{known.title}: {known.meaning}"


def steps(found: OffsetAt, zone: ZoneInfo) -> Iterator[str]:
    """Each change of a clock near the moment, the nearest first."""
    near = sorted(found.steps, key=lambda one: abs((one.since + one.until) / 2 - found.at))
    yield from (_step(one, zone) for one in near[:MOST_STEPS])
    if len(near) > MOST_STEPS:
        words = f"and {count_of(len(near) - MOST_STEPS, 'more change')} within {WITHIN / 3600:.0f} hours"
        yield f"{words}: the clock was not steady"


def _step(one: Step, zone: ZoneInfo) -> str:
    times = f"{time_of(one.since, zone)} and {time_of(one.until, zone)}"
    return f"between {times} it went from {signed(one.old)} to {signed(one.new)}"


def reference(found: OffsetAt) -> str:
    """Our own clock then: how good, and by which time servers."""
    row = found.before
    if found.basis is not Basis.AROUND or row is None:
        near = offset(found)
        return f"healthmon's own clock: not read at that moment (nearest readings: {near})"
    if row.low is None:
        return f"healthmon had no trustworthy time reference then ({_asked(row)})"
    return f"healthmon's own clock: {offset(found)}, {_asked(row)}"


def _asked(row: ClockRow) -> str:
    told = json.loads(row.detail or "{}")
    agreed, asked = told.get("agreed", []), told.get("asked", 0)
    if row.method == "host":
        return "by the synchronised clock of its machine; no time server answered"
    if row.method == "kept":
        return "by the last good answer of the time servers, at most 15 minutes old"
    if row.method == "none":
        return f"{count_of(asked, 'time server')} asked"
    servers = count_of(asked, "time server that agrees", "time servers that agree")
    leap = _LEAPS.get(told.get("leap"), "the servers do not agree on a leap second")
    return f"by {len(agreed)} of {servers}: {', '.join(agreed)}; {leap}"


def time_of(at: float, zone: ZoneInfo) -> str:
    """``29 Nov 2026 14:05:07 GMT``."""
    return f"{datetime.fromtimestamp(at, zone):%d %b %Y %H:%M:%S %Z}"


def fine_time(at: float, zone: ZoneInfo) -> str:
    """The same to a tenth of a second."""
    tenths = round(at * 10)
    local = datetime.fromtimestamp(tenths // 10, zone)
    return f"{local:%d %b %Y %H:%M:%S}.{tenths % 10} {local:%Z}"


def span_of_times(low: float, high: float, zone: ZoneInfo) -> str:
    """From the one to the other; one time where they show the same."""
    first, last = fine_time(low, zone), fine_time(high, zone)
    return first if first == last else f"{first} to {last}"


def utc(at: float) -> str:
    """RFC 3339."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"
