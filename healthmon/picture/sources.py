"""What a picture is compared with: the baseline of a fixed camera, or that of a PTZ camera's view."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

from healthmon.model.picture import LastView, PictureReading, PtzView
from healthmon.picture.baselines import Baselines
from healthmon.picture.messages import Message
from healthmon.picture.views import NEW_VIEW_SECONDS, Index, Looking, ViewFiles, Where

MOVING = "the camera was moving"
Masks = list[dict[str, Any]] | None
UNRECOGNISED = "the camera is at no preset, or at one that it has not learned"


@dataclass(frozen=True, slots=True)
class Fixed:
    """One baseline for all pictures of `where`."""

    baselines: Baselines
    where: Where
    masks: Masks = None

    def asked(self) -> tuple[dict[str, Any], bytes]:
        """Fields for the worker, and what was learned."""
        kept = self.baselines.folder is not None
        fields = {"compare": True, "learn": kept, "masks": self.masks}
        return fields, self.baselines.read(self.where)

    def keep(
        self, told: dict[str, Any], baseline: bytes, reading: PictureReading
    ) -> PictureReading:
        """Write the `baseline` that changed; the reading."""
        del told
        if baseline:
            self.baselines.write(self.where, baseline)
        return reading


@dataclass(frozen=True, slots=True)
class Views:
    """One baseline for each view of a PTZ camera that was `looking` somewhere."""

    files: ViewFiles
    looking: Looking
    lasts: float
    masks: Masks = None

    @property
    def where(self) -> Where:
        """The device and its stream."""
        return self.files.where

    def asked(self) -> tuple[dict[str, Any], bytes]:
        """Fields for the worker, and what was learned of the view, or of all among which it is
        recognised.
        """
        looking, kept = self.looking, self.files.folder is not None
        if looking.why:
            return {"compare": False}, b""
        fields: dict[str, Any] = {"compare": True, "learn": kept, "ptz": "known"}
        fields["masks"] = self.masks
        if looking.key:
            return fields, self.files.read(looking.key)
        index = self.files.index()
        may = looking.may_learn and kept and not index.has_presets()
        may = may and time.time() - index.began >= NEW_VIEW_SECONDS
        views = list(self.files.some())
        known = Message({"keys": [key for key, _ in views]}, tuple(one for _, one in views))
        return fields | {"ptz": "recognise", "may_learn": may}, known.packed()

    def keep(
        self, told: dict[str, Any], baseline: bytes, reading: PictureReading
    ) -> PictureReading:
        """Write the `baseline` of the view that changed, and how it was judged last; the reading."""
        index = self.files.index()
        before = dict(index.names), index.last
        key = self._key(told, index)
        if baseline and key:
            self.files.write(key, baseline)
        view = self._view(told, key, index, reading)
        if (index.names, index.last) != before:
            self.files.keep(index)
        return replace(reading, ptz=view)

    def _key(self, told: dict[str, Any], index: Index) -> str:
        """The key of the view; a new one is put into `index`."""
        if self.looking.why or told.get("camera_moved"):
            return ""
        if self.looking.key:
            index.names[self.looking.key] = self.looking.name
            return self.looking.key
        key = str(told.get("view", ""))
        if told.get("new_view"):
            key = index.new_key()
            index.names[key] = key.replace("-", " ")
            index.began = time.time()
        return key

    def _view(
        self, told: dict[str, Any], key: str, index: Index, reading: PictureReading
    ) -> PtzView:
        known = reading.baseline
        name, sure = index.names.get(key, ""), bool(self.looking.key)
        if known is not None and known.peak is not None and name:
            sizes = (reading.width, reading.height)
            index.last = LastView(time.time(), name, known, *sizes, sure)
        why = self.looking.why or (MOVING if told.get("camera_moved") else "")
        if not why and not key:
            why = UNRECOGNISED
        return PtzView(name, why, sure, index.last, self.lasts)


Source = Fixed | Views
