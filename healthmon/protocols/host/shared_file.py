"""A small JSON file of our own that the agent and a sweep both keep: who reads it takes over what
the other has written since.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from healthmon.protocols.host import state_files


@dataclass(slots=True)
class SharedFile:
    """The file at `path`, with the permissions `mode`; without a path nothing is kept."""

    path: Path | None
    mode: int
    _stamp: int = 0

    def news(self) -> Any:
        """The JSON value that stands there, once for each time that another process wrote it;
        None where nothing is new or the file cannot be read.
        """
        if self.path is None:
            return None
        try:
            stamp = self.path.stat().st_mtime_ns
            if stamp == self._stamp:
                return None
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return None
        self._stamp = stamp
        return found

    def write(self, value: Any) -> None:
        """Put the JSON `value` in place of what is there, whole or not at all."""
        if self.path is None:
            return
        with contextlib.suppress(OSError):
            state_files.write(self.path, json.dumps(value), self.mode)
            self._stamp = self.path.stat().st_mtime_ns
