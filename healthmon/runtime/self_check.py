"""Is healthmon itself well: its network, its store, its notification channels, the shift checks.
Pure: facts in, verdicts out.

Its own trouble is one fault of its own, never a camera's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from healthmon.model.count_words import count_of
from healthmon.model.device import Device
from healthmon.model.enums import AGENT, CheckName, Kind, State
from healthmon.model.results import Verdict
from healthmon.notifications.shifts import ShiftPlan
from healthmon.scheduling.pace import Pace

LEAST_ROOTS = 3
ALARM_SECONDS = 3600.0
WAY_OUT_SECONDS = 300.0
# Intervals that are longer by less than this are no fault.
BEHIND = 1.1


@dataclass(frozen=True, slots=True)
class Facts:
    """What the agent knows of itself at `now` (Unix seconds).

    `network` says why our own network is down, `name_server` that no name is answered for, `held`
    which other program keeps devices from us, `behind` that not every check is run at its interval,
    `unreached` which sites no agent reaches, `left_out` which other agents are given no devices to
    check, `audit` what was changed in the record by hand; `failing` are the targets that fail, with
    (since, problem). `last_sweep` is when
    the last whole sweep was made; what was due before `watched_since` is not missed.
    """

    now: float
    network: str = ""
    name_server: str = ""
    held: str = ""
    behind: str = ""
    unreached: str = ""
    left_out: str = ""
    store_problem: str = ""
    alarm: str = ""
    alarm_at: float = 0.0
    audit: str = ""
    failing: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    last_sweep: float | None = None
    watched_since: float = 0.0


def own_network(
    devices: Iterable[Device], down: Mapping[str, float], cut: Mapping[str, str]
) -> tuple[str, frozenset[str]]:
    """Why our own network is to be taken as down, in words ("" when it is not), and the devices
    that it keeps from us.

    `cut` are devices that the kernel says it has no way to. Or: none of the devices that stand
    behind no other answers.
    """
    watched = [device for device in devices if _is_watched(device)]
    lost = frozenset(device.id for device in watched if device.id in cut)
    if lost:
        words = "; ".join(dict.fromkeys(cut[name] for name in sorted(lost)))
        return f"{words}: {count_of(len(lost), 'device')} cannot be checked", lost
    if _all_silent(watched, down):
        words = f"none of {len(watched)} devices answers: our own network or the switch it hangs on is likely cut"
        return words, frozenset(device.id for device in watched)
    return "", frozenset()


def _all_silent(watched: Sequence[Device], down: Mapping[str, float]) -> bool:
    """Whether none of the devices that stand behind no other answers, and there are enough."""
    ids = {device.id for device in watched}
    roots = [device for device in watched if not ids.intersection(device.parents)]
    return len(roots) >= LEAST_ROOTS and all(device.id in down for device in roots)


def _is_watched(device: Device) -> bool:
    deployed = device.deployment == "deployed" and not device.disabled
    return deployed and device.kind is not Kind.AGENT


def verdicts(facts: Facts, plan: ShiftPlan) -> tuple[Verdict, ...]:
    """Every aspect of the agent's own health; all are always there."""
    alarm = facts.alarm if facts.now - facts.alarm_at < ALARM_SECONDS else ""
    bad = "; ".join(
        f"{target}: nothing can be sent: {problem}"
        for target, (since, problem) in facts.failing.items()
        if facts.now - since >= WAY_OUT_SECONDS
    )
    return (
        _aspect(facts, "network", "own_network", facts.network, "our own network works"),
        _aspect(facts, "names", "name_server", facts.name_server, "names are looked up"),
        _aspect(facts, "locks", "devices_held", facts.held, "no other program holds devices"),
        _aspect(
            facts, "pace", "falling_behind", facts.behind, "every check is run at its interval"
        ),
        _aspect(facts, "sites", "site_agent_lost", facts.unreached, "every site has an agent"),
        _aspect(facts, "agents", "agent_left_out", facts.left_out, "no agent is left out"),
        _aspect(facts, "store", "store", facts.store_problem, "history is kept"),
        _aspect(facts, "history", "history_damaged", alarm, "history is sound"),
        _aspect(facts, "audit", "record_changed", facts.audit, "the record is as it was written"),
        _aspect(facts, "notify", "notify_failing", bad, "notifications are taken"),
        _aspect(
            facts,
            "shift",
            "sweep_missed",
            missed_shift(facts, plan),
            "shift checks are made",
        ),
    )


def _aspect(facts: Facts, aspect: str, code: str, problem: str, well: str) -> Verdict:
    """One aspect: `code` with the `problem` in words, or what is `well`."""
    return _one(facts, aspect, code if problem else "", problem or well)


def _one(facts: Facts, aspect: str, code: str, sentence: str) -> Verdict:
    warning = code in ("sweep_missed", "notify_failing", "falling_behind", "agent_left_out")
    state = State.OK if not code else State.DEGRADED if warning else State.FAULT
    return Verdict(AGENT, CheckName.AGENT, "", aspect, state, code or "ok", sentence, facts.now)


def behind(pace: Pace) -> str:
    """How much less often than configured everything is checked, in words; "" where it is not."""
    if pace.factor < BEHIND:
        return ""
    return (
        f"not every check can be run at its interval: {pace.needed:.0f} would run at the same time, and"
        f" {pace.slots} may; every device is checked {pace.factor:.1f} times less often than configured"
    )


def unreached(sites: Mapping[str, Sequence[str]], devices: Iterable[Device]) -> str:
    """The sites that no agent reaches, with the agents that would, in words; "" for none."""
    watched = Counter(device.site for device in devices if _is_watched(device))
    return "; ".join(
        f"{site}: {count_of(watched[site], 'device')} cannot be checked, as {' or '.join(agents)} is not there"
        for site, agents in sites.items()
    )


def left_out(problems: Iterable[tuple[str, str]]) -> str:
    """The agents that are given nothing, each a machine and why, in words; "" for none."""
    return "; ".join(f"the agent on {name} is given no devices: it {why}" for name, why in problems)


def missed_shift(facts: Facts, plan: ShiftPlan) -> str:
    """The last shift check that is overdue, in words; "" when none is."""
    due = plan.overdue(facts.now, facts.last_sweep, facts.watched_since)
    return f"the shift check of {plan.named(due)} was not made (healthmon sweep)" if due else ""
