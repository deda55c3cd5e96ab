"""SNMPv3 against scripted peers: what of a flood reaches pysnmp, what ends an exchange, and what our
messages announce. Real agents are in tests/peers.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from helpers.ber import elements, tlv
from helpers.snmp_agent import integer
from helpers.support import free_port

from healthmon.protocols.errors import ProtocolError, RefusedError, TooLargeError
from healthmon.protocols.snmp import ber, v3, v3_network
from healthmon.protocols.transport.connector import Connector
from healthmon.secret import Credential, Secret

pytestmark = pytest.mark.slow

HOST = "127.0.0.1"
USER = Credential("v3", "healthmon", Secret("authpass12345"), Secret("privpass12345"))
OIDS = ["1.3.6.1.2.1.33.1.4.1.0"]
Reply = Callable[[bytes], Iterator[bytes]]


@pytest.fixture(autouse=True)
async def engines_closed(nothing_left: None) -> AsyncIterator[None]:
    yield
    await v3.close()


@dataclass
class Peer(asyncio.DatagramProtocol):
    """Answers each datagram with all that `reply` makes of it; where it is `endless`, again and
    again.
    """

    reply: Reply
    endless: bool = False
    heard: list[bytes] = field(default_factory=list)
    pouring: list[asyncio.Task[None]] = field(default_factory=list)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.heard.append(data)
        self.pouring.append(asyncio.create_task(self.pour(data, addr)))

    async def pour(self, data: bytes, addr: Any) -> None:
        while True:
            for answer in self.reply(data):
                self.transport.sendto(answer, addr)
            if not self.endless:
                return
            await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def peer(reply: Reply, *, endless: bool = False) -> AsyncIterator[tuple[int, Peer]]:
    made = Peer(reply, endless)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: made, local_addr=(HOST, 0)
    )
    try:
        yield int(transport.get_extra_info("sockname")[1]), made
    finally:
        for task in made.pouring:
            task.cancel()
        transport.close()


async def get(port: int) -> dict[str, Any]:
    return await v3.get(Connector.of([HOST]), HOST, port, USER, OIDS, auth="SHA-256")


def header(request: bytes) -> list[tuple[int, bytes]]:
    """msgID, msgMaxSize, flags, security model (RFC 3412 section 6)."""
    return elements(elements(elements(request)[0][1])[1][1])


def padded(request: bytes, size: int) -> bytes:
    """A message with the msgID of `request` and so many bytes behind its header."""
    message = elements(elements(request)[0][1])
    return tlv(0x30, integer(3) + tlv(0x30, message[1][1]) + tlv(0x04, bytes(size)))


def test_the_id_of_a_message_is_read_and_nothing_else_is_one():
    assert ber.message_id(ber.discovery_request(77)) == 77
    for wrong in (b"", b"0" * 40, tlv(0x30, integer(1)), ber.get_request(1, b"public", 7, OIDS)):
        with pytest.raises(ProtocolError):
            ber.message_id(wrong)


async def test_a_message_is_handed_on_once_and_only_where_it_is_awaited():
    def reply(request: bytes) -> Iterator[bytes]:
        yield from (b"0" * 40, ber.discovery_request(78), request, request, request)
        yield ber.discovery_request(79)  # the end

    taken: list[bytes] = []
    async with peer(reply) as (port, _):
        transport, ours = await Connector.of([HOST]).udp(
            HOST, port, lambda: v3_network._Socket(taken.append)
        )
        ours.transport = transport
        async with ours.exchange():
            ours.send(ber.discovery_request(77))
            ours._awaited.add(79)
            async with asyncio.timeout(10):
                while len(taken) < 2:
                    await asyncio.sleep(0.01)
    assert [ber.message_id(data) for data in taken] == [77, 79]


@pytest.mark.parametrize("made_up", [b"0" * 40, ber.discovery_request(1)], ids=["bytes", "v3"])
async def test_a_flood_ends_the_exchange(made_up: bytes):
    """It ends by its count, long before the request would be given up."""

    def reply(_request: bytes) -> Iterator[bytes]:
        yield from [made_up] * 20

    async with peer(reply, endless=True) as (port, _):
        with pytest.raises(TooLargeError, match="without end"):
            await get(port)


async def test_a_message_longer_than_we_announce_ends_the_exchange():
    def reply(request: bytes) -> Iterator[bytes]:
        yield padded(request, v3_network.LONGEST)

    async with peer(reply) as (port, heard):
        with pytest.raises(TooLargeError, match="longer than 4096 bytes"):
            await get(port)
    assert header(heard.heard[0])[1] == (0x02, v3_network.LONGEST.to_bytes(2, "big"))


async def test_a_closed_port_is_told_at_once_and_costs_no_engine():
    port = free_port(socket.SOCK_DGRAM)
    for _ in range(v3.RENEW_AFTER + 1):
        with pytest.raises(RefusedError):
            await get(port)
    ((_, held),) = v3._engines.items()
    assert not held.timeouts


async def test_requests_at_once_share_one_engine():
    port = free_port(socket.SOCK_DGRAM)
    answers = await asyncio.gather(*(get(port) for _ in range(4)), return_exceptions=True)
    assert [type(one) for one in answers] == [RefusedError] * 4
    assert len(v3._engines) == 1


@pytest.mark.parametrize("damaged", [b"hello", b"0" * 40], ids=["text", "bytes"])
async def test_a_damaged_answer_is_no_refused_login(damaged: bytes):
    """Of an agent that was never heard: what it answers says nothing of the account."""

    def reply(_request: bytes) -> Iterator[bytes]:
        yield damaged

    async with peer(reply) as (port, _):
        with pytest.raises(ProtocolError, match="damaged or not understood"):
            await get(port)
        assert await v3.discover(Connector.of([HOST]), HOST, port) is False


async def test_a_discovery_is_answered_by_its_own_id():
    async with peer(lambda request: iter([request])) as (port, _):
        assert await v3.discover(Connector.of([HOST]), HOST, port) is True
    async with peer(lambda _: iter([ber.discovery_request(1)])) as (port, _):
        assert await v3.discover(Connector.of([HOST]), HOST, port) is False


def test_more_values_than_were_asked_for_are_not_read():
    rows = [(oid, 1) for oid in ("1.3.6.1", "1.3.6.2")]
    assert v3._read((None, 0, 0, rows), 2) == {"1.3.6.1": 1, "1.3.6.2": 1}
    with pytest.raises(TooLargeError):
        v3._read((None, 0, 0, rows), 1)
