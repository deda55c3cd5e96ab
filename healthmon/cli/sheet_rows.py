"""The rows of a spreadsheet of the estate: separators, habits of spreadsheets, and what is wrong with a
cell, said with file, line, column and remedy.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

from healthmon.cli.console import fail
from healthmon.cli.estate_sheet import COLUMNS, KINDS, PARTS, Row, has, section_of
from healthmon.config import units
from healthmon.config.device_schema import Snmp
from healthmon.config.problems import suggest
from healthmon.model.count_words import count_of
from healthmon.model.plain_text import one_line
from healthmon_exporters.reports import csv_text

MOST_BYTES: Final = 16 * 1024 * 1024
MOST_ROWS: Final = 20_000
LONGEST: Final = 1000
_SEPARATORS: Final = ",;\t"
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# 12 as a spreadsheet writes it where it counts in decimals: 12.0, 12,00.
_DECIMALS: Final = re.compile(r"([0-9]+)[.,]0+")
_POWER: Final = re.compile(r"[0-9](?:[.,][0-9]+)?E\+?[0-9]+")
_DAY: Final = re.compile(r"([0-9]{1,2})[/.]([0-9]{1,2})[/.]([0-9]{4})")
_SERVICE: Final = re.compile(r"([0-9.,]*)\s*(tls)?")
STATES: Final = ("deployed", "in_store", "in_transit")


class BadCellError(ValueError):
    """What is wrong with a cell, with its remedy."""


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row that begins on `line` of the file, with its cells by column."""

    line: int
    cells: Row


def read(file: Path) -> Iterator[SheetRow]:
    """Every row that is not empty. Exits where the file as a whole is wrong."""
    text = _text(file)
    first, _, rest = text.partition("\n")
    skipped = 0
    if first.lower().startswith("sep="):  # Excel's own first line
        text, skipped = rest, 1
    reader = csv.reader(io.StringIO(text, newline=""), _separator(text), strict=True)
    before = 0
    try:
        header = _header(file, next(reader, []), skipped + 1)
        before = reader.line_num
        for count, cells in enumerate(reader, 1):
            line, before = skipped + before + 1, reader.line_num
            if count > MOST_ROWS:
                raise fail(f"{file}:{line}: more than {MOST_ROWS} rows; divide the file")
            if any(cell.strip() for cell in cells):
                _check_length(file, line, cells, header)
                yield SheetRow(line, dict(zip(header, map(str.strip, cells), strict=False)))
    except csv.Error as error:
        line = skipped + reader.line_num
        raise fail(f"{file}:{line}: not CSV: {error}; nothing is written") from None


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            raw = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise fail(f"{file}: cannot be read: {(error.strerror or 'error').lower()}") from None
    if len(raw) > MOST_BYTES:
        raise fail(f"{file}: larger than 16 MiB; divide the file")
    if raw[:2] in (b"PK", b"\xd0\xcf"):
        raise fail(f"{file}: is a workbook; save it as 'CSV UTF-8'")
    try:
        return raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise fail(f"{file}:{line}: is not UTF-8; save it as 'CSV UTF-8'") from None


def _separator(text: str) -> type[csv.Dialect]:
    """The dialect of a file, whose first line has the names of the columns."""
    first = text.partition("\n")[0]

    class Found(csv.excel):
        delimiter = max(_SEPARATORS, key=first.count)

    return Found


def _header(file: Path, cells: list[str], line: int) -> list[str]:
    names = [name.strip().lower() for name in cells]
    while names and not names[-1]:
        names.pop()
    for name in names:
        if name not in COLUMNS:
            words = f"unknown column '{one_line(name[:60])}'{suggest(name, COLUMNS)}"
            raise fail(f"{file}:{line}: {words}; the columns are {', '.join(COLUMNS)}")
        if names.count(name) > 1:
            raise fail(f"{file}:{line}: column '{name}' is there twice; delete one")
    if "id" not in names:
        raise fail(f"{file}:{line}: needs the column 'id'; `healthmon export` writes one")
    return names


