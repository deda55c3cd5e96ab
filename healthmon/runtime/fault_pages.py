"""Faults and their records as the pages show them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

from healthmon.incidents.contract_clock import clock_of, terms_of
from healthmon.incidents.fault_words import DONE, details_of, promised, stage_words
from healthmon.incidents.incident import OTHER, SITE, EstateState
from healthmon.incidents.life_cycle import LifeCycle
from healthmon.incidents.local_time import shown
from healthmon.model.enums import AGENT
from healthmon.runtime import fault_evidence
from healthmon.runtime.agent import Agent
from healthmon.runtime.device_rows import contractor_names
from healthmon.store import Store
from healthmon.store.fault_evidence import Evidence, evidence_of
from healthmon_exporters.pages.act_forms import act_forms
from healthmon_exporters.pages.rows import SHOWN_OF, ActRow, FaultPage, FaultRow

LATE_SECONDS = 60.0


def rows_of(agent: Agent, lives: Iterable[LifeCycle]) -> list[FaultRow]:
    """One row a fault, in the given order."""
    estate_state, now = agent.estate_state(), time.time()
    contractors = contractor_names(agent)
    return [_row(life, estate_state, contractors, now) for life in lives]


def _row(
    life: LifeCycle, estate_state: EstateState, contractors: Mapping[str, str], now: float
) -> FaultRow:
    incident, end = life.incident, life.over
    device = estate_state.devices.get(incident.device)
    lead = incident.lead
    repairer = (device.contractor or "") if device else ""
    return FaultRow(
        number=incident.number,
        device=incident.device.removeprefix(SITE),
        name=device.name if device and device.name != device.id else "",
        site=estate_state.site_names.get(incident.site) or incident.site,
        sentence=lead.sentence,
        shown=SHOWN_OF[incident.state],
        priority=incident.priority,
        since=incident.since,
        lasted=max(0.0, (now if end is None else end) - incident.since),
        stage=life.stage.value,
        over=end is not None,
        known=bool(device.site) if device else _was_device(incident.device),
        contractor=contractors.get(repairer, repairer),
        acknowledged_by=life.ack.by if life.ack else "",
        cause=incident.cause,
        cause_number=incident.cause_number,
        affected=incident.affected,
    )


def _was_device(name: str) -> bool:
    """Whether it is a device that config.yaml has no longer; the record has a page of it."""
    return name not in (OTHER, AGENT) and not name.startswith(SITE)


def page_of(agent: Agent, life: LifeCycle, evidence: Evidence) -> FaultPage:
    """The whole record of one fault."""
    now = time.time()
    row = _row(life, agent.estate_state(), contractor_names(agent), now)
    last = life.last_act
    return FaultPage(
        row=row,
        words=stage_words(life),
        restored=life.restored,
        contract=_contract(agent, life, now),
        forms=act_forms(life, row.contractor, now),
        acts=_acts(life),
        undo=last.id if last else 0,
        evidence=fault_evidence.rows_of(agent, life, evidence),
    )


def _contract(agent: Agent, life: LifeCycle, now: float) -> tuple[tuple[str, str], ...]:
    zone = ZoneInfo(agent.estate.config.estate.time_zone)
    terms = terms_of(agent.estate.contracts, zone, life)
    if terms is None:
        return ()
    found = clock_of(life, terms, now)
    if found.started is None:
        return (("Contract", "the clock starts with the first report"),)
    promises = (("Response", found.response), ("Fix", found.fix))
    return tuple(
        (name, promised(one, lambda at: shown(at, zone)))
        for name, one in promises
        if one is not None
    )


def _acts(life: LifeCycle) -> tuple[ActRow, ...]:
    undone = {one.undoes for one in life.acts}
    return tuple(
        ActRow(
            words=DONE[one.kind],
            by=one.by,
            at=one.at,
            happened=one.happened,
            details=details_of(one),
            late=abs(one.at - one.happened) >= LATE_SECONDS,
            undone=one.id in undone,
        )
        for one in life.acts
    )


def life_and_evidence(store: Store, number: int) -> tuple[LifeCycle, Evidence]:
    """The life of a fault and its evidence. Raises StoreError when there is no such fault."""
    life = store.life_cycle(number)
    return life, evidence_of(store, life, time.time())
