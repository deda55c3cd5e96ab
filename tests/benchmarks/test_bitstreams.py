"""Damaged bitstreams beside other checks: a short run, and that a run shows what it should."""

from __future__ import annotations

import asyncio
import time

from benchmarks import bitstreams
from healthmon.picture import pool as pools
from healthmon.picture.messages import Message

CASES = 300


async def test_c17_a15_damaged_pictures_stop_nothing_and_hold_no_other_check_up() -> None:
    found = await bitstreams.run(CASES)
    assert (found.cases, dict(found.undeclared), found.lost) == (CASES, {}, 0)
    assert found.decoded > CASES // 10, "else nothing is measured of what comes out"
    assert sum(found.said.values()) > CASES // 10, "else nothing was damaged"
    assert len(found.beside) > 5
    assert sorted(found.beside)[len(found.beside) // 2] < 0.5
    assert sorted(found.lag)[len(found.lag) // 2] < 0.2


async def test_a15_a_process_that_ends_is_counted_and_what_nobody_has_declared_too(
    monkeypatch,
) -> None:
    ended: list[Message] = []

    async def asked(worker: pools._Worker, message: Message) -> Message:
        ended.append(message)
        if len(ended) == 3:
            worker.process.kill()
        if len(ended) == 5:
            raise RuntimeError("nobody has declared this")
        return await real(worker, message)

    real = pools._Worker.asked
    monkeypatch.setattr(pools._Worker, "asked", asked)
    found = await bitstreams.run(12)
    assert found.said["the process that decodes has ended"] == 1
    assert (found.killed, sum(found.undeclared.values())) == (2, 1)
    assert len(found.processes) > bitstreams.WORKERS
    assert found.cases == 12


def test_a_case_is_the_same_bytes_in_every_run() -> None:
    known = bitstreams.seeds()
    assert {codec for codec, _ in known} == {"h264", "h265", "mjpeg"}
    first, again = (bitstreams.Cases(known) for _ in range(2))
    assert [first.case(n) for n in range(40)] == [again.case(n) for n in range(40)]
    clean = {data for _, data in known}
    assert sum(first.case(n).blobs[-3] in clean for n in range(200)) < 20


async def test_what_is_late_is_seen() -> None:
    found = bitstreams.Found()
    async with bitstreams._beside(found):
        await asyncio.sleep(0.1)
        time.sleep(0.3)
        await asyncio.sleep(0.1)
    assert max(found.lag) > 0.25
    assert max(found.beside) > 0.0
