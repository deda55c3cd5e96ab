"""ICMP echo (RFC 792, RFC 4443) by the kernel's unprivileged ping sockets, where the system allows
them.

All echoes of a process share one socket for each version of IP. A burst cannot push answers out of
its receive buffer and so report live devices as down: no more echoes are under way than it has room
for, and they are paced. An answer counts only from the address that was asked, and with the token
of that echo.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import math
import os
import socket
import struct
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from healthmon.model.count_words import count_of
from healthmon.protocols import trace
from healthmon.protocols.errors import SilentError, from_os
from healthmon.protocols.transport import metering as counting
from healthmon.protocols.transport.connector import Connector

ECHO_SECONDS = 1.0
TRIES = 2
# Measured on loopback (python -m benchmarks ping): 2,000 echoes at a time, none lost, a tenth of a
# core while it lasts; 0.2 Mbit/s. Ten thousand devices of which one in twenty is down need 17 a
# second.
PER_SECOND = 500.0
BUFFER_BYTES = 4 * 1024 * 1024  # what is asked for; the kernel gives what net.core.rmem_max allows
# Of a buffer for one answer: the kernel books 832 bytes for it, and an answer to an earlier try may
# come.
ROOM_BYTES = 2048
MOST_READ = 10_000
ECHO_BYTES = {socket.AF_INET: 36, socket.AF_INET6: 56}

_REQUEST = {socket.AF_INET: (8, socket.IPPROTO_ICMP), socket.AF_INET6: (128, socket.IPPROTO_ICMPV6)}
_REPLY = {socket.AF_INET: 0, socket.AF_INET6: 129}
_ECHO = struct.Struct(
    "!BBHHH8s"
)  # type, code, checksum and identifier (the kernel's), sequence, token
_DEAD = frozenset({errno.EBADF, errno.ENOTSOCK, errno.ENOTCONN, errno.EPIPE})
_FORBIDDEN = frozenset({errno.EPERM, errno.EACCES})
_FULL = frozenset({errno.EAGAIN, errno.ENOBUFS, errno.ENOMEM})


class _LeftOutError(Exception):
    """No echo can be made, which says nothing about the device; the text says why."""


@dataclass(slots=True, eq=False)
class _Echo:
    """One device is asked `tries` times, and each time waited for `seconds`; the last ends by
    `ends` (monotonic).

    `answered` holds the round trip in seconds.
    """

    address: str
    seconds: float
    tries: int
    ends: float
    token: bytes
    answered: asyncio.Future[float]


@dataclass(slots=True)
class _Line:
    """The socket of one version of IP; open while somebody uses it, opened again when it
    has died.
    """

    family: socket.AddressFamily
    users: int = 0
    waiting: dict[int, tuple[_Echo, float]] = field(default_factory=dict)
    sock: socket.socket | None = None
    room: asyncio.Semaphore | None = None
    _loop: asyncio.AbstractEventLoop | None = None
    _fd: int = -1
    _last: int = 0

    def open(self) -> asyncio.Semaphore:
        """Open the socket if need be; what bounds the echoes under way. Raises _LeftOutError."""
        if self.sock is None or self.room is None:
            sock = self._new()
            self.sock, self._fd, self._loop = sock, sock.fileno(), asyncio.get_running_loop()
            self._loop.add_reader(self._fd, self.read)
            granted = (
                sock.getsockopt(socket.SOL_SOCKET, which)
                for which in (socket.SO_RCVBUF, socket.SO_SNDBUF)
            )
            self.room = self.room or asyncio.Semaphore(max(8, min(granted) // ROOM_BYTES))
        return self.room

    def _new(self) -> socket.socket:
        try:
            sock = socket.socket(
                self.family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, _REQUEST[self.family][1]
            )
        except OSError as error:
            hint = " (net.ipv4.ping_group_range)" if error.errno in _FORBIDDEN else ""
            words = (error.strerror or "no such socket").lower()
            raise _LeftOutError(f"this system does not allow it{hint}: {words}") from None
        for which in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            sock.setsockopt(socket.SOL_SOCKET, which, BUFFER_BYTES)
        return sock

    def close(self) -> None:
        """Let go of the socket; echoes under way go on with a new one at their next try."""
        if self.sock is not None and self._loop is not None:
            self._loop.remove_reader(self._fd)
            self.sock.close()
            self.sock = None

    def send(self, echo: _Echo) -> int:
        """Send one echo; its number. Raises _LeftOutError, UnreachableError and the like."""
        number = self._fresh_number()
        packet = _ECHO.pack(_REQUEST[self.family][0], 0, 0, 0, number, echo.token)
        self.waiting[number] = (echo, time.perf_counter())
        try:
            self._sendto(packet, echo.address)
        except BaseException:
            del self.waiting[number]
            raise
        counting.charge(ECHO_BYTES[self.family])
        return number

    def _fresh_number(self) -> int:
        self._last = (self._last + 1) & 0xFFFF
        while self._last in self.waiting:
            self._last = (self._last + 1) & 0xFFFF
        return self._last

    def _sendto(self, packet: bytes, address: str) -> None:
        for last in (False, True):
            self.open()
            assert self.sock is not None  # noqa: S101 - it has just been opened
            try:
                self.sock.sendto(packet, (address, 0))
            except OSError as error:
                if error.errno in _DEAD and not last:
                    self.close()
                    continue
                if error.errno in _FORBIDDEN | _FULL:
                    words = os.strerror(error.errno or 0).lower()
                    raise _LeftOutError(f"this system lets none out: {words}") from None
                raise from_os(error, "ping") from None
            return

    def read(self) -> None:
        """Take every answer that has come."""
        for _ in range(MOST_READ):
            if self.sock is None:
                return
            try:
                data, source = self.sock.recvfrom(256)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _DEAD:
                    self.close()
                return
            self._match_reply(data, source[0].partition("%")[0])

    def _match_reply(self, data: bytes, source: str) -> None:
        if len(data) < _ECHO.size:
            return
        kind, code, _, _, number, token = _ECHO.unpack_from(data)
        echo, sent = self.waiting.get(number, (None, 0.0))
        if echo is None or (kind, code) != (_REPLY[self.family], 0) or echo.answered.done():
            return
        if token == echo.token and source == echo.address.partition("%")[0]:
            echo.answered.set_result(time.perf_counter() - sent)


@dataclass(slots=True)
class _Pinger:
    """The echoes of one event loop. `per_second` paces them, those of both versions of IP
    together.
    """

    per_second: float = PER_SECOND
    _lines: dict[socket.AddressFamily, _Line] = field(default_factory=dict)
    _next: float = 0.0

    async def echo(
        self, connector: Connector, host: str, seconds: float, tries: int, within: float
    ) -> float | None:
        """As the function `echo`."""
        address = await connector.address_of(host)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        line = self._lines.setdefault(family, _Line(family))
        answered: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        echo = _Echo(address, seconds, tries, time.monotonic() + within, os.urandom(8), answered)
        trace.stage("answer to ping")
        try:
            return await self._round_trip(line, echo)
        except _LeftOutError as error:
            trace.note(".", f"ping left out: {error}")
            return None

    async def _round_trip(self, line: _Line, echo: _Echo) -> float:
        numbers: list[int] = []
        line.users += 1
        try:
            for left in range(echo.tries, 0, -1):
                async with self._turn(line, echo.ends - left * echo.seconds):
                    trace.note(">", f"ICMP echo to {echo.address}")
                    numbers.append(line.send(echo))
                    await asyncio.wait({echo.answered}, timeout=echo.seconds)
                    line.read()  # where this process was held up, an answer waits there although the time is over
                if echo.answered.done():
                    counting.charge(ECHO_BYTES[line.family])
                    trace.note("<", f"answer to ping in {echo.answered.result() * 1000:.1f} ms")
                    return echo.answered.result()
        finally:
            for number in numbers:
                del line.waiting[number]
            line.users -= 1
            if not line.users:
                line.close()
        raise SilentError(f"ping: no answer to {count_of(echo.tries, 'echo', 'echoes')}")

    @contextlib.asynccontextmanager
    async def _turn(self, line: _Line, latest: float) -> AsyncIterator[None]:
        """Hold room for one echo from its turn on, which must come before `latest` (monotonic)."""
        room = line.open()
        crowded = _LeftOutError("too many echoes wait for their turn")
        try:
            async with asyncio.timeout(
                max(0.0, latest - time.monotonic()) if latest < math.inf else None
            ):
                await room.acquire()
        except TimeoutError:
            raise crowded from None
        try:
            now = time.monotonic()
            if (turn := max(now, self._next)) > latest:
                raise crowded
            self._next = turn + 1 / self.per_second
            if turn > now:
                await asyncio.sleep(turn - now)
            yield
        finally:
            room.release()


_PINGERS: WeakKeyDictionary[asyncio.AbstractEventLoop, _Pinger] = (
    WeakKeyDictionary()
)  # a process has one


async def echo(
    connector: Connector,
    host: str,
    *,
    seconds: float = ECHO_SECONDS,
    tries: int = TRIES,
    within: float = math.inf,
) -> float | None:
    """Round trip in seconds, or None where no echo could be made (a note of the running check says
    why).

    Each of the `tries` waits `seconds` for an answer, to itself or to one before; None also where
    so many echoes wait for their turn that not all tries can be made `within` so many seconds.
    Raises SilentError when no answer comes, AddressError and DnsError, and UnreachableError and the
    like where this machine has no way there.
    """
    pinger = _PINGERS.setdefault(asyncio.get_running_loop(), _Pinger())
    return await pinger.echo(connector, host, seconds, tries, within)
