"""What the picture of recorded footage shows: anything at all, the time of its own moment, and the view
that the camera has learned. Pure.

One picture cannot tell whether it is frozen. What cannot be judged gives no verdict.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from healthmon.checks.evaluation import screen_clock
from healthmon.checks.evaluation.picture import present, view
from healthmon.checks.evaluation.wording import verdict
from healthmon.model.device import Device
from healthmon.model.enums import State
from healthmon.model.picture import PictureReading
from healthmon.model.results import Observation, Verdict

ASPECT = "playback"
Shown = Sequence[tuple[str, PictureReading]]  # its age in words, and what was measured


def blank(observation: Observation, shown: Shown) -> Verdict | None:
    """That a picture shows nothing: black, white, one grey, or a test card."""
    for age, picture in shown:
        there = present(observation, picture)
        if there.state is State.FAULT:
            return _recorded(observation, there, "recorded_blank", age)
    return None


def unlike(observation: Observation, shown: Shown, device: Device) -> Verdict | None:
    """That a person should look at a picture: its clock shows another time than that of the footage, or
    it shows another view than the camera has learned.
    """
    for age, picture in shown:
        for found in _differences(observation, age, picture, device):
            if found.state is State.DEGRADED:
                return found
    return None


def words_of(observation: Observation, shown: Shown, device: Device) -> str:
    """What was well in the pictures, in words."""
    clocks = [
        found
        for _, picture in shown
        for found in screen_clock.verdicts(observation, device, picture)
    ]
    right = ", with the right time in it" if clocks else ""
    return f"; recorded picture seen{right}"


def _recorded(observation: Observation, found: Verdict, code: str, age: str) -> Verdict:
    sentence = f"recorded picture of {age}: {found.sentence}"
    return verdict(observation, ASPECT, found.state, code, sentence)


def _differences(
    observation: Observation, age: str, picture: PictureReading, device: Device
) -> Iterator[Verdict]:
    """The verdicts that the live picture would get, as those of the recorded one, without what a person
    has called a false alarm.
    """
    if "recorded_clock" not in picture.dismissed:
        for clock in screen_clock.verdicts(observation, device, picture):
            yield _recorded(observation, clock, "recorded_clock", age)
    known = picture.baseline
    found = view(observation, picture, known) if known and known.peak is not None else None
    if found is not None and not {found.code, "recorded_view"} & set(picture.dismissed):
        yield _recorded(observation, found, "recorded_view", age)
