"""Where a command meets the running agent of its configuration: a socket, and a link to the state
directory, in a folder that is there until the machine restarts.

Both are named after the configuration file, because one machine may have several agents.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

# RuntimeDirectory=healthmon of the unit.
SERVICE = Path("/run/healthmon")


def sockets(file: Path) -> list[Path]:
    """The sockets at which the agent of the configuration in `file` may listen."""
    return [folder / f"{_key(file)}.sock" for folder in _folders()]


def noted_state(file: Path) -> Path | None:
    """The state directory that the last agent of this configuration had from its environment."""
    for folder in _folders():
        link = folder / f"{_key(file)}.state"
        with contextlib.suppress(OSError):
            found = link.readlink()
            if found.is_dir():
                return found
    return None


def note_state(file: Path, state: Path) -> None:
    """Note the state directory for commands that do not have the agent's environment."""
    folder = chosen()
    if folder is None or noted_state(file) == state:
        return
    fresh = folder / f"{_key(file)}.{os.getpid()}.new"
    with contextlib.suppress(OSError):
        fresh.symlink_to(state)
        fresh.replace(folder / f"{_key(file)}.state")


def chosen() -> Path | None:
    """The folder for the agent, made where it is the user's own; None where none can be written."""
    found = _writable()
    if found is None:
        with contextlib.suppress(OSError):
            _own().mkdir(0o700)
        found = _writable()
    return found


def _writable() -> Path | None:
    return next((one for one in _folders() if os.access(one, os.W_OK | os.X_OK)), None)


def _folders() -> Iterator[Path]:
    """systemd's, the one of the service, and the user's own if nobody else can have made it."""
    if given := os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]:
        yield Path(given)
    yield SERVICE
    own = _own()
    with contextlib.suppress(OSError):
        found = own.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid():
            yield own


def _own() -> Path:
    if base := os.environ.get("XDG_RUNTIME_DIR"):
        return Path(base) / "healthmon"
    return Path(f"/tmp/healthmon-{os.getuid()}")  # noqa: S108 - only if it is our own folder


def _key(file: Path) -> str:
    return hashlib.sha256(os.fsencode(file.resolve())).hexdigest()[:16]
