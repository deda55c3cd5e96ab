"""What an Axis device has recorded: its list of recordings, kept as a timeline of each source between looks.

The list gives the newest recording first, so that a page which is cut short costs the far end of the week only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from healthmon.makes.clocks import Clock
from healthmon.makes.parts import Parts
from healthmon.makes.timeline import Span, Timeline, gaps
from healthmon.wire import vapix
from healthmon.wire.vapix import RecordingRow

PAGE, MOST_PAGES, PAGE_CAP = 200, 5, 1024 * 1024
TIMELINES = "vapix_timelines"


@dataclass(frozen=True, slots=True)
class Found:
    """One source. `known` False: the list could not be read. `kind` and `disk` are those of its last recording."""

    timeline: Timeline
    known: bool = False
    newest: float | None = None
    gaps: tuple[Span, ...] | None = None
    going_on: bool = False
    kind: str | None = None
    disk: str | None = None


class Lists:
    """The lists of one session."""

    def __init__(self, parts: Parts, clock: Clock) -> None:
        self._parts, self._now = parts, clock.now()
        self._lines: dict[str, Timeline] = parts.contact.memory.setdefault(TIMELINES, {})

    async def read(self, wanted: Iterable[str]) -> dict[str, Found]:
        """The footage of each wanted source."""
        sources = sorted(wanted)
        lines = {source: self._lines.setdefault(source, Timeline()) for source in sources}
        if not sources:
            return {}
        start = min(line.ask_from(self._now) for line in lines.values())
        told = await self._since(start)
        if told is None:
            return {source: Found(line) for source, line in lines.items()}
        rows, begin = told
        for source, line in lines.items():
            line.learn(begin, self._now, [self._span(row) for row in rows if row.source == source], self._now)
            line.read = self._now
            if line.oldest_due(self._now) and (first := await self._one(source, sources, newest=False)) is not None:
                line.learn_oldest(min((row.start for row in first), default=None), self._now)
        return {source: await self._found(source, sources, rows) for source in sources}

    async def _found(self, source: str, sources: list[str], rows: list[RecordingRow]) -> Found:
        line = self._lines[source]
        own = [row for row in rows if row.source == source]
        newest = line.newest
        if not own and newest is None and line.oldest is not None:
            own = list(await self._one(source, sources, newest=True) or ())
            newest = max((self._span(row)[1] for row in own), default=None)
        last = max(own, key=lambda row: self._span(row)[1], default=None)
        since = line.gaps_since()
        return Found(
            line,
            known=True,
            newest=newest,
            gaps=gaps(line.spans, since) if since is not None else None,
            going_on=any(row.going_on for row in own),
            kind=last.kind if last else None,
            disk=last.disk if last else None,
        )

    def _span(self, row: RecordingRow) -> Span:
        """From start to stop; a recording that goes on has reached now, one of unknown end has no length."""
        stop = row.stop if row.stop is not None else self._now if row.going_on else row.start
        return row.start, min(stop, self._now)

    async def _since(self, start: float) -> tuple[list[RecordingRow], float] | None:
        """Every recording with a part after `start`, and from when the list is whole; None where it cannot be read."""
        stamp = datetime.fromtimestamp(start, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        rows: list[RecordingRow] = []
        for number in range(MOST_PAGES):
            path = vapix.recordings_path(f"starttime={stamp}", newest_first=True, most=PAGE, start=number * PAGE)
            page = await self._parts.get("recordings", path, vapix.recordings, cap=PAGE_CAP)
            if page is None:
                return None
            fresh = [row for row in page.rows if row not in rows]
            rows += fresh
            if not fresh or len(page.rows) < PAGE or (page.matched is not None and len(rows) >= page.matched):
                return rows, start
        return rows, min(row.start for row in rows)

    async def _one(self, source: str, sources: list[str], *, newest: bool) -> tuple[RecordingRow, ...] | None:
        """The first or last recording of a source."""
        question = "recordingid=all" + (f"&source={quote(source, safe='')}" if len(sources) > 1 else "")
        path = vapix.recordings_path(question, newest_first=newest, most=1)
        page = await self._parts.get(f"{'last' if newest else 'first'} recording of {source}", path, vapix.recordings)
        return tuple(row for row in page.rows if row.source == source) if page is not None else None
