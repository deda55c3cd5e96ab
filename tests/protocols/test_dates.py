"""Dates as HTTP and SNMP write them: every form of the standards, and what is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon.protocols.values import dates
from healthmon.protocols.values.dates import date_and_time, http_date

AT = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "sun, 6 nov 1994 8:49:37 gmt",
        "06 Nov 1994 08:49:37",
        "Sun, Nov 06 1994 08:49:37 GMT",  # live555
        "Nov 6, 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 Nov 1994 08:49:37 -0000",
        "Sun, 06 Nov 1994 09:49:37 +0100",
        "Sun, 06 Nov 1994 09:49:37 GMT+01:00",
        "Sun, 06 Nov 1994 05:19:37 -0330",
        "Mon, 06 Nov 1994 08:49:37 GMT",
        "  Sun, 06 Nov 1994 08:49:37 GMT\r",
    ],
)
def test_every_form_of_a_date_field(text: str) -> None:
    """RFC 9110 section 5.6.7; a weekday that is not the date's is not believed and does no harm."""
    assert http_date(text) == AT


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Thu, 01 Jan 1970 00:00:03 GMT", datetime(1970, 1, 1, 0, 0, 3, tzinfo=UTC)),
        ("Fri, 31 Dec 2032 23:59:60 GMT", datetime(2033, 1, 1, tzinfo=UTC)),
        ("Thursday, 07-Feb-36 06:28:16 GMT", datetime(2036, 2, 7, 6, 28, 16, tzinfo=UTC)),
        ("Tue, 19 Jan 2038 03:14:08 GMT", datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC)),
        ("Tue, 29 Feb 2028 00:00:00 GMT", datetime(2028, 2, 29, tzinfo=UTC)),
    ],
)
def test_the_edges_of_calendars(text: str, expected: datetime) -> None:
    assert http_date(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "0",
        "now",
        "Sun, 31 Feb 2026 08:49:37 GMT",
        "Sun, 29 Feb 2026 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 09:49:37 BST",
        "Sun, 06 Nov 1994 09:49:37 CET",
        "Sun, 06 Nov 1994 09:49:37 +2500",
        "Sun Nov  6 08:49:37",
        "1994-11-06T08:49:37Z",
        "Sun, 06 Nov 1994 08:49:37 GMT" + "x" * 100,
        "\u0660" * 29,
    ],
)
def test_what_is_no_date(text: str | None) -> None:
    """A zone by name says nothing: BST is British and Bangladeshi."""
    assert http_date(text) is None


@given(st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)), st.integers(-56, 56))
def test_whatever_the_standard_library_writes_is_read(at: datetime, quarters: int) -> None:
    zoned = at.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=15 * quarters)))
    assert http_date(format_datetime(zoned)) == zoned
    assert http_date(format_datetime(zoned.astimezone(UTC), usegmt=True)) == zoned


@given(st.text(max_size=80))
def test_any_text_is_a_date_or_none(text: str) -> None:
    for line in (text, f"Sun, 06 Nov 1994 08:49:37 {text}"):
        found = http_date(line)
        assert found is None or found.tzinfo is not None


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (bytes([0x07, 0xEA, 11, 24, 12, 0, 5, 0]), datetime(2026, 11, 24, 12, 0, 5)),
        (
            bytes([0x07, 0xEA, 7, 1, 12, 0, 5, 0]) + b"+\x01\x00",
            datetime(2026, 7, 1, 11, 0, 5, tzinfo=UTC),
        ),
        (
            bytes([0x07, 0xEA, 7, 1, 12, 0, 5, 0]) + b"-\x05\x1e",
            datetime(2026, 7, 1, 17, 30, 5, tzinfo=UTC),
        ),
        (bytes([0x07, 0xF0, 2, 29, 0, 0, 59, 9]), datetime(2032, 2, 29, 0, 0, 59)),
        (bytes([0x07, 0xF0, 2, 29, 23, 59, 60, 9]), datetime(2032, 3, 1)),
        (bytes([0x07, 0xB2, 1, 1, 0, 0, 0, 0]), datetime(1970, 1, 1)),
        (bytes([0x07, 0xF0, 2, 29, 0, 0, 61, 9]), None),
        (bytes([0x07, 0xEA, 13, 1, 0, 0, 0, 0]), None),
        (bytes([0x07, 0xEA, 2, 29, 0, 0, 0, 0]), None),
        (bytes([0x07, 0xEA, 1, 1, 24, 0, 0, 0]), None),
        (bytes([0x07, 0xEA, 1, 1, 99, 0, 0, 0]), None),
        (bytes([0x07, 0xEA, 1, 1, 0, 0, 0, 0]) + b"+\xff\xff", None),
        (bytes([0x07, 0xEA, 1, 1, 0, 0, 0, 0]) + b"\x00\x01\x00", None),
        (bytes([0, 1, 1, 1, 0, 0, 0, 0]), None),
        (bytes([0xFF, 0xFF, 1, 1, 0, 0, 0, 0]), None),
        (bytes(8), None),
        (b"2000-1", None),
        (b"", None),
    ],
)
def test_c25_snmp_dates(raw: bytes, expected: datetime | None) -> None:
    """One real recorder answers "2000-1"."""
    assert date_and_time(raw) == expected


@given(st.binary(max_size=12))
def test_any_octets_are_a_date_or_none(raw: bytes) -> None:
    found = date_and_time(raw)
    assert found is None or 1970 <= found.year <= 2101


@pytest.mark.parametrize(
    ("at", "text"),
    [(1795467600.0, "2026-11-23T21:00:00Z"), (-61374080307.0, "0025-02-17T20:21:33Z")],
)
def test_a_time_in_utc_has_a_year_of_four_digits(at: float, text: str) -> None:
    assert dates.utc(at) == text
    assert dates.unix(text) in (at, None)
