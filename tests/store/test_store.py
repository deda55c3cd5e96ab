"""The store on SQLite and on a real PostgreSQL: what is written together comes back together, and damage is told."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from databases import installed, postgres
from sqlalchemy import create_engine
from support import IN_CI, Peers, need

from healthmon.cases import Ack, Case, Told
from healthmon.faults import Fault
from healthmon.keeper import Keeper
from healthmon.model import State
from healthmon.store import (
    AloneError,
    Batch,
    CorruptError,
    Outgoing,
    Segment,
    Settled,
    Stay,
    Store,
    StoreError,
    TroubleError,
    schema,
)
from healthmon.store.engine import quarantine

FAULT = Fault(
    "C001", "reach", "", "reach", "unreachable", State.FAULT, "no answer für 12 s", 1000.0, 1060.0
)
CASE = Case(7, "C001", "riverside", (FAULT,), 1000.0, 1060.0, 2, told=1080.0, revision=1)
ROW = Outgoing("F000007-1", "duty", "C001", 7, '{"a":1}', 1080.0, 1080.0)
Opener = Callable[[], Store]


@pytest.fixture(scope="module", autouse=True)
def server(module_peers: Peers) -> str:
    """The URL of a PostgreSQL started before the first leak check; empty on a laptop without one."""
    return postgres(module_peers)[1] if IN_CI or installed() else ""


@pytest.fixture(params=["sqlite", "postgresql"])
def opener(request: pytest.FixtureRequest, tmp_path: Path, server: str) -> Iterator[Opener]:
    if request.param == "sqlite":
        yield lambda: Store.open(f"sqlite:///{tmp_path}/history.db")
        return
    if not server:
        need("postgresql")
    yield lambda: Store.open(server)
    engine = create_engine(server)
    schema.META.drop_all(engine)
    engine.dispose()


def full() -> Batch:
    return Batch({FAULT.key: FAULT}, {7: CASE}, [Told("opened", CASE, 1080.0)], [ROW], alive=1090.0)


def test_what_was_written_comes_back_after_a_restart(opener: Opener) -> None:
    store = opener()
    store.record(full())
    store.close()
    store = opener()
    saved = store.load()
    assert saved.faults == (FAULT,)
    assert saved.cases == (CASE,)
    assert (saved.last_number, saved.outgoing, saved.alive) == (7, (ROW,), 1090.0)
    assert saved.heard == ((7, "duty", 1080.0),)
    store.close()


def test_a_closed_fault_and_a_sent_notice_are_gone_but_kept_in_history(opener: Opener) -> None:
    store = opener()
    store.record(full())
    done = replace(CASE, closed=1200.0, revision=2)
    store.record(
        Batch(
            {FAULT.key: None},
            {7: done},
            [Told("closed", done, 1200.0)],
            settled=[Settled("F000007-1", "duty", "sent", 1081.0)],
        )
    )
    saved = store.load()
    assert (saved.faults, saved.cases, saved.outgoing, saved.last_number) == ((), (), (), 7)
    assert store.cases() == [done]
    assert store.cases(open_only=True) == []
    assert store.cases(device="C002") == []
    assert store.broken_links() == []
    store.close()


def test_the_same_news_twice_is_kept_once(opener: Opener) -> None:
    store = opener()
    store.record(full())
    store.record(full())
    assert store.load().outgoing == (ROW,)
    assert store.broken_links() == []
    store.close()


def test_a_batch_is_written_whole_or_not_at_all(opener: Opener) -> None:
    store = opener()
    bad = full()
    bad.outgoing.append(replace(ROW, notice="F000007-2", body=None))  # type: ignore[arg-type]
    with pytest.raises(StoreError):
        store.record(bad)
    assert store.load().cases == ()
    store.record(full())
    assert store.load().cases == (CASE,)
    assert store.broken_links() == []
    store.close()


def test_a_changed_line_of_the_audit_chain_is_found(opener: Opener) -> None:
    store = opener()
    for number in range(1, 5):
        case = replace(CASE, number=number)
        store.record(Batch(cases={number: case}, told=[Told("opened", case, 1000.0 + number)]))
    assert store.broken_links() == []
    with store._transaction() as conn:
        conn.exec_driver_sql("UPDATE changes SET at = 1 WHERE id = 3")
    assert store.broken_links() == [3]
    store.close()


def test_timelines_are_stretches_and_end_where_nobody_watched(opener: Opener) -> None:
    store = opener()
    store.record(Batch(segments=[Segment("C001", "reach", "ok", 10.0)]))
    store.record(
        Batch(
            segments=[
                Segment("C001", "reach", "ok", 10.0, 50.0),
                Segment("C001", "reach", "fault", 50.0),
            ]
        )
    )
    store.end_timelines(80.0)
    assert store.timeline("C001") == [("reach", "ok", 10.0, 50.0), ("reach", "fault", 50.0, 80.0)]
    assert store.timeline("C001", since=60.0) == [("reach", "fault", 50.0, 80.0)]
    store.close()


def test_trim_forgets_only_what_ended_long_ago(opener: Opener) -> None:
    store = opener()
    store.record(full())
    old = replace(CASE, number=3, closed=500.0)
    store.record(
        Batch(
            cases={3: old},
            told=[Told("closed", old, 500.0)],
            segments=[Segment("C001", "reach", "ok", 1.0, 2.0)],
        )
    )
    store.trim(900.0)
    assert [case.number for case in store.cases()] == [7]
    assert store.timeline("C001") == []
    assert store.load().outgoing == (ROW,)
    assert store.broken_links() == []
    store.close()


def test_an_acknowledgement_needs_an_open_case(opener: Opener) -> None:
    store = opener()
    store.record(full())
    ack = Ack("A. Operator", "contractor called", 1100.0)
    store.acknowledge(7, ack)
    assert store.acknowledged(0) == [(1, 7, ack)]
    assert store.acknowledged(1) == []
    with pytest.raises(StoreError, match="F000008: no such fault"):
        store.acknowledge(8, ack)
    store.record(Batch(cases={7: replace(CASE, closed=1200.0)}))
    with pytest.raises(StoreError, match="F000007: is closed"):
        store.acknowledge(7, ack)
    store.close()


def test_o9_a_stale_sweep_is_not_signed_and_a_second_signature_is_an_addition(
    opener: Opener,
) -> None:
    store = opener()
    sweep = store.keep_sweep(1000.0, "{}")
    assert store.last_sweep() == (sweep, 1000.0, "{}")
    assert store.sign(sweep, "A. Day", "", 1100.0, 900.0) == "signed"
    assert store.sign(sweep, "A. Day", "", 5000.0, 900.0) == "already"
    assert store.sign(sweep, "B. Night", "", 1200.0, 900.0) == "added"
    with pytest.raises(StoreError, match="sweep again"):
        store.sign(sweep, "C. Late", "", 2000.0, 900.0)
    assert store.signatures(sweep) == [("A. Day", 1100.0, False), ("B. Night", 1200.0, True)]
    store.close()


def test_a_newer_schema_is_not_touched(opener: Opener) -> None:
    store = opener()
    with store._transaction() as conn:
        conn.exec_driver_sql("UPDATE meta SET value = '99' WHERE name = 'version'")
    store.close()
    with pytest.raises(CorruptError, match="newer version"):
        opener()


def test_a4_a_damaged_file_is_told_and_put_aside(tmp_path: Path) -> None:
    file = tmp_path / "history.db"
    store = Store.open(f"sqlite:///{file}")
    for number in range(1, 400):
        store.record(Batch(cases={number: replace(CASE, number=number)}))
    store.close()
    data = bytearray(file.read_bytes())
    data[4096:20000] = b"\xa5" * (20000 - 4096)
    file.write_bytes(data)
    with pytest.raises(CorruptError):
        Store.open(f"sqlite:///{file}")
    aside = quarantine(file, 0.0)
    assert aside is not None
    assert aside.name == "history.db.corrupt-19700101T000000Z"
    assert aside.exists()
    assert not file.exists()


def test_a4_a_locked_database_is_trouble_that_may_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("healthmon.store.engine.BUSY_SECONDS", 0.2)
    file = tmp_path / "history.db"
    store = Store.open(f"sqlite:///{file}")
    other = sqlite3.connect(file)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(TroubleError, match="locked"):
        store.record(full())
    other.rollback()
    other.close()
    store.record(full())
    assert store.load().cases == (CASE,)
    store.close()


def test_sqlite_commits_by_rollback_journal_and_waits_for_the_disk(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/history.db")
    with store._transaction() as conn:
        assert conn.exec_driver_sql("PRAGMA journal_mode").scalar() == "delete"
        assert conn.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    store.close()


def test_a_server_that_is_away_is_trouble(module_peers: Peers) -> None:
    with pytest.raises(TroubleError) as caught:
        Store.open("postgresql+psycopg://healthmon@127.0.0.1:1/postgres", "s3cret")
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_where_a_deployable_camera_was_is_kept_when_it_changes(opener: Opener) -> None:
    store = opener()
    fair = Stay("D001", "deployed", "Fair Ground", 1000.0)
    stays = [fair, replace(fair, since=1100.0), replace(fair, location="Quay", since=1200.0)]
    stays += [Stay("D001", "in_store", "", 1300.0), Stay("D002", "in_transit", "", 1300.0)]
    for stay in stays:
        store.record(Batch(stays=[stay]))
    store.record(Batch(stays=[replace(stays[3], since=1400.0), replace(stays[4], since=1400.0)]))
    store.close()
    store = opener()
    assert store.stays("D001") == [fair, stays[2], stays[3]]
    assert store.stays("D002") == [stays[4]]
    assert store.stays("C001") == []
    store.trim(1250.0)
    assert store.stays("D001") == [stays[2], stays[3]], (
        "what ended before is forgotten, the rest is not"
    )
    store.trim(5000.0)
    assert store.stays("D001") == [stays[3]], "where it is now stays known"
    store.close()


def test_a13_two_agents_cannot_have_one_database_of_a_server(server: str) -> None:
    if not server:
        need("postgresql")
    first = Store.open(server, alone=True)
    with pytest.raises(AloneError, match="another healthmon agent runs already"):
        Keeper(lambda: Store.open(server, alone=True)).start()
    Store.open(server).close()  # commands beside the agent are welcome
    first.close()
    Store.open(server, alone=True).close()
