"""docs/metrics.md, written from the golden file of /metrics and the families that each check declares."""

from __future__ import annotations

import re
from pathlib import Path

from healthmon.checks import registry

GOLDEN = Path(__file__).parents[1] / "tests" / "exporters" / "golden_metrics.txt"

HEAD = """# Metrics

Written by `python -m docs` from what the agent declares. `/metrics` serves them in the formats of Prometheus and
OpenMetrics. A device that does not answer has no values: a missing series is neither 0 nor OK. [Checks](checks.md) says
which metrics and fault codes belong to which check. `process_*` and `python_info` are those of Prometheus' library.

| Metric | Type | Meaning |
|---|---|---|
"""


def page() -> str:
    """The text of metrics.md."""
    rows = (
        f"| `{name}` | {kind} | {text} |\n" for name, (kind, text) in sorted(families().items())
    )
    return HEAD + "".join(rows)


def families() -> dict[str, tuple[str, str]]:
    """Family -> (type, help), of every family that the agent can serve."""
    text = GOLDEN.read_text(encoding="utf-8")
    helps = dict(re.findall(r"^# HELP (healthmon_\w+) (.+)$", text, re.MULTILINE))
    kinds = dict(re.findall(r"^# TYPE (healthmon_\w+) (\w+)$", text, re.MULTILINE))
    found = {name: (kinds[name], words) for name, words in helps.items()}
    for check_type in registry.installed().check_types.values():
        found.update(check_type.metric_families.help)
    return found
