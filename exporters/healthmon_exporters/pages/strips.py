"""The states of a check over a time, as bars of one line. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# check, state, since, until: as the store tells them; `until` None while it lasts. Unix seconds.
Segment = tuple[str, str, float, float | None]

WORDS = {"ok": "well", "degraded": "warning", "unknown": "not checked", "fault": "fault"}
# Where bars are narrower than a pixel the worst of them is drawn.
WIDTH = 1000
_WORST = ("fault", "degraded", "unknown", "ok")


@dataclass(frozen=True, slots=True)
class Bar:
    """From `left`, `width` wide (of WIDTH), in one state; `begun` and `ended` in Unix seconds."""

    left: int
    width: int
    state: str
    begun: float
    ended: float

    @property
    def words(self) -> str:
        """The state in words."""
        return WORDS[self.state]


@dataclass(frozen=True, slots=True)
class Strip:
    """One check from `since` to `until`; what no bar covers is not on record."""

    check: str
    since: float
    until: float
    bars: tuple[Bar, ...]

    def share(self, state: str) -> float:
        """The part of the time on record in `state`, 0 to 1."""
        known = sum(bar.ended - bar.begun for bar in self.bars)
        held = sum(bar.ended - bar.begun for bar in self.bars if bar.state == state)
        return held / known if known else 0.0


def strips(segments: Iterable[Segment], since: float, until: float) -> tuple[Strip, ...]:
    """One strip a check, sorted by its name."""
    by_check: dict[str, list[Segment]] = {}
    for segment in segments:
        if segment[2] < until and (segment[3] is None or segment[3] > since):
            by_check.setdefault(segment[0], []).append(segment)
    return tuple(
        Strip(check, since, until, bars_of(found, since, until))
        for check, found in sorted(by_check.items())
    )


def bars_of(segments: Sequence[Segment], since: float, until: float) -> tuple[Bar, ...]:
    """The bars of one strip, whatever its check; what lies outside of its time is cut off."""
    scale = WIDTH / (until - since)
    columns: dict[int, Bar] = {}
    for _, name, begun, over in segments:
        state = name.lower()
        if state not in WORDS:
            continue
        first = max(begun, since)
        last = min(until if over is None else over, until)
        left, right = int((first - since) * scale), int((last - since) * scale)
        bar = Bar(left, max(1, right - left), state, first, last)
        known = columns.get(left)
        if known is None or _WORST.index(state) < _WORST.index(known.state):
            columns[left] = bar
    return tuple(columns[left] for left in sorted(columns))
