"""POSIX TZ strings against the C library's own reading of them, and what is no rule."""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthmon.protocols.values.posix_tz import posix_zone

RULES = [
    "GMT0BST,M3.5.0/1,M10.5.0",
    "GMT-00:00:00",
    "<+0545>-5:45",
    "<GMT+1>-1",
    "NST3:30NDT,M3.2.0/0:01,M11.1.0/0:01",
    "NZST-12NZDT,M9.5.0,M4.1.0/3",
    "LHST-10:30LHDT-11,M10.1.0,M4.1.0",
    "IST-1GMT0,M10.5.0,M3.5.0/1",
    "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
    "EET-2EEST,M3.4.4/50,M10.4.4/50",
    "EST5EDT,M3.2.0/167,M11.1.0/-167",
    "EST5EDT,J60/2,J300/2",
    "EST5EDT,59/2,299/2",
    "EST5EDT4:00:00,M3.2.0/02:00:00,M11.1.0/02:00:00",
    "AAA-23:59:59",
    "gmt0bst,M3.5.0/1,M10.5.0/2",
]
# What glibc says of each rule at each moment: "rule<TAB>offset offset ...".
ORACLE = """
import os, sys, time
moments = [int(text) for text in sys.stdin.readline().split()]
for rule in sys.stdin.read().splitlines():
    os.environ["TZ"] = rule
    time.tzset()
    print(*(time.localtime(moment).tm_gmtoff for moment in moments))
"""
START = int(datetime(2027, 1, 3, tzinfo=UTC).timestamp())
MOMENTS = [START + hour * 3600 + 1801 for hour in range(0, 24 * 365 * 2, 6)]


def made_up(number: int) -> list[str]:
    """Rules by lot, far enough from New Year for the C library, which looks at one year only."""
    lot = random.Random(20361)
    rules = []
    for _ in range(number):
        west = f"{lot.choice(['', '-', '+'])}{lot.randint(0, 12)}{lot.choice(['', ':30', ':45', ':15:30'])}"
        summer = lot.choice(["", "", f"{lot.choice(['', '-'])}{lot.randint(0, 13)}"])
        form, time = lot.choice("MJn"), lot.choice(["", "/0", "/1", "/3:30", "/26", "/-3"])
        days = {
            "M": [
                f"M{m}.{lot.randint(1, 5)}.{lot.randint(0, 6)}"
                for m in (lot.randint(2, 5), lot.randint(7, 11))
            ],
            "J": [f"J{lot.randint(20, 150)}", f"J{lot.randint(190, 345)}"],
            "n": [f"{lot.randint(20, 150)}", f"{lot.randint(190, 345)}"],
        }[form]
        lot.shuffle(days)
        rules.append(f"AAA{west}BBB{summer},{days[0]}{time},{days[1]}{time}")
    return rules


@pytest.mark.slow
def test_every_form_reads_as_the_c_library_reads_it() -> None:
    rules = RULES + made_up(25)
    said = subprocess.run(
        [sys.executable, "-c", ORACLE],
        input="\n".join([" ".join(map(str, MOMENTS)), *rules]),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.splitlines()
    for rule, line in zip(rules, said, strict=True):
        zone = posix_zone(rule)
        assert zone is not None, rule
        ours = [int(datetime.fromtimestamp(at, zone).utcoffset().total_seconds()) for at in MOMENTS]  # type: ignore[union-attr]
        assert ours == [int(text) for text in line.split()], rule


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 12, 31, 23),
        datetime(2027, 1, 1),
        datetime(2027, 1, 1, 4),
        datetime(2027, 7, 1),
    ],
)
def test_summer_time_all_year_is_never_left(at: datetime) -> None:
    """RFC 8536 section 3.3.1 gives this rule."""
    zone = posix_zone("XXX3EDT4,0/0,J365/23")
    assert at.replace(tzinfo=UTC).astimezone(zone).utcoffset() == timedelta(hours=-4)


