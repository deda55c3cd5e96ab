"""What the service manager hears: ready, signs of life only while work goes on, the end; over a
real socket.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.support import Peers, free_port

from healthmon.model.device import Check
from healthmon.model.enums import CheckName, Reason
from healthmon.model.results import CheckResult, nothing
from healthmon.runtime import systemd
from healthmon.scheduling import liveness
from healthmon.scheduling.liveness import Liveness
from healthmon.scheduling.scheduler import Schedule

CONFIG = """
agent: {{port: {port}}}
defaults: {{cause: {{hold: 1 s, quiet: 1 s, longest: 2 s}}}}
sites: [{{id: town}}]
cameras: [{{id: C1, name: One, site: town, address: 127.0.0.9, kind: fixed, rtsp: {{port: {closed}}}, http: no, interval: 1 s}}]
"""


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(20)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield sock


def heard(sock: socket.socket) -> list[str]:
    return sock.recv(4096).decode().splitlines()


def test_the_manager_is_told_by_path_and_by_abstract_name(manager, monkeypatch):
    systemd.tell("READY=1", "STATUS=all well")
    assert heard(manager) == ["READY=1", "STATUS=all well"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(f"\0healthmon-test-{os.getpid()}")
        monkeypatch.setenv("NOTIFY_SOCKET", f"@healthmon-test-{os.getpid()}")
        systemd.tell("STOPPING=1")
        assert heard(sock) == ["STOPPING=1"]


@pytest.mark.parametrize("place", ["", "/nowhere/notify"])
def test_without_a_manager_nothing_happens(monkeypatch, place):
    monkeypatch.setenv("NOTIFY_SOCKET", place)
    systemd.tell("READY=1")


def test_a_manager_that_takes_nothing_holds_nobody_up(manager):
    began = time.monotonic()
    for _ in range(2000):
        systemd.tell("WATCHDOG=1" + "x" * 1000)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("allowed", "who", "seconds"),
    [
        ("", "", 10.0),
        ("30000000", "", 10.0),
        ("4000000", "", 2.0),
        ("4000000", "1", 10.0),
        ("soon", "", 10.0),
        ("0", "", 10.0),
    ],
)
def test_signs_come_twice_as_often_as_they_must(monkeypatch, allowed, who, seconds):
    monkeypatch.setenv("WATCHDOG_USEC", allowed)
    monkeypatch.setenv("WATCHDOG_PID", who)
    assert systemd.beat_seconds() == seconds
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    assert systemd.beat_seconds() == (2.0 if allowed == "4000000" else 10.0)


async def test_signs_of_life_end_when_work_stands_still_and_come_again(
    manager, monkeypatch, caplog
):
    monkeypatch.setenv("WATCHDOG_USEC", "20000")
    alive = True
    task = asyncio.create_task(systemd.watch(lambda: alive, lambda: "watching"))
    assert await asyncio.to_thread(heard, manager) == ["WATCHDOG=1", "STATUS=watching"]
    alive = False
    while (words := await asyncio.to_thread(heard, manager)) == ["WATCHDOG=1", "STATUS=watching"]:
        pass
    assert words == ["STATUS=checks have stopped"]
    await asyncio.sleep(0.1)
    manager.setblocking(False)
    with pytest.raises(BlockingIOError):
        manager.recv(100)
    assert caplog.text.count("checks have stopped") == 1
    manager.settimeout(20)
    alive = True
    assert await asyncio.to_thread(heard, manager) == ["WATCHDOG=1", "STATUS=watching"]
    task.cancel()


async def schedule_of(
    answers: asyncio.Event, running: bool = True
) -> tuple[Schedule, asyncio.Task[None] | None]:
    async def run(check: Check) -> CheckResult:
        await answers.wait()
        return CheckResult(check, nothing(check, Reason.NOT_REPORTED, at=0.0), ())

    schedule = Schedule(run, lambda _result: None)
    schedule.plan([Check("C1", CheckName.REACH, interval=3600)], {}, spread=False)
    task = asyncio.create_task(schedule.forever()) if running else None
    await asyncio.sleep(0.05)
    return schedule, task


async def test_a_look_that_never_ends_stops_the_pulse():
    now, answers = 1000.0, asyncio.Event()
    schedule, task = await schedule_of(answers)
    phase_of = Liveness(schedule, lambda: now)
    assert phase_of.beats()
    now += liveness.STUCK_SECONDS - 1
    assert phase_of.beats()
    now += 2
    assert not phase_of.beats()
    answers.set()
    await asyncio.sleep(0.05)
    assert phase_of.beats()
    now += 1e6  # nothing is due and nothing under way: that is rest, not a standstill
    assert phase_of.beats()
    assert task is not None
    task.cancel()


async def test_looks_that_are_due_and_not_begun_stop_the_pulse(monkeypatch):
    schedule, _ = await schedule_of(asyncio.Event(), running=False)
    assert Liveness(schedule).beats()
    monkeypatch.setattr(liveness, "LATE_SECONDS", 0.01)
    assert schedule.late() > 0.01
    assert not Liveness(schedule).beats()


def test_the_agent_says_that_it_is_ready_lives_and_stops(manager, peers: Peers, tmp_path):
    port = free_port()
    (tmp_path / "config.yaml").write_text(CONFIG.format(port=port, closed=free_port()))
    env = {"WATCHDOG_USEC": "400000", "STATE_DIRECTORY": str(tmp_path / "state")}
    argv = [sys.executable, "-m", "healthmon", "run", "--config", str(tmp_path / "config.yaml")]
    agent = peers.start(*argv, env=env)
    assert heard(manager) == ["READY=1", "STATUS=devices watched: 1, faults open: 0"]
    peers.wait_tcp("127.0.0.1", port)
    assert heard(manager)[0] == "WATCHDOG=1"
    while heard(manager)[1] != "STATUS=devices watched: 1, faults open: 1":
        pass
    agent.send_signal(signal.SIGTERM)
    while heard(manager) != ["STOPPING=1"]:
        pass
    assert agent.wait(60) == 0
