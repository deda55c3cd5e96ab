"""How the duties stand, as /metrics shows it, from a real record: bounded, and old figures go."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers import evidence_months
from helpers.evidence_record import configuration

from healthmon.evidence import duties
from healthmon.runtime import duty_metrics
from healthmon.store import Batch, Store
from healthmon.store.engine import StoreError

DAY = duties.DAY
OVERDUE, SOON = "healthmon_duty_overdue", "healthmon_duty_due_soon"
DUE = "healthmon_duty_due_timestamp_seconds"


class Agent:
    """The agent as far as the figures need it; its record fails while `broken`."""

    def __init__(self, folder: Path) -> None:
        self.config = configuration(evidence_months.month(2026, 10), folder)
        self.engine = SimpleNamespace(estate=self)
        self.incident_service = SimpleNamespace(store_writer=self)
        self.store = Store.open(f"sqlite:///{folder / 'healthmon.db'}")
        self.metrics, self.broken = self, False
        self.tables: dict[str, dict[str, float]] = {}

    async def query(self, read):  # type: ignore[no-untyped-def]
        if self.broken:
            raise StoreError("the disk is full")
        return read(self.store)

    def table(self, name, _text, labels, rows):  # type: ignore[no-untyped-def]
        assert labels == ("duty", "name")
        self.tables[name] = {who[0]: value for who, value in rows}

    def declare(self, duty: str, subject: str, done: float) -> None:
        texts = {"by": "Ann", "once": f"{duty}{subject}", "evidence": "report 7"}
        times = (done, time.time())
        self.store.operate(duties.declaration(self.config, duty, subject, texts, times))


@pytest.fixture
def agent(tmp_path: Path):  # type: ignore[no-untyped-def]
    made = Agent(tmp_path)
    yield made
    made.store.close()


async def test_a_duty_has_one_series_however_many_sites_it_is_done_for(agent: Agent) -> None:
    now = time.time()
    agent.store.record(Batch(alive=now - 1000 * DAY))
    agent.declare("cleaning", "a", now - 200 * DAY)
    agent.declare("cleaning", "b", now - 160 * DAY)
    agent.declare("signage", "a", now - DAY)
    agent.declare("signage", "b", now - 2 * DAY)
    agent.declare("dpia", "", now - 350 * DAY)
    await duty_metrics.show(agent)  # type: ignore[arg-type]
    found = agent.tables
    assert (found[OVERDUE]["cleaning"], found[SOON]["cleaning"]) == (1, 1)
    assert found[DUE]["cleaning"] == pytest.approx(now - 18 * DAY, abs=1)
    assert (found[OVERDUE]["signage"], found[SOON]["signage"]) == (0, 0)
    assert (found[OVERDUE]["dpia"], found[SOON]["dpia"]) == (0, 1)
    assert found[OVERDUE]["audit"] == 1, "never declared, and watched for longer than its lead time"
    registered = {one.id for one in duties.register(agent.config)}
    assert [set(rows) for rows in found.values()] == [registered] * 3


async def test_a_new_estate_is_not_overdue_nor_due_soon(agent: Agent) -> None:
    agent.store.record(Batch(alive=time.time() - DAY))
    await duty_metrics.show(agent)  # type: ignore[arg-type]
    assert not any(agent.tables[OVERDUE].values())
    assert not any(agent.tables[SOON].values())


async def test_what_the_record_does_not_answer_is_not_shown_from_before(agent: Agent) -> None:
    await duty_metrics.show(agent)  # type: ignore[arg-type]
    assert all(agent.tables[name] for name in (OVERDUE, SOON, DUE))
    agent.broken = True
    await duty_metrics.show(agent)  # type: ignore[arg-type]
    assert not any(agent.tables.values())
