"""The same rules for vmalert 1.79 (Debian 12) and later, over VictoriaMetrics.

Two things differ. vmalert before 1.91 refuses a file with ``keep_firing_for``. And VictoriaMetrics
counts the first sample of a series as a change: its functions that count as Prometheus does bear
other names (MetricsQL, changes_prometheus and increase_prometheus).
"""

from __future__ import annotations

import re
from typing import Any

STEP = "30s"


def group(prometheus: dict[str, Any]) -> dict[str, Any]:
    """A group of rules as vmalert reads it."""
    return {**prometheus, "rules": [_rule(rule) for rule in prometheus["rules"]]}


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    """One rule. `keep_firing_for` becomes a look back over its time.

    A rule that waits (``for``) has none: with a look back one bad moment would fill its wait, so it
    ends at once instead.
    """
    made = {name: value for name, value in rule.items() if name != "keep_firing_for"}
    made["expr"] = re.sub(r"\b(changes|increase)\(", r"\1_prometheus(", rule["expr"])
    keep = rule.get("keep_firing_for")
    if keep and "for" not in rule:
        made["expr"] = f"last_over_time((\n{made['expr'].rstrip()}\n)[{keep}:{STEP}])\n"
    return made
