"""The house rules that a machine can hold: words shared between rooms."""

from __future__ import annotations

import ast
import builtins
import re
import sys
from pathlib import Path

import pytest

from healthmon.checks.evaluation.wording import REASON_WORDS
from healthmon.model.enums import Reason
from healthmon.protocols import errors

TESTS = Path(__file__).parent
PACKAGE, EXPORTERS = TESTS.parent / "healthmon", TESTS.parent / "exporters"


def all_kinds(kind: type[errors.ExchangeError]) -> set[str]:
    return {kind.reason} | {word for child in kind.__subclasses__() for word in all_kinds(child)}


def test_every_exchange_error_has_a_reason_of_the_model():
    assert all_kinds(errors.ExchangeError) <= {reason.value for reason in Reason}


def test_every_reason_has_words():
    assert set(REASON_WORDS) == set(Reason)


def imported_by(path: Path) -> set[str]:
    """The modules that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


@pytest.mark.slow
def test_no_test_imports_another_tests_module():
    """What two tests share is in tests/helpers."""
    for path in TESTS.rglob("*.py"):
        shared = {name for name in imported_by(path) if name.rpartition(".")[2].startswith("test_")}
        assert not shared, path


def test_no_helper_hides_a_module_of_the_standard_library():
    """A helper that is run as a program has its own folder first in sys.path."""
    names = {path.stem for path in (TESTS / "helpers").rglob("*.py")}
    assert not names & sys.stdlib_module_names


# Of libraries, and of a camera's own protocol.
OF_OTHERS = {"CancelledError", "ExpatError", "HTTPException", "IsError", "TypstError"}
_ERROR = re.compile(r"\b[A-Z]\w*(?:Error|Exception)\b")


@pytest.mark.slow
def test_errors_that_docstrings_name_exist():
    """A renamed error stayed in 32 docstrings."""
    defined = set(dir(builtins))
    named: dict[str, str] = {}
    for path in (*PACKAGE.rglob("*.py"), *EXPORTERS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                defined.add(node.name)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                told = _ERROR.findall(ast.get_docstring(node) or "")
                named.update({name: f"{path.name}: {getattr(node, 'name', '')}" for name in told})
    assert {name: at for name, at in named.items() if name not in defined | OF_OTHERS} == {}
