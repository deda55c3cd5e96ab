"""A new config.yaml in place of the old one: read back first, then put there at once."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path


class ChangedError(Exception):
    """The file is not what it was when it was read."""


def replace(path: Path, before: bytes, after: bytes, check: Callable[[Path], None]) -> None:
    """Put `after` in place of `path`, which held `before`, with its mode and owner. `check` is given
    a file with `after` beside it and raises what is wrong. Raises ChangedError, OSError; the file is
    the old one then.
    """
    target = path.resolve()
    with _beside(target, after) as fresh:
        check(fresh)
        if target.read_bytes() != before:
            raise ChangedError(f"{path} was changed meanwhile")
        fresh.replace(target)
        _sync_folder(target.parent)


@contextlib.contextmanager
def _beside(target: Path, content: bytes) -> Iterator[Path]:
    """A file with `content` in the folder of `target`, with its mode and owner; removed at the end,
    if it is still there.
    """
    old = target.stat()
    number, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".new", dir=target.parent)
    fresh = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
            new = os.fstat(file.fileno())
            if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
                os.fchown(file.fileno(), old.st_uid, old.st_gid)
            os.fchmod(file.fileno(), stat.S_IMODE(old.st_mode))
            file.flush()
            os.fsync(file.fileno())
        yield fresh
    finally:
        fresh.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
