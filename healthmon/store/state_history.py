"""The state timeline: for each device and check the stretches of time in one state, not samples.
Pure.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from healthmon.model.device import CheckKey
from healthmon.model.enums import State
from healthmon.model.results import Verdict, worst
from healthmon.store.rows import Segment

Key = tuple[str, str]
PartialRead = tuple[tuple[str, State], ...]
_WORDS = {state: state.name.lower() for state in State}


@functools.lru_cache(1024)
def _shared(parts: PartialRead) -> PartialRead:
    """The same object for equal ones: most devices are in the same few states."""
    return parts


@dataclass(slots=True)
class Timeline:
    """The stretch under way of every device and check; a check with parts (streams) is as its
    worst part.
    """

    now: dict[Key, Segment] = field(default_factory=dict)
    parts: dict[Key, PartialRead] = field(default_factory=dict)

    def record(self, verdicts: Iterable[Verdict]) -> list[Segment]:
        """Reduce the verdicts of one check; the stretches that ended and began, in order."""
        found = list(verdicts)
        if not found:
            return []
        first = found[0]
        key = (first.device, first.check_type)
        parts = dict(self.parts.get(key, ()))
        judged = worst(found)
        parts[first.instance] = judged.state if judged is not None else State.UNKNOWN
        self.parts[key] = _shared(tuple(parts.items()))
        return self._turn(key, max(parts.values()), first.at)

    def well(self, device: str, check_type: str, instance: str) -> bool:
        """Whether the last run of each part of a check was OK."""
        return dict(self.parts.get((device, check_type), ())).get(instance) is State.OK

    def _turn(self, key: Key, state: State, at: float) -> list[Segment]:
        word = _WORDS[state]
        old = self.now.get(key)
        if old is not None and old.state == word:
            return []
        since = at if old is None else max(at, old.since + 1e-3)
        self.now[key] = new = Segment(*key, word, since)
        return [new] if old is None else [replace(old, until=since), new]

    def forget(self, keep: Iterable[CheckKey], at: float) -> list[Segment]:
        """End the stretches of every (device, check) that stands in no (device, check, instance)
        of `keep`.
        """
        kept: dict[Key, set[str]] = {}
        for device, check_type, instance in keep:
            kept.setdefault((device, check_type), set()).add(instance)
        self.parts = {
            key: tuple((instance, state) for instance, state in parts if instance in kept[key])
            for key, parts in self.parts.items()
            if key in kept
        }
        gone = [key for key in self.now if key not in kept]
        return [
            replace(segment, until=max(at, segment.since)) for segment in map(self.now.pop, gone)
        ]

    def move(self, by: float) -> None:
        """Our clock was set by `by` seconds: what is under way began that much later."""
        self.now = {key: segment.moved(by) for key, segment in self.now.items()}

    def all(self) -> list[Segment]:
        """Every stretch under way, for a store that begins anew."""
        return list(self.now.values())
