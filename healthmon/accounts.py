"""``healthmon user``: who may log in at the agent's pages. A password is typed or piped in, never an argument."""

from __future__ import annotations

import getpass
import os
import sys
import warnings
from pathlib import Path
from typing import Annotated

import typer

from healthmon.config import ConfigError, suggest
from healthmon.console import ConfigOption, fail, load, say
from healthmon_exporters import users


def user(
    name: Annotated[str, typer.Argument(help="who logs in: letters, digits and . _ @ -")],
    file: Annotated[
        Path | None, typer.Option(help="the users file (default: `users_file` of config.yaml)")
    ] = None,
    config: ConfigOption = None,
    remove: Annotated[bool, typer.Option("--remove", help="take the user out")] = False,
) -> None:
    """Make or replace a user of the agent's pages; the password is asked for, or read from standard input."""
    path = file or _configured(config)
    try:
        if remove:
            _take_out(path, name)
            return
        users.check(path, name)
        password = _password()
        if words := users.weak(name, password):
            raise fail(f"{words}; nothing was changed")
        before = users.change(path, name, users.hash_password(password))
    except ConfigError as error:
        raise fail(str(error)) from None
    sys.stdout.write(
        f"{path}: user {name} {'has a new password' if before else 'is added'}; a running agent knows\n"
    )


def _take_out(path: Path, name: str) -> None:
    known = users.check(path, name)
    if name not in known:
        raise fail(f"{path}: there is no user {name}{suggest(name, known)}")
    users.change(path, name, None)
    sys.stdout.write(f"{path}: user {name} is taken out; a running agent knows\n")
    if len(known) == 1:
        say(f"warning: nobody stands in {path} any more; nobody can log in")


def _configured(config: Path | None) -> Path:
    """The users file that config.yaml names."""
    found, loaded = load(config)
    if loaded.agent.users_file is None:
        raise fail(f"{found}: no `users_file` under `agent`; add one, or say --file FILE")
    return Path(loaded.folder) / loaded.agent.users_file


def _password() -> str:
    """Typed twice without echo on a terminal, else the first line of standard input."""
    if not sys.stdin.isatty():
        return _piped()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)
            first, second = getpass.getpass("Password: "), getpass.getpass("Again: ")
    except getpass.GetPassWarning:
        raise fail("this terminal would show the password; pipe it in instead") from None
    except (EOFError, UnicodeDecodeError):
        raise fail("no password was given; nothing was changed") from None
    if first != second:
        raise fail("the two passwords are not the same; nothing was changed")
    return first


def _piped() -> str:
    raw = b""
    while (
        b"\n" not in raw
        and len(raw) <= users.LONGEST
        and (more := os.read(sys.stdin.fileno(), users.LONGEST + 1))
    ):
        raw += more
    try:
        return raw.partition(b"\n")[0].removesuffix(b"\r").decode()
    except UnicodeDecodeError:
        raise fail("the password is not UTF-8; nothing was changed") from None
