"""What a metered connection is counted to carry, against the kernel's own count of a loopback
interface.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.loopback import served
from helpers.peers.namespaces import inside
from helpers.snmp_agent import agent

from healthmon.protocols.errors import RefusedError
from healthmon.protocols.snmp import v2c as snmp
from healthmon.protocols.transport import metering as counting
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.metering import Account
from healthmon.secret import Secret

pytestmark = pytest.mark.slow

HOST = "127.0.0.1"
LOOPBACK = Path("/sys/class/net/lo/statistics")
ETHERNET = 14


@pytest.fixture(scope="module", autouse=True)
def first_loop_of_uvloop() -> None:
    """uvloop keeps a few files for the process from its first loop on."""
    uvloop = pytest.importorskip("uvloop")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asyncio.sleep(0))


async def fetch(made: Connector, port: int, *, buffered: bool, check: bytes = b"x" * 300) -> int:
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
    transport.write(check)
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
        account = Account()
        async with serving(100_000) as server:
            with counting.charged(account):
                assert await fetch(Connector.of([HOST]), server.port, buffered=buffered) == 100_000
        return account.drain()

    if uvloop:
        import uvloop as faster

        with asyncio.Runner(loop_factory=faster.new_event_loop) as runner:
            total = runner.run(run())
    else:
        total = asyncio.run(run())
    assert 100_300 + 6 * 52 <= total < 115_000


def carried() -> int:
    """Bytes that loopback has carried, by /proc/net/dev of this thread's namespace (each packet
    once).
    """
    rows = Path("/proc/thread-self/net/dev").read_text().splitlines()
    fields = next(row for row in rows if row.strip().startswith("lo:")).split(":")[1].split()
    return int(fields[0]) - ETHERNET * int(fields[1])


@pytest.mark.peer
def test_the_kernel_counts_the_same_bytes_on_the_interface() -> None:
    def job() -> tuple[int, int]:
        async def run() -> tuple[int, int]:
            account = Account()
            async with serving(200_000) as server:
                before = carried()
                with counting.charged(account):
                    await fetch(Connector.of([HOST]), server.port, buffered=True, check=b"y" * 5000)
                return account.drain(), carried() - before

        return asyncio.run(run())

    ours, theirs = inside(job)
    assert theirs > 205_000
    assert abs(ours - theirs) < 0.02 * theirs, (ours, theirs)


async def test_udp_is_counted_both_ways() -> None:
    account = Account()
    async with agent({"1.3.6.1.2.1.1.3.0": 7}) as device:
        with counting.charged(account):
            await snmp.get(
                Connector.of([HOST]), HOST, device.port, Secret("public"), ["1.3.6.1.2.1.1.3.0"]
            )
        size = len(device.requests[0])
    assert 2 * (size + 28) <= account.drain() <= 2 * (size + 28) + 8


async def test_a_connection_that_fails_costs_too_and_looks_without_an_account_cost_nothing() -> (
    None
):
    account, connector = Account(), Connector.of([HOST])
    with counting.charged(account), pytest.raises(RefusedError):
        await connector.connect(HOST, 1, asyncio.Protocol)
    assert account.drain() > 100
    assert account.drain() == 0
    async with serving(1000) as server:
        await fetch(connector, server.port, buffered=False)
    assert account.spent == 0
    assert counting.charger() is None
    assert not counting.over()


async def test_two_looks_at_the_same_address_are_charged_to_their_own_accounts() -> None:
    first, second, connector = Account(), Account(), Connector.of([HOST])

    async def look(account: Account, port: int) -> None:
        with counting.charged(account):
            await fetch(connector, port, buffered=True)

    async with serving(200_000) as large, serving(1000) as small:
        await asyncio.gather(look(first, large.port), look(second, small.port))
    assert 200_000 < first.drain() < 230_000
    assert 1000 < second.drain() < 3000


def test_a_look_is_over_when_what_is_left_is_used() -> None:
    account = Account(left=100.0)
    with counting.charged(account):
        counting.charge(99)
        assert not counting.over()
        counting.charge(1)
        assert counting.over()
    assert not counting.over()
