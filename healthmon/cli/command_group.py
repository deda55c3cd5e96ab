"""Groups of commands: what all of them have in common."""

from __future__ import annotations

from typing import Any, ClassVar

import typer
from typer.core import TyperGroup

from healthmon.cli.examples import EXAMPLES

# Longer than any first sentence of a help text.
_WHOLE = 1000


class CommandGroup(TyperGroup):
    """Its help has the whole first sentence of each command, however narrow the terminal is. `sections`
    are headings with the names of their commands; without them all commands are under one.
    """

    sections: ClassVar[dict[str, tuple[str, ...]]] = {}

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, whose help ends with its examples; None for none."""
        found = super().get_command(ctx, cmd_name)
        _, _, path = f"{ctx.command_path} {cmd_name}".partition(" ")
        if found is not None and path in EXAMPLES:
            lines = (f"  {line}" for line in EXAMPLES[path])
            found.epilog = "\n".join(("\b", "Examples:", *lines))
        return found

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of the commands."""
        del ctx
        for heading, names in (self.sections or {"Commands": tuple(self.commands)}).items():
            rows = [(name, self.commands[name].get_short_help_str(_WHOLE)) for name in names]
            with formatter.section(heading):
                formatter.write_dl(rows)


class RootGroup(CommandGroup):
    """The program: its commands by who needs them."""

    sections: ClassVar[dict[str, tuple[str, ...]]] = {
        "Each shift": (
            "sweep",
            "sheet",
            "sheets",
            "sign",
            "note",
            "faults",
            "ack",
            "history",
            "probe",
            "picture",
            "ptz",
        ),
        "Contractors and managers": (
            "visit",
            "maintenance",
            "device",
            "duties",
            "report",
            "clock-statement",
        ),
        "Set up": (
            "init",
            "discover",
            "commission",
            "check-config",
            "export",
            "import",
            "overrides",
            "import-faults",
            "notify",
            "user",
            "alertmanager-config",
            "database-sql",
            "config-schema",
            "completion",
        ),
        "Run": (
            "run",
            "agents",
            "demo",
            "backup",
            "restore",
            "audit",
            "erase-person",
            "record",
            "version",
        ),
    }


def command_group(
    text: str, cls: type[CommandGroup] = CommandGroup, *, alone_is_help: bool = True
) -> typer.Typer:
    """A group with the help `text`; without a command it prints its help, unless it has a short form."""
    return typer.Typer(cls=cls, help=text, no_args_is_help=alone_is_help, rich_markup_mode=None)
