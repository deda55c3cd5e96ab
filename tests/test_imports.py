"""The import contracts of pyproject.toml hold what they promise: each case is added to a copy of the
packages, and lint-imports fails there by its name. No module imports itself by way of others.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
LINT = Path(sys.executable).with_name("lint-imports")
LAYERS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][
    0
]["layers"]
ROWS = [[name.strip() for name in row.replace(":", "|").split("|")] for row in LAYERS]
PURE = ("model", "checks.evaluation", "incidents", "inventory")
Lint = Callable[[Mapping[str, str]], tuple[int, str]]
MODULES = ("secret",)


@pytest.fixture
def lint(tmp_path: Path) -> Lint:
    """Runs the contracts over a copy of the packages with some texts (module -> text) added."""
    ignore = shutil.ignore_patterns("__pycache__", "assets")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "healthmon", tmp_path / "healthmon", ignore=ignore)
    shutil.copytree(ROOT / "exporters", tmp_path / "exporters", ignore=ignore)

    def run(added: Mapping[str, str]) -> tuple[int, str]:
        for name, text in added.items():
            top = tmp_path / ("exporters" if name.startswith("healthmon_exporters") else "")
            path = top / f"{name.replace('.', '/')}.py"
            path.parent.mkdir(exist_ok=True)
            with path.open("a") as file:
                file.write(text)
        found = os.pathsep.join((str(tmp_path), str(tmp_path / "exporters")))
        done = subprocess.run(
            [LINT, "--no-cache"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": found, "COLUMNS": "400"},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return run


def test_the_packages_keep_the_contracts(lint: Lint) -> None:
    assert lint({})[0] == 0


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("healthmon.loose", "healthmon.loose"),
        ("healthmon.loose_package.__init__", "healthmon.loose_package"),
        ("healthmon_exporters.loose", "healthmon_exporters.loose"),
    ],
)
def test_a_loose_module_fails(lint: Lint, name: str, told: str) -> None:
    code, text = lint({name: ""})
    assert code == 1
    assert told in text


def upward() -> Iterator[tuple[str, str]]:
    """(package, one that it must not import): the row above, and its neighbours in a row."""
    for above, row in pairwise(ROWS):
        yield from ((low, high) for low in row for high in above)
    for row in ROWS:
        yield from ((one, other) for one in row for other in row if one != other)


# How Python lets a module be imported, at its start and otherwise.
WAYS = {
    "plain": "import {module}\n",
    "from": "from {parent} import {name}\n",
    "function": "def later() -> None:\n    from {parent} import {name}\n",
    "types": "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from {parent} import {name}\n",
}


@pytest.mark.parametrize("way", WAYS)
def test_an_upward_import_fails(lint: Lint, way: str) -> None:
    """Every pair at once; each is named."""
    added: dict[str, str] = {}
    expected = []
    for low, high in upward():
        # What is one module, not a package, has all of its imports added to it.
        source = f"healthmon.{low}" if low in MODULES else f"healthmon.{low}.up_to_{high}"
        line = WAYS[way].format(module=f"healthmon.{high}", parent="healthmon", name=high)
        added[source] = added.get(source, "") + line
        expected.append(f"{source} -> healthmon.{high}")
    code, text = lint(added)
    assert code == 1
    assert [edge for edge in expected if edge not in text] == []
    assert len(expected) >= len(ROWS)


def test_the_exporters_are_not_imported_below_runtime(lint: Lint) -> None:
    packages = [name for row in ROWS[2:] for name in row if name not in MODULES]
    added = {f"healthmon.{name}.shows": "import healthmon_exporters\n" for name in packages}
    code, text = lint(added)
    assert code == 1
    assert [name for name in added if f"{name} -> healthmon_exporters" not in text] == []


@pytest.mark.parametrize("forbidden", ["asyncio", "socket", "time", "os", "logging"])
def test_what_decides_stays_pure(lint: Lint, forbidden: str) -> None:
    added = {f"healthmon.{package}.impure": f"import {forbidden}\n" for package in PURE}
    code, text = lint(added)
    assert code == 1
    assert [name for name in added if f"{name} -> {forbidden}" not in text] == []


# ----------------------------------------------------------------------------------------------- cycles


def cycles(imports: Mapping[str, set[str]]) -> list[list[str]]:
    """The strongly connected components of more than one module (Tarjan, without recursion)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []
    for root in imports:
        work = [] if root in index else [(root, iter(sorted(imports[root])))]
        while work:
            module, rest = work[-1]
            if module not in index:
                index[module] = low[module] = len(index)
                stack.append(module)
            for other in rest:
                if other not in index:
                    work.append((other, iter(sorted(imports[other]))))
                    break
                if other in stack:
                    low[module] = min(low[module], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[module])
                if low[module] == index[module]:
                    place = stack.index(module)
                    found.append(sorted(stack[place:]))
                    del stack[place:]
    return [component for component in found if len(component) > 1]


@pytest.mark.parametrize(
    ("edges", "found"),
    [
        ("", []),
        ("ab bc", []),
        ("ab ba", ["ab"]),
        ("ab bc ca cd", ["abc"]),
        ("ab bc cb cd de ed", ["bc", "de"]),
        ("ab bc cd da bd", ["abcd"]),
        ("ab ac bd cd de", []),
    ],
)
def test_cycles_are_found(edges: str, found: list[str]) -> None:
    imports: dict[str, set[str]] = {name: set() for name in "abcdef"}
    for source, target in edges.split():
        imports[source].add(target)
    assert sorted("".join(component) for component in cycles(imports)) == found


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Imports for types and inside functions count too."""
    graph = grimp.build_graph("healthmon", "healthmon_exporters", cache_dir=None)
    assert len(graph.modules) > 200
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert cycles(imports) == []
