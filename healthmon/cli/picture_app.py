"""The commands ``healthmon picture ...``: what a camera has learned of its own pictures, and pictures that
wait for a person's answer.
"""

from __future__ import annotations

from typing import Annotated

import typer

from healthmon.cli.act_command import with_json
from healthmon.cli.command_group import command_group
from healthmon.cli.faults_app import Named
from healthmon.cli.options import ConfigOption, JsonOption

CameraArgument = Annotated[str, typer.Argument(help="id of the camera")]

picture = command_group(
    "Pictures that wait for an answer, and views that cameras have learned from their own."
)


@picture.command()
def show(
    camera: CameraArgument, config: ConfigOption = None, *, as_json: JsonOption = False
) -> None:
    """Show which lights a camera has learned, and when."""
    from healthmon.cli import pictures

    pictures.show(camera, config, as_json=as_json)


@picture.command()
@with_json
def forget(camera: CameraArgument, config: ConfigOption = None) -> None:
    """Delete what a camera has learned; it learns anew from its next pictures."""
    from healthmon.cli import pictures

    pictures.forget(camera, config)


@picture.command()
def baseline(
    camera: CameraArgument,
    name: Named,
    config: ConfigOption = None,
    *,
    now: Annotated[bool, typer.Option("--now", help="learn the view anew from now on")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show how far a camera has learned its view; with --now it learns anew, by the running agent."""
    from healthmon.cli import pictures

    if now:
        pictures.learn_anew(camera, name, config)
    pictures.show(camera, config, as_json=as_json)


@picture.command("looks")
def show_inspections(config: ConfigOption = None, *, as_json: JsonOption = False) -> None:
    """Show the pictures that wait for an answer: a fault, or a false alarm?"""
    from healthmon.cli import inspections

    inspections.show(config, as_json=as_json)


@picture.command()
@with_json
def answer(
    camera: CameraArgument,
    said: Annotated[str, typer.Argument(metavar="yes|no", help="whether it is a fault")],
    name: Named,
    config: ConfigOption = None,
    note: Annotated[str, typer.Option("--note", help="a remark")] = "",
) -> None:
    """Say whether the picture of a camera is a fault (yes) or a false alarm (no)."""
    from healthmon.cli import inspections

    inspections.answer(camera, said, (name, note), config)
