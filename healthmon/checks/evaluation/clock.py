"""Are the device's clocks right? Intervals are compared: a fault only where all of one is outside a
limit.

One cause is told once: what the verdict on the offset says is taken out of what is said of clocks
that disagree and of the time zone rule. A clock that could not be read is named and is never a
fault.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations

from healthmon.checks.evaluation import time_source
from healthmon.checks.evaluation.clock_zone import (
    finding_of,
    rule_verdict,
    step_of,
    why,
    why_label,
)
from healthmon.checks.evaluation.durations import duration
from healthmon.checks.evaluation.wording import REASON_WORDS, not_seen, plain, verdict
from healthmon.checks.evaluation.zone import Difference, ZoneFinding, ZoneState
from healthmon.model.device import Device
from healthmon.model.enums import Reason, Span, State
from healthmon.model.measurements import Clock, ClockReading
from healthmon.model.results import Observation, Verdict

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
# What proves that the time people see is right. A web server's Date may come from a box in front of
# the device.
_SEEN = ("onvif_local", "snmp", "rtcp")


def evaluate(observation: Observation, device: Device) -> tuple[Verdict, ...]:
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
    reading = _reading(observation, device, clock, clock.reference.offset)
    main, step = _offset(reading)
    return (
        main,
        *_agreement(reading, step),
        *_rule(reading, step),
        *time_source.evaluate(observation, device, clock),
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    """One record under judgement: `now` is true time, `known` each clock minus true time, in the
    order of trust.

    `zone` is what is known of the device's own zone, None where it was not asked for it.
    """

    observation: Observation
    device: Device
    clock: Clock
    now: float
    known: Mapping[str, Span]
    zone: ZoneFinding | None

    @property
    def wrong(self) -> Difference | None:
        """Where the device's own zone rule goes wrong."""
        return self.zone.wrong if self.zone is not None else None

    def right(self, source: str) -> bool:
        """Whether the best figure of this clock is within its limits."""
        return (
            source in self.known and abs(self.known[source].middle) <= self.device.limits.clock[1]
        )


def _reading(observation: Observation, device: Device, clock: Clock, true: Span) -> _Reading:
    known = offsets(clock)
    now = observation.at + true.middle
    zone = finding_of(clock, device, now, known.get("onvif_local"))
    return _Reading(observation, device, clock, now, known, zone)


def offsets(clock: Clock) -> dict[str, Span]:
    """Each clock of a device that was read, minus true time, in the order of trust; none without a
    time reference.
    """
    true = clock.reference.offset if clock.reference is not None else None
    read = {one.source: one.offset for one in clock.readings if one.offset is not None}
    if true is None:
        return {}
    return {
        name: Span(read[name].low - true.high, read[name].high - true.low)
        for name in ORDER
        if name in read
    }


def seen_offset(clock: Clock) -> Span | None:
    """The time of a device as people see it, minus true time: its local time where it tells that, as
    finely as another of its clocks that agrees tells it. None where it is not known.
    """
    found = {name: span for name, span in offsets(clock).items() if name != "rtcp"}
    local = found.get("onvif_local")
    fitting = [one for one in found.values() if local is None or apart(one, local) == 0]
    return min(fitting, key=lambda one: one.error, default=None)


def apart(one: Span, other: Span) -> float:
    """How far two intervals are from each other at least, seconds; 0.0 where they overlap."""
    return max(one.low - other.high, other.low - one.high, 0.0)


def _unknown(observation: Observation, reason: Reason, sentence: str) -> Verdict:
    return verdict(observation, "offset", State.UNKNOWN, reason.value, sentence, reason=reason)


def _offset(reading: _Reading) -> tuple[Verdict, float]:
    """The verdict on the clock that is trusted most, and the zone error in seconds that it tells
    (0.0: none).
    """
    invalid = _no_date(reading)
    if invalid is not None:
        return invalid, 0.0
    main = _trusted(reading)
    if main is None:
        return _nothing(reading), 0.0
    span = reading.known[main]
    if abs(span.middle) > DAY:
        return _reset(reading, span), 0.0
    for source in (main, "onvif_local"):
        if source in reading.known and (step := step_of(reading.known[source])):
            return _zone(reading, source, step), step
    return _drift(reading, span), 0.0


