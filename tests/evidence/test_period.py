"""Periods in local time."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from healthmon.evidence.period import Period

LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("text", "words", "hours", "months"),
    [
        ("2026-10", "October 2026", 745, 1),
        ("2026-03", "March 2026", 743, 1),
        ("2028-02", "February 2028", 29 * 24, 1),
        ("2026", "2026", 365 * 24, 12),
        ("2026/27", "April 2026 to March 2027", 365 * 24, 12),
    ],
)
def test_period_has_the_hours_of_local_days(text: str, words: str, hours: int, months: int) -> None:
    found = Period.of(text, LONDON)
    assert (found.words, found.until - found.since) == (words, hours * 3600)
    assert len(found.months()) == months
    days = found.days()
    assert days[0][0] == found.since
    assert days[-1][1] == found.until
    assert found.months()[0].before(2)[-1].until == found.since


@pytest.mark.parametrize("text", ["", "2026-13", "26-10", "2026/28", "October", "2026-1", "1999"])
def test_wrong_period_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a period; write 2026-10 \(a month\)"):
        Period.of(text, LONDON)
