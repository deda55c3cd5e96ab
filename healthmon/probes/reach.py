"""Which ways to a device answer: TCP connect to its ports, SNMP for a UPS, and ping where something did not answer.

One connection at a time, nothing is sent inside, and each way gets its share of the deadline, so that one silent port
does not hide the others.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from healthmon.model import Ask, Device, Kind, Port, Reach, Reason
from healthmon.probes.tools import Tools
from healthmon.wire import icmp, trace
from healthmon.wire.errors import WireError

SYS_UP_TIME = "1.3.6.1.2.1.1.3.0"
_PING_SHARE = 0.25


async def look(device: Device, ask: Ask, tools: Tools) -> Reach:
    """Try every configured way; what failed stands in the ports. Raises DnsError or AddressError, and nothing else."""
    await tools.net.address_of(device.address)
    ways = list(_ways(device))
    share = ask.timeout * (1 - _PING_SHARE) / max(1, len(ways))
    ports = [await _try(device, name, number, share, tools) for name, number in ways]
    if not ports or any(port.reason is not None for port in ports):
        ping = await _ping(device, ask.timeout * _PING_SHARE, tools)
        ports += [ping] if ping else []
    return Reach(tuple(ports))


def _ways(device: Device) -> Iterator[tuple[str, int]]:
    access = device.access
    if access.rtsp_port is not None:
        yield "rtsp", access.rtsp_port
    if access.http_port is not None:
        yield ("https" if access.https else "http"), access.http_port
    if access.nut is not None:
        yield "nut", access.nut.port
    if access.apcupsd is not None:
        yield "apcupsd", access.apcupsd.port
    if access.snmp is not None and device.kind in (Kind.UPS, Kind.LINK):
        yield "snmp", access.snmp.port
    for number in access.ports:
        yield "tcp", number


async def _try(device: Device, name: str, number: int, seconds: float, tools: Tools) -> Port:
    began = time.perf_counter()
    limit = min(seconds, tools.net.connect_limit(device.address))
    try:
        async with asyncio.timeout(seconds) as deadline:
            await (_snmp(device, tools) if name == "snmp" else _tcp(device, number, tools))
    except WireError as error:
        return Port(name, number, None, Reason(error.reason), str(error))
    except TimeoutError:
        if not deadline.expired():
            raise
        return Port(name, number, None, Reason.CONNECT_TIMEOUT, f"no answer in {limit:g} s")
    return Port(name, number, time.perf_counter() - began)


async def _tcp(device: Device, number: int, tools: Tools) -> None:
    trace.stage(f"TCP connection to port {number}")
    trace.note(">", f"TCP connect to port {number}")
    transport, _ = await tools.net.connect(device.address, number, asyncio.Protocol)
    transport.abort()
    trace.note("<", f"TCP port {number} open")


async def _snmp(device: Device, tools: Tools) -> None:
    from healthmon.probes.snmp import snmp_get

    await snmp_get(device, tools, [SYS_UP_TIME])


async def _ping(device: Device, seconds: float, tools: Tools) -> Port | None:
    """The echo as a port; None where it was left out: not allowed here, or too many at a time."""
    each = min(icmp.ECHO_SECONDS, 0.8 * seconds / icmp.TRIES)
    try:
        taken = await icmp.echo(tools.net, device.address, seconds=each, within=0.95 * seconds)
    except WireError as error:
        return Port("icmp", 0, None, Reason(error.reason), str(error))
    return None if taken is None else Port("icmp", 0, taken)
