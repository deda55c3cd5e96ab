"""Is the camera recorded, without gaps, and for as long as it must and may? Judged in the
recorder's own time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from healthmon.checks.evaluation.clock import apart
from healthmon.checks.evaluation.durations import duration
from healthmon.checks.evaluation.wording import plain, reason_words, unread_words, verdict
from healthmon.model.device import Device
from healthmon.model.enums import Reason, Span, State
from healthmon.model.footage import DAY, Footage, Unread
from healthmon.model.results import Observation, Verdict

STAMP_TOLERANCE = 60.0
FINE_SECONDS = 3600.0  # what is shorter is told with the seconds of its bounds
WINDOWS = (("24h", DAY), ("7d", 7 * DAY))
_SCHEDULES = {
    "always": "continuous recording",
    "motion": "recording on motion",
    "none": "no recording",
}


def evaluate(observation: Observation, device: Device) -> tuple[Verdict, ...]:
    """Aspects: recording, schedule, gaps, retention, setting, times, covered; those that the make
    cannot tell are left out.
    """
    seen = observation.value
    if not isinstance(seen, Footage):
        return (_unread(observation),)
    recorded = _recording(observation, seen, device)
    found = [recorded]
    for aspect in (_schedule, _retention, _setting, _times, _covered):
        found += aspect(observation, seen, device)
    if recorded.state is not State.FAULT:  # it explains what is missing, and lists are in flux
        found += _gaps(observation, seen, device)
    return tuple(found)


def _unread(observation: Observation) -> Verdict:
    """A recorder that does not answer says nothing about the camera."""
    reason = observation.reason or Reason.NOT_REPORTED
    who = f"recorder {observation.instance}"
    detail = plain(observation.detail).removeprefix(f"{who}: ")
    why = (
        f"not recorded there as configured: {detail}"
        if reason is Reason.NOT_FOUND
        else reason_words(observation)
    )
    more = f" ({detail})" if detail and reason is not Reason.NOT_FOUND else ""
    sentence = f"recording not checked: {who}: {why}{more}"
    return verdict(observation, "recording", State.UNKNOWN, reason.value, sentence, reason=reason)


def age_of(seen: Footage) -> float | None:
    """Seconds since the newest picture in the recorder's own time; None where it is not told."""
    newest = seen.recording.newest
    return max(0.0, seen.now - newest) if newest is not None else None


def _recording(observation: Observation, seen: Footage, device: Device) -> Verdict:
    plan, told, age = device.recording, seen.recording, age_of(seen)
    limit = plan.newest_motion if plan.schedule == "motion" else plan.newest
    if plan.schedule == "none":
        running = told.recording if age is None else age <= limit
        return _unplanned(observation, seen, device, running=running)
    if age is None:
        return _recording_undated(observation, seen, device)
    if age <= limit:
        words = f"recorded: newest picture {duration(age)} old (limit {duration(limit)})"
        return verdict(observation, "recording", State.OK, "ok", words, value=age)
    if plan.schedule == "motion" and told.recording is not False:
        words = f"nothing recorded on motion for {duration(age)} (limit {duration(limit)})"
        return verdict(
            observation, "recording", State.DEGRADED, "no_motion_recorded", words, value=age
        )
    when = clock_time(told.newest or 0.0, seen.now, device, fine=age < FINE_SECONDS)
    words = f"not recorded for {duration(age)}: newest picture {when} (limit {duration(limit)}){_why(seen)}"
    began = seen.read_at - age
    return verdict(
        observation, "recording", State.FAULT, "not_recording", words, value=age, began=began
    )


def _recording_undated(observation: Observation, seen: Footage, device: Device) -> Verdict:
    """By the recorder's word alone: it does not report its newest picture."""
    told = seen.recording
    if told.recording is None:
        words = f"recorder {seen.recorder} reports neither a state nor the newest picture"
        return _unknown(observation, "recording", seen, words, _first(seen, "footage"))
    idle = device.recording.schedule == "motion" and not told.error and told.signal is not False
    if told.recording or idle:
        words = f"recorded: the recorder says {plain(told.state or 'so', 40)}; age of the newest picture not reported"
        return verdict(observation, "recording", State.OK, "ok", words)
    return verdict(
        observation, "recording", State.FAULT, "not_recording", f"not recorded{_why(seen)}"
    )


