"""Whole hours and quarter hours of a clock in words: zone, summer time, local time called UTC, the zone rule. Pure.

`now` is true time in Unix seconds; a `step` is an offset in seconds that is a whole number of quarter hours.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from healthmon.model import Device, Observation, Span, State, Verdict
from healthmon.verdict.words import duration, plain, verdict
from healthmon.verdict.zone import Difference, first_difference

TOLERANCE = 5.0
STEP = 900.0
LARGEST = 14 * 3600 + 5.0
HALF_A_YEAR = 182 * 86400.0
HALF_A_DAY = 43200.0


def step_of(span: Span) -> float:
    """The whole number of quarter hours that `span` is off, seconds; 0.0 where it is a drift."""
    step = round(span.middle / STEP) * STEP
    near = abs(span.middle - step) <= TOLERANCE + min(span.error, 2.0)
    return step if near and abs(span.middle) <= LARGEST else 0.0


def rule_difference(rule: str | None, device: Device, now: float) -> Difference | None:
    """Where the device's own zone rule goes wrong within a year. Raises ValueError without one that can be read."""
    start = datetime.fromtimestamp(now, UTC).replace(minute=0, second=0, microsecond=0)
    return first_difference(rule or "", device.time_zone, start)


def is_told(wrong: Difference | None, step: float, now: float) -> bool:
    """Whether a clock that is off by `step` is off because its rule is wrong now."""
    if wrong is None or not step or wrong.begin.timestamp() > now:
        return False
    return abs(wrong.ahead.total_seconds()) == abs(step)


def why(step: float, now: float, device: Device, rule: str | None, wrong: Difference | None) -> str:
    """Why civil time is `step` seconds off where `device` stands."""
    words = _summer(step, now, device.time_zone)
    if not words and abs(step) == HALF_A_DAY:
        words = "wrong time zone, or set by hand with morning and afternoon mixed up"
    words = words or "wrong time zone"
    return f"{words} ({_rule_words(rule, device)})" if is_told(wrong, step, now) else words


def why_label(
    step: float, now: float, device: Device, rule: str | None, wrong: Difference | None
) -> str:
    """Why UTC is `step` seconds off while the time that people read is right."""
    if step == _ahead(now, device.time_zone):
        return "the device labels local time as UTC"
    return (
        _rule_words(rule, device)
        if is_told(wrong, step, now)
        else "its UTC is made with a wrong zone or summer time"
    )


def _rule_words(rule: str | None, device: Device) -> str:
    return f"its time zone rule {plain(rule or '', 40)} is not {device.time_zone}'s"


def _summer(step: float, now: float, zone: str) -> str:
    here, other = _ahead(now, zone), _ahead(now + HALF_A_YEAR, zone)
    if not step or other - here != step:
        return ""
    return f"summer time was not switched {'off' if other > here else 'on'}"


def _ahead(at: float, zone: str) -> float:
    offset = datetime.fromtimestamp(at, ZoneInfo(zone)).utcoffset()
    return offset.total_seconds() if offset is not None else 0.0


def rule_verdict(
    observation: Observation,
    device: Device,
    rule: str,
    wrong: Difference | None,
    now: float,
    step: float,
) -> Verdict:
    """The rule for the coming year, before the clocks change. `step` is what is already said of the clock."""
    if wrong is None:
        return verdict(
            observation, "rule", State.OK, "ok", "time zone rule is right for the coming year"
        )
    if is_told(wrong, step, now):
        return verdict(
            observation, "rule", State.OK, "ok", "its wrong time zone rule is told with its time"
        )
    sentence = f"{_when(wrong, device, now)}: {_rule_words(rule, device)}"
    return verdict(observation, "rule", State.DEGRADED, "clock_rule", sentence)


def _when(wrong: Difference, device: Device, now: float) -> str:
    seconds = wrong.ahead.total_seconds()
    size = f"{duration(seconds)} {'ahead' if seconds > 0 else 'behind'}"
    if wrong.begin.timestamp() <= now:
        return f"local time is {size}"
    begin = wrong.begin.astimezone(ZoneInfo(device.time_zone))
    if wrong.end is None:
        return f"clock will be {size} from {begin:%d %b %Y}"
    return f"clock will be {size} on {begin:%d %b %Y} for {duration((wrong.end - wrong.begin).total_seconds())}"