def _check_length(file: Path, line: int, cells: list[str], header: list[str]) -> None:
    if any(cell.strip() for cell in cells[len(header) :]):
        words = f"{count_of(len(cells), 'value')} for {count_of(len(header), 'column')}"
        raise fail(f"{file}:{line}: {words}; quote texts that have the separator")


@dataclass(frozen=True, slots=True)
class Names:
    """The names that a cell may refer to."""

    sites: Collection[str]
    contractors: Collection[str]
    credentials: Collection[str]
    recorders: Collection[str]
    devices: Collection[str]


def cleaned(
    row: SheetRow, names: Names, known: Collection[str]
) -> Iterator[tuple[str, str | BadCellError]]:
    """(column, its value or what is wrong with it) of a row; `known` are the ids in the file."""
    section = section_of(row.cells.get("kind", "")) if "kind" in row.cells else None
    for column, text in row.cells.items():
        try:
            value = _plain(text)
            _check_belongs(column, value, section, row.cells.get("kind", ""))
            checked = _CHECKS[column](value, names, known)
            _check_whole(column, value, row.cells)
            yield column, checked
        except (BadCellError, ValueError) as error:
            yield column, BadCellError(str(error))


def _check_belongs(column: str, value: str, section: str | None, kind: str) -> None:
    if value and section and not has(section, column):
        name = "UPS" if section == "ups" else kind
        raise BadCellError(f"a {name} has none; leave it empty")


def _check_whole(column: str, value: str, cells: Row) -> None:
    """A port or version is that of a service which the row has."""
    name = PARTS.get(column, (column,))[0]
    if value and name in PARTS and not cells.get(name, value):
        raise BadCellError(f"is given without '{name}'; fill in that cell, or leave this one empty")


def _plain(text: str) -> str:
    if len(text) > LONGEST:
        raise BadCellError(f"longer than {LONGEST} characters")
    value = csv_text.unguarded(text)
    if "\n" in value or "\r" in value:
        raise BadCellError("has a line break; write it on one line")
    if one_line(value) != value:
        raise BadCellError("has a character that cannot be printed; delete it")
    return value


def _id(text: str, _names: Names, known: Collection[str]) -> str:
    if text in known:
        return text
    if not _ID.fullmatch(text):
        words = (
            "letters, digits, '.', '_' and '-', at most 64" if text else "is empty; give it an id"
        )
        raise BadCellError(words if not text else f"'{text}' is no id: {words}")
    if _POWER.fullmatch(text):
        raise BadCellError(
            f"'{text}' is a number as a spreadsheet shortens it; format the column as text"
        )
    bare = text.lstrip("0")
    if text.isdecimal() and (near := [one for one in known if one.lstrip("0") == bare]):
        words = "a spreadsheet has taken the zeros away; format the column as text"
        raise BadCellError(f"'{text}' is '{near[0]}' in the file: {words}")
    return text


def _needed(text: str, _names: Names, _known: Collection[str]) -> str:
    if not text:
        raise BadCellError("is empty; fill it in")
    return text


def _address(text: str, _names: Names, _known: Collection[str]) -> str:
    units.peer(_needed(text, _names, _known))
    return text


def _kind(text: str, _names: Names, _known: Collection[str]) -> str:
    kind = _needed(text.lower(), _names, _known)
    if kind not in KINDS:
        raise BadCellError(f"'{kind}' is not one of {', '.join(KINDS)}{suggest(kind, KINDS)}")
    return kind


def _state(text: str, _names: Names, _known: Collection[str]) -> str:
    if text and text not in STATES:
        raise BadCellError(f"'{text}' is not one of {', '.join(STATES)}{suggest(text, STATES)}")
    return text


def _whole(text: str) -> str:
    found = _DECIMALS.fullmatch(text)
    return found[1] if found else text


