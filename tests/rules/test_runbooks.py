"""Every alert has its page and every code its section; the agent serves them, and so does an
installed wheel.
"""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import httpx
import pytest
from helpers import rule_files
from helpers.exporter_estate import made

from dashboards.rules.faults import alert_of
from healthmon.checks.evaluation.codes import CODES
from healthmon_exporters.web import app as web
from healthmon_exporters.web import runbooks

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "runbooks"
RULES = rule_files.groups(ROOT / "dashboards" / "rules" / "healthmon-alerts.rules.yaml")
ALERTS = sorted({rule["alert"] for group in RULES for rule in group["rules"]})
SECTIONS = [
    "What it means",
    "What to check from the chair",
    "Whom to call",
    "What the contractor needs",
]


def test_every_alert_has_its_page_and_every_page_its_alert():
    assert sorted(path.stem for path in PAGES.glob("*.md")) == sorted([*ALERTS, "README"])
    linked = set(re.findall(r"\((\w+)\.md\)", (PAGES / "README.md").read_text()))
    assert linked == set(ALERTS)


@pytest.mark.parametrize("alert", ALERTS)
def test_a_page_says_what_the_operator_must_know(alert):
    lines = (PAGES / f"{alert}.md").read_text().splitlines()
    assert lines[0] == f"# {alert}"
    assert lines[2].startswith("**")
    headings = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
    assert headings[:4] == SECTIONS
    assert headings[4:] in ([], ["The fault of this alert"], ["The faults of this alert"])
    empty = [
        a for a, b in zip(lines, lines[2:], strict=False) if a.startswith("#") and b.startswith("#")
    ]
    assert empty == ["## The faults of this alert"] * headings.count("The faults of this alert") + [
        "## The fault of this alert"
    ] * headings.count("The fault of this alert")
    assert max(map(len, lines)) <= 120


def test_every_code_is_explained_on_the_page_of_its_alert_under_the_name_that_people_see():
    for alert in ALERTS:
        told = re.findall(
            r"^### (.+) \(`(\w+)`\)$", (PAGES / f"{alert}.md").read_text(), re.MULTILINE
        )
        assert told == [
            (CODES[code].title, code) for code in dict(map(reversed, told)) if code in CODES
        ], alert
        assert {code for _, code in told} == {code for code in CODES if alert_of(code) == alert}


@pytest.mark.parametrize("path", sorted(PAGES.glob("*.md")), ids=lambda path: path.stem)
def test_links_between_pages_resolve(path):
    for target in re.findall(r"\]\(([^)#]+)", path.read_text()):
        assert (PAGES / target).is_file(), target


async def nothing(*_: str) -> None: ...


async def test_the_agent_serves_them():
    site = web.Site(made(), nothing, lambda: True, nothing, list)  # type: ignore[arg-type]
    engine = web.application(site)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(engine), base_url="http://127.0.0.1"
    ) as http:
        index = await http.get("/runbooks/")
        assert '<a href="HealthmonAgentDown">' in index.text
        shown = await http.get("/runbooks/HealthmonPicturesFault")
        assert shown.status_code == 200
        assert '<h3 id="frozen_clock">' in shown.text
        assert '<h2 id="whom-to-call">' in shown.text
        for name in ("Nothing", "..%2FREADME", "HealthmonAgentDown.md", "x" * 200):
            assert (await http.get(f"/runbooks/{name}")).status_code == 404
        assert (await http.get("/runbooks/README")).status_code == 200


@pytest.mark.parametrize("code", CODES)
def test_the_link_of_a_fault_leads_to_its_section(code):
    assert f'id="{code}"' in (runbooks.page(alert_of(code)) or "")


def test_an_installed_wheel_has_the_pages_and_the_rules(tmp_path):
    argv = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(argv, cwd=ROOT, check=True, capture_output=True, timeout=120)
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    pages = {
        name.split("/")[-1]
        for name in names
        if name.startswith("healthmon_exporters/runbook_pages/")
    }
    assert pages == {path.name for path in PAGES.glob("*.md")}
    assert any(
        name.endswith("share/healthmon/dashboards/rules/healthmon-alerts.rules.yaml")
        for name in names
    )
