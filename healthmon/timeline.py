"""The state timeline: for each device and question the stretches of time in one state, not samples. Pure."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from healthmon.model import Question, State, Verdict
from healthmon.store.rows import Segment

Key = tuple[str, str]
Parts = tuple[tuple[str, State], ...]
_WORDS = {state: state.name.lower() for state in State}


@functools.lru_cache(1024)
def _shared(parts: Parts) -> Parts:
    """The same object for equal ones: most devices are in the same few states."""
    return parts


@dataclass(slots=True)
class Timeline:
    """The stretch under way of every device and question; a question with parts (streams) is as its worst part."""

    now: dict[Key, Segment] = field(default_factory=dict)
    parts: dict[Key, Parts] = field(default_factory=dict)

    def take(self, verdicts: Iterable[Verdict]) -> list[Segment]:
        """Reduce the verdicts of one look; the stretches that ended and began, in order."""
        found = list(verdicts)
        if not found:
            return []
        first = found[0]
        key = (first.device, first.question.value)
        parts = dict(self.parts.get(key, ()))
        parts[first.part] = max(verdict.state for verdict in found)
        self.parts[key] = _shared(tuple(parts.items()))
        return self._turn(key, max(parts.values()), first.at)

    def well(self, device: str, question: str, part: str) -> bool:
        """Whether the last look at a part of a question found everything well."""
        return dict(self.parts.get((device, question), ())).get(part) is State.OK

    def _turn(self, key: Key, state: State, at: float) -> list[Segment]:
        word = _WORDS[state]
        old = self.now.get(key)
        if old is not None and old.state == word:
            return []
        since = at if old is None else max(at, old.since + 1e-3)
        self.now[key] = new = Segment(*key, word, since)
        return [new] if old is None else [replace(old, until=since), new]

    def forget(self, keep: Iterable[tuple[str, Question, str]], at: float) -> list[Segment]:
        """End the stretches of every (device, question) that stands in no (device, question, part) of `keep`."""
        kept: dict[Key, set[str]] = {}
        for device, question, part in keep:
            kept.setdefault((device, question.value), set()).add(part)
        self.parts = {
            key: tuple((part, state) for part, state in parts if part in kept[key])
            for key, parts in self.parts.items()
            if key in kept
        }
        gone = [key for key in self.now if key not in kept]
        return [
            replace(segment, until=max(at, segment.since)) for segment in map(self.now.pop, gone)
        ]

    def all(self) -> list[Segment]:
        """Every stretch under way, for a store that begins anew."""
        return list(self.now.values())
