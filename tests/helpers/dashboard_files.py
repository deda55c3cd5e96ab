"""The committed dashboards as tests read them: panels, queries, variables filled in,
metrics named.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "dashboards" / "grafana"
# What Grafana fills in, for a server that has run for a minute and is scraped every second.
VALUES = {
    "$__rate_interval": "10s",
    "$__range:10m": "10s:1s",
    "$__range:1m": "20s:1s",
    "$__range": "20s",
    "${shift}": "20",
    "$shift": "3600",
    "$job": ".+",
    "$site": ".*",
    "$kind": ".*",
}
_WORDS = re.compile(r"\b(on|ignoring|by|without|group_left|group_right)\s*\([^)]*\)")
_NAME = re.compile(r"(?<![\w:.])([a-zA-Z_:][a-zA-Z0-9_:]*)(?!\s*\(|[\w:])")
_KEYWORDS = frozenset(
    {
        "and",
        "or",
        "unless",
        "bool",
        "offset",
        "by",
        "on",
        "without",
        "ignoring",
        "end",
        "start",
        "e10",
    }
)


@dataclass(frozen=True)
class Target:
    """One query of one panel."""

    uid: str
    panel: str
    ref: str
    expression: str
    kind: str

    @property
    def name(self) -> str:
        return f"{self.uid} / {self.panel} / {self.ref}"


def dashboards() -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}


def targets() -> Iterator[Target]:
    for uid, dashboard in dashboards().items():
        for panel in every_panel(dashboard):
            for target in panel.get("targets", []):
                name = panel["title"] or panel["targets"][0]["legendFormat"]
                yield Target(uid, name, target["refId"], target["expr"], panel["type"])


def bands() -> Iterator[Target]:
    """The queries of the bands that each dashboard draws over its charts."""
    for uid, dashboard in dashboards().items():
        for band in dashboard["annotations"]["list"]:
            yield Target(uid, band["name"], band["titleFormat"], band["expr"], "annotation")


def every_panel(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every panel, those of closed rows too."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def filled(expression: str, device: str = "C017") -> str:
    """`expression` with values for every variable."""
    for name, value in {**VALUES, "$device": device}.items():
        expression = expression.replace(name, value)
    assert "$" not in re.sub(r'"[^"]*"', "", expression), expression
    return expression


def metrics_named(expression: str) -> set[str]:
    """The names of the series that a PromQL expression reads."""
    text = re.sub(r'"(?:[^"\\]|\\.)*"', '""', expression)
    text = re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", text)
    text = _WORDS.sub(" ", text)
    return {name for name in _NAME.findall(text) if name.lower() not in _KEYWORDS}
