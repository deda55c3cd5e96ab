"""The audit chain: each row of `changes` holds the hash of the one before it. The agent and the
commands of people write to it; whoever writes has the table alone until the transaction ends.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from healthmon.store import sql
from healthmon.store.engine import Engine


def claim(engine: Engine) -> None:
    """Have the chain alone until the end of the transaction. It comes before every other statement
    of a transaction that will write to the chain, so that two of them never wait for each other.
    """
    engine.claim("changes")


def append(engine: Engine, notice: str, at: float, what: str, row: Mapping[str, object]) -> None:
    """Add one link; `row` has number, device and body. What is in the chain already (by `notice`)
    is not added twice. Only within a transaction that has claimed the chain.
    """
    if engine.execute(sql.CHANGE_OF_NOTICE, {"notice": notice}).fetchone():
        return
    last = engine.execute(sql.LAST_CHANGE).fetchone()
    number, before = (last[0], last[1]) if last else (0, "")
    digest = _link(before, notice, at, what, str(row["body"]))
    values = {"id": number + 1, "at": at, "notice": notice, "what": what, "hash": digest}
    engine.execute(sql.ADD_CHANGE, {**row, **values})


def broken_links(engine: Engine) -> list[int]:
    """The ids of changes whose hash does not follow from the one before; the oldest that is kept is
    believed. Only within a transaction.
    """
    found, before = [], None
    for number, digest, *content in engine.execute(sql.CHANGES):
        if before is not None and digest != _link(before, *content):
            found.append(number)
        before = digest
    return found


def _link(before: str, notice: str, at: float, what: str, body: str) -> str:
    return hashlib.sha256("\n".join((before, notice, repr(at), what, body)).encode()).hexdigest()
