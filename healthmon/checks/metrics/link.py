"""The metric families of the link check."""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.checks.metrics import Help, Sample
from healthmon.model.links import Link
from healthmon.model.results import Observation, Verdict

HELP: Help = {
    "healthmon_poe_watts": (
        "gauge",
        "Power that a switch gives to its ports (RFC 3621 pethMainPseConsumptionPower).",
    ),
    "healthmon_poe_budget_watts": (
        "gauge",
        "Power that a switch has for its ports (RFC 3621 pethMainPsePower).",
    ),
}


def samples(observation: Observation, verdicts: tuple[Verdict, ...]) -> Iterator[Sample]:
    """The power that a switch has for its ports."""
    del verdicts
    if isinstance(observation.value, Link):
        yield from _power(observation.value)


def _power(link: Link) -> Iterator[Sample]:
    for supply in link.power:
        labels = (("supply", supply.group),)
        if supply.used is not None:
            yield "healthmon_poe_watts", labels, supply.used
        if supply.watts is not None:
            yield "healthmon_poe_budget_watts", labels, supply.watts
