"""The rules: committed as they are made, accepted by promtool, and each alert tried in five kinds
of case.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers import rule_cases, rule_files
from helpers.support import need

from dashboards.rules import build, runbook
from dashboards.rules.alert import Links

ROOT = Path(__file__).parents[2]
RULES = ROOT / "dashboards" / "rules"
PROMETHEUS_FILES = (build.RECORDING, build.ALERTS)
RULE_FILES = [RULES / name for name in PROMETHEUS_FILES]
GROUPS = [group for path in RULE_FILES for group in rule_files.groups(path)]
ALERTS = [rule for group in GROUPS for rule in group["rules"] if "alert" in rule]
NAMES = sorted({rule["alert"] for rule in ALERTS})


def promtool(*arguments: str | Path) -> str:
    need("promtool")
    seldom = {
        **os.environ,
        "GOGC": "800",
        "GOMAXPROCS": "1",
    }  # a quarter of it is collecting garbage
    argv = ["promtool", *map(str, arguments)]
    done = subprocess.run(
        argv, capture_output=True, timeout=360, check=False, text=True, env=seldom
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout + done.stderr


def test_the_committed_rules_are_what_the_program_makes():
    made = build.files(Links())
    assert {name: (RULES / name).read_text() for name in made} == made


def test_the_links_can_be_made_for_another_place(tmp_path):
    text = build.files(Links("https://cctv-health:9877", "https://grafana"))[build.ALERTS]
    assert "127.0.0.1" not in text
    assert "runbook_url: https://cctv-health:9877/runbooks/HealthmonAgentDown\n" in text


def test_the_committed_cases_are_what_the_program_makes():
    made = rule_cases.files()
    assert {name: (ROOT / "tests" / "rules" / name).read_text() for name in made} == made


@pytest.mark.peer
def test_promtool_finds_nothing_to_say_of_the_rules():
    said = promtool("check", "rules", "--lint=all", *(RULES / name for name in PROMETHEUS_FILES))
    assert not re.search("duplicate|lint|warn", said, re.IGNORECASE), said


@pytest.mark.peer
@pytest.mark.parametrize("name", rule_cases.FILES)
def test_every_case_comes_out_as_expected(name, tmp_path):
    tree = rule_files.read(ROOT / "tests" / "rules" / f"{name}.test.yaml")
    promtool("test", "rules", *(alone(tmp_path, tree, one) for one in tree["tests"]))


def alone(folder: Path, tree: dict[str, Any], test: dict[str, Any]) -> Path:
    """One test as a file of its own with the alerts that it asks for and what is recorded for them.

    Nobody looks at the other alerts in there, and to evaluate them takes most of the time.
    """
    here = folder / re.sub(r"\W+", "_", test["name"])
    here.mkdir()
    kept = needed(set(re.findall(r'alertname="(\w+)"', str(test["promql_expr_test"]))))
    for path in RULE_FILES:
        groups = [
            {**group, "rules": [one for one in group["rules"] if "record" in one or one in kept]}
            for group in rule_files.groups(path)
        ]
        (here / path.name).write_text(json.dumps({"groups": groups}))
    made = here / "test.yaml"
    made.write_text(json.dumps({**tree, "rule_files": list(PROMETHEUS_FILES), "tests": [test]}))
    return made


def needed(names: set[str]) -> list[dict[str, Any]]:
    """The alerts of these names and those of every code that they read."""
    codes: set[str] = set()
    while True:
        kept = [
            one for one in ALERTS if one["alert"] in names or one["labels"].get("code") in codes
        ]
        read = {code for one in kept for code in codes_of(one["expr"])}
        if read <= codes:
            return kept
        codes |= read


def codes_of(expression: str) -> list[str]:
    return [
        code for found in re.findall(r'\bcode=~?"([^"]+)"', expression) for code in found.split("|")
    ]


def test_every_alert_is_tried_in_every_kind_of_case():
    tried = {
        (incident.alert, incident.kind)
        for incidents, _ in rule_cases.FILES.values()
        for incident in incidents()
    }
    assert tried == {(name, kind) for name in NAMES for kind in rule_cases.KINDS}


@pytest.mark.parametrize(
    "rule", ALERTS, ids=lambda rule: f"{rule['alert']}-{rule['labels'].get('code', '')}"
)
def test_every_alert_says_what_it_is_and_where_to_read_on(rule):
    labels, words = rule["labels"], rule["annotations"]
    assert re.fullmatch(r"Watchdog|Healthmon[A-Z][A-Za-z]+", rule["alert"])
    assert labels["class"] in ("agent", "fault", "service", "watchdog")
    assert labels["severity"] in ("critical", "warning", "none") or "critical" in labels["severity"]
    assert re.fullmatch(r"P[1-4]|\{\{ \$labels.priority \}\}", labels["priority"])
    assert set(words) == {"summary", "description", "runbook_url", "dashboard_url"}
    meaning, _, steps = words["description"].partition("\nWhat to do:\n")
    assert meaning.endswith(".")
    assert re.search(r"\S.*\nWhom to call: \S", steps), rule["alert"]
    assert "_" not in re.sub(r"\{\{.*?\}\}", "", words["summary"] + meaning)
    assert words["runbook_url"].startswith(f"http://127.0.0.1:9877/runbooks/{rule['alert']}")
    assert words["dashboard_url"].startswith("http://127.0.0.1:3000/d/")


def test_no_alert_is_given_for_each_device_but_confirmed_faults():
    """In a storm the agent tells one case; what is not told by the agent is counted for
    each site.
    """
    for rule in ALERTS:
        by_case = rule["expr"].startswith("healthmon:fault_active:named{")
        by_agent = re.search(
            r"\b(up|count by|max by|healthmon_(own|reference|config|store|notify|notifications|contract|duty|backup)_)",
            rule["expr"],
        )
        figures = re.search(
            r"healthmon_(looks|loop|bugs|outbox|sweep)|vector|process_|cameras_failed", rule["expr"]
        )
        assert by_case or by_agent or figures, rule["alert"]


AGENT = (
    'healthmon_fault_active{job="healthmon",instance="desk:9877",site="market",severity="fault",'
)
CAMERA = 'job="healthmon",instance="desk:9877",device="C1",kind="camera",site="market"'
LOST = 'job="healthmon",instance="desk:9877",kind="camera",site="market",code="unreachable"'
SAID = {
    "HealthmonPicturesFault": (
        [
            AGENT + 'device="C1",kind="camera",code="no_pictures",priority="P2"} 1x9',
            f'healthmon_fault_since_timestamp_seconds{{{CAMERA},code="no_pictures"}} 0x9',
        ],
        "Market Place (C1): No pictures, for 1m 0s",
        "The device accepts the connection, but no pictures come. Market Place (C1) at market.",
        "/d/healthmon-device?var-device=C1",
    ),
    "HealthmonClockFault": (
        [
            AGENT + 'device="C1",kind="camera",code="clock_drift",priority="P2"} 1x9',
            f'healthmon_clock_offset_seconds{{{CAMERA},source="onvif"}} -72x9',
            f'healthmon_clock_offset_seconds{{{CAMERA},source="rtcp"}} 3x9',
        ],
        "Market Place (C1): Clock wrong: 1m 12s off",
        "The clock of the device is further from true time than its limit. Market Place (C1) at market.",
        "/d/healthmon-device?var-device=C1",
    ),
    "HealthmonSiteFault": (
        [
            AGENT + 'device="site:market",kind="site",code="common_cause",priority="P1"} 1x9',
            *(f'healthmon_fault_held{{{LOST},device="C{n}",reason="site"}} 1x9' for n in (1, 2, 3)),
        ],
        "market: Site lost: 3 devices",
        "Many devices of one site were lost together: its power or its link, not each device. market.",
        "/d/healthmon-operations?var-site=market",
    ),
}


@pytest.mark.peer
@pytest.mark.parametrize("alert", SAID)
def test_the_words_of_an_alert_are_filled_in(tmp_path, alert):
    lines, summary, description, dashboard = SAID[alert]
    labels = dict(re.findall(r'(\w+)="([^"]*)"', lines[0])) | {
        "class": "fault",
        "severity": "critical",
    }
    named = {} if labels["kind"] == "site" else {"name": "Market Place", "contractor": "acme"}
    words = {
        "summary": summary,
        "description": f"{description}\n{runbook.steps(alert)}",
        "runbook_url": f"http://127.0.0.1:9877/runbooks/{alert}#{labels['code']}",
        "dashboard_url": "http://127.0.0.1:3000" + dashboard,
    }
    given = [line.rpartition(" ")[::2] for line in (*lines, f"{rule_cases.INFO} 1x9")]
    inputs = [{"series": series, "values": values} for series, values in given]
    rows = [{"exp_labels": labels | named, "exp_annotations": words}]
    expected = [{"alertname": alert, "eval_time": "1m", "exp_alerts": rows}]
    tests = [{"interval": "30s", "input_series": inputs, "alert_rule_test": expected}]
    path = tmp_path / "words.yaml"
    files = [str(RULES / name) for name in PROMETHEUS_FILES]
    path.write_text(yaml.safe_dump({"rule_files": files, "tests": tests}))
    promtool("test", "rules", path)


def test_the_steps_are_those_of_the_runbook_page_without_its_marks():
    told = runbook.steps("HealthmonAgentDown", experts=True)
    page = (ROOT / "docs" / "runbooks" / "HealthmonAgentDown.md").read_text()
    steps = re.findall(r"^(\d\. .*(?:\n   .*)*)", page, re.MULTILINE)
    assert len(steps) >= 3
    for step in steps:
        assert " ".join(step.replace("*", "").replace("`", "").split()) in told.splitlines()
    assert "systemctl status healthmon" in told.splitlines()[-1]


# Of Prometheus itself: its targets, its alerts, and what every process of prometheus-client tells.
PROMETHEUS = {"up", "process_start_time_seconds"}


def test_every_metric_that_a_rule_names_is_exposed_or_recorded():
    golden = (ROOT / "tests" / "exporters" / "golden_metrics.txt").read_text()
    exposed = set(re.findall(r"^# TYPE (\w+)", golden, re.MULTILINE))
    recorded = {rule["record"] for group in GROUPS for rule in group["rules"] if "record" in rule}
    for group in GROUPS:
        for rule in group["rules"]:
            named = set(re.findall(r"\b(healthmon[:_][\w:]+|up|process_\w+)\b", rule["expr"]))
            assert named <= exposed | recorded | PROMETHEUS, named - exposed - recorded
