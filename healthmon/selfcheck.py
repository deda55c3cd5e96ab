"""Is healthmon itself well: its network, its store, its ways out, the shift checks. Pure: facts in, verdicts out.

Its own trouble is one fault of its own, never a camera's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from healthmon.inventory import AGENT
from healthmon.model import Device, Kind, Question, State, Verdict
from healthmon_exporters.notify.routing import next_digest

LEAST_ROOTS = 3
ALARM_SECONDS = 3600.0
WAY_OUT_SECONDS = 300.0
SHIFT_GRACE = 3600.0


@dataclass(frozen=True, slots=True)
class Facts:
    """What the agent knows of itself at `now` (Unix seconds).

    `network` says why our own network is down; `failing` are the targets that fail, with (since, problem).
    `last_sweep` is when the last whole sweep was made.
    """

    now: float
    network: str = ""
    store_problem: str = ""
    alarm: str = ""
    alarm_at: float = 0.0
    failing: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    last_sweep: float | None = None
    started: float = 0.0


def own_network(
    devices: Iterable[Device], down: Mapping[str, float], cut: Mapping[str, str]
) -> tuple[str, frozenset[str]]:
    """Why our own network is to be taken as down, in words ("" when it is not), and the devices that it keeps from us.

    `cut` are devices that the kernel says it has no way to. Or: none of the devices that stand behind no other answers.
    """
    watched = [
        d
        for d in devices
        if d.kind is not Kind.AGENT and not d.disabled and d.deployment == "deployed"
    ]
    lost = {d.id for d in watched if d.id in cut}
    if lost:
        words = "; ".join(dict.fromkeys(cut[name] for name in sorted(lost)))
        return (
            f"{words}: {len(lost)} device{'' if len(lost) == 1 else 's'} cannot be checked",
            frozenset(lost),
        )
    ids = {d.id for d in watched}
    roots = [d for d in watched if not ids.intersection(d.parents)]
    if len(roots) >= LEAST_ROOTS and all(d.id in down for d in roots):
        words = f"none of {len(watched)} devices answers: our own network or the switch it hangs on is likely cut"
        return words, frozenset(ids)
    return "", frozenset()


def verdicts(facts: Facts, shifts: Sequence[time], zone: str) -> tuple[Verdict, ...]:
    """Every aspect of the agent's own health; all are always there."""
    found = [
        _one(
            facts,
            "network",
            "own_network" if facts.network else "",
            facts.network or "our own network works",
        )
    ]
    found.append(
        _one(
            facts,
            "store",
            "store" if facts.store_problem else "",
            facts.store_problem or "history is kept",
        )
    )
    alarm = facts.alarm if facts.now - facts.alarm_at < ALARM_SECONDS else ""
    found.append(
        _one(facts, "history", "history_damaged" if alarm else "", alarm or "history is sound")
    )
    bad = [
        f"{target}: nothing can be sent: {problem}"
        for target, (since, problem) in facts.failing.items()
        if facts.now - since >= WAY_OUT_SECONDS
    ]
    found.append(
        _one(
            facts,
            "notify",
            "notify_failing" if bad else "",
            "; ".join(bad) or "notifications are taken",
        )
    )
    missed = missed_shift(facts, shifts, zone)
    found.append(
        _one(facts, "shift", "sweep_missed" if missed else "", missed or "shift checks are made")
    )
    return tuple(found)


def _one(facts: Facts, aspect: str, code: str, sentence: str) -> Verdict:
    warning = code in ("sweep_missed", "notify_failing")
    state = State.OK if not code else State.DEGRADED if warning else State.FAULT
    return Verdict(AGENT, Question.AGENT, "", aspect, state, code or "ok", sentence, facts.now)


def missed_shift(facts: Facts, shifts: Sequence[time], zone: str) -> str:
    """The last shift check that is overdue, in words; "" when none is. A sweep counts from an hour before its time."""
    if not shifts:
        return ""
    now = datetime.fromtimestamp(facts.now, UTC)
    moment = last_shift(shifts, now - timedelta(seconds=SHIFT_GRACE), zone)
    if moment.timestamp() < facts.started:
        return ""
    if facts.last_sweep is not None and facts.last_sweep >= moment.timestamp() - SHIFT_GRACE:
        return ""
    return f"the shift check of {moment.astimezone(ZoneInfo(zone)):%a %d %b %H:%M} was not made (healthmon sweep)"


def last_shift(shifts: Sequence[time], before: datetime, zone: str) -> datetime:
    """The last shift change at or before `before`, as UTC; each comes exactly once a day, whatever the clocks do."""
    moment = before - timedelta(days=2)
    while (following := next_digest(shifts, moment, zone)) <= before:
        moment = following
    return moment
