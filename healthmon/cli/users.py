"""``healthmon user``: who may log in at the agent's pages and in which role, and the wall screens. A
password is typed or piped in, never an argument.
"""

from __future__ import annotations

import getpass
import os
import pwd
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from healthmon.access import kiosks, last_use, oidc_claims, passwords, users
from healthmon.access.events import AccessEvent, AccessKind
from healthmon.access.kiosks import Kiosk
from healthmon.access.local_syslog import LocalSyslog
from healthmon.access.roles import Role
from healthmon.access.users import User, UsersFile
from healthmon.cli.act_command import print_done
from healthmon.cli.console import fail, load, say
from healthmon.cli.json_acts import KioskAdded, Recorded, UserDone
from healthmon.cli.json_rows import KioskRow, UserRow, moment, print_rows
from healthmon.config.problems import ConfigError, suggest

NONE = "none"


@dataclass(frozen=True, slots=True)
class Given:
    """What the options tell of a user; None where they tell nothing, `NONE` takes a value away."""

    role: str | None = None
    unix: str | None = None
    disable_on: str | None = None

    def applied(self, user: User) -> User:
        """`user` with it. Raises ValueError in words."""
        if self.role is not None:
            user = replace(user, given_role=users.named_role(self.role))
        if self.unix is not None:
            account = users.named_account(self.unix) if self.unix != NONE else ""
            user = replace(user, unix=account)
        if self.disable_on is not None:
            day = users.named_day(self.disable_on) if self.disable_on != NONE else None
            user = replace(user, disabled=day)
        return user


def file_of(file: Path | None, config: Path | None) -> Path:
    """The users file that is meant: `file`, else the one that config.yaml names."""
    if file is not None:
        return file
    found, loaded = load(config)
    if loaded.agent.users_file is None:
        raise fail(f"{found}: no `users_file` under `agent`; add one, or say --file FILE")
    return Path(loaded.folder) / loaded.agent.users_file


def set_password(name: str, path: Path, given: Given) -> None:
    """Add a user, or give one a new password. It is typed, or read from standard input."""
    try:
        known = users.check(path, name)
        before = known.get(name)
        user = given.applied(before or User(name, "", Role.VIEWER))
        password = read_password()
        if words := passwords.weak(name, password):
            raise fail(f"{words}; nothing was changed")
        user = replace(user, stored=passwords.hash_password(password))
        users.put(path, user)
    except (ConfigError, ValueError) as error:
        raise fail(str(error)) from None
    done = "has a new password" if before else "is added"
    _tell(
        AccessKind.USER_CHANGED if before else AccessKind.USER_ADDED,
        f"user {name} {done}, {_words(user)}",
        name,
    )
    _print(path, user, f"{done}, {_words(user)}")


def change(name: str, path: Path, given: Given) -> None:
    """Change role, Unix account or last day of a user; the password stays."""
    if given == Given():
        raise fail("nothing to change: say --role, --unix or --disable-on")
    try:
        user = given.applied(_known(path, name))
        users.put(path, user)
    except (ConfigError, ValueError) as error:
        raise fail(str(error)) from None
    _tell(AccessKind.USER_CHANGED, f"user {name} is changed, {_words(user)}", name)
    _print(path, user, f"is changed, {_words(user)}")


def _print(path: Path, user: User, what: str) -> None:
    day = user.disabled.isoformat() if user.disabled else None
    words = f"{path}: user {user.name} {what}; a running agent knows"
    role = user.role.value
    print_done(UserDone(words, str(path), user.name, role, user.unix or None, day))


def remove(name: str, path: Path) -> None:
    """Take a user out."""
    try:
        user = _known(path, name)
        users.remove(path, name)
        rest = users.check(path, name)
    except ConfigError as error:
        raise fail(str(error)) from None
    _tell(AccessKind.USER_REMOVED, f"user {name} is taken out", name)
    _print(path, user, "is taken out")
    if not rest:
        say(f"warning: nobody stands in {path} any more; nobody can log in")


def show(path: Path, *, as_json: bool = False) -> None:
    """Print every user with role, Unix account, last day and last use, and who has logged in by the
    identity provider.
    """
    found = _read(path)
    for warning in users.warnings(path):
        say(f"warning: {warning}")
    used = last_use.read(path)
    if as_json:
        print_rows(_user_rows(found, used))
        return
    rows = [
        (
            user.name,
            user.role if user.given_role else f"{user.role} (none given)",
            user.unix or "-",
            user.disabled.isoformat() if user.disabled else "-",
            _time(used.get(user.name)),
        )
        for user in found.users.values()
    ]
    rows += [
        (name, "by its groups", "-", "-", _time(at))
        for name, at in sorted(used.items())
        if oidc_claims.is_users_name(name)
    ]
    write_table(("user", "role", "unix", "disabled on", "last use"), rows)


def _user_rows(found: UsersFile, used: Mapping[str, float]) -> list[UserRow]:
    rows = [
        UserRow(
            user.name,
            user.role.value,
            user.given_role is not None,
            user.unix or None,
            user.disabled.isoformat() if user.disabled else None,
            _moment(used.get(user.name)),
        )
        for user in found.users.values()
    ]
    others = sorted(name for name in used if oidc_claims.is_users_name(name))
    return rows + [UserRow(name, None, False, None, None, _moment(used[name])) for name in others]


