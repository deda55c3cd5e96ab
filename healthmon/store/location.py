"""Where the store of a configuration is: a SQLite file in the state directory, or the PostgreSQL
database that config.yaml names. The agent and every command find it here, in the same way.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from healthmon.config import secrets
from healthmon.config.problems import ConfigError
from healthmon.protocols.host import state_files
from healthmon.secret import Secret
from healthmon.store import (
    CorruptError,
    Saved,
    ShiftNote,
    Store,
    StoreError,
    TroubleError,
    Wanted,
    permissions,
    runtime_directory,
)
from healthmon.store.agent_name import agent_name

if TYPE_CHECKING:
    from healthmon.checks.function_check.walk import Tick
    from healthmon.config.schema import Config
    from healthmon.incidents.incident import Incident
    from healthmon.store.engine import Exclusive
    from healthmon.store.lease import Lease
    from healthmon.store.writer import StoreWriter

log = logging.getLogger("healthmon")

FILE = "healthmon.db"
TAKEOVER_SECONDS = 30.0
# How long a link to the server may be dead before it is cut: 5 s for what is sent, 9 s for what is
# awaited (PostgreSQL's manual, 34.1.2). The kernel's own limits are 15 minutes and 2 hours.
LINK = {
    "tcp_user_timeout": "5000",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "2",
}
UNREAD = "the record cannot be read"
# Where the service keeps its state (StateDirectory=healthmon of its unit).
SERVICE = Path("/var/lib/healthmon")


@dataclass(frozen=True, slots=True)
class StoreLocation:
    """A store to be opened: its `url`, the `password` of a server, the `file` of SQLite."""

    url: str
    password: Secret | None = None
    file: Path | None = None

    @property
    def shown(self) -> str:
        """The store as commands name it: the file, or the address of the server's database."""
        return str(self.file) if self.file is not None else self.url.partition("?")[0]

    def open(self, *, alone: Exclusive | None = None) -> Store:
        """The store, made where it is missing; `alone` keeps agents away from the database of a server.
        Raises StoreError.
        """
        if self.file is not None:
            permissions.need_file(self.file)
            permissions.make(self.file)
        return Store.open(self.url, self.password.reveal() if self.password else None, alone=alone)

    def existing(self) -> Store:
        """The store for what a person enters, which makes none. Raises StoreError, also where there
        is none yet and for a user who may not write it.
        """
        self.reader().close()
        if self.file is not None:
            permissions.need_writing(self.file)
        return self.open()

    def reader(self) -> Store:
        """The store for reading only. Raises StoreError, also where there is none yet and for a user
        who may not read it.
        """
        if self.file is not None:
            permissions.need_reading(self.file)
        password = self.password.reveal() if self.password else None
        try:
            return Store.reader(self.url, password)
        except CorruptError as error:
            words = f"{self.shown} is no history of healthmon ({error})"
            raise CorruptError(f"{words}; a running agent begins a new one") from None


def place(config: Config) -> StoreLocation:
    """The store of `config`. Raises ConfigError when a secret cannot be read."""
    if config.database is None:
        return in_folder(folder_of(config))
    login = (
        secrets.resolve(config, config.database.credential) if config.database.credential else None
    )
    parts = urlsplit(config.database.url)
    query = dict(parse_qsl(parts.query))
    if parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        query.setdefault("sslmode", "verify-full")
    for name, value in LINK.items():
        query.setdefault(name, value)
    user = f"{quote(login.username, safe='')}@" if login and login.username else ""
    url = parts._replace(netloc=user + parts.netloc, query=urlencode(query)).geturl()
    return StoreLocation(url, login.password if login else None)


def in_folder(state: Path) -> StoreLocation:
    """The store in the state directory."""
    return StoreLocation(f"sqlite:///{state / FILE}", file=state / FILE)


def shown(config: Config) -> str:
    """The store of `config` as commands name it. No secret is read."""
    if config.database is not None:
        return config.database.url.partition("?")[0]
    return in_folder(folder_of(config)).shown


def folder_of(config: Config) -> Path:
    """The state directory of `config`. It may not exist."""
    return state_directory(config.agent.state_directory, Path(config.file))


