"""The metric families of the host check."""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.checks.metrics import Help, Sample
from healthmon.model.host import Host
from healthmon.model.results import Observation, Verdict

HELP: Help = {
    "healthmon_host_uptime_seconds": ("gauge", "Time since the workstation started."),
    "healthmon_host_cpu_ratio": ("gauge", "Mean load of the workstation's processors."),
    "healthmon_host_volume_used_ratio": ("gauge", "Used share of a volume of the workstation."),
}


def samples(observation: Observation, verdicts: tuple[Verdict, ...]) -> Iterator[Sample]:
    """How a workstation is by its own word."""
    del verdicts
    host = observation.value
    if not isinstance(host, Host):
        return
    for name, value in (("uptime_seconds", host.uptime_seconds), ("cpu_ratio", host.cpu_ratio)):
        if value is not None:
            yield f"healthmon_host_{name}", (), value
    for volume in host.volumes:
        if volume.used_ratio is not None:
            labels = (("volume", volume.name),)
            yield "healthmon_host_volume_used_ratio", labels, volume.used_ratio
