"""Whether the audit chain holds: each entry follows from the one before, every row that people are
shown is as its newest entry says, and the chain goes on from an anchor that was noted elsewhere.

It is read page by page, each in a transaction of its own, so that it hinders no writer. It finds an
edit, a deletion and what was added beside the chain; a chain that was cut at its end, written anew
as a whole or restored from a backup is found by an anchor only (docs/adr/0054).
"""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from healthmon.store import audit, sql
from healthmon.store.audit import Head
from healthmon.store.engine import Engine
from healthmon.store.shown import SHOWN, ShownTable

PAGE: Final = 500
ROWS: Final = 100
# A chain with more faults than that is not looked at further.
MOST_FINDINGS: Final = 1000
ATTEMPTS: Final = 3
_ANCHOR: Final = re.compile(r"([0-9]{1,16}):([0-9a-f]{13,64})")
_COLUMNS: Final = [
    "n",
    "at",
    "mark",
    "kind",
    "shown",
    "item",
    "plain",
    "sealed",
    "hash",
    "salt",
    "body",
]

# Called with how much is done of how much, after each page.
Progress = Callable[[int, int], None]


def no_progress(_done: int, _all: int) -> None:
    """For who does not want to know."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A head of the chain that was noted elsewhere: the entry's number and the beginning of its hash,
    13 hexadecimal digits or more.
    """

    entry: int
    hash: str

    @classmethod
    def of(cls, text: str) -> Anchor:
        """``1234:0123456789abc``. Raises ValueError in words."""
        found = _ANCHOR.fullmatch(text.strip().lower())
        if found is None:
            raise ValueError(f"{text!r}: an anchor is N:HEX, as 1234:0123456789abc")
        return cls(int(found[1]), found[2])


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was written: about which `entry` of the chain, and `words`."""

    entry: int
    words: str


@dataclass(slots=True)
class Verified:
    """What was found. `first` is the number of the first entry that is kept, `head` the last one;
    `erased` entries hold personal data that was erased.
    """

    first: int = 0
    head: Head = field(default_factory=Head)
    rows: int = 0
    erased: int = 0
    findings: list[Finding] = field(default_factory=list)

    def find(self, entry: int, words: str) -> None:
        """Add a finding."""
        self.findings.append(Finding(entry, words))

    @property
    def full(self) -> bool:
        """Whether there is no point in looking further."""
        return len(self.findings) >= MOST_FINDINGS

    @property
    def words(self) -> str:
        """The findings in one line; "" for none."""
        if not self.findings:
            return ""
        more = len(self.findings) - 1
        return self.findings[0].words + (f", and {more} more" if more else "")


def verified(engine: Engine, anchor: Anchor | None, progress: Progress) -> Verified:
    """Look at the whole chain and every row that it holds. What is cut off by `history.audit` meanwhile
    is no finding. Raises StoreError.
    """
    for _ in range(ATTEMPTS):
        found = _Chain(engine, progress).verified(anchor)
        with engine.transaction():
            first = engine.execute(sql.FIRST_ENTRY).fetchone()[0] or 0
        if first == found.first or not found.findings:
            break
    return found


class _Chain:
    """One walk over the chain."""

    def __init__(self, engine: Engine, progress: Progress) -> None:
        self._engine = engine
        self._progress = progress
        self._found = Verified()
        self._unsealed: list[int] = []
        self._erased: list[range] = []

    def verified(self, anchor: Anchor | None) -> Verified:
        found = self._found
        with self._engine.transaction():
            found.head = audit.head(self._engine)
            found.first = self._engine.execute(sql.FIRST_ENTRY).fetchone()[0] or 0
            checkpoint = self._engine.execute(sql.LAST_CHECKPOINT).fetchone()
        before = self._beginning(_fields(checkpoint[0] if checkpoint else ""))
        self._links(before)
        self._seals()
        for shown in SHOWN.values():
            self._rows(shown)
            self._missing(shown)
        if anchor is not None:
            self._compare(anchor)
        return found

    # --------------------------------------------------------------------------------- the entries

    def _beginning(self, checkpoint: dict[str, Any]) -> str | None:
        """The hash that the first entry follows from; None where that is not known."""
        first = self._found.first
        if first <= 1:
            return ""
        kept = checkpoint.get("first")
        if kept == first:
            return str(checkpoint.get("previous"))
        kept = kept if isinstance(kept, int) else 1
        missing = _entries(min(kept, first - 1), first - 1)
        words = f"{missing} missing at the beginning of the chain, deleted by hand"
        self._found.find(first, words)
        return None

    def _links(self, before: str | None) -> None:
        """Each entry follows from the one before it."""
        last, until = self._found.first - 1, self._found.head.entries
        while page := self._page(last, until):
            for row in page:
                if row["n"] != last + 1:
                    words = f"{_entries(last + 1, row['n'] - 1)} missing before {_named(row)}"
                    self._found.find(row["n"], words)
                    before = None
                if before is not None and not _follows(row, before):
                    self._found.find(row["n"], _unlinked(row))
                self._note(row)
                last, before = row["n"], row["hash"]
            self._progress(last - self._found.first + 1, until - self._found.first + 1)
            if self._found.full:
                return

    def _page(self, after: int, until: int) -> list[dict[str, Any]]:
        values = {"after": after, "until": until, "limit": PAGE}
        with self._engine.transaction():
            rows = self._engine.execute(sql.ENTRIES, values).fetchall()
        return [dict(zip(_COLUMNS, row, strict=True)) for row in rows]

    def _note(self, row: dict[str, Any]) -> None:
        """What an entry says of others, and whether its sealed values are as they were."""
        if row["kind"] == audit.ERASED:
            self._erased += ranges(str(_fields(row["plain"]).get("entries", "")))
        if row["sealed"] == "{}":
            return
        if row["salt"] is None:
            if any(_fields(row["sealed"]).values()):
                self._unsealed.append(row["n"])
        elif row["body"] is not None and not _holds(row):
            self._found.find(row["n"], f"what is kept with {_named(row)} was changed")

    def _seals(self) -> None:
        """A salt is missing only where it was erased."""
        for number in self._unsealed:
            if any(number in one for one in self._erased):
                self._found.erased += 1
            else:
                words = (
                    f"the salt of entry {number} is missing, and no entry says that it was erased"
                )
                self._found.find(number, words)

    # ------------------------------------------------------------------------------------ the rows

    def _rows(self, shown: ShownTable) -> None:
        """Every row of a table is as its newest entry says."""
        statement, after = sql.shown_with_entries(shown), -1
        while not self._found.full:
            with self._engine.transaction():
                values = {"after": after, "limit": ROWS}
                rows = self._engine.execute(statement, values).fetchall()
            if not rows:
                return
            for item, *columns in rows:
                self._row(shown, item, columns)
            self._found.rows += len(rows)
            self._progress(self._found.head.entries, self._found.head.entries)
            after = rows[-1][0]

    def _row(self, shown: ShownTable, item: int, columns: list[Any]) -> None:
        number, at, kind, plain, sealed, salt = columns[-6:]
        if number is None:
            self._found.find(0, f"{shown.words} {item} ({shown.table}) is in no entry of the chain")
            return
        where = f"{shown.words} {item} ({shown.table}; entry {number} of {_day(at)})"
        if kind == audit.DELETED:
            self._found.find(number, f"{where}: it is there again after it was deleted")
            return
        row = dict(zip(shown.columns, columns[:-6], strict=True))
        held = _fields(plain), _fields(sealed)
        if changed := _changed(shown, row, held, salt):
            names = ", ".join(changed)
            self._found.find(number, f"{where}: {names} was changed after it was written")

    def _missing(self, shown: ShownTable) -> None:
        """Every row that an entry holds is there."""
        with self._engine.transaction():
            statement = sql.held_without_row(shown)
            rows = self._engine.execute(statement, {"limit": MOST_FINDINGS}).fetchall()
        for number, at, item in rows:
            where = f"{shown.words} {item} ({shown.table}; entry {number} of {_day(at)})"
            self._found.find(number, f"{where} is missing: it was deleted by hand")

    # ---------------------------------------------------------------------------------- the anchor

    def _compare(self, anchor: Anchor) -> None:
        """The chain goes on from the anchor."""
        head, number = self._found.head, anchor.entry
        if number > head.entries:
            lost = _entries(head.entries + 1, number)
            words = f"{lost} missing at the end: the chain was cut, or a backup was restored"
            self._found.find(number, words)
            return
        if 0 < number < self._found.first:
            words = (
                f"the anchor is older than what is kept: history.audit has cut entry {number} off"
            )
            self._found.find(number, words)
            return
        with self._engine.transaction():
            row = self._engine.execute(sql.ENTRY, {"n": number}).fetchone()
        if row is None or not str(row[3]).startswith(anchor.hash):
            words = f"entry {number} is not the one of the anchor: the chain was written anew from there or before"
            self._found.find(number, f"{words}, or a backup was restored and written to since")


def _holds(row: dict[str, Any]) -> bool:
    """Whether the values beside a salt are those that the entry seals."""
    salt, sealed, kept = _salt(row["salt"]), _fields(row["sealed"]), _fields(row["body"])
    return kept.keys() == sealed.keys() and all(
        _is_sealed(salt, name, kept[name], held) for name, held in sealed.items()
    )


def _is_sealed(salt: bytes, name: str, value: str | None, held: str | None) -> bool:
    if value is None or held is None:
        return value is None and held is None
    return audit.seal(salt, name, value) == held


def _changed(
    shown: ShownTable, row: dict[str, Any], held: tuple[dict[str, Any], ...], salt: str | None
) -> list[str]:
    """The columns of a row that are not as the entry (its plain and its sealed fields) says."""
    plain, sealed = shown.parts(row)
    found = [name for name, value in plain.items() if held[0].get(name) != value]
    key = _salt(salt)
    return found + [
        name
        for name, value in sealed.items()
        if not _is_sealed(key, name, value, held[1].get(name))
    ]


def ranges(text: str) -> Iterator[range]:
    """``3 5-7`` -> 3, then 5 to 7. What is no number is left out: an entry that somebody has changed
    is found by its hash.
    """
    for part in text.split():
        first, _, last = part.partition("-")
        with contextlib.suppress(ValueError):
            yield range(int(first), int(last or first) + 1)


def _follows(row: dict[str, Any], before: str) -> bool:
    try:
        return bool(audit.digest(row, before) == row["hash"])
    except (TypeError, ValueError):  # not even what could be hashed
        return False


def _fields(text: str) -> dict[str, Any]:
    """The fields of an entry; none where somebody has put something else there."""
    try:
        found = json.loads(text)
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _salt(text: str | None) -> bytes:
    try:
        return bytes.fromhex(text or "")
    except (TypeError, ValueError):
        return b""


def _entries(first: int, last: int) -> str:
    return f"entry {first} is" if first >= last else f"entries {first} to {last} are"


def _named(row: dict[str, Any]) -> str:
    about = f" of {row['shown']} {row['item']}" if row["shown"] else ""
    return f"entry {row['n']} ({row['kind']}{about}, {_day(row['at'])})"


def _unlinked(row: dict[str, Any]) -> str:
    words = f"{_named(row)} does not follow from the entry before it"
    return f"{words}: it was changed, or entry {row['n'] - 1} was written anew"


def _day(at: float) -> str:
    """``3 Nov 2026 10:12:03 UTC``."""
    if not isinstance(at, int | float) or not 0 <= at < 2**37:
        return f"time {at!r}"
    return time.strftime("%d %b %Y %H:%M:%S UTC", time.gmtime(at)).lstrip("0")
