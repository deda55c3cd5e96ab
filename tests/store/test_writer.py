"""The one writer: a full disk, a locked, damaged or foreign file are outlived; an acknowledged
record is on the disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.store_samples import CASE, FAULT, full
from helpers.support import need

from healthmon.config import loading
from healthmon.model.device import Check
from healthmon.model.enums import CheckName, State
from healthmon.model.results import CheckResult, Observation, Verdict
from healthmon.runtime import agent_metrics
from healthmon.runtime.agent import Agent
from healthmon.runtime.estate import Estate
from healthmon.store import Batch, Outgoing, Segment, Settled, Store, Wanted
from healthmon.store.writer import StoreWriter

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def writing(file: Path, **more: object) -> AsyncIterator[StoreWriter]:
    store_writer = StoreWriter(lambda: Store.open(f"sqlite:///{file}"), file, **more)  # type: ignore[arg-type]
    store_writer.start()
    job = asyncio.create_task(store_writer.run())
    try:
        yield store_writer
    finally:
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)
        await store_writer.close()


def one_result(verdict: Verdict) -> CheckResult:
    """A run of a check whose only verdict this is."""
    check = Check(verdict.device, verdict.check_type, verdict.instance)
    seen = Observation(*check.key, verdict.at, 0.1, None)
    return CheckResult(check, seen, (verdict,))


async def so(true: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "not so in time"
        await asyncio.sleep(0.05)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 600 KiB."""
    need("mount")
    if os.geteuid() != 0:
        pytest.skip("a file system of our own needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", folder],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"no tmpfs here: {done.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


