"""Reads `tests/field/ups_mibs.txt`: every documented value of the status objects of UPS MIBs, and
the lines that an operator must read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from helpers.snmp_agent import Value

TABLE = Path(__file__).parents[1] / "field" / "ups_mibs.txt"


@dataclass(frozen=True)
class Documented:
    """One value of one object: the objects that a card tells then, and what must be read."""

    what: str
    objects: dict[str, Value]
    lines: tuple[str, ...]


@dataclass
class Family:
    """A MIB: `well` are the objects of a UPS that is well."""

    name: str
    root: str
    well: dict[str, Value] = field(default_factory=dict)
    values: list[Documented] = field(default_factory=list)

    def full(self, oid: str) -> str:
        """`oid` from the top of the tree."""
        return oid if oid.startswith("1.3.6.1.") else f"{self.root}.{oid}"


def families() -> dict[str, Family]:
    """Every family of the table."""
    found: dict[str, Family] = {}
    family, head = Family("", ""), [""]
    for line in TABLE.read_text().splitlines():
        cells = re.split(r"\s{2,}", line.strip())
        if not line or line.startswith("#"):
            continue
        if line.startswith("FAMILY"):
            family = Family(cells[0].split()[1], cells[1])
            found[family.name] = family
        elif line.startswith("="):
            family.well[family.full(cells[0].removeprefix("= "))] = int(cells[1])
        elif line.startswith(" "):
            family.values.append(_documented(family, head, cells))
        else:
            head = cells
    return found


def _documented(family: Family, head: list[str], cells: list[str]) -> Documented:
    value, label, expected = cells
    told = dict(_told(family, head, value))
    lines = () if expected == "-" else tuple(expected.split(" + "))
    return Documented(f"{head[0]} = {value} ({label})", family.well | told, lines)


def _told(family: Family, head: list[str], value: str) -> Iterator[tuple[str, Value]]:
    """The objects that say `value`."""
    kind, _, rest = head[0].partition(" ")
    if kind == "alarms":
        count, column = rest.split()
        yield family.full(count), 1
        yield f"{family.full(column)}.1", f"{family.full(head[1])}.{value}"
    elif kind == "flags":
        marks = ["0"] * 64
        marks[int(value) - 1] = "1"
        yield family.full(head[1]), "".join(marks)
    else:
        text = value.startswith('"') or kind == "list"
        yield family.full(head[1]), value.strip('"') if text else int(value)
