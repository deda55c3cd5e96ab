"""One place makes observations: deadlines, mapped errors, our own trouble, bugs."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import socket
import time
from dataclasses import replace

import pytest
from helpers.results import observed

from healthmon.checks import registry
from healthmon.model.device import Check, Device
from healthmon.model.enums import CheckName, Kind, Reason
from healthmon.model.measurements import Port, Reach
from healthmon.protocols import deadline, errors, trace
from healthmon.protocols.transport.connector import Connector
from healthmon.scheduling.runner import STALL_SECONDS, Lag, ProbeRunner

pytestmark = pytest.mark.slow

DEVICE = Device("C001", "Market Place", Kind.CAMERA, "town", "127.0.0.1")
ASK = Check("C001", CheckName.REACH, timeout=0.2)


async def test_what_was_seen_is_the_value():
    async def probe():
        return Reach(())

    observation = await observed(probe, DEVICE, ASK)
    assert observation.value == Reach(())
    assert observation.reason is None


async def test_a_probe_may_ask_for_more_time():
    async def slow(more: float) -> Reach:
        deadline.extend(more)
        await asyncio.sleep(0.4)
        return Reach(())

    late = await observed(lambda: slow(0.0), DEVICE, ASK)
    assert (late.value, late.reason) == (None, Reason.TIMEOUT)
    assert (await observed(lambda: slow(9.0), DEVICE, ASK)).value == Reach(())


async def test_the_deadline_is_absolute_and_names_the_stage():
    async def probe():
        trace.stage("answer to DESCRIBE")
        while True:
            await asyncio.sleep(0.01)

    began = time.monotonic()
    observation = await observed(probe, DEVICE, ASK)
    assert time.monotonic() - began < 10
    assert observation.reason is Reason.TIMEOUT
    assert observation.detail == "waiting for answer to DESCRIBE, 0.2 s"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (errors.BusyError("453"), Reason.BUSY),
        (ConnectionResetError(104, "Connection reset by peer"), Reason.RESET),
        (OSError(24, "Too many open files"), Reason.AGENT_RESOURCE),
        (OSError(errno.ETIMEDOUT, "Connection timed out"), Reason.CONNECT_TIMEOUT),
        (TimeoutError("a time-out of a library"), Reason.TIMEOUT),
        (ValueError("secret text"), Reason.BUG),
    ],
)
async def test_every_failure_has_one_reason(error, reason, caplog):
    async def probe():
        raise error

    runner = ProbeRunner()
    observation = await observed(probe, DEVICE, ASK, runner)
    assert (observation.value, observation.reason) == (None, reason)
    assert "secret text" not in observation.detail + caplog.text
    assert runner.bugs == (reason is Reason.BUG)


async def test_a2_a_result_taken_while_the_loop_stood_still_is_not_the_cameras():
    runner = ProbeRunner()
    watcher = asyncio.create_task(runner.lag.watch())
    await asyncio.sleep(0.15)

    async def probe():
        await asyncio.sleep(0)
        time.sleep(0.9)
        await asyncio.sleep(10)

    observation = await observed(probe, DEVICE, ASK, runner)
    assert observation.reason is Reason.AGENT_STALLED
    assert runner.lag.worst > 0.5

    async def refused():
        time.sleep(0.9)
        await asyncio.sleep(0.15)
        return Reach((Port("rtsp", 554, None, Reason.CONNECT_TIMEOUT),))

    async def answered():
        time.sleep(0.9)
        await asyncio.sleep(0.15)
        return Reach((Port("rtsp", 554, 0.9),))

    check = replace(ASK, timeout=5)
    held = await observed(refused, DEVICE, check, runner)
    assert (held.value, held.reason) == (None, Reason.AGENT_STALLED), (
        "a port that we were late for is not closed"
    )
    good = await observed(answered, DEVICE, check, runner)
    assert (good.value, good.reason) == (Reach((Port("rtsp", 554, 0.9),)), None), (
        "good news is good news"
    )
    await asyncio.sleep(0.3)
    quiet = await observed(
        lambda: asyncio.sleep(0.6, Reach((Port("rtsp", 554, None, Reason.REFUSED),))),
        DEVICE,
        check,
        runner,
    )
    watcher.cancel()
    assert quiet.reason is None, "a stall before the look does not excuse it"


async def test_a_short_stall_is_seen_wherever_it_falls() -> None:
    lag = Lag()
    stall = 1.5 * lag.step
    lag.begin()
    watcher = asyncio.create_task(lag.watch())
    for number in range(10):
        await asyncio.sleep(number / 10 * lag.step)
        lag.worst = 0.0
        time.sleep(stall)
        await asyncio.sleep(2 * lag.step)
        assert lag.worst > stall - lag.step - 0.002
    watcher.cancel()


async def test_no_stall_of_half_a_second_is_missed_wherever_it_falls() -> None:
    lag = Lag()
    lag.begin()
    watcher = asyncio.create_task(lag.watch())
    for number in range(3):
        await asyncio.sleep(0.15 + number / 3 * lag.step)
        began = time.monotonic()
        time.sleep(STALL_SECONDS)
        await asyncio.sleep(2 * lag.step)
        assert lag.stalled_since(began)
    watcher.cancel()


@pytest.mark.parametrize("after", [0.0, 0.01, 0.25])
async def test_a_stall_of_a_check_that_ends_a_rest_is_seen(after: float) -> None:
    """Between checks the loop is looked at twice a second; the first check ends that at once."""
    lag = Lag()
    stall = 1.5 * lag.step
    watcher = asyncio.create_task(lag.watch())
    await asyncio.sleep(0.03)
    lag.begin()
    await asyncio.sleep(after)
    time.sleep(stall)
    await asyncio.sleep(2 * lag.step)
    lag.end()
    assert lag.worst > stall - lag.step - 0.002
    watcher.cancel()


async def test_a8_running_out_of_file_descriptors_is_our_trouble():
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    connector = Connector.of(["127.0.0.1"])

    async def probe():
        transport, _ = await connector.connect("127.0.0.1", port, asyncio.Protocol)
        transport.close()
        return Reach(())

    registry.installed()  # the first time it opens files
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        observation = await observed(probe, DEVICE, ASK)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    listener.close()
    assert observation.reason is Reason.AGENT_RESOURCE
