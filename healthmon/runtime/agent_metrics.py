"""The agent's own figures for /metrics: faults that people are told of, what is held back, the ways
out, the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from healthmon.incidents.confirmation import Fault
from healthmon.incidents.correlation import BlindZone, blind_zones
from healthmon.incidents.incident import SITE, EstateState, Incident
from healthmon.model.device import Device
from healthmon.model.enums import Kind, State
from healthmon.runtime.audit_watch import AuditWatch
from healthmon.runtime.engine import CheckEngine
from healthmon.runtime.incident_service import IncidentService
from healthmon.scheduling.scheduler import Schedule
from healthmon.store import backup, retained
from healthmon.store.lease import Claim
from healthmon_exporters.metrics.exposition import Metrics
from healthmon_exporters.metrics.families import EPOCH, EPOCH_HELP

if TYPE_CHECKING:  # what only agents load that share the devices out
    from healthmon.runtime.dealing import Dealing

Row = tuple[tuple[str, ...], float]
Table = tuple[str, str, tuple[str, ...], Sequence[Row]]
IDENTITY = ("device", "kind", "site", "code")
SEVERITY = {State.FAULT: "fault", State.DEGRADED: "warning"}


class Shown(Protocol):
    """What the figures are read from: the agent has these, and this module need not know it."""

    metrics: Metrics
    engine: CheckEngine
    incident_service: IncidentService
    schedule: Schedule | None
    cut: frozenset[str]
    audit: AuditWatch
    dealing: Dealing | None

    def estate_state(self) -> EstateState:
        """What is known of the estate now."""


def show(agent: Shown) -> None:
    """Bring every figure up to date."""
    _agent(agent)
    case_work, devices = agent.incident_service, agent.engine.estate.devices
    incidents = list(case_work.reducer.incidents.values())
    suppressed = case_work.reducer.suppressed + agent.engine.state.book.suppressed
    blind = blind_zones(devices, working(agent))
    dispatcher, dealing = case_work.dispatcher, agent.dealing
    tables = (
        *fault_tables(incidents, devices, suppressed, blind),
        *inspection_tables(incidents, case_work.answered),
        *metered_tables(devices, agent.engine.data.used),
        *lease_tables(agent.engine.estate.config.estate.name, case_work.store_writer.claim),
        *(dealt_tables(dealing.made_by(), dealing.problems()) if dealing is not None else ()),
        *outbox_tables(dispatcher.pending(), dispatcher.counts, dispatcher.problems),
        *retention_tables(case_work.periods, case_work.deleted, case_work.trimmed_at),
    )
    for table in tables:
        agent.metrics.table(*table)
    maintenance = agent.estate_state().maintenance
    for device in devices.values():
        if device.kind is not Kind.AGENT:
            agent.metrics.maintenance(device.id, device.id in maintenance)


def _agent(agent: Shown) -> None:
    put, lag, store_writer = (
        agent.metrics.set_agent,
        agent.engine.runner.lag,
        agent.incident_service.store_writer,
    )
    put("healthmon_loop_lag_seconds", lag.worst)
    lag.worst = 0.0
    if agent.schedule is not None:
        put("healthmon_looks_running", agent.schedule.figures.running)
        put("healthmon_looks_skipped_total", agent.schedule.figures.missed)
        put("healthmon_interval_factor_ratio", agent.schedule.pace.factor)
    put("healthmon_bugs_total", agent.engine.runner.bugs)
    put("healthmon_store_ok", float(store_writer.ok))
    put("healthmon_store_dropped_total", store_writer.dropped)
    put("healthmon_own_network_ok", float(not agent.cut))
    _audit(agent.audit, put)
    sweep = agent.incident_service.last_sweep
    if sweep is not None:
        put("healthmon_sweep_last_timestamp_seconds", sweep[0])
        put("healthmon_sweep_signatures", len(sweep[2]))


def _audit(audit: AuditWatch, put: Callable[[str, float], None]) -> None:
    made = backup.last_made(audit.folder)
    if made is not None:
        put("healthmon_backup_last_timestamp_seconds", made)
    put("healthmon_audit_entries", audit.head.entries)
    put("healthmon_audit_head", audit.head.bits)
    if audit.verified_at is not None:
        put("healthmon_audit_ok", float(not audit.problem))
        put("healthmon_audit_verified_timestamp_seconds", audit.verified_at)


def fault_tables(
    incidents: Sequence[Incident],
    devices: Mapping[str, Device],
    suppressed: Mapping[str, int],
    blind: Sequence[BlindZone],
) -> Iterator[Table]:
    """(family, help, label names, rows) of everything about faults."""
    yield from _told_tables(incidents, devices)
    text = "1 for a fault that is held back, by reason."
    waiting = [incident for incident in incidents if incident.told is None]
    held = {(*who, incident.held or "new"): 1.0 for who, _, incident in _each(waiting, devices)}
    yield "healthmon_fault_held", text, (*IDENTITY, "reason"), list(held.items())
    counts = [((reason,), float(count)) for reason, count in sorted(suppressed.items())]
    text = "Faults that ended without a notification, by reason."
    yield "healthmon_faults_suppressed_total", text, ("reason",), counts
    text = "1 for a zone without a working camera; cover: number of working cameras that can be turned to it."
    zones = [((zone.zone, str(len(zone.cover))), 1.0) for zone in blind]
    yield "healthmon_blind_zone", text, ("coverage_zone", "cover"), zones


def inspection_tables(
    incidents: Sequence[Incident], answered: Mapping[str, int]
) -> Iterator[Table]:
    """The pictures that people are asked to look at, and what they have answered."""
    asked = float(sum(one.is_asked_about for one in incidents))
    text = "Pictures that a person is asked to look at."
    yield "healthmon_pictures_to_look_at", text, (), [((), asked)]
    text = "Answers of people about pictures: yes is a fault, no a false alarm."
    rows = [((answer,), float(answered.get(answer, 0))) for answer in ("no", "yes")]
    yield "healthmon_picture_answers_total", text, ("answer",), rows


def _told_tables(incidents: Sequence[Incident], devices: Mapping[str, Device]) -> Iterator[Table]:
    """The tables of faults that are notified."""
    told = list(_each([one for one in incidents if one.told is not None], devices))
    active = [
        ((*who, SEVERITY[fault.state], f"P{incident.priority}"), 1.0)
        for who, fault, incident in told
    ]
    labels = (*IDENTITY, "severity", "priority")
    yield "healthmon_fault_active", "1 for each open fault that is notified.", labels, active
    rows = [(who, float(incident.number)) for who, _, incident in told]
    yield "healthmon_fault_number", "Number of the fault, as in F000123.", IDENTITY, rows
    rows = [(who, fault.since) for who, fault, _ in told]
    name = "healthmon_fault_since_timestamp_seconds"
    yield name, "Time at which the fault began.", IDENTITY, rows
    rows = [(who, float(incident.ack is not None)) for who, _, incident in told]
    text = "1 if a person has acknowledged the fault."
    yield "healthmon_fault_acknowledged", text, IDENTITY, rows


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
        "Data that checks of a metered device have used today, in both directions.",
        names,
        rows,
    )
    rows = [(who, budget) for who, budget in metered]
    yield (
        "healthmon_metered_budget_bytes",
        "Data that checks of a metered device may use in a day.",
        names,
        rows,
    )


def lease_tables(estate: str, claim: Claim | None) -> Iterator[Table]:
    """(family, help, label names, rows) of the lease by which an agent has the `estate`; none with a file."""
    if claim is not None and claim.lease is not None:
        yield EPOCH, EPOCH_HELP, ("estate",), [((estate,), float(claim.lease.epoch))]


def dealt_tables(made: Mapping[str, int], problems: Sequence[tuple[str, str]]) -> Iterator[Table]:
    """(family, help, label names, rows) of the agents that share the devices: how many checks each has
    `made`, by its machine ("" is this one), and why one is given nothing.
    """
    text = "Checks that each agent has made since this one has the estate, by its machine; empty for this one."
    yield (
        "healthmon_dealt_checks_total",
        text,
        ("agent",),
        [((n,), float(c)) for n, c in made.items()],
    )
    left_out = {name for name, _ in problems}
    text = "1 for another agent that is given devices to check, 0 where it is left out."
    rows = [((name,), float(name not in left_out)) for name in made if name]
    yield "healthmon_dealt_agent_ok", text, ("agent",), rows


def outbox_tables(
    pending: Mapping[str, int], counts: Mapping[tuple[str, str], int], problems: Mapping[str, str]
) -> Iterator[Table]:
    """(family, help, label names, rows) of the notification channels."""
    rows: list[Row] = [((target,), float(count)) for target, count in pending.items()]
    yield "healthmon_outbox_pending", "Notices that are not sent yet.", ("target",), rows
    rows = [(key, float(count)) for key, count in sorted(counts.items())]
    yield "healthmon_notifications_total", "Notices, by result.", ("target", "result"), rows
    rows = [((target,), float(target in problems)) for target in sorted({*pending, *problems})]
    yield (
        "healthmon_notify_problem",
        "1 while notifications to the target fail.",
        ("target",),
        rows,
    )


def retention_tables(
    periods: Mapping[str, float], deleted: Mapping[str, int], at: float | None
) -> Iterator[Table]:
    """(family, help, label names, rows) of how long the record is kept, and what was deleted of it."""
    kept: list[Row] = [((group,), seconds) for group, seconds in periods.items()]
    text = "How long what has ended is kept, by group of tables (history in config.yaml)."
    yield "healthmon_store_keep_seconds", text, ("records",), kept
    rows: list[Row] = [
        ((group,), float(sum(deleted.get(one.words, 0) for one in retained.tables(group))))
        for group in periods
    ]
    text = "Records that were deleted by age, by group of tables, since the start."
    yield "healthmon_store_deleted_total", text, ("records",), rows
    text = "Time at which the record was last searched for what is older than its period."
    yield "healthmon_store_trimmed_timestamp_seconds", text, (), [((), at)] if at else []


def working(agent: Shown) -> frozenset[str]:
    """The cameras that can be reached and have no open fault of their picture."""
    broken = {
        f.device
        for f in agent.engine.state.book.open()
        if f.check_type in ("reach", "stream") and f.state is State.FAULT
    }
    return frozenset(
        d.id
        for d in agent.engine.estate.devices.values()
        if d.kind is Kind.CAMERA and d.id not in agent.engine.state.down and d.id not in broken
    )


def _each(
    incidents: Sequence[Incident], devices: Mapping[str, Device]
) -> Iterator[tuple[tuple[str, ...], Fault, Incident]]:
    """Every fault of `cases` with who it is, one for each code of a device: a series is
    told once.
    """
    seen: set[tuple[str, ...]] = set()
    for incident in incidents:
        for fault in sorted(incident.faults, key=lambda f: (-f.state, f.since)):
            device = devices.get(fault.device)
            kind = device.kind.value if device else "site" if fault.device.startswith(SITE) else ""
            who = (fault.device, kind, incident.site, fault.code)
            if who not in seen:
                seen.add(who)
                yield who, fault, incident
