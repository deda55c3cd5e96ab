"""The commands of a developer: `make quick`, `make lint` and the hooks before a commit say the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
MAKEFILE = (ROOT / "Makefile").read_text().replace("\\\n", " ")
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]


def recipe(target: str) -> list[str]:
    """The commands of a target, without the folder of their programs."""
    (found,) = re.findall(rf"^{target}:[^\n]*\n((?:\t[^\n]*\n)+)", MAKEFILE, re.MULTILINE)
    return [line.strip().removeprefix("$(BIN)/") for line in found.splitlines()]


def tool(command: str) -> str:
    """The program and its subcommand."""
    return " ".join(re.findall(r"^(ruff \w+|[\w-]+)", command.removeprefix(".venv/bin/")))


def test_the_hooks_download_nothing():
    assert [repository["repo"] for repository in HOOKS] == ["local"]
    assert {hook["language"] for hook in HOOKS[0]["hooks"]} == {"system"}


def test_the_hooks_are_the_checks_of_make_lint():
    hooks = {tool(hook["entry"]) for hook in HOOKS[0]["hooks"]}
    assert hooks == {tool(command) for command in recipe("lint")}


def test_make_quick_runs_the_linters_and_the_import_rules_before_its_tests():
    assert [tool(command) for command in recipe("quick")] == [
        "ruff check",
        "ruff format",
        "lint-imports",
        "python",
    ]


def test_make_quick_names_what_exists():
    (pure,) = re.findall(r"^PURE := (.*)$", MAKEFILE, re.MULTILINE)
    assert [path for path in pure.split() if not (ROOT / path).exists()] == []


def test_every_mark_is_declared_once():
    markers = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    names = [re.split(r"[(:]", line)[0] for line in markers["markers"]]
    assert len(names) == len(set(names))
    assert {"peer", "long", "slow"} <= set(names)


@pytest.mark.parametrize("mark", ["slow", "long", "peer"])
def test_a_file_that_make_quick_leaves_out_says_so_in_one_line(mark: str):
    """`--quick` reads the line instead of importing the file."""
    for path in (ROOT / "tests").rglob("test_*.py"):
        for line in path.read_text().splitlines():
            if line.startswith("pytestmark") and mark in line:
                assert re.fullmatch(
                    r"pytestmark = (?:\[.*\]|pytest\.mark\.\w+(?:\(\d+\))?)", line
                ), path