def _priority(text: str, _names: Names, _known: Collection[str]) -> str:
    number = _whole(text).upper().removeprefix("P")
    return f"P{units.priority(f'P{number}')}" if text else ""


def _channel(text: str, _names: Names, _known: Collection[str]) -> str:
    return _whole(text)


def _tcp_port(text: str, _names: Names, _known: Collection[str]) -> str:
    number = _whole(text)
    if number and not (number.isdecimal() and 1 <= int(number) <= 65535):
        raise BadCellError(f"'{text}' is not a port; write a number from 1 to 65535")
    return number


def _service(text: str, names: Names, known: Collection[str]) -> str:
    """A port with or without TLS, or `no`."""
    if text.lower() == "no":
        return "no"
    found = _SERVICE.fullmatch(text.lower())
    if found is None:
        raise BadCellError(f"'{text}' is no service; write a port, such as 8080 or 443 tls, or no")
    return " ".join(filter(None, (_tcp_port(found[1], names, known), found[2])))


def _onvif(text: str, _names: Names, _known: Collection[str]) -> str:
    if text and text.lower() != "no" and not text.startswith("/"):
        raise BadCellError(f"'{text}' is no path; write /onvif/device_service, or no")
    return text.lower() if text.lower() == "no" else text


def _chosen(key: str) -> Callable[[str, Names, Collection[str]], str]:
    """One of the words that a key of `snmp` may have."""
    known = get_args(Snmp.model_fields[key].annotation)

    def checked(text: str, _names: Names, _known: Collection[str]) -> str:
        found = _whole(text)
        if found and found not in known:
            raise BadCellError(f"'{text}' is not one of {', '.join(known)}")
        return found

    return checked


def _duration(text: str, _names: Names, _known: Collection[str]) -> str:
    if text:
        units.seconds(text)
    return text


def _date(text: str, _names: Names, _known: Collection[str]) -> str:
    if found := _DAY.fullmatch(text):
        day, month, year = found.groups()
        if int(month) > 12:
            raise BadCellError(f"'{text}' has no such month; the day comes first: 29/11/2026")
        text = f"{year}-{int(month):02}-{int(day):02}"
    return units.date(text) if text else ""


def _free(text: str, _names: Names, _known: Collection[str]) -> str:
    return text


def _one_of(attribute: str, remedy: str) -> Callable[[str, Names, Collection[str]], str]:
    def checked(text: str, names: Names, _known: Collection[str]) -> str:
        there = getattr(names, attribute)
        for one in text.split() if attribute == "devices" else [text] if text else ():
            if one not in there:
                raise BadCellError(
                    f"'{one}' is not in the configuration{suggest(one, there)}; {remedy}"
                )
        return " ".join(text.split()) if attribute == "devices" else text

    return checked


_CHECKS: Final[dict[str, Callable[[str, Names, Collection[str]], str]]] = {
    "id": _id,
    "name": _needed,
    "site": _one_of("sites", "add it under `sites`"),
    "address": _address,
    "kind": _kind,
    "location": _free,
    "priority": _priority,
    "parent": _one_of("devices", "ids are divided by blanks"),
    "port": _free,
    "recorder": _one_of("recorders", "add its row or correct the id"),
    "channel": _channel,
    "make": _free,
    "contractor": _one_of("contractors", "add it under `contractors`"),
    "credential": _one_of("credentials", "add it under `credentials`"),
    "rtsp": _service,
    "http": _service,
    "onvif": _onvif,
    "pin": _free,
    "snmp": _one_of("credentials", "add it under `credentials`"),
    "snmp_port": _tcp_port,
    "snmp_version": _chosen("version"),
    "snmp_auth": _chosen("auth_protocol"),
    "snmp_priv": _chosen("priv_protocol"),
    "nut": _free,
    "nut_port": _tcp_port,
    "apcupsd": _tcp_port,
    "interval": _duration,
    "timeout": _duration,
    "state": _state,
    "joined": _date,
    "retired": _date,
    **dict.fromkeys(("model", "serial", "firmware", "mac"), _free),
}
