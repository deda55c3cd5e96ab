"""The footage of one camera over a time, as one bar: what its recorder reports of the last day, and
before that what the recording check saw at the time. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from healthmon.model.footage import Footage
from healthmon_exporters.pages.strips import Bar, Segment, bars_of

# By the states of a strip, so that each has its colour and its height.
WORDS = {
    "ok": "recorded",
    "fault": "no footage",
    "degraded": "recording was not well",
    "unknown": "not known",
}
MOST_GAPS = 20
_CHECK = "footage"
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class FootageBar:
    """Unix seconds by our clock. `oldest` and `newest` footage are None where not reported; `gaps`
    are those that the recorder reports since `gaps_since`, None where it reports none at all.
    """

    recorder: str
    read_at: float
    since: float
    until: float
    bars: tuple[Bar, ...]
    oldest: float | None = None
    newest: float | None = None
    gaps_since: float | None = None
    gaps: tuple[Span, ...] = ()

    @property
    def shown_gaps(self) -> tuple[Span, ...]:
        """The newest gaps, newest first."""
        return tuple(sorted(self.gaps, reverse=True)[:MOST_GAPS])

    @property
    def more_gaps(self) -> int:
        """How many gaps are not shown by name."""
        return max(0, len(self.gaps) - MOST_GAPS)

    @property
    def words(self) -> str:
        """The bar for those who do not see it: for how long what is so."""
        totals = {
            state: sum(bar.ended - bar.begun for bar in self.bars if bar.state == state) / 3600
            for state in WORDS
        }
        told = [f"{WORDS[state]} {hours:.1f} h" for state, hours in totals.items() if hours]
        return ", ".join(told) or "no footage is reported"


def footage_bar(
    seen: Footage, history: Iterable[Segment], since: float, until: float
) -> FootageBar:
    """The bar from `since` to `until` (Unix seconds). `history` are the stretches of the recording
    check; the recorder's own times are taken to our clock by the difference that was measured.
    """
    ahead = seen.clock.middle if seen.clock is not None else 0.0
    recording = seen.recording
    oldest, newest = _ours(recording.oldest, ahead), _ours(recording.newest, ahead)
    first = since if oldest is None else min(max(since, oldest), until)
    last = until if newest is None else max(first, min(newest, until))
    exact = last
    gaps: tuple[Span, ...] = ()
    if recording.gaps is not None:
        known_since = _ours(recording.gaps_since, ahead)
        exact = last if known_since is None else min(max(first, known_since), last)
        gaps = tuple(
            _cut([(low - ahead, high - ahead) for low, high in recording.gaps], exact, last)
        )
    segments = [*_before(history, first, exact), *_reported(gaps, exact, last)]
    return FootageBar(
        recorder=seen.recorder,
        read_at=seen.read_at,
        since=since,
        until=until,
        bars=bars_of(segments, since, until),
        oldest=oldest,
        newest=newest,
        gaps_since=exact if recording.gaps is not None and exact < last else None,
        gaps=gaps,
    )


def _ours(at: float | None, ahead: float) -> float | None:
    return None if at is None else at - ahead


def _cut(spans: Iterable[Span], first: float, last: float) -> Iterator[Span]:
    """What of `spans` lies in [first, last], in order."""
    for low, high in sorted(spans):
        if min(high, last) > max(low, first):
            yield max(low, first), min(high, last)


def _before(history: Iterable[Segment], first: float, last: float) -> Iterator[Segment]:
    """[first, last) by what the check saw then; what it did not see is not known."""
    known = {"ok": "ok", "degraded": "degraded", "fault": "degraded"}
    at = first
    for _, name, begun, over in sorted(history, key=lambda segment: segment[2]):
        begin, end = max(begun, at), min(last if over is None else over, last)
        if end <= begin:
            continue
        if begin > at:
            yield _CHECK, "unknown", at, begin
        yield _CHECK, known.get(name.lower(), "unknown"), begin, end
        at = end
    if at < last:
        yield _CHECK, "unknown", at, last


def _reported(gaps: Iterable[Span], first: float, last: float) -> Iterator[Segment]:
    """[first, last) by the recorder: footage, but for its gaps."""
    at = first
    for low, high in gaps:
        if low > at:
            yield _CHECK, "ok", at, low
        yield _CHECK, "fault", max(low, at), high
        at = max(at, high)
    if at < last:
        yield _CHECK, "ok", at, last
