"""What a person enters by a command and a running agent writes for it. The values come from outside:
each is checked.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from healthmon.incidents.acts import LONGEST_TEXT, Act, ActKind, act
from healthmon.model.plain_text import one_line
from healthmon.store.database import Store
from healthmon.store.engine import StoreError
from healthmon.store.handovers import NO_SWEEP, NewNote
from healthmon.store.rows import Author

MOST_DETAILS = 20
# As many visits and fixes as the lines of a file can have.
MOST_ACTS = 20_000
_MOST_NUMBER = 10**12


@dataclass(frozen=True, slots=True)
class Entry:
    """The `values` of an act, by which account it is made, and how old a sweep may be that is signed
    (seconds).
    """

    values: Mapping[str, Any]
    author: Author
    sign_within: float

    def text(self, name: str) -> str:
        """One of the values, as one plain line. Raises ValueError for what is no text."""
        return plain_text(name, self.values.get(name, ""))

    def act(self) -> Act:
        """The act that the values describe. Raises ValueError."""
        number, happened = self.values.get("number", 0), self.values.get("happened")
        if not isinstance(number, int) or not 0 <= number < _MOST_NUMBER:
            raise ValueError(f"{number!r}: not a fault number")
        if happened is not None and not isinstance(happened, float):
            raise ValueError("happened: not a time")
        details = self.values.get("details", {})
        if not isinstance(details, dict) or len(details) > MOST_DETAILS:
            raise ValueError("details: not texts by their names")
        texts = {str(name): plain_text(str(name), value) for name, value in details.items()}
        kind = ActKind(self.text("kind"))
        made = act(kind, self.text("name"), time.time(), happened, **texts)
        return replace(made, number=number)


Enter = Callable[[Store, Entry], dict[str, Any]]


def act_on(store: Store, entry: Entry) -> dict[str, Any]:
    """Record an act on a fault. Raises StoreError, ValueError."""
    made = entry.act()
    store.act(made, entry.author)
    return {"number": made.number}


def raise_fault(store: Store, entry: Entry) -> dict[str, Any]:
    """Keep what a person has raised; the id of the act. Raises StoreError, ValueError."""
    made = entry.act()
    if made.kind is not ActKind.RAISE:
        raise ValueError(f"'{made.kind}' raises no fault")
    return {"act": store.raise_fault(made, entry.author)}


def import_all(store: Store, entry: Entry) -> dict[str, Any]:
    """Record the `acts` of a contractor's file, all or none; how many. Raises StoreError, ValueError."""
    rows = entry.values.get("acts")
    if not isinstance(rows, list) or len(rows) > MOST_ACTS:
        raise ValueError(f"acts: not a list of at most {MOST_ACTS:,} acts")
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError("acts: not objects")
    by = {"name": entry.text("name")}
    made = [replace(entry, values=row | by).act() for row in rows]
    if others := [one for one in made if one.kind not in (ActKind.ATTEND, ActKind.FIX)]:
        raise ValueError(f"'{others[0].kind}' comes from no contractor's file")
    store.act_all(made, entry.author)
    return {"acts": len(made)}


def sign(store: Store, entry: Entry) -> dict[str, Any]:
    """Sign the last sweep by `name` with a `note`; when it was made, how it was signed and by whom.
    Raises StoreError, ValueError.
    """
    name, note = _name(entry), entry.text("note")
    at, how = sign_last(store, (name, note), entry.sign_within, entry.author)
    return {"at": at, "how": how, "by": name}


def write_note(store: Store, entry: Entry) -> dict[str, Any]:
    """Keep a note for the next shift by `name`, with its `token` and `text`. Raises StoreError,
    ValueError.
    """
    made = new_note(entry.text("token"), _name(entry), entry.text("text"))
    return {"note": store.write_note(made, time.time(), entry.author), "by": made.by}


def new_note(token: str, by: str, text: str) -> NewNote:
    """A checked note; the text is made one plain line. Sent again with the same `token` it is the same
    note. Raises ValueError in words.
    """
    found = plain_text("the note", text)
    if not found:
        raise ValueError("the note has no text")
    if not token:
        raise ValueError("the note has no token")
    # A form that was changed after it was sent is another note.
    digest = hashlib.sha256(f"{by}\n{found}".encode()).hexdigest()
    return NewNote(f"{token[:64]}-{digest[:16]}", by, found)


def _name(entry: Entry) -> str:
    name = entry.text("name")
    if not name:
        raise ValueError("a name is needed: --name 'A. Smith'")
    return name


def sign_last(
    store: Store, who: tuple[str, str], within: float, author: Author
) -> tuple[float, str]:
    """Sign the last sweep, which is not older than `within` (seconds), by (name, note); when it was
    made, and how it was signed. Raises StoreError.
    """
    sweep = store.last_sweep()
    if sweep is None:
        raise StoreError(NO_SWEEP)
    return sweep[1], store.sign(sweep[0], *who, time.time(), within, author=author)


def plain_text(name: str, found: object) -> str:
    """What was entered as `name`, as one plain line. Raises ValueError for what is no text, or too
    long.
    """
    if not isinstance(found, str):
        raise ValueError(f"{name}: not a text")  # noqa: TRY004 - what people send is said in one way
    if len(found) > LONGEST_TEXT:
        raise ValueError(
            f"{name} has {len(found):,} characters; at most {LONGEST_TEXT:,} are kept: shorten it"
        )
    return " ".join(one_line(found).split())


ACTS: Final[Mapping[str, Enter]] = MappingProxyType(
    {
        "act": act_on,
        "raise": raise_fault,
        "import": import_all,
        "sign": sign,
        "note": write_note,
    }
)
