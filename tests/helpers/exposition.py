"""The series of one metric on a page of metrics; nothing of the product is imported."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families


def series_of(text: str, name: str) -> list[tuple[dict[str, str], float]]:
    """(labels, value) of every series called `name`.

    The other lines are not parsed: a test that waits reads such a page ten times a second.
    """
    lines = [line for line in text.split("\n") if line.startswith(name)]
    families = text_string_to_metric_families("\n".join(lines))
    found = [sample for family in families for sample in family.samples if sample.name == name]
    return [(sample.labels, sample.value) for sample in found]
