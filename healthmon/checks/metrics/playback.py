"""The metric families of the playback check."""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.checks.evaluation import playback
from healthmon.checks.metrics import Help, Sample
from healthmon.model.footage import Playback
from healthmon.model.results import Observation, Verdict

HELP: Help = {
    "healthmon_playback_ok": (
        "gauge",
        "1 if footage of that age was played and had the right time, 0 if not.",
    ),
}


def samples(observation: Observation, verdicts: tuple[Verdict, ...]) -> Iterator[Sample]:
    """Whether footage of each age was played."""
    del verdicts
    if isinstance(observation.value, Playback):
        yield from _samples(observation.value)


def _samples(seen: Playback) -> Iterator[Sample]:
    for sample in seen.samples:
        good = playback.well(sample)
        if good is not None:
            labels = (("recorder", seen.recorder), ("channel", seen.channel), ("age", sample.age))
            yield "healthmon_playback_ok", labels, float(good)
