"""The banned phrases of docs/glossary.yaml are in no document, help text or log message, and its
banned identifiers are in no module.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest
import typer.main
import yaml
from click.testing import CliRunner

from docs import glossary
from docs.glossary import Identifier, Phrase
from healthmon.cli.app import cli

ROOT = Path(__file__).parents[2]
PHRASES = glossary.phrases()
IDENTIFIERS = glossary.identifiers()
CONTEXTS = {"documents", "technical", "help", "log", "sentences"}
KINDS = {"class", "function", "variable", "module"}
# The glossary names what it bans; the history of the changelog stays as it was written.
GLOSSARY = {"docs/glossary.md", "docs/glossary.yaml"}
CODE = ("healthmon", "exporters", "dashboards", "benchmarks", "docs")
# SQL: tables and their columns keep their first names, so that an old history can be read.
SQL = {ROOT / "healthmon" / "store" / name for name in ("schema.py", "sql.py")}
LOG_METHODS = {"debug", "info", "warning", "error", "exception", "critical", "log"}


def documents() -> dict[str, str]:
    """Path -> text of each document; test names and `--question` are taken out."""
    found = {}
    for path in sorted(
        [
            *ROOT.glob("*.md"),
            ROOT / "dashboards" / "README.md",
            *(ROOT / "docs").rglob("*.md"),
        ]
    ):
        name = path.relative_to(ROOT).as_posix()
        if name not in GLOSSARY:
            found[name] = plain(path.read_text())
    found["config.yaml"] = "\n".join(re.findall(r"#.*", (ROOT / "config.yaml").read_text()))
    found["CHANGELOG.md"] = found["CHANGELOG.md"].split("\n## [0.1.0]")[0]
    return found


def plain(text: str) -> str:
    return re.sub(r"`test_\w+`|`--question`", "", text)


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, child in getattr(command, "commands", {}).items():
        yield from commands(child, (*path, name))


def help_texts() -> dict[str, str]:
    """Command -> what ``--help`` prints, wide enough that no sentence is broken."""
    found = {}
    whole = typer.main.get_command(cli)
    for path in commands(whole):
        shown = CliRunner().invoke(whole, [*path, "--help"], env={"COLUMNS": "400", "TERM": "dumb"})
        assert shown.exit_code == 0, path
        found["healthmon " + " ".join(path)] = shown.output.replace("--question", "")
    return found


def modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def nodes_of(path: Path) -> list[ast.AST]:
    """What one module consists of."""
    return list(ast.walk(ast.parse(path.read_text())))


def log_messages(path: Path) -> list[str]:
    """The texts of the log calls of one module."""
    found = []
    for node in nodes_of(path):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        receiver = node.func.value
        name = getattr(receiver, "id", getattr(receiver, "attr", ""))
        if node.func.attr in LOG_METHODS and name.strip("_") in {"log", "logger", "logging"}:
            found += [text for argument in node.args for text in strings(argument)]
    return found


def strings(node: ast.AST) -> list[str]:
    return [
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]


def logs() -> dict[str, str]:
    found = {
        path.relative_to(ROOT).as_posix(): "\n".join(log_messages(path))
        for path in modules("healthmon", "exporters")
    }
    return {name: text for name, text in found.items() if text}


def sentences(path: Path) -> list[str]:
    """The texts of one module that have a space, without its docstrings."""
    nodes = nodes_of(path)
    docstrings = {
        id(node.value)
        for node in nodes
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        node.value
        for node in nodes
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and " " in node.value
        and id(node) not in docstrings
    ]


def all_sentences() -> dict[str, str]:
    return {
        path.relative_to(ROOT).as_posix(): "\n|\n".join(sentences(path)).replace("--question", "")
        for path in modules("healthmon", "exporters", "dashboards")
        if path not in SQL
    }


@cache
def contexts() -> dict[str, dict[str, str]]:
    """Context -> name -> text; not read before a test asks, since every worker imports this file."""
    texts = documents()
    return {
        "documents": texts,
        "technical": {n: t for n, t in texts.items() if not n.startswith("docs/runbooks/")},
        "help": help_texts(),
        "log": logs(),
        "sentences": all_sentences(),
    }


def hits(phrase: Phrase, context: str) -> list[str]:
    pattern = re.compile(phrase.pattern, re.IGNORECASE)
    return [
        f"{name}: {' '.join(found[0].split())!r} (write: {phrase.write})"
        for name, text in contexts()[context].items()
        for found in pattern.finditer(text)
    ]


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase.pattern)
def test_a_banned_phrase_is_nowhere_in_its_contexts(phrase: Phrase) -> None:
    assert [hit for context in phrase.contexts for hit in hits(phrase, context)] == []


def test_the_contexts_hold_texts_of_every_kind() -> None:
    """A search that finds nothing to search would hold nothing."""
    texts = contexts()
    assert {phrase_context for phrase in PHRASES for phrase_context in phrase.contexts} <= CONTEXTS
    assert {"README.md", "ARCHITECTURE.md", "docs/install.md"} <= set(texts["technical"])
    assert "docs/runbooks/HealthmonAgentDown.md" in texts["documents"]
    assert len(texts["documents"]["CHANGELOG.md"]) > 1000
    assert "Print the version" in texts["help"]["healthmon version"]
    assert {"healthmon notify test", "healthmon run"} <= set(texts["help"])
    assert "OK: " in texts["sentences"]["exporters/healthmon_exporters/reports/shift_sheet.py"]
    assert sum(text.count("\n") + 1 for text in texts["log"].values()) > 20


@pytest.mark.parametrize(
    ("text", "banned"),
    [
        ("a closed door", True),
        ("sent by every way\nout", True),
        ("The keeper writes it.", True),
        ("a look at a device", True),
        ("Each question is answered.", True),
        ("an ask of the schedule", True),
        ("What is told is on the disk.", True),
        ("Look at the wall.", False),
        ("What do they see?", False),
        ("Ask the contractor.", False),
        ("outdoors", False),
    ],
)
def test_the_patterns_find_what_they_are_for(text: str, banned: bool) -> None:
    found = [
        phrase.pattern
        for phrase in PHRASES
        if {"technical", "documents"} & set(phrase.contexts)
        and re.search(phrase.pattern, text, re.IGNORECASE)
    ]
    assert bool(found) == banned, found


def definitions(path: Path) -> Iterator[tuple[str, str]]:
    """(kind, name) of everything that one module defines, and of the module itself."""
    yield from (("module", part) for part in (*path.parent.relative_to(ROOT).parts, path.stem))
    for node in nodes_of(path):
        if isinstance(node, ast.ClassDef):
            yield "class", node.name
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield "function", node.name
        elif isinstance(node, ast.arg):
            yield "variable", node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield "variable", node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield "variable", node.attr
        elif isinstance(node, ast.alias) and node.asname:
            yield "variable", node.asname


def words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", name)}


def is_banned(rule: Identifier, kind: str, name: str) -> bool:
    if rule.kinds and kind not in rule.kinds:
        return False
    return name.strip("_") == rule.name if rule.name else rule.word in words(name)


def named(rules: list[Identifier], path: Path) -> list[str]:
    where = path.relative_to(ROOT).as_posix()
    return [
        f"{where}: {kind} {name} (write: {rule.write})"
        for kind, name in definitions(path)
        for rule in rules
        if where.startswith(rule.under) and is_banned(rule, kind, name)
    ]


def test_no_module_defines_a_banned_identifier() -> None:
    found = [hit for path in modules(*CODE) for hit in named(IDENTIFIERS, path)]
    assert found == []


def test_the_rules_for_identifiers_are_complete() -> None:
    assert all(bool(rule.name) != bool(rule.word) for rule in IDENTIFIERS)
    assert {kind for rule in IDENTIFIERS for kind in rule.kinds} <= KINDS
    assert is_banned(Identifier("", word="question"), "variable", "_by_question")
    assert is_banned(Identifier("", word="keeper"), "class", "StoreKeeper")
    assert is_banned(Identifier("", name="look", kinds=("function",)), "function", "look")
    assert not is_banned(Identifier("", name="look", kinds=("function",)), "variable", "look")
    assert not is_banned(Identifier("", word="ask"), "function", "task_of")


def test_the_glossary_page_is_up_to_date() -> None:
    assert glossary.page() == (ROOT / "docs" / "glossary.md").read_text(), "run: python -m docs"


def test_the_glossary_is_sorted_and_each_meaning_is_one_line() -> None:
    terms = yaml.safe_load(glossary.DATA.read_text())["terms"]
    assert [name.casefold() for name in terms] == sorted(name.casefold() for name in terms)
    assert not [name for name, meaning in terms.items() if "\n" in meaning or "|" in meaning]
