"""The command ``healthmon ptz send``: a PTZ camera goes to one of its presets."""

from __future__ import annotations

from typing import Annotated

import typer

from healthmon.cli.act_command import with_json
from healthmon.cli.command_group import command_group
from healthmon.cli.faults_app import Named
from healthmon.cli.options import ConfigOption

ptz = command_group("PTZ cameras that config.yaml allows to be moved.")


@ptz.callback()
def group() -> None:
    """Without it Typer makes one command of the group."""


@ptz.command()
@with_json
def send(
    camera: Annotated[str, typer.Argument(help="id of the camera")],
    preset: Annotated[str, typer.Argument(help="name or token of one of its presets")],
    name: Named,
    config: ConfigOption = None,
) -> None:
    """Send a camera to a preset, unless somebody uses it; its view is judged there. On record."""
    from healthmon.cli import field_acts

    field_acts.do("ptz_send", {"device": camera, "preset": preset}, name, config)
