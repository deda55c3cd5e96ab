"""The commands ``healthmon picture ...``: what a camera has learned of its own pictures."""

from __future__ import annotations

from typing import Annotated

import typer

from healthmon.cli.options import ConfigOption

CameraArgument = Annotated[str, typer.Argument(help="id of the camera")]

picture = typer.Typer(
    help="Views that cameras have learned from their own pictures.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@picture.command()
def show(camera: CameraArgument, config: ConfigOption = None) -> None:
    """Show which lights a camera has learned, and when."""
    from healthmon.cli import pictures

    pictures.show(camera, config)


@picture.command()
def forget(camera: CameraArgument, config: ConfigOption = None) -> None:
    """Delete what a camera has learned; it learns anew from its next pictures."""
    from healthmon.cli import pictures

    pictures.forget(camera, config)
