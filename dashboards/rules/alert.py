"""One alerting rule, and what every rule of ours has: severity, priority, class, words, runbook and
dashboard.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dashboards.rules import runbook


@dataclass(frozen=True, slots=True)
class Links:
    """Where the links of an alert lead."""

    agent: str = "http://127.0.0.1:9877"
    grafana: str = "http://127.0.0.1:3000"


@dataclass(frozen=True, slots=True)
class Alert:
    """An alerting rule. `kind` is its class: agent (the monitor itself), fault, service or
    watchdog.

    `wait` is Prometheus' ``for``, `keep` its ``keep_firing_for``. `dashboard` is the path behind
    Grafana's address; `section` is the heading of the runbook page that tells of this case.
    """

    name: str
    expr: str
    summary: str
    description: str
    kind: str = "agent"
    severity: str = "critical"
    priority: str = "P1"
    wait: str = "0s"
    keep: str = ""
    dashboard: str = "/d/healthmon-agent"
    section: str = ""
    labels: dict[str, str] = field(default_factory=dict)

    def rule(self, links: Links) -> dict[str, Any]:
        """The rule as Prometheus reads it."""
        section = f"#{self.section}" if self.section else ""
        return {
            "alert": self.name,
            "expr": self.expr,
            **({"for": self.wait} if self.wait != "0s" else {}),
            **({"keep_firing_for": self.keep} if self.keep else {}),
            "labels": {
                "class": self.kind,
                "severity": self.severity,
                "priority": self.priority,
                **self.labels,
            },
            "annotations": {
                "summary": self.summary,
                "description": self.full_description(links),
                "runbook_url": f"{links.agent}/runbooks/{self.name}{section}",
                "dashboard_url": links.grafana + self.dashboard,
            },
        }

    def full_description(self, links: Links) -> str:
        """The description with the steps of the runbook; for the monitor itself also IT's."""
        steps = runbook.steps(self.name, experts=self.kind == "agent")
        return f"{self.description}\n{steps.replace(Links().agent, links.agent)}"
