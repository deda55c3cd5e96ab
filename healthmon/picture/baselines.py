"""What cameras have learned of their own pictures, on the disk: one file a stream, for its owner only.

A file holds medians of ten pictures of 320 x 180 grey levels; while it is learned, the pictures
themselves. Another file holds the digits of the clock in the picture. Each can be deleted at any
time: the camera then learns anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from healthmon.picture import messages

MOST_BYTES = 16_000_000


@dataclass(frozen=True, slots=True)
class Baselines:
    """The files below `folder`; without a folder nothing is kept."""

    folder: Path | None

    def path(self, where: tuple[str, str]) -> Path | None:
        """The file of (device, stream). Names of devices may hold what no file name does."""
        if self.folder is None:
            return None
        digest = hashlib.sha256("\0".join(where).encode()).hexdigest()[:16]
        plain = "".join(one if one.isalnum() or one in "-_" else "_" for one in where[0])[:40]
        return self.folder / f"{plain}-{digest}.baseline"

    def read(self, where: tuple[str, str]) -> bytes:
        """What was learned; empty where nothing was, or it cannot be read."""
        path = self.path(where)
        if path is None:
            return b""
        try:
            with path.open("rb") as file:
                return file.read(MOST_BYTES)
        except OSError:
            return b""

    def write(self, where: tuple[str, str], data: bytes) -> None:
        """Keep `data`, whole or not at all. What cannot be written is learned again."""
        path = self.path(where)
        if path is not None:
            put(path, data)

    def forget(self, where: tuple[str, str]) -> bool:
        """Delete what was learned, also of the views of a PTZ camera; whether there was anything.
        Raises OSError.
        """
        path = self.path(where)
        if path is None:
            return False
        views = path.with_suffix(".views")
        there = path.exists() or views.exists()
        path.unlink(missing_ok=True)
        if views.exists():
            shutil.rmtree(views)
        return there


def put(path: Path, data: bytes) -> None:
    """Write `data` to `path` for its owner only, whole or not at all. What cannot be written is not."""
    fresh = path.with_suffix(".new")
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        fresh.replace(path)


@dataclass(frozen=True, slots=True)
class Learned:
    """One light of a file: its grey level and colour, from how many pictures of `needed` it was
    learned, and when the first and the last came (Unix seconds).
    """

    level: float
    colour: float
    began: float
    last: float
    count: int
    needed: int


def lights_of(data: bytes) -> list[Learned]:
    """The lights that a file holds; none where it is damaged."""
    try:
        return [_learned(one) for one in _message(data).fields["lights"]]
    except (ValueError, KeyError, TypeError, struct.error):
        return []


@dataclass(frozen=True, slots=True)
class LearnedClocks:
    """The file of the clocks of a stream: how many it holds, when they were looked for (Unix seconds),
    and what each has shown that tells how many hours it counts, by its place.
    """

    count: int
    tried: float
    hours: dict[str, tuple[str, ...]] = field(default_factory=dict)


def clocks_of(data: bytes) -> LearnedClocks | None:
    """What a file of clocks holds; None where there is none, or it is damaged."""
    try:
        told = _message(data)
        hours = {str(place): tuple(map(str, seen)) for place, seen in told.fields["hours"].items()}
        return LearnedClocks(len(told.fields["clocks"]), float(told.fields["tried"]), hours)
    except (ValueError, KeyError, TypeError, AttributeError, struct.error):
        return None


def with_hours(data: bytes, hours: Mapping[str, tuple[str, ...]]) -> bytes:
    """The file of clocks `data` with what each has shown of its hours. Raises ValueError."""
    told = _message(data)
    return replace(told, fields={**told.fields, "hours": dict(hours)}).packed()


def tried_again(data: bytes, now: float) -> bytes:
    """The file of clocks `data`, looked for `now` (Unix seconds) once more. Raises ValueError."""
    told = _message(data)
    return replace(told, fields={**told.fields, "tried": now}).packed()


def _message(data: bytes) -> messages.Message:
    size = messages.HEAD.size
    first, _ = messages.lengths(data[:size])
    return messages.unpacked(data[size : size + first], data[size + first :])


def _learned(fields: dict[str, Any]) -> Learned:
    level, colour, began, last = (
        float(fields[name]) for name in ("level", "colour", "began", "last")
    )
    return Learned(level, colour, began, last, int(fields["count"]), int(fields["needed"]))
