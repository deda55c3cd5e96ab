"""The one writer: a full disk, a locked, damaged or foreign file are outlived; an acknowledged record is on the disk."""

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
from store.test_store import CASE, FAULT, full
from support import need

from healthmon import config as configuration
from healthmon.agent import Agent
from healthmon.keeper import Keeper
from healthmon.model import Question, State, Verdict
from healthmon.store import Batch, Outgoing, Segment, Settled, Store

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def writing(file: Path, **more: object) -> AsyncIterator[Keeper]:
    keeper = Keeper(lambda: Store.open(f"sqlite:///{file}"), file, **more)  # type: ignore[arg-type]
    keeper.start()
    job = asyncio.create_task(keeper.run())
    try:
        yield keeper
    finally:
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)
        await keeper.close()


async def so(true: Callable[[], bool], seconds: float = 20) -> None:
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
    monkeypatch.setattr("healthmon.keeper.RETRY_SECONDS", 0.2)
    async with writing(small_disk / "history.db") as keeper:
        await asyncio.wait_for(keeper.submit(full()), 10)
        ballast = small_disk / "log"
        with ballast.open("wb", buffering=0) as out, contextlib.suppress(OSError):
            while out.write(b"x" * 4096):
                pass
        number = 100
        while keeper.ok:
            number += 1
            keeper.submit(
                Batch(cases={number: replace(CASE, number=number, cause="y" * 2000)})
            ).cancel()
            await asyncio.sleep(0.05)
        assert "full" in keeper.problem
        assert not keeper.alarm, "a full disk is no damage"
        kept = keeper.submit(Batch(cases={99999: replace(CASE, number=99999)}))
        ballast.unlink()
        await asyncio.wait_for(kept, 20)
        assert keeper.ok
    store = Store.reader(f"sqlite:///{small_disk / 'history.db'}")
    assert {7, number, 99999} <= {case.number for case in store.cases()}
    store.close()


async def test_a3_what_cannot_be_kept_is_bounded_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("healthmon.keeper.BOUND", 100)
    async with writing(tmp_path / "missing" / "history.db") as keeper:
        for second in range(500):
            keeper.submit(Batch(segments=[Segment("C001", "reach", "ok", float(second))])).cancel()
        await so(lambda: bool(keeper.problem))
        assert len(keeper._pending.segments) <= 100
        assert keeper.dropped >= 400


async def test_a4_a_database_that_is_locked_for_long_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("healthmon.store.engine.BUSY_SECONDS", 0.2)
    monkeypatch.setattr("healthmon.keeper.RETRY_SECONDS", 0.1)
    file = tmp_path / "history.db"
    async with writing(file) as keeper:
        await asyncio.wait_for(keeper.submit(Batch(alive=1.0)), 10)
        other = sqlite3.connect(file)
        other.execute("BEGIN EXCLUSIVE")
        kept = keeper.submit(full())
        await so(lambda: "locked" in keeper.problem)
        await asyncio.sleep(0.5)
        assert not kept.done()
        other.rollback()
        other.close()
        await asyncio.wait_for(kept, 10)
    store = Store.reader(f"sqlite:///{file}")
    assert store.cases() == [CASE]
    store.close()


async def test_a6_what_is_about_to_be_written_when_the_agent_ends_is_written(
    tmp_path: Path,
) -> None:
    """The writer's thread is busy; what waits for it has left the memory of the keeper, and is not on the disk yet."""
    file, go = tmp_path / "history.db", threading.Event()
    async with writing(file) as keeper:
        await asyncio.wait_for(keeper.submit(Batch(alive=1.0)), 10)
        keeper._thread.submit(go.wait, 20)
        keeper.submit(full()).cancel()
        await so(lambda: not keeper._pending)
        asyncio.get_running_loop().call_later(0.2, go.set)
    store = Store.reader(f"sqlite:///{file}")
    try:
        assert store.cases() == [CASE]
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
        store.record(Batch(cases={number: replace(CASE, number=number)}))
    store.close()
    data = damaged(file.read_bytes(), how)
    file.write_bytes(data)
    keeper = Keeper(lambda: Store.open(f"sqlite:///{file}"), file)
    saved = keeper.start()
    assert saved.cases == ()
    assert saved.last_number >= 299, "a number never means two faults"
    (aside,) = tmp_path.glob("history.db.corrupt-*")
    assert aside.read_bytes() == data
    assert aside.name in keeper.alarm


