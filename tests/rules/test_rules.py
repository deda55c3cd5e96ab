"""The rules: committed as they are made, accepted by promtool, and each alert tried in five kinds of case."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import rule_cases
import yaml
from support import need

from dashboards.rules import build
from dashboards.rules.alert import Links

ROOT = Path(__file__).parents[2]
RULES = ROOT / "dashboards" / "rules"
MADE = build.files(Links())
GROUPS = [group for text in MADE.values() for group in yaml.safe_load(text)["groups"]]
ALERTS = [rule for group in GROUPS for rule in group["rules"] if "alert" in rule]
NAMES = sorted({rule["alert"] for rule in ALERTS})


def promtool(*arguments: str | Path) -> str:
    need("promtool")
    done = subprocess.run(
        ["promtool", *map(str, arguments)], capture_output=True, timeout=240, check=False, text=True
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", MADE)
def test_the_committed_rules_are_what_the_program_makes(name):
    assert (RULES / name).read_text() == MADE[name]


def test_the_links_can_be_made_for_another_place(tmp_path):
    text = build.files(Links("https://cctv-health:9877", "https://grafana"))[build.ALERTS]
    assert "127.0.0.1" not in text
    assert "runbook_url: https://cctv-health:9877/runbooks/HealthmonAgentDown\n" in text


@pytest.mark.parametrize("name", rule_cases.files())
def test_the_committed_cases_are_what_the_program_makes(name):
    assert (ROOT / "tests" / "rules" / name).read_text() == rule_cases.files()[name]


@pytest.mark.peer
def test_promtool_finds_nothing_to_say_of_the_rules():
    said = promtool("check", "rules", "--lint=all", *(RULES / name for name in MADE))
    assert not re.search("duplicate|lint|warn", said, re.IGNORECASE), said


@pytest.mark.peer
@pytest.mark.parametrize("name", rule_cases.FILES)
def test_every_case_comes_out_as_expected(name):
    promtool("test", "rules", ROOT / "tests" / "rules" / f"{name}.test.yaml")


def test_every_alert_is_tried_in_every_kind_of_case():
    tried = {(case.alert, case.kind) for cases, _ in rule_cases.FILES.values() for case in cases()}
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
    assert words["description"].endswith(".")
    assert "_" not in re.sub(r"\{\{.*?\}\}", "", words["summary"] + words["description"])
    assert words["runbook_url"].startswith(f"http://127.0.0.1:9877/runbooks/{rule['alert']}")
    assert words["dashboard_url"].startswith("http://127.0.0.1:3000/d/")


def test_no_alert_is_given_for_each_device_but_confirmed_faults():
    """In a storm the agent tells one case; what is not told by the agent is counted for each site."""
    for rule in ALERTS:
        by_case = rule["expr"].startswith("healthmon:fault_active:named{")
        by_agent = re.search(
            r"\b(up|count by|max by|healthmon_(own|reference|config|store|notify|notifications)_)",
            rule["expr"],
        )
        figures = re.search(
            r"healthmon_(looks|loop|bugs|outbox|sweep)|vector|process_|cameras_failed", rule["expr"]
        )
        assert by_case or by_agent or figures, rule["alert"]


AGENT = (
    'healthmon_fault_active{job="healthmon",instance="desk:9877",site="market",severity="fault",'
)
SAID = {
    "HealthmonPicturesFault": (
        AGENT + 'device="C1",kind="camera",code="no_pictures",priority="P2"}',
        "Market Place (C1): No pictures",
        "The device accepts the connection, but no pictures come. Market Place (C1) at market.",
        "/d/healthmon-device?var-device=C1",
    ),
    "HealthmonSiteFault": (
        AGENT + 'device="site:market",kind="site",code="common_cause",priority="P1"}',
        "market: Site lost",
        "Many devices of one site were lost together: its power or its link, not each device. market.",
        "/d/healthmon-operations?var-site=market",
    ),
}


@pytest.mark.peer
@pytest.mark.parametrize("alert", SAID)
def test_the_words_of_an_alert_are_filled_in(tmp_path, alert):
    series, summary, description, dashboard = SAID[alert]
    labels = dict(re.findall(r'(\w+)="([^"]*)"', series)) | {
        "class": "fault",
        "severity": "critical",
    }
    named = {} if labels["kind"] == "site" else {"name": "Market Place", "contractor": "acme"}
    words = {
        "summary": summary,
        "description": description + " The shift sheet and the wall show the value and its limits.",
        "runbook_url": f"http://127.0.0.1:9877/runbooks/{alert}#{labels['code']}",
        "dashboard_url": "http://127.0.0.1:3000" + dashboard,
    }
    inputs = [{"series": series, "values": "1x9"}, {"series": rule_cases.INFO, "values": "1x9"}]
    rows = [{"exp_labels": labels | named, "exp_annotations": words}]
    expected = [{"alertname": alert, "eval_time": "1m", "exp_alerts": rows}]
    tests = [{"interval": "30s", "input_series": inputs, "alert_rule_test": expected}]
    path = tmp_path / "words.yaml"
    path.write_text(
        yaml.safe_dump({"rule_files": [str(RULES / name) for name in MADE], "tests": tests})
    )
    promtool("test", "rules", path)


# Of Prometheus itself: its targets, and what every process of prometheus-client tells.
PROMETHEUS = {"up", "process_start_time_seconds"}


def test_every_metric_that_a_rule_names_is_exposed_or_recorded():
    golden = (ROOT / "tests" / "exporters" / "golden_metrics.txt").read_text()
    exposed = set(re.findall(r"^# TYPE (\w+)", golden, re.MULTILINE))
    recorded = {rule["record"] for group in GROUPS for rule in group["rules"] if "record" in rule}
    for group in GROUPS:
        for rule in group["rules"]:
            named = set(re.findall(r"\b(healthmon[:_][\w:]+|up|process_\w+)\b", rule["expr"]))
            assert named <= exposed | recorded | PROMETHEUS, named - exposed - recorded