def add_kiosk(name: str, path: Path) -> None:
    """Print a one-time code for wall screen `name`; what was connected under the name is no more."""
    try:
        before = users.checked(path, name).kiosks.get(name)
        kiosk, code = kiosks.waiting(name, time.time())
        users.put_kiosk(path, kiosk)
    except ConfigError as error:
        raise fail(str(error)) from None
    _tell(AccessKind.KIOSK_ADDED, f"wall screen {name} got a one-time code", name)
    if before is not None and before.token:
        say(f"warning: the screen that was connected as {name} no longer sees the wall")
    words = (
        f"{code}\n\nType this code into the page /kiosk of the agent on the wall screen, within "
        f"{kiosks.CODE_SECONDS / 60:.0f} minutes. It works once."
    )
    print_done(KioskAdded(words, name, code, kiosks.CODE_SECONDS))


def revoke_kiosk(name: str, path: Path) -> None:
    """Take wall screen `name` out."""
    try:
        known = users.checked(path, name).kiosks
        if name not in known:
            raise fail(f"{path}: there is no wall screen {name}{suggest(name, known)}")
        users.remove_kiosk(path, name)
    except ConfigError as error:
        raise fail(str(error)) from None
    _tell(AccessKind.KIOSK_REVOKED, f"wall screen {name} was revoked", name)
    words = f"{path}: wall screen {name} no longer sees the wall; a running agent knows"
    print_done(Recorded(words))


def show_kiosks(path: Path, *, as_json: bool = False) -> None:
    """Print every wall screen with its state and last use."""
    used, now = last_use.read(path), time.time()
    if as_json:
        screens = _read(path).kiosks.values()
        print_rows([_kiosk_row(one, used.get(kiosks.PREFIX + one.name), now) for one in screens])
        return
    rows = [
        (kiosk.name, _state(kiosk, now), _time(used.get(kiosks.PREFIX + kiosk.name)))
        for kiosk in _read(path).kiosks.values()
    ]
    write_table(("screen", "state", "last use"), rows)


def _tell(kind: AccessKind, text: str, name: str) -> None:
    """Tell the syslog of this machine which account has changed what. A running agent finds the
    change itself and keeps it in the record.
    """
    LocalSyslog().send(AccessEvent(kind, f"{text}, by Unix account {_account()}", name))


def _account() -> str:
    try:
        account = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        account = str(os.getuid())
    before = os.environ.get("SUDO_USER", "")
    return f"{account} (by sudo of {before})" if before else account


def _state(kiosk: Kiosk, now: float) -> str:
    if kiosk.token:
        return "connected"
    return f"code valid until {_time(kiosk.until)}" if now < kiosk.until else "code too old"


def _kiosk_row(kiosk: Kiosk, used: float | None, now: float) -> KioskRow:
    if kiosk.token:
        return KioskRow(kiosk.name, "connected", None, _moment(used))
    state: Literal["waiting", "too_old"] = "waiting" if now < kiosk.until else "too_old"
    return KioskRow(kiosk.name, state, _moment(kiosk.until), _moment(used))


def write_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows below their heads, in columns."""
    full = [heads, *rows]
    widths = [max(len(row[column]) for row in full) for column in range(len(heads))]
    for row in full:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write(line.rstrip() + "\n")


def _read(path: Path) -> UsersFile:
    """What the file holds; what is wrong with it is said."""
    try:
        found = users.read(path)
    except OSError as error:
        words = f"{path}: the users file cannot be read: {(error.strerror or '').lower()}"
        raise fail(words) from None
    for problem in found.problems:
        say(f"warning: {problem}")
    return found


def _known(path: Path, name: str) -> User:
    """User `name` of the file. Raises ConfigError."""
    known = users.check(path, name)
    if name not in known:
        raise fail(f"{path}: there is no user {name}{suggest(name, known)}")
    return known[name]


def _words(user: User) -> str:
    words = [f"role {user.role}"]
    if user.given_role is None:
        words = [f"counts as {user.role}, because no role is given (--role)"]
    if user.unix:
        words.append(f"Unix account {user.unix}")
    if user.disabled:
        words.append(f"disabled on {user.disabled.isoformat()}")
    return ", ".join(words)


def _time(at: float | None) -> str:
    """The time in the zone of this machine."""
    return f"{datetime.fromtimestamp(at).astimezone():%Y-%m-%d %H:%M}" if at else "-"


def _moment(at: float | None) -> str | None:
    return moment(at) if at else None


def read_password(prompts: Sequence[str] = ("Password: ", "Again: ")) -> str:
    """Typed without echo on a terminal, once for each of `prompts`, else the first line of standard
    input.
    """
    if not sys.stdin.isatty():
        return _piped()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)
            typed = [getpass.getpass(prompt) for prompt in prompts]
    except getpass.GetPassWarning:
        raise fail("this terminal would show the password; pipe it in instead") from None
    except (EOFError, UnicodeDecodeError):
        raise fail("no password was given; nothing was changed") from None
    if len(set(typed)) > 1:
        raise fail("the two passwords are not the same; nothing was changed")
    return typed[0]


def _piped() -> str:
    raw = b""
    while (
        b"\n" not in raw
        and len(raw) <= passwords.LONGEST
        and (more := os.read(sys.stdin.fileno(), passwords.LONGEST + 1))
    ):
        raw += more
    try:
        return raw.partition(b"\n")[0].removesuffix(b"\r").decode()
    except UnicodeDecodeError:
        raise fail("the password is not UTF-8; nothing was changed") from None
