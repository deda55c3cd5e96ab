"""docs/json.md, written from the classes of what commands print with ``--json``."""

from __future__ import annotations

import functools
import json
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import typer.main
from pydantic import TypeAdapter

from docs.commands import commands
from healthmon.cli.app import cli
from healthmon.cli.json_schemas import PRINTED

HEAD = """# JSON of the commands

Written by `python -m docs` from `healthmon/cli/json_schemas.py` and from the commands. Standard output holds one JSON
value and nothing else; warnings and progress go to standard error. Times are ISO 8601 with an offset. A changed field
has a line in the changelog.

| Command | Schema |
| --- | --- |
"""
_WITHOUT = """
`sweep --shift --json` prints what `sheet --json` prints. `faults --json` is short for `faults log --json`. `report` and
`clock-statement` print the same with `--format json`, and write it to a file that ends in `.json`.

A command that changes something prints what was recorded; `done` is the sentence that it prints without `--json`.
Errors go to standard error, with the same exit codes.

## Without `--json`

"""
# Commands whose schema is a file of its own.
FILES = {"discover": "discover.schema.json", "commission": "commission.schema.json"}

# The commands that have no ``--json``, by the reason.
WITHOUT = {
    "print or write a file of another kind, as their help says": (
        "alertmanager-config",
        "backup",
        "completion",
        "config-schema",
        "database-sql",
        "export",
        "record",
        "restore",
        "version",
    ),
    "ask a person, or run until they are stopped": ("demo", "init", "run"),
}


def page() -> str:
    """The text of json.md."""
    rows = "".join(f"| `healthmon {name} --json` | {_place(name)} |\n" for name in printing())
    return HEAD + rows + _WITHOUT + "".join(map(_line, WITHOUT.items()))


def _line(group: tuple[str, tuple[str, ...]]) -> str:
    reason, names = group
    return (
        textwrap.fill(
            f"- {', '.join(f'`{name}`' for name in names)}: {reason}.", 120, subsequent_indent="  "
        )
        + "\n"
    )


def schemas() -> dict[str, Callable[[], str]]:
    """The schema of what each command prints, by its file below docs."""
    return {_file(name): functools.partial(_schema, name) for name in PRINTED}


def printing() -> list[str]:
    """The commands that have ``--json``."""
    root = typer.main.get_command(cli)
    return [" ".join(words[1:]) for words, one in commands(root) if "--json" in _options(one)]


def _options(command: Any) -> Iterator[str]:
    for parameter in command.params:
        yield from parameter.opts


def _place(name: str) -> str:
    file = FILES.get(name) or _file(name)
    return f"[{file}]({file})"


def _file(name: str) -> str:
    return f"json/{name.replace(' ', '-')}.schema.json"


def _schema(name: str) -> str:
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"healthmon {name} --json",
    }
    return json.dumps(head | TypeAdapter(PRINTED[name]).json_schema(), indent=2) + "\n"
