"""Where the store is: a SQLite file in the state directory, or the PostgreSQL database that config.yaml names."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from healthmon.config import Config, ConfigError, secrets
from healthmon.faults import FaultBook
from healthmon.keeper import Keeper
from healthmon.secret import Secret
from healthmon.store import Store, StoreError, TroubleError

log = logging.getLogger("healthmon")

FILE = "healthmon.db"


@dataclass(frozen=True, slots=True)
class Place:
    """A store to be opened: its `url`, the `password` of a server, the `file` of SQLite."""

    url: str
    password: Secret | None = None
    file: Path | None = None

    def open(self, *, alone: bool = False) -> Store:
        """The store, made where it is missing; `alone` is for the agent. Raises StoreError."""
        if self.file is not None and not self.file.exists():
            with contextlib.suppress(OSError):
                self.file.touch(0o600)
        return Store.open(self.url, self.password.reveal() if self.password else None, alone=alone)

    def reader(self) -> Store:
        """The store for reading only. Raises StoreError, also where there is none yet."""
        if self.file is not None and not self.file.exists():
            raise TroubleError(f"no history yet: {self.file} does not exist")
        return Store.reader(self.url, self.password.reveal() if self.password else None)


def place(config: Config, state: Path | None) -> Place:
    """The store of `config`. Raises ConfigError when a secret cannot be read, StoreError without a place to write."""
    if config.database is None:
        if state is None:
            raise TroubleError("the state directory cannot be written; set agent.state_directory")
        return Place(f"sqlite:///{state / FILE}", file=state / FILE)
    login = (
        secrets.resolve(config, config.database.credential) if config.database.credential else None
    )
    parts = urlsplit(config.database.url)
    query = dict(parse_qsl(parts.query))
    if parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        query.setdefault("sslmode", "verify-full")
    user = f"{login.username}@" if login and login.username else ""
    url = f"postgresql+psycopg://{user}{parts.netloc}{parts.path}" + (
        f"?{urlencode(query)}" if query else ""
    )
    return Place(url, login.password if login else None)


def keeper(config: Config, state: Path | None) -> Keeper:
    """What keeps the agent's history; where there is no place for it, the log says so."""
    try:
        where = place(config, state)
    except (StoreError, ConfigError) as error:
        log.error("no history is kept: %s", error)  # noqa: TRY400 - one line, no traceback
        return Keeper(_no_place, None)
    return Keeper(lambda: where.open(alone=True), where.file)


def _no_place() -> Store:
    raise TroubleError("there is no place for the history; see the log")


def recall(book: FaultBook, config: Config, state: Path | None) -> None:
    """Take over the open faults that the agent has kept, so that a sweep knows since when; without a store, nothing."""
    try:
        store = place(config, state).reader()
    except (StoreError, ConfigError):
        return
    try:
        book.restore(store.load().faults)
    except (StoreError, ValueError, TypeError, KeyError):
        book.lines.clear()
    finally:
        store.close()


class Running:
    """The lock of the one agent on a state directory; it goes with the process, however that ends."""

    def __init__(self, state: Path | None) -> None:
        self._file = -1
        if state is None:
            return
        self._file = os.open(state / "agent.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
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
