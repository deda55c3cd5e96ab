"""The path language, and the small readers of words, times and JSON that every make uses."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from healthmon.protocols.errors import ProtocolError
from healthmon.protocols.values import dates, scalars, selectors
from healthmon.protocols.values import json as jsonread

JSON = b"""{"cameras": [{"id": 7, "name": "Gate", "state": true, "tags": ["a", "b"]}, {"id": 8, "name": "", "x": {"y": null}}],
"disks": {"list": [{"size": 5}, {"size": 6}]}, "up": 12.5}"""
XML = b"""<r xmlns="urn:x"><disks><disk status="ok" id="1"><n> one </n></disk><disk status="bad" id="2"/></disks></r>"""


IN_JSON: list[tuple[str, list[str | None]]] = [
    ("up", ["12.5"]),
    ("cameras/name", ["Gate", None]),
    ("cameras[0]/name", ["Gate"]),
    ("cameras[id=7]/state", ["true"]),
    ("cameras[id=9]/state", []),
    ("cameras/tags", ["a", "b"]),
    ("cameras/x/y", [None]),
    ("disks/list[1]/size", ["6"]),
    ("*/list/size", ["5", "6"]),
    ("none/of/this", []),
    ("up/more", []),
    (".", [None]),
]


def test_json() -> None:
    for path, found in IN_JSON:
        assert [
            selectors.text_of(node) for node in selectors.parse(path).select(selectors.tree(JSON))
        ] == found, path


IN_XML: list[tuple[str, list[str]]] = [
    ("disks/disk/@status", ["ok", "bad"]),
    ("disks/disk[@id=2]/@status", ["bad"]),
    ("disks/disk[n=one]/@id", ["1"]),
    ("disks/disk/n", ["one"]),
    ("*/*[1]/@id", ["2"]),
    ("disks/disk/@none", []),
]


def test_xml() -> None:
    for path, found in IN_XML:
        assert [
            selectors.text_of(node) for node in selectors.parse(path).select(selectors.tree(XML))
        ] == found, path


def test_what_is_no_path() -> None:
    for path in ["", "/a", "a//b", "a[", "a[x=y", "a b", "a/$b", "a" * 300]:
        with pytest.raises(ValueError, match="is not a path"):
            selectors.parse(path)


MOMENTS = [
    ("2026-11-23T21:00:00Z", "2026-11-23T21:00:00+00:00"),
    ("20261123T210000Z", "2026-11-23T21:00:00+00:00"),
    ("2026-11-23T21:00:00.25+01:00", "2026-11-23T21:00:00.250000+01:00"),
    ("2026-11-23 21:00:00-0330", "2026-11-23T21:00:00-03:30"),
    ("2026-11-3 9:05:00", "2026-11-03T09:05:00"),
    ("2026-12-31T23:59:60Z", "2027-01-01T00:00:00+00:00"),
    ("2026-11-23T24:00:00Z", "2026-11-24T00:00:00+00:00"),
]


def test_moments() -> None:
    for text, iso in MOMENTS:
        found = dates.moment(text)
        assert found is not None, text
        assert found.isoformat() == iso


NO_MOMENTS = ["", None, "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "1900-01-01T00:00:00Z", "65535-01-01T00:00:00Z", "now",
     "2026-11-23T24:00:01Z", "2026-11-23T25:00:00Z", "2026-11-23T21:00:61Z", "2026-11-23", "\u0662\u0660\u0662\u0666-11-23T21:00:00Z"]  # fmt: skip


def test_no_moments() -> None:
    assert [text for text in NO_MOMENTS if dates.moment(text)] == []


def test_unix_needs_a_zone_and_durations_a_length() -> None:
    assert dates.unix("2026-11-23T21:00:00Z") == datetime(2026, 11, 23, 21, tzinfo=UTC).timestamp()
    assert dates.unix("2026-11-23T21:00:00") is None
    lengths = [dates.duration(text) for text in ("P31D", "P31DT0H", "PT720H", "P2W", "PT1M30S")]
    assert lengths == [31 * 86400.0, 31 * 86400.0, 30 * 86400.0, 14 * 86400.0, 90.0]
    assert {dates.duration(text) for text in ("P1M", "P1Y", "P", "PT", "31", "", None)} == {None}


def test_words() -> None:
    assert [scalars.flag(word) for word in ("true", "On", "1", 1, True, "no", 0, False)] == [
        True
    ] * 5 + [False] * 3
    assert [scalars.flag(word) for word in ("", None, "maybe", 2)] == [None] * 4
    assert [
        scalars.number(word, 0, 10)
        for word in ("5", 5.5, "11", "nan", "1e400", True, None, "5" * 40)
    ] == [
        5.0,
        5.5,
    ] + [None] * 6
    assert (scalars.whole("7"), scalars.whole("7.5"), scalars.whole(-1)) == (7, None, None)
    assert scalars.words(" a\r\n\x00b\u202e ") == "a b"
    assert scalars.words("x" * 200) == "x" * 64
    assert scalars.words(7) is None


REFUSED = [b"", b"  ", b"<html>", b"{", b"[NaN]", b"[Infinity]", b"\xff\xfe", b"[" * 5000, b"[" * 70 + b"]" * 70, b"9" * 5000,
     b'{"a":' * 70 + b"1" + b"}" * 70]  # fmt: skip


def test_json_that_is_refused() -> None:
    for body in REFUSED:
        with pytest.raises(ProtocolError):
            jsonread.parse(body)


def test_json_with_a_byte_order_mark() -> None:
    assert jsonread.parse(b'\xef\xbb\xbf{"a": [1, null]}') == {"a": [1, None]}
