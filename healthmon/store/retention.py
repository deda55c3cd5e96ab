"""What `history.keep` cuts off the audit chain: its oldest entries, replaced by a checkpoint that
says how many there were and what the first one that is kept follows from.
"""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.store import audit, sql
from healthmon.store.engine import Engine
from healthmon.store.shown import SHOWN

ALL = 1_000_000_000


def cut(engine: Engine, before: float, now: float) -> int:
    """Cut off the entries made before `before` up to the first later one, after the old rows were
    deleted; how many. A row that is kept is held by a new entry, one that is gone by an entry that says
    so. Only within a transaction that has claimed the chain.
    """
    first = _first_kept(engine, before)
    oldest = engine.execute(sql.FIRST_ENTRY).fetchone()[0] or 0
    audit.append(engine, list(_gone(engine, first, now)))
    if first <= oldest:
        return 0
    for table, shown in SHOWN.items():
        kept = engine.execute(sql.held_before(shown), {"first": first}).fetchall()
        for (item,) in kept:
            audit.bind(engine, table, item, "kept", now)
    previous = engine.execute(sql.ENTRY, {"n": first - 1}).fetchone()[3]
    cut_off = {"first": first, "previous": previous, "count": first - 1}
    audit.append(engine, [audit.Entry(now, audit.CHECKPOINT, plain=cut_off)])
    engine.execute(sql.CUT_SALTS, {"first": first})
    return int(engine.execute(sql.CUT_CHAIN, {"first": first}).rowcount)


def _first_kept(engine: Engine, before: float) -> int:
    """The number of the first entry that is kept; the newest one always is."""
    last = audit.head(engine).entries
    found = engine.execute(sql.FIRST_ENTRY_SINCE, {"before": before}).fetchone()[0]
    return min(last, found if found is not None else last)


def _gone(engine: Engine, first: int, now: float) -> Iterator[audit.Entry]:
    """An entry for each row that was deleted and whose newest entry is kept."""
    for table, shown in SHOWN.items():
        rows = engine.execute(sql.held_without_row(shown), {"limit": ALL}).fetchall()
        for number, _, item in rows:
            if number >= first:
                yield audit.Entry(now, audit.DELETED, shown=table, item=item)
