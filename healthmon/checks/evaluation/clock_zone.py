"""Whole hours and quarter hours of a clock in words: zone, summer time, local time called UTC, the
zone rule. Pure.

`now` is true time in Unix seconds; a `step` is an offset in seconds that is a whole number of
quarter hours.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from healthmon.checks.evaluation.durations import duration
from healthmon.checks.evaluation.wording import plain, verdict
from healthmon.checks.evaluation.zone import Difference, ZoneFinding, ZoneState, zone_finding
from healthmon.model.device import Device
from healthmon.model.enums import Reason, Span, State
from healthmon.model.measurements import Clock
from healthmon.model.results import Observation, Verdict
from healthmon.protocols.quirks import may_switch

UNJUDGED = "time zone not checked"
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


def finding_of(clock: Clock, device: Device, now: float, local: Span | None) -> ZoneFinding | None:
    """What is known of the device's own zone; None where it was not asked for it.

    `local` is its local time minus true local time, None where it does not tell that.
    """
    if clock.zone is None or (not clock.zone and local is not None):
        return None
    start = datetime.fromtimestamp(now, UTC).replace(minute=0, second=0, microsecond=0)
    seen = None
    if local is not None and (abs(local.middle) <= TOLERANCE or step_of(local)):
        seen = timedelta(seconds=_ahead(now, device.time_zone) + step_of(local))
    daylight = may_switch(clock.daylight)
    return zone_finding(clock.zone, device.time_zone, start, daylight=daylight, seen=seen)


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
    finding: ZoneFinding,
    told: tuple[float, float],
    *,
    sure: bool,
) -> Verdict:
    """The zone now, and for the coming year before the clocks change.

    `told` is true time now (Unix seconds) and the step that is already said of the clock. `sure`:
    its local time is right now.
    """
    now, step = told
    if finding.state is ZoneState.RIGHT:
        words = "time zone rule is right for the coming year"
        return verdict(observation, "rule", State.OK, "ok", words)
    if finding.state is not ZoneState.WRONG:
        return _unjudged(observation, rule, finding.state, sure=sure)
    if is_told(finding.wrong, step, now):
        words = "its wrong time zone rule is reported with its time"
        return verdict(observation, "rule", State.OK, "ok", words)
    when = f"{_when(finding.wrong, device, now)}: " if finding.wrong is not None else ""
    sentence = f"{when}{_rule_words(rule, device)}"
    return verdict(observation, "rule", State.DEGRADED, "clock_rule", sentence)


def _unjudged(observation: Observation, rule: str, state: ZoneState, *, sure: bool) -> Verdict:
    """The zone is not known well enough to be called right or wrong."""
    shown = plain(rule, 40)
    words = {
        ZoneState.SIGN: f"{shown} may mean east or west of Greenwich",
        ZoneState.DATES: f"{shown} does not say when summer time begins and ends",
        ZoneState.UNREAD: f"'{shown}' is not a zone that can be read",
    }[state]
    words = words if shown else "the device does not tell it"
    sentence, reason = f"{UNJUDGED}: {words}", Reason.NOT_REPORTED
    found = verdict(observation, "rule", State.UNKNOWN, reason.value, sentence, reason=reason)
    # Only the day on which the clocks change is unknown: what the device shows today is right.
    return replace(found, forecast=sure or state is ZoneState.DATES)


def _when(wrong: Difference, device: Device, now: float) -> str:
    seconds = wrong.ahead.total_seconds()
    size = f"{duration(seconds)} {'ahead' if seconds > 0 else 'behind'}"
    if wrong.begin.timestamp() <= now:
        return f"local time is {size}"
    begin = wrong.begin.astimezone(ZoneInfo(device.time_zone))
    if wrong.end is None:
        return f"clock will be {size} from {begin:%d %b %Y}"
    return f"clock will be {size} on {begin:%d %b %Y} for {duration((wrong.end - wrong.begin).total_seconds())}"
