"""What a Dahua recorder has recorded: one finder for all wanted channels, kept as timelines between looks.

A finder is an object on the recorder. It is closed after each channel and destroyed at the end, also when the look is
cut short; one that could not be destroyed goes with the recorder's own session time-out.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from healthmon.makes.clocks import Clock, placed
from healthmon.makes.parts import FATAL, Parts
from healthmon.makes.timeline import DAY, HOUR, Footage, Span, Timeline, gaps
from healthmon.wire import dahua_cgi as wire
from healthmon.wire.errors import UnsupportedError, WireError

SEARCH_SECONDS = 15.0
GIVE_BACK_SECONDS = 2.0
MOST_PAGES = 16
LONGEST_AGE = 400 * DAY
TIMELINES = "dahua_timelines"


@dataclass(slots=True)
class _Files:
    """The files of one search; `whole` False where there were more than were read."""

    spans: list[Span]
    whole: bool = True


class Finder:
    """The searches of one session."""

    def __init__(self, parts: Parts, clock: Clock) -> None:
        self._parts, self._clock = parts, clock
        self._now = clock.now()
        self._ends = min(time.monotonic() + SEARCH_SECONDS, parts.contact.ends)
        self._lines: dict[str, Timeline] = parts.contact.memory.setdefault(TIMELINES, {})

    async def channels(self, wanted: Iterable[str]) -> dict[str, Footage]:
        """The footage of each wanted channel; those searched longest ago come first."""
        lines = {
            channel: self._lines.setdefault(channel, Timeline())
            for channel in wanted
            if channel.isdecimal()
        }
        if not lines:
            return {}
        made = await self._parts.get("footage", f"{wire.FIND}factory.create", wire.finder)
        if made is None:
            return {}
        found: dict[str, Footage] = {}
        try:
            for channel in sorted(lines, key=lambda one: lines[one].read):
                if time.monotonic() > self._ends:
                    break
                if (told := await self._channel(made, channel)) is not None:
                    found[channel] = told
        finally:
            await self._give_back(made)
        if missing := sorted(lines.keys() - found.keys(), key=int):
            self._parts.note(f"footage not searched this time: channel {', '.join(missing[:12])}")
        return {
            channel: found.get(channel, Footage(line, searched=False))
            for channel, line in lines.items()
        }

    async def _give_back(self, made: str) -> None:
        """Destroy the finder: as the document has it, else as python-amcrest does."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GIVE_BACK_SECONDS):
                for action in ("destroy", "factory.destroy"):
                    with contextlib.suppress(WireError):
                        reply = await self._parts.contact.get(f"{wire.FIND}{action}&object={made}")
                        if reply.body.strip().upper().startswith(b"OK"):
                            return

    async def _channel(self, made: str, channel: str) -> Footage | None:
        line = self._lines[channel]
        start = line.ask_from(self._now)
        told = await self._files(made, channel, start, self._now)
        if told is None:
            return None
        end = self._now if told.whole or not told.spans else max(b for _, b in told.spans)
        line.learn(start, end, told.spans, self._now)
        line.read = self._now
        if line.oldest_due(self._now):
            await self._oldest(made, channel, line)
        newest = line.newest
        if not told.whole:
            newest = await self._newest(made, channel, HOUR)
        elif newest is None and line.oldest is not None:
            newest = await self._newest(made, channel, self._now - line.oldest + DAY)
        since = line.gaps_since()
        return Footage(
            line, newest, gaps(line.spans, since, self._clock.zone) if since is not None else None
        )

    async def _oldest(self, made: str, channel: str, line: Timeline) -> None:
        """The first of the files, where two of them show that the recorder gives the oldest first.

        Of footage that begins in the hour that comes twice, the second file may seem to be the earlier one.
        """
        first = await self._files(made, channel, self._now - LONGEST_AGE, self._now, most=2)
        if first is None:
            return
        starts = [a for a, _ in first.spans]
        doubled = self._clock.doubled(starts[0]) if starts and self._now - starts[0] > DAY else 0.0
        if len(starts) > 1 and starts[1] < starts[0] - doubled:
            self._parts.note("oldest footage not read: the recorder lists the newest first")
            return
        line.learn_oldest(starts[0] if starts else None, self._now)

    async def _newest(self, made: str, channel: str, back: float) -> float | None:
        """The newest footage of the last `back` seconds, None where there were more files than were read."""
        told = await self._files(made, channel, self._now - back, self._now)
        return (
            max((b for _, b in told.spans), default=None)
            if told is not None and told.whole
            else None
        )

    async def _files(
        self, made: str, channel: str, start: float, end: float, most: int = wire.PAGE
    ) -> _Files | None:
        """The files of a channel between two moments; None with a note where they cannot be read."""
        begin = wire.find_path(
            made, channel, self._clock.local(start), self._clock.local(end + HOUR)
        )
        what = f"footage of channel {channel}"
        try:
            begun = (await self._parts.contact.get(begin)).body
        except FATAL:
            raise
        except WireError as error:
            self._parts.missed(what, error)
            return None
        if not begun.strip().upper().startswith(b"OK"):
            said = begun[:60].decode("ascii", "replace")
            self._parts.missed(
                what, UnsupportedError(f"the recorder answers: {' '.join(said.split())}")
            )
            return None
        found = _Files([])
        seen: list[tuple[datetime, datetime]] = []
        for _ in range(MOST_PAGES):
            page = await self._parts.get(
                what, f"{wire.FIND}findNextFile&object={made}&count={most}", wire.files
            )
            if page is None:
                return None
            fresh = [one for one in page.spans if one not in seen]
            seen += fresh
            if not fresh or page.found < most or most < wire.PAGE:
                break
        else:
            found.whole = False
        await self._close(made)
        pairs = ((placed(a, self._clock.zone), placed(b, self._clock.zone)) for a, b in seen)
        found.spans = [(a, min(b, self._now)) for a, b in pairs if a < self._now]
        return found

    async def _close(self, made: str) -> None:
        with contextlib.suppress(WireError):
            await self._parts.contact.get(f"{wire.FIND}close&object={made}")
