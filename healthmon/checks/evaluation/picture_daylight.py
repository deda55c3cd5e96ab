"""Has a camera switched between day and night? Colour by day, and by night grey or bright enough. Pure.

Judged only where the sun has stood clearly above or below the horizon for an hour, and against what
the camera has learned of itself: one that never showed a colour may have none.
"""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.checks.evaluation.sun import elevation
from healthmon.checks.evaluation.wording import verdict
from healthmon.model.device import Device
from healthmon.model.enums import State
from healthmon.model.picture import COLOUR, GREY, PictureReading
from healthmon.model.results import Observation, Verdict

CLEARLY = 6.0  # degrees above or below the horizon: civil twilight
SWITCHING = 3600.0
DARKER = 0.6  # of the brightness of its learned grey pictures
BY_DAY = "night_mode_by_day"
BY_NIGHT = "day_mode_by_night"


def daylight(
    observation: Observation, device: Device, picture: PictureReading
) -> Iterator[Verdict]:
    """Aspect "daylight"; nothing where it cannot be told."""
    height = _height(observation.at, device)
    if height is None:
        return
    told = _by_day(picture, height) if height > 0 else _by_night(picture, height)
    if told is None:
        return
    wrong, sentence = told
    value = picture.colour
    if not wrong:
        yield verdict(observation, "daylight", State.OK, "ok", sentence, value=value)
    elif height > 0 and BY_DAY not in picture.dismissed:
        yield verdict(observation, "daylight", State.DEGRADED, BY_DAY, sentence, value=value)
    elif height <= 0 and BY_NIGHT not in picture.dismissed:
        yield verdict(observation, "daylight", State.DEGRADED, BY_NIGHT, sentence, value=value)


def _height(at: float, device: Device) -> float | None:
    """How high the sun stands, degrees; None in twilight, within an hour of it, and where the place
    is not known.
    """
    if device.position is None:
        return None
    now, before = (elevation(one, *device.position) for one in (at, at - SWITCHING))
    if min(now, before) > CLEARLY or max(now, before) < -CLEARLY:
        return now
    return None


def _by_day(picture: PictureReading, height: float) -> tuple[bool, str] | None:
    """Whether it is wrong, and why; None where that is not known."""
    sun = f"the sun stands {height:.0f} degrees high"
    if picture.colour >= COLOUR:
        return False, f"in colour by day: {sun}"
    known = picture.baseline
    if picture.colour > GREY or known is None or not known.coloured:
        return None
    return True, f"no colour by day: {sun}, and the camera has shown colour before"


def _by_night(picture: PictureReading, height: float) -> tuple[bool, str] | None:
    """The same by night."""
    sun = f"the sun stands {-height:.0f} degrees below the horizon"
    if picture.colour <= GREY:
        return False, f"without colour by night: {sun}"
    grey = picture.baseline.grey_level if picture.baseline is not None else None
    if grey is None or picture.colour < COLOUR:
        return None
    levels = f"mean grey level {picture.mean:.0f}, {grey:.0f} in its pictures without colour"
    if picture.mean < DARKER * grey:
        return (
            True,
            f"in colour by night and dark: {levels} (limit {DARKER * 100:.0f} %); {sun}",
        )
    return False, f"in colour by night, and bright enough: {levels}; {sun}"
