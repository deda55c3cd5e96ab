"""What is deleted because it is old, by the period of each table. Off the audit chain its oldest entries
are cut, replaced by a checkpoint that says how many there were and what the first one that is kept
follows from.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

from healthmon.store import audit, sql
from healthmon.store.engine import Engine
from healthmon.store.retained import CHAIN, RETAINED
from healthmon.store.rows import Deleted, Extent
from healthmon.store.shown import SHOWN

ALL = 1_000_000_000
_NAME: Final = "deleted"


def delete(engine: Engine, before: Mapping[str, float], now: float) -> Deleted | None:
    """Delete of each group what ended before `before`, and say so in the audit chain; what was deleted,
    None for nothing. Only within a transaction that has claimed the chain.
    """
    counts = {
        one.words: int(engine.execute(one.delete, {"before": before[one.group]}).rowcount)
        for one in RETAINED
        if one.delete
    }
    counts["changes"] = cut(engine, before[CHAIN], now)
    if not any(counts.values()):
        return None
    made = Deleted(now, {one.words: before[one.group] for one in RETAINED if one.words}, counts)
    plain = {kind: count for kind, count in counts.items() if count}
    audit.append(engine, [audit.Entry(now, audit.RETENTION, plain=plain)])
    earlier = so_far(engine)
    sums = {
        kind: count + (earlier.counts.get(kind, 0) if earlier else 0)
        for kind, count in counts.items()
    }
    text = sql.as_json({"at": now, "before": made.before, "counts": sums})
    engine.execute(sql.PUT_META, {"name": _NAME, "value": text})
    return made


def so_far(engine: Engine) -> Deleted | None:
    """What was deleted so far because it was old; None for nothing."""
    found = engine.execute(sql.META, {"name": _NAME}).fetchone()
    if found is None:
        return None
    kept = json.loads(found[0])
    if not isinstance(kept["before"], dict):  # of a version with one period for all
        kept["before"] = dict.fromkeys(kept["counts"], kept["before"])
    return Deleted(**kept)


def extent(engine: Engine) -> dict[str, Extent]:
    """How many rows each table that is emptied by age has now, and the oldest end of one."""
    found = {}
    for one in RETAINED:
        if one.words:
            oldest = f"min({one.ended})" if one.ended else "NULL"
            statement = f"SELECT count(*), {oldest} FROM {one.table}"  # noqa: S608 - names of ours
            found[one.words] = Extent(*engine.execute(statement).fetchone())
    return found


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
