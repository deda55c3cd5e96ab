"""Writes the rule files of Prometheus: ``python -m dashboards.rules.build`` from the project's
folder.

The committed files are what this writes; a test holds that. The links in them lead to a Grafana and
an agent on 127.0.0.1; for a control room write them with your own addresses, or change them with
sed (docs/install.md).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from dashboards.rules import agent, faults, service, vmalert
from dashboards.rules.alert import Links
from healthmon_exporters.reports import yaml_text

FOLDER = Path(__file__).parent
HEAD = "# Made by dashboards/rules/build.py; change it there.\n"
RECORDING = "healthmon-recording.rules.yaml"
ALERTS = "healthmon-alerts.rules.yaml"
VMALERT = "vmalert"


def files(links: Links) -> dict[str, str]:
    """File name -> text."""
    recording = [{"name": "healthmon-recording", "rules": [*faults.RECORDING, *service.RECORDING]}]
    alerts = [
        {"name": "healthmon-agent", "rules": [one.rule(links) for one in agent.ALERTS]},
        {"name": "healthmon-faults", "rules": [one.rule(links) for one in faults.alerts()]},
        {"name": "healthmon-service", "rules": [one.rule(links) for one in service.ALERTS]},
    ]
    return {
        RECORDING: _yaml(recording),
        ALERTS: _yaml(alerts),
        f"{VMALERT}/{RECORDING}": _yaml([vmalert.group(one) for one in recording]),
        f"{VMALERT}/{ALERTS}": _yaml([vmalert.group(one) for one in alerts]),
    }


def _yaml(groups: list[dict[str, Any]]) -> str:
    return HEAD + yaml_text.dump({"groups": groups})


def main() -> None:
    """Write the files for Prometheus, and those for vmalert in a folder of their own."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument(
        "--agent", default=Links().agent, help="address of the agent, for the runbook pages"
    )
    options.add_argument(
        "--grafana", default=Links().grafana, help="address of Grafana, for the dashboards"
    )
    options.add_argument("--folder", type=Path, default=FOLDER, help="where the files go")
    chosen = options.parse_args()
    for name, text in files(Links(chosen.agent.rstrip("/"), chosen.grafana.rstrip("/"))).items():
        path = chosen.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
