"""The lines of the function check: one table. The sheet, its totals and docs/function-check.md are
made from it.

A line takes the verdicts of its `sources`. What no check of this version can know is `later`: the
line fails where its sources fail, and is else not checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from healthmon.model.device import Device
from healthmon.model.enums import CheckName
from healthmon.model.results import Verdict

# The check type of what a person has raised (`healthmon.incidents.incident.PERSON`).
RAISED_BY_A_PERSON = "person"


class Of(StrEnum):
    """Of which device a verdict is taken, seen from the camera of the row."""

    CAMERA = "the camera"
    RECORDER = "its recorder"
    UPS = "the UPSes that it and its recorder hang on, else those of their sites"
    NETWORK = "the switches and links above it"
    WORKSTATION = "the workstations above it and at the sites of it and of its recorder"
    RELAY = "the relays of its streams"
    MONITOR = "healthmon itself"


@dataclass(frozen=True, slots=True)
class Source:
    """Verdicts of one check. `aspects` empty means all of them; a `needed` one must be there for
    the line to pass.
    """

    of: Of
    check: str | None
    aspects: tuple[str, ...] = ()
    needed: bool = True

    def takes(self, verdict: Verdict) -> bool:
        """Whether a verdict of the right device is one of this source."""
        check = self.check is None or verdict.check_type == self.check
        return check and (not self.aspects or verdict.aspect in self.aspects)

    def words(self) -> str:
        """As in "`stream` of the camera (pictures, loss)"."""
        if self.check == RAISED_BY_A_PERSON:
            return f"open faults of {self.of.value} that a person has raised"
        name = f"`{self.check}`" if self.check else "any check"
        aspects = f" ({', '.join(self.aspects)})" if self.aspects else ""
        return f"{name} of {self.of.value}{aspects}"


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `missing` is the reason where no source has a verdict. A `strict` line fails by a
    warning too. `only` names the cameras that it is about: "ptz", "deployable" or "relayed".
    `tests` are files below `tests`.
    """

    number: str
    title: str
    sources: tuple[Source, ...] = ()
    missing: str = ""
    later: str = ""
    strict: bool = False
    only: str = ""
    tests: tuple[str, ...] = ()

    def left_out(self, camera: Device, relayed: frozenset[str]) -> str:
        """Why the line does not apply to `camera`, "" where it does."""
        if self.only == "ptz" and camera.variant != "ptz":
            return "not a PTZ camera"
        if self.only == "deployable" and camera.variant != "deployable":
            return "not a deployable camera"
        if self.only == "relayed" and camera.id not in relayed:
            return "not relayed"
        return ""


_CAMERA, _RECORDER = Of.CAMERA, Of.RECORDER
_UNLEARNED = "the view in this light is still being learned, or too little of it can be seen"
_JUDGED = "checks/evaluation/"

