"""Zone rules of devices against the zone that they stand in, for the year to come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from healthmon.checks.evaluation.zone import Difference, first_difference
from healthmon.protocols.values.posix_tz import posix_zone

WINTER = datetime(2026, 11, 24, tzinfo=UTC)
SPRING = datetime(2027, 3, 28, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("rule", "zone"),
    [
        ("GMT0BST,M3.5.0/1,M10.5.0", "Europe/London"),
        ("GMT-0BST-1,M3.5.0/1,M10.5.0/2", "Europe/London"),
        ("GMT+00:00:00DST01:00:00,M3.5.0/01:00:00,M10.5.0/02:00:00", "Europe/London"),
        ("CST-0:00:00DST01:00:00,M3.5.0/01:00:00,M10.5.0/02:00:00", "Europe/London"),
        ("Europe/London", "Europe/London"),
        ("Europe/Jersey", "Europe/London"),
        ("NZST-12NZDT,M9.5.0,M4.1.0/3", "Pacific/Auckland"),
        ("<+0330>-3:30", "Asia/Tehran"),
        ("LHST-10:30LHDT-11,M10.1.0,M4.1.0", "Australia/Lord_Howe"),
        ("IST-1GMT0,M10.5.0,M3.5.0/1", "Europe/Dublin"),
        ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "America/Nuuk"),
    ],
)
def test_right_rules_are_right_all_year(rule: str, zone: str) -> None:
    assert first_difference(rule, zone, WINTER) is None


@pytest.mark.parametrize(
    ("rule", "begin", "wrong", "end"),
    [
        ("GMT0", SPRING, -HOUR, None),
        ("<+00>0", SPRING, -HOUR, None),
        ("GMT0BST,M3.5.0/2,M10.5.0", SPRING, -HOUR, SPRING + HOUR),
        (
            "GMT0BST,M3.5.0/1,M10.5.0/3",
            datetime(2027, 10, 31, 1, tzinfo=UTC),
            HOUR,
            datetime(2027, 10, 31, 2, tzinfo=UTC),
        ),
        ("GMT0BST,M3.4.0/1,M10.5.0", None, None, None),
        ("GMT0BST,J87/1,J304", None, None, None),
        ("GMT+0BST+1,M3.5.0/1,M10.5.0", SPRING, -2 * HOUR, None),
        ("CST-8", WINTER, 8 * HOUR, None),
        ("EST5EDT,M3.2.0,M11.1.0", WINTER, -5 * HOUR, None),
    ],
)
def test_wrong_rules_are_told_before_the_clocks_change(
    rule: str, begin: datetime | None, wrong: timedelta | None, end: datetime | None
) -> None:
    """28 March 2027 is the fourth Sunday of its month and day 87 of its year: those rules are right
    for one year.
    """
    assert first_difference(rule, "Europe/London", WINTER) == (
        Difference(begin, wrong, end) if begin else None
    )


def test_a_rule_that_is_right_for_one_year_only_is_told_a_year_before() -> None:
    later = first_difference(
        "GMT0BST,M3.4.0/1,M10.5.0", "Europe/London", WINTER + timedelta(days=365)
    )
    assert later is None, "26 March 2028 is a fourth Sunday too"
    last = first_difference(
        "GMT0BST,M3.4.0/1,M10.5.0", "Europe/London", datetime(2029, 1, 1, tzinfo=UTC)
    )
    assert last is None
    found = first_difference(
        "GMT0BST,M3.4.0/1,M10.5.0", "Europe/London", datetime(2030, 1, 1, tzinfo=UTC)
    )
    assert found is not None
    assert found.begin == datetime(2030, 3, 24, 1, tzinfo=UTC)


def test_a_difference_that_is_over_is_not_told() -> None:
    after_summer = datetime(2026, 10, 30, tzinfo=UTC)
    assert first_difference("GMT0", "Europe/London", after_summer) == Difference(SPRING, -HOUR)


@pytest.mark.parametrize(
    "rule", ["", "GMT0BST", "nonsense", "GMT0\nBST", "A" * 5000, "GMT0,M13.9.9/1"]
)
def test_what_is_no_rule_gives_no_judgement(rule: str) -> None:
    with pytest.raises(ValueError, match="rule"):
        first_difference(rule, "Europe/London", WINTER)


@pytest.mark.slow
def test_every_half_hour_of_the_year_agrees_with_the_answer() -> None:
    """The answer jumps over days in which no clock changes; a walk through all of them finds the
    same.
    """
    for rule, zone in (
        ("GMT0BST,M3.5.0/1,M10.5.0", "Europe/London"),
        ("AEST-10AEDT,M10.1.0,M4.1.0/2", "Australia/Sydney"),
        ("EST5EDT,M3.2.0,M11.1.0/1", "America/New_York"),
    ):
        theirs, ours = posix_zone(rule), posix_zone(zone)
        walked = next(
            (
                moment
                for moment in (WINTER + step * timedelta(minutes=30) for step in range(366 * 48))
                if moment.astimezone(theirs).utcoffset() != moment.astimezone(ours).utcoffset()
            ),
            None,
        )
        found = first_difference(rule, zone, WINTER)
        assert (found.begin if found else None) == walked, rule
