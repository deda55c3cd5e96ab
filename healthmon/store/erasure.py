"""A person's name taken out of the record: a pseudonym stands in every row in its place, and what the
audit chain has sealed of those rows is forgotten. The chain still holds, and says that it was done.

A running agent holds open faults in memory and would write them as they were: it does it itself
(`runtime.erasing`).
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from healthmon.store import audit, sql
from healthmon.store.canonical import Plain
from healthmon.store.engine import Engine
from healthmon.store.shown import SHOWN, ShownTable

PAGE: Final = 100
# So many numbers of entries stand in one entry.
MOST_NUMBERS: Final = 1000

# A text with one thing in it put in place of another, and how a kept sheet is rewritten with it.
Replace = Callable[[str], str]
RewriteSheet = Callable[[str, Replace], str]


def new_pseudonym() -> str:
    """One that nobody has."""
    return f"person-{secrets.token_hex(4)}"


@dataclass(frozen=True, slots=True)
class Named:
    """The `name` of a person and the pseudonym that takes its place; `again` where it was done before,
    for what has come since.
    """

    name: str
    pseudonym: str = field(default_factory=new_pseudonym)
    again: bool = False


@dataclass(slots=True)
class Erased:
    """What was done: the pseudonym, how many rows have it now, and the numbers of the entries whose
    sealed values are forgotten.
    """

    pseudonym: str
    rows: int = 0
    entries: set[int] = field(default_factory=set)


def erase(engine: Engine, who: Named, by: str, rewrite: RewriteSheet) -> Erased:
    """Put the pseudonym in the place of the name wherever it stands as words of its own, in any case;
    `by` is who does it. Only within a transaction that has claimed the chain.
    """
    found = Erased(who.pseudonym)
    replace = replacing(who)
    now = time.time()
    for shown in SHOWN.values():
        for item in list(_rewritten(engine, shown, replace, rewrite)):
            found.rows += 1
            found.entries |= _forgotten(engine, sql.entries_of(shown), {"item": item})
            audit.bind(engine, shown.table, item, "pseudonymised", now)
    _notices(engine, replace)
    _begun(engine, replace)
    for number, body in engine.execute(sql.KEPT_WITH_SALTS).fetchall():
        if replace(body) != body:
            found.entries |= _forgotten(engine, sql.ENTRY_NUMBER, {"n": number})
    if found.rows or found.entries or not who.again:
        audit.append(engine, list(_entries(found, by, now)))
    return found


def replacing(who: Named) -> Replace:
    """The replacement in plain text, and in the texts of JSON, which may be written with escapes."""
    pattern = re.compile(rf"(?<!\w){re.escape(who.name)}(?!\w)", re.IGNORECASE)
    pseudonym = who.pseudonym

    def replace(text: str) -> str:
        try:
            found = json.loads(text) if text[:1] in "{[" else None
        except ValueError:
            found = None
        if found is None:
            return pattern.sub(pseudonym, text)
        new = _within(found, lambda one: pattern.sub(pseudonym, one))
        return sql.as_json(new) if new != found else text

    return replace


def _within(value: Any, replace: Replace) -> Any:
    """A JSON value with every text of it replaced."""
    if isinstance(value, str):
        return replace(value)
    if isinstance(value, list):
        return [_within(one, replace) for one in value]
    if isinstance(value, dict):
        return {replace(name): _within(one, replace) for name, one in value.items()}
    return value


def _rewritten(
    engine: Engine, shown: ShownTable, replace: Replace, rewrite: RewriteSheet
) -> Iterator[int]:
    """The keys of the rows that were changed."""
    after = -1
    while True:
        values = {"after": after, "limit": PAGE}
        rows = engine.execute(sql.shown_page(shown), values).fetchall()
        for key, *columns in rows:
            row = dict(zip(shown.columns, columns, strict=True))
            if _changed(
                engine, shown, key, row, lambda text: _sheet(shown, text, replace, rewrite)
            ):
                yield key
        if len(rows) < PAGE:
            return
        after = rows[-1][0]


def _sheet(shown: ShownTable, text: str, replace: Replace, rewrite: RewriteSheet) -> str:
    if shown.table == "sweeps":
        return rewrite(text, replace)
    return _around_facts(text, replace) if shown.table == "operations" else replace(text)


def _around_facts(text: str, replace: Replace) -> str:
    """The facts of a clock statement stay: they name places and no people, and their hash is on paper."""
    try:
        found = json.loads(text)
    except ValueError:
        return replace(text)
    if not isinstance(found, dict) or "facts" not in found:
        return replace(text)
    before = sql.as_json({name: value for name, value in found.items() if name != "facts"})
    after = replace(before)
    return text if after == before else sql.as_json(json.loads(after) | {"facts": found["facts"]})


def _changed(
    engine: Engine, shown: ShownTable, key: int, row: dict[str, Any], replace: Replace
) -> bool:
    """Whether the row had the name, which is replaced now."""
    new = {name: replace(row[name]) for name in shown.sealed if isinstance(row[name], str)}
    changed = {name: value for name, value in new.items() if value != row[name]}
    for name, value in changed.items():
        engine.execute(sql.put_column(shown, name), {"item": key, "value": value})
    account = row.get("account")
    if isinstance(account, str) and replace(account) != account:
        values = {"kind": shown.table, "act": key, "account": replace(account)}
        engine.execute(sql.ERASE_AUTHOR, values)
        return True
    return bool(changed)


def _notices(engine: Engine, replace: Replace) -> None:
    """The name in notices that were sent or wait."""
    for number, body in engine.execute(sql.NOTICE_BODIES).fetchall():
        if (new := replace(body)) != body:
            engine.execute(sql.PUT_NOTICE_BODY, {"id": number, "body": new})


def _begun(engine: Engine, replace: Replace) -> None:
    """The name of who has begun the shift check that has no sheet yet."""
    found = engine.execute(sql.META, {"name": sql.BEGUN}).fetchone()
    if found is not None:
        engine.execute(sql.PUT_META, {"name": sql.BEGUN, "value": replace(found[0])})


def _forgotten(engine: Engine, statement: str, values: dict[str, int]) -> set[int]:
    """The entries whose salt is deleted, with what was kept beside it."""
    numbers = {int(number) for (number,) in engine.execute(statement, values).fetchall()}
    for number in numbers:
        engine.execute(sql.DELETE_SALT, {"entry": number})
    return numbers


def _entries(found: Erased, by: str, now: float) -> Iterator[audit.Entry]:
    numbers = sorted(found.entries)
    for start in range(0, max(1, len(numbers)), MOST_NUMBERS):
        part = " ".join(map(str, numbers[start : start + MOST_NUMBERS]))
        plain: dict[str, Plain] = {
            "entries": part,
            "rows": found.rows,
            "pseudonym": found.pseudonym,
        }
        yield audit.Entry(now, audit.ERASED, plain=plain, sealed={"by": by}, kept=True)