LINES = (
    Line(
        "C1",
        "Camera reachable",
        (Source(_CAMERA, CheckName.REACH),),
        tests=(f"{_JUDGED}test_reach_identity_certificate.py",),
    ),
    Line(
        "C2",
        "Login good, identity unchanged",
        (Source(_CAMERA, None, ("login",), needed=False), Source(_CAMERA, CheckName.IDENTITY)),
        missing="the camera is not asked who it is: neither ONVIF nor SNMP is configured",
        tests=(f"{_JUDGED}test_reach_identity_certificate.py",),
    ),
    Line(
        "C3",
        "Live picture flows",
        (
            Source(_CAMERA, CheckName.STREAM, ("pictures",)),
            Source(_CAMERA, CheckName.STREAM, ("keyframes", "loss", "rate"), needed=False),
        ),
        missing="no stream is configured",
        tests=(f"{_JUDGED}test_stream_verdict.py",),
    ),
    Line(
        "C4",
        "Stream as commissioned",
        (Source(_CAMERA, CheckName.STREAM, ("commissioned",)),),
        missing="no codec or picture size is commissioned, or no pictures came",
        strict=True,
        tests=(f"{_JUDGED}test_stream_verdict.py",),
    ),
    Line(
        "C5",
        "Picture present: not black, white, flat or frozen",
        (
            Source(_CAMERA, CheckName.PICTURE, ("present",)),
            Source(_CAMERA, CheckName.PICTURE, ("moving",)),
            Source(_CAMERA, CheckName.PICTURE, ("exposure",), needed=False),
        ),
        missing="it is not known whether the picture is frozen: one key frame came, or nothing in it moved",
        tests=(f"{_JUDGED}test_picture_verdict.py",),
    ),
    Line(
        "C6",
        "Sharpness",
        (Source(_CAMERA, CheckName.PICTURE, ("focus",)),),
        missing=f"{_UNLEARNED}, or its good pictures differ as much in sharpness",
        tests=(f"{_JUDGED}test_picture_verdict.py",),
    ),
    Line(
        "C7",
        "View right, not obstructed",
        (Source(_CAMERA, CheckName.PICTURE, ("view",)),),
        missing=_UNLEARNED,
        tests=(f"{_JUDGED}test_picture_verdict.py",),
    ),
    Line(
        "C8",
        "Day and night switch, infrared",
        (Source(_CAMERA, CheckName.PICTURE, ("daylight",)),),
        missing="it is twilight, or the camera has not learned its pictures with and without colour",
        tests=(f"{_JUDGED}test_picture_daylight_verdict.py",),
    ),
    Line(
        "C9",
        "Pan and tilt answer",
        (Source(_CAMERA, CheckName.PAN_TILT, ("pan_tilt",)),),
        missing="it is never moved: config.yaml does not say `ptz: {active: yes}` for it",
        only="ptz",
        tests=(f"{_JUDGED}test_pan_tilt_verdict.py",),
    ),
    Line(
        "C10",
        "Camera's own alarms",
        (Source(_CAMERA, CheckName.RECORDING, ("covered",)),),
        missing="cameras tell their alarms by event subscription, and healthmon subscribes to nothing; "
        "a recorder of make dahua is asked for the alarm of a covered view where that is switched on",
        tests=(f"{_JUDGED}test_recording_verdict.py", "vendors/test_recorder_vendors.py"),
    ),
    Line(
        "C11",
        "Recorder reachable and healthy",
        (
            Source(_RECORDER, CheckName.REACH),
            Source(
                _RECORDER,
                CheckName.RECORDER,
                (
                    "recorder",
                    "disks",
                    "full",
                    "temperature",
                    "fans",
                    "channels",
                    "restart",
                    "cpu",
                    "alarms",
                ),
            ),
        ),
        missing="no recorder is configured for it, or its recorder is not read",
        tests=(f"{_JUDGED}test_recorder_verdict.py",),
    ),
    Line(
        "C12",
        "Camera recorded now",
        (Source(_CAMERA, CheckName.RECORDING, ("recording",)),),
        missing="no recorder is read for it",
        tests=(f"{_JUDGED}test_recording_verdict.py",),
    ),
    Line(
        "C13",
        "Yesterday complete",
        (Source(_CAMERA, CheckName.RECORDING, ("gaps",)),),
        missing="its recorder does not tell gaps",
        tests=(f"{_JUDGED}test_recording_verdict.py",),
    ),
    Line(
        "C14",
        "Playback works",
        (Source(_CAMERA, CheckName.PLAYBACK),),
        missing="footage is played by turns, or not at all; this was not its turn",
        tests=(f"{_JUDGED}test_recorder_verdict.py",),
    ),
    Line(
        "C15",
        "Retention",
        (
            Source(_CAMERA, CheckName.RECORDING, ("retention",)),
            Source(_CAMERA, CheckName.RECORDING, ("setting",), needed=False),
        ),
        missing="its recorder does not tell its oldest footage",
        strict=True,
        tests=(f"{_JUDGED}test_recording_verdict.py",),
    ),
    Line(
        "C16",
        "Date and time on the picture",
        (
            Source(_CAMERA, CheckName.CLOCK, ("offset", "agreement")),
            Source(_CAMERA, CheckName.RECORDING, ("times",), needed=False),
            Source(_RECORDER, CheckName.CLOCK, ("offset", "agreement"), needed=False),
            Source(_RECORDER, CheckName.RECORDER, ("clock",), needed=False),
            Source(_CAMERA, CheckName.PICTURE, ("screen_clock",)),
        ),
        missing="the clock in the picture was not read surely, is not learned yet, or its check is off",
        tests=(f"{_JUDGED}test_clock_verdict.py", f"{_JUDGED}test_screen_clock_verdict.py"),
    ),
    Line(
        "C17",
        "Time source",
        (
            Source(_CAMERA, CheckName.CLOCK, ("source",)),
            Source(_RECORDER, CheckName.CLOCK, ("source",), needed=False),
            Source(_RECORDER, CheckName.RECORDER, ("source",), needed=False),
            Source(Of.MONITOR, CheckName.REFERENCE),
        ),
        missing="the camera does not tell whether NTP sets its clock",
        tests=(f"{_JUDGED}test_time_source_verdict.py", f"{_JUDGED}test_clock_verdict.py"),
    ),
    Line(
        "C18",
        "Camera name on the picture",
        (Source(_CAMERA, CheckName.PICTURE, ("text",)),),
        missing="the camera does not tell the texts in its picture (ONVIF GetOSDs)",
        tests=(f"{_JUDGED}test_picture_text_verdict.py",),
    ),
    Line(
        "C19",
        "UPS",
        (Source(Of.UPS, CheckName.UPS), Source(Of.UPS, CheckName.REACH, needed=False)),
        missing="no UPS is configured for it, its recorder or their sites",
        tests=(f"{_JUDGED}test_ups_verdict.py",),
    ),
    Line("C20", "Power events since the last check", tests=("checks/test_function_check.py",)),
    Line(
        "C21",
        "Switches, network and workstations",
        (
            Source(_CAMERA, CheckName.PORT, needed=False),
            Source(Of.NETWORK, CheckName.REACH, needed=False),
            Source(Of.NETWORK, CheckName.LINK, needed=False),
            Source(Of.WORKSTATION, CheckName.REACH, needed=False),
            Source(Of.WORKSTATION, CheckName.CERTIFICATE, needed=False),
            Source(Of.WORKSTATION, CheckName.HOST, needed=False),
        ),
        missing="no switch, link or workstation is configured for it",
        tests=(
            f"{_JUDGED}test_port_verdict.py",
            f"{_JUDGED}test_relay_verdict.py",
            f"{_JUDGED}test_host_verdict.py",
        ),
    ),
    Line(
        "C22",
        "Police relay",
        (Source(Of.RELAY, CheckName.RELAY),),
        missing="the relay has no result",
        only="relayed",
        tests=(f"{_JUDGED}test_relay_verdict.py",),
    ),
    Line(
        "C23",
        "Deployable camera",
        (
            Source(_CAMERA, CheckName.REACH),
            Source(_CAMERA, CheckName.STREAM, ("pictures",)),
        ),
        missing="it has no result",
        only="deployable",
        tests=("checks/test_function_check.py",),
    ),
    Line("C24", "Monitor of the monitor", tests=("checks/test_function_check.py",)),
    Line(
        "C25",
        "Human part: dirt, foliage, privacy zones, signs, joystick, monitors, radio",
        (Source(_CAMERA, RAISED_BY_A_PERSON, needed=False),),
        later="only a person can judge this",
        tests=("checks/test_function_check.py",),
    ),
    Line(
        "C26",
        "Privacy zones in place",
        (Source(_CAMERA, CheckName.PICTURE, ("privacy",)),),
        missing="no privacy zone of this view was learned, and the camera reports none",
        tests=(f"{_JUDGED}test_picture_zones_verdict.py",),
    ),
)
BY_NUMBER = {line.number: line for line in LINES}
