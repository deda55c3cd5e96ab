"""Metric families: one file for each check. Observation and verdicts -> samples; declared with their
help texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from healthmon.model.results import Observation, Verdict

Sample = tuple[str, tuple[tuple[str, str], ...], float]
Help = dict[str, tuple[str, str]]


def none(observation: Observation, verdicts: tuple[Verdict, ...]) -> Iterator[Sample]:
    """No sample."""
    del observation, verdicts
    return iter(())


@dataclass(frozen=True, slots=True)
class MetricFamilies:
    """The families of one check: (kind, help text) by name, and what one result gives, as (family,
    labels beside those of the device, value).
    """

    help: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    samples: Callable[[Observation, tuple[Verdict, ...]], Iterator[Sample]] = none
