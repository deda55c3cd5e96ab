"""The acceptance page and the visit page as plain values for every form of a report. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from healthmon import __version__
from healthmon.commissioning.differences import Difference, Match
from healthmon.commissioning.shown import Shown, ShownLine
from healthmon.commissioning.visit import DeviceVisit, Row
from healthmon.model.enums import CheckName, State
from healthmon_exporters.reports.report_document import (
    Document,
    Section,
    iso,
    moment,
    section,
    table,
)
from healthmon_exporters.reports.shift_document import SIMULATED

# The parts of a page, in this order; what is in none of them comes last.
PARTS: Mapping[str, tuple[str, ...]] = {
    "Identity": (CheckName.IDENTITY, CheckName.CERTIFICATE),
    "Stream": (CheckName.STREAM,),
    "Clock": (CheckName.CLOCK,),
    "Recording": (CheckName.RECORDING, CheckName.RECORDER),
    "Picture": (CheckName.PICTURE,),
}
REST = "Other checks"
_WORDS = {
    State.OK: "OK",
    State.DEGRADED: "WARNING",
    State.UNKNOWN: "NOT CHECKED",
    State.FAULT: "FAULT",
}
_SIGNED = "Accepted by: ______________________   Date: ______________   For the contractor: ______________________"


@dataclass(frozen=True, slots=True)
class Head:
    """What every page says of itself; `at` in Unix seconds."""

    estate: str
    zone: ZoneInfo
    at: float
    simulated: bool = False
    config_digest: str = ""


def acceptance(head: Head, devices: Sequence[tuple[Shown, Sequence[Difference]]]) -> Document:
    """One section for each device: identity, stream, clock, recording, picture as numbers."""
    silent = sum(bool(seen.why) for seen, _ in devices)
    notes = ["Each line has the measured value and its limits. No picture is kept."]
    if silent:
        notes.append(f"{silent} of {len(devices)} did not answer and are not commissioned.")
    made = [_accepted(seen, differences) for seen, differences in devices]
    return _document(head, "Acceptance", _names([seen for seen, _ in devices]), notes, made)


def _accepted(seen: Shown, differences: Sequence[Difference]) -> Section:
    heading = f"{seen.id} {seen.name}, {seen.site}, {seen.address}"
    if seen.why:
        return section(heading, [f"NOT COMMISSIONED: it did not answer: {seen.why}", _SIGNED])
    rows = [(one.key, one.seen or "-", one.file or "-", one.match.value) for one in differences]
    heads = ("Value", "Shown", "config.yaml", "Result")
    tables = [table("Commissioned values", heads, rows)] if rows else []
    tables += [
        table(part, ("Aspect", "State", "Measured"), [_words(line) for line in lines])
        for part, lines in _by_part(seen.lines)
    ]
    if seen.facts:
        tables.append(table("What it tells besides", ("Name", "Value"), list(seen.facts.items())))
    return section(heading, [_SIGNED], tables)


def _by_part(lines: Iterable[ShownLine]) -> Iterator[tuple[str, list[ShownLine]]]:
    known = list(lines)
    placed = {check for checks in PARTS.values() for check in checks}
    for part, checks in PARTS.items():
        if mine := [line for line in known if line.check in checks]:
            yield part, mine
    if rest := [line for line in known if line.check not in placed]:
        yield REST, rest


def _words(line: ShownLine) -> tuple[str, str, str]:
    part = f" {line.part}" if line.part else ""
    return f"{line.check}{part}: {line.aspect}", _WORDS[line.state], line.sentence


def visit(head: Head, before: str, devices: Sequence[DeviceVisit]) -> Document:
    """What was before a visit and what is now; `before` says when that was."""
    gone, left, new = (
        sum(len(getattr(one, name)) for one in devices) for name in ("mended", "left", "fresh")
    )
    counts = f"Faults and warnings: {gone} gone, {left} still there, {new} new."
    notes = [f"Before: {before}.", counts]
    made = [_visited(one) for one in devices if one.changed]
    same = [one.now for one in devices if not one.changed]
    if same:
        made.append(section("Unchanged", [", ".join(one.id for one in same), _SIGNED]))
    return _document(
        head, "Visit: before and after", _names([one.now for one in devices]), notes, made
    )


def _visited(one: DeviceVisit) -> Section:
    heading = f"{one.now.id} {one.now.name}, {one.now.site}, {one.now.address}"
    paragraphs = [f"DID NOT ANSWER NOW: {one.now.why}"] if one.now.why else []
    parts = (
        ("Changed values", one.values),
        ("Gone", one.mended),
        ("Still there", one.left),
        ("New", one.fresh),
    )
    tables = [
        table(caption, ("Value or check", "Before", "Now"), [_row(row) for row in rows])
        for caption, rows in parts
        if rows
    ]
    return section(heading, [*paragraphs, _SIGNED], tables)


def _row(row: Row) -> tuple[str, str, str]:
    return row.what, row.before or "-", row.now or "-"


def _names(devices: Sequence[Shown]) -> str:
    if len(devices) == 1:
        return f"{devices[0].id} {devices[0].name}"
    sites = dict.fromkeys(one.site for one in devices)
    return f"{len(devices)} devices at {', '.join(sites)}"


def _document(
    head: Head, title: str, words: str, notes: Sequence[str], sections: Sequence[Section]
) -> Document:
    return {
        "template": "report",
        "title": title,
        "estate": head.estate,
        "period": "",
        "period_words": words,
        "made": iso(head.at, head.zone),
        "made_words": f"made {moment(head.at, head.zone)}",
        "public": False,
        "simulated": SIMULATED if head.simulated else "",
        "version": __version__,
        "config_digest": head.config_digest,
        "notes": list(notes),
        "figures": [],
        "sections": list(sections),
    }


def as_json(head: Head, devices: Sequence[tuple[Shown, Sequence[Difference]]]) -> dict[str, Any]:
    """Everything that was seen: what `--before` reads again. docs/commission.schema.json describes it."""
    return {
        "schema": SCHEMA,
        "estate": head.estate,
        "simulated": head.simulated,
        "made": iso(head.at, head.zone),
        "devices": [
            seen.as_json() | {"differences": [one.as_json() for one in differences]}
            for seen, differences in devices
        ],
    }


SCHEMA = "healthmon-commission-1"


def accepted_now(differences: Iterable[Difference], written: Mapping[str, str]) -> list[Difference]:
    """The differences after what was `written`."""
    return [
        Difference(one.key, one.seen, one.seen, Match.WRITTEN) if one.key in written else one
        for one in differences
    ]
