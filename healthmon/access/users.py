"""The users file: one line for each user and each wall screen.

A user's line is ``name:salt$hash`` (scrypt, RFC 7914; both in hex) and what else is known of the
user, each as ``:word=value``: ``role``, ``unix`` (the account of this machine whose commands count
as the user's) and ``disabled`` (the first day on which the user may not log in). A blank line or
one that begins with ``#`` says nothing. A wall screen's line (`kiosks`) begins with ``kiosk``. The
file is replaced as a whole and read by nobody else.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from healthmon.access import kiosks
from healthmon.access.kiosks import Kiosk
from healthmon.access.roles import ROLE_OF_OLD_LINES, USER_ROLES, Person, Role
from healthmon.config.problems import ConfigError, Problem

MOST_BYTES = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_STORED = re.compile(r"(?:[0-9a-f]{2}){8,64}\$[0-9a-f]{128}")
# useradd(8), and names of a directory such as DOMAIN\name or name@domain.
_UNIX = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@\\-]{0,63}\$?")


@dataclass(frozen=True, slots=True)
class User:
    """One user. `stored` is ``salt$hash``; `given_role` is None in a line that names no role."""

    name: str
    stored: str
    given_role: Role | None = None
    unix: str = ""
    disabled: date | None = None

    @property
    def role(self) -> Role:
        """The role that counts."""
        return self.given_role or ROLE_OF_OLD_LINES

    @property
    def person(self) -> Person:
        """The user as somebody who asks for something."""
        return Person.of(self.name, self.role)

    def enabled(self, today: date) -> bool:
        """Whether the user may log in on that day."""
        return self.disabled is None or today < self.disabled

    def line(self) -> str:
        """The user's line in the file."""
        words = {
            "role": self.given_role.value if self.given_role else "",
            "unix": self.unix,
            "disabled": self.disabled.isoformat() if self.disabled else "",
        }
        more = "".join(f":{word}={value}" for word, value in words.items() if value)
        return f"{self.name}:{self.stored}{more}"


@dataclass(slots=True)
class UsersFile:
    """What a users file holds, and what is wrong with it."""

    users: dict[str, User] = field(default_factory=dict)
    kiosks: dict[str, Kiosk] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def add(self, line: str) -> None:
        """Add what a further line says. Raises ValueError in words."""
        if line.startswith(kiosks.PREFIX):
            kiosk = kiosks.parse(line)
            if kiosk.name in self.kiosks:
                raise ValueError(f"wall screen {kiosk.name} is there twice")
            self.kiosks[kiosk.name] = kiosk
        else:
            self._add_user(parse(line))

    def _add_user(self, user: User) -> None:
        if user.name in self.users:
            raise ValueError(f"user {user.name} is there twice")
        for other in self.users.values():
            if user.unix and user.unix == other.unix:
                raise ValueError(
                    f"user {user.name}: unix={user.unix} is bound to user {other.name}"
                )
        self.users[user.name] = user


def of_account(users: Mapping[str, User], account: str, today: date) -> Person:
    """Who acts by a command that the Unix `account` has started. One that is bound to no user, or
    to a disabled one, is a viewer under its own name.
    """
    user = bound(users, account, today)
    return user.person if user is not None else Person.of(account, Role.VIEWER)


def bound(users: Mapping[str, User], account: str, today: date) -> User | None:
    """The user that the Unix `account` is bound to; None without one, or where it is disabled."""
    for user in users.values():
        if account and user.unix == account and user.enabled(today):
            return user
    return None


def named_role(text: str) -> Role:
    """The role of that name that a user can have. Raises ValueError in words."""
    names = ", ".join(role.value for role in USER_ROLES)
    if text not in tuple(USER_ROLES):
        raise ValueError(f"'{text}' is no role; write {names}")
    return Role(text)


def named_account(text: str) -> str:
    """`text` as the name of a Unix account. Raises ValueError in words."""
    if not _UNIX.fullmatch(text):
        raise ValueError(f"'{text}' is no name of a Unix account")
    return text


