"""docs/json.md, written from the classes of what commands print with ``--json``."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from typing import Any

import typer.main
from pydantic import TypeAdapter

from docs.commands import commands
from healthmon.cli.app import cli
from healthmon.cli.json_rows import ROWS

HEAD = """# JSON of the commands

Written by `python -m docs` from `healthmon/cli/json_rows.py` and from the commands. Standard output holds one JSON
value and nothing else; warnings and progress go to standard error. Times are ISO 8601 with an offset. A changed field
has a line in the changelog.

| Command | Schema |
| --- | --- |
"""
# Commands whose schema is a file of its own.
FILES = {"discover": "discover.schema.json", "commission": "commission.schema.json"}


def page() -> str:
    """The text of json.md."""
    rows = "".join(f"| `healthmon {name} --json` | {_place(name)} |\n" for name in printing())
    return HEAD + rows


def schemas() -> dict[str, Callable[[], str]]:
    """The schema of each command's list of rows, by its file below docs."""
    return {_file(name): functools.partial(_schema, name) for name in ROWS}


def printing() -> list[str]:
    """The commands that have ``--json``."""
    root = typer.main.get_command(cli)
    return [" ".join(words[1:]) for words, one in commands(root) if "--json" in _options(one)]


def _options(command: Any) -> Iterator[str]:
    for parameter in command.params:
        yield from parameter.opts


def _place(name: str) -> str:
    file = _file(name) if name in ROWS else FILES.get(name)
    return f"[{file}]({file})" if file else "not written yet"


def _file(name: str) -> str:
    return f"json/{name.replace(' ', '-')}.schema.json"


def _schema(name: str) -> str:
    row: Any = ROWS[name]
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"healthmon {name} --json",
    }
    return json.dumps(head | TypeAdapter(list[row]).json_schema(), indent=2) + "\n"