def _first(seen: Footage, *names: str) -> Unread | None:
    """The first of `names` that the recorder has not told; None where it was asked nothing of it."""
    return next((one for one in seen.unread if one.what in names), None)


def _unknown(
    observation: Observation, aspect: str, seen: Footage, words: str, unread: Unread | None
) -> Verdict:
    """`aspect` is not checked: because of what is `unread`, else `words`."""
    reason = unread.reason if unread else Reason.NOT_REPORTED
    why = f"recorder {seen.recorder}: {unread_words(unread)}" if unread else words
    sentence = f"{aspect} not checked: {why}"
    return verdict(observation, aspect, State.UNKNOWN, reason.value, sentence, reason=reason)


def _unplanned(
    observation: Observation, seen: Footage, device: Device, *, running: bool | None
) -> Verdict:
    if not running:
        return verdict(observation, "recording", State.OK, "ok", "not recorded, as planned")
    newest = seen.recording.newest
    when = f": newest picture {clock_time(newest, seen.now, device)}" if newest is not None else ""
    words = f"recorded although no recording is planned{when}"
    return verdict(observation, "recording", State.DEGRADED, "recording_unplanned", words)


def _why(seen: Footage) -> str:
    """What the recorder itself says about a channel that is not recorded."""
    told = seen.recording
    state = told.state if told.recording is False else None
    said = told.error or ("no video from the camera" if told.signal is False else state)
    return f"; recorder says: {plain(said, 80)}" if said else ""


def clock_time(at: float, now: float, device: Device, *, fine: bool = False) -> str:
    """``04:51``, with the day when it is not today, in the device's zone; `fine`: ``04:51:07``."""
    try:
        zone = ZoneInfo(device.time_zone)
        then, today = datetime.fromtimestamp(at, zone), datetime.fromtimestamp(now, zone)
    except (ValueError, OverflowError, OSError):
        return "at a date that does not exist"
    clock = f"{then:%H:%M:%S}" if fine else f"{then:%H:%M}"
    if then.date() == today.date():
        return clock
    return f"{then:%d %b} {clock}" if then.year == today.year else f"{then:%d %b %Y} {clock}"


def _schedule(observation: Observation, seen: Footage, device: Device) -> Iterator[Verdict]:
    wanted, told = device.recording.schedule, seen.recording.schedule
    if told is None:
        return
    less = wanted == "always" and told != "always"
    if less or (wanted == "motion" and told == "none"):
        words = f"recorder is set to {_SCHEDULES[told]}, {_SCHEDULES[wanted]} is planned"
        yield verdict(observation, "schedule", State.DEGRADED, "schedule_differs", words)
    else:
        yield verdict(
            observation, "schedule", State.OK, "ok", f"recorder is set to {_SCHEDULES[told]}"
        )


def _covered(observation: Observation, seen: Footage, device: Device) -> Iterator[Verdict]:
    """The camera's own alarm that its view is covered, where its recorder passes it on. Without a
    picture there is no view.
    """
    del device
    told = seen.recording
    if told.covered is None or told.signal is False:
        return
    if told.covered:
        words = "the camera's own alarm: its view is covered"
        yield verdict(observation, "covered", State.FAULT, "camera_covered", words)
    else:
        words = "no alarm of the camera's own: its view is not covered"
        yield verdict(observation, "covered", State.OK, "ok", words)


