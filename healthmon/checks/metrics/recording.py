"""The metric families of the recording check."""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.checks.evaluation.recording import WINDOWS, complete, missing, stamping
from healthmon.checks.metrics import Help, Sample
from healthmon.checks.metrics.clock import offset_samples
from healthmon.model.enums import State
from healthmon.model.footage import Footage
from healthmon.model.results import Observation, Verdict

Labels = tuple[tuple[str, str], ...]
HELP: Help = {
    "healthmon_recording_active": ("gauge", "1 if the camera is recorded as planned, 0 if not."),
    "healthmon_recording_newest_timestamp_seconds": (
        "gauge",
        "Time of the newest picture, corrected to the clock of this machine.",
    ),
    "healthmon_recording_oldest_timestamp_seconds": (
        "gauge",
        "Time of the oldest picture, corrected to the clock of this machine.",
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
}


def samples(observation: Observation, verdicts: tuple[Verdict, ...]) -> Iterator[Sample]:
    """What a recorder has of a camera."""
    if isinstance(observation.value, Footage):
        yield from _footage(observation.value, verdicts)


def _footage(seen: Footage, verdicts: tuple[Verdict, ...]) -> Iterator[Sample]:
    labels = (("recorder", seen.recorder), ("channel", seen.recording.channel))
    for verdict in verdicts:
        if verdict.aspect == "recording" and verdict.state is not State.UNKNOWN:
            yield "healthmon_recording_active", labels, float(verdict.state is State.OK)
    yield from _times(seen, labels)
    if (offset := stamping(seen)) is not None:
        yield from offset_samples("recording", offset.middle, offset.error)
    for window, seconds in WINDOWS:
        found, share = missing(seen, seconds), complete(seen, seconds)
        if found is not None and share is not None:
            more = (*labels, ("window", window))
            gap = sum((high - low for low, high in found[0]), 0.0)
            yield "healthmon_recording_gap_seconds", more, gap
            yield "healthmon_recording_complete_ratio", more, share


def _times(seen: Footage, labels: Labels) -> Iterator[Sample]:
    """The newest and the oldest picture by our clock, and how long footage is kept."""
    told, ours = seen.recording, seen.read_at - seen.now
    if told.newest is not None:
        yield "healthmon_recording_newest_timestamp_seconds", labels, told.newest + ours
    if told.oldest is not None:
        yield "healthmon_recording_oldest_timestamp_seconds", labels, told.oldest + ours
        kept = max(0.0, seen.now - told.oldest)
        yield "healthmon_recording_retention_seconds", labels, kept
