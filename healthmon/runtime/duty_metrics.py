"""How the duties stand, for /metrics: three families with one series for each duty of the register,
however many sites and devices it is done for.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from healthmon.evidence import duties
from healthmon.evidence.duties import MOST_OPERATIONS, DutyState, Standing
from healthmon.incidents.operations import OperationKind
from healthmon.runtime.agent_metrics import Shown, Table
from healthmon.store import Store
from healthmon.store.engine import StoreError

log = logging.getLogger("healthmon")

# A duty is due on a day; what a person declares is seen within this time.
SECONDS: Final = 300.0
FIRST_SECONDS: Final = 15.0
LABELS: Final = ("duty", "name")


async def follow(agent: Shown) -> None:
    """Bring the figures up to date for ever."""
    await asyncio.sleep(FIRST_SECONDS)
    while True:
        await show(agent)
        await asyncio.sleep(SECONDS)


async def show(agent: Shown) -> None:
    """The same once. Without an answer of the store nothing is shown: what was known is old."""
    config = agent.engine.estate.config

    def read(store: Store) -> list[DutyState]:
        now = time.time()
        declared = store.operations([OperationKind.DUTY], MOST_OPERATIONS)
        return duties.states(config, declared, now, store.watched_since() or now)

    try:
        found = await agent.incident_service.store_writer.query(read)
    except StoreError as error:
        log.debug("the duties are not known: %s", error)
        found = []
    for table in tables(found) if isinstance(found, list) else ():
        agent.metrics.table(*table)


def tables(found: Sequence[DutyState]) -> Iterator[Table]:
    """(family, help, label names, rows) of the states of all duties, those of one duty together."""
    by_duty = [
        ((duty.id, duty.name), list(states))
        for duty, states in groupby(found, key=lambda one: one.duty)
    ]
    for family, text, standing in (
        (
            "healthmon_duty_overdue",
            "For how many sites or devices the duty is overdue; 1 for one of the estate.",
            Standing.OVERDUE,
        ),
        (
            "healthmon_duty_due_soon",
            "For how many sites or devices the duty is due within its lead time.",
            Standing.SOON,
        ),
    ):
        rows = [
            (who, float(sum(one.standing is standing for one in states))) for who, states in by_duty
        ]
        yield family, text, LABELS, rows
    yield (
        "healthmon_duty_due_timestamp_seconds",
        "Time at which the duty is due next, for the site or device where it is due first.",
        LABELS,
        [(who, min(one.due for one in states)) for who, states in by_duty],
    )
