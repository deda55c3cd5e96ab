"""The documents say what is true: commands exist and links resolve."""

import re
from pathlib import Path

import pytest
import typer.main

from healthmon.cli.app import cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
FIGURES = (ROOT / "docs" / "figures.md").read_text()
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in (ROOT, ROOT / "dashboards", ROOT / "docs")
    for path in (folder.rglob("*.md") if folder.name == "docs" else folder.glob("*.md"))
)


def test_make_commands_of_the_readme_are_in_the_makefile():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)", README + FIGURES))
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


def test_benchmarks_of_the_figures_exist():
    for name in re.findall(r"benchmarks ([a-z_]+)", FIGURES):
        assert (ROOT / "benchmarks" / f"{name}.py").is_file(), name


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_resolve(document):
    path = ROOT / document
    for target in re.findall(r"\]\(([^)#]+)", path.read_text()):
        assert target.startswith("https://") or (path.parent / target).exists(), target
