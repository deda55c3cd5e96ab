"""Are the device's clocks right? Intervals are compared: a fault only where all of one is outside a limit.

One cause is told once: what the verdict on the offset says is taken out of what is said of clocks that disagree and of
the time zone rule. A clock that could not be read is named and is never a fault.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations

from healthmon.model import Clock, ClockReading, Device, Observation, Reason, Span, State, Verdict
from healthmon.verdict.clock_zone import rule_difference, rule_verdict, step_of, why, why_label
from healthmon.verdict.words import REASON_WORDS, duration, not_seen, plain, verdict
from healthmon.verdict.zone import Difference

DAY = 86400.0
OLDEST_YEAR = 2020
# A clock whose best figure is this near to the limit is not called unknown because of its error.
NEAR = 1.05
ORDER = ("onvif", "snmp", "rtcp", "rtsp_date", "http_date", "onvif_local")
NAMES = {
    "onvif": "ONVIF clock",
    "onvif_local": "local time",
    "http_date": "web server clock",
    "rtsp_date": "RTSP clock",
    "rtcp": "stream clock",
    "snmp": "SNMP clock",
}
# What proves that the time people see is right. A web server's Date may come from a box in front of the device.
_SEEN = ("onvif_local", "snmp", "rtcp")


def judge(observation: Observation, device: Device) -> tuple[Verdict, ...]:
    """Aspects: offset (drift, zone, reset, invalid), agreement, rule, source."""
    clock = observation.value
    if not isinstance(clock, Clock):
        return (not_seen(observation, "offset", "clock"),)
    if clock.reference is None or clock.reference.offset is None:
        return (
            _unknown(
                observation, Reason.NO_REFERENCE, "clock not checked: no trustworthy time reference"
            ),
        )
    case = _case(observation, device, clock, clock.reference.offset)
    main, step = _offset(case)
    return (main, *_agreement(case, step), *_rule(case, step), *_source(case))


@dataclass(frozen=True, slots=True)
class _Case:
    """One record under judgement: `now` is true time, `known` each clock minus true time, in the order of trust.

    `wrong` is where the device's zone rule goes wrong; `readable` says whether it has one.
    """

    observation: Observation
    device: Device
    clock: Clock
    now: float
    known: Mapping[str, Span]
    wrong: Difference | None
    readable: bool

    def right(self, source: str) -> bool:
        """Whether the best figure of this clock is within its limits."""
        return (
            source in self.known and abs(self.known[source].middle) <= self.device.limits.clock[1]
        )


def _case(observation: Observation, device: Device, clock: Clock, true: Span) -> _Case:
    offsets = {r.source: r.offset for r in clock.readings if r.offset is not None}
    known = {
        name: Span(offsets[name].low - true.high, offsets[name].high - true.low)
        for name in ORDER
        if name in offsets
    }
    now = observation.at + true.middle
    try:
        wrong, readable = rule_difference(clock.zone, device, now), True
    except ValueError:
        wrong, readable = None, False
    return _Case(observation, device, clock, now, known, wrong, readable)


def _unknown(observation: Observation, reason: Reason, sentence: str) -> Verdict:
    return verdict(observation, "offset", State.UNKNOWN, reason.value, sentence, reason=reason)


def _offset(case: _Case) -> tuple[Verdict, float]:
    """The verdict on the clock that is trusted most, and the zone error in seconds that it tells (0.0: none)."""
    invalid = next(
        (r for r in case.clock.readings if r.offset is None and r.stated and r.source == "onvif"),
        None,
    )
    if invalid is not None:
        sentence = f"clock shows no valid date: {plain(invalid.detail or invalid.stated, 60)}"
        return verdict(case.observation, "offset", State.FAULT, "clock_invalid", sentence), 0.0
    fine = (
        source for source, span in case.known.items() if span.error <= case.device.limits.clock[0]
    )
    main = next(fine, next(iter(case.known), None))
    if main is None:
        return _nothing(case), 0.0
    span = case.known[main]
    if abs(span.middle) > DAY:
        return _reset(case, span), 0.0
    if step := step_of(span):
        return _zone(case, main, step), step
    if "onvif_local" in case.known and (step := step_of(case.known["onvif_local"])):
        return _zone(case, "onvif_local", step), step
    return _drift(case, span), 0.0


def _nothing(case: _Case) -> Verdict:
    reasons = [r.reason for r in case.clock.readings if r.reason is not None]
    ours = Reason.AGENT_STALLED in reasons
    reason = Reason.AGENT_STALLED if ours else next(iter(reasons), Reason.NOT_REPORTED)
    none = reason in {Reason.NOT_REPORTED, Reason.UNSUPPORTED}
    words = "the device shows no clock" if none else REASON_WORDS[reason]
    return _unknown(case.observation, reason, f"clock not checked: {words}")


def _reset(case: _Case, span: Span) -> Verdict:
    """A clock without power begins at its first date: long ago, or at some New Year."""
    try:
        shown = datetime.fromtimestamp(case.now + span.middle, UTC)
        words = f"{shown:%d %b %Y %H:%M}"
        new_year = (shown + timedelta(days=1)).timetuple().tm_yday <= 3
        lost = shown.year < OLDEST_YEAR or (span.middle < 0 and new_year)
    except (ValueError, OverflowError, OSError):
        words, lost = f"{duration(span.middle)} off", False
    code = "clock_reset" if lost else "clock_wrong_date"
    what = "clock was reset" if lost else "clock shows a wrong date"
    sentence = f"{what}: it shows {words} UTC"
    return verdict(case.observation, "offset", State.FAULT, code, sentence, value=span.middle)


def _zone(case: _Case, source: str, step: float) -> Verdict:
    """Off by whole quarter hours: only its UTC, where the time that people see is right; else its time."""
    span, told = case.known[source], (step, case.now, case.device, case.clock.zone, case.wrong)
    seen = (
        ["onvif_local"]
        if "onvif_local" in case.known
        else [name for name in _SEEN if name != source]
    )
    right = [name for name in case.known if case.right(name)]
    proof = next((name for name in right if name in seen), None)
    if source != "onvif_local" and proof is not None:
        what = "UTC field" if source == "onvif" else NAMES[source]
        sentence = f"{what} is {_signed(span, step)}, {NAMES[proof]} is right: {why_label(*told)}"
        return verdict(
            case.observation,
            "offset",
            State.DEGRADED,
            "clock_utc_label",
            sentence,
            value=span.middle,
        )
    beside = f"; its {NAMES[right[0]]} is right" if right and source != "onvif_local" else ""
    sentence = f"clock {_signed(span, step)}: {why(*told)}{beside}"
    return verdict(
        case.observation, "offset", State.FAULT, "clock_zone", sentence, value=span.middle
    )


def _signed(span: Span, step: float = 0.0) -> str:
    """The offset in words: the whole `step` where the interval holds it, because the tenths would be ours."""
    shown = step if step and span.low <= step <= span.high else span.middle
    return f"{duration(shown, fine=True)} {'ahead' if shown > 0 else 'behind'}"


def _drift(case: _Case, span: Span) -> Verdict:
    degraded, fault = case.device.limits.clock
    least = 0.0 if span.low <= 0 <= span.high else min(abs(span.low), abs(span.high))
    most = max(abs(span.low), abs(span.high))
    limits = f"(limits {duration(degraded)} / {duration(fault)})"
    error = f" +-{span.error:.1f} s" if span.error >= 0.05 else ""
    if least > degraded:
        state = State.FAULT if least > fault else State.DEGRADED
        sentence = f"clock {_signed(span)}{error} {limits}"
        return verdict(
            case.observation, "offset", state, "clock_drift", sentence, value=span.middle
        )
    if most > degraded and (span.error > degraded or abs(span.middle) > NEAR * degraded):
        sentence = f"clock not checked: known only to +-{duration(span.error)} {limits}"
        return _unknown(case.observation, Reason.NOT_REPORTED, sentence)
    sentence = f"clock right within {duration(max(most, 0.1))} {limits}"
    return verdict(case.observation, "offset", State.OK, "ok", sentence, value=span.middle)


def _agreement(case: _Case, step: float) -> Iterator[Verdict]:
    """Two clocks of one device that cannot both be right; a `step` that is told already is taken out first."""
    limit = case.device.limits.clock[0]
    known = {
        name: _less(span, step) if step and step_of(span) == step else span
        for name, span in case.known.items()
    }
    if any(abs(span.middle) > DAY for name, span in known.items() if name != "onvif_local"):
        known.pop("onvif_local", None)  # its summer time is that of another date
    failed = _failed(case)
    if len(known) < 2 and not (known and failed):
        return
    gaps = [
        (
            max(known[first].low - known[second].high, known[second].low - known[first].high, 0.0),
            first,
            second,
        )
        for first, second in combinations(known, 2)
    ]
    gap, first, second = max(gaps, default=(0.0, "", ""), key=lambda found: round(found[0]))
    if gap > limit:
        pair = f"{NAMES[first]} and {NAMES[second]}"
        sentence = (
            f"clocks of the device disagree: {pair} are {duration(gap)} apart (limit {limit:g} s)"
        )
        yield verdict(
            case.observation, "agreement", State.DEGRADED, "clocks_disagree", sentence, value=gap
        )
        return
    agree = f"{len(known)} clocks agree" if len(known) > 1 else f"{NAMES[next(iter(known))]} read"
    yield verdict(case.observation, "agreement", State.OK, "ok", agree + failed, value=gap)


def reading_words(reading: ClockReading, true: Span | None) -> str:
    """One clock of a device as a person reads it; `true` is true time minus ours, None where nobody knows it."""
    name, said = (
        NAMES[reading.source],
        f", it said {plain(reading.stated, 40)}" if reading.stated else "",
    )
    if reading.offset is None:
        why = REASON_WORDS[reading.reason or Reason.NOT_REPORTED]
        return f"{name}: not read: {why} ({plain(reading.detail, 80)}){said}"
    span = _less(reading.offset, true.middle if true else 0.0)
    than = f"{'of ' if span.middle > 0 else ''}{'true time' if true else 'our own clock'}"
    return f"{name}: {_signed(span)} {than}, +-{span.error + (true.error if true else 0.0):.2f} s{said}"


def _less(span: Span, step: float) -> Span:
    return Span(span.low - step, span.high - step)


def _failed(case: _Case) -> str:
    """The clocks that could not be read, each with its reason."""
    told = [
        f"{NAMES[r.source]} ({REASON_WORDS[r.reason]})"
        for r in case.clock.readings
        if r.reason is not None
    ]
    return f"; not read: {', '.join(told)}" if told else ""


def _rule(case: _Case, step: float) -> Iterator[Verdict]:
    """The device's own zone rule. One that is wrong now although its local time is right is not what it goes by."""
    unused = (
        case.wrong is not None
        and case.wrong.begin.timestamp() <= case.now
        and case.right("onvif_local")
    )
    if case.readable and case.clock.zone is not None and (step or not unused):
        yield rule_verdict(
            case.observation, case.device, case.clock.zone, case.wrong, case.now, step
        )


def _source(case: _Case) -> Iterator[Verdict]:
    """Whether it is set by NTP at all."""
    if case.clock.mode is None:
        return
    by_hand = case.clock.mode == "manual"
    sentence = "clock is set by hand, not by NTP" if by_hand else "clock is set by NTP"
    state = State.DEGRADED if by_hand else State.OK
    yield verdict(case.observation, "source", state, "clock_manual", sentence)
