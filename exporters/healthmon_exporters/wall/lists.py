"""Who a number of the wall counts, who is at fault and who has a warning: whole sentences, for the
list that opens behind it. Made when somebody opens one. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from healthmon.model.enums import Kind, State
from healthmon_exporters.wall.model import (
    COUNTED,
    OTHERS,
    Json,
    called,
    entries,
    entry_of,
    said,
)
from healthmon_exporters.wall.snapshot import FaultLine, Snapshot
from healthmon_exporters.wall.views import View, lead, views

# As many as a person reads; the rest is counted.
MOST_LISTED = 200
TITLES = {
    "faults": "Faults",
    "warnings": "Warnings",
    "at_fault": "Cameras at fault",
    "not_checked": "Cameras that are not checked",
    **{counted.name: counted.label for counted in COUNTED},
}
_WORDS = {State.FAULT: "fault", State.DEGRADED: "warning"}


def listed(snapshot: Snapshot, name: str) -> Json | None:
    """The list `name` of `TITLES`; None where there is no such list."""
    if name not in TITLES:
        return None
    seen = views(snapshot)
    rows = _faults(snapshot, seen) if name == "faults" else list(_ROWS[name](seen))
    more = max(0, len(rows) - MOST_LISTED)
    return {
        "id": name,
        "title": TITLES[name],
        "total": len(rows),
        "rows": rows[:MOST_LISTED],
        "more": more,
    }


def _faults(snapshot: Snapshot, seen: Sequence[View]) -> list[Json]:
    kinds = {view.device.id: view.device.kind for view in seen}
    return [entry_of(group, kinds.get(group[0].device)) for group in entries(snapshot, seen)]


def _row(view: View, line: FaultLine | None = None) -> Json:
    """One device: by `line` if it is counted by that, else by what is said of it."""
    state = _WORDS.get(line.state, "unknown") if line else view.state
    return said(
        id=view.device.id,
        name=called(view.device.name, view.device.kind),
        state=state,
        sentence=line.sentence if line else view.words,
        number=line.number if line else None,
        since=round(line.since) if line else None,
        acknowledged=line.acknowledged_by if line else "",
        maintenance=view.maintenance,
    )


def _of_state(state: str, kinds: Iterable[Kind]) -> Callable[[Sequence[View]], Iterable[Json]]:
    wanted = frozenset(kinds)

    def rows(seen: Sequence[View]) -> Iterable[Json]:
        for view in seen:
            if view.state == state and view.device.kind in wanted:
                yield _row(view, view.lead if state in _WORDS.values() else None)

    return rows


def _of_check(
    hit: Callable[[FaultLine], bool], check: str
) -> Callable[[Sequence[View]], Iterable[Json]]:
    def rows(seen: Sequence[View]) -> Iterable[Json]:
        for view in seen:
            found = [line for line in view.lines if hit(line)] if check in view.asked else []
            if found:
                yield _row(view, lead(found))

    return rows


_ROWS: dict[str, Callable[[Sequence[View]], Iterable[Json]]] = {
    "warnings": _of_state("warning", (Kind.CAMERA, *OTHERS)),
    "at_fault": _of_state("fault", (Kind.CAMERA,)),
    "not_checked": _of_state("unknown", (Kind.CAMERA,)),
    **{counted.name: _of_check(counted.hit, counted.check) for counted in COUNTED},
}
