"""Do the services of a link answer, not only its ports? RTSP OPTIONS, HTTP HEAD, and by SNMP a
switch's power.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from healthmon.checks.probes.context import ProbeContext
from healthmon.checks.probes.endpoints import http_place, rtsp_place
from healthmon.checks.probes.snmp import get_at, walk_at
from healthmon.model.device import Check, Device
from healthmon.model.enums import Reason
from healthmon.model.links import Link, PowerSupply, Service
from healthmon.protocols.errors import ExchangeError
from healthmon.protocols.http import exchange as http
from healthmon.protocols.rtsp import connection as rtsp
from healthmon.vendors import switches

MOST_SUPPLIES = 8


async def probe(device: Device, check: Check, context: ProbeContext) -> Link:
    """The services of `device`; what failed stands in them. Raises TlsError for a bad pin or CA
    file.
    """
    del check
    services = [service async for service in _services(device, context)]
    power: tuple[PowerSupply, ...] = ()
    if device.access.snmp is not None:
        try:
            power = await _power(device, context)
            services.append(Service("snmp", device.access.snmp.port))
        except ExchangeError as error:
            services.append(
                Service("snmp", device.access.snmp.port, None, Reason(error.reason), str(error))
            )
    return Link(tuple(services), power)


async def _services(device: Device, context: ProbeContext) -> AsyncIterator[Service]:
    if (place := rtsp_place(device, context)) is not None:
        yield await _tried("rtsp", place.port, lambda: _rtsp(context, place))
    if (web := http_place(device, context)) is not None:
        name = "https" if device.access.https else "http"
        yield await _tried(name, web.port, lambda: _http(context, web))


async def _tried(name: str, number: int, request: Callable[[], Awaitable[int]]) -> Service:
    try:
        return Service(name, number, await request())
    except ExchangeError as error:
        return Service(name, number, None, Reason(error.reason), str(error))


async def _rtsp(context: ProbeContext, place: http.Endpoint) -> int:
    return (await rtsp.options(context.connector, place)).status


async def _http(context: ProbeContext, place: http.Endpoint) -> int:
    return (
        await http.exchange(context.connector, place, "HEAD", "/", enough=http.status_alone)
    ).status


async def _power(device: Device, context: ProbeContext) -> tuple[PowerSupply, ...]:
    """The supplies; their numbers are looked up once."""
    access, memory = device.access.snmp, context.memory_of(device.id)
    if access is None:
        return ()
    if memory.power_groups is None:
        rows = await walk_at(device.address, access, context, switches.SUPPLY_STATUS)
        memory.power_groups = tuple(rows)[:MOST_SUPPLIES]
    oids = [
        f"{column}.{group}" for group in memory.power_groups for column in switches.SUPPLY_COLUMNS
    ]
    values = await get_at(device.address, access, context, [switches.UP_TIME, *oids])
    found = [switches.supply(group, values) for group in memory.power_groups]
    if found and all(one.status is None for one in found):
        memory.power_groups = None
    return tuple(found)
