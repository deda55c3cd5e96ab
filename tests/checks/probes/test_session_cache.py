"""One session answers every look: sharing, failures that last longer each time, a look
that is cut.
"""

from __future__ import annotations

import asyncio

import pytest

from healthmon.checks.probes.session_cache import SessionCache
from healthmon.model.footage import RecorderAnswer, RecorderHealth
from healthmon.protocols.errors import BusyError, SilentError

ANSWER = RecorderAnswer(RecorderHealth("test"))


class Recorder:
    """Counts its sessions; `error` is raised by each."""

    def __init__(self) -> None:
        self.sessions, self.error, self.pause = 0, None, 0.0

    async def read(self):
        self.sessions += 1
        await asyncio.sleep(self.pause)
        if self.error is not None:
            raise self.error
        return ANSWER, 7


def reads(clock: list[float]) -> SessionCache:
    return SessionCache(now=lambda: clock[0])


async def test_looks_at_once_share_one_session():
    recorder, kept = Recorder(), reads([0.0])
    recorder.pause = 0.01
    told = await asyncio.gather(*(kept.share("R1", (4, 75), recorder.read) for _ in range(64)))
    assert recorder.sessions == 1
    assert {one.answer for one in told} == {ANSWER}
    assert told[0].calls == 7


async def test_an_answer_grows_old_and_a_sweep_forgets_it():
    clock, recorder = [0.0], Recorder()
    kept = reads(clock)
    for at, sessions in ((0.0, 1), (3.9, 1), (4.1, 2)):
        clock[0] = at
        await kept.share("R1", (4, 75), recorder.read)
        assert recorder.sessions == sessions
    kept.forget()
    await kept.share("R1", (4, 75), recorder.read)
    assert recorder.sessions == 3


async def test_failures_are_shared_and_last_twice_as_long_each_time():
    clock, recorder = [0.0], Recorder()
    recorder.error, kept = BusyError("busy"), reads(clock)
    begun = []
    for at in range(0, 4000, 5):
        clock[0] = float(at)
        before = recorder.sessions
        assert (await kept.share("R1", (4, 75), recorder.read)).error is recorder.error
        begun += [at] * (recorder.sessions - before)
    assert begun == [0, 75, 225, 525, 1125, 2025, 2925, 3825], "never longer than 15 minutes"
    recorder.error, clock[0] = None, 4800.0
    assert (await kept.share("R1", (4, 75), recorder.read)).failures == 0


async def test_recorders_do_not_share():
    one, two, kept = Recorder(), Recorder(), reads([0.0])
    two.error = BusyError("busy")
    assert (await kept.share("R1", (4, 75), one.read)).error is None
    assert (await kept.share("R2", (4, 75), two.read)).error is two.error


async def test_a_look_that_is_cut_is_a_failure_for_the_others():
    recorder, kept = Recorder(), reads([0.0])
    recorder.pause = 30.0
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await kept.share("R1", (4, 75), recorder.read)
    told = await kept.share("R1", (4, 75), recorder.read)
    assert isinstance(told.error, SilentError)
    assert recorder.sessions == 1
