"""Judged pictures for the checks: the key frames of a stream check in, one `PictureReading` out.

The coded key frames are let go as soon as they are measured. What stays is a signature of 320 x 180
grey levels in memory, for the next check, and the learned baseline on the disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from healthmon.model.clock_hours import evidence
from healthmon.model.enums import Span
from healthmon.model.picture import (
    LEAST_APART,
    MOVED_CELL,
    SAME_APART,
    STILL_CELL,
    Answer,
    Change,
    Comparison,
    PictureReading,
    PrivacyZone,
    ScreenClock,
)
from healthmon.picture.baselines import Baselines, LearnedClocks, clocks_of, tried_again, with_hours
from healthmon.picture.messages import Message
from healthmon.picture.pool import MOST_PIXELS, PictureError, PicturePool
from healthmon.picture.sources import Fixed, Masks, Source, Views
from healthmon.picture.views import Looking, ViewFiles
from healthmon.protocols.media.key_frame import CODECS, KeyFrame, StreamCollector
from healthmon.protocols.rtsp.rtcp import OLDEST_WALL

LEARN_SECONDS = 60.0  # of decoding and searching
AGAIN_SECONDS = 86400.0  # after no clock was found, or a learned one could not be read any more:
MOST_BY_TURNS, MOST_AT_ONCE = 4, 16  # streams that are kept at once, of 24 MB each at most
MOST_UNREAD = 24  # checks in a row in which no clock of a stream was read
NO_CLOCK = "no clock that ticks was found in the picture"
NO_TIME = "the picture is from a snapshot, whose time is not known"
OTHER_SIZE = "the picture has another size than when its clock was learned; it is learned anew"
NOT_LEARNED = (
    "the clock in the picture is not learned yet: a running agent learns it, "
    "or healthmon sweep --learn-clocks"
)


class Learning(StrEnum):
    """Which clocks are learned: one after the other at each site, all at once, or none."""

    BY_TURNS = "by turns"
    AT_ONCE = "at once"
    NONE = "none"


@dataclass(slots=True)
class PictureMemory:
    """What is remembered of the picture of one stream: the last `reading`, made at `at` (monotonic
    seconds), the `signature` of its picture, and how many checks in a row saw something move. `quiet`:
    in the last one nothing did, but for the clock. In `same` checks in a row, over `same_for` seconds,
    the view was the same as in the check before; `drift` is the least change of its tiles since
    something in it last moved, None after that.
    `measured` is when in Unix seconds, `aside` the learned lights that were not used for it.
    `forgotten` counts how often it was all forgotten. `shown` is what each clock in it has shown, and
    since when (Unix seconds); `clock_tried` is when one was looked for (monotonic), `clock_unread` how
    many checks in a row have read none of those that are known.
    """

    reading: PictureReading | None = None
    at: float = -1e9
    signature: bytes = b""
    moved: int = 0
    still: bool = False
    quiet: bool = False
    same: int = 0
    same_for: float = 0.0
    drift: float | None = None
    measured: float = 0.0
    aside: frozenset[float] = frozenset()
    forgotten: int = 0
    shown: dict[str, tuple[tuple[tuple[str, int], ...], float]] = field(default_factory=dict)
    clock_tried: float = -1e9
    clock_unread: int = 0

    @property
    def tells(self) -> bool:
        """Whether one key frame more will tell that the picture moves."""
        return bool(self.signature) and not self.quiet


@dataclass(slots=True)
class PictureService:
    """Measures at most every `every` seconds. `problem` says why it cannot at all. The view of a PTZ
    camera counts as judged for `view_lasts` seconds. `answers` are the false alarms of people by
    (device, stream). With `clock` the clocks in the pictures are read, and learned as `learning` says;
    `learning_at` are the cameras (site, device) of which one is being learned, and until when at most
    (monotonic).
    `snapshots` (yes, no, metered): whether a JPEG is taken where a stream gives no picture,
    "metered" also over networks whose data is counted.
    """

    pool: PicturePool
    baselines: Baselines
    every: float
    problem: str = ""
    view_lasts: float = 86400.0
    answers: Mapping[tuple[str, str], tuple[Answer, ...]] = field(default_factory=dict)
    clock: bool = False
    clock_order: str = ""
    clock_hours: int = 0
    snapshots: str = "yes"
    learning: Learning = Learning.BY_TURNS
    learning_at: dict[tuple[str, str], float] = field(default_factory=dict)

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

    def takes_snapshots(self, *, metered: bool) -> bool:
        """Whether a JPEG may be taken where a stream gives no picture."""
        return self.snapshots == "metered" if metered else self.snapshots != "no"

    async def measure(
        self,
        where: tuple[str, str],
        frames: Sequence[KeyFrame],
        memory: PictureMemory,
        *,
        seconds: float,
        looking: Looking | None = None,
        masks: Masks = None,
        snapshot: bool = False,
    ) -> None:
        """Put into `memory` what the key `frames` of `where` (device, stream) show, within `seconds`.
        They are compared with the camera's own baseline and learned from; those of a PTZ camera
        with that of the view at which it was `looking`. `masks` are the privacy masks that it
        reports, None where it reports nothing. The time of a `snapshot` is not known, so that no
        clock is read in it.
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
        if snapshot and memory.reading is not None and not memory.reading.problem:
            memory.reading = replace(
                memory.reading,
                snapshot=True,
                clocks=(),
                clock_problem=NO_TIME if self.clock else "",
            )

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
            clocks=_with_hours(
                (_screen_clock(one, frame.at, PictureMemory()) for one in shown), clocks
            ),
            clock_order=self.clock_order,
            clock_hours=self.clock_hours,
            true=Span(0.0, 0.0),
        )

    async def clock_due(self, where: tuple[str, str], memory: PictureMemory, site: str) -> bool:
        """Whether the clock of a stream should be learned now: once for each stream, one at a time
        at a site; where none was found, or none can be read any more, again after a day.
        """
        if not self._may_learn(site):
            return False
        if self.baselines.folder is None or time.monotonic() - memory.clock_tried < AGAIN_SECONDS:
            return False
        known = clocks_of(await asyncio.to_thread(self.baselines.read, clock_place(where)))
        if known is None:
            return True
        lost = not known.count or memory.clock_unread >= MOST_UNREAD
        return lost and time.time() - known.tried >= AGAIN_SECONDS

    def _may_learn(self, site: str) -> bool:
        """Whether clocks are learned, and one of `site` may be now."""
        if not self.clock or self.problem or self.learning is Learning.NONE:
            return False
        now = time.monotonic()
        active = [one for (one, _), until in self.learning_at.items() if until > now]
        if self.learning is Learning.AT_ONCE:
            return len(active) < MOST_AT_ONCE
        return site not in active and len(active) < MOST_BY_TURNS

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
            await asyncio.to_thread(self._keep_clocks, where, answer)
            memory.clock_unread = 0

    async def note_hours(
        self, where: tuple[str, str], clocks: Sequence[ScreenClock], hours: Sequence[int]
    ) -> tuple[ScreenClock, ...]:
        """The `clocks` of a stream with what they show now of the hours that they count; `hours` are
        the true ones (0 to 23). What is new is kept.
        """
        noted = tuple(_with_evidence(*both) for both in zip(clocks, hours, strict=True))
        if noted != tuple(clocks):
            seen = {one.place: one.hours for one in noted}
            await asyncio.to_thread(self._keep_hours, where, seen)
        return noted

    def _keep_clocks(self, where: tuple[str, str], answer: Message) -> None:
        """Keep what was learned; where that is nothing, what was known before."""
        place, data = clock_place(where), answer.blobs[0]
        before = self.baselines.read(place)
        known = clocks_of(before)
        if known is not None and known.count and not answer.fields.get("found"):
            data = tried_again(before, time.time())
        if data:
            self.baselines.write(place, data)

    def _keep_hours(self, where: tuple[str, str], seen: dict[str, tuple[str, ...]]) -> None:
        place = clock_place(where)
        data = self.baselines.read(place)
        if (found := clocks_of(data)) is not None:
            self.baselines.write(place, with_hours(data, found.hours | seen))

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
        memory.clock_unread = 0 if any(one.sure for one in clocks) else memory.clock_unread + 1
        return replace(
            reading,
            clocks=_with_hours(clocks, known),
            clock_problem="" if clocks else _why_none(clocks_of(known)),
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
            "fine": _fine(memory.reading),
            "since": since,
            "drift": memory.drift,
        }
        own = (clocks,) if self.clock else ()
        blobs = (*(one.data for one in frames), *own, memory.signature, known)
        answer = await self.pool.measure(Message(asked, blobs))
        if memory.forgotten != forgotten:  # somebody had the view learned anew meanwhile
            return
        signature, baseline = answer.blobs
        reading = _picture(answer.fields, frames, since, memory.moved)
        reading = replace(reading, same=memory.same, same_for=memory.same_for)
        reading = await asyncio.to_thread(source.keep, answer.fields, baseline, reading)
        memory.reading = self._with_clocks(reading, answer.fields, frames, memory, clocks)
        memory.measured, memory.aside = now, frozenset(answer.fields.get("aside", ()))
        memory.signature = signature
        _note_movement(memory)
        note_sameness(memory, memory.reading)

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
        memory.moved, memory.still, memory.quiet = 0, False, False
        memory.same, memory.same_for, memory.drift = 0, 0.0, None
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


