"""What a Hikvision recorder has recorded: paged searches of the wanted channels, kept as timelines
between checks.

Firmwares write the times of a search in UTC, or in the recorder's local time with a Z all the same.
Which of the two is decided by the newest footage of all channels: what would lie in the future as
UTC is local time. While local time is UTC it makes no difference, but to footage from before the
clocks changed (an hour of its age).
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from healthmon.model.enums import Reason
from healthmon.model.footage import EVERY_CHANNEL, Unread
from healthmon.protocols.values import dates
from healthmon.protocols.vendor import isapi_search as wire
from healthmon.protocols.vendor.isapi import Track
from healthmon.vendors.clocks import Clock
from healthmon.vendors.coverage import DAY, HOUR, Footage, Span, Timeline, gaps
from healthmon.vendors.partial_read import Need, PartialRead

SEARCH_SECONDS = 15.0
MOST_PAGES = 16
LONGEST_AGE = 400 * DAY
AHEAD_SECONDS = 300.0
NEAR_SECONDS = 900.0
TIMELINES, LOCAL = "isapi_timelines", "isapi_local"
Written = tuple[str, str]


@dataclass(slots=True)
class _Found:
    """What a search of one track gave, in the device's writing; `whole` False where there was more
    than was read.

    `oldest` is what a search of all time began with, `earlier` what a second search further back
    gave.
    """

    start: float
    end: float
    spans: list[Written] = field(default_factory=list)
    whole: bool = True
    locked: list[Written] = field(default_factory=list)
    oldest: _Found | None = None
    earlier: _Found | None = None


class Search:
    """The searches of one session. `now` is the recorder's own time."""

    def __init__(self, parts: PartialRead, clock: Clock) -> None:
        self._parts, self._clock = parts, clock
        self._now = clock.now()
        self._ends = min(time.monotonic() + SEARCH_SECONDS, parts.contact.ends)
        self._memory = parts.contact.memory
        self._timelines: dict[str, Timeline] = self._memory.setdefault(TIMELINES, {})
        self._unsure = False

    async def channels(
        self, tracks: Iterable[Track], *, recording: bool = False
    ) -> dict[str, Footage]:
        """The footage of each track's channel; those searched longest ago come first.

        `recording`: the recorder says that some of them are being recorded now.
        """
        found: dict[str, _Found] = {}
        wanted = list(tracks)
        for track in sorted(wanted, key=lambda one: self._line(one.channel).read):
            if time.monotonic() > self._ends:
                break
            if (told := await self._search(track)) is not None:
                found[track.channel] = told
        self._decide(found.values(), recording=recording)
        for channel, told in found.items():
            self._learn(self._line(channel), told)
        missing = [track.channel for track in wanted if track.channel not in found]
        self._parts.not_searched(missing, self._timelines)
        return {
            track.channel: await self._footage(track, found.get(track.channel)) for track in wanted
        }

    def _line(self, channel: str) -> Timeline:
        return self._timelines.setdefault(channel, Timeline())

    # ------------------------------------------------------------------------------------------ asking

    async def _search(self, track: Track) -> _Found | None:
        """What is new of one track, and once an hour its oldest footage."""
        line = self._line(track.channel)
        start = line.ask_from(self._now)
        found = _Found(start, self._now)
        if not await self._pages(track, found, need=Need("footage", track.channel)):
            return None
        if line.oldest_due(self._now):
            first = _Found(self._now - LONGEST_AGE, self._now)
            need = Need("oldest", track.channel)
            if await self._pages(track, first, most=1, need=need):
                found.oldest = first
        if (back := line.back_from(self._now)) and found.whole and time.monotonic() < self._ends:
            earlier = _Found(*back)
            if await self._pages(track, earlier) and earlier.whole:
                found.earlier = earlier
        return found

    async def _pages(
        self, track: Track, found: _Found, most: int = wire.PAGE, need: Need | None = None
    ) -> bool:
        """Add every match between its start and end to `found`; False where the search failed, which
        leaves `need` open.
        """
        pad = abs(self._clock.offset(self._now))
        span = self.stamp(found.start - pad), self.stamp(found.end + pad + HOUR)
        identity, position = wire.search_id(), 0
        for _ in range(MOST_PAGES):
            body = wire.search_request(identity, track.id, span, position, most)
            page = await self._parts.post(
                f"footage of channel {track.channel}", wire.SEARCH, body, wire.XML,
                lambda reply: wire.search_page(reply, track.id), need=need,
            )  # fmt: skip
            if page is None:
                return False
            fresh = [one for one in page.spans if one not in found.spans]
            found.spans += fresh
            found.locked += page.locked
            position += page.matches
            if not page.more or not fresh or most < wire.PAGE:
                return True
        found.whole = False
        return True

    @staticmethod
    def stamp(moment: float) -> str:
        """A time as the guide writes it."""
        return dates.utc(moment)

    # ------------------------------------------------------------------------------------------ placing

    def _decide(self, found: Iterable[_Found], *, recording: bool) -> None:
        """Whether the recorder writes local time with a Z; once known it is not decided again but
        by a future time.

        West of Greenwich local times read as UTC are only old: without a word of the recorder that
        it is recording, old footage and local times look alike.
        """
        offset = self._clock.offset(self._now)
        newest = _newest_as_utc(found)
        if newest is None or not offset:
            return
        ahead = newest - self._now
        if ahead > AHEAD_SECONDS:
            self._memory[LOCAL] = True
        elif self._memory.get(LOCAL) is None:
            self._decide_first(ahead, offset, recording=recording)

    def _decide_first(self, ahead: float, offset: float, *, recording: bool) -> None:
        """Decide where the newest footage, read as UTC, is `ahead` of now but not in the future."""
        west = offset < 0 and abs(ahead - offset) <= NEAR_SECONDS
        if recording and (west or abs(ahead) <= NEAR_SECONDS):
            self._memory[LOCAL] = west
        elif west:
            self._unsure = True
            words = "the recorder may write local time or UTC"
            self._parts.note(f"newest footage not judged: {words}")
            self._parts.unread.append(Unread("footage", Reason.NOT_REPORTED, words, EVERY_CHANNEL))

    def _unix(self, text: str) -> float | None:
        found = dates.moment(text)
        if found is None:
            return None
        if found.tzinfo is None or (self._memory.get(LOCAL) and found.utcoffset() == timedelta()):
            found = found.replace(tzinfo=self._clock.zone)
        return found.timestamp()

    def _placed(self, spans: Iterable[Written]) -> list[Span]:
        pairs = ((self._unix(start), self._unix(end)) for start, end in spans)
        return [
            (a, min(b, self._now))
            for a, b in pairs
            if a is not None and b is not None and a < self._now
        ]

    def _learn(self, line: Timeline, told: _Found) -> None:
        spans = self._placed(told.spans)
        end = told.end if told.whole or not spans else max(b for _, b in spans)
        line.learn(told.start, end, spans, self._now)
        line.read = self._now
        if told.earlier is not None:
            line.learn(
                told.earlier.start, told.earlier.end, self._placed(told.earlier.spans), self._now
            )
        if told.oldest is not None:
            first, locked = self._placed(told.oldest.spans), self._placed(told.oldest.locked)
            oldest = min((a for a, _ in first), default=None)
            line.learn_oldest(oldest, self._now, max((b for _, b in locked), default=None))

    # ------------------------------------------------------------------------------------------ answering

    async def _footage(self, track: Track, told: _Found | None) -> Footage:
        line = self._line(track.channel)
        if told is None or self._unsure:
            return Footage(line, searched=False)
        zone = self._clock.zone if self._memory.get(LOCAL) else None
        since = line.gaps_since()
        between = gaps(line.spans, since, zone) if since is not None else None
        newest = line.newest
        if not told.whole:
            newest = await self._last_hour(track)
        elif newest is None and line.oldest is not None:
            newest = await self._last_day(track)
        return Footage(line, newest, between)

    async def _last_hour(self, track: Track) -> float | None:
        """The newest footage where there were more matches than were read."""
        last = _Found(self._now - HOUR, self._now)
        await self._pages(track, last)
        return max((b for _, b in self._placed(last.spans)), default=None) if last.whole else None

    async def _last_day(self, track: Track) -> float | None:
        """The newest footage of a channel that stopped more than a day ago, by the days that have
        footage.
        """
        today = datetime.fromtimestamp(self._now, self._clock.zone)
        for month in (today, today.replace(day=1) - timedelta(days=1)):
            days = await self._parts.post(
                f"days with footage of channel {track.channel}", wire.daily_path(track.id),
                wire.daily_request(month.year, month.month), wire.XML, wire.daily, need=None,
            )  # fmt: skip
            recorded = [day for day, has in (days or {}).items() if has]
            if recorded:
                return await self._end_of(track, month, max(recorded))
        return None

    async def _end_of(self, track: Track, month: datetime, day: int) -> float | None:
        try:
            begin = month.replace(day=day, hour=0, minute=0, second=0, microsecond=0).timestamp()
        except ValueError:
            return None
        found = _Found(begin, begin + DAY)
        await self._pages(track, found)
        return max((b for _, b in self._placed(found.spans)), default=None) if found.whole else None


def _newest_as_utc(found: Iterable[_Found]) -> float | None:
    """The newest footage of all searches, its times read as they are written."""
    ends = (dates.unix(span[1]) for one in found for span in one.spans)
    return max((end for end in ends if end is not None), default=None)