def named_day(text: str) -> date:
    """`text` as a day. Raises ValueError in words."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"'{text}' is no date; write it as 2027-01-31") from None


_READERS: Mapping[str, Callable[[str], Any]] = MappingProxyType(
    {"role": named_role, "unix": named_account, "disabled": named_day}
)


def parse(text: str) -> User:
    """The user of a line. Raises ValueError in words."""
    name, _, rest = text.partition(":")
    stored, *more = rest.split(":")
    if not (_NAME.fullmatch(name) and _STORED.fullmatch(stored)):
        raise ValueError("is not a line 'name:salt$hash:role=ROLE'")
    found: dict[str, Any] = {}
    for part in more:
        word, _, value = part.partition("=")
        if word not in _READERS or word in found:
            words = "role=, unix= and disabled= may stand after the hash, each once"
            raise ValueError(f"user {name}: {words}")
        try:
            found[word] = _READERS[word](value)
        except ValueError as error:
            raise ValueError(f"user {name}: {error}") from None
    return User(name, stored, found.get("role"), found.get("unix", ""), found.get("disabled"))


def read(path: Path) -> UsersFile:
    """The users of the file, and what is wrong with it. Raises OSError."""
    found = UsersFile()
    for number, line in enumerate(_lines(path), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        try:
            found.add(text)
        except ValueError as error:
            words = f"{error}; take the line out and {_make(path)}"
            found.problems.append(Problem(str(path), number, "", words))
    return found


def problems(path: Path) -> list[Problem]:
    """What keeps people from coming in by the file at `path`."""
    try:
        found = read(path)
        others = stat.S_IMODE(path.stat().st_mode) & 0o007
    except OSError as error:
        words = f"the users file cannot be read: {_words(error)}; {_remedy(path, error)}"
        return [Problem(str(path), 0, "", words)]
    if others:
        words = f"the users file can be read by others; run: chmod 600 {path}"
        found.problems.append(Problem(str(path), 0, "", words))
    if not found.users and not found.problems:
        found.problems.append(Problem(str(path), 0, "", f"the users file is empty; {_make(path)}"))
    return found.problems


def warnings(path: Path) -> list[str]:
    """What works, but should be changed: users without a role."""
    try:
        users = read(path).users.values()
    except OSError:
        return []  # reported by `problems`
    old = [user.name for user in users if user.given_role is None]
    if not old:
        return []
    words = f"without a role a user counts as {ROLE_OF_OLD_LINES}: {', '.join(old)}"
    return [f"{path}: {words}; run: healthmon user set NAME --role ROLE --file {path}"]


def check(path: Path, name: str) -> dict[str, User]:
    """Whether user `name` could be changed: the users of the file now. Raises ConfigError in
    words.
    """
    return checked(path, name).users


def checked(path: Path, name: str) -> UsersFile:
    """The file, in which a user or wall screen of this name can be changed. Raises ConfigError."""
    if not _NAME.fullmatch(name):
        words = f"'{name}' is no name of a user; use letters, digits and . _ @ -"
        raise ConfigError([Problem(str(path), 0, "", words)])
    try:
        found = read(path)
    except FileNotFoundError:
        return UsersFile()
    except OSError as error:
        words = f"the users file cannot be read: {_words(error)}"
        raise ConfigError([Problem(str(path), 0, "", words)]) from None
    if found.problems:
        raise ConfigError(found.problems)
    return found


def put(path: Path, user: User) -> None:
    """Add `user`, or replace the one of that name.

    The other lines stay as they are. Raises ConfigError in words, and then nothing was changed.
    """
    with _changing(path, user.name) as change:
        _one_account(path, user, change.found.users)
        change.line(user.name, user.line())


def remove(path: Path, name: str) -> None:
    """Take user `name` out. Raises as `put`."""
    with _changing(path, name) as change:
        change.line(name, None)


def put_kiosk(path: Path, kiosk: Kiosk) -> None:
    """Add a wall screen, or replace the one of that name. Raises as `put`."""
    with _changing(path, kiosk.name) as change:
        change.line(kiosks.PREFIX + kiosk.name, kiosk.line())


def remove_kiosk(path: Path, name: str) -> None:
    """Take a wall screen out. Raises as `put`."""
    with _changing(path, name) as change:
        change.line(kiosks.PREFIX + name, None)


def connect_kiosk(path: Path, code: str, now: float) -> tuple[str, str] | None:
    """(name, token) of the wall screen that `code` is for, from now on the only way in as that
    screen; None for a code that is wrong, used or too old at `now` (Unix seconds). Raises as `put`.
    """
    try:
        waiting = read(path).kiosks.values()
    except OSError as error:
        words = f"the users file cannot be read: {_words(error)}"
        raise ConfigError([Problem(str(path), 0, "", words)]) from None
    name = next((kiosk.name for kiosk in waiting if kiosk.takes(code, now)), None)
    if name is None:
        return None
    with _changing(path, name) as change:
        kiosk = change.found.kiosks.get(name)
        if kiosk is None or not kiosk.takes(code, now):  # another one was quicker
            return None
        connected, token = kiosks.connected(name)
        change.line(kiosks.PREFIX + name, connected.line())
    return name, token


@dataclass(slots=True)
class _Change:
    """A change of the file at `path`, of which `found` is what it holds."""

    path: Path
    found: UsersFile

    def line(self, key: str, line: str | None) -> None:
        """Give the entry with this key the line, or take it out."""
        lines = _lines(self.path) if self.path.exists() else []
        _write(self.path, _changed(lines, key, line))


@contextlib.contextmanager
def _changing(path: Path, name: str) -> Iterator[_Change]:
    """Change user or wall screen `name`, alone. Raises ConfigError in words."""
    real = path.resolve()
    try:
        with _alone(real.parent):
            yield _Change(real, checked(real, name))
    except OSError as error:
        words = f"the users file was not changed: {_words(error)}"
        raise ConfigError([Problem(str(path), 0, "", words)]) from None


def _one_account(path: Path, user: User, known: Mapping[str, User]) -> None:
    """Raises ConfigError where another user is bound to the same Unix account."""
    for other in known.values():
        if user.unix and other.unix == user.unix and other.name != user.name:
            words = f"the Unix account {user.unix} is bound to user {other.name} already"
            raise ConfigError([Problem(str(path), 0, "", words)])


def _changed(lines: list[str], key: str, line: str | None) -> str:
    fresh = [line] if line is not None else []
    made: list[str] = []
    for old in lines:
        if old.strip().partition(":")[0] == key:
            made, fresh = made + fresh, []
        else:
            made.append(old)
    return "".join(f"{one}\n" for one in made + fresh)


def _lines(path: Path) -> list[str]:
    with path.open("rb") as file:
        raw = file.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise OSError(27, "larger than a megabyte; this cannot be a users file")
    return raw.decode("utf-8", "replace").splitlines()


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One change at a time: the lock is on the folder, and the kernel lets it go."""
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
        os.fsync(held)
    finally:
        os.close(held)


def _write(path: Path, text: str) -> None:
    """Replace the file at once, mode 0600; made by root it belongs to whom the old one (or its
    folder) belonged to.
    """
    owner = (path if path.exists() else path.parent).stat()
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(
            os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
        ) as file:
            if os.geteuid() == 0:
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _words(error: OSError) -> str:
    return (error.strerror or "error").lower()


def _remedy(path: Path, error: OSError) -> str:
    return (
        _make(path) if isinstance(error, FileNotFoundError) else "healthmon's user must be able to"
    )


def _make(path: Path) -> str:
    return f"run: healthmon user NAME --file {path}"


def has_role(path: Path, role: Role) -> bool:
    """Whether a user of the file has this role; no where it cannot be read."""
    try:
        return any(user.role is role for user in read(path).users.values())
    except OSError:
        return False
