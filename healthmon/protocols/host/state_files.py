"""Making the files of the state directory, with the permissions that each of them needs."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def opened(path: Path, flags: int, mode: int = 0o600) -> int:
    """The file at `path`, opened with `flags` (made where they say so), with the permissions `mode`
    whatever the umask is. Raises OSError.

    What root makes belongs to the owner of the folder: a sweep by root does not lock out the service.
    """
    handle = os.open(path, flags | os.O_CLOEXEC, 0o600)
    with contextlib.suppress(OSError):  # one that somebody else has made stays as it is
        os.fchmod(handle, mode)
        if os.geteuid() == 0:
            folder = path.parent.stat()
            os.fchown(handle, folder.st_uid, folder.st_gid)
    return handle


def write(path: Path, text: str, mode: int = 0o600, *, durable: bool = False) -> None:
    """Put `text` in place of the file at `path`, whole or not at all; a `durable` one is on the disk
    when this returns, also after a power failure. Raises OSError.
    """
    fresh = path.with_suffix(f".{os.getpid()}.new")
    handle = opened(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        fresh.replace(path)
        if durable:
            _sync(path.parent)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def _sync(folder: Path) -> None:
    """Have the names of the files of `folder` on the disk. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
