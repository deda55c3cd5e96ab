"""Which ways to a device answer: TCP connect to its ports, SNMP for a UPS, and ping where something
did not answer.

One connection at a time, and each way gets its share of the deadline, so that one silent port does
not hide the others. Inside nothing is sent, unless the device is in doubt: a hung one takes
connections still, so that a small request must be answered. A slow one has the time of the whole
check for that; a device that takes connections is not pinged.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace

from healthmon.checks.probes.context import DeviceMemory, ProbeContext
from healthmon.checks.probes.endpoints import http_endpoint, rtsp_endpoint
from healthmon.model.device import Check, Device
from healthmon.model.enums import Kind, Reason
from healthmon.model.measurements import Port, Reach
from healthmon.protocols import deadline, icmp, trace
from healthmon.protocols.errors import ExchangeError, ResetError, SilentError, TlsTimeoutError
from healthmon.protocols.http import exchange as http
from healthmon.protocols.http.exchange import Endpoint
from healthmon.protocols.rtsp import connection as rtsp
from healthmon.protocols.ups import apcupsd, nut

SPEAKING = frozenset({"rtsp", "http", "https", "nut", "apcupsd"})
_PING_SHARE, _ANSWER_SHARE = 0.25, 0.95
_LEAST_SECONDS = 0.5
_FIRST_BYTE = (("Range", "bytes=0-0"),)
_WITHOUT_BODY = (204, 304)


async def probe(device: Device, check: Check, context: ProbeContext) -> Reach:
    """Try every configured way; what failed stands in the ports. Raises DnsError or AddressError,
    and nothing else.
    """
    memory, began = context.memory_of(device.id), time.monotonic()
    deadline.extend(check.timeout * _PING_SHARE)  # or a late silence hides the ports that answer
    await context.connector.address_of(device.address)
    ways = list(_ways(device))
    ports: list[Port] = []
    for tried, (name, number) in enumerate(ways):
        spent, left = time.monotonic() - began, len(ways) - tried
        seconds = max(_LEAST_SECONDS, check.timeout * (1 - _PING_SHARE) - spent) / left
        port = await _try(device, name, number, seconds, context)
        if port.reason is None and _is_doubtful(device, port, memory):
            spent = time.monotonic() - began
            seconds_each = max(_LEAST_SECONDS, check.timeout * _ANSWER_SHARE - spent) / left
            port = await _answered(device, port, seconds_each, context)
        ports.append(port)
    ports = _dead_or_alive(ports)
    _remember(ports, memory)
    if not ports or any(port.reason is not None and not _is_silent(port) for port in ports):
        ping = await _ping(device, check.timeout * _PING_SHARE, context)
        ports += [ping] if ping else []
    return Reach(tuple(ports))


def _is_doubtful(device: Device, port: Port, memory: DeviceMemory) -> bool:
    """Whether it must be asked for an answer; those of a link are a check of their own."""
    if port.name not in SPEAKING or device.kind is Kind.LINK:
        return False
    return not memory.answers or port.number in memory.silent_ports


def _remember(ports: list[Port], memory: DeviceMemory) -> None:
    silent = frozenset(port.number for port in ports if _is_silent(port))
    if silent != memory.silent_ports:  # one set for all devices without any: each takes 216 bytes
        memory.silent_ports = silent
    if not any(port.reason is not None for port in ports):
        memory.answers = True


def _is_silent(port: Port) -> bool:
    return port.name in SPEAKING and port.reason is Reason.TIMEOUT


def _dead_or_alive(ports: list[Port]) -> list[Port]:
    """Where any service answers, one that hangs up upon our small request is there too."""
    if not any(port.reason is None for port in ports if port.name in SPEAKING):
        return ports
    return [replace(port, reason=None, detail="") if _hangs_up(port) else port for port in ports]


def _hangs_up(port: Port) -> bool:
    """Whether it took the connection and dropped it upon each request."""
    return port.name in SPEAKING and port.reason is Reason.RESET and port.seconds is not None


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
    if access.snmp is not None and device.kind in (Kind.UPS, Kind.LINK, Kind.WORKSTATION):
        yield "snmp", access.snmp.port
    for number in access.ports:
        yield "tcp", number


async def _try(
    device: Device, name: str, number: int, seconds: float, context: ProbeContext
) -> Port:
    began = time.perf_counter()
    limit = min(seconds, context.connector.connect_limit(device.address))
    try:
        async with asyncio.timeout(seconds) as ends:
            await (_snmp(device, context) if name == "snmp" else _tcp(device, number, context))
    except ExchangeError as error:
        return Port(name, number, None, Reason(error.reason), str(error))
    except TimeoutError:
        if not ends.expired():
            raise
        return Port(name, number, None, Reason.CONNECT_TIMEOUT, f"no answer in {limit:g} s")
    return Port(name, number, time.perf_counter() - began)


async def _answered(device: Device, port: Port, seconds: float, context: ProbeContext) -> Port:
    """`port`, which takes connections, or that it answers nothing in `seconds`."""
    try:
        async with asyncio.timeout(seconds) as ends:
            await _spoken_to(device, port.name, context)
    except SilentError as error:
        return replace(port, seconds=None, reason=Reason.TIMEOUT, detail=str(error))
    except ResetError as error:
        # Of a camera the check of its pictures tells it.
        return port if device.streams else replace(port, reason=Reason.RESET, detail=str(error))
    except TimeoutError:
        if not ends.expired():
            raise
        words = f"no answer in {seconds:.1f} s"
        return replace(port, seconds=None, reason=Reason.TIMEOUT, detail=words)
    return port


async def _spoken_to(device: Device, name: str, context: ProbeContext) -> None:
    """Wait for any answer to the smallest request: a hung device takes connections still. Raises
    SilentError, ResetError; every other failure is an answer too.
    """
    try:
        if name == "rtsp":
            if place := rtsp_endpoint(device):
                said = rtsp.options if device.streams else rtsp.answers
                await said(context.connector, place)
        elif name in ("nut", "apcupsd"):
            await _ups_report(device, context)
        elif place := http_endpoint(device):
            await _some_page(place, context)
    except TlsTimeoutError as error:
        raise SilentError(str(error)) from None
    except (SilentError, ResetError):
        raise
    except ExchangeError as error:
        trace.note(".", f"answered: {error}")


async def _ups_report(device: Device, context: ProbeContext) -> None:
    """Ask a daemon for its UPS; one that hangs up may let certain hosts ask only, and is alive."""
    access = device.access
    try:
        if access.nut is not None:
            port, name = access.nut.port, access.nut.ups
            await nut.variables(context.connector, device.address, port, name)
        elif access.apcupsd is not None:
            await apcupsd.status(context.connector, device.address, access.apcupsd.port)
    except ResetError as error:
        trace.note(".", f"answered: {error}")


async def _some_page(place: Endpoint, context: ProbeContext) -> None:
    """Ask for a byte of the first page. A web server may answer with heads while what makes its
    pages hangs: where nothing follows the head, a byte of a page must come.
    """
    reply = await _page(place, "/", context, http.status_alone)
    if _is_bare(reply):
        await _page(place, "/favicon.ico", context, bool)


async def _page(
    place: Endpoint, path: str, context: ProbeContext, enough: http.Enough
) -> http.Reply:
    return await http.exchange(
        context.connector, place, "GET", path, headers=_FIRST_BYTE, enough=enough
    )


def _is_bare(reply: http.Reply) -> bool:
    """Whether it is a head whose body has not begun (RFC 9112 6.3)."""
    none = reply.status in _WITHOUT_BODY or reply.header("content-length") == "0"
    return not reply.body and not none


async def _tcp(device: Device, number: int, context: ProbeContext) -> None:
    trace.stage(f"TCP connection to port {number}")
    trace.note(">", f"TCP connect to port {number}")
    transport, _ = await context.connector.connect(device.address, number, asyncio.Protocol)
    transport.abort()
    trace.note("<", f"TCP port {number} open")


async def _snmp(device: Device, context: ProbeContext) -> None:
    from healthmon.checks.probes.snmp import answers

    await answers(device, context)


async def _ping(device: Device, seconds: float, context: ProbeContext) -> Port | None:
    """The echo as a port; None where it was left out: not allowed here, or too many at a time."""
    each = min(icmp.ECHO_SECONDS, 0.8 * seconds / icmp.TRIES)
    try:
        taken = await icmp.echo(
            context.connector, device.address, seconds=each, within=0.95 * seconds
        )
    except ExchangeError as error:
        return Port("icmp", 0, None, Reason(error.reason), str(error))
    return None if taken is None else Port("icmp", 0, taken)
