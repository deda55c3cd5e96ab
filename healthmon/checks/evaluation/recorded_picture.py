"""What the picture of recorded footage shows: anything at all, the view that the camera has learned, and
the time of its own moment. Pure.

One picture cannot tell whether it is frozen. What cannot be judged gives no verdict, except for a
clock that is known: that it was not read must hide no wrong one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from healthmon.checks.evaluation import screen_clock
from healthmon.checks.evaluation.picture import present, view
from healthmon.checks.evaluation.wording import verdict
from healthmon.model.device import Device
from healthmon.model.enums import Reason, State
from healthmon.model.picture import PictureReading
from healthmon.model.results import Observation, Verdict

ASPECT, CLOCK = "playback", "recorded_clock"
Shown = Sequence[tuple[str, PictureReading]]  # its age in words, and what was measured


def blank(observation: Observation, shown: Shown) -> Verdict | None:
    """That a picture shows nothing: black, white, one grey, or a test card."""
    for age, picture in shown:
        there = present(observation, picture)
        if there.state is State.FAULT:
            return _recorded(observation, there, "recorded_blank", age)
    return None


def unlike(observation: Observation, shown: Shown) -> Verdict | None:
    """That a person should look at a picture: it shows another view than the camera has learned.
    Nothing of what a person has called a false alarm.
    """
    for age, picture in shown:
        known = picture.baseline
        found = view(observation, picture, known) if known and known.peak is not None else None
        dismissed = found is None or {found.code, "recorded_view"} & set(picture.dismissed)
        if found is not None and found.state is State.DEGRADED and not dismissed:
            return _recorded(observation, found, "recorded_view", age)
    return None


def clock(observation: Observation, shown: Shown, device: Device) -> Iterator[Verdict]:
    """Aspect "recorded_clock", where a clock is known: wrong in any picture, not checked where one was
    not read, else right.
    """
    judged = list(_clocks(observation, shown, device))
    wrong = [pair for pair in judged if pair[1].state is State.DEGRADED]
    unread = [pair for pair in judged if pair[1].aspect == "clock_reading"]
    if wrong:
        age, found = wrong[0]
        sentence = f"recorded picture of {age}: {found.sentence}"
        yield verdict(observation, CLOCK, State.DEGRADED, "recorded_clock", sentence)
    elif unread:
        age, found = unread[0]
        sentence = f"clock in the recorded picture of {age} not checked: {found.sentence}"
        reason = Reason.NOT_REPORTED
        yield verdict(observation, CLOCK, State.UNKNOWN, reason.value, sentence, reason=reason)
    elif judged:
        ages = " and ".join(age for age, _ in judged)
        sentence = f"clock in the recorded picture of {ages} is right"
        yield verdict(observation, CLOCK, State.OK, "ok", sentence)


def _clocks(
    observation: Observation, shown: Shown, device: Device
) -> Iterator[tuple[str, Verdict]]:
    """Age and verdict of each picture with a known clock, but where a person has called it a false
    alarm.
    """
    for age, picture in shown:
        if picture.clocks and "recorded_clock" not in picture.dismissed:
            for found in screen_clock.verdicts(observation, device, picture):
                yield age, found


def _recorded(observation: Observation, found: Verdict, code: str, age: str) -> Verdict:
    sentence = f"recorded picture of {age}: {found.sentence}"
    return verdict(observation, ASPECT, found.state, code, sentence)
