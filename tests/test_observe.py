"""One place makes observations: deadlines, mapped errors, our own trouble, bugs."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import time
from dataclasses import replace

import pytest

from healthmon import verdict
from healthmon.model import Ask, Device, Kind, Port, Question, Reach, Reason, State
from healthmon.observe import Observer
from healthmon.wire import errors, trace
from healthmon.wire.net import Net

DEVICE = Device("C001", "Market Place", Kind.CAMERA, "town", "127.0.0.1")
ASK = Ask("C001", Question.REACH, timeout=0.2)


async def test_what_was_seen_is_the_value():
    async def probe():
        return Reach(())

    observation = await Observer().observe(probe, DEVICE, ASK)
    assert observation.value == Reach(())
    assert observation.reason is None


async def test_the_deadline_is_absolute_and_names_the_stage():
    async def probe():
        trace.stage("answer to DESCRIBE")
        while True:
            await asyncio.sleep(0.01)

    began = time.monotonic()
    observation = await Observer().observe(probe, DEVICE, ASK)
    assert time.monotonic() - began < 10
    assert observation.reason is Reason.TIMEOUT
    assert observation.detail == "waiting for answer to DESCRIBE, 0.2 s"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (errors.BusyError("453"), Reason.BUSY),
        (ConnectionResetError(104, "Connection reset by peer"), Reason.RESET),
        (OSError(24, "Too many open files"), Reason.AGENT_RESOURCE),
        (ValueError("secret text"), Reason.BUG),
    ],
)
async def test_every_failure_has_one_reason(error, reason, caplog):
    async def probe():
        raise error

    observer = Observer()
    observation = await observer.observe(probe, DEVICE, ASK)
    assert (observation.value, observation.reason) == (None, reason)
    assert "secret text" not in observation.detail + caplog.text
    assert observer.bugs == (reason is Reason.BUG)


async def test_a2_a_result_taken_while_the_loop_stood_still_is_not_the_cameras():
    observer = Observer()
    watcher = asyncio.create_task(observer.lag.watch())
    await asyncio.sleep(0.15)

    async def probe():
        await asyncio.sleep(0)
        time.sleep(0.9)
        await asyncio.sleep(10)

    observation = await observer.observe(probe, DEVICE, ASK)
    assert observation.reason is Reason.AGENT_STALLED
    assert observer.lag.worst > 0.5

    async def refused():
        time.sleep(0.9)
        await asyncio.sleep(0.15)
        return Reach((Port("rtsp", 554, None, Reason.CONNECT_TIMEOUT),))

    async def answered():
        time.sleep(0.9)
        await asyncio.sleep(0.15)
        return Reach((Port("rtsp", 554, 0.9),))

    observer.well = lambda device, seen: all(
        v.state is State.OK for v in verdict.judge(seen, device)
    )
    ask = replace(ASK, timeout=5)
    held = await observer.observe(refused, DEVICE, ask)
    assert (held.value, held.reason) == (None, Reason.AGENT_STALLED), (
        "a port that we were late for is not closed"
    )
    good = await observer.observe(answered, DEVICE, ask)
    assert (good.value, good.reason) == (Reach((Port("rtsp", 554, 0.9),)), None), (
        "good news is good news"
    )
    await asyncio.sleep(0.3)
    quiet = await observer.observe(
        lambda: asyncio.sleep(0.6, Reach((Port("rtsp", 554, None, Reason.REFUSED),))), DEVICE, ask
    )
    watcher.cancel()
    assert quiet.reason is None, "a stall before the look does not excuse it"


async def test_a8_running_out_of_file_descriptors_is_our_trouble():
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    net = Net.of(["127.0.0.1"])

    async def probe():
        transport, _ = await net.connect("127.0.0.1", port, asyncio.Protocol)
        transport.close()
        return Reach(())

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        observation = await Observer().observe(probe, DEVICE, ASK)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    listener.close()
    assert observation.reason is Reason.AGENT_RESOURCE
