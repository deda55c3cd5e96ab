"""The tables whose rows people are shown, and how a row enters the audit chain. Pure.

An entry of the chain holds every column of the row: `plain` ones as they are, `times` as RFC 3339
strings, and the `sealed` ones, which are personal or free text, only as a salted hash
(docs/adr/0054). A new table of what people do is one more line of `SHOWN`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from healthmon.store.canonical import Plain, when

_AUTHOR: Final = ("uid", "account")


@dataclass(frozen=True, slots=True)
class ShownTable:
    """A table by the kinds of its columns. `words` names a row for people. With `authors` the account
    by which a row was made belongs to it (the table of that name).
    """

    table: str
    words: str
    plain: tuple[str, ...]
    times: tuple[str, ...]
    sealed: tuple[str, ...]
    key: str = "id"
    authors: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that an entry of the chain holds, in the order of `select`."""
        return (*self.plain, *self.times, *self.sealed, *(_AUTHOR if self.authors else ()))

    @property
    def select(self) -> str:
        """The columns of `columns`, as SQL reads them of the row `r` and its author `a`."""
        own = [f"r.{name}" for name in (*self.plain, *self.times, *self.sealed)]
        return ", ".join(own + [f"a.{name}" for name in _AUTHOR if self.authors])

    @property
    def source(self) -> str:
        """The tables of `select`."""
        if not self.authors:
            return f"{self.table} AS r"
        join = f"LEFT JOIN authors AS a ON a.kind = '{self.table}' AND a.act = r.{self.key}"
        return f"{self.table} AS r {join}"

    def parts(self, row: Mapping[str, Any]) -> tuple[dict[str, Plain], dict[str, str | None]]:
        """The plain and the sealed fields of a row, by the names of the columns."""
        plain: dict[str, Plain] = {name: row[name] for name in self.plain}
        plain |= {name: when(row[name]) for name in self.times}
        names = (*self.sealed, *(_AUTHOR if self.authors else ()))
        return plain, {name: _as_text(row.get(name)) for name in names}


def _as_text(value: object) -> str | None:
    return None if value is None else str(value)


_TABLES: Final = (
    ShownTable(
        "cases",
        "fault",
        ("device", "site", "code", "state", "priority"),
        ("since", "told", "closed"),
        ("body",),
        key="number",
    ),
    ShownTable(
        "acts",
        "act",
        ("number", "kind"),
        ("at", "happened"),
        ("name", "body"),
        authors=True,
    ),
    ShownTable(
        "operations",
        "operation",
        ("kind", "subject"),
        ("at", "until"),
        ("name", "once", "body"),
        authors=True,
    ),
    ShownTable("sweeps", "sheet", (), ("at",), ("body",)),
    ShownTable(
        "ticks",
        "tick",
        ("sweep", "camera", "outcome", "act", "undoes"),
        ("at",),
        ("name", "comment", "form"),
    ),
    ShownTable(
        "signoffs", "signature", ("sweep", "addition"), ("at",), ("name", "note"), authors=True
    ),
    ShownTable(
        "handovers",
        "signature of a handover",
        ("sweep", "party", "apart"),
        ("at",),
        ("name", "note", "reason"),
    ),
    ShownTable(
        "notes",
        "note",
        (),
        ("at", "ended"),
        ("token", "name", "body", "ender"),
        authors=True,
    ),
)
SHOWN: Final[Mapping[str, ShownTable]] = MappingProxyType({one.table: one for one in _TABLES})
# The tables that no entry of the chain holds, and why.
NOT_HELD: Final[Mapping[str, str]] = MappingProxyType(
    {
        "chain": "the entries themselves; each holds the one before",
        "salts": "what is sealed in an entry; the entry has its hash",
        "authors": "held with the rows whose accounts they are",
        "act_forms": "marks of forms, which nobody is shown",
        "meta": "values about the store itself; people are shown none of them",
        "faults": "what the agent takes for open; people are shown its numbered faults (cases)",
        "outbox": "notices on their way; that a fault is notified stands in its row and entries",
        "timeline": "measured by the agent, one stretch after the other, and extended as it goes on",
        "clocks": "measured by the agent, one stretch after the other, and extended as it goes on",
        "batteries": "measured by the agent, hour by hour",
        "stays": "as config.yaml and the operations say, which are held",
    }
)
