"""More is due than can be run: everything is checked less often, all alike; by a fake clock."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Self

import pytest
from helpers.fakes.clock import run

from healthmon.model.device import Check
from healthmon.model.enums import CheckName
from healthmon.model.results import CheckResult, nothing
from healthmon.scheduling.pace import USED_AT_MOST, Pace
from healthmon.scheduling.scheduler import Schedule

STREAMS = [
    Check(f"C{n}", CheckName.STREAM, "main", lock_key=f"192.0.2.{n}", cost=4e6) for n in range(100)
]


class Rig:
    """A schedule under way; a run takes `takes` seconds. `ended` are the checks that have ended."""

    def __init__(self, concurrency: int, takes: float) -> None:
        self.takes = takes
        self.ended: list[tuple[float, Check]] = []
        self.schedule = Schedule(self.look, self.deliver, concurrency=concurrency)

    async def look(self, check: Check) -> CheckResult:
        await asyncio.sleep(self.takes)
        return CheckResult(check, nothing(check, None, at=0.0), ())

    def deliver(self, result: CheckResult) -> None:
        self.ended.append((asyncio.get_running_loop().time(), result.check))

    async def __aenter__(self) -> Self:
        self.schedule.plan(STREAMS, {})
        self._task = asyncio.create_task(self.schedule.forever())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def counted(self, seconds: float) -> Counter[str]:
        """How often each device is checked in `seconds`."""
        self.ended.clear()
        await asyncio.sleep(seconds)
        return Counter(check.device for _, check in self.ended)


def test_what_can_be_kept_is_kept():
    async def test() -> None:
        async with Rig(5, 2.4) as rig:
            await asyncio.sleep(120)
            assert set((await rig.counted(1800)).values()) <= {29, 30, 31}
            assert rig.schedule.pace.factor == 1.0
            assert rig.schedule.figures.missed == 0

    run(test())


def test_with_a_quarter_of_the_slots_every_device_is_checked_a_quarter_as_often():
    async def test() -> None:
        async with Rig(1, 2.4) as rig:
            await asyncio.sleep(600)
            found = await rig.counted(1800)
            assert len(found) == len(STREAMS)
            assert max(found.values()) - min(found.values()) <= 1
            assert rig.schedule.pace.factor == pytest.approx(4 / USED_AT_MOST, rel=0.01)
            # Only what is due at the same time by chance waits, not all that would be due.
            assert rig.schedule.under_way <= 20

    run(test())


def test_checks_that_become_slow_and_quick_again_change_the_pace_within_minutes():
    async def test() -> None:
        async with Rig(5, 2.4) as rig:
            await asyncio.sleep(300)
            rig.takes = 9.6
            await asyncio.sleep(600)
            slow = await rig.counted(1800)
            assert rig.schedule.pace.factor == pytest.approx(16 / (5 * USED_AT_MOST), rel=0.05)
            assert max(slow.values()) - min(slow.values()) <= 2
            rig.takes = 2.4
            await asyncio.sleep(900)
            assert rig.schedule.pace.factor == 1.0
            assert set((await rig.counted(1800)).values()) <= {29, 30, 31}

    run(test())


def test_a_reload_with_more_slots_ends_it_at_once():
    async def test() -> None:
        async with Rig(1, 2.4) as rig:
            await asyncio.sleep(300)
            rig.schedule.plan(STREAMS, {}, concurrency=10)
            assert rig.schedule.pace.factor == 1.0
            await asyncio.sleep(120)
            assert set((await rig.counted(1800)).values()) <= {29, 30, 31}

    run(test())


def test_before_the_first_run_the_pace_is_reckoned():
    pace = Pace(1)
    pace.plan(STREAMS, 1)
    assert pace.needed == pytest.approx(4.0)
    assert pace.factor == pytest.approx(4 / USED_AT_MOST)
