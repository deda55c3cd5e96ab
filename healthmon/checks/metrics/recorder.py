"""The metric families of the recorder check."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from healthmon.checks.evaluation.recorder import free_ratio
from healthmon.checks.metrics import Help, Sample
from healthmon.model.footage import Disk, DiskState, RecorderMeasurement
from healthmon.model.results import Observation, Verdict

HELP: Help = {
    "healthmon_recorder_disk_state": (
        "gauge",
        "1 for the state that a disk, RAID or volume of the recorder is in.",
    ),
    "healthmon_recorder_disk_free_ratio": ("gauge", "Free share of a disk."),
    "healthmon_recorder_temperature_celsius": ("gauge", "Temperature of the recorder."),
    "healthmon_recorder_uptime_seconds": ("gauge", "Time since the recorder started."),
    "healthmon_recorder_cpu_ratio": ("gauge", "Load of the recorder's processor."),
}


MOST_DISKS = 64
DISK_STATES: tuple[DiskState, ...] = get_args(DiskState)


def samples(observation: Observation, verdicts: tuple[Verdict, ...]) -> Iterator[Sample]:
    """How a recorder itself is."""
    del verdicts
    if isinstance(observation.value, RecorderMeasurement):
        yield from _recorder(observation.value)


def _recorder(seen: RecorderMeasurement) -> Iterator[Sample]:
    health = seen.health
    for disk in health.disks[:MOST_DISKS]:
        yield from _disk(disk)
    for name, value in (
        ("temperature_celsius", health.temperature_celsius),
        ("uptime_seconds", health.uptime_seconds),
        ("cpu_ratio", health.cpu_ratio),
    ):
        if value is not None:
            yield f"healthmon_recorder_{name}", (), value


def _disk(disk: Disk) -> Iterator[Sample]:
    if disk.state is not None:
        for state in DISK_STATES:
            labels = (("disk", disk.name), ("state", state))
            yield "healthmon_recorder_disk_state", labels, float(state == disk.state)
    free = free_ratio(disk)
    if free is not None:
        yield "healthmon_recorder_disk_free_ratio", (("disk", disk.name),), free
