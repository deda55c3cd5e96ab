"""Can footage be played, is it of the time that was asked for, and is the clock in its picture right?
Each is the worst of the samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from healthmon.checks.evaluation.durations import duration
from healthmon.checks.evaluation.recording import clock_time
from healthmon.checks.evaluation.wording import REASON_WORDS, plain, reason_words, verdict
from healthmon.model.device import Device
from healthmon.model.enums import Reason, State
from healthmon.model.footage import Playback, Sample
from healthmon.model.results import Observation, Verdict

EARLIER, LATER = 300.0, 60.0
ZONE_STEP, ZONE_TOLERANCE = 900.0, 30.0
AGE_WORDS = {"5m": "5 min ago", "24h": "24 h ago", "oldest": "the oldest hour"}
# An answer of the recorder to this check; every other reason leaves it open.
_REFUSALS = frozenset({
    Reason.TIMEOUT, Reason.RESET, Reason.PROTOCOL, Reason.TOO_LARGE, Reason.NOT_FOUND, Reason.NO_VIDEO_TRACK,
    Reason.ADDRESS_MISMATCH, Reason.FORBIDDEN,
})  # fmt: skip


def evaluate(observation: Observation, device: Device) -> tuple[Verdict, ...]:
    """Aspect "playback" (value: how many samples are bad); "recorded_clock" where its clock is known
    and footage of the right time was played.
    """
    seen = observation.value
    if not isinstance(seen, Playback):
        reason = observation.reason or Reason.NOT_REPORTED
        detail = f" ({plain(observation.detail)})" if observation.detail else ""
        why = f"recorder {observation.instance}: {reason_words(observation)}{detail}"
        sentence = f"playback not checked: {why}"
        return (
            verdict(observation, "playback", State.UNKNOWN, reason.value, sentence, reason=reason),
        )
    wrong = _not_as_asked(observation, seen, device)
    return (wrong,) if wrong else tuple(_by_content(observation, seen, device))


def _not_as_asked(observation: Observation, seen: Playback, device: Device) -> Verdict | None:
    """That footage was refused, or is of a wrong time."""
    failed = [s for s in seen.samples if _has_failed(s)]
    if failed:
        sentence = f"footage {_failed(failed)}{_rest(_played(seen), 'plays')}"
        return verdict(
            observation, "playback", State.FAULT, "playback_failed", sentence, value=len(failed)
        )
    played = _played(seen)
    late = _late(played, device)
    wrong = [s for s in played if _shift(s) < -EARLIER]
    if _clock_is_wrong(late, played):
        wrong += late
    if wrong:
        sentence = f"footage {_dated(wrong[0], seen, device)} (limit {duration(LATER)})"
        return verdict(
            observation, "playback", State.FAULT, "playback_time", sentence, value=len(wrong)
        )
    return None


def _by_content(observation: Observation, seen: Playback, device: Device) -> Iterator[Verdict]:
    """Of footage of the right time: its pictures and its holes, then the clock in its pictures. What
    judges pictures is imported only where one was measured.
    """
    holes = _holes(observation, seen, device)
    played = _played(seen)
    shown = [(AGE_WORDS[s.age], s.picture) for s in played if s.picture and not s.picture.problem]
    if not shown:
        yield holes or _well(observation, seen, "")
        return
    from healthmon.checks.evaluation import recorded_picture as recorded

    blank, unlike = recorded.blank(observation, shown), recorded.unlike(observation, shown)
    yield blank or holes or unlike or _well(observation, seen, "; recorded picture seen")
    yield from recorded.clock(observation, shown, device)


def _late(played: Sequence[Sample], device: Device) -> list[Sample]:
    """Samples that begin later than they should, where something is always recorded."""
    always = device.recording.schedule == "always"
    return [s for s in played if always and _shift(s) > LATER]


def _holes(observation: Observation, seen: Playback, device: Device) -> Verdict | None:
    played = _played(seen)
    late = _late(played, device)
    holes = [s for s in played if s.jumps or s in late]
    if not holes:
        return None
    sentence = f"footage {_hole(holes[0], seen, device)}"
    return verdict(
        observation, "playback", State.DEGRADED, "playback_gap", sentence, value=len(holes)
    )


def _has_failed(sample: Sample) -> bool:
    if sample.reason is not None:
        return sample.reason in _REFUSALS
    return bool(sample.asked and not sample.frames)


def _played(seen: Playback) -> list[Sample]:
    return [s for s in seen.samples if s.asked and not s.reason and s.frames]


def _shift(sample: Sample) -> float:
    """How much later the footage is than asked; 0 where it is not dated."""
    return (
        sample.first - sample.asked
        if sample.first is not None and sample.asked is not None
        else 0.0
    )


def well(sample: Sample) -> bool | None:
    """Whether footage was played and had the right time; None where nothing was to be played or it
    is not known.
    """
    if sample.asked is None or (sample.reason is not None and sample.reason not in _REFUSALS):
        return None
    return sample.reason is None and sample.frames > 0 and -EARLIER <= _shift(sample) <= LATER


def _clock_is_wrong(late: Sequence[Sample], played: Sequence[Sample]) -> bool:
    """Whether later footage is a wrong date, not a hole: the same step everywhere, or a
    whole zone.
    """
    shifts = [_shift(s) for s in late]
    if not shifts:
        return False
    same = len(late) > 1 and len(late) == len(played) and max(shifts) - min(shifts) <= LATER
    return same or all(abs(x - round(x / ZONE_STEP) * ZONE_STEP) <= ZONE_TOLERANCE for x in shifts)


def _failed(samples: Sequence[Sample]) -> str:
    first = samples[0]
    if first.reason is None:
        why = f"nothing came in {duration(first.watched)}"
    else:
        why = REASON_WORDS[first.reason] + (f" ({plain(first.detail, 80)})" if first.detail else "")
    return f"of {_ages(samples)} does not play: {why}"


def _rest(samples: Sequence[Sample], what: str) -> str:
    return f"; that of {_ages(samples)} {what}" if samples else ""


def _ages(samples: Sequence[Sample]) -> str:
    words = [AGE_WORDS[s.age] for s in samples]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _dated(sample: Sample, seen: Playback, device: Device) -> str:
    asked, first = sample.asked or 0.0, sample.first or 0.0
    now = seen.read_at + (seen.clock.middle if seen.clock else 0.0)
    shown, wanted = clock_time(first, now, device), clock_time(asked, now, device)
    side = "later" if first > asked else "earlier"
    return f"asked for {wanted} is dated {shown}: {duration(first - asked)} {side}"


def _hole(sample: Sample, seen: Playback, device: Device) -> str:
    now = seen.read_at + (seen.clock.middle if seen.clock else 0.0)
    low, high = sample.jumps[0] if sample.jumps else (sample.asked or 0.0, sample.first or 0.0)
    span = f"from {clock_time(low, now, device)} to {clock_time(high, now, device)}"
    return f"of {AGE_WORDS[sample.age]} has a hole of {duration(high - low)}, {span} (limit {duration(LATER)})"


def _well(observation: Observation, seen: Playback, pictures: str) -> Verdict:
    played = _played(seen)
    if not played:
        return _not_played(observation, seen)
    dated = all(s.first is not None for s in played)
    times = f"its time is right (limit {duration(LATER)})" if dated else "its time is not reported"
    sentence = f"footage of {_ages(played)} plays; {times}{pictures}"
    return verdict(observation, "playback", State.OK, "ok", sentence, value=0.0)


def _not_played(observation: Observation, seen: Playback) -> Verdict:
    """Nothing was played: by the first reason that a sample gives."""
    reasons = [s.reason for s in seen.samples if s.reason is not None]
    skipped = [s.skipped for s in seen.samples if s.skipped]
    why = [REASON_WORDS[reason] for reason in reasons] + skipped + ["nothing to play"]
    sentence = f"playback not checked: recorder {seen.recorder}: {why[0]}"
    reason = reasons[0] if reasons else Reason.NOT_REPORTED
    return verdict(observation, "playback", State.UNKNOWN, reason.value, sentence, reason=reason)
