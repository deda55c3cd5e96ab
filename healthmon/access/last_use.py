"""When each user was last let in: a small file beside the users file (``users.last``), that only
`healthmon user list` reads. It may be lost without harm.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
from pathlib import Path

log = logging.getLogger("healthmon.web")

EVERY_SECONDS = 60.0
MOST_BYTES = 1 << 20


def file_of(users_file: Path) -> Path:
    """The file that belongs to this users file."""
    return users_file.with_name(f"{users_file.name}.last")


def read(users_file: Path) -> dict[str, float]:
    """Unix seconds by the name of each user; what cannot be read is not known."""
    try:
        with file_of(users_file).open("rb") as file:
            found = json.loads(file.read(MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: at for name, at in found.items() if isinstance(at, float)}


class LastUse:
    """Keeps the file up to date, to the minute. Only known names are given to it."""

    def __init__(self) -> None:
        self._at: dict[str, float] = {}
        self._file: Path | None = None
        self._complained = False

    def used(self, users_file: Path, name: str, now: float) -> dict[str, float] | None:
        """What to `write` since `name` was let in at `now` (Unix seconds); None where the last
        write will do.
        """
        if self._file != users_file:
            self._file, self._at = users_file, read(users_file)
        if abs(now - self._at.get(name, 0.0)) < EVERY_SECONDS:
            return None
        self._at[name] = now
        return dict(self._at)

    def write(self, users_file: Path, at: dict[str, float]) -> None:
        """Replace the file; one that cannot be written is logged once."""
        path = file_of(users_file)
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(at, file)
            fresh.replace(path)
        except OSError as error:
            if not self._complained:
                log.warning("%s: the last use of users is not kept: %s", path, error.strerror)
            self._complained = True
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)
