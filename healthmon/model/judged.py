"""The record that leaves every probe, and how it is judged."""

from __future__ import annotations

from dataclasses import dataclass

from healthmon.model.links import Link, Relay, SwitchPort
from healthmon.model.recorded import Footage, Playback, RecorderSeen
from healthmon.model.seen import Certificate, Clock, Identity, Reach, Reference, Stream, Ups
from healthmon.model.words import Question, Reason, State

Seen = (
    Reach
    | Stream
    | Clock
    | Ups
    | Identity
    | Certificate
    | Reference
    | Footage
    | RecorderSeen
    | Playback
    | SwitchPort
    | Link
    | Relay
)


@dataclass(frozen=True, slots=True)
class Observation:
    """The one record that leaves every probe: what was seen, or why nothing was (`value` None and a `reason`).

    `at` is the wall time of the look's end, `duration` its seconds. `detail` is one plain line without secrets.
    """

    device: str
    question: Question
    part: str
    at: float
    duration: float
    value: Seen | None
    reason: Reason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One judged aspect of one observation. The sentence holds value and limits, and not the device's name.

    (device, question, part, aspect) is for ever the same thing; `code` is a word of a closed list that names the
    fault ("no_pictures", "clock_zone", "on_battery") and is "ok" when the state is OK. `reason` is set when UNKNOWN.
    `began` is when the device itself says that it began (a UPS' seconds on battery), None where it cannot say.
    """

    device: str
    question: Question
    part: str
    aspect: str
    state: State
    code: str
    sentence: str
    at: float
    value: float | None = None
    reason: Reason | None = None
    began: float | None = None

    @property
    def key(self) -> tuple[str, str, str, str]:
        """(device, question, part, aspect)."""
        return (self.device, self.question, self.part, self.aspect)
