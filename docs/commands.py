"""docs/commands.md, written from the commands themselves: each with its arguments and options."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer
import typer.main

from healthmon.cli.app import cli
from healthmon.cli.examples import EXAMPLES

HEAD = """# Commands

Written by `python -m docs` from the commands. `healthmon COMMAND --help` prints the same in the terminal.

| Exit code | Meaning |
|---|---|
| 0 | all OK, or done; a command that only shows the record ends with it, whatever it shows |
| 1 | `sweep`, `probe`: faults or warnings |
| 1 | `duties list`: overdue; `audit verify`: changed; `notify test`: not sent; `agents`: no agent has the estate |
| 1 | `commission`: a device differs; `discover`: a device is at another address |
| 2 | no faults, but not everything could be checked |
| 3 | wrong usage or configuration, or refused; nothing was done |
| 75 | `run` only: another agent has taken the estate over, and this one has ended |
| 130, 143 | ended by Ctrl-C or by SIGTERM |

Results go to standard output. Warnings, and how far it is, go to standard error, the latter only where that is a
terminal. No command writes an escape sequence, so there is nothing for `NO_COLOR` to take away. `healthmon completion
bash` (or zsh, fish) prints a script by which the shell completes commands and options.
"""
# Commands are typed Any: those of Typer are of click or of its own copy, by its release.
# Every command has it.
_HELP = "--help"


def page() -> str:
    """The text of commands.md."""
    root = typer.main.get_command(cli)
    sections = ("\n".join(_section(path, one)) for path, one in commands(root))
    return HEAD + "".join(f"\n{section}\n" for section in sections)


def commands(
    command: Any, path: tuple[str, ...] = ("healthmon",)
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """(words, command) of every command that does something, in the order of the names."""
    below: dict[str, Any] = getattr(command, "commands", {})
    if not below:
        yield path, command
    for name in sorted(below):
        yield from commands(below[name], (*path, name))


def _section(path: tuple[str, ...], command: Any) -> Iterator[str]:
    name = " ".join(path)
    context = typer.Context(command, info_name=name)
    yield f"## {' '.join(path[1:])}"
    yield ""
    yield " ".join((command.help or "").split())
    yield ""
    yield f"    {' '.join([name, *command.collect_usage_pieces(context)])}"
    yield from (f"    {line}" for line in EXAMPLES.get(" ".join(path[1:]), ()))
    rows = list(_rows(command, context))
    if rows:
        yield ""
        yield "| Argument or option | Meaning |"
        yield "|---|---|"
        yield from rows


def _rows(command: Any, context: typer.Context) -> Iterator[str]:
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is None or _HELP in parameter.opts:
            continue
        words, meaning = record
        yield f"| `{_escaped(words)}` | {_escaped(' '.join(meaning.split()))} |"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
