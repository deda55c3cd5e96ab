"""The metric families of recorders, of what they have recorded and of footage played."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from healthmon.model import (
    Disk,
    DiskState,
    Footage,
    Observation,
    Playback,
    RecorderSeen,
    State,
    Verdict,
)
from healthmon.verdict import playback
from healthmon.verdict.recorder import free_ratio
from healthmon.verdict.recording import WINDOWS, complete, missing

Sample = tuple[str, tuple[tuple[str, str], ...], float]
MOST_DISKS = 64
DISK_STATES: tuple[DiskState, ...] = get_args(DiskState)

HELP: dict[str, tuple[str, str]] = {
    "healthmon_recording_active": (
        "gauge",
        "1 when the camera is recorded as planned, 0 when not.",
    ),
    "healthmon_recording_newest_timestamp_seconds": (
        "gauge",
        "Time of the newest picture, corrected to our clock.",
    ),
    "healthmon_recording_oldest_timestamp_seconds": (
        "gauge",
        "Time of the oldest picture, corrected to our clock.",
    ),
    "healthmon_recording_retention_seconds": (
        "gauge",
        "Age of the oldest picture by the recorder's clock.",
    ),
    "healthmon_recording_gap_seconds": (
        "gauge",
        "Footage missing in the window, all gaps together.",
    ),
    "healthmon_recording_complete_ratio": ("gauge", "Share of the window that is recorded."),
    "healthmon_recorder_disk_state": (
        "gauge",
        "1 for the state that a disk, RAID or volume of the recorder is in.",
    ),
    "healthmon_recorder_disk_free_ratio": ("gauge", "Free share of a disk."),
    "healthmon_recorder_temperature_celsius": ("gauge", "Temperature of the recorder."),
    "healthmon_recorder_uptime_seconds": ("gauge", "Time since the recorder started."),
    "healthmon_recorder_cpu_ratio": ("gauge", "Load of the recorder's processor."),
    "healthmon_playback_ok": (
        "gauge",
        "1 when footage of that age was played and had the right time, 0 when not.",
    ),
}


def samples(observation: Observation, verdicts: tuple[Verdict, ...]) -> Iterator[Sample]:
    """The values of what a recorder told; nothing for other observations."""
    value = observation.value
    if isinstance(value, Footage):
        yield from _footage(value, verdicts)
    elif isinstance(value, RecorderSeen):
        yield from _recorder(value)
    elif isinstance(value, Playback):
        yield from _playback(value)


def _footage(seen: Footage, verdicts: tuple[Verdict, ...]) -> Iterator[Sample]:
    told = seen.recording
    labels = (("recorder", seen.recorder), ("channel", told.channel))
    ours = seen.read_at - seen.now
    main = next(
        (v for v in verdicts if v.aspect == "recording" and v.state is not State.UNKNOWN), None
    )
    values: tuple[tuple[str, float | None], ...] = (
        ("active", float(main.state is State.OK) if main is not None else None),
        ("newest_timestamp_seconds", told.newest + ours if told.newest is not None else None),
        ("oldest_timestamp_seconds", told.oldest + ours if told.oldest is not None else None),
        (
            "retention_seconds",
            max(0.0, seen.now - told.oldest) if told.oldest is not None else None,
        ),
    )
    for name, value in values:
        if value is not None:
            yield f"healthmon_recording_{name}", labels, value
    for window, seconds in WINDOWS:
        found, share = missing(seen, seconds), complete(seen, seconds)
        if found is not None and share is not None:
            more = (*labels, ("window", window))
            yield (
                "healthmon_recording_gap_seconds",
                more,
                sum((high - low for low, high in found[0]), 0.0),
            )
            yield "healthmon_recording_complete_ratio", more, share


def _recorder(seen: RecorderSeen) -> Iterator[Sample]:
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


def _playback(seen: Playback) -> Iterator[Sample]:
    for sample in seen.samples:
        good = playback.well(sample)
        if good is not None:
            labels = (("recorder", seen.recorder), ("channel", seen.channel), ("age", sample.age))
            yield "healthmon_playback_ok", labels, float(good)
