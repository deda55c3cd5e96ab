"""Stretches of time against sets of whole seconds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from healthmon.evidence import spans
from healthmon.evidence.spans import Span, Spans

EDGES = st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda pair: (min(pair), max(pair)))
ANY = st.lists(EDGES, max_size=8)


def seconds(found: list[Span] | Spans) -> set[int]:
    return {at for begin, end in found for at in range(int(begin), int(end))}


@given(ANY, ANY)
def test_spans_are_sets_of_seconds(one: list[Span], other: list[Span]) -> None:
    first, second = spans.merged(one), spans.merged(other)
    assert seconds(first) == seconds(one)
    assert spans.total(first) == len(seconds(one))
    assert seconds(spans.both(first, second)) == seconds(one) & seconds(other)
    assert seconds(spans.without(first, second)) == seconds(one) - seconds(other)
    assert seconds(spans.clipped(first, 10, 20)) == seconds(one) & set(range(10, 20))
    for made in (first, spans.both(first, second), spans.without(first, second)):
        assert all(begin < end for begin, end in made)
        assert list(made) == sorted(made)
