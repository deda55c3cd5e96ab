"""What the agent knows, handed to the wall: cases become fault lines, the latest result of each ask its state.

Nothing is judged here: a case says what is told, the board what was seen last.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from healthmon import verdict
from healthmon.agent import Agent
from healthmon.cases import SITE, Case, World
from healthmon.model import Ask, Ups
from healthmon_exporters.wall import details as panel
from healthmon_exporters.wall.routes import Wall
from healthmon_exporters.wall.snapshot import FaultLine, Snapshot, Sweep


def wall_of(agent: Agent, *, simulated: bool = False) -> Wall:
    """The wall of a running agent."""
    return Wall(
        lambda: snapshot(agent, simulated=simulated),
        lambda name: details(agent, name),
        lambda: agent.board.newest,
    )


def snapshot(agent: Agent, *, simulated: bool = False) -> Snapshot:
    """Everything that the wall is made of, now."""
    app, world, sweep = agent.app, agent.world(), agent.casework.last_sweep
    return Snapshot(
        estate=app.config.estate.name,
        zone=app.config.estate.time_zone,
        at=time.time(),
        now=time.monotonic(),
        devices=tuple(app.devices.values()),
        asks=app.asks,
        seen=agent.board.seen,
        faults=tuple(_lines(agent, world)),
        maintenance=world.maintenance,
        absent=world.absent,
        reference=app.known_reference(),
        ups={
            key[0]: seen.value
            for key, seen in agent.observations.items()
            if isinstance(seen.value, Ups)
        },
        sweep=Sweep(sweep[0], sweep[2]) if sweep else None,
        simulated=simulated,
    )


def _lines(agent: Agent, world: World) -> Iterator[FaultLine]:
    for case in agent.casework.desk.cases.values():
        yield from _lines_of(case, world)


def _lines_of(case: Case, world: World) -> Iterator[FaultLine]:
    device = world.devices.get(case.device)
    site = world.site_names.get(case.site) or case.site
    name = (
        device.name if device else f"{site} site" if case.device.startswith(SITE) else case.device
    )
    for fault in case.faults:
        yield FaultLine(
            device=case.device,
            name=name,
            question=fault.question,
            part=fault.part,
            code=fault.code,
            state=fault.state,
            sentence=fault.sentence,
            since=fault.since,
            priority=case.priority,
            number=case.number,
            acknowledged_by=case.ack.by if case.ack else "",
            cause=case.cause,
            cause_number=case.cause_number,
            affected=len(case.affected),
            held=case.held,
            maintenance=world.maintenance.get(case.device, ""),
        )


def details(agent: Agent, name: str) -> dict[str, Any] | None:
    """One device in words; None for what is not configured."""
    world = agent.world()
    device = world.devices.get(name)
    if device is None:
        return None
    looks = [_look(agent, ask) for ask in agent.app.asks if ask.device == name]
    lines = [line for line in _lines(agent, world) if line.device == name]
    site = world.site_names.get(device.site) or device.site
    return panel.details(device, site, looks, lines, world.maintenance.get(name, ""))


def _look(agent: Agent, ask: Ask) -> panel.Look:
    """The latest result of `ask` in the words that the verdict has for it."""
    seen, observation = agent.board.seen.get(ask.key), agent.observations.get(ask.key)
    if seen is None or observation is None:
        return panel.Look(ask, None)
    device = agent.app.devices[ask.device]
    found = agent.app.explained(device, verdict.judge(observation, device))
    return panel.Look(ask, time.monotonic() - seen.landed, found)
