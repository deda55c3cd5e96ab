"""The schedule: spread, one look at a time per address, budgets, slow pool, back-off; on a real
loop, without network.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from healthmon.checks import registry
from healthmon.model.device import Check, Device
from healthmon.model.enums import CheckName, Kind, Reason, State
from healthmon.model.results import CheckResult, Observation
from healthmon.scheduling import scheduler as schedule_module
from healthmon.scheduling.locks import AddressLocks, Budget
from healthmon.scheduling.scheduler import Schedule, phase

pytestmark = pytest.mark.slow


def check(device: str, check_type: CheckName = CheckName.REACH, **more) -> Check:
    return Check(device, check_type, lock_key=more.pop("lock_key", device), **more)


def seen(one: Check, reason: Reason | None = None) -> Observation:
    return Observation(one.device, one.check_type, one.instance, 0.0, 0.0, None, reason)


class Watcher:
    def __init__(self, pause: float = 0.01, reason: Reason | None = None) -> None:
        self.pause, self.reason = pause, reason
        self.now: dict[str, int] = {}
        self.most: dict[str, int] = {}
        self.together = 0
        self.order: list[tuple[str, str]] = []
        self.done: list[Check] = []

    async def look(self, one: Check) -> CheckResult:
        self.now[one.lock_key] = self.now.get(one.lock_key, 0) + 1
        self.most[one.lock_key] = max(self.most.get(one.lock_key, 0), self.now[one.lock_key])
        self.together = max(self.together, sum(self.now.values()))
        self.order.append((one.device, one.check_type))
        await asyncio.sleep(self.pause)
        self.now[one.lock_key] -= 1
        return CheckResult(one, seen(one, self.reason), ())

    def deliver(self, result: CheckResult) -> None:
        self.done.append(result.check)


async def until(true, seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.005)


async def test_a_sweep_asks_everything_once_in_order_with_one_look_per_address():
    watcher = Watcher()
    checks = [
        check(f"C{n}", q)
        for n in range(20)
        for q in (CheckName.CLOCK, CheckName.STREAM, CheckName.REACH)
    ]
    schedule = Schedule(watcher.look, watcher.deliver, concurrency=8)
    await schedule.once(checks, lambda result: False)
    assert len(watcher.done) == 60
    assert set(watcher.most.values()) == {1}
    assert watcher.together <= 8
    assert [q for d, q in watcher.order if d == "C3"] == ["reach", "stream", "clock"]


async def test_a_second_try_is_delivered_once():
    watcher = Watcher()
    tries: list[Check] = []
    schedule = Schedule(watcher.look, watcher.deliver)
    await schedule.once(
        [check("C1")], lambda result: not tries and tries.append(result.check) is None
    )
    assert len(watcher.order) == 2
    assert len(watcher.done) == 1


async def test_a_site_never_promises_more_bandwidth_than_it_has():
    watcher = Watcher(0.02)
    checks = [check(f"C{n}", CheckName.STREAM, site="thin", cost=4e6) for n in range(12)]
    schedule = Schedule(watcher.look, watcher.deliver, site_budgets={"thin": 10e6})
    await schedule.once(checks, lambda result: False)
    assert watcher.together == 2
    assert len(watcher.done) == 12


async def test_a_cancelled_wait_gives_its_share_back():
    budget = Budget(10)

    async def hold(seconds: float) -> None:
        async with budget.share(8):
            await asyncio.sleep(seconds)

    first, second, third = (asyncio.create_task(hold(0.02)) for _ in range(3))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.gather(first, second, third, return_exceptions=True)
    assert budget.used == 0


async def test_checks_that_wait_for_their_address_are_no_tasks_and_run_in_their_order():
    watcher = Watcher(0.02)
    schedule = Schedule(watcher.look, watcher.deliver)
    names = [check("C1", instance=str(number), interval=1000.0) for number in range(50)]
    task = asyncio.create_task(schedule.forever())
    before = len(asyncio.all_tasks())
    schedule.run_soon(names)
    await until(lambda: schedule.under_way == 50)
    assert len(asyncio.all_tasks()) <= before + 2
    await until(lambda: schedule.under_way == 0)
    assert [one.instance for one in watcher.done] == [one.instance for one in names]
    assert watcher.most == {"C1": 1}
    schedule.run_soon([check("C1", instance="later"), check("C2")])
    await until(lambda: len(watcher.done) == 52)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_after_an_error_every_address_is_checked_again():
    watcher, broken = Watcher(0.01), [True]

    async def run(one: Check) -> CheckResult:
        if broken:
            broken.clear()
            raise ZeroDivisionError
        return await watcher.look(one)

    schedule = Schedule(run, watcher.deliver)
    names = [check("C1", instance=str(number), interval=1000.0) for number in range(3)]
    schedule.run_soon(names)
    with pytest.raises(ExceptionGroup):
        await schedule.forever()
    task = asyncio.create_task(schedule.forever())
    schedule._hasty.clear()
    schedule.run_soon(names)
    await until(lambda: len(watcher.done) == 3)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_forever_keeps_the_interval_and_never_doubles_a_look():
    watcher = Watcher(0.03)
    schedule = Schedule(watcher.look, watcher.deliver)
    schedule.plan([check("C1", interval=0.1), check("C2", interval=0.01)], {})
    task = asyncio.create_task(schedule.forever())
    await asyncio.sleep(0.55)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    counts = {d: sum(1 for one in watcher.done if one.device == d) for d in ("C1", "C2")}
    assert 4 <= counts["C1"] <= 6
    assert watcher.most == {"C1": 1, "C2": 1}
    assert schedule.figures.missed > 5


async def test_a_new_plan_keeps_looks_under_way_and_phases():
    watcher = Watcher(0.05)
    schedule = Schedule(watcher.look, watcher.deliver)
    schedule.plan([check("C1", interval=0.1)], {}, spread=False)
    task = asyncio.create_task(schedule.forever())
    await asyncio.sleep(0.02)
    schedule.plan([check("C2", interval=0.1)], {}, spread=False)
    await asyncio.sleep(0.2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert [one.device for one in watcher.done][:2] == ["C1", "C2"] or [
        o.device for o in watcher.done
    ][:2] == [
        "C2",
        "C1",
    ]
    assert sum(1 for one in watcher.done if one.device == "C1") == 1


def test_phases_spread_devices_evenly_and_for_ever():
    phases = sorted(phase(check(f"C{n:04d}", interval=60.0)) for n in range(1000))
    tenths = [sum(1 for p in phases if low <= p < low + 6) for low in range(0, 60, 6)]
    assert min(tenths) > 60
    assert phase(check("C0001", interval=60.0)) == phase(
        check("C0001", CheckName.STREAM, interval=60.0)
    )


async def test_a_busy_device_is_left_alone_for_longer_and_longer():
    watcher = Watcher(0, Reason.BUSY)
    schedule = Schedule(watcher.look, watcher.deliver)
    one = check("C1", CheckName.STREAM, interval=60.0)
    pauses = []
    for _ in range(10):
        await schedule._one(one)
        pauses.append(schedule.pause_after(one))
    assert pauses[:2] == [60.0, 60.0]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 900.0


async def test_our_own_trouble_teaches_nothing_about_a_device_and_forgets_nothing():
    watcher = Watcher(0, Reason.BUSY)
    schedule = Schedule(watcher.look, watcher.deliver)
    one = check("C1", CheckName.STREAM, interval=60.0)
    for _ in range(5):
        await schedule._one(one)
    known = schedule.pause_after(one)
    assert known > 60.0
    for reason in (Reason.AGENT_NETWORK, Reason.AGENT_STALLED, Reason.AGENT_RESOURCE, Reason.BUG):
        watcher.reason = reason
        for _ in range(5):
            await schedule._one(one)
        assert schedule.pause_after(one) == known
    fresh = check("C2", CheckName.STREAM, interval=60.0)
    for _ in range(5):
        await schedule._one(fresh)
    assert schedule.pause_after(fresh) == 60.0


async def test_a_rare_question_that_got_no_answer_is_asked_again_soon_and_then_less_and_less_often():
    watcher = Watcher(0, Reason.CONNECT_TIMEOUT)
    schedule = Schedule(watcher.look, watcher.deliver)
    rare, usual = (
        check("C1", CheckName.IDENTITY, interval=600.0),
        check("C1", CheckName.STREAM, interval=60.0),
    )
    sample = check("C1", CheckName.PLAYBACK, interval=3600.0, sampled=True)
    pauses = []
    for reason in (Reason.CONNECT_TIMEOUT, Reason.AGENT_STALLED, Reason.RESET, Reason.TIMEOUT):
        watcher.reason = reason
        for one in (rare, usual, sample):
            await schedule._one(one)
        pauses.append(schedule.missed_again(rare))
        assert schedule.missed_again(usual) is schedule.missed_again(sample) is None
    assert pauses == [60.0, 120.0, 240.0, None]
    for reason in (Reason.AUTH_FAILED, Reason.NOT_REACHED, Reason.AGENT_NETWORK, None):
        watcher.reason = reason
        await schedule._one(rare)
        assert schedule.missed_again(rare) is None, (
            "asking again would not help, or comes otherwise"
        )


async def test_what_was_missed_is_asked_again_out_of_turn_until_it_is_answered(monkeypatch):
    monkeypatch.setattr(schedule_module, "MISSED_SECONDS", 0.02)
    watcher = Watcher(0, Reason.TIMEOUT)
    schedule = Schedule(watcher.look, watcher.deliver)
    schedule.plan([check("C1", CheckName.IDENTITY, interval=3600.0)], {}, spread=False)
    task = asyncio.create_task(schedule.forever())
    while len(watcher.done) < 3:
        await asyncio.sleep(0.01)
    watcher.reason = None
    answered = len(watcher.done) + 1
    while len(watcher.done) < answered:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert len(watcher.done) == answered, "an answer ends it"


async def test_what_is_hastened_over_a_while_comes_one_after_the_other():
    watcher = Watcher(0)
    schedule = Schedule(watcher.look, watcher.deliver)
    schedule.plan([], {})
    task = asyncio.create_task(schedule.forever())
    schedule.run_soon([check(f"C{n}") for n in range(4)], over=0.8)
    await asyncio.sleep(0.1)
    assert len(watcher.done) < 4
    while len(watcher.done) < 4:
        await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert [one.device for one in watcher.done] == ["C0", "C1", "C2", "C3"]


HOLDER = (
    "import asyncio, sys, pathlib\n"
    "from healthmon.scheduling.locks import AddressLocks\n"
    "async def main():\n"
    "    gates = AddressLocks(pathlib.Path(sys.argv[1]))\n"
    "    for _ in range(int(sys.argv[3])):\n"
    "        async with gates.of('192.0.2.1'):\n"
    "            print('held', flush=True); await asyncio.sleep(float(sys.argv[2]))\n"
    "asyncio.run(main())\n"
)


@contextlib.contextmanager
def another_program(path: Path, seconds: float, looks: int = 1) -> Iterator[int]:
    """The number of a process that keeps 192.0.2.1 to itself for `seconds`, `looks` times without a
    pause.
    """
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    argv = [sys.executable, "-c", HOLDER, str(path), str(seconds), str(looks)]
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, env=environment)
    assert child.stdout is not None
    try:
        child.stdout.readline()
        yield child.pid
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


async def test_two_programs_share_the_gate_of_an_address(tmp_path):
    path = tmp_path / "gates.lock"
    with another_program(path, 0.6):
        address_locks = AddressLocks(path)
        began = asyncio.get_running_loop().time()
        async with address_locks.of("192.0.2.2"):
            other = asyncio.get_running_loop().time() - began
        async with address_locks.of("192.0.2.1"):
            waited = asyncio.get_running_loop().time() - began
        address_locks.close()
    assert other < 0.3
    assert waited > 0.3


async def test_a_program_with_much_to_ask_of_an_address_lets_others_have_their_turn(tmp_path):
    """A recorder of 64 channels keeps the agent busy without a pause; the sweep is not left out."""
    path, loop = tmp_path / "gates.lock", asyncio.get_running_loop()
    with another_program(path, 0.5, looks=100):
        address_locks, waits = AddressLocks(path), []
        for _ in range(3):
            began = loop.time()
            async with address_locks.of("192.0.2.1"):
                waits.append(loop.time() - began)
        address_locks.close()
    assert max(waits) < 15, waits


async def test_a_device_that_another_program_does_not_let_go_is_not_looked_at_and_not_at_fault(
    tmp_path, monkeypatch
):
    """Law 2: a program that was stopped (Ctrl-Z) still has its connection."""
    monkeypatch.setattr("healthmon.scheduling.locks.GATE_WAIT", 0.3)
    watcher, path = Watcher(), tmp_path / "gates.lock"
    with another_program(path, 60) as process:
        schedule = Schedule(watcher.look, watcher.deliver, address_locks=AddressLocks(path))
        unseen = (await schedule._one(check("C1", lock_key="192.0.2.1"))).observation
        assert (unseen.reason, watcher.most) == (Reason.AGENT_BUSY, {})
        assert f"end process {process} " in unseen.detail
    again = await schedule._one(check("C1", lock_key="192.0.2.1"))
    assert again.observation.reason is not Reason.AGENT_BUSY
    schedule.address_locks.close()
    device = Device("C1", "C1", Kind.CAMERA, "s", "192.0.2.1")
    assert {v.state for v in registry.evaluate(unseen, device)} == {State.UNKNOWN}
    assert all(f"end process {process} " in v.sentence for v in registry.evaluate(unseen, device))


async def test_a_doubtful_result_is_looked_at_again_soon_and_not_for_ever(monkeypatch):
    monkeypatch.setattr("healthmon.scheduling.scheduler.SOON_SECONDS", 0.05)
    watcher = Watcher(pause=0.0)
    schedule = Schedule(watcher.look, watcher.deliver, doubtful=lambda one: True)
    schedule.plan([check("C1", interval=60.0)], {}, spread=False)
    task = asyncio.create_task(schedule.forever())
    await asyncio.sleep(0.6)
    task.cancel()
    assert len(watcher.done) == 4


async def test_a_hastened_ask_is_looked_at_now_and_once():
    watcher = Watcher(pause=0.05)
    schedule = Schedule(watcher.look, watcher.deliver)
    one = check("C1", interval=3600.0)
    task = asyncio.create_task(schedule.forever())
    schedule.run_soon([one, one])
    await asyncio.sleep(0.02)
    schedule.run_soon([one])
    await asyncio.sleep(0.2)
    task.cancel()
    assert watcher.done == [one]
