"""A clock statement as plain values for every form of a report, made from what is recorded only. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from healthmon.evidence.clock_statement import digest
from healthmon.incidents.operations import Operation
from healthmon_exporters.reports.report_document import (
    Document,
    Section,
    iso,
    moment,
    section,
    table,
)
from healthmon_exporters.reports.shift_document import SIMULATED

TITLE = "Clock statement"
_PICTURE = "picture"


def document(kept: Operation, entry: str, zone: ZoneInfo, *, simulated: bool) -> Document:
    """The statement `kept`, with its `entry` of the audit chain ("" where that was cut off); `zone` is
    that of the estate.
    """
    facts: Mapping[str, Any] = kept.details["facts"]
    sections = [part for one in facts["moments"] for part in _moment(one)]
    return {
        "template": "report",
        "title": TITLE,
        "estate": facts["estate"],
        "period": facts["asked"],
        "period_words": f"{facts['camera']} {facts['camera_name']}, {facts['asked']}",
        "made": iso(kept.at, zone),
        "made_words": f"made {moment(kept.at, zone)} by {kept.by}",
        "public": False,
        "simulated": SIMULATED if simulated else "",
        "version": facts["version"],
        "config_digest": facts["config"],
        "notes": list(_notes(kept, facts)),
        "figures": [],
        "sections": [*sections, _proof(kept, entry, facts)],
        "number": kept.id,
        "by": kept.by,
        "reason": kept.get("reason"),
        "facts": facts,
        "sha256": kept.get("sha256"),
        "entry": entry,
    }


def _notes(kept: Operation, facts: Mapping[str, Any]) -> Iterator[str]:
    yield f"For: {kept.get('reason')}."
    yield f"Local times are those of {facts['time_zone']}; UTC is as in RFC 3339."
    if len(facts["moments"]) > 1:
        yield f"{facts['asked']} comes twice, as the clocks went back: both are stated."


def _moment(found: Mapping[str, Any]) -> Iterator[Section]:
    clocks = found["clocks"]
    against = table(
        "Against UTC",
        ("Clock", "Ahead of or behind UTC", "How it is known"),
        [(one["title"], one["offset"], one["how"]) for one in clocks],
    )
    known = [one for one in clocks if one["clock"] != _PICTURE or one["low_ms"] is not None]
    stamps = table(
        "What the time on a recording says",
        ("Clock", "At this moment it showed", "When it showed this time it was"),
        [(one["title"], one["showed"], one["stamp_means"]) for one in known],
    )
    paragraphs = [found["running"], f"{found['reference']}.", *_remarks(clocks)]
    yield section(f"{found['local']} = {found['utc']}", paragraphs, [against, stamps])


def _remarks(clocks: list[Mapping[str, Any]]) -> Iterator[str]:
    """What was wrong with a clock, and when it changed."""
    for one in clocks:
        if one["verdict"]:
            yield f"{one['title']}: {one['verdict']}"
        for words in one["steps"]:
            yield f"{one['title']}: {words}."


def _proof(kept: Operation, entry: str, facts: Mapping[str, Any]) -> Section:
    """How the page is compared with the record."""
    digits = kept.get("sha256")
    whole = "" if digest(dict(facts)) == digits else " THE RECORD NO LONGER HAS THESE FACTS."
    number, _, start = entry.partition(":")
    chain = (
        f"entry {number} of the audit chain, hash {start}..." if entry else "its entry is cut off"
    )
    where = f"Statement {kept.id}, {chain}. SHA-256 of the facts: {digits}.{whole}"
    how = (
        "`healthmon audit show` prints the entry with this SHA-256, `healthmon audit verify` "
        f"whether the chain holds, and `healthmon clock-statement --number {kept.id}` this page "
        "from the record again. The SHA-256 is that of 'facts' of the JSON form, as canonical "
        "JSON (RFC 8785)."
    )
    return section("How this page is verified", [where, how])
