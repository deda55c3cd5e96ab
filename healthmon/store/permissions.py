"""Who may read and write a SQLite store: its owner writes, its group reads. The small state files
beside it (logins, locks) are for their owner alone.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import stat
from collections.abc import Callable
from pathlib import Path

from healthmon.protocols.host import state_files
from healthmon.store.engine import TroubleError

FILE_MODE, FOLDER_MODE = 0o640, 0o750
# The mode that earlier versions gave the file.
_CLOSED = 0o600


def make_folder(folder: Path) -> None:
    """Make the state directory where it is missing and may be made; one that exists keeps its
    permissions.
    """
    with contextlib.suppress(OSError):
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir()
        folder.chmod(FOLDER_MODE)  # whatever the umask is


def make(file: Path) -> None:
    """Make the store's file where it is missing and may be made; one of an earlier version is opened
    to its group.
    """
    make_folder(file.parent)
    with contextlib.suppress(OSError):
        if not file.exists():
            os.close(state_files.opened(file, os.O_RDONLY | os.O_CREAT | os.O_EXCL, FILE_MODE))
        elif stat.S_IMODE(file.stat().st_mode) == _CLOSED:
            file.chmod(FILE_MODE)


def need_file(file: Path) -> None:
    """Raises TroubleError where something else than a file stands at `file`."""
    with contextlib.suppress(OSError):  # in a folder that may not be entered
        if file.exists() and not file.is_file():
            raise TroubleError(f"{file} is a folder or device and no file: move it away")


def need_reading(file: Path) -> None:
    """Raises TroubleError where there is no `file`, or this user may not read it."""
    need_file(file)
    try:
        there = file.exists()
    except OSError:  # in a folder that may not be entered
        there = True
    if not there:
        raise TroubleError(f"no history yet: {file} does not exist")
    if not os.access(file, os.R_OK):
        words = f"{account()} may not read {file}; members of the group {_group(file.parent)} may"
        raise TroubleError(words)


def need_writing(file: Path) -> None:
    """Raises TroubleError where this user may not write `file`, or no journal beside it."""
    if not os.access(file, os.W_OK) or not os.access(file.parent, os.W_OK):
        raise TroubleError(f"{account()} may not write {file}; its owner {_owner(file)} may")


def account() -> str:
    """The account by which this program runs."""
    return _named(os.getuid(), lambda number: pwd.getpwuid(number).pw_name)


def _owner(path: Path) -> str:
    return _named(path.stat().st_uid, lambda number: pwd.getpwuid(number).pw_name)


def _group(path: Path) -> str:
    try:
        number = path.stat().st_gid
    except OSError:
        return "that owns it"
    return _named(number, lambda number: grp.getgrgid(number).gr_name)


def _named(number: int, name: Callable[[int], str]) -> str:
    """The name of a user or group; its number where it has none."""
    try:
        return name(number)
    except KeyError:
        return str(number)
