"""What is kept of moved PTZ cameras: the way home on the disk before the first move, and an entry of the
record for each move.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from healthmon.model.device import Device
from healthmon.model.ptz import MoveOutcome, PtzMove
from healthmon.protocols.host import state_files

_MOST_BYTES = 4096


class NotRecordedError(Exception):
    """A move that could not be recorded; the text says why."""


Record = Callable[[str, str, str], Awaitable[None]]
"""Record that a camera was sent to a preset, and why; returns when that is on the disk. Raises
NotRecordedError.
"""


@dataclass(slots=True)
class PtzMoves:
    """The last move of each camera, a file each in `folder`. `record` is None where no camera may be
    moved: only the running agent moves one. `moving_at` are the sites at which one is being moved.
    """

    folder: Path | None = None
    record: Record | None = None
    moving_at: set[str] = field(default_factory=set)

    def last(self, camera: str) -> PtzMove | None:
        """The last move of `camera`; None where there was none, or its file cannot be read."""
        if self.folder is None:
            return None
        try:
            with self._path(self.folder, camera).open("rb") as file:
                told = json.loads(file.read(_MOST_BYTES))
            stopped = told["stopped"]
            at = (float(stopped[0]), float(stopped[1])) if stopped else None
            return PtzMove(**{**told, "outcome": MoveOutcome(told["outcome"]), "stopped": at})
        except (OSError, ValueError, TypeError, KeyError, IndexError):
            return None

    def keep(self, camera: str, move: PtzMove) -> None:
        """Keep `move` as the last one; it is on the disk when this returns. Raises OSError."""
        if self.folder is None:
            raise OSError("there is no state directory")
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = json.dumps(asdict(move))
        state_files.write(self._path(self.folder, camera), text, durable=True)

    def is_away(self, camera: str) -> bool:
        """Whether `camera` was sent away and has not been seen at home again."""
        last = self.last(camera)
        return last is not None and last.away

    @contextlib.contextmanager
    def turn(self, device: Device) -> Iterator[None]:
        """Hold the turn of the site: one of its cameras is moved at a time."""
        self.moving_at.add(device.site)
        try:
            yield
        finally:
            self.moving_at.discard(device.site)

    @staticmethod
    def _path(folder: Path, camera: str) -> Path:
        return folder / f"{camera}.json"
