"""How complex the functions are: cyclomatic complexity by radon, parameters by ruff (PLR0913).

``python tests/helpers/complexity.py`` writes tests/complexity_ratchet.txt anew, after a repair or a
rename. It refuses to make the list longer or anything on it worse.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from radon.complexity import cc_visit

ROOT = Path(__file__).parents[2]
RATCHET = ROOT / "tests" / "complexity_ratchet.txt"
FOLDERS = ("healthmon", "exporters", "dashboards", "benchmarks")
LIMITS = {"complexity": 10, "parameters": 8}
HEAD = """\
# Functions above the limits (complexity 10 by radon, 8 parameters): MEASURE VALUE FILE FUNCTION.
# The list only gets shorter: take a function apart, then run `python tests/helpers/complexity.py`.
"""

# (measure, file, function) -> value
Found = dict[tuple[str, str, str], int]


def measured() -> Found:
    """Every function above a limit."""
    return {**_complex(), **_many_parameters()}


def listed() -> Found:
    """What the ratchet allows; nothing where the file is gone."""
    if not RATCHET.exists():
        return {}
    lines = [line for line in RATCHET.read_text().splitlines() if line and line[0] != "#"]
    rows = [line.split() for line in lines]
    return {(measure, file, name): int(value) for measure, value, file, name in rows}


def _sources() -> Iterator[tuple[str, str]]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield str(path.relative_to(ROOT)), path.read_text()


def _complex() -> Found:
    found: Found = {}
    for file, source in _sources():
        functions = [block for block in cc_visit(source) if block.letter in "FM"]
        for function in functions:
            if function.complexity > LIMITS["complexity"]:
                found["complexity", file, function.fullname] = function.complexity
    return found


def _many_parameters() -> Found:
    limit = LIMITS["parameters"]
    argv = ["ruff", "check", "--isolated", "--select", "PLR0913", "--exit-zero", "--no-cache"]
    argv += ["--output-format", "json", "--config", f"lint.pylint.max-args={limit}", *FOLDERS]
    argv[0] = str(Path(sys.executable).with_name("ruff"))
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
    found: Found = {}
    for problem in json.loads(done.stdout):
        file = str(Path(problem["filename"]).relative_to(ROOT))
        name = _function_at(ROOT / file, problem["location"]["row"])
        (value,) = re.findall(rf"\((\d+) > {limit}\)", problem["message"])
        found["parameters", file, name] = int(value)
    return found


def _function_at(path: Path, line: int) -> str:
    """The name of the function that is defined in `line`, its class before it."""

    def search(node: ast.AST, prefix: str) -> str:
        for child in ast.iter_child_nodes(node):
            name = f"{prefix}{getattr(child, 'name', '')}"
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and child.lineno == line:
                return name
            inside = f"{name}." if isinstance(child, ast.ClassDef) else prefix
            if found := search(child, inside):
                return found
        return ""

    return search(ast.parse(path.read_text()), "")


def grown(before: Found, after: Found) -> list[str]:
    """The measures by which `after` is worse than `before`, whatever the functions are called."""
    worse = []
    for measure in LIMITS:
        old = sorted((value for key, value in before.items() if key[0] == measure), reverse=True)
        new = sorted((value for key, value in after.items() if key[0] == measure), reverse=True)
        if len(new) > len(old) or any(a > b for a, b in zip(new, old, strict=False)):
            worse.append(measure)
    return worse


def main() -> int:
    """Write the ratchet anew, or delete it when it is empty."""
    before, after = listed(), measured()
    if RATCHET.exists() and (worse := grown(before, after)):
        print(f"not written: by {' and '.join(worse)} there is more than before")
        return 1
    if not after:
        RATCHET.unlink(missing_ok=True)
        return 0
    rows = [f"{key[0]} {value} {key[1]} {key[2]}" for key, value in sorted(after.items())]
    RATCHET.write_text(HEAD + "\n".join(rows) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
