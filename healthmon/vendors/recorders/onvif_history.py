"""Gaps from the recording history of ONVIF: events that say when a track's data begins and ends.
Pure.

Recording Search Service Specification, "Recording Event Descriptions":
``RecordingHistory/Track/State`` with IsDataPresent, ``RecordingHistory/Recording/State`` with
IsRecording; virtual events give the state at the start.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from healthmon.protocols.onvif.profile_g import Event
from healthmon.protocols.onvif.profile_g_requests import RECORDING_STATE, TRACK_STATE

WEEK = 7 * 86400.0
OVERLAP = 60.0
SEAM = 1.0
MOST_CHANGES = 50_000
Mark = tuple[float, bool]
Gap = tuple[float, float]


@dataclass(slots=True)
class History:
    """What the event searches have told so far, so that the next one asks only for what is new.

    `since` to `until` (recorder's Unix seconds) has been searched. `marks` holds (time, present) by
    recording and track, "" for the recording as a whole.
    """

    since: float = 0.0
    until: float = 0.0
    marks: dict[str, dict[str, set[Mark]]] = field(default_factory=dict)

    def next_start(self, now: float) -> float:
        """From where to search at `now`; a history that lies in the future or too far back begins
        anew.
        """
        if not self.since <= self.until <= now + OVERLAP or self.until < now - WEEK:
            self.since, self.until, self.marks = now - WEEK, now - WEEK, {}
        return max(self.until - OVERLAP, now - WEEK)

    def add(self, events: Iterable[Event]) -> None:
        """Learn from the events of a search."""
        for event in events:
            recording = event.recording or event.source.get("RecordingToken", "")
            track = event.track or event.source.get("Track", "")
            if event.topic == TRACK_STATE:
                self._mark(event, event.flag("IsDataPresent"), recording, track or "?")
            elif event.topic == RECORDING_STATE:
                self._mark(event, event.flag("IsRecording"), recording, "")

    def _mark(self, event: Event, present: bool | None, recording: str, track: str) -> None:
        marks = self.marks.setdefault(recording, {}).setdefault(track, set())
        if present is not None and not (event.start and marks):
            marks.add((event.at, present))

    def searched(self, until: float, now: float) -> None:
        """The search has come to `until`; what is older than a week is forgotten but for the state
        it left.
        """
        self.until = until
        self.since = max(self.since, now - WEEK)
        for tracks in self.marks.values():
            for track, marks in tracks.items():
                tracks[track] = _trimmed(marks, self.since)

    @property
    def changes(self) -> int:
        """How many marks are kept."""
        return sum(len(marks) for tracks in self.marks.values() for marks in tracks.values())

    def gaps(
        self, recording: str, video: Collection[str], now: float
    ) -> tuple[tuple[Gap, ...], float] | None:
        """((from, to) without video, since when that is known); None where nothing was told of the
        recording.
        """
        chosen = _chosen(self.marks.get(recording, {}), video)
        lines = [_absent(marks, self.since, now) for marks in chosen if marks]
        if not lines:
            return None
        since = min(line[1] for line in lines)
        gaps = lines[0][0]
        for line, _ in lines[1:]:
            gaps = _both(gaps, line)
        return tuple(gap for gap in gaps if gap[1] - gap[0] > SEAM), since


def _chosen(tracks: Mapping[str, set[Mark]], video: Collection[str]) -> list[set[Mark]]:
    """The marks that count: of the tracks in `video`, else of all tracks, else of the recording."""
    of_video = [marks for track, marks in tracks.items() if track in video]
    of_tracks = [marks for track, marks in tracks.items() if track]
    return of_video or of_tracks or list(tracks.values())


def _trimmed(marks: set[Mark], since: float) -> set[Mark]:
    """`marks` from `since` on, and the last one before it (the state there)."""
    old = [mark for mark in marks if mark[0] < since]
    kept = {mark for mark in marks if mark[0] >= since}
    return kept | {max(old)} if old else kept


def _absent(marks: set[Mark], since: float, now: float) -> tuple[tuple[Gap, ...], float]:
    """The stretches without data, and from when on they are known: the first mark, or `since` where
    it says more.

    At one moment "present" comes last, so that the seam of two files is no gap.
    """
    ordered = sorted(marks)
    first_at, first = ordered[0]
    known = max(since, first_at) if first else since
    found: list[Gap] = []
    lost: float | None = None
    for at, present in ordered:
        if not present:
            lost = at if lost is None else lost
        elif lost is not None:
            found.append((max(lost, known), at))
            lost = None
    if lost is not None and now > lost:
        found.append((max(lost, known), now))
    return tuple(gap for gap in found if gap[1] > gap[0]), known


def _both(one: tuple[Gap, ...], other: tuple[Gap, ...]) -> tuple[Gap, ...]:
    """Where both are absent."""
    cut = ((max(a, c), min(b, d)) for a, b in one for c, d in other)
    return tuple(sorted((low, high) for low, high in cut if high > low))
