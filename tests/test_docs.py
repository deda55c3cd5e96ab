"""The documents say what is true: commands exist, links resolve, every row of the fault catalogue has its test."""

import ast
import re
from pathlib import Path

import pytest
import typer.main

from healthmon.cli import cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
DOCUMENTS = [
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "dashboards/README.md",
    "docs/wall.md",
    "docs/install.md",
    "docs/makes.md",
    "docs/runbooks/README.md",
]
ROWS = [
    *(f"c{n}" for n in (*range(1, 16), *range(18, 32))),
    *(f"o{n}" for n in range(1, 9)),
    *("o9", "o10", "n1", "n2", "n3", "n4", "n5", "n6", "n7", "a1", "a2", "a3", "a4", "a5", "a6"),
    *("a8", "a9", "a10", "a11", "a12", "a13", "a16", "g9", "g10", "g11", "g12", "g16"),
]


def test_make_commands_of_the_readme_are_in_the_makefile():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)", README))
    assert {"demo", "test"} <= named
    assert named <= targets


def test_commands_of_the_readme_are_in_the_program():
    commands = set(typer.main.get_command(cli).commands)
    named = set(
        re.findall(
            r"\bhealthmon ((?!demo\.)[a-z][a-z-]+)",
            "\n".join(re.findall(r"`[^`]+`|^    .*$", README, re.MULTILINE)),
        )
    )
    assert {"sweep", "run", "check-config"} <= named
    assert named <= commands


def test_benchmarks_of_the_readme_exist():
    for name in re.findall(r"benchmarks ([a-z_]+)", README):
        assert (ROOT / "benchmarks" / f"{name}.py").is_file(), name


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_resolve(document):
    path = ROOT / document
    for target in re.findall(r"\]\(([^)#]+)", path.read_text()):
        assert target.startswith("https://") or (path.parent / target).exists(), target


def test_every_row_of_the_fault_catalogue_has_a_test():
    names = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        found = ast.walk(ast.parse(path.read_text()))
        names |= {n.name for n in found if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}
    rows = {match[1] for name in names if (match := re.match(r"test_([a-z]\d+)_", name))}
    assert not [row for row in ROWS if row not in rows]