def missing(seen: Footage, seconds: float) -> tuple[list[tuple[float, float]], float] | None:
    """The gaps of the last `seconds` (cut to them) and the length told of; None where gaps are not
    reported.

    Footage that is still missing now is not a gap: "not recorded" says that.
    """
    told = seen.recording
    if told.gaps is None:
        return None
    start = seen.now - seconds
    if told.gaps_since is not None:
        start = max(start, told.gaps_since)
    end = seen.now if told.newest is None else min(told.newest, seen.now)
    if end <= start:
        return None
    cut = [(max(low, start), min(high, end)) for low, high in told.gaps]
    return [(low, high) for low, high in cut if high > low], end - start


def complete(seen: Footage, seconds: float) -> float | None:
    """The share of the last `seconds` that is recorded; None where gaps are not reported."""
    found = missing(seen, seconds)
    if found is None:
        return None
    gaps, length = found
    return max(0.0, 1.0 - sum(high - low for low, high in gaps) / length)


def _gaps(observation: Observation, seen: Footage, device: Device) -> Iterator[Verdict]:
    """A gap counts for 24 hours; the last 7 days are in the metrics."""
    if device.recording.schedule != "always" or not device.recording.gaps:
        return
    unread, found = _first(seen, "footage", "gaps"), missing(seen, DAY)
    if seen.recording.gaps is None and unread is not None:
        yield _unknown(observation, "gaps", seen, "", unread)
    elif found is not None:
        yield _gaps_found(observation, seen, device, found)


def _gaps_found(
    observation: Observation,
    seen: Footage,
    device: Device,
    found: tuple[list[tuple[float, float]], float],
) -> Verdict:
    """What is missing of the last day: `found` are the gaps and the length told of."""
    plan, share = device.recording, complete(seen, DAY) or 0.0
    gaps, length = found
    span = "in the last 24 h" if length > DAY - plan.newest else f"in the last {duration(length)}"
    limits = f"(limits {duration(plan.gap)}, {plan.complete * 100:g} %)"
    longest = max(gaps, key=lambda gap: gap[1] - gap[0], default=(0.0, 0.0))
    size = longest[1] - longest[0]
    if size <= plan.gap and share >= plan.complete:
        words = f"{share * 100:.1f} % recorded {span} {limits}"
        return verdict(observation, "gaps", State.OK, "ok", words, value=share)
    fine = size < FINE_SECONDS
    first, last = (clock_time(edge, seen.now, device, fine=fine) for edge in longest)
    when = f"{first} to {last}"
    count = "gap" if len(gaps) == 1 else f"{len(gaps)} gaps, the longest"
    words = f"{count} of {duration(size)}, {when}; {share * 100:.1f} % recorded {span} {limits}"
    state = State.FAULT if share < plan.complete else State.DEGRADED
    began = seen.read_at - (seen.now - longest[0])
    return verdict(observation, "gaps", state, "recording_gap", words, value=share, began=began)


def _retention(observation: Observation, seen: Footage, device: Device) -> Iterator[Verdict]:
    told, unread = seen.recording, _first(seen, "footage", "oldest")
    words = f"recorder {seen.recorder} does not report its oldest footage"
    if unread is not None:  # what earlier sessions have told may be gone
        yield _unknown(observation, "retention", seen, words, unread)
    elif told.oldest is not None:
        yield _kept(observation, seen, max(0.0, seen.now - told.oldest), device)
    elif told.newest is not None or told.recording:
        yield _unknown(observation, "retention", seen, words, None)


def _kept(observation: Observation, seen: Footage, age: float, device: Device) -> Verdict:
    """How long footage is kept: `age` of the oldest, seconds."""
    plan, (least, most) = device.recording, device.recording.retention
    if plan.since is not None:  # it began some time on that day
        least = min(least, max(0.0, observation.at - plan.since - DAY))
    if age > most:
        return _kept_long(observation, seen, age, device)
    if age < least and plan.schedule != "none":
        state = State.FAULT if plan.schedule == "always" and age < least - DAY else State.DEGRADED
        words = f"oldest footage {days(age)}, must be {days(least)}"
        return verdict(observation, "retention", state, "retention_short", words, value=age)
    words = f"footage kept {days(age)} (limits {days(least)} / {days(most)})"
    return verdict(observation, "retention", State.OK, "ok", words, value=age)


