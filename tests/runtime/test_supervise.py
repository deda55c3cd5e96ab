"""A task of the agent that fails is restarted and counted."""

from __future__ import annotations

import asyncio
import logging

import pytest

from healthmon.runtime import supervise


async def test_a14_a_task_that_fails_is_counted_logged_and_restarted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(supervise, "PAUSE_SECONDS", 0.0)
    failures = [OSError("no"), ValueError("no"), RuntimeError("no")]
    counted: list[int] = []

    async def job() -> None:
        if failures:
            raise failures.pop()

    with caplog.at_level(logging.ERROR):
        await asyncio.wait_for(supervise.supervised(job, lambda: counted.append(1)), 10)
    assert len(counted) == 3
    assert [record.exc_info is not None for record in caplog.records] == [True] * 3


async def test_a14_a_task_that_is_cancelled_ends() -> None:
    started = asyncio.Event()

    async def job() -> None:
        started.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(supervise.supervised(job, lambda: None))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
