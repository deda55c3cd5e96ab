"""Every code that the judgement gives is in the register, and everything in the register is given
somewhere.

The codes are read from the source: the `code` argument of ``verdict(...)``, ``Verdict(...)`` and
``Fault(...)`` is followed to its string constants. One that cannot be followed is a failure, so
that the register stays closed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import healthmon
from healthmon.checks.evaluation.codes import CODES, GROUPS, title
from healthmon.incidents.correlation import MAINS, UNPROTECTED
from healthmon.model.enums import Reason

ROOM = Path(healthmon.__file__).parent
SOURCES = sorted((ROOM / "checks/evaluation").glob("*.py")) + [
    ROOM / name
    for name in (
        "incidents/incident.py",
        "incidents/correlation.py",
        "incidents/reducer.py",
        "incidents/unchecked.py",
        "runtime/self_check.py",
    )
]
POSITION = {"verdict": 3, "Verdict": 5, "Fault": 4}
# A verdict that is only passed on: `words` gives what it was given, `faults` copies it into the
# book.
PASSED_ON = {"words.py"}
REASONS = {reason.value for reason in Reason}


class Module:
    """One source file whose code arguments are followed to constants."""

    def __init__(self, path: Path, constants: dict[str, ast.expr]) -> None:
        self.path = path
        self.tree = ast.parse(path.read_text())
        self.constants = constants | _assigned(self.tree.body)
        self.functions = {
            node.name: node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef)
        }

    def codes(self) -> Iterator[str]:
        for function in self.functions.values():
            for call in [node for node in ast.walk(function) if isinstance(node, ast.Call)]:
                place = POSITION.get(_name(call.func))
                if place is not None and (argument := _argument(call, "code", place)):
                    unknown = _name(_argument(call, "state", place - 1) or call.func) == "UNKNOWN"
                    found = self.follow(argument, function)
                    yield from (code for code in found if not (unknown and code in REASONS))

    def follow(self, node: ast.expr, function: ast.FunctionDef) -> Iterator[str]:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.Name):
            yield from self._name(node.id, function)
        else:
            for value in self._values_of(node):
                yield from self.follow(value, function)

    def _values_of(self, node: ast.expr) -> list[ast.expr]:
        """The expressions of which `node` is one."""
        match node:
            case ast.IfExp():
                return [node.body, node.orelse]
            case ast.BoolOp() | ast.Dict():
                return node.values
            case ast.Attribute(attr="value"):
                return []  # the word of a Reason: an UNKNOWN verdict
            case ast.Subscript():
                return [node.value]
            case ast.Call(func=ast.Attribute(attr="get")):
                return [node.func.value, *node.args[1:]]
        pytest.fail(
            f"{self.path.name}:{node.lineno}: the code cannot be followed; write it as a constant"
        )

    def _name(self, name: str, function: ast.FunctionDef) -> Iterator[str]:
        arguments = [argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)]
        found = _values(function, name)
        for value in found:
            yield from self.follow(value, function)
        if name in arguments:
            yield from self._callers(function, name, arguments.index(name))
        elif name in self.constants:
            yield from self.follow(self.constants[name], function)
        elif not found:
            pytest.fail(f"{self.path.name}: {function.name}: nothing gives '{name}' its code")

    def _callers(self, function: ast.FunctionDef, name: str, position: int) -> Iterator[str]:
        for caller in self.functions.values():
            for call in [node for node in ast.walk(caller) if isinstance(node, ast.Call)]:
                if _name(call.func) == function.name and (
                    argument := _argument(call, name, position)
                ):
                    yield from self.follow(argument, caller)


def _name(node: ast.expr) -> str:
    return (
        node.id
        if isinstance(node, ast.Name)
        else node.attr
        if isinstance(node, ast.Attribute)
        else ""
    )


def _argument(call: ast.Call, keyword: str, position: int) -> ast.expr | None:
    named = next((k.value for k in call.keywords if k.arg == keyword), None)
    whole = len(call.args) > position and not any(
        isinstance(a, ast.Starred) for a in call.args[: position + 1]
    )
    return named or (call.args[position] if whole else None)


def _assigned(body: list[ast.stmt]) -> dict[str, ast.expr]:
    plain = {_name(node.targets[0]): node.value for node in body if isinstance(node, ast.Assign)}
    typed = {
        _name(node.target): node.value
        for node in body
        if isinstance(node, ast.AnnAssign) and node.value
    }
    return plain | typed


def _values(function: ast.FunctionDef, name: str) -> list[ast.expr]:
    """What `name` is assigned in `function`, also as one of several (``code, lost = ...``) or by a
    loop over pairs.
    """
    found: list[ast.expr] = []
    for node in ast.walk(function):
        if not isinstance(node, ast.Assign | ast.For):
            continue
        target = node.target if isinstance(node, ast.For) else node.targets[0]
        rows = (
            node.iter.elts
            if isinstance(node, ast.For) and isinstance(node.iter, ast.Tuple)
            else None
        )
        given = rows if rows is not None else [node.value] if isinstance(node, ast.Assign) else []
        if isinstance(target, ast.Name) and target.id == name:
            found += given
        elif isinstance(target, ast.Tuple):
            places = [i for i, one in enumerate(target.elts) if _name(one) == name]
            found += [row.elts[i] for i in places for row in given if isinstance(row, ast.Tuple)]
    return found


def constants() -> dict[str, ast.expr]:
    """Module constants that other modules import (cases.LOST, cases.COMMON)."""
    return {
        name: value
        for path in SOURCES
        for name, value in _assigned(ast.parse(path.read_text()).body).items()
    }


def given() -> set[str]:
    shared = constants()
    return {
        code
        for path in SOURCES
        if path.name not in PASSED_ON
        for code in Module(path, shared).codes()
    }


def test_every_code_that_is_given_is_registered_and_every_registered_one_is_given():
    found = given() - {"ok", ""}
    assert {
        "unreachable",
        "no_pictures",
        "packet_loss",
        "overload",
        "self_test_old",
        "common_cause",
    } <= found
    assert found == set(CODES)


def test_codes_that_mean_a_loss_of_power_are_registered():
    assert set(CODES) >= {MAINS, UNPROTECTED}


@pytest.mark.parametrize("code", CODES)
def test_a_code_is_explained_in_plain_words(code):
    entry = CODES[code]
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", code)
    assert entry.group in GROUPS
    assert 4 <= len(entry.title) <= 26
    assert entry.title[0].isupper()
    assert not entry.title.endswith(".")
    assert "_" not in entry.title + entry.meaning
    assert entry.meaning.endswith(".")
    assert len(entry.meaning) <= 110
    assert title(code) == entry.title


def test_every_group_has_a_code():
    assert {entry.group for entry in CODES.values()} == set(GROUPS)


def test_a_code_of_an_older_version_is_still_shown():
    assert title("lens_dirty") == "Lens dirty"
