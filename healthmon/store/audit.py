"""The audit chain: each entry holds the hash of the one before it, and most of them hold a row that
people are shown, as it was when it was written. The agent and the commands of people write to it;
whoever writes has the table alone until the transaction ends.

What is personal or free text enters only as a hash with a salt, which stands in a table of its own:
what is erased there is gone, and the chain still holds (docs/adr/0054). `verification` reads it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from healthmon.store import canonical, sql
from healthmon.store.canonical import Plain
from healthmon.store.engine import Engine
from healthmon.store.shown import SHOWN

# Entries about the chain itself and about rows that are gone.
CHECKPOINT: Final = "checkpoint"
DELETED: Final = "deleted"
ERASED: Final = "erased"
RETENTION: Final = "retention"
SALT_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be added: what has happened at `at` (Unix seconds), in a word (`kind`).

    `shown` and `item` are the table and key of the row that the entry holds, "" and None for none.
    An entry with the same `mark` is added once. With `kept` the sealed values are kept beside their
    salt, as they stand in no row.
    """

    at: float
    kind: str
    mark: str | None = None
    shown: str = ""
    item: int | None = None
    plain: Mapping[str, Plain] = field(default_factory=dict)
    sealed: Mapping[str, str | None] = field(default_factory=dict)
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry: how many were ever added (its number), and its hash."""

    entries: int = 0
    hash: str = ""

    @property
    def short(self) -> str:
        """``1234:0123456789abc``: the number and the first 52 bits, as printed; "" for none."""
        return f"{self.entries}:{self.hash[:13]}" if self.entries else ""

    @property
    def bits(self) -> int:
        """The first 52 bits of the hash as a number that a metric can hold; 0 for none."""
        return int(self.hash[:13] or "0", 16)


class Line(NamedTuple):
    """An entry as it is listed, without what is sealed in it; `plain` is JSON."""

    n: int
    at: float
    kind: str
    shown: str
    item: int | None
    plain: str


def claim(engine: Engine) -> None:
    """Have the chain alone until the end of the transaction. It comes before every other statement
    of a transaction that will write to the chain, so that two of them never wait for each other.
    """
    engine.claim("chain")


def head(engine: Engine) -> Head:
    """The last entry; only within a transaction."""
    last = engine.execute(sql.LAST_ENTRY).fetchone()
    return Head(int(last[0]), str(last[1])) if last else Head()


def append(engine: Engine, entries: Iterable[Entry]) -> None:
    """Add `entries` in order. What is in the chain already, by its mark, is not added twice; a row is
    held again, as it may be another. Only within a transaction that has claimed the chain.
    """
    last = head(engine)
    number, before = last.entries, last.hash
    rows: list[dict[str, Any]] = []
    salts: list[dict[str, Any]] = []
    for one in _new(engine, entries):
        number += 1
        row, salt = _written(one, number, before)
        before = row["hash"]
        rows.append(row)
        salts += [salt] if salt is not None else []
    engine.execute_each(sql.ADD_ENTRY, rows)
    engine.execute_each(sql.ADD_SALT, salts)


def bind(
    engine: Engine, table: str, item: int, kind: str, at: float, mark: str | None = None
) -> None:
    """Add an entry that holds the row `item` of a shown table as it stands there now; to be called
    after each write of such a row, in the same transaction.
    """
    shown = SHOWN[table]
    row = engine.execute(sql.shown_row(shown), {"item": item}).fetchone()
    append(
        engine, [of_row(table, item, dict(zip(shown.columns, row, strict=True)), kind, at, mark)]
    )


def of_row(
    table: str, item: int, row: Mapping[str, Any], kind: str, at: float, mark: str | None = None
) -> Entry:
    """The entry that holds a `row` of a shown table."""
    plain, sealed = SHOWN[table].parts(row)
    return Entry(at, kind, mark, table, item, plain, sealed)


def seal(salt: bytes, name: str, value: str) -> str:
    """The hash that stands in the chain for the value of the field `name`."""
    return hashlib.sha256(b"\0".join((salt, name.encode(), value.encode()))).hexdigest()


def digest(row: Mapping[str, Any], before: str) -> str:
    """The hash of an entry as it is stored; `before` is the hash of the one before it."""
    text = (
        f'{{"at":{canonical.quoted(str(canonical.when(row["at"])))}'
        f',"id":{canonical.quoted(row["mark"])}'
        f',"item":{json.dumps(row["item"])},"kind":{canonical.quoted(row["kind"])}'
        f',"n":{row["n"]},"plain":{row["plain"]},"previous":"{before}"'
        f',"sealed":{row["sealed"]},"shown":{canonical.quoted(row["shown"])}}}'
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _written(one: Entry, number: int, before: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The rows of the chain and of the salts."""
    salt = secrets.token_bytes(SALT_BYTES)
    sealed = {
        name: None if value is None else seal(salt, name, value)
        for name, value in one.sealed.items()
    }
    row: dict[str, Any] = {
        "n": number,
        "at": one.at,
        "mark": one.mark,
        "kind": one.kind,
        "shown": one.shown,
        "item": one.item,
        "plain": canonical.text(one.plain),
        "sealed": canonical.text(sealed),
    }
    row["hash"] = digest(row, before)
    if not any(sealed.values()):
        return row, None
    body = canonical.text(one.sealed) if one.kept else None
    return row, {"entry": number, "salt": salt.hex(), "body": body}


def _new(engine: Engine, entries: Iterable[Entry]) -> Iterator[Entry]:
    """Those of `entries` that are not in the chain yet, each mark once."""
    marks: set[str] = set()
    for one in entries:
        known = one.mark is not None and (one.mark in marks or _is_there(engine, one.mark))
        if known and not one.shown:
            continue
        marks.add(one.mark or "")
        yield replace(one, mark=None) if known else one


def _is_there(engine: Engine, mark: str) -> bool:
    return engine.execute(sql.ENTRY_OF_MARK, {"mark": mark}).fetchone() is not None


def values(body: str | None) -> dict[str, str]:
    """The sealed values that are kept beside a salt; empty where they were erased."""
    return {name: value or "" for name, value in json.loads(body or "{}").items()}
