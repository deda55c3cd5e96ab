"""What was held for a target, made into one summary: each fault once, as it stands now; open ones
first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from healthmon.model.enums import State
from healthmon.notifications import text
from healthmon.notifications.directory import TargetDirectory
from healthmon.notifications.notice import Notice, What, instant


def digest_of(
    register: TargetDirectory, target: str, slot: datetime, held: Sequence[Notice], head: str = ""
) -> Notice | None:
    """The digest of `held` (in the order they were made) for the moment `slot`; None when nothing
    was held.

    `head` is that of the audit chain, the last line. The id is made of target and slot alone, so that
    a digest that is made twice is the same one.
    """
    if not held:
        return None
    found = sorted(_as_it_stands(held), key=lambda n: (n.ended, n.priority, n.since or n.at, n.id))
    over = sum(1 for notice in found if notice.ended)
    still = len(found) - over
    counts = [f"{still} open" if still else "", f"{over} over" if over else ""]
    sentence = f"since the last summary: {', '.join(filter(None, counts))}"
    made = register.bare(f"digest-{target}-{instant(slot)}", What.DIGEST, slot, sentence)
    return replace(
        made,
        lines=(*map(text.line, found), *_carried(head)),
        priority=min(notice.priority for notice in found),
        state=max((notice.state for notice in found if not notice.ended), default=State.OK),
    )


def head_of(register: TargetDirectory, target: str, at: datetime, day: str, head: str) -> Notice:
    """The notice that carries the head of the audit chain away on a `day` (2026-11-29)."""
    words = "the head of the record's audit chain"
    made = register.bare(f"head-{target}-{day}", What.DIGEST, at, words)
    return replace(made, lines=_carried(head), state=State.OK)


def _carried(head: str) -> tuple[str, ...]:
    """The line that carries the head of the audit chain away."""
    return (f"audit chain {head}",) if head else ()


def _as_it_stands(held: Iterable[Notice]) -> list[Notice]:
    """The last notice of each fault; one that began and ended in the meantime becomes "was at
    fault".
    """
    first: dict[object, Notice] = {}
    last: dict[object, Notice] = {}
    for notice in held:
        key = notice.number if notice.number is not None else notice.id
        first.setdefault(key, notice)
        last[key] = notice
    return [
        replace(notice, what=What.MERGED)
        if notice.what is What.CLOSED and first[key].what is What.OPENED
        else notice
        for key, notice in last.items()
    ]
