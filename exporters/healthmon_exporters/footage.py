"""One line about footage for the sheet: how much of the estate is recorded, how far back, proven how often."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from healthmon.model import DAY, Question, State, Verdict


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of cameras: asked about, recorded as planned, not checked; `complete` of `told` have no gap in 24 h.

    `kept` is the least and most age of the oldest footage, seconds; `plays` of `played` had footage that plays.
    """

    asked: int = 0
    recorded: int = 0
    unknown: int = 0
    told: int = 0
    complete: int = 0
    kept: tuple[float, float] | None = None
    played: int = 0
    plays: int = 0

    @classmethod
    def of(cls, verdicts: Iterable[Verdict]) -> Tally:
        """The tally of a sweep."""
        of_footage = [v for v in verdicts if v.question in (Question.RECORDING, Question.PLAYBACK)]

        def states(aspect: str) -> list[State]:
            return [v.state for v in of_footage if v.aspect == aspect]

        recording, gaps, playback = states("recording"), states("gaps"), states("playback")
        kept = [v.value for v in of_footage if v.aspect == "retention" and v.value is not None]
        played = [state for state in playback if state is not State.UNKNOWN]
        return cls(
            len(recording),
            recording.count(State.OK),
            recording.count(State.UNKNOWN),
            len(gaps),
            gaps.count(State.OK),
            (min(kept), max(kept)) if kept else None,
            len(played),
            played.count(State.OK),
        )

    def line(self) -> str:
        """As in "recorded: 145 of 147 (1 not checked); kept 31-32 d; without gap in 24 h: 144 of 146"."""
        if not self.asked:
            return ""
        unknown = f" ({self.unknown} not checked)" if self.unknown else ""
        parts = [f"recorded: {self.recorded} of {self.asked}{unknown}"]
        if self.kept is not None:
            low, high = (int(seconds // DAY) for seconds in self.kept)
            parts.append(f"kept {low} d" if low == high else f"kept {low}-{high} d")
        if self.told:
            parts.append(f"without gap in 24 h: {self.complete} of {self.told}")
        if self.played:
            parts.append(f"footage plays: {self.plays} of {self.played} tried")
        return "; ".join(parts)

    def as_json(self) -> dict[str, Any] | None:
        """Plain values, None where nothing was asked."""
        if not self.asked:
            return None
        return {
            "asked": self.asked,
            "recorded": self.recorded,
            "not_checked": self.unknown,
            "gaps_told": self.told,
            "without_gap_24h": self.complete,
            "kept_seconds": list(self.kept) if self.kept is not None else None,
            "played": self.played,
            "plays": self.plays,
        }