def _why_none(known: LearnedClocks | None) -> str:
    """Why a picture has no clock, by the file of its clocks."""
    if known is None:
        return NOT_LEARNED
    return OTHER_SIZE if known.count else NO_CLOCK


def _with_hours(clocks: Iterable[ScreenClock], known: bytes) -> tuple[ScreenClock, ...]:
    """The `clocks` with what each has shown of its hours, by the file of clocks `known`."""
    found = clocks_of(known)
    hours = found.hours if found is not None else {}
    return tuple(replace(one, hours=hours.get(one.place, ())) for one in clocks)


def _with_evidence(clock: ScreenClock, true: int) -> ScreenClock:
    """`clock` with what it shows now of the hours that it counts, when it is the hour `true`."""
    shown = dict(clock.numbers).get("hour")
    told = evidence(shown, true) if clock.sure and shown is not None else ""
    if not told or told in clock.hours:
        return clock
    return replace(clock, hours=(*clock.hours, told))


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


def _fine(reading: PictureReading | None) -> float | None:
    """How much the last picture changed at full size within its session, None where that is not known."""
    session = reading.session if reading is not None else None
    return session.fine if session is not None and session.apart >= LEAST_APART else None


def _changes(reading: PictureReading | None) -> list[Change]:
    """The changes of a reading between pictures that lie far enough apart to tell."""
    if reading is None:
        return []
    pairs = reading.session, reading.between
    return [one for one in pairs if one is not None and one.apart >= LEAST_APART]


def _note_movement(memory: PictureMemory) -> None:
    """Count the checks in a row that saw something move. A picture that stood still for one check
    only was a quiet scene without a clock: it counts from the beginning.
    """
    changes = _changes(memory.reading)
    if not changes:
        return
    memory.quiet = max(one.scene or 0.0 for one in changes) < STILL_CELL
    most = max(one.cell for one in changes)
    if most >= MOVED_CELL:
        memory.moved = 0 if memory.still else memory.moved + 1
        memory.still = False
    elif most < STILL_CELL and any(one.spans_tick for one in changes):
        memory.still = True


def note_sameness(memory: PictureMemory, reading: PictureReading) -> None:
    """Count the checks in a row whose view was the same as in the check before."""
    last = reading.between
    if last is None or last.drift is None or last.apart < SAME_APART:
        return
    if reading.is_same:
        memory.same += 1
        memory.same_for += last.apart
    else:
        memory.same, memory.same_for = 0, 0.0
    least = last.drift if memory.drift is None else min(memory.drift, last.drift)
    memory.drift = None if last.scene_moved else least
