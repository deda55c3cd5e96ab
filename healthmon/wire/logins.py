"""The login guard: at most two rejected logins per (host, account), then a latch, so that no device is locked out.

Shared by ONVIF, RTSP, HTTP and SNMPv3 and by all channels of one recorder, and kept in a small file across restarts and
between the agent and the sweep. Smallest vendor limit found is 3 (reliability notes); a second try waits 60 s.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from healthmon.secret import Credential
from healthmon.wire.errors import AuthLatchedError, LockedOutError

SECOND_TRY_SECONDS = 60.0
LATCH_SECONDS = 24 * 3600.0
WINDOW_SECONDS = 30 * 60.0
LOCKED_SECONDS = 30 * 60.0
_ATTEMPTS = re.compile(r"(\d{1,4})\s+(?:more\s+)?(?:attempt|tries|try)", re.IGNORECASE)
_LOCKED = re.compile(
    r"\block(?:ed|out)\b|locked.?out|blocked|too many (?:failed|wrong|login)", re.IGNORECASE
)


@dataclass(slots=True)
class _Account:
    """Rejections of one (host, account, secret); times are Unix seconds because they outlive the process."""

    rejected: list[float] = field(default_factory=list)
    silent_until: float = 0.0
    locked: bool = False


@dataclass(slots=True)
class LoginGuard:
    """Says whether a login may be sent, and is told how it went. `path` None keeps the memory in the process only."""

    path: Path | None = None
    now: Callable[[], float] = time.time
    _accounts: dict[str, _Account] = field(default_factory=dict)
    _stamp: int = 0

    def permit(self, host: str, credential: Credential) -> None:
        """Raise AuthLatchedError or LockedOutError when no login of `credential` may go to `host` now."""
        self._read()
        account = self._accounts.get(self._key(host, credential))
        if account is None or (left := account.silent_until - self.now()) <= 0:
            return
        if account.locked:
            raise LockedOutError(
                f"account locked by the device; no login is tried for {_span(left)}"
            )
        raise AuthLatchedError(
            f"login refused {len(account.rejected)} x; no login is tried for {_span(left)}"
        )

    def rejected(
        self, host: str, credential: Credential, *, attempts_left: int | None = None
    ) -> None:
        """A correct answer to a fresh challenge was refused. `attempts_left` is what the device said, if it did."""
        account = self._accounts.setdefault(self._key(host, credential), _Account())
        now = self.now()
        account.rejected = [*account.rejected, now][-5:]
        recent = [at for at in account.rejected if now - at < LATCH_SECONDS + WINDOW_SECONDS]
        latch = len(recent) >= 2 or (attempts_left is not None and attempts_left < 3)
        account.silent_until = now + (LATCH_SECONDS if latch else SECOND_TRY_SECONDS)
        self._write()

    def locked(self, host: str, credential: Credential, seconds: float = LOCKED_SECONDS) -> None:
        """The device says that the account is locked: silence for at least 30 minutes."""
        account = self._accounts.setdefault(self._key(host, credential), _Account())
        account.locked = True
        account.silent_until = self.now() + max(seconds, LOCKED_SECONDS)
        self._write()

    def accepted(self, host: str, credential: Credential) -> None:
        """The login was accepted: forget earlier refusals."""
        if self._accounts.pop(self._key(host, credential), None) is not None:
            self._write()

    def latched(self, host: str, credential: Credential) -> bool:
        """Whether logins are being held back now."""
        try:
            self.permit(host, credential)
        except (AuthLatchedError, LockedOutError):
            return True
        return False

    @staticmethod
    def _key(host: str, credential: Credential) -> str:
        place = hashlib.blake2b(
            f"{host}\0{credential.username}".encode(), digest_size=8
        ).hexdigest()
        return f"{place}-{credential.fingerprint()}"

    def _read(self) -> None:
        """Take over what another process (the agent, a sweep) has written since."""
        if self.path is None:
            return
        try:
            stamp = self.path.stat().st_mtime_ns
            if stamp == self._stamp:
                return
            data = json.loads(self.path.read_text())
            self._accounts = {key: _Account(**value) for key, value in data.items()}
            self._stamp = stamp
        except (OSError, ValueError, TypeError, AttributeError):
            return

    def _write(self) -> None:
        if self.path is None:
            return
        text = json.dumps({key: asdict(value) for key, value in self._accounts.items()})
        fresh = self.path.with_suffix(f".{os.getpid()}.new")
        try:
            fresh.write_text(text)
            fresh.chmod(0o600)
            fresh.replace(self.path)
            self._stamp = self.path.stat().st_mtime_ns
        except OSError:
            fresh.unlink(missing_ok=True)


def attempts_left(said: str) -> int | None:
    """The remaining budget in "You still have N attempt(s)", or None where nothing of the kind is said."""
    found = _ATTEMPTS.search(said)
    return int(found[1]) if found else None


def says_locked(said: str) -> bool:
    """Whether the words of a refusal say that the account or our address is locked."""
    return bool(_LOCKED.search(said))


def _span(seconds: float) -> str:
    return f"{seconds / 3600:.0f} h" if seconds >= 5400 else f"{max(1, round(seconds / 60))} min"
