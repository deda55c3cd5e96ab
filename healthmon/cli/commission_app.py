"""The options of `healthmon commission`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from healthmon.cli.options import ConfigOption


def commission(
    devices: Annotated[
        list[str] | None, typer.Argument(help="the ids of devices (default: all)")
    ] = None,
    config: ConfigOption = None,
    *,
    site: Annotated[
        list[str] | None, typer.Option(help="the devices of this site (repeatable)")
    ] = None,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes",
            help="write without asking: what config.yaml does not say yet, and of devices that are "
            "named also what it says otherwise",
        ),
    ] = False,
    before: Annotated[
        Path | None,
        typer.Option(help="print a visit page: this JSON of an earlier `commission` against now"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            help="also write the page to this file (repeatable): .html, .pdf, .txt or .json; "
            "a folder gets one HTML page for each device"
        ),
    ] = None,
) -> None:
    """Check what devices are, show it against config.yaml, and write it there when that is accepted."""
    from healthmon.cli import commission as command

    asked = command.Asked(devices or [], site or [], before, output or [], yes, as_json)
    raise typer.Exit(command.run(asked, config))
