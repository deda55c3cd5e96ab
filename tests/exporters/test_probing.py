"""`/probe` asked too much: equal questions share a look, a fresh answer is kept, what is too much
is told.
"""

from __future__ import annotations

import asyncio

import pytest

from healthmon_exporters.web import probe_handler
from healthmon_exporters.web.probe_handler import Probing, RefusedError

pytestmark = pytest.mark.slow


class Devices:
    """Looks that last until they are let go; what was looked at and how many looks were under way
    at most.
    """

    def __init__(self) -> None:
        self.looks: list[tuple[str, str]] = []
        self.now = self.most = 0
        self.go = asyncio.Event()

    async def look(self, device: str, check_type: str) -> bytes | None:
        self.looks.append((device, check_type))
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await self.go.wait()
        finally:
            self.now -= 1
        return None if device == "none" else f"{device} {check_type} {len(self.looks)}".encode()


async def begun(*tasks: asyncio.Task[bytes | None]) -> None:
    for _ in range(5):
        await asyncio.sleep(0)
    assert not any(task.done() for task in tasks)


def check(asked: Probing, device: str, check_type: str = "reach") -> asyncio.Task[bytes | None]:
    return asyncio.create_task(asked.answer(device, check_type))


async def test_equal_questions_share_one_look_and_its_answer_is_kept(monkeypatch) -> None:
    devices = Devices()
    asked = Probing(devices.look)
    tasks = [check(asked, "C001") for _ in range(probe_handler.MOST_RUNS)]
    await begun(*tasks)
    devices.go.set()
    assert set(await asyncio.gather(*tasks)) == {b"C001 reach 1"}
    assert [await asked.answer("C001", "reach") for _ in range(100)] == [b"C001 reach 1"] * 100
    assert devices.looks == [("C001", "reach")]
    monkeypatch.setattr(probe_handler, "FRESH_SECONDS", 0.0)
    assert await asked.answer("C001", "reach") == b"C001 reach 2"
    assert await asked.answer("none", "") is None
    assert await asked.answer("none", "") is None, "what is not configured is not kept"
    assert not asked._fresh or set(asked._fresh) == {("C001", "reach")}


async def test_a_device_has_three_looks_at_most_and_all_together_have_32() -> None:
    devices = Devices()
    asked = Probing(devices.look)
    tasks = [check(asked, "C001", check_type) for check_type in ("reach", "stream", "clock")]
    await begun(*tasks)
    with pytest.raises(RefusedError, match="C001 is being checked") as caught:
        await asked.answer("C001", "identity")
    assert (caught.value.status, caught.value.seconds) == (429, 2.0)
    tasks += [check(asked, f"C{number:03}") for number in range(2, 2 + probe_handler.MOST_RUNS - 3)]
    await begun(*tasks)
    for device in ("C099", "C001"):
        with pytest.raises(RefusedError, match="32 checks are running") as caught:
            await asked.answer(device, "reach")
        assert caught.value.status == 503
    devices.go.set()
    await asyncio.gather(*tasks)
    assert devices.most == probe_handler.MOST_RUNS
    assert (asked._of, asked._under_way, asked._waiting) == ({}, {}, 0)
    assert await asked.answer("C099", "reach")


async def test_a_look_goes_on_when_the_one_who_asked_has_gone_and_still_counts() -> None:
    devices = Devices()
    asked = Probing(devices.look)
    for check_type in ("reach", "stream", "clock"):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await asked.answer("C001", check_type)
    assert (devices.now, asked._waiting) == (3, 0)
    with pytest.raises(RefusedError):
        await asked.answer("C001", "identity")
    devices.go.set()
    assert await asked.answer("C001", "reach") == b"C001 reach 3"


async def test_a_look_that_fails_is_told_and_forgotten() -> None:
    async def look(_device: str, _question: str) -> bytes | None:
        raise RefusedError("C001 was busy", 503, 120.0)

    asked = Probing(look)
    for _ in range(2):
        with pytest.raises(RefusedError, match="C001 was busy"):
            await asked.answer("C001", "stream")
    assert (asked._of, asked._under_way, asked._fresh) == ({}, {}, {})


async def test_at_the_end_looks_are_cut_and_who_waits_is_told() -> None:
    devices = Devices()
    asked = Probing(devices.look)
    task = check(asked, "C001")
    await begun(task)
    await asked.close()
    with pytest.raises(RefusedError, match="healthmon is ending"):
        await task
    assert devices.now == 0
