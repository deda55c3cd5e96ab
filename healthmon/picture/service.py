"""Judged pictures for the checks: the key frames of a stream check in, one `PictureReading` out.

The coded key frames are let go as soon as they are measured. What stays is a signature of 320 x 180
grey levels in memory, for the next check, and the learned baseline on the disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from healthmon.model.enums import Span
from healthmon.model.picture import (
    LEAST_APART,
    MOVED_CELL,
    STILL_CELL,
    Answer,
    Change,
    Comparison,
    PictureReading,
    PrivacyZone,
    ScreenClock,
)
from healthmon.picture.baselines import Baselines, clocks_of
from healthmon.picture.messages import Message
from healthmon.picture.pool import MOST_PIXELS, PictureError, PicturePool
from healthmon.picture.sources import Fixed, Masks, Source, Views
from healthmon.picture.views import Looking, ViewFiles
from healthmon.protocols.media.key_frame import CODECS, KeyFrame, StreamCollector
from healthmon.protocols.rtsp.rtcp import OLDEST_WALL

LEARN_SECONDS = 60.0  # of decoding and searching
AGAIN_SECONDS = 86400.0  # after no clock was found
NO_CLOCK = "no clock that ticks was found in the picture"
NOT_LEARNED = "the clock in the picture is not learned yet"


@dataclass(slots=True)
class PictureMemory:
    """What is remembered of the picture of one stream: the last `reading`, made at `at` (monotonic
    seconds), the `signature` of its picture, and how many checks in a row saw something move.
    `measured` is when in Unix seconds, `aside` the learned lights that were not used for it.
    `forgotten` counts how often it was all forgotten. `shown` is what each clock in it has shown, and
    since when (Unix seconds); `clock_tried` is when one was looked for (monotonic).
    """

    reading: PictureReading | None = None
    at: float = -1e9
    signature: bytes = b""
    moved: int = 0
    still: bool = False
    measured: float = 0.0
    aside: frozenset[float] = frozenset()
    forgotten: int = 0
    shown: dict[str, tuple[tuple[tuple[str, int], ...], float]] = field(default_factory=dict)
    clock_tried: float = -1e9


@dataclass(slots=True)
class PictureService:
    """Measures at most every `every` seconds. `problem` says why it cannot at all. The view of a PTZ
    camera counts as judged for `view_lasts` seconds. `answers` are the false alarms of people by
    (device, stream). With `clock` the clocks in the pictures are learned and read; `learning_at` are
    the sites at which one is being learned.
    """

    pool: PicturePool
    baselines: Baselines
    every: float
    problem: str = ""
    view_lasts: float = 86400.0
    answers: Mapping[tuple[str, str], tuple[Answer, ...]] = field(default_factory=dict)
    clock: bool = False
    clock_order: str = ""
    clock_hours: int = 24
    learning_at: set[str] = field(default_factory=set)
    _learning: asyncio.Lock = field(default_factory=asyncio.Lock)

    def is_due(self, memory: PictureMemory, now: float) -> bool:
        """Whether a stream check that runs `now` should keep its key frames."""
        return not self.problem and now - memory.at >= self.every * 0.9

    def decodes(self, codec: str | None) -> bool:
        """Whether pictures of `codec` can be decoded."""
        return codec in CODECS

    async def jpeg(self, frame: KeyFrame) -> bytes:
        """The picture of a key frame as a JPEG, for a person who asks to see it; nothing of it is kept.
        Raises PictureError.
        """
        fields = {"show": True, "codec": frame.codec, "refresh": frame.refresh}
        message = Message(fields | {"most_pixels": MOST_PIXELS}, (frame.data,))
        answer = await self.pool.measure(message)
        return answer.blobs[0]

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
                clocks = await asyncio.to_thread(self.baselines.read, clock_place(where))
                await self._measure(source, frames, memory, began - before, clocks)
        except TimeoutError:
            memory.reading = PictureReading(problem=f"not decoded within {seconds:.0f} s")
        except PictureError as error:
            memory.reading = PictureReading(problem=str(error))

    async def measure_recorded(
        self,
        where: tuple[str, str],
        recorder: str,
        frame: KeyFrame,
        *,
        compare: bool,
        seconds: float,
    ) -> PictureReading:
        """What a key frame of the camera and stream `where` shows that its `recorder` plays, within
        `seconds`. It is
        compared with what was learned of them where that is wanted; nothing is learned from it.
        Where `frame.at` is Unix seconds by the recorder's clock, that is what its clocks are
        compared with.
        """
        try:
            async with asyncio.timeout(seconds):
                reading = await self._recorded(where, frame, compare=compare)
        except TimeoutError:
            return PictureReading(problem=f"not decoded within {seconds:.0f} s")
        except PictureError as error:
            return PictureReading(problem=str(error))
        answers = (*self.answers.get(where, ()), *self.answers.get((where[0], recorder), ()))
        return replace(reading, dismissed=tuple(sorted({one.code for one in answers})))

    async def _recorded(
        self, where: tuple[str, str], frame: KeyFrame, *, compare: bool
    ) -> PictureReading:
        clocks = await asyncio.to_thread(self.baselines.read, clock_place(where))
        known = await asyncio.to_thread(self.baselines.read, where) if compare else b""
        answers = self.answers.get(where, ())
        asked = {
            "codec": frame.codec,
            "most_pixels": MOST_PIXELS,
            "now": time.time(),
            "apart": 0.0,
            "refresh": frame.refresh,
            "compare": compare and bool(known),
            "aside": sorted({one.light for one in answers if one.light is not None}),
            "clock": self.clock,
        }
        own = (clocks,) if self.clock else ()
        told = (await self.pool.measure(Message(asked, (frame.data, *own, b"", known)))).fields
        reading = _picture(told, (frame,), 0.0, 0)
        dated = self.clock and frame.at >= OLDEST_WALL
        shown = (told.get("clocks") or ((),))[0] if dated else ()
        return replace(
            reading,
            clocks=tuple(_screen_clock(one, frame.at, PictureMemory()) for one in shown),
            clock_order=self.clock_order,
            clock_hours=self.clock_hours,
            true=Span(0.0, 0.0),
        )

    async def clock_due(self, where: tuple[str, str], memory: PictureMemory, site: str) -> bool:
        """Whether the clock of a stream should be learned now: once for each stream, one at a time
        at a site; where none was found, again after a day.
        """
        if not self.clock or self.problem or site in self.learning_at:
            return False
        if self.baselines.folder is None or time.monotonic() - memory.clock_tried < AGAIN_SECONDS:
            return False
        known = clocks_of(await asyncio.to_thread(self.baselines.read, clock_place(where)))
        return known is None or (not known.count and time.time() - known.tried >= AGAIN_SECONDS)

    async def learn_clock(
        self, where: tuple[str, str], memory: PictureMemory, watched: StreamCollector
    ) -> None:
        """Learn the clocks of the stream `where` from all its pictures. What they look like is kept;
        the pictures are let go. Trouble of ours is told in the next reading only.
        """
        memory.clock_tried = time.monotonic()
        if not watched.pictures:
            return
        asked = {
            "codec": watched.codec,
            "most_pixels": MOST_PIXELS,
            "now": time.time(),
            "times": watched.stamps,
        }
        coded = tuple(one.data for one in watched.pictures)
        watched.pictures = []
        with contextlib.suppress(PictureError):
            answer = await self.pool.measure(Message(asked, coded), LEARN_SECONDS)
            place = clock_place(where)
            await asyncio.to_thread(self.baselines.write, place, answer.blobs[0])

    def _with_clocks(
        self,
        reading: PictureReading,
        told: dict[str, Any],
        frames: Sequence[KeyFrame],
        memory: PictureMemory,
        known: bytes,
    ) -> PictureReading:
        """The reading with what the clocks of its key frames show, by our clock."""
        if not self.clock:
            return reading
        ahead = time.time() - time.monotonic()
        clocks: tuple[ScreenClock, ...] = ()
        for frame, shown in zip(frames, told.get("clocks") or (), strict=False):
            clocks = tuple(_screen_clock(one, frame.at + ahead, memory) for one in shown)
        found = clocks_of(known)
        problem = NO_CLOCK if found is not None and not found.count else NOT_LEARNED
        return replace(
            reading,
            clocks=clocks,
            clock_problem="" if clocks else problem,
            clock_order=self.clock_order,
            clock_hours=self.clock_hours,
        )

    async def _measure(
        self,
        source: Source,
        frames: Sequence[KeyFrame],
        memory: PictureMemory,
        since: float,
        clocks: bytes,
    ) -> None:
        answers = self.answers.get(source.where, ())
        fields, known = await asyncio.to_thread(source.asked)
        now, forgotten = time.time(), memory.forgotten
        asked = fields | {
            "codec": frames[0].codec,
            "most_pixels": MOST_PIXELS,
            "now": now,
            "refresh": any(one.refresh for one in frames),
            "apart": frames[-1].at - frames[0].at,
            "aside": sorted({one.light for one in answers if one.light is not None}),
            "clock": self.clock,
        }
        own = (clocks,) if self.clock else ()
        blobs = (*(one.data for one in frames), *own, memory.signature, known)
        answer = await self.pool.measure(Message(asked, blobs))
        if memory.forgotten != forgotten:  # somebody had the view learned anew meanwhile
            return
        signature, baseline = answer.blobs
        reading = _picture(answer.fields, frames, since, memory.moved)
        reading = await asyncio.to_thread(source.keep, answer.fields, baseline, reading)
        memory.reading = self._with_clocks(reading, answer.fields, frames, memory, clocks)
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


def clock_place(where: tuple[str, str]) -> tuple[str, str]:
    """Where the clocks of a stream are kept."""
    return where[0], f"{where[1]}\0clock"


def _screen_clock(told: dict[str, Any], at: float, memory: PictureMemory) -> ScreenClock:
    """One clock at `at` (Unix seconds), and for how long it has shown the same."""
    place = _place(float(told["across"]), float(told["down"]))
    numbers = tuple((str(name), int(number)) for name, number in told["numbers"])
    sure, margin = bool(told["sure"]), float(told["margin"])
    if not sure:
        return ScreenClock(place, numbers, margin, sure, at)
    before = memory.shown.get(place)
    if before is None or before[0] != numbers:
        memory.shown[place] = before = numbers, at
    return ScreenClock(place, numbers, margin, sure, at, max(0.0, at - before[1]))


def _place(across: float, down: float) -> str:
    """Where in the picture something stands, in words."""
    row = "top" if down < 1 / 3 else "bottom" if down > 2 / 3 else "middle"
    column = "left" if across < 0.4 else "right" if across > 0.6 else "centre"
    return f"{row} {column}"


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