def state_directory(configured: str | None, file: Path) -> Path:
    """The folder for the store and the small state files of the configuration in `file`: the
    configured one (relative to the file), systemd's $STATE_DIRECTORY, the one that an agent which
    had that variable has noted, the one of the service where it exists, or the user's. It may not
    exist; `prepared` makes it.
    """
    if configured:
        return file.resolve().parent / configured
    if given := os.environ.get("STATE_DIRECTORY", "").split(":")[0]:
        return Path(given)
    # A shell does not have the variable that systemd gives the service.
    if noted := runtime_directory.noted_state(file):
        return noted
    if SERVICE.is_dir():
        return SERVICE
    base = os.environ.get("XDG_STATE_HOME") or Path("~/.local/state").expanduser()
    return Path(base) / "healthmon"


def prepared(folder: Path) -> Path | None:
    """`folder`, made where it is missing; None if it cannot be written."""
    permissions.make_folder(folder)
    return folder if os.access(folder, os.W_OK | os.X_OK) else None


def store_writer(config: Config, state: Path | None, over: Lease | None = None) -> StoreWriter:
    """What keeps the agent's history, with the prepared `state` directory; where there is no place
    for it, the log says so. The lease `over` may be ended for it.
    """
    # They bring what no command needs.
    from healthmon.store.lease import Claim
    from healthmon.store.writer import StoreWriter

    try:
        where = place(config)
        if where.file is not None and state is None:
            raise TroubleError(f"{where.file.parent} cannot be written; set agent.state_directory")
    except (StoreError, ConfigError) as error:
        log.error("no history is kept: %s", error)  # noqa: TRY400 - one line, no traceback
        return StoreWriter(_no_place, None)
    log.info("store: %s", where.shown)
    if config.database is None:
        return StoreWriter(where.open, where.file)
    seconds = config.database.takeover or TAKEOVER_SECONDS
    claim = Claim(agent_name(), seconds, over)
    return StoreWriter(lambda: where.open(alone=claim), claim=claim)


def _no_place() -> Store:
    raise TroubleError("there is no place for the history; see the log")


@dataclass(frozen=True, slots=True)
class Recalled:
    """What the agent has kept for a sweep: what is open, the incidents that `ended` lately, when
    the last whole sweep was made, the open notes for the next shift, when people last had `seen` each
    camera before this shift check, and their `ticks` in it (times in Unix seconds). `problem` says why
    nothing is known; `head` is that of the audit chain.
    """

    saved: Saved = field(default_factory=Saved)
    ended: tuple[Incident, ...] = ()
    last_sweep: float | None = None
    seen: Mapping[str, float] = field(default_factory=dict)
    ticks: tuple[Tick, ...] = ()
    problem: str = ""
    notes: tuple[ShiftNote, ...] = ()
    head: str = ""

    @classmethod
    def of(cls, store: Store, since: float, window: tuple[float, float]) -> Recalled:
        """What `store` has; see `recall`. Raises StoreError, ValueError, TypeError, KeyError."""
        last = store.last_sweep()
        lately = store.incidents(Wanted(since=since))
        ended = tuple(one for one in lately if one.closed is not None)
        at = last[1] if last else None
        seen, ticks = store.last_seen(window[0]), store.ticks(*window)
        notes = tuple(store.open_notes())
        head = store.head().short
        return cls(store.load(), ended, at, seen, ticks, notes=notes, head=head)


def recall(config: Config, since: float, window: tuple[float, float]) -> Recalled:
    """What the agent has kept, with the incidents that ended from `since` on, and with the ticks in
    the `window` of the shift check (from, until). Unix seconds.
    """
    try:
        store = place(config).reader()
    except (StoreError, ConfigError):
        return Recalled(problem="there is no record of an agent")
    try:
        return Recalled.of(store, since, window)
    except (StoreError, ValueError, TypeError, KeyError):
        return Recalled(problem=UNREAD)
    finally:
        store.close()


class InstanceLock:
    """The lock of the one agent on a state directory; it goes with the process, however
    that ends.
    """

    def __init__(self, state: Path | None) -> None:
        self._file = -1
        if state is None:
            return
        self._file = state_files.opened(state / "agent.lock", os.O_RDWR | os.O_CREAT)
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            self._file = -1
            raise BlockingIOError(
                f"another healthmon agent runs already with the state directory {state}"
            ) from None

    def close(self) -> None:
        """Let go."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
