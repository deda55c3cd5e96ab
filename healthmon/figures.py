"""The agent's own figures for /metrics: faults that people are told of, what is held back, the ways out, the store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from healthmon.cases import SITE, Case
from healthmon.cause import Blind, blind_zones
from healthmon.faults import Fault
from healthmon.model import Device, Kind, State

if TYPE_CHECKING:
    from healthmon.agent import Agent

Row = tuple[tuple[str, ...], float]
Table = tuple[str, str, tuple[str, ...], Sequence[Row]]
IDENTITY = ("device", "kind", "site", "code")
SEVERITY = {State.FAULT: "fault", State.DEGRADED: "warning"}


def show(agent: Agent) -> None:
    """Bring every figure up to date."""
    _agent(agent)
    case_work, devices = agent.casework, agent.app.devices
    cases = list(case_work.desk.cases.values())
    suppressed = case_work.desk.suppressed + agent.app.book.suppressed
    blind = blind_zones(devices, working(agent))
    dispatcher = case_work.dispatcher
    tables = (
        *fault_tables(cases, devices, suppressed, blind),
        *metered_tables(devices, agent.app.data.used),
        *outbox_tables(dispatcher.pending(), dispatcher.counts, dispatcher.problems),
    )
    for table in tables:
        agent.metrics.table(*table)
    maintenance = agent.world().maintenance
    for device in devices.values():
        if device.kind is not Kind.AGENT:
            agent.metrics.maintenance(device.id, device.id in maintenance)


def _agent(agent: Agent) -> None:
    put, lag, keeper = agent.metrics.set_agent, agent.app.observer.lag, agent.casework.keeper
    put("healthmon_loop_lag_seconds", lag.worst)
    lag.worst = 0.0
    if agent.schedule is not None:
        put("healthmon_looks_running", agent.schedule.figures.running)
        put("healthmon_looks_skipped_total", agent.schedule.figures.missed)
    put("healthmon_bugs_total", agent.app.observer.bugs)
    put("healthmon_store_ok", float(keeper.ok))
    put("healthmon_store_dropped_total", keeper.dropped)
    put("healthmon_own_network_ok", float(not agent.cut))
    sweep = agent.casework.last_sweep
    if sweep is not None:
        put("healthmon_sweep_last_timestamp_seconds", sweep[0])
        put("healthmon_sweep_signatures", len(sweep[2]))


def fault_tables(
    cases: Sequence[Case],
    devices: Mapping[str, Device],
    suppressed: Mapping[str, int],
    blind: Sequence[Blind],
) -> Iterator[Table]:
    """(family, help, label names, rows) of everything about faults."""
    told = list(_each([case for case in cases if case.told is not None], devices))
    yield (
        "healthmon_fault_active",
        "1 for each open fault that people are told of.",
        (*IDENTITY, "severity", "priority"),
        [((*who, SEVERITY[fault.state], f"P{case.priority}"), 1.0) for who, fault, case in told],
    )
    rows = [(who, float(case.number)) for who, _, case in told]
    yield "healthmon_fault_number", "The number of the fault, as in F000123.", IDENTITY, rows
    rows = [(who, fault.since) for who, fault, _ in told]
    yield "healthmon_fault_since_timestamp_seconds", "Since when it is at fault.", IDENTITY, rows
    rows = [(who, float(case.ack is not None)) for who, _, case in told]
    yield "healthmon_fault_acknowledged", "1 when somebody has taken the fault on.", IDENTITY, rows
    waiting = {
        (*who, case.held or "new"): 1.0
        for who, _, case in _each([c for c in cases if c.told is None], devices)
    }
    text = "1 for a fault that nobody is told of, and why."
    yield "healthmon_fault_held", text, (*IDENTITY, "reason"), list(waiting.items())
    counts = [((reason,), float(count)) for reason, count in sorted(suppressed.items())]
    text = "Faults that ended without anybody being told, by reason."
    yield "healthmon_faults_suppressed_total", text, ("reason",), counts
    text = "1 for a zone of which no camera works; cover: how many working cameras can look there."
    zones = [((zone.zone, str(len(zone.cover))), 1.0) for zone in blind]
    yield "healthmon_blind_zone", text, ("coverage_zone", "cover"), zones


def metered_tables(devices: Mapping[str, Device], used: Mapping[str, float]) -> Iterator[Table]:
    """(family, help, label names, rows) of the data of metered devices."""
    names = ("device", "kind", "site")
    metered = [
        ((d.id, d.kind.value, d.site), d.daily_bytes)
        for d in devices.values()
        if d.daily_bytes is not None
    ]
    rows: list[Row] = [(who, used.get(who[0], 0.0)) for who, _ in metered]
    yield (
        "healthmon_metered_bytes",
        "Data that looks at a metered device have used today, both ways.",
        names,
        rows,
    )
    rows = [(who, budget) for who, budget in metered]
    yield (
        "healthmon_metered_budget_bytes",
        "Data that looks at a metered device may use in a day.",
        names,
        rows,
    )


def outbox_tables(
    pending: Mapping[str, int], counts: Mapping[tuple[str, str], int], problems: Mapping[str, str]
) -> Iterator[Table]:
    """(family, help, label names, rows) of the ways out."""
    rows: list[Row] = [((target,), float(count)) for target, count in pending.items()]
    yield "healthmon_outbox_pending", "Notices that wait to be sent.", ("target",), rows
    rows = [(key, float(count)) for key, count in sorted(counts.items())]
    yield "healthmon_notifications_total", "Notices by how they ended.", ("target", "result"), rows
    rows = [((target,), float(target in problems)) for target in sorted({*pending, *problems})]
    yield (
        "healthmon_notify_problem",
        "1 while nothing can be sent to the target.",
        ("target",),
        rows,
    )


def working(agent: Agent) -> frozenset[str]:
    """The cameras that can be reached and have no open fault of their picture."""
    broken = {
        f.device
        for f in agent.app.book.open()
        if f.question in ("reach", "stream") and f.state is State.FAULT
    }
    return frozenset(
        d.id
        for d in agent.app.devices.values()
        if d.kind is Kind.CAMERA and d.id not in agent.app.down and d.id not in broken
    )


def _each(
    cases: Sequence[Case], devices: Mapping[str, Device]
) -> Iterator[tuple[tuple[str, ...], Fault, Case]]:
    """Every fault of `cases` with who it is, one for each code of a device: a series is told once."""
    seen: set[tuple[str, ...]] = set()
    for case in cases:
        for fault in sorted(case.faults, key=lambda f: (-f.state, f.since)):
            device = devices.get(fault.device)
            kind = device.kind.value if device else "site" if fault.device.startswith(SITE) else ""
            who = (fault.device, kind, case.site, fault.code)
            if who not in seen:
                seen.add(who)
                yield who, fault, case
