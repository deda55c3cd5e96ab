"""What is known of one channel's footage, kept from run to run, so that a run requests only what is
new only. Pure.

A recorder with 64 channels answers a search in tenths of a second: a week of footage is not listed
every five minutes. All times are Unix seconds by the recorder's clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo

Span = tuple[float, float]
SEAM_SECONDS = 5.0
WEEK, DAY, HOUR = 7 * 86400.0, 86400.0, 3600.0
OVERLAP_SECONDS = 600.0
OLDEST_AGAIN_SECONDS = HOUR
DAY_AGAIN_SECONDS = 6 * HOUR


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """`spans` in order, without overlaps, seams of a few seconds closed; backward ones are
    dropped.
    """
    found: list[Span] = []
    for start, end in sorted(span for span in spans if span[1] > span[0]):
        if found and start <= found[-1][1] + SEAM_SECONDS:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return tuple(found)


def gaps(spans: Iterable[Span], since: float, zone: tzinfo | None = None) -> tuple[Span, ...]:
    """The stretches without footage between `since` and the last of `spans`.

    `zone` is for recorders that write local time without its offset: the hour that comes twice in
    autumn must not look like a gap, so a gap must also stand between the local times.
    """
    found: list[Span] = []
    last = since
    for start, end in merged(spans):
        if start > last + SEAM_SECONDS and (
            zone is None or _civil(start, zone) - _civil(last, zone) > SEAM_SECONDS
        ):
            found.append((last, start))
        last = max(last, end)
    return tuple(found)


def _civil(moment: float, zone: tzinfo) -> float:
    offset = datetime.fromtimestamp(moment, zone).utcoffset()
    return moment + (offset.total_seconds() if offset is not None else 0.0)


@dataclass(slots=True)
class Timeline:
    """Footage of one channel: `spans` is all there is between `since` and `until`. `oldest` is its
    first moment, `locked_until` the end of what is protected there.

    `read`, `day_read` and `oldest_read` say when (recorder's clock) the new part, the whole day and
    the oldest moment were last asked for.
    """

    since: float | None = None
    until: float | None = None
    spans: tuple[Span, ...] = ()
    oldest: float | None = None
    locked_until: float | None = None
    read: float = 0.0
    day_read: float = 0.0
    oldest_read: float = 0.0

    def ask_from(self, now: float) -> float:
        """Where the next search begins: a day back at first, every six hours and after the clock
        was set back.
        """
        set_back = self.until is None or max(self.until, self.day_read) > now + SEAM_SECONDS
        if (
            self.until is None
            or set_back
            or now - self.day_read >= DAY_AGAIN_SECONDS
            or self.until < now - WEEK
        ):
            return now - DAY
        return min(self.until, now) - OVERLAP_SECONDS

    def oldest_due(self, now: float) -> bool:
        """Whether the oldest footage is to be asked for."""
        return self.oldest is None or abs(now - self.oldest_read) >= OLDEST_AGAIN_SECONDS

    def back_from(self, now: float) -> Span | None:
        """The day before what is known, until a week is known; None where there is nothing more to
        ask.
        """
        if self.since is None or self.since <= now - WEEK + HOUR:
            return None
        if self.oldest is not None and self.oldest >= self.since:
            return None
        return max(now - WEEK, self.since - DAY), self.since

    def learn(self, start: float, end: float, spans: Iterable[Span], now: float) -> None:
        """`spans` is all the footage that a search of [start, end] gave; nothing is known beyond
        `now`.
        """
        fresh = list(spans)
        reach, kept = self._extended((start, end), now)
        since = max(reach, now - WEEK - DAY)
        self.since = since
        self.spans = merged((max(a, since), min(b, now)) for a, b in (*kept, *fresh) if b > since)
        if now - start >= DAY - HOUR and end >= now - OVERLAP_SECONDS:
            self.day_read = now

    def _extended(self, searched: Span, now: float) -> tuple[float, list[Span]]:
        """Since when footage is known together with `searched`, and the known footage outside it.

        What is known has no hole: it begins anew with a search that does not touch it.
        """
        start, end = searched
        if self.since is None or self.until is None or start > self.until or end < self.since:
            self.until = end
            return start, []
        self.until = min(max(self.until, end), now)
        kept = [part for span in self.spans for part in _outside(span, searched)]
        return min(self.since, start), kept

    def learn_oldest(
        self, oldest: float | None, now: float, locked_until: float | None = None
    ) -> None:
        """The first moment of footage, None where there is none; what was known before it
        is gone.
        """
        self.oldest, self.oldest_read, self.locked_until = oldest, now, locked_until
        if oldest is not None:
            self.spans = tuple((max(a, oldest), b) for a, b in self.spans if b > oldest)

    @property
    def newest(self) -> float | None:
        """The last moment of footage in what is known."""
        return self.spans[-1][1] if self.spans else None

    def gaps_since(self) -> float | None:
        """From when gaps are known: not before the first footage."""
        if self.since is None:
            return None
        return max(self.since, self.oldest) if self.oldest is not None else self.since


@dataclass(frozen=True, slots=True)
class Footage:
    """One channel: its timeline and newest moment, None where not known. `searched` False: there
    was no time for it.
    """

    timeline: Timeline
    newest: float | None = None
    gaps: tuple[Span, ...] | None = None
    searched: bool = True


def _outside(span: Span, hole: Span) -> list[Span]:
    """The parts of `span` that lie outside `hole`."""
    parts = [(span[0], min(span[1], hole[0])), (max(span[0], hole[1]), span[1])]
    return [part for part in parts if part[1] > part[0]]
