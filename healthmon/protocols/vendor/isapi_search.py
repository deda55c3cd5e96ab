"""Hikvision's ISAPI, what is recorded: requests and replies of a search and of the days with
footage. Pure.

Source: "Intelligent Security API (General)" developer guides (XML_CMSearchDescription,
XML_CMSearchResult, XML_trackDailyParam, XML_trackDailyDistribution). Both requests are POSTs by the
guide and read only.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from healthmon.protocols.errors import ProtocolError
from healthmon.protocols.values.scalars import flag, whole
from healthmon.protocols.values.xml import Element, named, text
from healthmon.protocols.vendor.isapi import TRACKS, root_of

SEARCH = "/ISAPI/ContentMgmt/search"
XML = "application/xml; charset=UTF-8"
PAGE = 40
_ANSWERS = {"", "OK", "MORE", "NO MATCHES"}


@dataclass(frozen=True, slots=True)
class Page:
    """One page of XML_CMSearchResult: (start, end) as written; `more` where the device has further
    matches.

    `locked` are those of `spans` that are protected from being overwritten.
    """

    spans: tuple[tuple[str, str], ...]
    matches: int
    more: bool
    locked: tuple[tuple[str, str], ...] = ()


def search_id() -> str:
    """A fresh searchID; every page of one search carries the same."""
    return str(uuid4()).upper()


def search_request(
    search: str, track: str, span: tuple[str, str], position: int = 0, most: int = PAGE
) -> bytes:
    """XML_CMSearchDescription for `span` (start, end); the spelling ``searchResultPostion`` is the
    guide's own.
    """
    return (
        '<?xml version="1.0" encoding="utf-8"?><CMSearchDescription>'
        f"<searchID>{search}</searchID><trackIDList><trackID>{track}</trackID></trackIDList>"
        f"<timeSpanList><timeSpan><startTime>{span[0]}</startTime><endTime>{span[1]}</endTime></timeSpan></timeSpanList>"
        f"<maxResults>{most}</maxResults><searchResultPostion>{position}</searchResultPostion>"
        "<metadataList><metadataDescriptor>//recordType.meta.std-cgi.com</metadataDescriptor></metadataList>"
        "</CMSearchDescription>"
    ).encode()


def search_page(body: bytes, track: str) -> Page:
    """XML_CMSearchResult for `track`. Raises UnsupportedError, ProtocolError."""
    root = root_of(body, "CMSearchResult")
    status = _status(root)
    spans: list[tuple[str, str]] = []
    locked: list[tuple[str, str]] = []
    items = list(named(root, "searchMatchItem"))
    for item in items:
        span = _span(item)
        if span is not None and text(item, "trackID") in {None, track}:
            spans.append(span)
            if _is_locked(item):
                locked.append(span)
    return Page(tuple(spans), len(items), status == "MORE" and bool(items), tuple(locked))


def _status(root: Element) -> str:
    """The status of an answered search, "" where it tells none. Raises ProtocolError for another."""
    said = (text(root, "responseStatusStrg") or "").upper()
    refused = not said and flag(text(root, "responseStatus")) is False
    if refused or said not in _ANSWERS:
        raise ProtocolError(f"search answered {said[:40] or 'false'}")
    return said


def _span(item: Element) -> tuple[str, str] | None:
    """Start and end of a match; None where one of them is missing."""
    start, end = text(item, "timeSpan", "startTime"), text(item, "timeSpan", "endTime")
    return (start, end) if start and end else None


def _is_locked(item: Element) -> bool:
    word = text(item, "mediaSegmentDescriptor", "lockStatus") or ""
    return word.lower() in {"lock", "locked"}


def daily_request(year: int, month: int) -> bytes:
    """XML_trackDailyParam."""
    head = '<?xml version="1.0" encoding="utf-8"?>'
    return f"{head}<trackDailyParam><year>{year}</year><monthOfYear>{month}</monthOfYear></trackDailyParam>".encode()


def daily(body: bytes) -> dict[int, bool]:
    """XML_trackDailyDistribution: day of the month -> whether there is footage of it. Raises
    ProtocolError.
    """
    root = root_of(body, "trackDailyDistribution")
    found: dict[int, bool] = {}
    for day in named(root, "day"):
        number, recorded = whole(text(day, "dayOfMonth")), flag(text(day, "record"))
        if number is not None and 1 <= number <= 31 and recorded is not None:
            found[number] = recorded
    return found


def daily_path(track: str) -> str:
    """Where the days with footage of `track` are asked for."""
    return f"{TRACKS}/{track}/dailyDistribution"
