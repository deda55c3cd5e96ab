"""Judged pictures for the checks: the key frames of a stream check in, one `PictureReading` out.

The coded key frames are let go as soon as they are measured. What stays is a signature of 320 x 180
grey levels in memory, for the next check, and the learned baseline on the disk.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from healthmon.model.picture import (
    LEAST_APART,
    MOVED_CELL,
    STILL_CELL,
    Answer,
    Change,
    Comparison,
    PictureReading,
    PrivacyZone,
)
from healthmon.picture.baselines import Baselines
from healthmon.picture.messages import Message
from healthmon.picture.pool import MOST_PIXELS, PictureError, PicturePool
from healthmon.picture.sources import Fixed, Masks, Source, Views
from healthmon.picture.views import Looking, ViewFiles
from healthmon.protocols.media.key_frame import CODECS, KeyFrame


@dataclass(slots=True)
class PictureMemory:
    """What is remembered of the picture of one stream: the last `reading`, made at `at` (monotonic
    seconds), the `signature` of its picture, and how many checks in a row saw something move.
    `measured` is when in Unix seconds, `aside` the learned lights that were not used for it.
    `forgotten` counts how often it was all forgotten.
    """

    reading: PictureReading | None = None
    at: float = -1e9
    signature: bytes = b""
    moved: int = 0
    still: bool = False
    measured: float = 0.0
    aside: frozenset[float] = frozenset()
    forgotten: int = 0


@dataclass(slots=True)
class PictureService:
    """Measures at most every `every` seconds. `problem` says why it cannot at all. The view of a PTZ
    camera counts as judged for `view_lasts` seconds. `answers` are the false alarms of people by
    (device, stream).
    """

    pool: PicturePool
    baselines: Baselines
    every: float
    problem: str = ""
    view_lasts: float = 86400.0
    answers: Mapping[tuple[str, str], tuple[Answer, ...]] = field(default_factory=dict)
    _learning: asyncio.Lock = field(default_factory=asyncio.Lock)

    def wanted(self, memory: PictureMemory, codec: str | None, now: float) -> bool:
        """Whether a stream check that runs `now` should keep its key frames."""
        due = now - memory.at >= self.every * 0.9
        return due and not self.problem and codec in CODECS

    async def measure(
        self,
        where: tuple[str, str],
        frames: Sequence[KeyFrame],
        memory: PictureMemory,
        *,
        seconds: float,
        looking: Looking | None = None,
        masks: Masks = None,
    ) -> None:
        """Put into `memory` what the key `frames` of `where` (device, stream) show, within `seconds`.
        They are compared with the camera's own baseline and learned from; those of a PTZ camera
        with that of the view at which it was `looking`. `masks` are the privacy masks that it
        reports, None where it reports nothing.
        """
        before, began = memory.at, time.monotonic()
        memory.at = began
        source: Source = Fixed(self.baselines, where, masks)
        if looking is not None:
            source = Views(ViewFiles(self.baselines, where), looking, self.view_lasts, masks)
        try:
            async with asyncio.timeout(seconds):
                await self._measure(source, frames, memory, began - before)
        except TimeoutError:
            memory.reading = PictureReading(problem=f"not decoded within {seconds:.0f} s")
        except PictureError as error:
            memory.reading = PictureReading(problem=str(error))

    async def _measure(
        self, source: Source, frames: Sequence[KeyFrame], memory: PictureMemory, since: float
    ) -> None:
        answers = self.answers.get(source.where, ())
        fields, known = await asyncio.to_thread(source.asked)
        now, forgotten = time.time(), memory.forgotten
        asked = fields | {
            "codec": frames[0].codec,
            "most_pixels": MOST_PIXELS,
            "now": now,
            "apart": frames[-1].at - frames[0].at,
            "aside": sorted({one.light for one in answers if one.light is not None}),
        }
        blobs = (*(one.data for one in frames), memory.signature, known)
        answer = await self.pool.measure(Message(asked, blobs))
        if memory.forgotten != forgotten:  # somebody had the view learned anew meanwhile
            return
        signature, baseline = answer.blobs
        reading = _picture(answer.fields, frames, since, memory.moved)
        memory.reading = await asyncio.to_thread(source.keep, answer.fields, baseline, reading)
        memory.measured, memory.aside = now, frozenset(answer.fields.get("aside", ()))
        memory.signature = signature
        _note_movement(memory)

    def reading_of(self, where: tuple[str, str], memory: PictureMemory) -> PictureReading | None:
        """The last reading with what people have called false alarms; such a light counts as learned
        anew once a picture was measured without it.
        """
        answers = self.answers.get(where, ())
        if memory.reading is None or not answers:
            return memory.reading
        waiting = {
            one.code
            for one in answers
            if one.light is None or one.light in memory.aside or one.at >= memory.measured
        }
        allowed = {one.code for one in answers} - waiting
        dismissed, settled = tuple(sorted(waiting)), tuple(sorted(allowed))
        return replace(memory.reading, dismissed=dismissed, allowed=settled)

    def forget(self, where: tuple[str, str], memory: PictureMemory) -> bool:
        """Have the view of `where` learned anew from the next picture on; whether there was anything.
        Raises OSError.
        """
        memory.reading, memory.at, memory.signature = None, -1e9, b""
        memory.moved, memory.still = 0, False
        memory.forgotten += 1
        return self.baselines.forget(where)


def _picture(
    told: dict[str, Any], frames: Sequence[KeyFrame], since: float, moved: int
) -> PictureReading:
    """The reading of what a worker has told."""
    session, between = told.get("session"), told.get("between")
    compared = told.get("baseline")
    return PictureReading.of(
        told,
        session=Change(apart=frames[-1].at - frames[0].at, **session) if session else None,
        between=Change(apart=since, **between) if between else None,
        baseline=Comparison(**{**compared, "tiles": tuple(compared.get("tiles", ()))})
        if compared
        else None,
        moved=moved,
        zones=tuple(
            PrivacyZone(number, kept) for number, kept in enumerate(told.get("kept", ()), 1)
        ),
        masks_off=tuple(told.get("masks_off", ())),
    )


def _note_movement(memory: PictureMemory) -> None:
    """Count the checks in a row that saw something move. A picture that stood still for one check
    only was a quiet scene without a clock: it counts from the beginning.
    """
    reading = memory.reading
    if reading is None:
        return
    changes = [
        one.cell for one in (reading.session, reading.between) if one and one.apart >= LEAST_APART
    ]
    if not changes:
        return
    if max(changes) >= MOVED_CELL:
        memory.moved = 0 if memory.still else memory.moved + 1
        memory.still = False
    elif max(changes) < STILL_CELL:
        memory.still = True
