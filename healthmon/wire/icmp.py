"""ICMP echo (RFC 792, RFC 4443) by the kernel's unprivileged ping sockets, where the system allows them.

Each echo has a socket of its own, connected to the one device: the kernel numbers it, sorts replies to it and keeps its
receive buffer apart, so that a burst of echoes cannot push out the replies of others and report live devices as down.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import time

from healthmon.wire import counting, trace
from healthmon.wire.errors import ResetError, SilentError, from_os
from healthmon.wire.net import Net

ECHO_SECONDS = 1.0
TRIES = 2
ECHO_BYTES = 44

_REQUEST = {socket.AF_INET: (8, socket.IPPROTO_ICMP), socket.AF_INET6: (128, socket.IPPROTO_ICMPV6)}
_REPLY = {socket.AF_INET: 0, socket.AF_INET6: 129}


async def echo(net: Net, host: str, *, seconds: float = ECHO_SECONDS, tries: int = TRIES) -> float | None:
    """Round trip in seconds, or None where this system does not allow unprivileged echoes (net.ipv4.ping_group_range).

    Raises SilentError after `tries` echoes without a reply, UnreachableError and the like where the network says so.
    """
    address = await net.address_of(host)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, _REQUEST[family][1])
    except OSError:
        return None
    trace.stage("answer to ping")
    counting.charge(2 * ECHO_BYTES)
    with sock:
        try:
            sock.connect((address, 0))
            for number in range(1, tries + 1):
                taken = await _once(sock, family, number, seconds)
                if taken is not None:
                    return taken
        except OSError as error:
            raise from_os(error, "ping") from None
    raise SilentError(f"ping: no answer to {tries} echoes")


async def _once(sock: socket.socket, family: socket.AddressFamily, number: int, seconds: float) -> float | None:
    """Send echo `number` and wait for its reply; None when `seconds` pass without it."""
    loop = asyncio.get_running_loop()
    mark = os.urandom(8)
    # The kernel fills in identifier and checksum of a ping socket.
    await loop.sock_sendall(sock, struct.pack("!BBHHH", _REQUEST[family][0], 0, 0, 0, number) + mark)
    sent = time.perf_counter()
    try:
        async with asyncio.timeout(seconds):
            while True:
                data = await loop.sock_recv(sock, 256)
                if not data:
                    raise ResetError("ping: empty answer")
                if data[:1] == bytes([_REPLY[family]]) and data[8:16] == mark:
                    return time.perf_counter() - sent
    except TimeoutError:
        return None
