"""The commands ``healthmon user ...`` and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from healthmon.cli.act_command import with_json
from healthmon.cli.command_group import CommandGroup, command_group
from healthmon.cli.options import ConfigOption, JsonOption

FileOption = Annotated[
    Path | None,
    typer.Option("--file", help="the users file (default: `users_file` of config.yaml)"),
]
NameArgument = Annotated[str, typer.Argument(help="user name: letters, digits and . _ @ -")]
RoleOption = Annotated[
    str | None,
    typer.Option("--role", help="viewer (default), operator, manager, admin or scraper"),
]
UnixOption = Annotated[
    str | None,
    typer.Option(
        "--unix",
        help="account of this machine whose commands count as the user's; none: no account",
    ),
]
DisableOption = Annotated[
    str | None,
    typer.Option(
        "--disable-on", help="first day without login, such as 2027-01-31; none: no such day"
    ),
]


class _NameOrCommand(CommandGroup):
    """``healthmon user NAME`` is short for ``healthmon user password NAME``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the name of the command in, where none stands first."""
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["password", *args]
        return super().parse_args(ctx, args)


user = command_group(
    "Users of the web pages and their roles. `healthmon user NAME` adds one.", _NameOrCommand
)


@user.command()
@with_json
def password(
    name: NameArgument,
    file: FileOption = None,
    config: ConfigOption = None,
    *,
    role: RoleOption = None,
    unix: UnixOption = None,
    disable_on: DisableOption = None,
    remove: Annotated[bool, typer.Option("--remove", help="remove the user")] = False,
) -> None:
    """Add a user, or give one a new password. It is typed, or read from standard input."""
    from healthmon.cli import users

    path = users.file_of(file, config)
    if remove:
        users.remove(name, path)
    else:
        users.set_password(name, path, users.Given(role, unix, disable_on))


@user.command("set")
@with_json
def change(
    name: NameArgument,
    file: FileOption = None,
    config: ConfigOption = None,
    *,
    role: RoleOption = None,
    unix: UnixOption = None,
    disable_on: DisableOption = None,
) -> None:
    """Change role, Unix account or last day of a user. The password stays."""
    from healthmon.cli import users

    users.change(name, users.file_of(file, config), users.Given(role, unix, disable_on))


@user.command("list")
def show(
    file: FileOption = None, config: ConfigOption = None, *, as_json: JsonOption = False
) -> None:
    """List the users with role, Unix account, last day and last use."""
    from healthmon.cli import users

    users.show(users.file_of(file, config), as_json=as_json)


@user.command("remove")
@with_json
def remove_user(name: NameArgument, file: FileOption = None, config: ConfigOption = None) -> None:
    """Remove a user."""
    from healthmon.cli import users

    users.remove(name, users.file_of(file, config))


@user.command("log")
def show_log(
    config: ConfigOption = None,
    days: Annotated[float, typer.Option(help="number of days to show", min=0.01)] = 31.0,
    *,
    as_json: JsonOption = False,
) -> None:
    """Show logins, refusals and changes of users from the record."""
    from healthmon.cli import faults

    faults.access_log(config, days, as_json=as_json)


kiosk = command_group("Wall screens: each has a token that sees the wall only.")
user.add_typer(kiosk, name="kiosk")
ScreenArgument = Annotated[
    str, typer.Argument(help="name of the screen: letters, digits and . _ @ -")
]


@kiosk.command("add")
@with_json
def add_kiosk(name: ScreenArgument, file: FileOption = None, config: ConfigOption = None) -> None:
    """Print a one-time code for a wall screen, to be typed into its page /kiosk."""
    from healthmon.cli import users

    users.add_kiosk(name, users.file_of(file, config))


@kiosk.command("list")
def list_kiosks(
    file: FileOption = None, config: ConfigOption = None, *, as_json: JsonOption = False
) -> None:
    """List the wall screens with their state and last use."""
    from healthmon.cli import users

    users.show_kiosks(users.file_of(file, config), as_json=as_json)


@kiosk.command("revoke")
@with_json
def revoke_kiosk(
    name: ScreenArgument, file: FileOption = None, config: ConfigOption = None
) -> None:
    """Revoke the token of a wall screen. An open wall ends within seconds."""
    from healthmon.cli import users

    users.revoke_kiosk(name, users.file_of(file, config))
