"""Every byte to and from a metered device: what its mobile network counts, so with the headers of
IP, TCP and UDP.

A check at such a device runs with its account open (`charged`); every connection made then is
charged to it, whatever else shares its address. TCP is read from the kernel's own counters of the
connection when it ends (``TCP_INFO`` in tcp(7), Linux), which know acknowledgements and what was
sent again; until then, and elsewhere, received payload counts. Checks without an account pay
nothing for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, cast

IP_UDP = {4: 28, 6: 48}
IP_TCP = {4: 52, 6: 72}  # with TCP time stamps, which nearly every segment carries
HANDSHAKE = 4
GUESSED_SHARE = 1.06
_INFO = struct.Struct(
    "=128xQII56xQ"
)  # tcp_info: bytes_received, segs_out, segs_in, bytes_sent (linux/tcp.h)


@dataclass(slots=True)
class Account:
    """Bytes `spent` since they were last taken; `left` is what the running check may use, None for
    no limit.
    """

    spent: int = 0
    left: float | None = None

    def add(self, size: int) -> None:
        """Charge bytes."""
        self.spent += size

    def drain(self) -> int:
        """What was charged since it was last taken."""
        taken, self.spent = self.spent, 0
        return taken


_current: ContextVar[Account | None] = ContextVar("healthmon_account", default=None)


@contextlib.contextmanager
def charged(account: Account) -> Iterator[None]:
    """Charge every connection that is made inside to `account`."""
    token = _current.set(account)
    try:
        yield
    finally:
        _current.reset(token)


def charge(size: int) -> None:
    """Charge bytes to the open account, if there is one."""
    if (account := _current.get()) is not None:
        account.spent += size


def charger() -> Callable[[int], None] | None:
    """What charges the account that is open now, also later; None where none is."""
    account = _current.get()
    return account.add if account is not None else None


def over() -> bool:
    """Whether the running check has used what it may."""
    account = _current.get()
    return account is not None and account.left is not None and account.spent >= account.left


def around(address: str, inner: asyncio.BaseProtocol) -> asyncio.BaseProtocol:
    """`inner` behind a counter of all that its TCP connection carries; itself where no account is
    open.
    """
    if (add := charger()) is None:
        return inner
    tally = _Tally(add, IP_TCP[_version(address)])
    if isinstance(inner, asyncio.BufferedProtocol):
        return _CountedBuffered(inner, tally)
    return _Counted(cast("asyncio.Protocol", inner), tally)


def around_udp(address: str, inner: asyncio.DatagramProtocol) -> asyncio.DatagramProtocol:
    """`inner` behind a counter of the datagrams that come; itself where no account is open."""
    add = charger()
    return _CountedDatagrams(inner, add, IP_UDP[_version(address)]) if add is not None else inner


def sender(address: str, transport: asyncio.DatagramTransport) -> asyncio.DatagramTransport:
    """`transport` with what it sends counted; itself where no account is open."""
    if (add := charger()) is None:
        return transport
    return cast(
        "asyncio.DatagramTransport", _CountingSender(transport, add, IP_UDP[_version(address)])
    )


def unanswered(address: str) -> None:
    """A connection that did not come about costs its packets too."""
    charge(HANDSHAKE * IP_TCP[_version(address)])


def _version(address: str) -> int:
    return 6 if ":" in address else 4


class _Tally:
    """The count of one TCP connection: payload as it comes, corrected by the kernel's count at the
    end.
    """

    def __init__(self, add: Callable[[int], None], headers: int) -> None:
        self._add, self._headers, self._counted = add, headers, 0
        self._handle = -1

    def opened(self, transport: asyncio.BaseTransport) -> None:
        """Keep a handle of the socket: at the end the loop has closed its own."""
        found = transport.get_extra_info("socket")
        if found is not None and hasattr(socket, "TCP_INFO"):
            self._handle = os.dup(found.fileno())

    def received(self, size: int) -> None:
        """Count at once, so that a check can be ended in time."""
        self._counted += size
        self._add(size)

    def closed(self) -> None:
        """Correct by what the kernel has counted; guess where it does not report."""
        total = self._kernel() or int(self._counted * GUESSED_SHARE) + HANDSHAKE * self._headers
        self._add(max(0, total - self._counted))

    def _kernel(self) -> int:
        if self._handle < 0:
            return 0
        handle, self._handle = self._handle, -1
        with socket.socket(fileno=handle) as sock:
            try:
                raw = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size)
                received, out, into, sent = _INFO.unpack(raw)
            except (OSError, struct.error):
                return 0
        return int(received + sent + self._headers * (out + into))


class _Counted(asyncio.Protocol):
    def __init__(self, inner: asyncio.Protocol, tally: _Tally) -> None:
        self.inner, self._tally = inner, tally

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._tally.opened(transport)
        self.inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._tally.received(len(data))
        self.inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self.inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._tally.closed()
        self.inner.connection_lost(exc)


class _CountedBuffered(asyncio.BufferedProtocol):
    def __init__(self, inner: asyncio.BufferedProtocol, tally: _Tally) -> None:
        self.inner, self._tally = inner, tally

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._tally.opened(transport)
        self.inner.connection_made(transport)

    def get_buffer(self, sizehint: int) -> Any:
        return self.inner.get_buffer(sizehint)

    def buffer_updated(self, nbytes: int) -> None:
        self._tally.received(nbytes)
        self.inner.buffer_updated(nbytes)

    def eof_received(self) -> bool | None:
        return self.inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._tally.closed()
        self.inner.connection_lost(exc)


class _CountedDatagrams(asyncio.DatagramProtocol):
    def __init__(
        self, inner: asyncio.DatagramProtocol, add: Callable[[int], None], headers: int
    ) -> None:
        self.inner, self._add, self._headers = inner, add, headers

    def connection_made(self, transport: Any) -> None:
        self.inner.connection_made(transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._add(len(data) + self._headers)
        self.inner.datagram_received(data, addr)

    def error_received(self, exc: Exception) -> None:
        self.inner.error_received(exc)

    def connection_lost(self, exc: Exception | None) -> None:
        self.inner.connection_lost(exc)


class _CountingSender:
    """A datagram transport that counts what it sends; everything else is the transport's own."""

    def __init__(
        self, transport: asyncio.DatagramTransport, add: Callable[[int], None], headers: int
    ) -> None:
        self._transport, self._add, self._headers = transport, add, headers

    def sendto(self, data: bytes, addr: Any = None) -> None:
        self._add(len(data) + self._headers)
        self._transport.sendto(data, addr)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
