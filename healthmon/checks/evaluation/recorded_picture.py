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
from healthmon.model.footage import Sample
from healthmon.model.results import Observation, Verdict

ASPECT = "playback"


def blank(observation: Observation, samples: Sequence[Sample]) -> tuple[Sample, Verdict] | None:
    """The first of `samples` whose picture shows nothing: black, white, of one grey, or a test card."""
    for sample in samples:
        if sample.picture is None or sample.picture.problem:
            continue
        there = present(observation, sample.picture)
        if there.state is State.FAULT:
            code = "recorded_blank"
            return sample, verdict(observation, ASPECT, State.FAULT, code, there.sentence)
    return None


def unlike(
    observation: Observation, samples: Sequence[Sample], device: Device
) -> tuple[Sample, Verdict] | None:
    """The first of `samples` whose picture a person should look at: its clock shows another time than
    that of the footage, or it shows another view than the camera has learned.
    """
    for sample in samples:
        for found in _differences(observation, sample, device):
            if found.state is State.DEGRADED:
                return sample, found
    return None


def words_of(observation: Observation, samples: Sequence[Sample], device: Device) -> str:
    """What was well in the pictures, in words; "" where none could be seen."""
    shown = [one for one in samples if one.picture is not None and not one.picture.problem]
    if not shown:
        return ""
    clocks = [found for one in shown for found in _clocks(observation, one, device)]
    right = ", with the right time in it" if clocks else ""
    return f"; recorded picture seen{right}"


def _differences(observation: Observation, sample: Sample, device: Device) -> Iterator[Verdict]:
    picture = sample.picture
    if picture is None or picture.problem:
        return
    for clock in _clocks(observation, sample, device):
        if "recorded_clock" not in picture.dismissed:
            yield verdict(observation, ASPECT, clock.state, "recorded_clock", clock.sentence)
    known = picture.baseline
    found = view(observation, picture, known) if known and known.peak is not None else None
    if found is not None and not {found.code, "recorded_view"} & set(picture.dismissed):
        yield verdict(observation, ASPECT, found.state, "recorded_view", found.sentence)


def _clocks(observation: Observation, sample: Sample, device: Device) -> Iterator[Verdict]:
    """The clock in the picture against the time by which the recorder dates it."""
    if sample.picture is not None:
        yield from screen_clock.verdicts(observation, device, sample.picture)
