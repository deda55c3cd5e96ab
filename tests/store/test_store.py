"""The store on SQLite and on a real PostgreSQL: what is written together comes back together, and
damage is told.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.databases import empty
from helpers.store_samples import CASE, FAULT, ROW, full
from helpers.stores import Opener, opener, server
from helpers.support import Peers, need

from healthmon.incidents.incident import IncidentEvent
from healthmon.store import (
    AccessRow,
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
    Wanted,
)
from healthmon.store.engine import quarantine
from healthmon.store.lease import Lock
from healthmon.store.retained import alike
from healthmon.store.writer import StoreWriter

__all__ = ["opener", "server"]  # fixtures


def test_what_was_written_comes_back_after_a_restart(opener: Opener) -> None:
    store = opener()
    store.record(full())
    store.close()
    store = opener()
    saved = store.load()
    assert saved.faults == (FAULT,)
    assert saved.incidents == (CASE,)
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
            [IncidentEvent("closed", done, 1200.0)],
            settled=[Settled("F000007-1", "duty", "sent", 1081.0)],
        )
    )
    saved = store.load()
    assert (saved.faults, saved.incidents, saved.outgoing, saved.last_number) == ((), (), (), 7)
    assert store.incidents() == [done]
    assert store.incidents(Wanted(open_only=True)) == []
    assert store.incidents(Wanted(device="C002")) == []
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
    assert store.load().incidents == ()
    store.record(full())
    assert store.load().incidents == (CASE,)
    assert store.broken_links() == []
    store.close()


def test_a_changed_line_of_the_audit_chain_is_found(opener: Opener) -> None:
    store = opener()
    for number in range(1, 5):
        incident = replace(CASE, number=number)
        store.record(
            Batch(
                incidents={number: incident},
                told=[IncidentEvent("opened", incident, 1000.0 + number)],
            )
        )
    assert store.broken_links() == []
    with store._engine.transaction():
        store._engine.execute("UPDATE chain SET at = 1 WHERE n = 3")
    assert store.broken_links() == [3]
    store.close()


def test_logins_and_faults_are_links_of_one_chain(opener: Opener) -> None:
    store = opener()
    rows = [
        AccessRow(1000.0, "login", "smith", "192.0.2.1", "100 % smith's login"),
        AccessRow(1060.0, "login_refused", "", "192.0.2.1", "a login was refused"),
    ]
    incident = replace(CASE, number=1)
    told = [IncidentEvent("opened", incident, 1030.0)]
    store.record(Batch(access=rows[:1]))
    store.record(Batch(incidents={1: incident}, told=told))
    store.record(Batch(access=rows))
    assert store.access() == rows, "once each, and no fault among them"
    assert store.access(1001.0) == rows[1:]
    assert store.broken_links() == []
    with store._engine.transaction():
        store._engine.execute("UPDATE salts SET body = replace(body, 'refused', 'good')")
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
            incidents={3: old},
            told=[IncidentEvent("closed", old, 500.0)],
            segments=[Segment("C001", "reach", "ok", 1.0, 2.0)],
        )
    )
    store.trim(alike(900.0), 9000.0)
    assert [incident.number for incident in store.incidents()] == [7]
    assert store.timeline("C001") == []
    assert store.load().outgoing == (ROW,)
    assert store.broken_links() == []
    store.close()


def test_what_is_open_is_moved_with_our_clock_and_what_is_over_is_not(opener: Opener) -> None:
    store = opener()
    rows = [
        Outgoing("F000007-1", "desk", "C001", 7, "{}", 1000.0, 1010.0),
        Outgoing("F000007-1", "log", "C001", 7, "{}", 1000.0, 1020.0, state="held"),
        Outgoing("F000006-1", "desk", "C001", 6, "{}", 900.0, 900.0),
    ]
    segments = [
        Segment("C001", "reach", "ok", 500.0, 900.0),
        Segment("C001", "reach", "fault", 900.0),
    ]
    stays = [Stay("C001", "in_store", "", 100.0), Stay("C001", "deployed", "Quay", 950.0)]
    store.record(Batch(outgoing=rows, segments=segments, stays=stays))
    store.record(Batch(settled=[Settled("F000006-1", "desk", "sent", 901.0)]))
    store.record(Batch(steps=[-600.0], alive=410.0))
    store.record(Batch(segments=[Segment("C001", "reach", "fault", 300.0, 420.0)]))
    waiting = [(row.target, row.created, row.due) for row in store.load().outgoing]
    assert waiting == [("desk", 400.0, 410.0), ("log", 400.0, 420.0)]
    assert store.timeline("C001") == [
        ("reach", "fault", 300.0, 420.0),
        ("reach", "ok", 500.0, 900.0),
    ]
    assert [stay.since for stay in store.stays("C001")] == [100.0, 350.0]
    store.close()


def test_a_newer_schema_is_not_touched(opener: Opener) -> None:
    store = opener()
    with store._engine.transaction():
        store._engine.execute("UPDATE meta SET value = '99' WHERE name = 'version'")
    store.close()
    with pytest.raises(CorruptError, match="newer version"):
        opener()


def test_a4_a_damaged_file_is_told_and_put_aside(tmp_path: Path) -> None:
    file = tmp_path / "history.db"
    store = Store.open(f"sqlite:///{file}")
    for number in range(1, 400):
        store.record(Batch(incidents={number: replace(CASE, number=number)}))
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
    assert store.load().incidents == (CASE,)
    store.close()


def test_sqlite_commits_by_rollback_journal_and_waits_for_the_disk(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/history.db")
    with store._engine.transaction():
        assert store._engine.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert store._engine.execute("PRAGMA synchronous").fetchone() == (2,)
    store.close()


def test_a_server_that_is_away_is_trouble(module_peers: Peers) -> None:
    with pytest.raises(TroubleError) as caught:
        Store.open("postgresql://healthmon@127.0.0.1:1/postgres", "s3cret")
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
    store.trim(alike(1250.0), 9000.0)
    assert store.stays("D001") == [stays[2], stays[3]], (
        "what ended before is forgotten, the rest is not"
    )
    store.trim(alike(5000.0), 9000.0)
    assert store.stays("D001") == [stays[3]], "where it is now stays known"
    store.close()


def test_a13_two_agents_cannot_have_one_database_of_a_server(server: str) -> None:
    if not server:
        need("postgresql")
    first = Store.open(server, alone=Lock())
    with pytest.raises(AloneError, match="another healthmon agent runs already"):
        StoreWriter(lambda: Store.open(server, alone=Lock())).start()
    Store.open(server).close()  # commands beside the agent are welcome
    first.close()
    Store.open(server, alone=Lock()).close()


def test_a_connection_that_the_server_has_ended_is_made_anew(server: str) -> None:
    if not server:
        need("postgresql")
    store, other = Store.open(server), Store.open(server)
    with store._engine.transaction():
        ours = store._engine.execute("SELECT pg_backend_pid()").fetchone()[0]
    with other._engine.transaction():
        other._engine.execute("SELECT pg_terminate_backend(:ours)", {"ours": ours})
    other.close()
    store.record(full())
    assert store.load().incidents == (CASE,)
    store.close()
    empty(server)


def test_a_history_of_an_earlier_build_is_used_as_it_is(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "history.db")) as old:
        old.executescript(Path(__file__).with_name("schema_1.sql").read_text())
        old.execute("INSERT INTO meta VALUES ('version', '1')")
        old.commit()
    store = Store.open(f"sqlite:///{tmp_path}/history.db")
    store.record(full())
    store.record(full())
    store.keep_sweep(1000.0, "{}")
    store.trim(alike(900.0), 9000.0)
    saved = store.load()
    assert (saved.faults, saved.incidents, saved.outgoing) == ((FAULT,), (CASE,), (ROW,))
    store.close()
