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
    "channel", "make", "contractor", "credential", "rtsp", "http", "onvif", "pin", "snmp", "snmp_port",
    "snmp_version", "snmp_auth", "snmp_priv", "nut", "nut_port", "apcupsd", "interval", "timeout",
    "state", "joined", "retired", "model", "serial", "firmware", "mac",
)  # fmt: skip
# Settings that ``no`` takes away.
REFERENCES: Final = frozenset({"recorder", "contractor", "credential", "snmp"})
# Columns that stand for one key of a section: the section, its key, and the value of a section without
# it.
PARTS: Final = {
    "pin": ("tls", "pin", ""),
    "snmp": ("snmp", "credential", ""),
    "snmp_port": ("snmp", "port", ""),
    "snmp_version": ("snmp", "version", ""),
    "snmp_auth": ("snmp", "auth_protocol", ""),
    "snmp_priv": ("snmp", "priv_protocol", ""),
    "nut": ("nut", "ups", ""),
    "nut_port": ("nut", "port", ""),
    "apcupsd": ("apcupsd", "port", "3551"),
    **{one: ("commissioned", one, "") for one in ("model", "serial", "firmware", "mac")},
}
# Columns that stand for a port and its TLS: `8080`, `443 tls`, `no`.
SERVICES: Final = frozenset({"rtsp", "http"})
# The keys of an entry, in the order of the columns.
FILE_KEYS: Final = tuple(dict.fromkeys(PARTS.get(one, (one,))[0] for one in COLUMNS))
DURATIONS: Final = frozenset({"interval", "timeout"})
_LISTS: Final = frozenset({"parent"})
# The columns that not every section has.
_SECTIONS: Final = {
    **dict.fromkeys(("recorder", "channel", "state"), ("cameras",)),
    "make": ("recorders",),
    **dict.fromkeys(("rtsp", "http", "onvif", "pin"), ("cameras", "recorders")),
    "credential": ("cameras", "recorders", "links"),
    **dict.fromkeys(("nut", "nut_port", "apcupsd"), ("ups",)),
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


def value_of(entry: Mapping[str, Any], column: str) -> Any:
    """What an entry says of a column; None for nothing."""
    if column not in PARTS:
        return entry.get(column)
    name, key, default = PARTS[column]
    section = entry.get(name)
    return section.get(key, default) if isinstance(section, Mapping) else None


def cell(column: str, value: Any) -> str:
    """A value of the file as it stands in the spreadsheet."""
    if column in SERVICES and isinstance(value, Mapping):
        return _service(value)
    if value is None or (column in REFERENCES and units.is_no(value)):
        return DEFAULT.get(column, "")
    if isinstance(value, list):
        return " ".join(map(str, value))
    text = one_line(str(value)).strip()
    return f"P{text[-1:]}" if column == "priority" else text


def _service(value: Mapping[str, Any]) -> str:
    tls = str(value.get("tls", "no"))
    words = [str(value.get("port") or ""), "" if units.is_no(tls) else "tls"]
    return " ".join(filter(None, words))


def same(column: str, one: str, other: str) -> bool:
    """Whether two cells of a column say the same: 60 s is 1 min."""
    if column in DURATIONS and one and other:
        return math.isclose(units.seconds(one), units.seconds(other))
    return one == other


def with_cell(own: Mapping[str, Any], column: str, text: str) -> dict[str, Any]:
    """The entry of a device in which a cell is written."""
    if column in PARTS:
        name, key, _ = PARTS[column]
        section = own.get(name)
        kept = section if isinstance(section, Mapping) else {}
        return {**own, name: {**kept, key: text}}
    if column in SERVICES and text != "no":
        port, tls = text.removesuffix("tls").strip(), text.endswith("tls")
        service = {"port": port} if port else {}
        return {**own, column: service | ({"tls": "yes"} if tls else {})}
    names = text.split()
    return {**own, column: names if column in _LISTS and len(names) != 1 else text}


def without_cell(own: Mapping[str, Any], column: str) -> dict[str, Any]:
    """The entry of a device that says nothing of a column; the rest of its section stays."""
    name, key, _ = PARTS.get(column, (column, "", ""))
    section = own.get(name)
    left = {one: value for one, value in own.items() if one != name}
    if column not in PARTS or (not isinstance(section, Mapping) and column == name):
        return left
    if not isinstance(section, Mapping):
        return dict(own)
    kept = {one: value for one, value in section.items() if one != key}
    return {**left, name: kept} if kept else left


def row_of(section: str, entry: Mapping[str, Any]) -> Row:
    """The row of a device of the tree in which it has what it inherits."""
    found = {one: cell(one, value_of(entry, one)) for one in COLUMNS if has(section, one)}
    kind = entry["kind"] if section == "cameras" else KIND_OF[section]
    if kind != "deployable":
        found["state"] = ""
    return {column: found.get(column, "") for column in COLUMNS} | {"kind": kind}


def own_row(section: str, entry: Mapping[str, Any]) -> Row:
    """The row of a device with what its entry says, and without defaults."""
    row = row_of(section, entry)
    empty = [one for one in DEFAULT if value_of(entry, one) is None]
    return row | dict.fromkeys(empty, "")


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
