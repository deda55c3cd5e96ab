"""When an ask falls due and which looks count as missed, by a fake clock; what was held up is
followed by no burst.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Self

import pytest
from helpers.fakes.clock import FakeLoop, run

from healthmon.model.device import Check
from healthmon.model.enums import CheckName, Reason
from healthmon.model.results import CheckResult, nothing
from healthmon.scheduling.locks import AddressLocks
from healthmon.scheduling.scheduler import LATE_SECONDS, Schedule, phase

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]

CAMERA = Check("C1", CheckName.STREAM, "main", lock_key="192.0.2.1", site="town", cost=1e6)


class Rig:
    """A schedule under way whose looks take `takes` seconds; `ended` are (when, ask), `most` those
    at once.
    """

    def __init__(
        self, takes: float | Callable[[Check], float] = 2.0, reason: Reason | None = None, **more
    ) -> None:
        self.takes, self.reason = takes, reason
        self.begun: list[tuple[float, Check]] = []
        self.ended: list[tuple[float, Check]] = []
        self.now = self.most = 0
        self.schedule = Schedule(self.look, self.deliver, **more)

    async def look(self, check: Check) -> CheckResult:
        self.begun.append((asyncio.get_running_loop().time(), check))
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(self.takes(check) if callable(self.takes) else self.takes)
        self.now -= 1
        return CheckResult(check, nothing(check, self.reason, at=0.0), ())

    def deliver(self, result: CheckResult) -> None:
        self.ended.append((asyncio.get_running_loop().time(), result.check))

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.schedule.forever())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    @property
    def missed(self) -> int:
        return self.schedule.figures.missed

    async def until_due(self, check: Check = CAMERA, before: float = 0.0) -> None:
        """Wait for the next time of `ask` in its interval, or `before` seconds before it."""
        now = asyncio.get_running_loop().time()
        await asyncio.sleep((phase(check) - before - now) % check.interval)


def estate(count: int, **more) -> list[Check]:
    return [
        Check(f"C{n}", check_type, lock_key=f"192.0.2.{n}", **more)
        for n in range(count)
        for check_type in (CheckName.REACH, CheckName.STREAM, CheckName.CLOCK)
    ]


def busiest(times: list[float], width: float) -> int:
    """The most of `times` in one stretch of `width` seconds."""
    return max(Counter(int(moment / width) for moment in times).values())


def test_what_keeps_its_interval_misses_nothing():
    async def test() -> None:
        async with Rig() as rig:
            rig.schedule.plan(estate(100), {})
            await asyncio.sleep(60 * 60 + 2)
            assert rig.missed == 0
            assert Counter(check.key for _, check in rig.ended).most_common()[-1][1] >= 59

    run(test())


def test_what_has_a_long_interval_is_first_asked_within_a_minute_and_then_at_its_place():
    async def test() -> None:
        checks = [
            Check(f"C{n}", CheckName.IDENTITY, lock_key=f"192.0.2.{n}", interval=3600.0)
            for n in range(50)
        ]
        async with Rig(0.0) as rig:
            rig.schedule.plan(checks, {})
            began = asyncio.get_running_loop().time()
            await asyncio.sleep(61)
            first = {check.key: at for at, check in reversed(rig.ended)}
            assert first.keys() == {check.key for check in checks}
            assert max(first.values()) <= began + 60.1
            await asyncio.sleep(3 * 3600)
            for check in checks:
                times = [at for at, one in rig.ended if one == check]
                assert all(0 <= (at - phase(check)) % 3600 < 0.1 for at in times[1:]), times
                assert times[1] - times[0] >= 30
                assert 3 <= len(times) <= 5
            assert rig.missed == 0

    run(test())


def test_a_start_without_spread_does_not_keep_everything_in_step():
    async def test() -> None:
        async with Rig(0.5) as rig:
            checks = [Check(f"C{n}", CheckName.REACH, lock_key=f"192.0.2.{n}") for n in range(120)]
            rig.schedule.plan(checks, {}, spread=False)
            await asyncio.sleep(5)
            assert len(rig.ended) == 120
            rig.begun.clear()
            await asyncio.sleep(600)
            assert busiest([at for at, _ in rig.begun], 5.0) <= 30
            assert rig.missed == 0

    run(test())


def test_a_hastened_look_does_the_duty_of_the_one_that_falls_due_while_it_is_under_way():
    async def test() -> None:
        async with Rig() as rig:
            rig.schedule.plan([CAMERA], {})
            for _ in range(3):
                await rig.until_due(before=1.0)
                rig.schedule.run_soon([CAMERA])
                await asyncio.sleep(30)
            assert rig.missed == 0
            assert len(rig.ended) == 3, "the regular look is not made beside it"
            await rig.until_due()
            await asyncio.sleep(3)
            assert len(rig.ended) == 4, "the next one is"

    run(test())


def test_a_look_again_in_doubt_does_the_duty_too():
    async def test() -> None:
        doubts = {CAMERA.key}
        async with Rig(doubtful=lambda check: check.key in doubts) as rig:
            rig.schedule.plan([CAMERA], {})
            await rig.until_due(before=12.0)
            rig.schedule.run_soon([CAMERA])  # again 5 s after each result: 7, 14 and 21 s later
            await asyncio.sleep(40)
            doubts.clear()
            assert len(rig.ended) == 4
            await asyncio.sleep(60)
            assert rig.missed == 0

    run(test())


@pytest.mark.parametrize(("takes", "missed"), [(59.0, 0), (61.0, 1), (119.0, 1), (121.0, 2)])
def test_a_look_longer_than_its_interval_misses_the_intervals_without_a_result(takes, missed):
    async def test() -> None:
        async with Rig(takes) as rig:
            rig.schedule.plan([CAMERA], {})
            await rig.until_due()
            await asyncio.sleep(125)
            assert rig.missed == missed

    run(test())


def test_asks_that_wait_for_one_address_are_missed_only_where_their_turn_does_not_come():
    async def test() -> None:
        checks = [
            Check("R1", CheckName.STREAM, f"channel {n}", lock_key="192.0.2.9") for n in range(40)
        ]
        async with Rig(3.0) as rig:
            rig.schedule.plan(checks, {})
            await asyncio.sleep(60 * 20 + 1)
            given = Counter(check.instance for _, check in rig.ended)
            assert rig.most == 1
            assert max(given.values()) - min(given.values()) <= 2, "everyone has a turn"
            dues = 20 * len(checks)
            assert dues - len(rig.ended) - len(checks) <= rig.missed <= dues - len(rig.ended)

    run(test())


def test_a_gate_that_another_program_holds_for_a_while_misses_nothing(tmp_path):
    async def test() -> None:
        class Held(AddressLocks):
            """The lock of one byte as another program has it for 20 s: fcntl knows only
            processes.
            """

            async def _lock(self, address: str) -> int | None:
                await asyncio.sleep(20)
                return await super()._lock(address)

        address_locks = Held(tmp_path / "gates.lock")
        async with Rig(address_locks=address_locks) as rig:
            rig.schedule.plan([CAMERA], {})
            await asyncio.sleep(600)
            assert rig.missed == 0
            assert len(rig.ended) >= 9
        address_locks.close()

    run(test())


def test_a_thin_site_misses_what_its_bandwidth_does_not_let_through():
    async def test() -> None:
        checks = [
            Check(f"C{n}", CheckName.STREAM, lock_key=f"192.0.2.{n}", site="thin", cost=4e6)
            for n in range(30)
        ]
        async with Rig(4.0) as rig:
            rig.schedule.plan(checks, {"thin": 4e6})
            await asyncio.sleep(60 * 10)
            assert rig.most == 1, "never more than the site has"
            assert 10 * 30 - 60 * 10 / 4 - 31 <= rig.missed <= 10 * 30 - len(rig.ended)

    run(test())


def test_a_device_that_is_left_alone_for_longer_is_not_missed():
    async def test() -> None:
        async with Rig(0.1, Reason.BUSY) as rig:
            rig.schedule.plan([CAMERA], {})
            await asyncio.sleep(2 * 3600)
            assert rig.missed == 0
            assert 8 <= len(rig.ended) < 20

    run(test())


def test_a_new_plan_misses_nothing_by_itself():
    async def test() -> None:
        async with Rig() as rig:
            checks = estate(20)
            for _ in range(30):
                rig.schedule.plan(checks, {})
                await asyncio.sleep(61.5)
            assert rig.missed == 0
            rig.schedule.plan(checks[:3], {})
            assert {key[0] for key in rig.schedule._anew | rig.schedule._owed.keys()} <= {"C0"}
            await asyncio.sleep(61.5)
            assert rig.schedule._anew == set()

    run(test())


@pytest.mark.parametrize("seconds", [LATE_SECONDS - 1, 30.0, 70.0, 8 * 3600.0])
def test_a_machine_that_was_suspended_counts_what_it_missed_and_starts_no_burst(seconds):
    async def test() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, FakeLoop)
        hourly = [
            Check(f"C{n}", CheckName.IDENTITY, lock_key=f"192.0.2.{n}", interval=3600.0)
            for n in range(200)
        ]
        checks = [*estate(200), *hourly]
        async with Rig() as rig:
            rig.schedule.plan(checks, {})
            await asyncio.sleep(20 * 60)
            usual = busiest([at for at, _ in rig.begun], LATE_SECONDS)
            rig.begun.clear()
            loop.hold_up(seconds)
            woken = loop.time()
            await asyncio.sleep(10 * 60)
            again = {check.key for at, check in rig.begun if at - woken <= 60 + 3 * 2}
            assert {check.key for check in checks if check.interval == 60} <= again, (
                "all at their next turn"
            )
            assert busiest([at for at, _ in rig.begun], LATE_SECONDS) <= 2 * usual
            due = 600 * seconds / 60 + 200 * (seconds // 3600)
            # A device has three asks and a gate: one may have had its look before the stop or have
            # it after.
            assert (
                due - 600 <= rig.missed <= due + 20 if seconds > LATE_SECONDS else rig.missed == 0
            )

    run(test())
