"""What the zone text of a device may mean, form by form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon.protocols.values.zone_text import zone_meaning

JANUARY = datetime(2027, 1, 15, 12, tzinfo=UTC)


def hours(text: str) -> list[float]:
    """The offsets of every reading in January, hours east."""
    offsets = (JANUARY.astimezone(zone).utcoffset() for zone in zone_meaning(text).zones)
    return [offset / timedelta(hours=1) for offset in offsets if offset is not None]


@pytest.mark.parametrize(
    ("text", "offsets", "dated", "summer"),
    [
        ("UTC5:0", [-5, 5], False, False),
        ("UTC-1:0", [1, -1], False, False),
        ("UTC5UTC", [-5, 5], False, True),
        ("UTC-9:30UTC", [9.5, -9.5], False, True),
        ("GMT-03:00", [3, -3], False, False),
        ("GMT0BST", [0], False, True),
        ("CST-8", [8, -8], False, False),
        ("<+08>-8", [8], False, False),
        ("<-08>-8", [8, -8], False, False),
        ("<-03>3", [-3], False, False),
        ("<+0330>-3:30", [3.5], False, False),
        ("+05:30", [5.5], False, False),
        ("-0500", [-5], False, False),
        ("(UTC+08:00)", [-8, 8], False, False),
        ("(UTC+00:00) Dublin, Edinburgh", [0], False, True),
        ("CET+1CEST,M3.5.0,M10.5.0/3", [-1, 1], True, False),
        ("UTC +08:00", [-8, 8], False, False),
        ("UTC", [0], False, False),
        ("Z", [0], False, False),
        ("GMT0BST,M3.5.0/1,M10.5.0", [0], True, False),
        ("Europe/Berlin", [1], True, False),
        ("EST5EDT", [-5], True, False),
        ("Japan", [9], True, False),
        ("CET", [1], True, False),
        ("Etc/GMT-1", [1], True, False),
    ],
)
def test_a_form_that_is_read(text: str, offsets: list[float], dated: bool, summer: bool) -> None:
    meaning = zone_meaning(text)
    assert (hours(text), meaning.dated, meaning.summer) == (offsets, dated, summer)


@pytest.mark.parametrize(
    "text",
    ["", " ", "35", "London", "BST", "GMT Standard Time", "localtime", "posixrules", "../../etc/passwd",
     "Europe", "GMT0BST,M3.5.0/1", "+99:00", "UTC25", "(GMT) Dublin, Edinburgh", "A" * 5000],
)  # fmt: skip
def test_a_form_that_is_not_read(text: str) -> None:
    assert zone_meaning(text).zones == ()


@pytest.mark.parametrize(
    ("text", "either"), [("GMT+8", True), ("UTC5:0", True), ("CST-8", False), ("GMT0", False)]
)
def test_only_a_name_of_no_place_leaves_the_sign_open(text: str, either: bool) -> None:
    assert zone_meaning(text).either == either


@given(st.text(max_size=80))
def test_whatever_a_device_writes_is_read_or_not(text: str) -> None:
    for zone in zone_meaning(text).zones:
        assert JANUARY.astimezone(zone).utcoffset() is not None
