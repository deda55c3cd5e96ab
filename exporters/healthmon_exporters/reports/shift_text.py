"""The shift check for a terminal, within its width. Pure."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence

from healthmon_exporters.reports import clock_rows, seen_by_people
from healthmon_exporters.reports.shift_document import SECTIONS, Document, made_by

NARROWEST = 40
_COLUMN = 3
_MARKS = {"faults": "x", "warnings": "!", "not_checked": "?"}


def text(made: Document, width: int) -> str:
    """The whole sheet in lines of at most `width` characters (but never less than 40)."""
    width = max(NARROWEST, width)
    lines = [*_head(made), ""]
    for key, title, _state in SECTIONS:
        lines += [f"{title.upper()} {len(made[key])}"]
        lines += [_entry_words(_MARKS[key], entry) for entry in made[key]]
    lines += [
        "",
        *_walk(made),
        *_power(made),
        "",
        *_clocks(made),
        *_monitor(made),
        "",
        *_counts(made),
        "",
    ]
    wrapped = [part for line in lines for part in _wrapped(line, width)]
    wrapped += _matrix(made, width)
    wrapped += [part for line in _reasons(made) for part in _wrapped(line, width)]
    return "\n".join(wrapped) + "\n"


def _wrapped(line: str, width: int) -> list[str]:
    """`line` broken at blanks; what goes on stands further in."""
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.wrap(line, width, subsequent_indent=indent) or [""]


def _head(made: Document) -> Iterator[str]:
    yield f"SHIFT CHECK  {made['at_words']}  {made['estate']}"
    if made["due_words"]:
        yield made["due_words"]
    if made["simulated"]:
        yield made["simulated"]
    yield made["totals_line"] or "no cameras"
    if made["footage"]:
        yield made["footage"]
    for signature in made["signatures"]:
        yield signature["words"]
    for note in made["notes"]:
        yield f"NOTE {note['words']}"
    for words in made["blind_zones"]:
        yield f"BLIND ZONE {words}"


def _entry_words(mark: str, entry: Document) -> str:
    who = " ".join(filter(None, (entry["fault"], entry["devices"], entry["name"])))
    more = (
        entry["age_words"],
        entry["priority"],
        f"contractor {entry['contractor']}" if entry["contractor"] else "",
        f"acknowledged by {entry['acknowledged']}" if entry["acknowledged"] else "",
        f"maintenance: {entry['maintenance']}" if entry["maintenance"] else "",
    )
    return f"  {mark} " + "; ".join(filter(None, (f"{who}: {entry['sentence']}", *more)))


def _walk(made: Document) -> Iterator[str]:
    """Who has looked at which cameras."""
    walk = made["walk"]
    if walk is None:
        return
    yield f"SEEN BY A PERSON: {walk['words'].removeprefix('seen by a person ')}"
    lines = [walk["late_words"], *walk["people"], *seen_by_people.left_out(walk)]
    yield from (f"  {line}" for line in lines if line)
    for camera, mark, by, at, comment in seen_by_people.cells(walk):
        who = f", {by} {at}" if by else ""
        yield f"  {camera}: {mark}{who}" + (f"; {comment}" if comment else "")
    yield ""


def _power(made: Document) -> Iterator[str]:
    power = made["power"]
    yield f"POWER EVENTS since {power['since_words']}: {len(power['events'])}"
    for event in power["events"]:
        yield f"  {'over' if event['over'] else 'NOW'}: {event['words']}"
    if power["unknown"]:
        yield f"  ? {power['unknown']}"


def _clocks(made: Document) -> Iterator[str]:
    """The five clocks of each camera; sheets of older versions have none."""
    rows = made.get("clocks")
    if not rows:
        return
    yield clock_rows.TITLE.upper()
    for row in rows:
        yield f"  {'!' if row['disagree'] else '-'} {row['devices']}: {row['words']}"
    yield ""


def _monitor(made: Document) -> Iterator[str]:
    yield f"MONITOR {made['monitor']['mark']}: {made['monitor']['why']}; {made['clock']}"
    yield made_by(made)


def _counts(made: Document) -> Iterator[str]:
    yield "FUNCTION CHECK, cameras by line"
    for line in made["lines"]:
        counts = (
            (line["well"], "pass"),
            (line["warning"], "pass with a warning"),
            (line["fail"], "FAIL"),
            (line["not_checked"], "NOT CHECKED"),
            (line["not_applicable"], "does not apply"),
        )
        words = ", ".join(f"{number} {word}" for number, word in counts if number)
        yield f"  {line['line']} {line['title']}: {words or 'no cameras'}"


def _matrix(made: Document, width: int) -> Iterator[str]:
    """Every camera and every line, in as many blocks of lines as the width needs."""
    cameras = made["cameras"]
    if not cameras:
        return
    first = max(len(camera["id"]) for camera in cameras)
    numbers = [line["line"].removeprefix("C") for line in made["lines"]]
    blocks = math.ceil(len(numbers) * _COLUMN / max(_COLUMN, width - first))
    size = math.ceil(len(numbers) / blocks)
    yield from _wrapped(f"EVERY CAMERA, every line: {made['legend']}", width)
    for start in range(0, len(numbers), size):
        yield _matrix_row("C", numbers[start : start + size], first)
        for camera in cameras:
            symbols = [cell["symbol"] for cell in camera["cells"][start : start + size]]
            yield _matrix_row(camera["id"], symbols, first)
        yield ""


def _matrix_row(name: str, cells: Sequence[str], first: int) -> str:
    return name.ljust(first) + "".join(cell.rjust(_COLUMN) for cell in cells)


def _reasons(made: Document) -> Iterator[str]:
    yield "WHY, by line"
    for one in made["reasons"]:
        word = "does not apply" if one["mark"] == "n/a" else one["mark"]
        yield f"  {one['line']} {word}, {one['devices']}: {one['why']}"
