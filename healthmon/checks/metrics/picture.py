"""The metric families of the picture check."""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.checks.metrics import Help, Sample
from healthmon.checks.metrics.clock import offset_samples
from healthmon.model.enums import State
from healthmon.model.picture import CLOCK_LATENCY, CLOCK_STEP, Comparison, PictureReading
from healthmon.model.results import Observation, Verdict

HELP: Help = {
    "healthmon_picture_up": ("gauge", "1 if there is a picture that is neither blank nor frozen."),
    "healthmon_picture_brightness_ratio": ("gauge", "Mean brightness, 1 being white."),
    "healthmon_picture_noise_ratio": ("gauge", "Spread of the noise, 1 being full scale."),
    "healthmon_picture_colour_cast_ratio": (
        "gauge",
        "Mean distance from grey towards blue (component blue) and red (component red).",
    ),
    "healthmon_picture_covered_ratio": ("gauge", "Share of the view that lost its structure."),
    "healthmon_picture_sharpness_ratio": ("gauge", "Sharpness, 1 being that of the learned view."),
    "healthmon_picture_agreement_ratio": (
        "gauge",
        "How well the picture lies on the learned view.",
    ),
    "healthmon_picture_learned": (
        "gauge",
        "Pictures from which the view in this light was learned.",
    ),
    "healthmon_picture_privacy_zone_covered_ratio": (
        "gauge",
        "Share of a privacy zone that is covered in the picture.",
    ),
    "healthmon_picture_view_judged_timestamp_seconds": (
        "gauge",
        "When the view of a PTZ camera was judged last at a preset.",
    ),
}


def samples(observation: Observation, verdicts: tuple[Verdict, ...]) -> Iterator[Sample]:
    """Whether there is a picture, and its figures."""
    labels = (("stream", observation.instance),)
    states = [one.state for one in verdicts if one.aspect in ("present", "moving")]
    if states and State.UNKNOWN not in states:
        yield "healthmon_picture_up", labels, float(State.FAULT not in states)
    picture = observation.value
    if not isinstance(picture, PictureReading) or picture.problem:
        return
    yield from _clock(picture, verdicts)
    yield "healthmon_picture_brightness_ratio", labels, picture.mean / 255
    yield "healthmon_picture_noise_ratio", labels, picture.noise / 255
    for component, value in (("blue", picture.blue), ("red", picture.red)):
        named = (*labels, ("component", component))
        yield "healthmon_picture_colour_cast_ratio", named, value / 128
    yield from _viewed(labels, picture)


def _clock(picture: PictureReading, verdicts: tuple[Verdict, ...]) -> Iterator[Sample]:
    """The worst clock in the picture, by what was read surely."""
    for one in verdicts:
        if one.aspect == "screen_clock" and one.value is not None and picture.true is not None:
            error = (CLOCK_STEP + CLOCK_LATENCY) / 2 + picture.true.error
            yield from offset_samples("picture", one.value, error)


def _viewed(labels: tuple[tuple[str, str], ...], picture: PictureReading) -> Iterator[Sample]:
    for zone in picture.zones:
        named = (*labels, ("zone", str(zone.number)))
        yield "healthmon_picture_privacy_zone_covered_ratio", named, zone.kept
    if picture.ptz is not None and picture.ptz.last is not None:
        judged = picture.ptz.last.at
        yield "healthmon_picture_view_judged_timestamp_seconds", labels, judged
    if picture.baseline is not None:
        yield from _compared(labels, picture.baseline)


def _compared(labels: tuple[tuple[str, str], ...], known: Comparison) -> Iterator[Sample]:
    yield "healthmon_picture_learned", labels, float(known.learned)
    for name, value in (
        ("healthmon_picture_covered_ratio", known.covered),
        ("healthmon_picture_sharpness_ratio", known.focus),
        ("healthmon_picture_agreement_ratio", known.peak),
    ):
        if value is not None:
            yield name, labels, value
