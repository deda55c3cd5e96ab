"""What a metered connection is counted to carry, against the kernel's own count of a loopback interface."""

from __future__ import annotations

import asyncio
import ctypes
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from loopback import served
from snmp_agent import agent

from healthmon.secret import Secret
from healthmon.wire import snmp
from healthmon.wire.counting import Usage
from healthmon.wire.errors import RefusedError
from healthmon.wire.net import Net

HOST = "127.0.0.1"
LOOPBACK = Path("/sys/class/net/lo/statistics")
ETHERNET = 14


@pytest.fixture(scope="module", autouse=True)
def first_loop_of_uvloop() -> None:
    """uvloop keeps a few files for the process from its first loop on."""
    uvloop = pytest.importorskip("uvloop")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asyncio.sleep(0))


def net(*, metered: bool = True) -> Net:
    made = Net.of([HOST])
    if metered:
        made.usage = Usage({HOST: 0})
    return made


async def fetch(made: Net, port: int, *, buffered: bool, ask: bytes = b"x" * 300) -> int:
    """Ask once and read until the other side ends; the bytes that came."""
    got, ended = bytearray(), asyncio.Event()
    held = bytearray(65536)

    class Plain(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            got.extend(data)

        def connection_lost(self, exc: Exception | None) -> None:
            ended.set()

    class Buffered(asyncio.BufferedProtocol):
        def get_buffer(self, sizehint: int) -> Any:
            return held

        def buffer_updated(self, nbytes: int) -> None:
            got.extend(held[:nbytes])

        def connection_lost(self, exc: Exception | None) -> None:
            ended.set()

    factory: Callable[[], Any] = Buffered if buffered else Plain
    transport, protocol = await made.connect(HOST, port, factory)
    assert isinstance(protocol, factory)  # type: ignore[arg-type]
    transport.write(ask)
    await ended.wait()
    await asyncio.sleep(0.05)
    return len(got)


def serving(size: int):
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(bytes(size))
        await writer.drain()
        writer.close()

    return served(handler)


@pytest.mark.parametrize("uvloop", [False, True])
@pytest.mark.parametrize("buffered", [False, True])
def test_tcp_is_counted_with_its_headers(uvloop: bool, buffered: bool) -> None:
    async def run() -> int:
        made = net()
        async with serving(100_000) as server:
            assert await fetch(made, server.port, buffered=buffered) == 100_000
        return made.usage.take(HOST)

    if uvloop:
        import uvloop as faster

        with asyncio.Runner(loop_factory=faster.new_event_loop) as runner:
            total = runner.run(run())
    else:
        total = asyncio.run(run())
    assert 100_300 + 6 * 52 <= total < 115_000


def in_own_namespace(job: Callable[[], Any]) -> Any:
    """`job` in a thread with a loopback interface of its own, whose counters count nothing else."""
    found: list[Any] = []

    def run() -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(0x40000000):
            found.append(None)
            return
        import subprocess

        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        found.append(job())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if found == [None]:
        pytest.skip("network namespaces need root")
    return found[0]


def carried() -> int:
    """Bytes that loopback has carried, by /proc/net/dev of this thread's namespace (each packet once)."""
    rows = Path("/proc/thread-self/net/dev").read_text().splitlines()
    fields = next(row for row in rows if row.strip().startswith("lo:")).split(":")[1].split()
    return int(fields[0]) - ETHERNET * int(fields[1])


@pytest.mark.peer
def test_the_kernel_counts_the_same_bytes_on_the_interface() -> None:
    def job() -> tuple[int, int]:
        async def run() -> tuple[int, int]:
            made = net()
            async with serving(200_000) as server:
                before = carried()
                await fetch(made, server.port, buffered=True, ask=b"y" * 5000)
                return made.usage.take(HOST), carried() - before

        return asyncio.run(run())

    ours, theirs = in_own_namespace(job)
    assert theirs > 205_000
    assert abs(ours - theirs) < 0.02 * theirs, (ours, theirs)


async def test_udp_is_counted_both_ways() -> None:
    made = net()
    async with agent({"1.3.6.1.2.1.1.3.0": 7}) as device:
        await snmp.get(made, HOST, device.port, Secret("public"), ["1.3.6.1.2.1.1.3.0"])
        size = len(device.requests[0])
    assert 2 * (size + 28) <= made.usage.take(HOST) <= 2 * (size + 28) + 8


async def test_a_connection_that_fails_costs_too_and_others_are_not_counted() -> None:
    made = net()
    with pytest.raises(RefusedError):
        await made.connect(HOST, 1, asyncio.Protocol)
    assert made.usage.take(HOST) > 100
    assert made.usage.take(HOST) == 0
    free = net(metered=False)
    async with serving(1000) as server:
        await fetch(free, server.port, buffered=False)
    assert free.usage.spent == {}
    assert not free.usage.over(HOST)


def test_a_look_is_over_when_what_is_left_is_used() -> None:
    usage = Usage({HOST: 0}, {HOST: 100.0})
    usage.add(HOST, 99)
    assert not usage.over(HOST)
    usage.add(HOST, 1)
    assert usage.over(HOST)
    assert not usage.over("127.0.0.2")
