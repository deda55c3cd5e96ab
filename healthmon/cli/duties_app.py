"""The commands ``healthmon duties ...`` and their options."""

from __future__ import annotations

from typing import Annotated

import typer

from healthmon.cli.act_command import with_json
from healthmon.cli.command_group import command_group
from healthmon.cli.faults_app import Named
from healthmon.cli.options import ConfigOption, JsonOption

DutyName = Annotated[str, typer.Argument(help="the duty, such as ups_service")]
Subject = Annotated[str, typer.Option("--of", help="the site, camera or UPS that it was done for")]

duties = command_group(
    "What people declare because no check can answer it: reviews, cleaning, services."
)


@duties.command("list")
def list_duties(config: ConfigOption = None, *, as_json: JsonOption = False) -> None:
    """Show every duty: when and by whom it was last done, and when it is due. Exit code 1: overdue."""
    from healthmon.cli import duties as command

    raise typer.Exit(command.listed(config, as_json=as_json))


@duties.command()
@with_json
def done(
    duty: DutyName,
    name: Named,
    evidence: Annotated[
        str, typer.Option("--evidence", help="report or certificate number, or where it is filed")
    ],
    config: ConfigOption = None,
    *,
    of: Subject = "",
    on: Annotated[
        str | None, typer.Option("--on", help="the day on which it was done (default: today)")
    ] = None,
    note: Annotated[str, typer.Option("--note", help="a note; it is stored")] = "",
) -> None:
    """Declare that a duty was done. Earlier declarations stay in the record."""
    from healthmon.cli import duties as command

    texts = {"name": name, "evidence": evidence, "note": note}
    command.done(config, (duty, of), texts, on)


@duties.command()
def history(
    duty: DutyName, config: ConfigOption = None, *, of: Subject = "", as_json: JsonOption = False
) -> None:
    """Show every declaration of a duty, the newest first."""
    from healthmon.cli import duties as command

    command.history(config, duty, of, as_json=as_json)
