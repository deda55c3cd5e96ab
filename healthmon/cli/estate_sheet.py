"""The estate as a spreadsheet: a row for each device (``healthmon export``), and what its columns mean.

Cells are what holds for a device, its defaults included. There is no credential, only its name.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from healthmon.cli.console import fail, load, say
from healthmon.cli.progress import shown_progress
from healthmon.config import document, units
from healthmon.config.defaults_schema import KEYS
from healthmon.config.document import Document
from healthmon.config.inheritance import KIND_OF, VARIANTS, Inherited, inherited
from healthmon.model.count_words import count_of
from healthmon.model.plain_text import one_line
from healthmon_exporters.reports import csv_text

BOM: Final = "\ufeff"
COLUMNS: Final = (
    "id", "name", "site", "address", "kind", "location", "priority", "parent", "port", "recorder",
    "channel", "make", "contractor", "credential", "snmp", "nut", "apcupsd", "interval", "timeout",
    "state", "joined", "retired",
)  # fmt: skip
# Settings that ``no`` takes away.
REFERENCES: Final = frozenset({"recorder", "contractor", "credential", "snmp"})
# Columns that stand for one key of a section, with the value of a section without it.
PARTS: Final = {"snmp": ("credential", ""), "nut": ("ups", ""), "apcupsd": ("port", "3551")}
DURATIONS: Final = frozenset({"interval", "timeout"})
_LISTS: Final = frozenset({"parent"})
# The columns that not every section has.
_SECTIONS: Final = {
    **dict.fromkeys(("recorder", "channel", "state"), ("cameras",)),
    "make": ("recorders",),
    "credential": ("cameras", "recorders", "links"),
    **dict.fromkeys(("nut", "apcupsd"), ("ups",)),
}
DEFAULT: Final = {"priority": "P3", "state": "deployed", "make": "onvif"}
Row = dict[str, str]


def has(section: str, column: str) -> bool:
    """Whether devices of a section of config.yaml have a column."""
    return section in _SECTIONS.get(column, (section,))


def section_of(kind: str) -> str | None:
    """The section of config.yaml for a kind of the spreadsheet."""
    if kind in VARIANTS:
        return "cameras"
    return next((section for section, one in KIND_OF.items() if one == kind != "camera"), None)


KINDS: Final = (*VARIANTS, *(kind for kind in KIND_OF.values() if kind != "camera"))


def cell(column: str, value: Any) -> str:
    """A value of the file as it stands in the spreadsheet."""
    if isinstance(value, Mapping):
        value = value.get(*PARTS[column])
    if value is None or (column in REFERENCES and units.is_no(value)):
        return DEFAULT.get(column, "")
    if isinstance(value, list):
        return " ".join(map(str, value))
    text = one_line(str(value)).strip()
    return f"P{text[-1:]}" if column == "priority" else text


def same(column: str, one: str, other: str) -> bool:
    """Whether two cells of a column say the same: 60 s is 1 min."""
    if column in DURATIONS and one and other:
        return math.isclose(units.seconds(one), units.seconds(other))
    return one == other


def with_cell(own: Mapping[str, Any], column: str, text: str) -> dict[str, Any]:
    """The entry of a device in which a cell is written."""
    if column in PARTS:
        section = own.get(column)
        kept = section if isinstance(section, Mapping) else {}
        return {**own, column: {**kept, PARTS[column][0]: text}}
    names = text.split()
    return {**own, column: names if column in _LISTS and len(names) != 1 else text}


def without_cell(own: Mapping[str, Any], column: str) -> dict[str, Any]:
    """The entry of a device that says nothing of a column; the rest of its section stays."""
    left = {key: value for key, value in own.items() if key != column}
    section = own.get(column)
    if not isinstance(section, Mapping):
        return left
    kept = {key: value for key, value in section.items() if key != PARTS[column][0]}
    return {**left, column: kept} if kept else left


def row_of(section: str, entry: Mapping[str, Any]) -> Row:
    """The row of a device of the tree in which it has what it inherits."""
    found = {one: cell(one, entry.get(one)) for one in COLUMNS if has(section, one)}
    kind = entry["kind"] if section == "cameras" else KIND_OF[section]
    if kind != "deployable":
        found["state"] = ""
    return {column: found.get(column, "") for column in COLUMNS} | {"kind": kind}


def rows(given: Inherited) -> Iterator[Row]:
    """A row for each device, in the order of the file; cameras come first."""
    for section in sorted(KIND_OF, key=lambda one: one != "cameras"):
        for entry in given.tree.get(section) or ():
            yield row_of(section, entry)


def settled(found: Document) -> Inherited:
    """The devices of a file with what they inherit."""
    return inherited(found, KEYS)


def export(config: Path | None, output: Path | None, *, bom: bool, separator: str) -> None:
    """Write the spreadsheet to a file, or print it. Exits where it cannot be written."""
    if output is not None and output.suffix != ".csv":
        raise fail(f"--output {output}: the devices are written as .csv")
    with shown_progress("reading"):
        path, _ = load(config)
        lines = [[row[column] for column in COLUMNS] for row in rows(settled(document.read(path)))]
    text = (BOM if bom else "") + csv_text.table(COLUMNS, lines, separator)
    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode())
        return
    try:
        output.write_bytes(text.encode())
    except OSError as error:
        raise fail(f"--output {output}: {(error.strerror or 'error').lower()}") from None
    say(f"{output}: {count_of(len(lines), 'device')}")
