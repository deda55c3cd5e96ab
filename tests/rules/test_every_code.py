"""Every fault code has a metric, an alert rule that promtool tries, a runbook and a panel."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from helpers import rule_files

from healthmon.checks.evaluation.codes import CODES
from healthmon_exporters.web import runbooks

ROOT = Path(__file__).parents[2]
RULES = [
    rule
    for group in rule_files.groups(ROOT / "dashboards" / "rules" / "healthmon-alerts.rules.yaml")
    for rule in group["rules"]
]
TRIED = "".join(path.read_text() for path in Path(__file__).parent.glob("*.test.yaml"))
GOLDEN = (ROOT / "tests" / "exporters" / "golden_metrics.txt").read_text()
PANELS = (ROOT / "dashboards" / "grafana" / "healthmon-operations.json").read_text()


@pytest.mark.parametrize("code", CODES)
def test_a_code_has_everything_that_an_operator_needs(code: str) -> None:
    rules = [rule for rule in RULES if rule.get("labels", {}).get("code") == code]
    assert rules, "no alert rule"
    for rule in rules:
        # The rule of one code reads a metric of its own, or the faults by code.
        assert set(re.findall(r"healthmon[\w:]*", rule["expr"])), "no metric"
        own = f'code="{code}"' not in rule["expr"]
        tried = f'alertname="{rule["alert"]}"' if own else f'code="{code}"'
        assert tried in TRIED, "no case of promtool"
        assert f"#{code}" in rule["annotations"]["runbook_url"] or own, "no runbook"
    for name in re.findall(r"healthmon_\w+", rules[0]["expr"]):
        assert name in GOLDEN, name
    assert f"{json.dumps(code)}: {{" in PANELS, "no panel"
    assert CODES[code].title in PANELS


def test_runbooks_are_those_of_the_codes() -> None:
    assert all(runbooks.page(rule["alert"]) for rule in RULES)
