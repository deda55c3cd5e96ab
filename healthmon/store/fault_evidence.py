"""What the record knows of one fault beside its life: what was said of it and to whom, the sheets on
which it stands, what its device was around it. Never a picture: there is none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from healthmon.incidents.confirmation import Fault
from healthmon.incidents.incident import Incident
from healthmon.incidents.life_cycle import LifeCycle
from healthmon.store.rows import Notice

if TYPE_CHECKING:
    from healthmon.store.database import Store

_SHORTEST: Final = 600.0
# Before a fault and after it the state strip goes on for a quarter of its length, within these bounds.
_PART: Final = 0.25
_LONGEST: Final = 7 * 86400.0
MOST_SHEETS: Final = 20


@dataclass(frozen=True, slots=True)
class FoundFault:
    """One fault that the machine has confirmed; `ended` where it is over while others are not."""

    fault: Fault
    ended: bool


@dataclass(frozen=True, slots=True)
class Reported:
    """What was said of an incident `at` (Unix seconds), by the message `id` to whomever it went."""

    id: str
    at: float
    what: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """`sheets` are (number, when), the newest first. `segments` are (check, state, since, until) of the
    device from `since` to `until`; `last_well` is when the check that found it was well for the last
    time before, None where that is not on record. Unix seconds.
    """

    seen: tuple[FoundFault, ...]
    told: tuple[Reported, ...]
    notices: tuple[Notice, ...]
    sheets: tuple[tuple[int, float], ...]
    segments: tuple[tuple[str, str, float, float | None], ...]
    since: float
    until: float
    last_well: float | None


def evidence_of(store: Store, life: LifeCycle, now: float) -> Evidence:
    """Of one fault, `now`. Raises StoreError."""
    incident, end = life.incident, life.restored
    around = max(_SHORTEST, min(_LONGEST, _PART * ((end or now) - incident.since)))
    since, until = incident.since - around, min(now, (end or now) + around)
    segments = tuple(store.timeline(incident.device, since))
    name = f"F{incident.number:06d}"
    return Evidence(
        seen=_found_faults(incident),
        told=tuple(_reported(store.said(incident.number))),
        notices=tuple(store.notices(incident.number)),
        sheets=tuple(store.sheets_with(name, incident.since, end or now, MOST_SHEETS)),
        segments=segments,
        since=since,
        until=until,
        last_well=_last_well(segments, incident.lead),
    )


def _found_faults(incident: Incident) -> tuple[FoundFault, ...]:
    """Every fault of it, the oldest first; once it is closed all of them are over."""
    closed = incident.closed is not None
    found = [FoundFault(one, closed) for one in incident.faults]
    found += [FoundFault(one, ended=True) for one in incident.past]
    return tuple(sorted(found, key=lambda one: (one.fault.since, one.fault.key)))


def _reported(rows: Iterable[tuple[str, float, str]]) -> Iterable[Reported]:
    """What was said, each once, however many were told; what says nothing new is left out."""
    last, known = "", set()
    for notice, at, body in rows:
        said = json.loads(body)
        what, sentence = str(said.get("what", "")), str(said.get("sentence", ""))
        if notice not in known and (what != "changed" or sentence != last):
            yield Reported(notice, at, what, sentence)
        known.add(notice)
        last = sentence


def _last_well(
    segments: Iterable[tuple[str, str, float, float | None]], lead: Fault
) -> float | None:
    """When the check of `lead` was well for the last time before it began."""
    ends = [
        until
        for check, state, since, until in segments
        if check == lead.check_type and state == "ok" and since < lead.since and until is not None
    ]
    return min(max(ends), lead.since) if ends else None
