"""Acts of people in the store, on SQLite and on a real PostgreSQL: checked, chained, never lost, and
taken over from a history of the version before.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.store_samples import CASE, full
from helpers.stores import Opener, opener, server

from healthmon.incidents.acts import Act, ActKind, act
from healthmon.incidents.incident import Ack, EstateState, IncidentEvent
from healthmon.incidents.life_cycle import Stage
from healthmon.incidents.reducer import IncidentReducer
from healthmon.store import Batch, Store, StoreError, TroubleError, Wanted
from healthmon.store.retained import alike
from healthmon.store.schema import VERSION

pytestmark = pytest.mark.slow
__all__ = ["opener", "server"]  # fixtures
NOW = 2000.0


@pytest.fixture
def store(opener: Opener) -> Iterator[Store]:
    """A store with the open fault 7."""
    made = opener()
    made.record(full())
    yield made
    made.close()


def on(kind: ActKind, number: int = 7, **details: str) -> Act:
    return replace(act(kind, "A. Smith", NOW, NOW - 100, **details), number=number)


ACK = on(ActKind.ACKNOWLEDGE, reason="contractor called")


def test_an_act_is_checked_against_the_life_of_its_fault(store: Store) -> None:
    assert store.act(ACK).stage is Stage.ACKNOWLEDGED
    assert store.life_cycle(7).ack == Ack("A. Smith", "contractor called", NOW)
    with pytest.raises(StoreError, match="F000008: no such fault"):
        store.act(replace(ACK, number=8))
    with pytest.raises(StoreError, match="F000007: healthmon still sees the fault"):
        store.act(on(ActKind.CLOSE, cause="device"))
    store.record(Batch(incidents={7: replace(CASE, closed=NOW - 50)}))
    with pytest.raises(StoreError, match="F000007: is over"):
        store.act(ACK)
    assert store.act(on(ActKind.CLOSE, cause="device")).stage is Stage.CLOSED
    assert len(store.life_cycle(7).acts) == 2


def test_acts_and_what_the_agent_writes_are_one_chain(store: Store, opener: Opener) -> None:
    beside = opener()
    beside.act(ACK)
    changed = replace(CASE, revision=2)
    store.record(Batch(incidents={7: changed}, told=[IncidentEvent("changed", changed, NOW)]))
    beside.act(on(ActKind.ATTEND))
    assert store.broken_links() == []
    beside.close()


def test_a_changed_act_breaks_the_chain(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/history.db")
    store.record(full())
    store.act(ACK)
    store.act(on(ActKind.ATTEND))
    with closing(sqlite3.connect(tmp_path / "history.db")) as other, other:
        other.execute("UPDATE acts SET name = replace(name, 'Smith', 'Jones')")
    assert store.broken_links() == [2, 3]
    store.close()


def test_all_of_several_acts_are_recorded_or_none(store: Store) -> None:
    good = on(ActKind.ATTEND), on(ActKind.FIX, action="new lead")
    with pytest.raises(StoreError):
        store.act_all([*good, on(ActKind.CLOSE, cause="device")])
    assert store.life_cycle(7).acts == ()
    store.act_all(good)
    assert [one.kind for one in store.life_cycle(7).acts] == ["attend", "fix"]
    assert store.broken_links() == []


def test_an_undo_is_an_act_and_takes_nothing_out(store: Store) -> None:
    store.act(ACK)
    (kept,) = store.life_cycle(7).acts
    life = store.act(on(ActKind.UNDO, act=str(kept.id)))
    assert (life.stage, life.ack, len(life.acts)) == (Stage.OPEN, None, 2)
    assert store.load().incidents[0].ack is None
    store.act(ACK)
    assert store.load().incidents[0].ack == Ack("A. Smith", "contractor called", NOW)


def test_the_agent_reads_only_what_is_new(store: Store) -> None:
    assert store.acted_on(0) == (0, [])
    store.act(ACK)
    last, (life,) = store.acted_on(0)
    assert life.incident.number == 7
    assert store.load().last_act == last
    assert store.acted_on(last) == (last, [])


def test_many_at_once_write_one_chain(opener: Opener, store: Store) -> None:
    problems: list[Exception] = []

    def work() -> None:
        mine = opener()
        try:
            for _ in range(5):
                mine.act(on(ActKind.CONFIRM))
        except Exception as error:
            problems.append(error)
        finally:
            mine.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert problems == []
    assert len(store.life_cycle(7).acts) == 20
    assert store.broken_links() == []


# --------------------------------------------------------------------- pictures that need a person


def test_a_false_alarm_is_over_on_the_disk_with_its_faults_and_an_undo_brings_both_back(
    store: Store,
) -> None:
    faults = tuple(replace(one, code="view_covered") for one in CASE.faults)
    case = replace(CASE, faults=faults, past=())
    store.record(Batch({one.key: one for one in faults}, {7: case}))
    known = {one.key for one in store.load().faults}
    life = store.act(on(ActKind.DISMISS))
    assert life.stage is Stage.CLOSED
    left = store.load()
    assert [one.number for one in left.incidents if one.number == 7] == []
    assert {one.key for one in left.faults} == known - {one.key for one in faults}
    assert [one.incident.number for one in store.dismissed()] == [7]
    with pytest.raises(StoreError, match="is a false alarm, A"):
        store.act(on(ActKind.CONFIRM))
    store.act(on(ActKind.UNDO, act=str(life.acts[-1].id)))
    again = store.load()
    assert {one.key for one in again.faults} == known
    assert [one.closed for one in again.incidents if one.number == 7] == [None]
    assert store.dismissed() == []
    assert store.broken_links() == []


# ------------------------------------------------------------------------------- raised by a person

RAISE = act(ActKind.RAISE, "B. Night", NOW, NOW - 600, what="dome is dirty", noticed_by="police")


def numbered(store: Store) -> int:
    """Give what is raised its number, as the agent does."""
    reducer = IncidentReducer(last_number=store.load().last_number)
    (raised,) = store.raised()
    number = reducer.raise_fault(raised, EstateState())
    batch = Batch(incidents={number: reducer.incidents[number]}, raised={raised.id: number})
    store.record(batch)
    store.record(batch)
    return number


def test_a_raised_fault_waits_for_its_number_and_gets_one(store: Store) -> None:
    made = store.raise_fault(RAISE)
    assert store.number_of(made) == 0
    store.trim(alike(NOW), NOW)
    assert numbered(store) == 8
    assert (store.raised(), store.number_of(made)) == ([], 8)
    life = store.life_cycle(8)
    assert (life.raised, life.incident.lead.sentence) == (True, "dome is dirty")
    assert life.incident.since == NOW - 600
    assert store.load().last_number == 8


def test_a_raised_fault_ends_when_a_person_closes_it_and_begins_again_by_undo(store: Store) -> None:
    store.raise_fault(RAISE)
    number = numbered(store)
    store.act(on(ActKind.VERIFY, number))
    assert number in [one.number for one in store.incidents(Wanted(open_only=True))]
    closed = store.act(on(ActKind.CLOSE, number, cause="lens"))
    assert closed.incident.closed == NOW
    assert number not in [one.number for one in store.incidents(Wanted(open_only=True))]
    last = closed.last_act
    assert last is not None
    again = store.act(on(ActKind.UNDO, number, act=str(last.id)))
    assert (again.stage, again.incident.closed) == (Stage.VERIFIED, None)
    assert number in [one.number for one in store.incidents(Wanted(open_only=True))]


def test_acts_go_with_the_fault_that_is_too_old(store: Store) -> None:
    store.act(ACK)
    store.record(Batch(incidents={7: replace(CASE, closed=1500.0)}))
    store.trim(alike(1400.0), NOW)
    assert len(store.life_cycle(7).acts) == 1
    store.trim(alike(1600.0), NOW)
    with pytest.raises(StoreError, match="no such fault"):
        store.life_cycle(7)
    assert store.acted_on(0)[1] == []


# ------------------------------------------------------------------------ a history of the version before


def before(tmp_path: Path) -> str:
    """The URL of a history that the last build with schema 1 has written."""
    with closing(sqlite3.connect(tmp_path / "history.db")) as old:
        old.executescript(Path(__file__).with_name("history_1.sql").read_text())
    return f"sqlite:///{tmp_path}/history.db"


def test_a_history_of_schema_1_is_brought_up_to_date_in_place(tmp_path: Path) -> None:
    url = before(tmp_path)
    with pytest.raises(
        TroubleError, match=f"the history has schema 1, this version {VERSION}; start the"
    ):
        Store.reader(url)
    store = Store.open(url)
    first, second = store.life_cycle(7).acts
    assert (first.kind, first.by, first.get("reason"), first.at, first.happened) == (
        "acknowledge",
        "A. Smith",
        'contractor "Acme" called\\n',
        1100.0,
        1100.0,
    )
    assert (second.by, second.get("reason")) == ("Zoë Ünal", "parts ordered")
    assert store.load().incidents[0].ack == Ack("Zoë Ünal", "parts ordered", 1200.0)
    assert {one.number for one in store.incidents()} == {6, 7}
    assert store.broken_links() == []
    store.act(on(ActKind.ATTEND))
    store.close()
    again = Store.open(url)
    assert len(again.life_cycle(7).acts) == 3, "it is done once"
    assert again.broken_links() == []
    again.close()
    Store.reader(url).close()


def test_a_migration_that_is_cut_off_begins_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = before(tmp_path)
    with monkeypatch.context() as broken:
        broken.setattr("healthmon.store.database.Store._set", _full_disk)
        with pytest.raises(TroubleError, match="full"):
            Store.open(url)
    store = Store.open(url)
    assert len(store.life_cycle(7).acts) == 2
    store.close()


def _full_disk(*_: object) -> None:
    raise sqlite3.OperationalError("database or disk is full")


def test_a_form_that_comes_twice_is_one_act_and_a_changed_one_is_another(store: Store) -> None:
    report = replace(on(ActKind.REPORT, to="Acme"), form="form-1")
    assert [len(store.act(report).acts) for _ in range(2)] == [1, 1]
    assert len(store.act(replace(report, details={"to": "Highways"})).acts) == 2
    assert len(store.act(replace(report, form="form-2")).acts) == 3
    raised = act(ActKind.RAISE, "A. Smith", NOW, what="dome is dirty", noticed_by="police")
    first = store.raise_fault(replace(raised, form="form-3"))
    assert store.raise_fault(replace(raised, form="form-3", at=NOW + 9)) == first
    assert store.raise_fault(raised) != first, "without a form nothing is known of it"
    assert len(store.raised()) == 2
