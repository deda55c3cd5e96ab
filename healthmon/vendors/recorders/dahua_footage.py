"""What a Dahua recorder has recorded: one finder for all wanted channels, kept as timelines between
looks.

A finder is an object on the recorder. It is closed after each channel and destroyed at the end,
also when the check is cut short; one that could not be destroyed goes with the recorder's own
session time-out.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from healthmon.model.footage import EVERY_CHANNEL
from healthmon.protocols.errors import ExchangeError, NotReportedError
from healthmon.protocols.vendor import dahua_cgi as wire
from healthmon.protocols.vendor.refusals import refusal
from healthmon.vendors.clocks import Clock, placed
from healthmon.vendors.coverage import DAY, HOUR, Footage, Span, Timeline, gaps
from healthmon.vendors.partial_read import FATAL, Need, PartialRead

SEARCH_SECONDS = 15.0
GIVE_BACK_SECONDS = 2.0
MOST_PAGES = 16
LONGEST_AGE = 400 * DAY
TIMELINES = "dahua_timelines"
Written = tuple[datetime, datetime]


@dataclass(slots=True)
class _Files:
    """The files of one search; `whole` False where there were more than were read."""

    spans: list[Span]
    whole: bool = True


class Finder:
    """The searches of one session."""

    def __init__(self, parts: PartialRead, clock: Clock) -> None:
        self._parts, self._clock = parts, clock
        self._now = clock.now()
        self._ends = min(time.monotonic() + SEARCH_SECONDS, parts.contact.ends)
        self._lines: dict[str, Timeline] = parts.contact.memory.setdefault(TIMELINES, {})

    async def channels(self, wanted: Iterable[str]) -> dict[str, Footage]:
        """The footage of each wanted channel; those searched longest ago come first."""
        numbers = filter(str.isdecimal, wanted)
        lines = {channel: self._lines.setdefault(channel, Timeline()) for channel in numbers}
        if not lines:
            return {}
        create, every = f"{wire.FIND}factory.create", Need("footage", EVERY_CHANNEL)
        made = await self._parts.get("footage", create, wire.finder, need=every)
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
        self._parts.not_searched(sorted(lines.keys() - found.keys(), key=int), lines)
        return {
            channel: found.get(channel, Footage(line, searched=False))
            for channel, line in lines.items()
        }

    async def _give_back(self, made: str) -> None:
        """Destroy the finder: as the document has it, else as python-amcrest does."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GIVE_BACK_SECONDS):
                for action in ("destroy", "factory.destroy"):
                    with contextlib.suppress(ExchangeError):
                        reply = await self._parts.contact.get(f"{wire.FIND}{action}&object={made}")
                        if reply.body.strip().upper().startswith(b"OK"):
                            return

    async def _channel(self, made: str, channel: str) -> Footage | None:
        line = self._lines[channel]
        start = line.ask_from(self._now)
        told = await self._files(made, channel, (start, self._now), Need("footage", channel))
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
            line,
            self._not_an_hour_old(newest),
            gaps(line.spans, since, self._clock.zone) if since is not None else None,
        )

    def _not_an_hour_old(self, newest: float | None) -> float | None:
        """The end of the newest file. In the hour that comes twice it is the later of two moments,
        unless that is still to come: a running recording is not an hour old.
        """
        if newest is None:
            return None
        later = newest + self._clock.doubled(newest)
        return later if later <= self._now else newest

    async def _oldest(self, made: str, channel: str, line: Timeline) -> None:
        """The first of the files, where two of them show that the recorder gives the oldest first.

        Of footage that begins in the hour that comes twice, the second file may seem to be the
        earlier one.
        """
        span = self._now - LONGEST_AGE, self._now
        first = await self._files(made, channel, span, Need("oldest", channel), most=2)
        if first is None:
            return
        starts = [a for a, _ in first.spans]
        doubled = self._clock.doubled(starts[0]) if starts and self._now - starts[0] > DAY else 0.0
        if len(starts) > 1 and starts[1] < starts[0] - doubled:
            error = NotReportedError("the recorder lists the newest first")
            self._parts.missed("oldest footage", error, Need("oldest", channel))
            return
        line.learn_oldest(starts[0] if starts else None, self._now)

    async def _newest(self, made: str, channel: str, back: float) -> float | None:
        """The newest footage of the last `back` seconds, None where there were more files than were
        read.
        """
        told = await self._files(made, channel, (self._now - back, self._now), None)
        return (
            max((b for _, b in told.spans), default=None)
            if told is not None and told.whole
            else None
        )

    async def _files(
        self, made: str, channel: str, span: Span, need: Need | None, most: int = wire.PAGE
    ) -> _Files | None:
        """The files of a channel between two moments; None with a note where they cannot
        be read, which leaves `need` open.
        """
        start, end = self._clock.local(span[0]), self._clock.local(span[1] + HOUR)
        what = f"footage of channel {channel}"
        if not await self._begun(what, wire.find_path(made, channel, start, end), need):
            return None
        pages = await self._pages(what, made, most, need)
        if pages is None:
            return None
        seen, whole = pages
        await self._close(made)
        pairs = ((placed(a, self._clock.zone), placed(b, self._clock.zone)) for a, b in seen)
        return _Files([(a, min(b, self._now)) for a, b in pairs if a < self._now], whole)

    async def _begun(self, what: str, begin: str, need: Need | None) -> bool:
        """Whether the recorder has begun a search; a note says why not."""
        try:
            reply = (await self._parts.contact.get(begin)).body
        except FATAL:
            raise
        except ExchangeError as error:
            self._parts.missed(what, error, need)
            return False
        if reply.strip().upper().startswith(b"OK"):
            return True
        self._parts.missed(what, refusal(reply[:60].decode("ascii", "replace")), need)
        return False

    async def _pages(
        self, what: str, made: str, most: int, need: Need | None
    ) -> tuple[list[Written], bool] | None:
        """The files of a search that has begun, and whether those are all; None where a page is
        missing.
        """
        seen: list[Written] = []
        path = f"{wire.FIND}findNextFile&object={made}&count={most}"
        for _ in range(MOST_PAGES):
            page = await self._parts.get(what, path, wire.files, need=need)
            if page is None:
                return None
            fresh = [one for one in page.spans if one not in seen]
            seen += fresh
            if not fresh or page.found < most or most < wire.PAGE:
                return seen, True
        return seen, False

    async def _close(self, made: str) -> None:
        with contextlib.suppress(ExchangeError):
            await self._parts.contact.get(f"{wire.FIND}close&object={made}")