def _kept_long(observation: Observation, seen: Footage, age: float, device: Device) -> Verdict:
    """Footage beyond the limit: locked as evidence, or a breach of data protection."""
    told, most = seen.recording, device.recording.retention[1]
    if (
        told.locked_until is not None
        and told.oldest is not None
        and told.oldest <= told.locked_until
    ):
        until = clock_time(told.locked_until, seen.now, device)
        words = f"oldest footage {days(age)} is kept as evidence (locked until {until}); limit {days(most)} not applied"
        return verdict(observation, "retention", State.OK, "ok", words, value=age)
    words = f"footage kept {days(age)}, limit {days(most)}: data protection"
    return verdict(observation, "retention", State.FAULT, "retention_long", words, value=age)


def days(seconds: float) -> str:
    """``31 d``, ``29 d 7 h``; under two days as `duration`."""
    if seconds < 2 * DAY:
        return duration(seconds)
    whole, hours = divmod(int(seconds) // 3600, 24)
    return f"{whole} d {hours} h" if hours else f"{whole} d"


def _setting(observation: Observation, seen: Footage, device: Device) -> Iterator[Verdict]:
    """What the recorder is set to keep against what it must; 0 is "unlimited" for most makes and
    says nothing.
    """
    kept = seen.recording.retention_seconds
    if not kept:
        return
    least, most = device.recording.retention
    wrong = kept > most or kept < least
    words = f"recorder is set to keep {days(kept)} (limits {days(least)} / {days(most)})"
    yield verdict(
        observation,
        "setting",
        State.DEGRADED if wrong else State.OK,
        "retention_setting",
        words,
        value=kept,
    )


def _times(observation: Observation, seen: Footage, device: Device) -> Iterator[Verdict]:
    """Whether footage is stamped with the time that it was taken at.

    A recorder or camera whose clock is wrong against true time is named by its own clock check,
    once.
    """
    newest = seen.recording.newest
    if newest is not None and _stamped_ahead(seen):
        words = f"newest picture is stamped {duration(newest - seen.now)} ahead of the recorder's own clock"
        words += f" (limit {duration(STAMP_TOLERANCE)})"
        yield verdict(
            observation, "times", State.FAULT, "recording_clock", words, value=newest - seen.now
        )
        return
    if (
        seen.clock is None
        or seen.camera_clock is None
        or _known_wrong(seen, device.limits.clock[1])
    ):
        return
    gap = apart(seen.clock, seen.camera_clock)
    limit = device.limits.clock[1]
    offset = seen.clock.middle - seen.camera_clock.middle
    side = "ahead of" if offset > 0 else "behind"
    words = (
        f"footage is stamped {duration(offset)} {side} the camera's clock (limit {duration(limit)})"
    )
    if gap > limit:
        yield verdict(observation, "times", State.FAULT, "recording_clock", words, value=offset)
    else:
        words = f"recorder and camera have the same time within {duration(limit)}"
        yield verdict(observation, "times", State.OK, "ok", words, value=offset)


def _stamped_ahead(seen: Footage) -> bool:
    """Whether the newest footage lies ahead of the recorder's own clock."""
    newest, clock = seen.recording.newest, seen.clock
    if newest is None or clock is None:
        return False
    return newest - seen.now > STAMP_TOLERANCE + clock.error


def stamping(seen: Footage) -> Span | None:
    """The recorder's clock minus true time, None where that is not known or footage is stamped by
    another one.
    """
    if seen.clock is None or seen.true is None or _stamped_ahead(seen):
        return None
    return Span(seen.clock.low - seen.true.high, seen.clock.high - seen.true.low)


def _known_wrong(seen: Footage, limit: float) -> bool:
    """Whether the recorder's or the camera's clock is outside its limit against true time."""
    return seen.true is not None and any(
        apart(clock, seen.true) > limit
        for clock in (seen.clock, seen.camera_clock)
        if clock is not None
    )
