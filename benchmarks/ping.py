"""2,000 echoes at once: how many devices that answer would be reported as silent, and what an echo
costs.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import struct

from benchmarks._measure import Row, cpu, run
from healthmon.protocols import icmp
from healthmon.protocols.errors import ExchangeError
from healthmon.protocols.transport.connector import Connector

COUNT = 2000
DEFAULT_BUFFER = 212_992  # net.core.rmem_default of Linux
HOSTS = [f"127.1.{n >> 8}.{n & 255}" for n in range(1, COUNT + 1)]


def rows() -> list[Row]:
    names = (
        f'ping: false "no answer" in {COUNT} at once',
        "  CPU of an echo",
        "  lost where all are sent on a bare socket",
    )
    try:
        lost, spent = run(burst())
    except PermissionError:
        return [
            Row(name, None, absent="net.ipv4.ping_group_range does not allow it") for name in names
        ]
    return [
        Row(names[0], lost, unit="echoes", gate=0),
        Row(names[1], spent),
        Row(names[2], bare(), unit="echoes"),
    ]


async def burst() -> tuple[int, float]:
    """False "no answer", and CPU-ms of an echo. Raises PermissionError where echoes are not
    allowed.
    """
    connector, began = Connector.of(HOSTS), cpu()

    async def answers(host: str) -> bool:
        try:
            taken = await icmp.echo(connector, host)
        except ExchangeError:
            return False
        if taken is None:
            raise PermissionError
        return True

    found = await asyncio.gather(*map(answers, HOSTS))
    return found.count(False), (cpu() - began) * 1000 / COUNT


def bare() -> int:
    """How many answers one socket with the default buffer loses when all echoes are sent before the
    first is read.
    """
    with socket.socket(
        socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, socket.IPPROTO_ICMP
    ) as sock:
        sock.setsockopt(
            socket.SOL_SOCKET, socket.SO_RCVBUF, DEFAULT_BUFFER // 2
        )  # the kernel doubles it
        for number, host in enumerate(HOSTS):
            sock.sendto(struct.pack("!BBHHH8x", 8, 0, 0, 0, number), (host, 0))
        kept = 0
        with contextlib.suppress(BlockingIOError):
            while select.select([sock], [], [], 0.5)[0]:
                sock.recv(256)
                kept += 1
    return COUNT - kept
