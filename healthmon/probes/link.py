"""Do the services of a link answer, not only its ports? RTSP OPTIONS, HTTP HEAD, and by SNMP a switch's power."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from healthmon.makes import switch as mib
from healthmon.model import Ask, Device, Link, PowerSupply, Reason, Service
from healthmon.probes.places import http_place, rtsp_place
from healthmon.probes.snmp import get_at, walk_at
from healthmon.probes.tools import Tools
from healthmon.wire import http, rtsp
from healthmon.wire.errors import WireError

MOST_SUPPLIES = 8


async def look(device: Device, ask: Ask, tools: Tools) -> Link:
    """The services of `device`; what failed stands in them. Raises TlsError for a bad pin or CA file."""
    del ask
    services = [service async for service in _services(device, tools)]
    power: tuple[PowerSupply, ...] = ()
    if device.access.snmp is not None:
        try:
            power = await _power(device, tools)
            services.append(Service("snmp", device.access.snmp.port))
        except WireError as error:
            services.append(
                Service("snmp", device.access.snmp.port, None, Reason(error.reason), str(error))
            )
    return Link(tuple(services), power)


async def _services(device: Device, tools: Tools) -> AsyncIterator[Service]:
    if (place := rtsp_place(device)) is not None:
        yield await _asked("rtsp", place.port, lambda: _rtsp(tools, place))
    if (web := http_place(device)) is not None:
        name = "https" if device.access.https else "http"
        yield await _asked(name, web.port, lambda: _http(tools, web))


async def _asked(name: str, number: int, ask: Callable[[], Awaitable[int]]) -> Service:
    try:
        return Service(name, number, await ask())
    except WireError as error:
        return Service(name, number, None, Reason(error.reason), str(error))


async def _rtsp(tools: Tools, place: http.Place) -> int:
    return (await rtsp.options(tools.net, place)).status


async def _http(tools: Tools, place: http.Place) -> int:
    return (await http.exchange(tools.net, place, "HEAD", "/", status_only=True)).status


async def _power(device: Device, tools: Tools) -> tuple[PowerSupply, ...]:
    """The supplies; their numbers are looked up once."""
    access, notes = device.access.snmp, tools.notes_of(device.id)
    if access is None:
        return ()
    if notes.power_groups is None:
        rows = await walk_at(device.address, access, tools, mib.SUPPLY_STATUS)
        notes.power_groups = tuple(rows)[:MOST_SUPPLIES]
    oids = [f"{column}.{group}" for group in notes.power_groups for column in mib.SUPPLY_COLUMNS]
    values = await get_at(device.address, access, tools, [mib.UP_TIME, *oids])
    found = [mib.supply(group, values) for group in notes.power_groups]
    if found and all(one.status is None for one in found):
        notes.power_groups = None
    return tuple(found)
