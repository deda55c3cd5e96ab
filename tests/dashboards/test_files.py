"""The committed JSON: made by the code, held by the lint, good PromQL, and naming only metrics that
exist.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
import yaml
from helpers.dashboard_files import FOLDER, bands, dashboards, filled, metrics_named, targets
from helpers.dashboard_lint import EXCLUDED, findings
from helpers.exporter_estate import made
from helpers.support import need

from dashboards.device import TITLES
from dashboards.frame import UIDS, text
from dashboards.operations import CHECKED
from dashboards.pages import PAGES
from dashboards.runbooks import DEFAULT
from healthmon.checks.builtin import CHECK_TYPES
from healthmon.checks.evaluation.codes import CODES

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "exporters" / "golden_metrics.txt"
PROMETHEUS_OWN = {"up", "scrape_duration_seconds", "scrape_samples_scraped", "ALERTS"}
ALL = sorted(UIDS)


def test_the_five_dashboards_are_there_under_their_uids():
    assert set(dashboards()) == set(PAGES) == set(UIDS)
    for uid, dashboard in dashboards().items():
        assert dashboard["uid"] == uid
        assert dashboard["title"] == UIDS[uid]


@pytest.mark.parametrize("uid", ALL)
def test_the_committed_file_is_what_the_code_writes(uid):
    assert (FOLDER / f"{uid}.json").read_text(encoding="utf-8") == text(PAGES[uid]())


def test_the_command_writes_elsewhere_with_other_runbooks_and_checks(tmp_path):
    command = [sys.executable, "-m", "dashboards", "--folder", str(tmp_path)]
    checked = subprocess.run(
        [*command, "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout.count("not up to date")) == (1, 5)
    subprocess.run(
        [*command, "--runbooks", "https://cctv.example/runbooks/"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    found = (tmp_path / "healthmon-device.json").read_text()
    assert DEFAULT not in found
    assert '"https://cctv.example/runbooks"' in found


@pytest.mark.parametrize("uid", ALL)
def test_the_lint_finds_nothing(uid):
    assert list(findings(dashboards()[uid])) == []


BREAK = {
    "template-datasource-rule": lambda d: d["templating"]["list"].pop(0),
    "template-job-rule": lambda d: d["templating"]["list"][1].update(allValue=".*"),
    "template-on-time-change-reload-rule": lambda d: d["templating"]["list"][1].update(refresh=1),
    "template-label-promql-rule": lambda d: d["templating"]["list"][1].update(query="nonsense"),
    "panel-datasource-rule": lambda d: d["panels"][0].update(
        datasource={"type": "prometheus", "uid": "abc"}
    ),
    "panel-title-description-rule": lambda d: d["panels"][0].update(description=""),
    "panel-units-rule": lambda d: d["panels"][0]["fieldConfig"]["defaults"].update(unit="parsec"),
    "panel-no-targets-rule": lambda d: d["panels"][0].update(targets=[]),
    "target-job-rule": lambda d: d["panels"][0]["targets"][0].update(
        expr='healthmon_device_up{kind="camera"}'
    ),
    "target-rate-interval-rule": lambda d: d["panels"][0]["targets"][0].update(
        expr='rate(x_total{job=~"$job"}[5m])'
    ),
    "target-counter-agg-rule": lambda d: d["panels"][0]["targets"][0].update(
        expr='sum(x_total{job=~"$job"})'
    ),
    "uneditable-dashboard": lambda d: d.update(editable=True),
    "schema": lambda d: d.update(schemaVersion=42),
    "core panels only": lambda d: d["panels"][0].update(type="grafana-polystat-panel"),
    "isolated": lambda d: d["panels"][0].update(links=[{"url": "https://tiles.example.org"}]),
    "blindness": lambda d: d["panels"][0]["targets"][0].update(
        expr='count(x{job=~"$job"} == 0) or vector(0)'
    ),
}


@pytest.mark.parametrize("rule", sorted(BREAK))
def test_the_lint_sees_a_dashboard_that_breaks_a_rule(rule):
    wall = json.loads((FOLDER / "healthmon-wall.json").read_text())
    BREAK[rule](wall)
    assert {finding.split(":")[0] for finding in findings(wall)} >= {rule}


def test_every_rule_left_out_has_its_reason():
    assert all(len(reason) > 20 for reason in EXCLUDED.values())


def test_a_grey_base_is_asked_of_the_thresholds():
    wall = dashboards()["healthmon-wall"]
    wall["panels"][0]["fieldConfig"]["defaults"]["thresholds"]["steps"][0]["color"] = "green"
    assert any("not grey" in finding for finding in findings(wall))


@pytest.mark.peer
def test_every_query_is_accepted_by_promtool(tmp_path):
    need("promtool")
    rules = [
        {"record": f"query:{n}", "expr": filled(target.expression)}
        for n, target in enumerate([*targets(), *bands()])
    ]
    assert len(rules) > 100
    path = tmp_path / "queries.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(rules)} rules found" in done.stdout


def known_metrics() -> set[str]:
    golden = set(re.findall(r"^([a-zA-Z_:][\w:]*)(?=[{ ])", GOLDEN.read_text(), re.MULTILINE))
    process = set(
        re.findall(r"^(process_\w+)", made().text(openmetrics=False).decode(), re.MULTILINE)
    )
    return golden | process | PROMETHEUS_OWN


def test_every_metric_named_in_a_dashboard_is_in_the_golden_file():
    unknown = defaultdict(set)
    for target in (*targets(), *bands()):
        for name in metrics_named(filled(target.expression)) - known_metrics():
            unknown[name].add(target.name)
    assert not unknown


def test_every_metric_named_in_a_rule_is_in_the_golden_file():
    files = sorted((ROOT / "dashboards" / "rules").glob("*.yaml"))
    rules = [
        rule
        for path in files
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
    ]
    recorded = {rule["record"] for rule in rules if "record" in rule}
    named = set().union(*(metrics_named(rule["expr"]) for rule in rules))
    assert len(named) > 15
    assert not named - known_metrics() - recorded


def test_metric_names_are_found_in_every_form():
    found = metrics_named(
        'sum by (site) (a_b{x="c_d{e}"}) / on (job) group_left (name) e_f > bool 2 or rate(g_total[5m] @ end())'
    )
    assert found == {"a_b", "e_f", "g_total"}


def test_variables_that_are_used_exist():
    for uid, dashboard in dashboards().items():
        names = {variable["name"] for variable in dashboard["templating"]["list"]}
        used = set(
            re.findall(
                r"\$\{?([a-z]\w*)", json.dumps([dashboard["panels"], dashboard["annotations"]])
            )
        )
        assert used <= names, uid


@pytest.mark.parametrize("uid", ALL)
def test_every_dashboard_has_bands_of_faults_and_of_planned_works(uid):
    found = dashboards()[uid]["annotations"]["list"]
    assert [band["name"] for band in found] == ["Faults", "Planned works"]
    for band in found:
        assert band["datasource"]["uid"] == "${datasource}"
        assert band["titleFormat"].startswith(band["name"]), "a colour never speaks alone"
        assert f"[{band['step']}]" in band["expr"], "no fault between two steps is passed over"
        assert ('device="$device"' in band["expr"]) is (uid == "healthmon-device")


def test_every_fault_code_has_words_and_a_runbook_in_the_tables():
    shown = json.dumps(dashboards()["healthmon-operations"])
    for code, known in CODES.items():
        assert f'"{code}": {{"index"' in shown
        assert known.title in shown


def test_every_check_type_has_its_column_and_its_row():
    """But that of true time, which is no device's."""
    known = {one.name for one in CHECK_TYPES} - {"reference"}
    columns = set("|".join(value for name, value in CHECKED.items() if name != "Others").split("|"))
    assert columns == known
    assert set(TITLES) == known