def _no_date(reading: _Reading) -> Verdict | None:
    """The fault of a clock that shows no date at all."""
    for one in reading.clock.readings:
        if one.source == "onvif" and one.offset is None and one.stated:
            sentence = f"clock shows no valid date: {plain(one.detail or one.stated, 60)}"
            return verdict(reading.observation, "offset", State.FAULT, "clock_invalid", sentence)
    return None


def _trusted(reading: _Reading) -> str | None:
    """The first clock that is read finely enough, else the first that is read."""
    limit = reading.device.limits.clock[0]
    fine = (source for source, span in reading.known.items() if span.error <= limit)
    return next(fine, next(iter(reading.known), None))


def _nothing(reading: _Reading) -> Verdict:
    reasons = [r.reason for r in reading.clock.readings if r.reason is not None]
    ours = Reason.AGENT_STALLED in reasons
    reason = Reason.AGENT_STALLED if ours else next(iter(reasons), Reason.NOT_REPORTED)
    none = reason in {Reason.NOT_REPORTED, Reason.UNSUPPORTED}
    words = "the device shows no clock" if none else REASON_WORDS[reason]
    return _unknown(reading.observation, reason, f"clock not checked: {words}")


def _reset(reading: _Reading, span: Span) -> Verdict:
    """A clock without power begins at its first date: long ago, or at some New Year."""
    try:
        shown = datetime.fromtimestamp(reading.now + span.middle, UTC)
        words = f"{shown:%d %b %Y %H:%M}"
        new_year = (shown + timedelta(days=1)).timetuple().tm_yday <= 3
        lost = shown.year < OLDEST_YEAR or (span.middle < 0 and new_year)
    except (ValueError, OverflowError, OSError):
        words, lost = f"{duration(span.middle)} off", False
    code = "clock_reset" if lost else "clock_wrong_date"
    what = "clock was reset" if lost else "clock shows a wrong date"
    sentence = f"{what}: it shows {words} UTC"
    return verdict(reading.observation, "offset", State.FAULT, code, sentence, value=span.middle)


def _zone(reading: _Reading, source: str, step: float) -> Verdict:
    """Off by whole quarter hours: only its UTC, where the time that people see is right; else its
    time.
    """
    span = reading.known[source]
    told = (step, reading.now, reading.device, reading.clock.zone, reading.wrong)
    right = [name for name in reading.known if reading.right(name)]
    proof = next((name for name in right if name in _seen_beside(reading, source)), None)
    if source != "onvif_local" and proof is not None:
        what = "UTC field" if source == "onvif" else NAMES[source]
        sentence = f"{what} is {_signed(span, step)}, {NAMES[proof]} is right: {why_label(*told)}"
        return verdict(
            reading.observation,
            "offset",
            State.DEGRADED,
            "clock_utc_label",
            sentence,
            value=span.middle,
        )
    beside = f"; its {NAMES[right[0]]} is right" if right and source != "onvif_local" else ""
    sentence = f"clock {_signed(span, step)}: {why(*told)}{beside}"
    return verdict(
        reading.observation, "offset", State.FAULT, "clock_zone", sentence, value=span.middle
    )


def _seen_beside(reading: _Reading, source: str) -> Sequence[str]:
    """The clocks that people see, other than `source`: the local time where it is reported."""
    if "onvif_local" in reading.known:
        return ("onvif_local",)
    return [name for name in _SEEN if name != source]


def _signed(span: Span, step: float = 0.0) -> str:
    """The offset in words: the whole `step` where the interval holds it, because the tenths would
    be ours.
    """
    shown = step if step and span.low <= step <= span.high else span.middle
    return f"{duration(shown, fine=True)} {'ahead' if shown > 0 else 'behind'}"


