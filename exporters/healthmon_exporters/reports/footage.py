"""One line about footage for the sheet: how far back it goes, with how few gaps, proven how often."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from healthmon.model.enums import CheckName, State
from healthmon.model.footage import DAY
from healthmon.model.results import Verdict


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of cameras: asked about, recorded as planned, not checked; `complete` of `told` have
    no gap in 24 h.

    `kept` is the least and most age of the oldest footage, seconds; `plays` of `played` had footage
    that plays.
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
        of_footage = [
            v for v in verdicts if v.check_type in (CheckName.RECORDING, CheckName.PLAYBACK)
        ]

        def states(aspect: str) -> list[State]:
            return [v.state for v in of_footage if v.aspect == aspect]

        def known(aspect: str) -> list[State]:
            return [state for state in states(aspect) if state is not State.UNKNOWN]

        recording, gaps, played = states("recording"), known("gaps"), known("playback")
        kept = [v.value for v in of_footage if v.aspect == "retention" and v.value is not None]
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
        """As in "footage: kept 31-32 d; without gap in 24 h: 144 of 146"."""
        parts = []
        if self.kept is not None:
            low, high = (int(seconds // DAY) for seconds in self.kept)
            parts.append(f"kept {low} d" if low == high else f"kept {low}-{high} d")
        if self.told:
            parts.append(f"without gap in 24 h: {self.complete} of {self.told}")
        if self.played:
            parts.append(f"plays: {self.plays} of {self.played} tried")
        return f"footage: {'; '.join(parts)}" if parts else ""

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
