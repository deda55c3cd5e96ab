"""What the agent knows, handed to the wall: incidents become fault lines, the latest result of each
check its state.

Nothing is judged here: a case says what is told, the board what was seen last.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from healthmon.checks.evaluation.five_clocks import FiveClocks, by_checks
from healthmon.incidents.incident import OTHER, SITE, EstateState, Incident
from healthmon.model.device import Check, Device
from healthmon.model.enums import CheckName, Kind
from healthmon.model.results import Observation
from healthmon.model.ups import Ups
from healthmon.runtime.agent import Agent
from healthmon_exporters.reports.run_text import run_text
from healthmon_exporters.wall import details as panel
from healthmon_exporters.wall.routes import Wall
from healthmon_exporters.wall.snapshot import FaultLine, Snapshot, Sweep


def wall_of(agent: Agent) -> Wall:
    """The wall of a running agent."""
    return Wall(
        lambda: snapshot(agent, agent.estate.in_service),
        lambda name: details(agent, name),
        lambda: agent.engine.state.latest_results.newest,
    )


def snapshot(agent: Agent, devices: tuple[Device, ...]) -> Snapshot:
    """Everything that the wall is made of, now, of these devices."""
    engine, estate_state, sweep = (
        agent.engine,
        agent.estate_state(),
        agent.incident_service.last_sweep,
    )
    return Snapshot(
        estate=engine.estate.config.estate.name,
        zone=engine.estate.config.estate.time_zone,
        at=time.time(),
        now=time.monotonic(),
        devices=devices,
        checks=engine.estate.checks,
        seen=agent.engine.state.latest_results.seen,
        faults=tuple(_lines(agent, estate_state)),
        maintenance=estate_state.maintenance,
        absent=estate_state.absent,
        reference=engine.state.known_time.now(),
        ups={
            key[0]: value
            for key in agent.state.results
            if key[1] == CheckName.UPS
            and isinstance(value := agent.state.results[key].observation.value, Ups)
        },
        sweep=Sweep(sweep[0], sweep[2]) if sweep else None,
        simulated=engine.estate.config.estate.simulated,
        site_names=estate_state.site_names,
    )


def _lines(agent: Agent, estate_state: EstateState) -> Iterator[FaultLine]:
    for incident in agent.incident_service.reducer.incidents.values():
        yield from _lines_of(incident, estate_state)


def _lines_of(incident: Incident, estate_state: EstateState) -> Iterator[FaultLine]:
    device = estate_state.devices.get(incident.device)
    name = device.name if device else _not_a_device(incident, estate_state)
    for fault in incident.faults:
        yield FaultLine(
            device=incident.device,
            name=name,
            check_type=fault.check_type,
            instance=fault.instance,
            code=fault.code,
            state=fault.state,
            sentence=fault.sentence,
            since=fault.since,
            priority=incident.priority,
            number=incident.number,
            acknowledged_by=incident.ack.by if incident.ack else "",
            cause=incident.cause,
            cause_number=incident.cause_number,
            affected=len(incident.affected),
            held=incident.held,
            maintenance=estate_state.maintenance.get(incident.device, ""),
            site=incident.site,
        )


def _not_a_device(incident: Incident, estate_state: EstateState) -> str:
    """What a fault is called that is about no device."""
    site = estate_state.site_names.get(incident.site) or incident.site
    if incident.device.startswith(SITE):
        return f"{site} site"
    if incident.device == OTHER:
        return ", ".join(filter(None, ("Something else", site)))
    return incident.device


def details(agent: Agent, name: str) -> dict[str, Any] | None:
    """One device in words, or the faults that are about no device; None for what is neither
    configured nor at fault.
    """
    estate_state = agent.estate_state()
    device = estate_state.devices.get(name)
    lines = [line for line in _lines(agent, estate_state) if line.device == name]
    if device is None:
        return panel.of_no_device(lines) if lines else None
    checks = [_check_line(agent, check) for check in agent.estate.checks_of.get(name, ())]
    site = estate_state.site_names.get(device.site) or device.site
    standing = panel.Standing(site, estate_state.maintenance.get(name, ""))
    return panel.details(device, standing, checks, lines, _clocks(agent, device))


def _clocks(agent: Agent, device: Device) -> FiveClocks | None:
    """The five clocks of a camera, by results that may still be believed."""

    def fresh(check: Check) -> Observation | None:
        seen = agent.state.latest_results.seen.get(check.key)
        if seen is None or time.monotonic() - seen.landed > check.max_age:
            return None
        kept = agent.state.results.get(check.key)
        return kept.observation if kept is not None else None

    if device.kind is not Kind.CAMERA:
        return None
    return by_checks(device, agent.estate.checks_of.get(device.id, ()), fresh)


def _check_line(agent: Agent, check: Check) -> panel.CheckLine:
    """The latest result of `check`; a parent may have died since."""
    seen, result = (
        agent.state.latest_results.seen.get(check.key),
        agent.state.results.get(check.key),
    )
    if seen is None or result is None:
        return panel.CheckLine(check, None)
    device = agent.estate.devices[check.device]
    found = agent.engine.explained(device, result.verdicts)
    age = time.monotonic() - seen.landed
    return panel.CheckLine(check, age, found, failed_run(agent, check))


def failed_run(agent: Agent, check: Check) -> str:
    """The last failed run of `check` in lines; "" where none is kept."""
    failed = agent.state.failures.get(check.key)
    if failed is None:
        return ""
    device = agent.estate.devices[check.device]
    return "\n".join(run_text(device, failed.result, failed.trace))
