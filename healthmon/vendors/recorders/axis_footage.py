"""What an Axis device has recorded: its list of recordings, kept as a timeline of each source
between checks.

One list answers for all sources; where that is too long each source is asked for its own. A list
that had to be cut says nothing about what is missing: a recording that began long ago stands at its
end and may still go on.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import quote

from healthmon.model.footage import EVERY_CHANNEL
from healthmon.protocols.errors import TooLargeError
from healthmon.protocols.values import dates
from healthmon.protocols.vendor import vapix
from healthmon.protocols.vendor.vapix import RecordingRow
from healthmon.vendors.clocks import Clock
from healthmon.vendors.coverage import Span, Timeline, gaps
from healthmon.vendors.partial_read import Need, PartialRead

PAGE, MOST_PAGES, PAGE_CAP = 500, 5, 1024 * 1024
SEARCH_SECONDS = 15.0
TIMELINES = "vapix_timelines"
Rows = list[RecordingRow]


@dataclass(frozen=True, slots=True)
class Found:
    """One source. `known` False: the list could not be read. `kind` and `disk` are those of its
    last recording.
    """

    timeline: Timeline
    known: bool = False
    newest: float | None = None
    gaps: tuple[Span, ...] | None = None
    going_on: bool = False
    kind: str | None = None
    disk: str | None = None


class Lists:
    """The lists of one session."""

    def __init__(self, parts: PartialRead, clock: Clock) -> None:
        self._parts, self._now = parts, clock.now()
        self._ends = min(time.monotonic() + SEARCH_SECONDS, parts.contact.ends)
        self._lines: dict[str, Timeline] = parts.contact.memory.setdefault(TIMELINES, {})
        self._several = False

    async def read(self, wanted: Iterable[str]) -> dict[str, Found]:
        """The footage of each wanted source; those read longest ago come first."""
        lines = {source: self._lines.setdefault(source, Timeline()) for source in wanted}
        if not lines:
            return {}
        start = min(line.ask_from(self._now) for line in lines.values())
        need = Need("footage", EVERY_CHANNEL)
        told = await self._list("recordings", f"starttime={_stamp(start)}", need, most=1)
        if told is None:
            return {source: Found(line) for source, line in lines.items()}
        rows, whole = told
        self._several = len({row.source for row in rows} | {*lines}) > 1
        found: dict[str, Found] = {}
        for source in sorted(lines, key=lambda one: lines[one].read):
            if whole:
                found[source] = await self._source(source, (_rows_of(source, rows), whole), start)
            else:
                found[source] = await self._listed_alone(source)
        return found

    async def _listed_alone(self, source: str) -> Found:
        """The footage of one source by a list of its own."""
        line = self._lines[source]
        start = line.ask_from(self._now)
        known = await self._of(source, start)
        return await self._source(source, known, start) if known else Found(line)

    async def _of(self, source: str, start: float) -> tuple[Rows, bool] | None:
        """The recordings of one source, while there is time."""
        if time.monotonic() > self._ends:
            self._parts.note("not every source was listed this time")
            self._parts.missed_footage(source)
            return None
        condition = f"starttime={_stamp(start)}{self._only(source)}"
        need = Need("footage", source)
        return await self._list(f"recordings of {source}", condition, need, most=MOST_PAGES)

    def _only(self, source: str) -> str:
        """The condition for one source; a device with one source may not know it."""
        return f"&source={quote(source, safe='')}" if self._several else ""

    async def _source(self, source: str, known: tuple[Rows, bool], start: float) -> Found:
        """What the rows of a source, read from `start`, say; a list that was cut tells of
        now only.
        """
        rows, whole = known
        line = self._lines[source]
        line.read = self._now
        if line.oldest_due(self._now):
            await self._learn_oldest(source, line)
        if not whole:
            error = TooLargeError("it has more recordings than are read at once")
            self._parts.missed(f"gaps of source {source}", error, Need("gaps", source))
            found = self._found(line, rows)
            newest = self._now if found.going_on else None
            return replace(found, known=found.going_on, newest=newest)
        line.learn(start, self._now, [self._span(row) for row in rows], self._now)
        newest = line.newest
        if not rows and newest is None and line.oldest is not None:
            rows = list(await self._one(source, newest=True) or ())
            newest = max((self._span(row)[1] for row in rows), default=None)
        found = self._found(line, rows)
        return replace(found, known=True, newest=newest, gaps=_gaps_in(line))

    async def _learn_oldest(self, source: str, line: Timeline) -> None:
        first = await self._one(source, newest=False)
        if first is None:
            return
        locked = [self._span(row)[1] for row in first if row.locked]
        oldest = min((row.start for row in first), default=None)
        line.learn_oldest(oldest, self._now, max(locked, default=None))

    def _found(self, line: Timeline, rows: Rows) -> Found:
        """Whether one of `rows` goes on; kind and disk are those of the last one."""
        found = Found(line, going_on=any(row.going_on for row in rows))
        last = max(rows, key=lambda row: self._span(row)[1], default=None)
        return replace(found, kind=last.kind, disk=last.disk) if last else found

    def _span(self, row: RecordingRow) -> Span:
        """From start to stop; a recording that goes on has reached now, one of unknown end has no
        length.
        """
        stop = row.stop if row.stop is not None else self._now if row.going_on else row.start
        return row.start, min(stop, self._now)

    async def _list(
        self, what: str, condition: str, need: Need, *, most: int
    ) -> tuple[Rows, bool] | None:
        """At most `most` pages of the recordings with a part in the time asked for, and whether
        that was all; None where it cannot be read, which leaves `need` open.
        """
        rows: Rows = []
        for number in range(most):
            path = vapix.recordings_path(
                condition, newest_first=True, most=PAGE, start=number * PAGE
            )
            page = await self._parts.get(what, path, vapix.recordings, cap=PAGE_CAP, need=need)
            if page is None:
                return None
            fresh = [row for row in page.rows if row not in rows]
            rows += fresh
            if not fresh or len(page.rows) < PAGE:
                return rows, True
        return rows, False

    async def _one(self, source: str, *, newest: bool) -> tuple[RecordingRow, ...] | None:
        """The first or last recording of a source; None where it is not known."""
        path = vapix.recordings_path(
            f"recordingid=all{self._only(source)}", newest_first=newest, most=1
        )
        page = await self._parts.get(
            f"{'last' if newest else 'first'} recording of {source}",
            path,
            vapix.recordings,
            need=None if newest else Need("oldest", source),
        )
        own = tuple(row for row in page.rows if row.source == source) if page is not None else ()
        return own if page is not None and (own or not page.rows) else None


def _rows_of(source: str, rows: Rows) -> Rows:
    return [row for row in rows if row.source == source]


def _gaps_in(line: Timeline) -> tuple[Span, ...] | None:
    since = line.gaps_since()
    return gaps(line.spans, since) if since is not None else None


def _stamp(moment: float) -> str:
    return dates.utc(moment)
