"""How the contractors stand, as /metrics shows it: bounded, and each figure that of the contract clock."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, time
from zoneinfo import ZoneInfo

from helpers.fault_samples import MACHINE

from healthmon.config.contracts import Contract, Contracts, Promised
from healthmon.incidents.acts import ActKind, PauseOwner, act
from healthmon.incidents.incident import Incident
from healthmon.incidents.life_cycle import LifeCycle
from healthmon.runtime import contract_metrics
from healthmon.store.engine import StoreError

LONDON = ZoneInfo("Europe/London")
HOUR = 3600.0
OFFICE = Promised(
    4 * HOUR, 18 * HOUR, (time(8), time(17)), frozenset(range(5)), bank_holidays=False
)
ALWAYS = Promised(2 * HOUR, None, None, frozenset(), bank_holidays=True)
CONTRACTS = Contracts(
    {"acme": Contract({1: ALWAYS, 2: OFFICE, 3: OFFICE, 4: OFFICE}), "idle": Contract({1: ALWAYS})},
    {"C001": "acme"},
)


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).timestamp()


def life(number: int, told: str | None, *acts: tuple[ActKind, str], **more: object) -> LifeCycle:
    """A fault of C001, priority 3, with what was done."""
    since = at(told or "2026-11-30T08:00")
    incident = replace(
        MACHINE, number=number, device="C001", priority=3, since=since,
        told=since if told else None, **more,
    )  # fmt: skip
    held_up = {"owner": PauseOwner.HIGHWAYS.value, "reason": "permit"}
    done = [
        replace(act(kind, "A. Smith", at(when), at(when), **needs), id=n)
        for n, (kind, when) in enumerate(acts, 1)
        for needs in [held_up if kind is ActKind.PAUSE else {}]
    ]
    return LifeCycle.of(incident, done)


def shown(now: str, *lives: LifeCycle) -> dict[tuple[str, ...], float]:
    made = contract_metrics.tables(lives, CONTRACTS, LONDON, at(now))
    return {(name, *labels): value for name, _, _, rows in made for labels, value in rows}


def promises(found: dict[tuple[str, ...], float], promise: str, standing: str) -> float:
    return found["healthmon_contract_promises", "acme", "P3", promise, standing]


LEFT, DUE = "healthmon_contract_left_seconds", "healthmon_contract_next_due_timestamp_seconds"


def test_the_least_time_left_and_the_first_due_time_are_those_of_the_most_urgent_fault() -> None:
    """Monday at 10: told at 8 and at 9; both have 4 h for a visit and 18 h for the repair."""
    found = shown("2026-11-30T10:00", life(1, "2026-11-30T09:00"), life(2, "2026-11-30T08:00"))
    assert promises(found, "response", "running") == 2
    assert found[LEFT, "acme", "P3", "response"] == 2 * HOUR
    assert found[DUE, "acme", "P3", "response"] == at("2026-11-30T12:00")
    assert found[DUE, "acme", "P3", "fix"] == at("2026-12-01T17:00")


def test_what_is_overdue_late_paused_not_started_or_met_is_counted_as_that() -> None:
    found = shown(
        "2026-12-03T10:00",
        life(1, "2026-11-30T08:00"),
        life(2, "2026-11-30T08:00", (ActKind.ATTEND, "2026-11-30T16:00")),
        life(3, "2026-12-03T08:00", (ActKind.PAUSE, "2026-12-03T09:00")),
        life(4, None),
        life(5, "2026-12-03T08:00", (ActKind.ATTEND, "2026-12-03T09:00")),
    )
    standings = ("overdue", "late", "paused", "not_started", "met", "running")
    assert [promises(found, "response", one) for one in standings] == [1, 1, 1, 1, 1, 0]
    assert [promises(found, "fix", one) for one in standings] == [2, 0, 1, 1, 0, 1]
    assert found[LEFT, "acme", "P3", "response"] == 4 * HOUR - 29 * HOUR
    assert found[DUE, "acme", "P3", "response"] == at("2026-11-30T12:00")


def test_there_are_as_many_series_with_a_thousand_faults_as_with_none() -> None:
    none, many = shown("2026-11-30T10:00"), shown("2026-11-30T10:00", *(
        life(number, "2026-11-30T09:00") for number in range(1, 1001)))  # fmt: skip
    promised = "healthmon_contract_promises"
    assert {key for key in none if key[0] == promised} == {
        key for key in many if key[0] == promised
    }
    assert len(many) == len(none) + 4
    assert (promised, "idle", "P1", "response", "running") in none
    assert (promised, "acme", "P1", "fix", "running") not in none, "acme promises no repair of P1"
    assert not any(key[0] in (LEFT, DUE) for key in none)


def test_faults_of_nobody_and_those_that_are_over_are_not_counted() -> None:
    other = life(1, "2026-11-30T08:00")
    other = LifeCycle.of(replace(other.incident, device="C999"), ())
    over = life(2, "2026-11-30T08:00", closed=at("2026-11-30T09:00"))
    found = shown("2026-12-03T10:00", other, over)
    assert not any(value for key, value in found.items() if key[0] == "healthmon_contract_promises")


class Answers:
    """The agent as far as the figures need it; its store fails while `broken`."""

    def __init__(self, incidents: list[Incident]) -> None:
        self.engine = self.estate = self.config = self.incident_service = self.reducer = self
        self.store_writer = self.metrics = self
        self.contracts, self.time_zone = CONTRACTS, "Europe/London"
        self.incidents = {one.number: one for one in incidents}
        self.broken, self.tables = False, dict[str, tuple[object, ...]]()

    async def query(self, read):
        if self.broken:
            raise StoreError("the disk is full")
        return read(self)

    def life_cycles(self, incidents):
        return [LifeCycle.of(one, ()) for one in incidents]

    def table(self, name, _text, _labels, rows):
        self.tables[name] = tuple(rows)


def test_what_the_store_does_not_answer_is_not_shown_from_before() -> None:
    agent = Answers([life(1, "2026-11-30T08:00").incident])
    asyncio.run(contract_metrics.show(agent))
    assert len(agent.tables) == 3
    assert all(agent.tables.values())
    agent.broken = True
    asyncio.run(contract_metrics.show(agent))
    assert not any(agent.tables.values())
