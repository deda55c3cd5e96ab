"""What a PTZ camera has learned of each of its views, on the disk: a folder a stream, a file a view.

A view is a preset that the camera tells by its position, or one that was only ever recognised by
its picture. The index beside them holds their names and how the last view was judged. All of it can
be deleted at any time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from healthmon.model.picture import Comparison, LastView
from healthmon.picture.baselines import MOST_BYTES, Baselines, put

MOST_VIEWS = 32
MOST_SENT = 10_000_000  # bytes of views among which a picture is recognised
NEW_VIEW_SECONDS = 3600.0  # an operator's roaming fills no list of views
_PRESET, _VIEW = "preset-", "view-"
_INDEX = "views.json"
_MOST_INDEX = 200_000
Where = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Looking:
    """Where a PTZ camera looked while its picture came: at the preset `token`, called `name`; or `why`
    nothing may be compared. Where neither is known the view is recognised by its picture, and
    learned anew where `may_learn` says so.
    """

    token: str = ""
    name: str = ""
    why: str = ""
    may_learn: bool = False

    @property
    def key(self) -> str:
        """The name of its view's file, "" without a preset."""
        return _PRESET + self.token.encode().hex() if self.token else ""


@dataclass(slots=True)
class Index:
    """The `names` of the views by key, when the last one was begun (Unix seconds), and the `last` one
    that was judged.
    """

    names: dict[str, str] = field(default_factory=dict)
    began: float = 0.0
    last: LastView | None = None

    def has_presets(self) -> bool:
        """Whether the camera has ever told its presets by position."""
        return any(key.startswith(_PRESET) for key in self.names)

    def new_key(self) -> str:
        """A key that no view has."""
        number = 1
        while f"{_VIEW}{number}" in self.names:
            number += 1
        return f"{_VIEW}{number}"


@dataclass(frozen=True, slots=True)
class ViewFiles:
    """The views of one stream below the files of `baselines`."""

    baselines: Baselines
    where: Where

    @property
    def folder(self) -> Path | None:
        """Where they lie; None where nothing is kept."""
        path = self.baselines.path(self.where)
        return path.with_suffix(".views") if path is not None else None

    def read(self, key: str) -> bytes:
        """What was learned of the view `key`; empty where nothing was."""
        return _read(self._path(key), MOST_BYTES)

    def write(self, key: str, data: bytes) -> None:
        """Keep what was learned of the view `key`; the one that was learned longest ago goes where
        there are too many.
        """
        path = self._path(key)
        if path is None:
            return
        known = self.sorted()
        if key not in known and len(known) >= MOST_VIEWS:
            self._remove(known[-1])
        put(path, data)

    def sorted(self) -> list[str]:
        """The keys of the views, those that learned last first."""
        if self.folder is None or not self.folder.is_dir():
            return []
        found = [(path.stat().st_mtime, path.stem) for path in self.folder.glob("*.baseline")]
        return [key for _, key in sorted(found, reverse=True)]

    def some(self) -> Iterator[tuple[str, bytes]]:
        """(key, what was learned) of as many views as may be sent at once."""
        total = 0
        for key in self.sorted():
            data = self.read(key)
            total += len(data)
            if total > MOST_SENT:
                return
            yield key, data

    def index(self) -> Index:
        """The index; an empty one where there is none or it is damaged."""
        folder = self.folder
        if folder is None:
            return Index()
        try:
            told = json.loads(_read(folder / _INDEX, _MOST_INDEX) or b"{}")
            names = {str(key): str(name) for key, name in told.get("names", {}).items()}
            return Index(names, float(told.get("began", 0.0)), _last(told.get("last")))
        except (ValueError, TypeError, KeyError, AttributeError):
            return Index()

    def keep(self, index: Index) -> None:
        """Write `index`, without the names of views that are gone."""
        if self.folder is None:
            return
        there = set(self.sorted())
        names = {key: name for key, name in index.names.items() if key in there}
        told = {"names": names, "began": index.began}
        told |= {"last": asdict(index.last) if index.last else None}
        put(self.folder / _INDEX, json.dumps(told).encode())

    def _path(self, key: str) -> Path | None:
        return self.folder / f"{key}.baseline" if self.folder is not None else None

    def _remove(self, key: str) -> None:
        path = self._path(key)
        if path is not None:
            path.unlink(missing_ok=True)


def _read(path: Path | None, most: int) -> bytes:
    if path is None:
        return b""
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError:
        return b""


def _last(told: Any) -> LastView | None:
    """What `asdict` made of a LastView. Raises KeyError, TypeError, ValueError."""
    if not told:
        return None
    compared = dict(told["comparison"])
    comparison = Comparison(**{**compared, "tiles": tuple(compared.get("tiles", ()))})
    sizes = (int(told["width"]), int(told["height"]))
    return LastView(float(told["at"]), str(told["view"]), comparison, *sizes, bool(told["sure"]))
