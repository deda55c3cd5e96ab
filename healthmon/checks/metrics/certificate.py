"""The metric families of the certificate check."""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.checks.metrics import Help, Sample
from healthmon.model.measurements import Certificate
from healthmon.model.results import Observation, Verdict

HELP: Help = {
    "healthmon_certificate_expiry_timestamp_seconds": (
        "gauge",
        "Time at which the certificate expires.",
    ),
}


def samples(observation: Observation, verdicts: tuple[Verdict, ...]) -> Iterator[Sample]:
    """When the certificate expires."""
    del verdicts
    value = observation.value
    if isinstance(value, Certificate):
        labels = (("port", str(value.port)),)
        yield "healthmon_certificate_expiry_timestamp_seconds", labels, value.not_after
