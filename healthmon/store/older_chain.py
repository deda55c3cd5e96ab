"""The audit chain of stores up to schema 3 (the table `changes`) taken over into the present form.

Its hashes covered personal text, so nothing in it could be erased. The first entry of the new chain
says how many old entries there were, the hash of the last one and which of them did not hold; then
the old entries follow in order, and one for each row that people are shown.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from typing import Any, Final

from healthmon.store import audit, sql
from healthmon.store.canonical import Plain
from healthmon.store.engine import Engine
from healthmon.store.shown import SHOWN

PAGE: Final = 500
_CHANGES: Final = """
SELECT id, hash, notice, at, what, body, number, device FROM changes
WHERE id > :after ORDER BY id LIMIT :limit"""
_ACCESS: Final = "access-"


def take_over(engine: Engine) -> None:
    """Bring the audit chain of schema 3 to schema 4; only within a transaction."""
    audit.claim(engine)
    count, last, broken = _checked(engine)
    now = time.time()
    plain: dict[str, Plain] = {
        "entries": count,
        "hash": last,
        "broken": " ".join(map(str, broken[:100])),
    }
    audit.append(engine, [audit.Entry(now, "began", plain=plain)])
    for page in _pages(engine):
        audit.append(engine, [_entry(*row[2:]) for row in page])
    for table in SHOWN:
        _adopt(engine, table, now)
    engine.execute("DROP TABLE changes")


def _checked(engine: Engine) -> tuple[int, str, list[int]]:
    """How many entries the old chain has, its last hash, and the numbers of those that do not follow
    from the one before; the oldest that is kept is believed.
    """
    count, before, broken = 0, "", []
    for page in _pages(engine):
        for number, digest, notice, at, what, body, *_ in page:
            text = "\n".join((before, notice, repr(at), what, body))
            if count and digest != hashlib.sha256(text.encode()).hexdigest():
                broken.append(number)
            count, before = count + 1, digest
    return count, before, broken


def _pages(engine: Engine) -> Iterator[list[Any]]:
    after = -1
    while rows := engine.execute(_CHANGES, {"after": after, "limit": PAGE}).fetchall():
        yield rows
        after = rows[-1][0]


def _entry(
    notice: str, at: float, what: str, body: str, number: int | None, device: str
) -> audit.Entry:
    if notice.startswith(_ACCESS):
        known = {name: str(value) for name, value in json.loads(body).items()}
        return audit.Entry(at, what, notice, sealed=known, kept=True)
    plain = {"number": number, "device": device}
    return audit.Entry(at, what, notice, plain=plain, sealed={"body": body}, kept=True)


def _adopt(engine: Engine, table: str, now: float) -> None:
    """An entry for each row of a shown table."""
    shown = SHOWN[table]
    statement, after = sql.shown_with_entries(shown), -1
    while rows := engine.execute(statement, {"after": after, "limit": PAGE}).fetchall():
        entries = []
        for item, *columns in rows:
            row = dict(zip(shown.columns, columns, strict=False))
            entries.append(audit.of_row(table, item, row, "adopted", now))
        audit.append(engine, entries)
        after = rows[-1][0]
