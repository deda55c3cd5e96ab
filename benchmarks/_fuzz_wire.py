"""A device that is bytes in memory: clients of healthmon speak with it without a socket, so that a
million answers take minutes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
MOST_WAITS = 40
ADDRESS = "192.0.2.10"


class Transport(asyncio.Transport, asyncio.DatagramTransport):
    """Drops what is written."""

    def __init__(self) -> None:
        super().__init__()
        self._closing = False

    def write(self, data: object) -> None:
        """To nobody."""

    def sendto(self, data: object, addr: object = None) -> None:
        """To nobody."""

    def pause_reading(self) -> None:
        """What has been sent is there all the same: who has failed takes no more of it."""

    def resume_reading(self) -> None:
        """Read on."""

    def close(self) -> None:
        """End."""
        self._closing = True

    abort = close

    def is_closing(self) -> bool:
        """Whether it has ended."""
        return self._closing

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Our own address."""
        return ("127.0.0.1", 40000) if name == "sockname" else default


class Peer:
    """Stands where the connector does: to whatever a client asks, the device answers `data`."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._protocol: Any = None
        self._transport = Transport()

    async def connect(
        self, _host: str, _port: int, factory: Callable[[], Any], **_options: object
    ) -> tuple[Transport, Any]:
        """A new connection."""
        self._protocol, self._transport = factory(), Transport()
        self._protocol.connection_made(self._transport)
        return self._transport, self._protocol

    async def udp(self, host: str, port: int, factory: Callable[[], Any]) -> tuple[Transport, Any]:
        """The same for datagrams."""
        return await self.connect(host, port, factory)

    async def address_of(self, host: str) -> str:
        """As configured."""
        return host

    def answer(self) -> None:
        """Send the answer, cut in two where its length says so."""
        half = len(self.data) // 2 if len(self.data) % 3 == 0 else 0
        for piece in (self.data[:half], self.data[half:]):
            self._send(piece)

    def hang_up(self) -> None:
        """End the connection."""
        if isinstance(self._protocol, asyncio.Protocol | asyncio.BufferedProtocol):
            self._protocol.eof_received()
        self._transport.close()
        self._protocol.connection_lost(None)

    def _send(self, piece: bytes) -> None:
        if isinstance(self._protocol, asyncio.DatagramProtocol):
            self._protocol.datagram_received(piece, (ADDRESS, 1))
        elif isinstance(self._protocol, asyncio.BufferedProtocol):
            self._fill(piece)
        elif piece:
            self._protocol.data_received(piece)

    def _has_ended(self) -> bool:
        """Whether the client reads no more."""
        return self._transport.is_closing() or getattr(self._protocol, "closed", None) is not None

    def _fill(self, piece: bytes) -> None:
        at = 0
        while at < len(piece) and not self._has_ended():
            room = self._protocol.get_buffer(-1)
            part = piece[at : at + len(room)]
            room[: len(part)] = part
            self._protocol.buffer_updated(len(part))
            at += len(part)


def spoken(coroutine: Coroutine[Any, Any, T], peer: Peer) -> T | None:
    """What `coroutine` returns: whenever it waits, `peer` answers, and hangs up where that was not
    enough. None where it waits for something else.
    """
    try:
        for _ in range(MOST_WAITS):
            waiting = coroutine.send(None)
            if waiting is None:
                continue
            peer.answer()
            if not waiting.done():
                peer.hang_up()
            if not waiting.done():
                return None
    except StopIteration as done:
        result: T = done.value
        return result
    finally:
        with contextlib.suppress(RuntimeError):  # it waits for an answer while it cleans up
            coroutine.close()
    return None


def http(body: bytes) -> bytes:
    """`body` as the answer of a web server."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