def test_a4_an_empty_file_is_a_new_history(tmp_path: Path) -> None:
    file = tmp_path / "history.db"
    file.touch()
    keeper = Keeper(lambda: Store.open(f"sqlite:///{file}"), file)
    assert keeper.start().last_number == 0
    assert (keeper.problem, keeper.alarm) == ("", "")
    assert keeper.store is not None
    keeper.store.close()


async def test_a4_damage_while_running_is_put_aside_and_all_that_is_known_is_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("healthmon.keeper.RETRY_SECONDS", 0.1)
    file = tmp_path / "history.db"
    known = Batch(faults={FAULT.key: FAULT}, cases={7: CASE})
    async with writing(file, snapshot=lambda: replace(known, cases=dict(known.cases))) as keeper:
        await asyncio.wait_for(keeper.submit(full()), 10)
        file.write_bytes(b"not a database at all" * 1000)
        await asyncio.wait_for(keeper.submit(Batch(cases={8: replace(CASE, number=8)})), 20)
        assert "put aside" in keeper.alarm
    store = Store.reader(f"sqlite:///{file}")
    assert {case.number for case in store.cases()} == {7, 8}
    assert store.load().faults == (FAULT,)
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
        async with writing(folder / "history.db") as keeper:
            await so(lambda: "read" in keeper.problem.lower() or "unable" in keeper.problem)
            assert not keeper.alarm
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a6_every_acknowledgement_has_its_data_on_the_disk_first(tmp_path: Path) -> None:
    """The order of system calls: since the last acknowledgement, the database itself has been synced."""
    need("strace")
    code = (
        "import sys; from healthmon.store import Store, Batch; from healthmon.cases import Case\n"
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
    """C001 is still at fault, C002 is well again, of C003 nothing is known yet: one recovery, no number twice."""
    monkeypatch.setattr("healthmon.store.engine.BUSY_SECONDS", 0.2)
    monkeypatch.setattr("healthmon.keeper.RETRY_SECONDS", 0.1)
    path, state = tmp_path / "config.yaml", tmp_path / "state"
    state.mkdir()
    path.write_text(LIVED.format(state=state))
    store = Store.open(f"sqlite:///{state / 'healthmon.db'}")
    faults = [replace(FAULT, device=f"C00{n}") for n in (1, 2, 3)]
    cases = {
        n: replace(CASE, number=n, device=f"C00{n}", faults=(fault,))
        for n, fault in enumerate(faults, 1)
    }
    heard = [Outgoing(f"F00000{n}-1", "desk", f"C00{n}", n, "{}", 1.0, 1.0) for n in cases]
    sent = [Settled(row.notice, row.target, "sent", 2.0) for row in heard]
    store.record(
        Batch(faults={f.key: f for f in faults}, cases=cases, outgoing=heard, settled=sent)
    )
    store.close()
    other = sqlite3.connect(state / "healthmon.db")
    other.execute("BEGIN EXCLUSIVE")
    agent = Agent.of(path, configuration.load(path))
    assert "locked" in agent.casework.keeper.problem
    for device, bad in (("C001", True), ("C002", False)):
        verdict = Verdict(
            device,
            Question.REACH,
            "",
            "reach",
            State.FAULT if bad else State.OK,
            "unreachable",
            "",
            0.0,
        )
        for _ in range(3):
            agent._reduce((replace(verdict, at=time.time()),))
    job = asyncio.create_task(agent.casework.keeper.run())
    await asyncio.sleep(0.3)
    other.rollback()
    other.close()
    await so(lambda: agent.casework.keeper.ok and not agent.casework.keeper._late)
    await so(lambda: len(agent.casework.desk.cases) == 2 and not agent.casework.keeper._pending)
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)
    await agent.casework.keeper.close()
    await agent.app.close()
    agent.running.close()
    store = Store.reader(f"sqlite:///{state / 'healthmon.db'}")
    open_ = {case.device: case.number for case in store.cases(open_only=True)}
    assert open_.keys() == {"C001", "C003"}
    assert open_["C003"] == 3
    assert open_["C001"] > 1_000_000
    closed = {case.number: case.cause for case in store.cases() if case.closed is not None}
    assert closed == {1: f"goes on as F{open_['C001']:06d}", 2: ""}
    assert {fault.device for fault in store.load().faults} == {"C001", "C003"}
    ends = [row for row in store.load().outgoing if '"what":"closed"' in row.body]
    assert [row.number for row in ends] == [2]
    store.close()
