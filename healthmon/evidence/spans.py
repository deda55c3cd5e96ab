"""Stretches of time as ordered, disjoint (begin, end) pairs in Unix seconds, ends excluded. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Span = tuple[float, float]
Spans = tuple[Span, ...]


def merged(found: Iterable[Span]) -> Spans:
    """The time that lies in at least one of `found`, which may overlap and be in any order."""
    made: list[Span] = []
    for begin, end in sorted(one for one in found if one[0] < one[1]):
        if made and begin <= made[-1][1]:
            made[-1] = (made[-1][0], max(end, made[-1][1]))
        else:
            made.append((begin, end))
    return tuple(made)


def clipped(found: Sequence[Span], since: float, until: float) -> Spans:
    """The part of `found` in [since, until)."""
    cut = ((max(begin, since), min(end, until)) for begin, end in found)
    return tuple(one for one in cut if one[0] < one[1])


def both(one: Sequence[Span], other: Sequence[Span]) -> Spans:
    """The time that lies in both."""
    made: list[Span] = []
    here = there = 0
    while here < len(one) and there < len(other):
        begin = max(one[here][0], other[there][0])
        end = min(one[here][1], other[there][1])
        if begin < end:
            made.append((begin, end))
        if one[here][1] < other[there][1]:
            here += 1
        else:
            there += 1
    return tuple(made)


def without(one: Sequence[Span], other: Sequence[Span]) -> Spans:
    """The time of `one` that does not lie in `other`."""
    if not one:
        return ()
    since, until = one[0][0], one[-1][1]
    gaps: list[Span] = []
    at = since
    for begin, end in other:
        if at < begin:
            gaps.append((at, begin))
        at = max(at, end)
    if at < until:
        gaps.append((at, until))
    return both(one, gaps)


def total(found: Iterable[Span]) -> float:
    """Seconds."""
    return sum(end - begin for begin, end in found)
