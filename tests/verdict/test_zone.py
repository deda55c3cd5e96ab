"""POSIX TZ rules of devices against the zone that they stand in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from healthmon.verdict.zone import first_difference

WINTER = datetime(2026, 11, 24, tzinfo=UTC)
SPRING = datetime(2027, 3, 28, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    "rule",
    [
        "GMT0BST,M3.5.0/1,M10.5.0",
        "GMT-0BST-1,M3.5.0/1,M10.5.0/2",
        "GMT+00:00:00DST01:00:00,M3.5.0/01:00:00,M10.5.0/02:00:00",
        "CST-0:00:00DST01:00:00,M3.5.0/01:00:00,M10.5.0/02:00:00",
    ],
)
def test_right_rules_are_right_all_year(rule: str) -> None:
    assert first_difference(rule, "Europe/London", WINTER) is None


@pytest.mark.parametrize(
    ("rule", "moment", "wrong"),
    [
        ("GMT0", SPRING, -HOUR),
        ("<+00>0", SPRING, -HOUR),
        ("GMT0BST,M3.5.0/2,M10.5.0", SPRING, -HOUR),
        ("GMT+0BST+1,M3.5.0/1,M10.5.0", SPRING, -2 * HOUR),
        ("CST-8", WINTER, 8 * HOUR),
        ("EST5EDT,M3.2.0,M11.1.0", WINTER, -5 * HOUR),
    ],
)
def test_wrong_rules_are_told_before_the_clocks_change(rule: str, moment: datetime, wrong: timedelta) -> None:
    assert first_difference(rule, "Europe/London", WINTER) == (moment, wrong)


def test_a_difference_that_is_over_is_not_told() -> None:
    after_summer = datetime(2026, 10, 30, tzinfo=UTC)
    assert first_difference("GMT0", "Europe/London", after_summer) == (SPRING, -HOUR)


@pytest.mark.parametrize(
    "rule", ["", "Europe/London", "GMT0BST", "nonsense", "GMT0\nBST", "A" * 5000, "GMT0,M13.9.9/1"]
)
def test_what_is_no_rule_gives_no_judgement(rule: str) -> None:
    with pytest.raises(ValueError, match="rule"):
        first_difference(rule, "Europe/London", WINTER)
