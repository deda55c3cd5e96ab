"""What a camera is there for, and when it did that, by the state timeline of its checks. Pure.

Time in no stretch of the timeline was not watched. Time in the state "unknown" was watched, and nothing
was found out. Both are neither up nor down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from healthmon.evidence import spans
from healthmon.evidence.spans import Span, Spans
from healthmon.model.enums import CheckName

# (check, state, since, until): a row of the timeline; `until` is None while it lasts.
Stretch = tuple[str, str, float, float | None]


@dataclass(frozen=True, slots=True)
class Measured:
    """When a service worked and when it did not."""

    good: Spans = ()
    bad: Spans = ()

    def within(self, countable: Spans) -> Measured:
        """The part of it that counts."""
        return Measured(spans.both(self.good, countable), spans.both(self.bad, countable))

    @property
    def is_measured(self) -> bool:
        """Whether anything is known at all."""
        return bool(self.good or self.bad)


@dataclass(frozen=True, slots=True)
class Service:
    """A service as one check sees it; `good` and `bad` are the words of its states."""

    key: str
    title: str
    check: str
    good: frozenset[str] = frozenset({"ok", "degraded"})
    bad: frozenset[str] = frozenset({"fault"})


ONLINE: Final = Service("online", "Answers", CheckName.REACH)
PICTURES: Final = Service("pictures", "Delivers pictures", CheckName.STREAM)
RECORDED: Final = Service("recorded", "Is recorded", CheckName.RECORDING)
CLOCK: Final = Service("clock", "Clock usable", CheckName.CLOCK)
VIEW: Final = Service("view", "View right", "picture")
IN_TOLERANCE: Final = Service(
    "clock_in_tolerance",
    "Clock within its tolerance",
    CheckName.CLOCK,
    frozenset({"ok"}),
    frozenset({"degraded", "fault"}),
)
OPERATIONAL: Final = "operational"
# What a camera must do to be fully operational, where it is checked at all.
PARTS: Final = (PICTURES, RECORDED, CLOCK, VIEW)
TITLES: Final[Mapping[str, str]] = {
    OPERATIONAL: "Fully operational",
    **{one.key: one.title for one in (ONLINE, *PARTS, IN_TOLERANCE)},
}


def measured(stretches: Iterable[Stretch], now: float) -> dict[str, Measured]:
    """Each service that was checked, by its key, over the whole of `stretches`; what lasts is cut at
    `now`.
    """
    by_check: dict[str, list[tuple[str, Span]]] = {}
    for check, state, since, until in stretches:
        end = now if until is None else min(until, now)
        by_check.setdefault(check, []).append((state, (since, end)))
    found = {
        one.key: _of(one, by_check[one.check])
        for one in (ONLINE, *PARTS, IN_TOLERANCE)
        if one.check in by_check
    }
    return _with_lost(found)


def _of(service: Service, rows: Iterable[tuple[str, Span]]) -> Measured:
    good: list[Span] = []
    bad: list[Span] = []
    for state, span in rows:
        if state in service.good:
            good.append(span)
        elif state in service.bad:
            bad.append(span)
    return Measured(spans.merged(good), spans.merged(bad))


def _with_lost(found: dict[str, Measured]) -> dict[str, Measured]:
    """Of a camera that does not answer nothing is known of its stream: no pictures come from it."""
    online, pictures = found.get(ONLINE.key), found.get(PICTURES.key)
    if online is None or pictures is None:
        return found
    bad = spans.merged((*pictures.bad, *online.bad))
    return found | {PICTURES.key: Measured(spans.without(pictures.good, bad), bad)}


def operational(found: Mapping[str, Measured]) -> Measured:
    """When everything that was measured of a camera worked; it did not where any part did not. A
    part of which nothing is known in the whole of `found` asks for nothing.
    """
    parts = [found[one.key] for one in (ONLINE, *PARTS) if one.key in found]
    parts = [one for one in parts if one.is_measured]
    if not parts:
        return Measured()
    bad = spans.merged(span for one in parts for span in one.bad)
    good = parts[0].good
    for one in parts[1:]:
        good = spans.both(good, one.good)
    return Measured(spans.without(good, bad), bad)
