"""Why the picture of a camera was not judged on a line: the one reason that is true of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from healthmon.checks.function_check.lines import Line
from healthmon.model.device import Device
from healthmon.model.enums import CheckName, State
from healthmon.model.results import Verdict

OFF = "`pictures` is not enabled in config.yaml"
NO_STREAM = "no stream is configured"
NO_TEXT = (
    "no text is configured that must stand in its picture (`osd_text`, `pictures: camera_name`)"
)
NO_POSITION = "`latitude` and `longitude` of its site or of the estate are not configured"
NOT_PLAYED = "no picture of it was judged in this check"
PTZ = "sharpness is compared only while a PTZ camera rests at a preset that it has learned"
NOTHING = "there is no picture to compare: see line C5"
OTHER_VIEW = "the view is not as learned, so its sharpness is not compared: see line C7"
PLAIN = "there is too little in the picture to be sharp"


def why_not_judged(
    line: Line, camera: Device, verdicts: Sequence[Verdict], *, enabled: bool
) -> str:
    """The reason for a `line` that needs a judged picture, by the `verdicts` of the camera; `enabled`
    is whether pictures are judged at all.
    """
    if not enabled:
        return OFF
    pictures = {one.aspect: one for one in verdicts if one.check_type == CheckName.PICTURE}
    if line.number == "C16":
        reading = pictures.get("clock_reading")
        return reading.sentence if reading is not None else line.missing
    if not pictures:
        return _why_not_played(verdicts)
    present = pictures.get("present")
    if present is not None and present.state is State.UNKNOWN:
        return present.sentence
    return _why_of_line(line, camera, pictures)


def _why_of_line(line: Line, camera: Device, pictures: Mapping[str, Verdict]) -> str:
    """The same where the picture was measured."""
    if line.number == "C5":
        return line.missing
    if line.number == "C8":
        return line.missing if camera.position is not None else NO_POSITION
    if line.number == "C18":
        return line.missing if camera.osd_text else NO_TEXT
    return _why_not_compared(line, camera, pictures)


def _why_not_played(verdicts: Sequence[Verdict]) -> str:
    played = any(one.check_type == CheckName.STREAM for one in verdicts)
    return NOT_PLAYED if played else NO_STREAM


def _why_not_compared(line: Line, camera: Device, pictures: Mapping[str, Verdict]) -> str:
    """The same for the lines that compare the picture with the learned ones."""
    present, view = pictures.get("present"), pictures.get("view")
    if present is not None and present.state is State.FAULT:
        return NOTHING
    if (preset := pictures.get("preset")) is not None and line.number == "C7":
        return preset.sentence
    if camera.variant == "ptz":
        return PTZ
    if view is None:
        return line.missing
    return PLAIN if view.state is State.OK else OTHER_VIEW
