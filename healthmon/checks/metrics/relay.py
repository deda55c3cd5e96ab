"""The metric families of the relay check."""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.checks.metrics import Help, Sample
from healthmon.model.enums import State
from healthmon.model.links import Relay
from healthmon.model.results import Observation, Verdict

HELP: Help = {
    "healthmon_relay_up": ("gauge", "1 if the relayed pictures of a camera arrive and move."),
    "healthmon_relay_delay_seconds": (
        "gauge",
        "Delay of the relayed pictures behind the camera's own.",
    ),
    "healthmon_relay_delay_error_seconds": (
        "gauge",
        "Largest possible error of the relay's delay.",
    ),
}


def samples(observation: Observation, verdicts: tuple[Verdict, ...]) -> Iterator[Sample]:
    """Whether relayed pictures arrive, and their delay where it could be measured."""
    for verdict in verdicts:
        if verdict.aspect == "pictures" and verdict.state is not State.UNKNOWN:
            labels = (("camera", observation.instance),)
            yield "healthmon_relay_up", labels, float(verdict.state is not State.FAULT)
    relay = observation.value
    if isinstance(relay, Relay) and relay.delay is not None:
        labels = (("camera", relay.camera),)
        yield "healthmon_relay_delay_seconds", labels, relay.delay.middle
        yield "healthmon_relay_delay_error_seconds", labels, relay.delay.error
