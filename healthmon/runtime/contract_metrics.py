"""How the contractors stand with the open faults, for /metrics: one series for each contractor,
priority and promise, however many faults there are.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from healthmon.config.contracts import Contracts
from healthmon.incidents.contract_clock import Promise, Standing, clock_of, contractor_of, terms_of
from healthmon.incidents.life_cycle import LifeCycle
from healthmon.runtime.agent_metrics import Row, Shown, Table
from healthmon.store import Store
from healthmon.store.engine import StoreError

log = logging.getLogger(__name__)
SECONDS = 15.0
LABELS = ("contractor", "priority", "promise")
Key = tuple[str, str, str]


@dataclass(slots=True)
class _Stand:
    """The promises of one key: how many of each standing, and of those whose time has begun and that
    are not kept yet the seconds of working time that are left and the times at which they are due.
    """

    standings: Counter[Standing] = field(default_factory=Counter)
    left: list[float] = field(default_factory=list)
    due: list[float] = field(default_factory=list)

    def add(self, one: Promise) -> None:
        """Count `one`."""
        self.standings[one.standing] += 1
        if one.done is None and one.standing is not Standing.NOT_STARTED:
            self.left.append(one.allowed - one.used)
            self.due += [one.due] if one.due is not None else []


async def follow(agent: Shown) -> None:
    """Bring the figures up to date for ever."""
    while True:
        await show(agent)
        await asyncio.sleep(SECONDS)


async def show(agent: Shown) -> None:
    """The same once. Without an answer of the store nothing is shown: what was known is old."""
    estate = agent.engine.estate
    if not estate.contracts.by_id:
        return
    incidents = list(agent.incident_service.reducer.incidents.values())
    zone = ZoneInfo(estate.config.estate.time_zone)

    def read(store: Store) -> list[Table]:
        return list(tables(store.life_cycles(incidents), estate.contracts, zone, time.time()))

    try:
        made = await agent.incident_service.store_writer.query(read)
    except StoreError as error:
        log.debug("the contract clocks are not known: %s", error)
        made = [(name, text, labels, ()) for name, text, labels, _ in _made({})]
    for table in made if isinstance(made, list) else ():
        agent.metrics.table(*table)


def tables(
    lives: Iterable[LifeCycle], contracts: Contracts, zone: ZoneInfo, now: float
) -> Iterator[Table]:
    """(family, help, label names, rows) of the promises of `contracts` at `now` (Unix seconds)."""
    stands = {key: _Stand() for key in _promises(contracts)}
    for life in lives:
        terms = terms_of(contracts, zone, life)
        if terms is None or life.over is not None:
            continue
        clock = clock_of(life, terms, now)
        who = contractor_of(contracts, life), f"P{life.incident.priority}"
        for name, one in (("response", clock.response), ("fix", clock.fix)):
            if one is not None:
                stands[*who, name].add(one)
    yield from _made(stands)


def _promises(contracts: Contracts) -> Iterator[Key]:
    """Everything that is promised, with or without a fault."""
    for contractor, contract in contracts.by_id.items():
        for priority, promised in contract.promised.items():
            for name, seconds in (("response", promised.response), ("fix", promised.fix)):
                if seconds is not None:
                    yield contractor, f"P{priority}", name


def _made(stands: dict[Key, _Stand]) -> Iterator[Table]:
    counts: Sequence[Row] = [
        ((*key, standing.value.replace(" ", "_")), float(stand.standings[standing]))
        for key, stand in stands.items()
        for standing in Standing
    ]
    yield (
        "healthmon_contract_promises",
        "Promises of the contract on open faults, by how they stand; overdue and late are breaches.",
        (*LABELS, "standing"),
        counts,
    )
    yield (
        "healthmon_contract_left_seconds",
        "Least working time that is left for an open fault; below 0 it is overdue.",
        LABELS,
        [(key, min(stand.left)) for key, stand in stands.items() if stand.left],
    )
    yield (
        "healthmon_contract_next_due_timestamp_seconds",
        "Time at which the first open fault is due; a fault whose pause has no end has none.",
        LABELS,
        [(key, min(stand.due)) for key, stand in stands.items() if stand.due],
    )
