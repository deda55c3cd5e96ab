"""The history of every clock: stretches of time in which all readings agreed, not samples. Pure.

A reading goes into the stretch under way unless it says something new: a constant offset can no longer
explain all readings of the stretch, the method or the verdict is another, no reading came for
`LONGEST_GAP`, or the stretch has lasted for `LONGEST`. So a clock that follows its time server has one row a
day, and one that drifts has a row each time that it has moved by more than it can be read to.

Rows are handed out in batches: one that has only grown at most once in `GROWN_EVERY`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from healthmon.model.enums import AGENT, Span
from healthmon.model.footage import RecorderMeasurement
from healthmon.model.measurements import Clock, Reference
from healthmon.model.picture import CLOCK_LATENCY, CLOCK_STEP, PictureReading
from healthmon.model.results import CheckResult, Verdict
from healthmon.store.rows import ClockRow

LONGEST: Final = 86_400.0
LONGEST_GAP: Final = 3600.0
GROWN_EVERY: Final = 3600.0
# A clock that contradicts itself all the time begins so many rows an hour; further readings widen one.
MOST_AN_HOUR: Final = 12
HOUR: Final = 3600.0
# Clocks that are read to a millisecond move all the time: what is less than this is nothing new.
FINEST: Final = 0.1
# An adjustment of our clock below this moves no reading out of its order.
ORDER: Final = 1e-3


class ClockKind(StrEnum):
    """Which clock of a device. `LOCAL` is its civil time minus true civil time where it stands;
    `PICTURE` is the worst of the clocks in the picture, as civil time too; `REFERENCE` is our own.
    """

    DEVICE = "device"
    LOCAL = "local"
    STREAM = "stream"
    RECORDER = "recorder"
    PICTURE = "picture"
    REFERENCE = "reference"


# Of the readings of a device the first of these is its clock.
_OF_DEVICE: Final = ("onvif", "snmp", "rtsp_date", "http_date")
_BESIDE: Final = ((ClockKind.LOCAL, "onvif_local"), (ClockKind.STREAM, "rtcp"))
_OFFSET, _RULE = "offset", "rule"
_ZONE_RULE: Final = "clock_rule"
_SCREEN_CLOCK: Final = "screen_clock"


@dataclass(frozen=True, slots=True)
class _Found:
    """One reading: `offset` is the clock minus true time at `at` (true time), None without a
    reference.
    """

    clock: ClockKind
    at: float
    offset: Span | None
    method: str
    verdict: str = ""
    detail: str = ""


@dataclass(slots=True)
class _Stretch:
    """A row under way. [`low`, `high`] are the offsets that agree with every reading, an empty interval
    where there is none. `begun` rows were begun in the hour from `hour` on. `written` is when it was
    last handed out.
    """

    row: ClockRow
    low: float
    high: float
    hour: float
    begun: int = 1
    written: float = -math.inf


@dataclass(slots=True)
class ClockHistory:
    """The stretch under way of every clock."""

    now: dict[tuple[str, str], _Stretch] = field(default_factory=dict)
    _over: list[ClockRow] = field(default_factory=list)

    def record(self, result: CheckResult) -> None:
        """Take over the clocks that a check has read."""
        for found in _found(result):
            self._note(result.observation.device, found)

    def _note(self, device: str, found: _Found) -> None:
        key = (device, found.clock.value)
        old = self.now.get(key)
        if old is None:
            self.now[key] = _begun(device, found, found.at, 1)
            return
        since = _in_order(old.row, found.at)
        again = since - old.hour >= HOUR
        hour, begun = (since, 0) if again else (old.hour, old.begun)
        if not _says_new(old, found, since) or (begun >= MOST_AN_HOUR and _can_widen(old, found)):
            _grow(old, found, since)
        else:
            self._over.append(old.row)
            self.now[key] = _begun(device, replace(found, at=since), hour, begun + 1)

    def rows(self, now: float) -> list[ClockRow]:
        """What is to be written at `now` (any clock in seconds that does not go back)."""
        found, self._over = self._over, []
        return found + list(self._grown(now))

    def _grown(self, now: float) -> Iterator[ClockRow]:
        for one in self.now.values():
            if now - one.written >= GROWN_EVERY:
                one.written = now
                yield one.row

    def all(self) -> list[ClockRow]:
        """Every row that may not be written as it is now: for the end of a run, and for a store that
        begins anew.
        """
        found, self._over = self._over, []
        return found + [one.row for one in self.now.values()]

    def of_devices(self, devices: Collection[str]) -> list[ClockRow]:
        """The rows under way of some devices, as they are now."""
        return [one.row for key, one in self.now.items() if key[0] in devices]

    def forget(self, keep: Collection[str]) -> None:
        """End the stretches of devices that are not in `keep`."""
        for key in [one for one in self.now if one[0] not in keep]:
            self._over.append(self.now.pop(key).row)


def _in_order(row: ClockRow, at: float) -> float:
    """When a reading of `at` counts as made: after the one before, unless our clock was set back."""
    return at if at < row.until - LONGEST_GAP else max(at, row.until + ORDER)


def _begun(device: str, found: _Found, hour: float, begun: int) -> _Stretch:
    span = found.offset
    low, high = (span.low, span.high) if span is not None else (None, None)
    row = ClockRow(
        device,
        found.clock.value,
        found.at,
        found.at,
        1,
        0.0,
        low,
        high,
        _proved(span),
        found.method,
        found.verdict,
        found.detail,
    )
    core = _widened(span) if span is not None else Span(0.0, 0.0)
    return _Stretch(row, core.low, core.high, hour, begun)


def _widened(span: Span) -> Span:
    """The offsets that agree with a reading."""
    error = max(span.error, FINEST)
    return Span(span.middle - error, span.middle + error)


def _proved(span: Span | None) -> float | None:
    """How far off the clock was, 0.0 where it may have been right."""
    if span is None:
        return None
    return 0.0 if span.low <= 0.0 <= span.high else span.middle


def _says_new(old: _Stretch, found: _Found, at: float) -> bool:
    row = old.row
    if not _can_widen(old, found):
        return True
    if abs(at - row.until) > LONGEST_GAP or at - row.since >= LONGEST:
        return True
    if found.offset is None:
        return False
    agrees = _widened(found.offset)
    return agrees.low > old.high or agrees.high < old.low


def _can_widen(old: _Stretch, found: _Found) -> bool:
    """Whether a reading is of the same kind as those of the row."""
    row = old.row
    same = (found.method, found.verdict, found.detail) == (row.method, row.verdict, row.detail)
    return same and (found.offset is None) == (row.low is None)


def _grow(old: _Stretch, found: _Found, at: float) -> None:
    row, span = old.row, found.offset
    low, high, worst = row.low, row.high, row.worst
    if span is not None and low is not None and high is not None and worst is not None:
        agrees = _widened(span)
        old.low, old.high = max(old.low, agrees.low), min(old.high, agrees.high)
        if not (span.low <= low and high <= span.high):  # else it is only less exact
            low, high = min(low, span.low), max(high, span.high)
        worst = max(worst, _proved(span) or 0.0, key=abs)
    old.row = replace(
        row,
        until=at,
        readings=row.readings + 1,
        gap=max(row.gap, at - row.until),
        low=low,
        high=high,
        worst=worst,
    )


# ------------------------------------------------------------------------- what a check has read


def _found(result: CheckResult) -> Iterator[_Found]:
    value, at = result.observation.value, result.observation.at
    if isinstance(value, Clock):
        yield from _of_device(value, at, result.verdicts)
    elif isinstance(value, RecorderMeasurement):
        if value.health.clock is not None and value.true is not None:
            yield _reading(
                ClockKind.RECORDER, value.health.clock, value.true, value.read_at, value.health.make
            )
    elif isinstance(value, PictureReading):
        yield from _of_picture(value, at, result.verdicts)
    elif isinstance(value, Reference) and result.observation.device == AGENT:
        yield _of_reference(value, at)


def _of_device(clock: Clock, at: float, verdicts: Sequence[Verdict]) -> Iterator[_Found]:
    true = clock.reference.offset if clock.reference is not None else None
    if true is None:
        return
    known = {one.source: one.offset for one in clock.readings if one.offset is not None}
    source = next((name for name in _OF_DEVICE if name in known), "")
    if source:
        yield _reading(ClockKind.DEVICE, known[source], true, at, source, _verdict(verdicts))
    for kind, name in _BESIDE:
        if name in known:
            yield _reading(kind, known[name], true, at, name)


def _of_picture(
    picture: PictureReading, at: float, verdicts: Sequence[Verdict]
) -> Iterator[_Found]:
    """The clock in the picture that was judged, by its offset from true local time."""
    told = next((one for one in verdicts if one.aspect == _SCREEN_CLOCK), None)
    if picture.true is None or told is None or told.value is None:
        return
    error = (CLOCK_STEP + CLOCK_LATENCY) / 2 + picture.true.error
    span = Span(told.value - error, told.value + error)
    yield _Found(ClockKind.PICTURE, at + picture.true.middle, span, _SCREEN_CLOCK, told.code)


def _verdict(verdicts: Sequence[Verdict]) -> str:
    """The fault code of the device's time; that of its time zone rule where the time itself is right."""
    codes: Mapping[str, str] = {one.aspect: one.code for one in verdicts}
    if codes.get(_OFFSET) == "ok" and codes.get(_RULE) == _ZONE_RULE:
        return _ZONE_RULE
    return codes.get(_OFFSET, "")


def _reading(
    kind: ClockKind, offset: Span, true: Span, at: float, method: str, verdict: str = ""
) -> _Found:
    """A clock minus ours, as its distance from `true` time minus ours."""
    span = Span(offset.low - true.high, offset.high - true.low)
    return _Found(kind, at + true.middle, span, method, verdict)


def _of_reference(found: Reference, at: float) -> _Found:
    """Our own clock minus true time, with the servers that agreed."""
    span = found.offset
    agreed = sorted(one.address for one in found.members if one.state == "good")
    leaps = {one.leap for one in found.members if one.state == "good"}
    detail = {"agreed": agreed, "asked": found.asked, "leap": _leap(leaps)}
    if span is None:
        return _Found(ClockKind.REFERENCE, at, None, "none", detail=json.dumps(detail))
    kept = bool(found.reason_text)
    method = "kept" if kept else "ntp" if found.servers else "host"
    own = Span(-span.high, -span.low)
    return _Found(ClockKind.REFERENCE, at + span.middle, own, method, detail=json.dumps(detail))


def _leap(found: set[int | None]) -> int | None:
    """The leap indicator on which the servers agree, None where they do not."""
    return next(iter(found)) if len(found) == 1 else None
