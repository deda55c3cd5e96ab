"""Are the device's clocks right? Intervals are compared: a fault only where all of one is outside a limit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from healthmon.model import Clock, Device, Observation, Reason, Span, State, Verdict
from healthmon.verdict.words import duration, not_seen, plain, verdict
from healthmon.verdict.zone import first_difference

ZONE_TOLERANCE = 5.0
ZONE_STEP = 900.0
ZONE_LARGEST = 14 * 3600 + 5.0
DAY = 86400.0
OLDEST_YEAR = 2020
ORDER = ("onvif", "snmp", "rtcp", "rtsp_date", "http_date", "onvif_local")
NAMES = {
    "onvif": "ONVIF clock",
    "onvif_local": "local time",
    "http_date": "web server clock",
    "rtsp_date": "RTSP clock",
    "rtcp": "stream clock",
    "snmp": "SNMP clock",
}


def judge(observation: Observation, device: Device) -> tuple[Verdict, ...]:
    """Aspects: offset (drift, zone, reset, invalid), agreement, rule, source."""
    clock = observation.value
    if not isinstance(clock, Clock):
        return (not_seen(observation, "offset", "clock"),)
    if clock.reference is None or clock.reference.offset is None:
        return (_unknown(observation, Reason.NO_REFERENCE, "clock not checked: no trustworthy time reference"),)
    true = clock.reference.offset
    known = {r.source: _minus(r.offset, true) for r in clock.readings if r.offset is not None}
    wall = {source: span for source, span in known.items() if not (source == "rtcp" and abs(span.middle) > DAY)}
    found = [_offset(observation, clock, device, wall)]
    found += _agreement(observation, wall, device)
    found += _rule(observation, clock, device)
    if clock.mode is not None:
        by_hand = clock.mode == "manual"
        sentence = "clock is set by hand, not by NTP" if by_hand else "clock is set by NTP"
        state = State.DEGRADED if by_hand else State.OK
        found.append(verdict(observation, "source", state, "clock_manual", sentence))
    return tuple(found)


def _minus(offset: Span, true: Span) -> Span:
    """(device minus ours) minus (true minus ours) = device minus true."""
    return Span(offset.low - true.high, offset.high - true.low)


def _unknown(observation: Observation, reason: Reason, sentence: str) -> Verdict:
    return verdict(observation, "offset", State.UNKNOWN, reason.value, sentence, reason=reason)


def _offset(observation: Observation, clock: Clock, device: Device, known: dict[str, Span]) -> Verdict:
    invalid = next((r for r in clock.readings if r.source == "onvif" and r.reason is Reason.PROTOCOL), None)
    if invalid is not None:
        sentence = f"clock shows no valid date: {plain(invalid.detail, 60)}"
        return verdict(observation, "offset", State.FAULT, "clock_invalid", sentence)
    main = next((source for source in ORDER if source in known), None)
    if main is None:
        stalled = any(reading.reason is Reason.AGENT_STALLED for reading in clock.readings)
        reason = Reason.AGENT_STALLED if stalled else Reason.NOT_REPORTED
        return _unknown(observation, reason, "clock not checked: the device shows no clock")
    span = known[main]
    if abs(span.middle) > DAY:
        return _reset(observation, span)
    if _whole_zone(span):
        return _zone(observation, span, known, main, device)
    local = known.get("onvif_local")
    if main != "onvif_local" and local is not None and _whole_zone(local):
        return _zone(observation, local, {}, "onvif_local", device)
    return _drift(observation, span, device)


def _reset(observation: Observation, span: Span) -> Verdict:
    shown = observation.at + span.middle
    try:
        moment = datetime.fromtimestamp(shown, UTC)
        words = f"{moment:%d %b %Y %H:%M}"
        lost = moment.year < OLDEST_YEAR
    except (ValueError, OverflowError, OSError):
        words, lost = f"{duration(span.middle)} off", False
    code = "clock_reset" if lost else "clock_wrong_date"
    what = "clock was reset" if lost else "clock shows a wrong date"
    return verdict(observation, "offset", State.FAULT, code, f"{what}: it shows {words} UTC", value=span.middle)


def _whole_zone(span: Span) -> bool:
    """Whether the offset is a whole number of quarter hours (at least one): a label, not a drift."""
    steps = round(span.middle / ZONE_STEP)
    near = abs(span.middle - steps * ZONE_STEP) <= ZONE_TOLERANCE + min(span.error, 2.0)
    return steps != 0 and near and abs(span.middle) <= ZONE_LARGEST


def _zone(observation: Observation, span: Span, known: dict[str, Span], source: str, device: Device) -> Verdict:
    local = known.get("onvif_local")
    if source == "onvif" and local is not None and abs(local.middle) <= device.limits.clock[1]:
        sentence = f"UTC field is {_signed(span)}, local time is right: the device labels local time as UTC"
        return verdict(observation, "offset", State.DEGRADED, "clock_utc_label", sentence, value=span.middle)
    sentence = f"clock {_signed(span)}: {_zone_words(span, observation.at, device.time_zone)}"
    return verdict(observation, "offset", State.FAULT, "clock_zone", sentence, value=span.middle)


def _zone_words(span: Span, at: float, zone: str) -> str:
    summer = bool(datetime.fromtimestamp(at, ZoneInfo(zone)).dst())
    hours = round(span.middle / 3600, 2)
    if hours == 1 and not summer:
        return "summer time was not switched off"
    if hours == -1 and summer:
        return "summer time was not switched on"
    return "wrong time zone"


def _signed(span: Span) -> str:
    return f"{duration(span.middle, fine=True)} {'ahead' if span.middle > 0 else 'behind'}"


def _drift(observation: Observation, span: Span, device: Device) -> Verdict:
    degraded, fault = device.limits.clock
    least = 0.0 if span.low <= 0 <= span.high else min(abs(span.low), abs(span.high))
    most = max(abs(span.low), abs(span.high))
    limits = f"(limits {duration(degraded)} / {duration(fault)})"
    error = f" +-{span.error:.1f} s" if span.error >= 0.05 else ""
    if least > degraded:
        state = State.FAULT if least > fault else State.DEGRADED
        sentence = f"clock {_signed(span)}{error} {limits}"
        return verdict(observation, "offset", state, "clock_drift", sentence, value=span.middle)
    if most > degraded and span.error > degraded:
        sentence = f"clock not checked: known only to +-{duration(span.error)} {limits}"
        return _unknown(observation, Reason.NOT_REPORTED, sentence)
    sentence = f"clock right within {duration(max(most, 0.1))} {limits}"
    return verdict(observation, "offset", State.OK, "ok", sentence, value=span.middle)


def _agreement(observation: Observation, known: dict[str, Span], device: Device) -> Iterator[Verdict]:
    """Two clocks of one device that cannot both be right; zone labels are judged above."""
    limit = device.limits.clock[0]
    names = [source for source in ORDER if source in known and source != "onvif_local"]
    if len(names) < 2:
        return
    worst: tuple[float, str, str] = (0.0, "", "")
    for number, first in enumerate(names):
        for second in names[number + 1 :]:
            a, b = known[first], known[second]
            gap = max(a.low - b.high, b.low - a.high, 0.0)
            worst = max(worst, (gap, first, second))
    gap, first, second = worst
    if gap > limit:
        pair = f"{NAMES[first]} and {NAMES[second]}"
        sentence = f"clocks of the device disagree: {pair} are {duration(gap)} apart (limit {limit:g} s)"
        yield verdict(observation, "agreement", State.DEGRADED, "clocks_disagree", sentence, value=gap)
    else:
        yield verdict(observation, "agreement", State.OK, "ok", f"{len(names)} clocks agree", value=gap)


def _rule(observation: Observation, clock: Clock, device: Device) -> Iterator[Verdict]:
    """The device's own zone rule for the coming year, before the clocks change."""
    if clock.zone is None:
        return
    now = datetime.fromtimestamp(observation.at, UTC)
    try:
        found = first_difference(clock.zone, device.time_zone, now.replace(minute=0, second=0, microsecond=0))
    except ValueError:
        return
    if found is None:
        yield verdict(observation, "rule", State.OK, "ok", "time zone rule is right for the coming year")
        return
    moment, wrong = found
    size = f"{duration(wrong / timedelta(seconds=1))} {'ahead' if wrong > timedelta() else 'behind'}"
    when = "now" if moment <= now else f"from {moment.astimezone(ZoneInfo(device.time_zone)):%d %b %Y}"
    sentence = f"clock will be {size} {when}: its time zone rule {plain(clock.zone, 40)} is not {device.time_zone}'s"
    yield verdict(observation, "rule", State.DEGRADED, "clock_rule", sentence)
