"""The fault catalogue: its rows from fault-catalogue.yaml, their tests from the test files.

A test belongs to the rows at the beginning of its name: ``test_c9_...`` to row c9,
``test_n2_g11_...`` to n2 and g11.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
DATA = Path(__file__).with_name("fault-catalogue.yaml")
ROWS_OF_A_NAME = re.compile(r"test_((?:[acgno]\d+_(?:to_)?)+)")

HEAD = """\
# Fault catalogue

Each row is a fault that healthmon must survive or report, and the behaviour that is required. The tests cause the
fault on loopback. A test begins with the rows that it holds: `test_c9_...` holds row C9. C rows are faults of devices,
N of the network, A of the agent, O of operators. G rows are goals that need many faults at once.

Written by `python -m docs` from [fault-catalogue.yaml](fault-catalogue.yaml) and the test files.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the catalogue. `untested` is the reason why a row has no test, else empty."""

    name: str
    fault: str
    required: str
    untested: str = ""


def sections() -> dict[str, list[Row]]:
    """Title of a section -> its rows, in the order of the file."""
    tree = yaml.safe_load(DATA.read_text(encoding="utf-8"))
    return {
        section["title"]: [Row(name, **row) for name, row in section["rows"].items()]
        for section in tree
    }


def rows_of(test: str) -> list[str]:
    """The rows that the name of a test begins with: ``test_n2_g11_a_switch`` -> n2, g11."""
    found = ROWS_OF_A_NAME.match(test)
    return re.findall(r"[acgno]\d+", found[1]) if found else []


def tests() -> dict[str, list[tuple[str, str]]]:
    """Row -> (path below the project, name of the test), sorted."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name in test_names(path):
            for row in rows_of(name):
                found[row].append((path.relative_to(ROOT).as_posix(), name))
    return found


def test_names(path: Path) -> list[str]:
    """The names of the test functions of one file."""
    found: set[str] = set()
    bodies = [ast.parse(path.read_text(encoding="utf-8")).body]
    for body in bodies:  # of the module, then of its classes
        for node in body:
            if isinstance(node, ast.ClassDef):
                bodies.append(node.body)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found.add(node.name)
    return sorted(name for name in found if name.startswith("test_"))


def page() -> str:
    """The text of fault-catalogue.md."""
    held = tests()
    lines = [HEAD]
    for title, rows in sections().items():
        lines.append(f"## {title}\n")
        for row in rows:
            lines += _row(row, held.get(row.name, []))
    return "\n".join(lines)


def _row(row: Row, held: list[tuple[str, str]]) -> list[str]:
    lines = [f"### {row.name.upper()}\n", f"{row.fault} **Required:** {row.required}\n"]
    if row.untested:
        return [*lines, f"No test: {row.untested}\n"]
    by_file: dict[str, list[str]] = defaultdict(list)
    for path, name in held:
        by_file[path].append(name)
    for path, names in by_file.items():
        lines.append(f"- [{path}](../{path}): " + ", ".join(f"`{name}`" for name in names))
    return [*lines, ""]
