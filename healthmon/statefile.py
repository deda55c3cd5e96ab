"""A small state file, so that a sweep and a restarted agent know since when a fault has been there."""

from __future__ import annotations

import json
import os
from pathlib import Path

from healthmon.faults import FaultBook


def load(book: FaultBook, folder: Path | None) -> None:
    """Take over the open faults of an earlier run; a file that cannot be read is left alone and nothing is known."""
    if folder is None:
        return
    try:
        book.restore(json.loads((folder / "faults.json").read_text()))
    except (OSError, ValueError, KeyError, TypeError):
        book.lines.clear()


def save(book: FaultBook, folder: Path | None) -> bool:
    """Replace the file in one step; False when the disk does not take it."""
    if folder is None:
        return True
    fresh = folder / f"faults.{os.getpid()}.new"
    try:
        with fresh.open("w") as out:
            json.dump(book.dump(), out)
            out.flush()
            os.fsync(out.fileno())
        fresh.chmod(0o600)
        fresh.replace(folder / "faults.json")
    except OSError:
        fresh.unlink(missing_ok=True)
        return False
    return True
