"""Where a command enters what a person does: with the running agent, which writes it and knows it at
once, or in the store, where no agent runs.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

from healthmon.access import passwords, users
from healthmon.access.roles import Permission
from healthmon.access.signing import actor, signer
from healthmon.access.users import User
from healthmon.cli.opening import opened
from healthmon.incidents.acts import Act
from healthmon.incidents.life_cycle import LifeCycle
from healthmon.store import AloneError, Author, Store, StoreError, location, permissions
from healthmon.store.entered import new_note, sign_last
from healthmon.store.lease import Lock
from healthmon.store.location import InstanceLock, StoreLocation
from healthmon.store.runtime_directory import sockets

if TYPE_CHECKING:
    from healthmon.config.schema import Config

SECONDS = 15.0
# What is in a file is written in one transaction; a name is looked for in the whole record; a camera
# takes its time to a preset.
LONG_SECONDS = 120.0
_LONG = ("import", "old-faults", "erase", "ptz_send")
# The name of an act whose name the users file gives.
UNNAMED = "-"
NO_NAME = "a name is needed: --name 'A. Smith'"
POLL_SECONDS = 0.2
MOST_BYTES = 1 << 20


class Record(Protocol):
    """The record, for what a person does. Every method raises StoreError."""

    def life_cycle(self, number: int) -> LifeCycle:
        """The life of one fault."""

    def references(self) -> dict[str, set[int]]:
        """The faults that were reported, by their job numbers."""

    def act(self, made: Act) -> LifeCycle:
        """Record an act; the life of the fault with it."""

    def act_all(self, made: Sequence[Act]) -> None:
        """Record the acts of one person, all or none."""

    def raise_fault(self, made: Act) -> int:
        """Raise a fault; its number, 0 if the agent has given it none in time."""

    def sign(self, name: str, note: str) -> tuple[float, str, str]:
        """Sign the last sweep; when it was made, how it was signed and by whom."""

    def write_note(self, name: str, text: str) -> str:
        """Keep a note for the next shift; by whom."""


@contextlib.contextmanager
def record(loaded: Config) -> Iterator[Record]:
    """The record of the configuration. What goes wrong with it ends the command with exit 3."""
    path = _socket_of(loaded)
    opener = StoreLocation.existing if path is None else StoreLocation.reader
    with opened(lambda: location.place(loaded), opener) as store:
        yield _Direct(store, loaded) if path is None else _ByAgent(store, _Agent(path))


@dataclass(frozen=True)
class Own:
    """The store, written by this command, and in whose name."""

    store: Store
    by: str


@contextlib.contextmanager
def record_of(loaded: Config, name: str, permission: Permission) -> Iterator[RunningAgent | Own]:
    """The running agent, or where none runs the store, in the name of the user that the account is bound
    to, if it is bound to one, else in `name`. What goes wrong with it ends the command with exit 3.
    """
    path, closed = agent_of(loaded)
    opener = StoreLocation.existing if path is None else StoreLocation.reader
    with opened(lambda: location.place(loaded), opener) as store:
        if path is not None:
            yield RunningAgent(path, store)
            return
        if closed:
            raise StoreError(f"{closed}; nothing was entered")
        yield Own(store, _in_name_of(loaded, name, permission))


@contextlib.contextmanager
def store_for(loaded: Config, name: str, permission: Permission) -> Iterator[tuple[Store, str]]:
    """The store where no agent runs, written here, and in whose name: that of the user that
    the account is bound to, if it is bound to one, else `name`.
    """
    with opened(lambda: location.place(loaded), StoreLocation.existing) as store:
        yield store, _in_name_of(loaded, name, permission)


def _in_name_of(loaded: Config, name: str, permission: Permission) -> str:
    """Raises StoreError."""
    user = _own_user(loaded, name, permission, actor)
    if user is None and not name:
        raise StoreError(NO_NAME)
    return name if user is None else user.name


def eraser(loaded: Config) -> str:
    """Who takes a name out of the record where no agent runs. Raises StoreError where the account may
    not.
    """
    user = _own_user(loaded, "", Permission.ERASE, actor)
    account = permissions.account()
    return account if user is None else f"{user.name} (account {account})"


def own_account() -> Author:
    """The account by which this command runs."""
    return Author(os.getuid(), permissions.account())


@dataclass(frozen=True)
class _Direct:
    """The command writes to the store."""

    store: Store
    loaded: Config

    def life_cycle(self, number: int) -> LifeCycle:
        return self.store.life_cycle(number)

    def references(self) -> dict[str, set[int]]:
        return self.store.references()

    def act(self, made: Act) -> LifeCycle:
        return self.store.act(replace(made, by=self._name_of(made)), own_account())

    def act_all(self, made: Sequence[Act]) -> None:
        by = self._name_of(made[0]) if made else ""
        self.store.act_all([replace(one, by=by) for one in made], own_account())

    def raise_fault(self, made: Act) -> int:
        act_id = self.store.raise_fault(replace(made, by=self._name_of(made)), own_account())
        return numbered(self.store, act_id, self.loaded)

    def _name_of(self, made: Act) -> str:
        """Who acts: the user that the account is bound to, if it is bound to one, else as given."""
        typed = _typed_name(made)
        user = _own_user(self.loaded, typed, Permission.ACKNOWLEDGE, actor)
        if user is None and not typed:
            raise StoreError(NO_NAME)
        return typed if user is None else user.name

    def sign(self, name: str, note: str) -> tuple[float, str, str]:
        user = _own_user(self.loaded, name, Permission.SIGN)
        if user is not None and not passwords.verify(user.stored, ask_password(user.name)):
            raise StoreError(f"the password of user {user.name} is wrong; nothing was signed")
        by = user.name if user is not None else name
        within = self.loaded.estate.shift_check.sign
        return *sign_last(self.store, (by, note), within, own_account()), by

    def write_note(self, name: str, text: str) -> str:
        user = _own_user(self.loaded, name, Permission.NOTE)
        made = new_note(uuid.uuid4().hex, user.name if user is not None else name, text)
        self.store.write_note(made, time.time(), own_account())
        return made.by


def agent_of(loaded: Config) -> tuple[Path | None, str]:
    """Where the agent of the configuration listens for commands, None where none does; and in words
    why it cannot be asked where one is there, "" otherwise.
    """
    path = _socket_of(loaded)
    if path is not None:
        return path, ""
    for one in sockets(Path(loaded.file)):
        if _closed(one):
            return None, f"the agent's socket {one} is not open to {permissions.account()}"
    return None, ""


def _closed(path: Path) -> bool:
    """Whether this account may not connect to a socket that is there, or may not know whether it is."""
    try:
        path.stat()
    except PermissionError:
        return True
    except OSError:
        return False
    return not os.access(path, os.W_OK)


def swept_by_agent(loaded: Config, path: Path, progress: Callable[[int, int], None]) -> None:
    """Have the agent that listens at `path` make the check of `loaded`, and wait for its sheet.
    `progress` gets how many checks are made, and of how many. Raises StoreError.
    """
    agent = _Agent(path)
    state = agent.enter("sweep", {"config": loaded.digest})
    while state["running"]:
        progress(int(state["made"]), int(state["total"]))
        time.sleep(POLL_SECONDS)
        state = agent.enter("sweep", {"watch": True})
    if state["problem"]:
        raise StoreError(f"the agent has made no sheet: {state['problem']}")


def by_agent(loaded: Config, kind: str, values: dict[str, Any]) -> dict[str, Any]:
    """What came of an act that only the running agent can do. Raises StoreError."""
    path, closed = agent_of(loaded)
    if path is None:
        words = "no agent runs with this configuration; this takes effect in the running agent only"
        raise StoreError(f"{closed or words}; nothing was done")
    return _Agent(path).enter(kind, values)


@dataclass(frozen=True)
class _ByAgent:
    """The agent writes; the command only reads."""

    store: Store
    agent: _Agent

    def life_cycle(self, number: int) -> LifeCycle:
        return self.store.life_cycle(number)

    def references(self) -> dict[str, set[int]]:
        return self.store.references()

    def act(self, made: Act) -> LifeCycle:
        self.agent.enter("act", _values(made))
        return self.store.life_cycle(made.number)

    def act_all(self, made: Sequence[Act]) -> None:
        name = _typed_name(made[0]) if made else ""
        self.agent.enter("import", {"name": name, "acts": [_values(one) for one in made]})

    def raise_fault(self, made: Act) -> int:
        act_id = int(self.agent.enter("raise", _values(made))["act"])
        end = time.monotonic() + SECONDS
        while not (number := self.store.number_of(act_id)) and time.monotonic() < end:
            time.sleep(POLL_SECONDS)
        return number

    def sign(self, name: str, note: str) -> tuple[float, str, str]:
        done = self.agent.enter("sign", {"name": name, "note": note}, ask_password)
        return float(done["at"]), str(done["how"]), str(done["by"])

    def write_note(self, name: str, text: str) -> str:
        values = {"name": name, "text": text, "token": uuid.uuid4().hex}
        return str(self.agent.enter("note", values)["by"])


@dataclass(frozen=True)
class RunningAgent:
    """The agent that listens at `path`, and its `store` for reading."""

    path: Path
    store: Store

    def enter(self, kind: str, values: dict[str, Any]) -> dict[str, Any]:
        """What came of an act. Raises StoreError."""
        return _Agent(self.path).enter(kind, values)


@dataclass(frozen=True)
class _Agent:
    """The agent that listens at `path`."""

    path: Path

    def enter(
        self, kind: str, values: dict[str, Any], password_of: Callable[[str], str] | None = None
    ) -> dict[str, Any]:
        """What came of an act. `password_of` gives the password of a user, where the agent wants it."""
        status, found = self._answer(kind, values)
        if status == HTTPStatus.UNAUTHORIZED and password_of is not None:
            password = password_of(str(found.get("user", "")))
            status, found = self._answer(kind, values | {"password": password})
        if status != HTTPStatus.OK:
            raise StoreError(str(found.get("problem", f"the agent answers {status}")))
        return dict(found["done"])

    def _answer(self, kind: str, values: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        connection = _Connection(self.path, LONG_SECONDS if kind in _LONG else SECONDS)
        try:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", f"/acts/{kind}", json.dumps(values), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read(MOST_BYTES))
        except (OSError, http.client.HTTPException, ValueError) as error:
            words = "the agent did not say whether it was entered; look at `healthmon faults`"
            raise StoreError(f"{words} ({error})") from None
        finally:
            connection.close()


def _own_user(
    loaded: Config, name: str, permission: Permission, known: Callable[..., User | None] = signer
) -> User | None:
    """The user in whose name this command acts; None without a users file, and for an account that
    `known` lets act without being one. Raises StoreError.
    """
    if loaded.agent.users_file is None:
        return None
    file = Path(loaded.folder) / loaded.agent.users_file
    today = datetime.now(ZoneInfo(loaded.estate.time_zone)).date()
    try:
        return known(users.read(file).users, permissions.account(), today, permission, name)
    except OSError as error:
        words = (error.strerror or "error").lower()
        raise StoreError(f"{file}: the users file cannot be read: {words}") from None
    except ValueError as error:
        raise StoreError(str(error)) from None


def ask_password(user: str) -> str:
    """The password of healthmon's user, typed without echo, or the first line of standard input."""
    from healthmon.cli.users import read_password

    return read_password((f"Password of user {user}: ",))


