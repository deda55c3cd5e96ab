"""The metric families of the reach check."""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.checks.metrics import Help, Sample
from healthmon.model.enums import State
from healthmon.model.measurements import Reach
from healthmon.model.results import Observation, Verdict

HELP: Help = {
    "healthmon_device_up": (
        "gauge",
        "1 if the device can be reached, 0 if not; absent while unknown.",
    ),
    "healthmon_reach_seconds": ("gauge", "Time to connect, by port name."),
}


def samples(observation: Observation, verdicts: tuple[Verdict, ...]) -> Iterator[Sample]:
    """Whether the device can be reached, and how quickly each port was connected."""
    if isinstance(observation.value, Reach):
        yield from _ports(observation.value)
    for verdict in verdicts:
        if verdict.aspect == "reach" and verdict.state is not State.UNKNOWN:
            yield "healthmon_device_up", (), float(verdict.state is not State.FAULT)


def _ports(reach: Reach) -> Iterator[Sample]:
    for port in reach.ports:
        if port.seconds is not None:
            name = f"tcp/{port.number}" if port.name == "tcp" else port.name
            yield "healthmon_reach_seconds", (("port", name),), port.seconds
