"""Does the text that must stand in a picture stand there? By what the camera says that it writes. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.checks.evaluation.wording import plain, verdict
from healthmon.model.device import Device
from healthmon.model.enums import State
from healthmon.model.picture import PictureReading
from healthmon.model.results import Observation, Verdict

CODE = "osd_text_differs"


def texts(observation: Observation, device: Device, picture: PictureReading) -> Iterator[Verdict]:
    """Aspect "text"; nothing where no text is expected, or the camera tells nothing of its texts."""
    if not device.osd_text or picture.texts is None:
        return
    shown = ", ".join(f'"{plain(one, 60)}"' for one in picture.texts) or "none"
    if _spelled(device.osd_text) in _spelled(" ".join(picture.texts)):
        sentence = f"text in the picture is {shown}"
        yield verdict(observation, "text", State.OK, "ok", sentence)
        return
    sentence = f'text in the picture is {shown}, must have "{plain(device.osd_text, 60)}"'
    if CODE in (*picture.dismissed, *picture.allowed):
        sentence = f"{sentence}; a person has looked: no fault"
        yield verdict(observation, "text", State.OK, "ok", sentence)
    else:
        yield verdict(observation, "text", State.DEGRADED, CODE, sentence)


def _spelled(text: str) -> str:
    """Blanks and capitals do not count: cameras fold both."""
    return " ".join(text.split()).casefold()
