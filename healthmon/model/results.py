"""The record that leaves every probe, and how it is judged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from healthmon.model.device import Check
from healthmon.model.enums import Reason, State
from healthmon.model.footage import Footage, Playback, RecorderMeasurement
from healthmon.model.links import Link, Relay, SwitchPort
from healthmon.model.measurements import Certificate, Clock, Identity, Reach, Reference, Stream
from healthmon.model.picture import PictureReading
from healthmon.model.ups import Ups

Measurement = (
    Reach
    | Stream
    | Clock
    | Ups
    | Identity
    | Certificate
    | Reference
    | Footage
    | RecorderMeasurement
    | Playback
    | SwitchPort
    | Link
    | Relay
    | PictureReading
)


@dataclass(frozen=True, slots=True)
class Observation:
    """The one record that leaves every probe: what was seen, or why nothing was (`value` None and a
    `reason`).

    `at` is the wall time of the check's end, `duration` its seconds. `detail` is one plain line
    without secrets. `since` is since when the reason is known to hold from earlier runs (Unix
    seconds).
    """

    device: str
    check_type: str
    instance: str
    at: float
    duration: float
    value: Measurement | None
    reason: Reason | None = None
    detail: str = ""
    since: float | None = None


def nothing(
    check: Check, reason: Reason, detail: str = "", *, at: float, duration: float = 0.0
) -> Observation:
    """What stands for a run of `check` that was not made."""
    return Observation(
        check.device, check.check_type, check.instance, at, duration, None, reason, detail
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    """One judged aspect of one observation. The sentence holds value and limits, and not the
    device's name.

    (device, check, part, aspect) is for ever the same thing; `code` is a word of a closed list
    that names the fault ("no_pictures", "clock_zone", "on_battery") and is "ok" when the state is
    OK. `reason` is set when UNKNOWN. `began` is when the device itself says that it began (a UPS'
    seconds on battery), None where it cannot say. A `forecast` tells of the time to come: where
    that is UNKNOWN, it does not spoil what is known of now. `light` names the learned light by which
    a picture was judged.
    """

    device: str
    check_type: str
    instance: str
    aspect: str
    state: State
    code: str
    sentence: str
    at: float
    value: float | None = None
    reason: Reason | None = None
    began: float | None = None
    forecast: bool = False
    light: float | None = None

    @property
    def key(self) -> tuple[str, str, str, str]:
        """(device, check, part, aspect)."""
        return (self.device, self.check_type, self.instance, self.aspect)


def worst(verdicts: Iterable[Verdict]) -> Verdict | None:
    """The first of the worst `verdicts` on how a device is now; None without any."""
    told = (v for v in verdicts if not (v.forecast and v.state is State.UNKNOWN))
    return max(told, key=lambda verdict: verdict.state, default=None)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One run of a check: what was observed and what it means. It is evaluated once, here."""

    check: Check
    observation: Observation
    verdicts: tuple[Verdict, ...]

    @property
    def well(self) -> bool:
        """Whether nothing is amiss."""
        return all(verdict.state is State.OK for verdict in self.verdicts)
