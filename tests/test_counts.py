"""Sentences that count: the noun goes with the number."""

from __future__ import annotations

import pytest

from healthmon.model.count_words import count_of


@pytest.mark.parametrize(
    ("count", "nouns", "words"),
    [
        (0, ("visit",), "0 visits"),
        (1, ("visit",), "1 visit"),
        (12_000, ("visit",), "12,000 visits"),
        (1, ("fix", "fixes"), "1 fix"),
        (2, ("fix", "fixes"), "2 fixes"),
    ],
)
def test_a_noun_goes_with_its_number(count: int, nouns: tuple[str, ...], words: str) -> None:
    assert count_of(count, *nouns) == words
