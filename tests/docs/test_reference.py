"""Every command, metric and fault code of the program is in the reference, which the code itself writes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main

from docs import __main__ as generated
from docs import commands
from healthmon.checks.evaluation.codes import CODES
from healthmon.cli.app import cli

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
# A package and context variables.
NO_METRIC = {"healthmon_account", "healthmon_deadline", "healthmon_exporters", "healthmon_trace"}


@pytest.mark.parametrize("name", sorted(set(generated.PAGES) - {"fault-catalogue.md"}))
def test_the_page_is_what_the_code_says(name: str) -> None:
    """The fault catalogue is held by its own tests."""
    assert (DOCS / name).read_text() == generated.PAGES[name](), "run: python -m docs"


def test_every_command_has_its_arguments_and_options_in_the_reference() -> None:
    text = (DOCS / "commands.md").read_text()
    sections = dict(re.findall(r"^## (.+)\n((?:(?!^## ).*\n)*)", text, re.MULTILINE))
    found = list(commands.commands(typer.main.get_command(cli)))
    assert len(found) > 60
    for path, command in found:
        section = sections[" ".join(path[1:])]
        for parameter in command.params:
            is_option = parameter.param_type_name == "option"
            names = parameter.opts if is_option else [parameter.metavar or parameter.name]
            shown = [name for name in names if re.search(rf"[`, ]\{{?{re.escape(name)}", section)]
            assert shown or getattr(parameter, "hidden", False), (path, parameter.name)


def test_every_metric_that_the_code_names_is_in_the_reference() -> None:
    text = (DOCS / "metrics.md").read_text()
    named: dict[str, str] = {}
    for folder in ("healthmon", "exporters"):
        for path in (ROOT / folder).rglob("*.py"):
            for name in re.findall(r"\"(healthmon_[a-z_]+)\"", path.read_text(encoding="utf-8")):
                named[name] = path.name
    assert len(named) > 100
    missing = {name: at for name, at in named.items() if f"`{name}`" not in text}
    assert {name: at for name, at in missing.items() if name not in NO_METRIC} == {}


def test_every_fault_code_is_in_the_reference_with_its_meaning() -> None:
    text = (DOCS / "checks.md").read_text()
    assert len(CODES) > 80
    rows = {code: f"| `{code}` | {one.title} | {one.meaning} |" for code, one in CODES.items()}
    assert [code for code, row in rows.items() if row not in text] == []