def test_civil_times_that_are_there_twice_or_never() -> None:
    zone = posix_zone("GMT0BST,M3.5.0/1,M10.5.0")
    twice = datetime(2026, 10, 25, 1, 30, tzinfo=zone)
    assert [twice.replace(fold=fold).utcoffset() for fold in (0, 1)] == [
        timedelta(hours=1),
        timedelta(),
    ]
    never = datetime(2026, 3, 29, 1, 30, tzinfo=zone)
    assert [never.replace(fold=fold).utcoffset() for fold in (0, 1)] == [
        timedelta(),
        timedelta(hours=1),
    ]
    for hour in (0, 1):
        moment = datetime(2026, 10, 25, hour, 30, tzinfo=UTC)
        assert moment.astimezone(zone).astimezone(UTC) == moment
        assert moment.astimezone(zone).fold == hour
    assert never.dst() == timedelta()


@given(st.sampled_from(RULES), st.integers(0, 4_000_000_000))
def test_every_moment_comes_back_from_its_civil_time(rule: str, at: int) -> None:
    zone, moment = posix_zone(rule), datetime.fromtimestamp(at, UTC)
    there = moment.astimezone(zone)
    assert there.astimezone(UTC) == moment
    assert there.replace(tzinfo=None) - moment.replace(tzinfo=None) == there.utcoffset()


def test_spaces_hikvisions_form_and_names_are_understood() -> None:
    def offsets(rule: str) -> list[timedelta | None]:
        zone = posix_zone(rule)
        return (
            [datetime(2026, month, 1, tzinfo=zone).utcoffset() for month in (1, 7)] if zone else []
        )

    hour = timedelta(hours=1)
    assert offsets(" GMT0BST, M3.5.0/1, M10.5.0/2 ") == [0 * hour, hour]
    assert offsets("CST-8:00:00DST01:00:00,M3.5.0/01:00:00,M10.5.0/02:00:00") == [
        8 * hour,
        9 * hour,
    ]
    assert offsets("EST+5:00:00DST01:00:00,M3.2.0/02:00:00,M11.1.0/02:00:00") == [
        -5 * hour,
        -4 * hour,
    ]
    assert offsets("LHS-10:30:00DST00:30:00,M4.1.0/02:00:00,M10.1.0/02:00:00") == [
        10.5 * hour,
        11 * hour,
    ]
    assert offsets("Europe/London") == [0 * hour, hour]


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "GMT0BST",
        "GMT",
        "0",
        "AB0",
        "AAA24",
        "AAA23BBB24,M3.5.0,M10.5.0",
        "AAA1BBB,M0.1.0,M10.5.0",
        "AAA1BBB,M13.1.0,M10.5.0",
        "AAA1BBB,M3.6.0,M10.5.0",
        "AAA1BBB,M3.5.7,M10.5.0",
        "AAA1BBB,J0,J100",
        "AAA1BBB,J366,J100",
        "AAA1BBB,366,100",
        "AAA1BBB,M3.5.0/168,M10.5.0",
        "AAA1BBB,M3.5.0/1:60,M10.5.0",
        "AAA1BBB,M3.5.0",
        "<+00",
        "GMT0BST,M3.5.0/1,M10.5.0\u0660",
        "Europe",
        "No/Such",
        "../../etc/passwd",
        "A" * 5000,
    ],
)
def test_what_is_no_rule(rule: str) -> None:
    assert posix_zone(rule) is None


@given(st.text(alphabet="ABCabc<>+-0123456789,./:MJ", max_size=40), st.integers(0, 4_000_000_000))
@settings(max_examples=300)
def test_whatever_a_device_writes_is_a_zone_or_none(rule: str, at: int) -> None:
    for text in (rule, f"AAA0BBB,{rule}", f"AAA{rule},M3.5.0,M10.5.0"):
        zone = posix_zone(text)
        assert zone is None or datetime.fromtimestamp(at, zone).utcoffset() is not None