def _typed_name(made: Act) -> str:
    """The name that was given with an act; "" for none."""
    return "" if made.by == UNNAMED else made.by


def _values(made: Act) -> dict[str, Any]:
    return {
        "kind": made.kind.value,
        "number": made.number,
        "name": _typed_name(made),
        "happened": float(made.happened),
        "details": dict(made.details),
    }


class _Connection(http.client.HTTPConnection):
    """HTTP on a Unix socket."""

    def __init__(self, path: Path, seconds: float = SECONDS) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        """Raises OSError."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _socket_of(loaded: Config) -> Path | None:
    """The socket at which the agent of the configuration listens; None where none answers."""
    for path in sockets(Path(loaded.file)):
        with contextlib.closing(_Connection(path)) as connection:
            try:
                connection.connect()
            except OSError:  # no agent, or one that is not for this account
                continue
        return path
    return None


def numbered(store: Store, act_id: int, loaded: Config) -> int:
    """The number of a raised fault, once it has one; 0 if the agent gives none in time."""
    end = time.monotonic() + SECONDS
    while not (number := store.number_of(act_id)) and time.monotonic() < end:
        alone = _without_agent(loaded)
        if alone is None:
            time.sleep(POLL_SECONDS)
            continue
        from healthmon.runtime import raised

        with alone:
            raised.give_numbers(store, loaded)
    return number


def _without_agent(loaded: Config) -> contextlib.ExitStack | None:
    """What keeps an agent from starting, until it is left; None where one runs, or where this
    account cannot tell.
    """
    with contextlib.ExitStack() as held:
        try:
            folder = location.prepared(location.folder_of(loaded))
            held.callback(InstanceLock(folder).close)
            if loaded.database is not None:
                held.callback(location.place(loaded).open(alone=Lock()).close)
        except (OSError, AloneError):
            return None
        return held.pop_all()
