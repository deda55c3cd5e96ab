"""The logins of browsers. A session is a random token in a cookie; only its hash is kept.

Sessions are also written to a small file beside the users file (``users.sessions``), so that a
restart of the agent logs nobody out. It may be lost without harm.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import secrets
import time
from dataclasses import astuple, dataclass
from pathlib import Path

from healthmon.access.roles import Person, Role
from healthmon.access.users import User

log = logging.getLogger("healthmon.web")

# A shift of twelve hours and its handover.
LONGEST_SECONDS = 13 * 3600.0
MOST = 1000
MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Session:
    """The login of user `name` until `ends` (Unix seconds). `of` tells the password that it was
    made with; where an identity provider has told the `role`, by which configuration.
    """

    name: str
    ends: float
    of: str
    role: str = ""

    def counts(self, user: User | None, now: float) -> bool:
        """Whether it still is a login of `user`: not after a new password or the end."""
        return user is not None and not self.role and self._is_good(user.stored, now)

    def person(self, stamp: str, now: float) -> Person | None:
        """Whose login by the identity provider this is, by the configuration `stamp`; None where
        it is none, or none any more.
        """
        if not self.role or not self._is_good(stamp, now):
            return None
        return Person.of(self.name, Role(self.role))

    def _is_good(self, made_with: str, now: float) -> bool:
        return now < self.ends <= now + LONGEST_SECONDS and self.of == _hash(made_with)


class Sessions:
    """Every session. `load` is called with the users file before anything else."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._file: Path | None = None
        self._complained = False

    def load(self, users_file: Path) -> None:
        """Take over what was kept beside this users file, once."""
        file = users_file.with_name(f"{users_file.name}.sessions")
        if file != self._file:
            self._file, self._sessions = file, _kept(file)

    def begin(self, user: User) -> str:
        """The token of a new session. Call `keep` afterwards."""
        ends = time.time() + LONGEST_SECONDS
        return self._begin(Session(user.name, ends, _hash(user.stored)))

    def begin_by_provider(self, person: Person, stamp: str, seconds: float) -> str:
        """The token of a new session of somebody whom the identity provider has told, by the
        configuration `stamp`, for `seconds`. Call `keep` afterwards.
        """
        role = person.role or Role.VIEWER
        ends = time.time() + min(seconds, LONGEST_SECONDS)
        return self._begin(Session(person.name, ends, _hash(stamp), role.value))

    def _begin(self, session: Session) -> str:
        now, token = time.time(), secrets.token_urlsafe(32)
        self._sessions = {key: one for key, one in self._sessions.items() if one.ends > now}
        while len(self._sessions) >= MOST:
            del self._sessions[next(iter(self._sessions))]
        self._sessions[_hash(token)] = session
        return token

    def of(self, token: str) -> Session | None:
        """The session with this token."""
        return self._sessions.get(_hash(token))

    def end(self, token: str) -> None:
        """Log out. Call `keep` afterwards."""
        self._sessions.pop(_hash(token), None)

    def keep(self) -> None:
        """Write the file; where that is not possible, it is logged once."""
        if self._file is None:
            return
        fresh = self._file.with_name(f".{self._file.name}.{secrets.token_hex(4)}")
        text = json.dumps({key: astuple(one) for key, one in self._sessions.copy().items()})
        try:
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            fresh.replace(self._file)
        except OSError as error:
            if not self._complained:
                log.warning("%s: logins end with the agent: %s", self._file, error.strerror)
            self._complained = True
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)


def _kept(file: Path) -> dict[str, Session]:
    """What the file holds; what cannot be read is left out."""
    try:
        with file.open("rb") as opened:
            found = json.loads(opened.read(MOST_BYTES))
        return {str(key): _session(*values) for key, values in found.items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


def _session(name: object, ends: float, of: object, role: str = "") -> Session:
    """Raises ValueError for a role that there is not."""
    return Session(str(name), float(ends), str(of), Role(role).value if role else "")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
