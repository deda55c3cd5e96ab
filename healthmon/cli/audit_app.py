"""The commands ``healthmon audit ...`` and their options."""

from __future__ import annotations

from typing import Annotated

import typer

from healthmon.cli.command_group import command_group
from healthmon.cli.options import ConfigOption, JsonOption

audit = command_group(
    "The audit chain: verify that nothing in the record was changed, or list its entries."
)


@audit.command()
def verify(
    config: ConfigOption = None,
    anchor: Annotated[
        str | None,
        typer.Option(
            help="a head of the chain that was noted elsewhere (sheet, digest), as 1234:0123456789abc"
        ),
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Verify the audit chain and every row that it holds; exit 1 where something was changed."""
    from healthmon.cli import audit as command

    raise typer.Exit(command.verify(config, anchor, as_json=as_json))


@audit.command()
def show(
    config: ConfigOption = None,
    days: Annotated[float, typer.Option(min=0.01, help="number of days to show")] = 7.0,
    *,
    as_json: JsonOption = False,
) -> None:
    """List the entries of the audit chain, without what is sealed in them."""
    from healthmon.cli import audit as command

    command.show(config, days, as_json=as_json)
