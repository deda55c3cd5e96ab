"""What a device may send is bounded in bytes and pieces, and both grow with the time. Of one device
there is one read in a turn of the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvloop

from healthmon.protocols.errors import TooLargeError
from healthmon.protocols.flood import FEW_BYTES, FEW_STEPS, Allowance, Datagrams
from healthmon.protocols.http.exchange import BODY_CAP, Endpoint, Exchange, build_request
from healthmon.protocols.rtsp.connection import RtspConnection


def test_bytes_beyond_the_allowance_are_a_flood():
    one = Allowance(1000, 1000)
    one.read(600)
    one.read(400)
    with pytest.raises(TooLargeError):
        one.read(1)


def test_many_small_reads_are_a_flood_before_their_bytes_are():
    one, reads = Allowance(1 << 20, 80), 0
    with pytest.raises(TooLargeError):
        while True:
            one.read(FEW_BYTES - 1)
            reads += 1
    assert reads == 80 // FEW_STEPS - 1


def test_the_allowance_grows_with_the_time():
    one = Allowance(100, 10, 1000, 100)
    one.began = time.monotonic() - 2
    one.read(2000)
    one.spend(100)
    assert 100 < one.left() < 120
    with pytest.raises(TooLargeError):
        one.read(200)
    with pytest.raises(TooLargeError):
        one.spend(500)


class Heard(asyncio.DatagramProtocol):
    """Counts datagrams, and says that a large one is too much."""

    def __init__(self) -> None:
        self.count = 0
        self.told: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if len(data) > 100:
            raise TooLargeError("no such message is sent")
        self.count += 1

    def error_received(self, exc: Exception) -> None:
        if not self.told.done():
            self.told.set_result(exc)


@pytest.mark.parametrize("datagrams", [[b"x"] * 50, [b"x", b"y" * 101]])
async def test_a_flood_of_datagrams_closes_the_socket_and_is_told(datagrams: list[bytes]):
    loop, inner = asyncio.get_running_loop(), Heard()
    ours, _ = await loop.create_datagram_endpoint(
        lambda: Datagrams(inner, Allowance(1000, 10 * FEW_STEPS)), local_addr=("127.0.0.1", 0)
    )
    theirs, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=ours.get_extra_info("sockname")
    )
    for data in datagrams:
        theirs.sendto(data)
    error = await asyncio.wait_for(inner.told, 60)
    theirs.close()
    assert isinstance(error, TooLargeError)
    assert ours.is_closing()
    assert inner.count < 10


@contextlib.contextmanager
def pouring(first: bytes, then: bytes) -> Iterator[int]:
    """The port of a server in a thread that sends `first`, and `then` as fast as it is read."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def pour() -> None:
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(first)
                while True:
                    connection.sendall(then)

        thread = threading.Thread(target=pour)
        thread.start()
        yield int(server.getsockname()[1])
        thread.join()


class Playing(RtspConnection):
    """Counts its reads."""

    reads = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.listen(lambda _channel, _buffer, _index, _size: None)

    def buffer_updated(self, nbytes: int) -> None:
        self.reads += 1
        super().buffer_updated(nbytes)


class Asking(Exchange):
    """Counts its reads."""

    reads = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        request = build_request(Endpoint("127.0.0.1", 80), "GET", "/", (), b"")
        self.send(transport, request, b"")

    def buffer_updated(self, nbytes: int) -> None:
        self.reads += 1
        super().buffer_updated(nbytes)


FRAMES = b"$\x00\x05\x78" + bytes(1400)
CASES: dict[str, tuple[Callable[[], Any], bytes, bytes]] = {
    "rtsp": (Playing, b"", FRAMES * 500),
    "http": (lambda: Asking(16 * BODY_CAP), b"HTTP/1.1 200 OK\r\n\r\n", b"x" * (1 << 20)),
}


@pytest.mark.slow
@pytest.mark.parametrize("loops", [uvloop.new_event_loop, asyncio.new_event_loop])
@pytest.mark.parametrize("kind", CASES)
def test_a_flood_is_read_once_in_a_turn_of_the_event_loop(kind: str, loops: Any):
    """uvloop alone reads 32 times in a row."""
    made, first, then = CASES[kind]

    async def most_reads(port: int) -> tuple[int, int]:
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.create_connection(made, "127.0.0.1", port)
        most, before = 0, protocol.reads
        async with asyncio.timeout(30):
            while protocol.reads < 40:
                await asyncio.sleep(0)
                most, before = max(most, protocol.reads - before), protocol.reads
        transport.abort()
        await asyncio.sleep(0)
        if isinstance(protocol, Exchange):
            protocol.reply.cancel()
        return most, protocol.reads

    with pouring(first, then) as port, asyncio.Runner(loop_factory=loops) as runner:
        most, reads = runner.run(most_reads(port))
    assert most == 1
    assert reads >= 40
