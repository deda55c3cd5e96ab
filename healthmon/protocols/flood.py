"""How much a device may send in one exchange: bytes, and the pieces that they come in.

Bytes alone do not bound the work: ten thousand empty messages cost more than one large one. What
exceeds its allowance is a flood; nothing more of it is read.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any, cast

from healthmon.protocols.errors import TooLargeError

FEW_BYTES = 256  # a read that brings no more costs as much as `FEW_STEPS` frames
FEW_STEPS = 8
DATAGRAM_BYTES, DATAGRAM_STEPS = 1024 * 1024, 16_000


@dataclass(slots=True)
class Allowance:
    """At most `size` bytes and `steps` pieces (messages, frames, chunks), and so many more of both
    for each second since it was made. A read of few bytes counts as several pieces.
    """

    size: int
    steps: int
    size_a_second: int = 0
    steps_a_second: int = 0
    received: int = 0
    taken: int = 0
    began: float = field(default_factory=time.monotonic)

    def read(self, size: int) -> None:
        """Count a read of `size` bytes. Raises TooLargeError."""
        self.received += size
        self.spend(FEW_STEPS if size < FEW_BYTES else 1)

    def spend(self, steps: int) -> None:
        """Count pieces. Raises TooLargeError."""
        self.taken += steps
        if self.taken >= self.steps or self.received > self.size:
            self._check()

    def left(self) -> int:
        """How many pieces may still come now."""
        return int(self.steps + self._seconds() * self.steps_a_second) - self.taken

    def _seconds(self) -> float:
        return time.monotonic() - self.began

    def _check(self) -> None:
        if self.left() <= 0 or self.received > self.size + self._seconds() * self.size_a_second:
            raise TooLargeError("it sends without end")


class Turns:
    """Reads of one connection: after one that has filled its buffer, the next comes in the next turn
    of the event loop.

    uvloop reads up to 32 times in a row while a device sends as fast as it is read, and everything
    else waits for the end of that.
    """

    __slots__ = ("_ended", "_transport")

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._ended = False

    def of(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def read(self, *, filled: bool) -> None:
        """One read is over; with `filled` there is likely more to come."""
        transport = self._transport
        if filled and not self._ended and transport is not None and not transport.is_closing():
            transport.pause_reading()
            asyncio.get_running_loop().call_soon(self._go_on)

    def end(self) -> None:
        """Nothing more is to be read."""
        transport, ended = self._transport, self._ended
        self._ended = True
        if not ended and transport is not None and not transport.is_closing():
            transport.pause_reading()

    def _go_on(self) -> None:
        transport = self._transport
        if not self._ended and transport is not None and not transport.is_closing():
            transport.resume_reading()


class Datagrams(asyncio.DatagramProtocol):
    """`inner` behind an allowance: at its end the socket is closed, and `inner` is told by
    ``error_received``.
    """

    def __init__(self, inner: asyncio.DatagramProtocol, allowance: Allowance | None = None) -> None:
        self._inner = inner
        self._allowance = allowance or Allowance(DATAGRAM_BYTES, DATAGRAM_STEPS)
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """Keep the transport."""
        self._transport = transport
        self._inner.connection_made(transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Hand one datagram on, unless it is one too many, or `inner` says that by raising."""
        if self._transport.is_closing():
            return
        try:
            self._allowance.read(len(data))
            self._inner.datagram_received(data, addr)
        except TooLargeError as error:
            self._transport.abort()
            self._inner.error_received(error)

    def error_received(self, exc: Exception) -> None:
        """Hand on what the kernel says."""
        self._inner.error_received(exc)

    def connection_lost(self, exc: Exception | None) -> None:
        """Hand on that the socket is closed."""
        self._inner.connection_lost(exc)