async def test_a3_a_full_disk_is_outlived_and_what_happened_is_written_when_there_is_room(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("healthmon.store.writer.RETRY_SECONDS", 0.2)
    async with writing(small_disk / "history.db") as store_writer:
        await asyncio.wait_for(store_writer.submit(full()), 60)
        ballast = small_disk / "log"
        with ballast.open("wb", buffering=0) as out, contextlib.suppress(OSError):
            while out.write(b"x" * 4096):
                pass
        number = 100
        while store_writer.ok:
            number += 1
            store_writer.submit(
                Batch(incidents={number: replace(CASE, number=number, cause="y" * 2000)})
            ).cancel()
            await asyncio.sleep(0.05)
        assert "full" in store_writer.problem
        assert not store_writer.alarm, "a full disk is no damage"
        kept = store_writer.submit(Batch(incidents={99999: replace(CASE, number=99999)}))
        ballast.unlink()
        await asyncio.wait_for(kept, 60)
        assert store_writer.ok
    store = Store.reader(f"sqlite:///{small_disk / 'history.db'}")
    assert {7, number, 99999} <= {incident.number for incident in store.incidents()}
    store.close()


async def test_a3_what_cannot_be_kept_is_bounded_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("healthmon.store.writer.BOUND", 100)
    async with writing(tmp_path / "missing" / "history.db") as store_writer:
        for second in range(500):
            store_writer.submit(
                Batch(segments=[Segment("C001", "reach", "ok", float(second))])
            ).cancel()
        await so(lambda: bool(store_writer.problem))
        assert len(store_writer._pending.segments) <= 100
        assert store_writer.dropped >= 400


async def test_a4_a_database_that_is_locked_for_long_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("healthmon.store.engine.BUSY_SECONDS", 0.2)
    monkeypatch.setattr("healthmon.store.writer.RETRY_SECONDS", 0.1)
    file = tmp_path / "history.db"
    async with writing(file) as store_writer:
        await asyncio.wait_for(store_writer.submit(Batch(alive=1.0)), 60)
        other = sqlite3.connect(file)
        other.execute("BEGIN EXCLUSIVE")
        kept = store_writer.submit(full())
        await so(lambda: "locked" in store_writer.problem)
        await asyncio.sleep(0.5)
        assert not kept.done()
        other.rollback()
        other.close()
        await asyncio.wait_for(kept, 60)
    store = Store.reader(f"sqlite:///{file}")
    assert store.incidents() == [CASE]
    store.close()


async def test_a6_what_is_about_to_be_written_when_the_agent_ends_is_written(
    tmp_path: Path,
) -> None:
    """The writer's thread is busy; what waits for it has left the memory of the keeper, and is not
    on the disk yet.
    """
    file, go = tmp_path / "history.db", threading.Event()
    async with writing(file) as store_writer:
        await asyncio.wait_for(store_writer.submit(Batch(alive=1.0)), 60)
        store_writer._thread.submit(go.wait, 20)
        store_writer.submit(full()).cancel()
        await so(lambda: not store_writer._pending)
        asyncio.get_running_loop().call_later(0.2, go.set)
    store = Store.reader(f"sqlite:///{file}")
    try:
        assert store.incidents() == [CASE]
    finally:
        store.close()


def damaged(data: bytes, how: str) -> bytes:
    return {
        "flipped": data[:4096] + bytes(byte ^ 0xA5 for byte in data[4096:16384]) + data[16384:],
        "truncated": data[: len(data) // 2],
        "garbage": os.urandom(8192),
        "another": b"SQLite format 3\0" + bytes(4080),
    }[how]


@pytest.mark.parametrize("how", ["flipped", "truncated", "garbage", "another"])
def test_a4_a_damaged_file_is_put_aside_with_a_loud_alarm_and_numbers_go_on(
    tmp_path: Path, how: str
) -> None:
    file = tmp_path / "history.db"
    store = Store.open(f"sqlite:///{file}")
    for number in range(1, 300):
        store.record(Batch(incidents={number: replace(CASE, number=number)}))
    store.close()
    data = damaged(file.read_bytes(), how)
    file.write_bytes(data)
    store_writer = StoreWriter(lambda: Store.open(f"sqlite:///{file}"), file)
    saved = store_writer.start()
    assert saved.incidents == ()
    assert saved.last_number >= 299, "a number never means two faults"
    (aside,) = tmp_path.glob("history.db.corrupt-*")
    assert aside.read_bytes() == data
    assert aside.name in store_writer.alarm


def test_a4_an_empty_file_is_a_new_history(tmp_path: Path) -> None:
    file = tmp_path / "history.db"
    file.touch()
    store_writer = StoreWriter(lambda: Store.open(f"sqlite:///{file}"), file)
    assert store_writer.start().last_number == 0
    assert (store_writer.problem, store_writer.alarm) == ("", "")
    assert store_writer.store is not None
    store_writer.store.close()


async def test_a4_damage_while_running_is_put_aside_and_all_that_is_known_is_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("healthmon.store.writer.RETRY_SECONDS", 0.1)
    file = tmp_path / "history.db"
    known = Batch(faults={FAULT.key: FAULT}, incidents={7: CASE})
    async with writing(
        file, snapshot=lambda: replace(known, incidents=dict(known.incidents))
    ) as store_writer:
        await asyncio.wait_for(store_writer.submit(full()), 60)
        file.write_bytes(b"not a database at all" * 1000)
        await asyncio.wait_for(
            store_writer.submit(Batch(incidents={8: replace(CASE, number=8)})), 20
        )
        assert "put aside" in store_writer.alarm
    store = Store.reader(f"sqlite:///{file}")
    assert {incident.number for incident in store.incidents()} == {7, 8}
    assert store.load().faults == (FAULT,)
    store.close()


async def test_an_older_copy_in_the_same_file_is_a_store_that_begins_anew(tmp_path: Path) -> None:
    """As by ``cp backup.db healthmon.db``, which makes no new file."""
    file = tmp_path / "history.db"
    known = Batch(faults={FAULT.key: FAULT}, incidents={7: CASE})
    async with writing(file, snapshot=lambda: replace(known)) as store_writer:
        await asyncio.wait_for(store_writer.submit(Batch(alive=1000.0)), 60)
        backup = file.read_bytes()
        await asyncio.wait_for(store_writer.submit(replace(full(), alive=2000.0)), 60)
        await asyncio.wait_for(store_writer.submit(Batch(alive=2030.0)), 60)
        assert not store_writer.alarm
        with file.open("r+b") as written:
            written.write(backup)
            written.truncate()
        await asyncio.wait_for(store_writer.submit(Batch(alive=2060.0)), 60)
        assert "history goes on in the file that is there now" in store_writer.alarm
        store_writer.alarm = ""
        await asyncio.wait_for(store_writer.submit(Batch(alive=2090.0)), 60)
        assert not store_writer.alarm
    store = Store.reader(f"sqlite:///{file}")
    assert store.load().faults == (FAULT,)
    store.close()


async def test_a_step_of_our_clock_moves_nothing_in_a_store_that_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("healthmon.store.writer.RETRY_SECONDS", 0.1)
    file = tmp_path / "history.db"
    row = Outgoing("F000007-1", "desk", "C001", 7, "{}", 1000.0, 1010.0)
    known = Segment("C001", "reach", "ok", 900.0)
    async with writing(file, snapshot=lambda: Batch(outgoing=[row], segments=[known])) as writer:
        await asyncio.wait_for(writer.submit(full()), 60)
        file.write_bytes(b"not a database at all" * 1000)
        await asyncio.wait_for(writer.submit(Batch(steps=[-600.0], alive=1000.0)), 60)
        assert "put aside" in writer.alarm
    store = Store.reader(f"sqlite:///{file}")
    assert store.load().outgoing == (row,)
    assert [since for _, _, since, _ in store.timeline("C001")] == [900.0]
    store.close()


async def test_a4_a_read_only_file_is_trouble_and_no_end(tmp_path: Path) -> None:
    need("mount")
    if os.geteuid() != 0:
        pytest.skip("a read-only file system needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=True)
    try:
        Store.open(f"sqlite:///{folder / 'history.db'}").close()
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        async with writing(folder / "history.db") as store_writer:
            await so(
                lambda: "read" in store_writer.problem.lower() or "unable" in store_writer.problem
            )
            assert not store_writer.alarm
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a6_every_acknowledgement_has_its_data_on_the_disk_first(tmp_path: Path) -> None:
    """The order of system calls: since the last acknowledgement, the database itself has been
    synced.
    """
    need("strace")
    code = (
        "import sys; from healthmon.store import Store, Batch; from healthmon.incidents.incident import Incident\n"
        "store = Store.open('sqlite:///' + sys.argv[1])\n"
        "for n in range(20):\n"
        "    store.record(Batch(alive=float(n)))\n"
        "    sys.stdout.write(f'ACK {n}\\n'); sys.stdout.flush()\n"
    )
    log = tmp_path / "calls"
    argv = [
        "strace",
        "-f",
        "-y",
        "-e",
        "trace=write,pwrite64,fsync,fdatasync,unlink,unlinkat",
        "-o",
        log,
        sys.executable,
    ]
    done = subprocess.run(
        [*argv, "-c", code, tmp_path / "history.db"], cwd=ROOT, capture_output=True, check=False
    )
    if b"Operation not permitted" in done.stderr:
        pytest.skip("this machine does not let a process be traced")
    assert done.returncode == 0, done.stderr.decode()
    written = synced = False
    acknowledged = 0
    for line in log.read_text().splitlines():
        if re.search(r"pwrite64\(\d+<[^>]*history\.db>", line):
            written, synced = True, False
        elif re.search(r"f(data)?sync\(\d+<[^>]*history\.db>", line):
            synced = True
        elif '"ACK ' in line:
            assert (written, synced) == (True, True), (
                f"acknowledged before it was on the disk: {line}"
            )
            written = synced = False
            acknowledged += 1
    assert acknowledged == 20


LIVED = """
agent: {{state_directory: "{state}"}}
defaults: {{cause: {{hold: 1 s, quiet: 1 s, longest: 1 s}}}}
sites: [{{id: market}}]
cameras:
  - {{id: C001, name: One, site: market, address: 127.0.0.1, kind: fixed, rtsp: {{port: 1}}, http: no}}
  - {{id: C002, name: Two, site: market, address: 127.0.0.2, kind: fixed, rtsp: {{port: 1}}, http: no}}
  - {{id: C003, name: Three, site: market, address: 127.0.0.3, kind: fixed, rtsp: {{port: 1}}, http: no}}
notify: {{desk: {{webhook: {{url: "http://127.0.0.1:1/"}}}}}}
routes: [{{to: desk}}]
"""


async def test_a4_a_history_that_can_only_be_read_later_is_taken_over_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C001 is still at fault, C002 is well again, of C003 nothing is known yet: one recovery, no
    number twice.
    """
    monkeypatch.setattr("healthmon.store.engine.BUSY_SECONDS", 0.2)
    monkeypatch.setattr("healthmon.store.writer.RETRY_SECONDS", 0.1)
    path, state = tmp_path / "config.yaml", tmp_path / "state"
    state.mkdir()
    path.write_text(LIVED.format(state=state))
    store = Store.open(f"sqlite:///{state / 'healthmon.db'}")
    faults = [replace(FAULT, device=f"C00{n}") for n in (1, 2, 3)]
    incidents = {
        n: replace(CASE, number=n, device=f"C00{n}", faults=(fault,))
        for n, fault in enumerate(faults, 1)
    }
    heard = [Outgoing(f"F00000{n}-1", "desk", f"C00{n}", n, "{}", 1.0, 1.0) for n in incidents]
    sent = [Settled(row.notice, row.target, "sent", 2.0) for row in heard]
    store.record(
        Batch(faults={f.key: f for f in faults}, incidents=incidents, outgoing=heard, settled=sent)
    )
    store.close()
    other = sqlite3.connect(state / "healthmon.db")
    other.execute("BEGIN EXCLUSIVE")
    agent = Agent.of(path, Estate.of(loading.load(path)))
    assert "locked" in agent.incident_service.store_writer.problem
    for device, bad in (("C001", True), ("C002", False)):
        verdict = Verdict(
            device,
            CheckName.REACH,
            "",
            "reach",
            State.FAULT if bad else State.OK,
            "unreachable",
            "",
            0.0,
        )
        for _ in range(3):
            agent.incident_service.apply(one_result(replace(verdict, at=time.time())))
    job = asyncio.create_task(agent.incident_service.store_writer.run())
    await asyncio.sleep(0.3)
    other.rollback()
    other.close()
    await so(
        lambda: (
            agent.incident_service.store_writer.ok and not agent.incident_service.store_writer._late
        )
    )
    await so(
        lambda: (
            len(agent.incident_service.reducer.incidents) == 2
            and not agent.incident_service.store_writer._pending
        )
    )
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)
    await agent.incident_service.store_writer.close()
    await agent.engine.close()
    agent.running.close()
    store = Store.reader(f"sqlite:///{state / 'healthmon.db'}")
    open_ = {
        incident.device: incident.number for incident in store.incidents(Wanted(open_only=True))
    }
    assert open_.keys() == {"C001", "C003"}
    assert open_["C003"] == 3
    assert open_["C001"] > 1_000_000
    closed = {
        incident.number: incident.cause
        for incident in store.incidents()
        if incident.closed is not None
    }
    assert closed == {1: f"goes on as F{open_['C001']:06d}", 2: ""}
    assert {fault.device for fault in store.load().faults} == {"C001", "C003"}
    ends = [row for row in store.load().outgoing if '"what":"closed"' in row.body]
    assert [row.number for row in ends] == [2]
    store.close()


async def test_what_the_agent_deletes_by_age_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """In the log, by a metric and in the record."""
    monkeypatch.setattr("healthmon.runtime.incident_service.TRIM_SECONDS", -1.0)
    caplog.set_level("INFO", "healthmon")
    path, state = tmp_path / "config.yaml", tmp_path / "state"
    state.mkdir()
    path.write_text(LIVED.format(state=state) + "history: {keep: 30 d}\n")
    store, now = Store.open(f"sqlite:///{state / 'healthmon.db'}"), time.time()
    old = replace(CASE, number=5, closed=now - 31 * 86400)
    store.record(Batch(incidents={5: old, 6: replace(old, number=6, closed=now - 29 * 86400)}))
    store.close()
    agent = Agent.of(path, Estate.of(loading.load(path)))
    service = agent.incident_service
    jobs = [asyncio.create_task(service.housekeeping())]
    await so(lambda: service.deleted)
    jobs[0].cancel()
    await asyncio.gather(*jobs, return_exceptions=True)
    agent_metrics.show(agent)
    page = agent.metrics.text(openmetrics=False).decode()
    assert 'healthmon_store_deleted_total{records="faults"} 1' in page
    assert 'healthmon_store_deleted_total{records="states"} 0' in page
    assert 'healthmon_store_keep_seconds{records="states"} 2.592e+06' in page
    assert "healthmon_store_trimmed_timestamp_seconds 1" in page
    (line,) = [text for text in caplog.messages if text.startswith("history: ")]
    assert line.startswith("history: deleted 1 fault that ended before ")
    await service.store_writer.close()
    await agent.engine.close()
    agent.running.close()
    store = Store.reader(f"sqlite:///{state / 'healthmon.db'}")
    deleted = store.deleted()
    assert deleted is not None
    assert deleted.words() == "1 fault"
    assert [one.number for one in store.incidents()] == [6]