def _drift(reading: _Reading, span: Span) -> Verdict:
    degraded, fault = reading.device.limits.clock
    least = 0.0 if span.low <= 0 <= span.high else min(abs(span.low), abs(span.high))
    most = max(abs(span.low), abs(span.high))
    limits = f"(limits {duration(degraded)} / {duration(fault)})"
    error = f" +-{span.error:.1f} s" if span.error >= 0.05 else ""
    if least > degraded:
        state = State.FAULT if least > fault else State.DEGRADED
        sentence = f"clock {_signed(span)}{error} {limits}"
        return verdict(
            reading.observation, "offset", state, "clock_drift", sentence, value=span.middle
        )
    if most > degraded and (span.error > degraded or abs(span.middle) > NEAR * degraded):
        sentence = f"clock not checked: known only to +-{duration(span.error)} {limits}"
        return _unknown(reading.observation, Reason.NOT_REPORTED, sentence)
    sentence = f"clock right within {duration(max(most, 0.1))} {limits}"
    return verdict(reading.observation, "offset", State.OK, "ok", sentence, value=span.middle)


def _agreement(reading: _Reading, step: float) -> Iterator[Verdict]:
    """Two clocks of one device that cannot both be right; a `step` that is told already is taken
    out first.
    """
    limit = reading.device.limits.clock[0]
    known = _without_step(reading, step)
    failed = _failed(reading)
    if len(known) < 2 and not (known and failed):
        return
    gap, first, second = _widest_gap(known)
    if gap > limit:
        pair = f"{NAMES[first]} and {NAMES[second]}"
        sentence = (
            f"clocks of the device disagree: {pair} are {duration(gap)} apart (limit {limit:g} s)"
        )
        yield verdict(
            reading.observation,
            "agreement",
            State.DEGRADED,
            "clocks_disagree",
            sentence,
            value=gap,
        )
        return
    sentence = _agree_words(reading, known) + failed
    yield verdict(reading.observation, "agreement", State.OK, "ok", sentence, value=gap)


def _without_step(reading: _Reading, step: float) -> dict[str, Span]:
    """The clocks that are compared, those that show `step` without it."""
    known = dict(reading.known)
    for name, span in reading.known.items():
        if step and step_of(span) == step:
            known[name] = _less(span, step)
    others = (span for name, span in known.items() if name != "onvif_local")
    if any(abs(span.middle) > DAY for span in others):
        known.pop("onvif_local", None)  # its summer time is that of another date
    return known


def _widest_gap(known: Mapping[str, Span]) -> tuple[float, str, str]:
    """How far apart (seconds) which two clocks are at least."""
    gaps = [
        (
            apart(known[first], known[second]),
            first,
            second,
        )
        for first, second in combinations(known, 2)
    ]
    return max(gaps, default=(0.0, "", ""), key=lambda found: round(found[0]))


def _agree_words(reading: _Reading, known: Mapping[str, Span]) -> str:
    """How many clocks agree."""
    moved = [name for name in known if known[name] != reading.known[name]]
    if 0 < len(moved) < len(known):
        return "the difference between its clocks is reported with its time"
    if len(known) > 1:
        return f"{len(known)} clocks agree"
    return f"{NAMES[next(iter(known))]} read"


def reading_words(reading: ClockReading, true: Span | None) -> str:
    """One clock of a device as a person reads it; `true` is true time minus ours, None where nobody
    knows it.
    """
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


def _failed(reading: _Reading) -> str:
    """The clocks that could not be read, each with its reason."""
    told = [
        f"{NAMES[r.source]} ({REASON_WORDS[r.reason]})"
        for r in reading.clock.readings
        if r.reason is not None
    ]
    return f"; not read: {', '.join(told)}" if told else ""


def _rule(reading: _Reading, step: float) -> Iterator[Verdict]:
    """The device's own zone rule. One that is wrong now although its local time is right is not
    what it goes by.
    """
    zone, rule = reading.zone, reading.clock.zone
    if zone is None or rule is None:
        return
    known = zone.state in (ZoneState.RIGHT, ZoneState.WRONG)
    if step and not known:
        return
    wrong_now = zone.state is ZoneState.WRONG and (
        zone.wrong is None or zone.wrong.begin.timestamp() <= reading.now
    )
    if step or not (wrong_now and reading.right("onvif_local")):
        told = (reading.now, step)
        sure = reading.right("onvif_local")
        yield rule_verdict(reading.observation, reading.device, rule, zone, told, sure=sure)
