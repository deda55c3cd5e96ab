"""How is a workstation by its own word? HOST-RESOURCES-MIB by SNMP: uptime, load, volumes."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from healthmon.checks.probes.context import ProbeContext
from healthmon.checks.probes.recorder import contact_with
from healthmon.model.device import Check, Device
from healthmon.model.host import Host, Volume
from healthmon.vendors.clocks import Clock
from healthmon.vendors.partial_read import PartialRead
from healthmon.vendors.readings import Fields, Gathered
from healthmon.vendors.recorders import host_resources


async def probe(device: Device, check: Check, context: ProbeContext) -> Host:
    """What `device` reports of itself. Raises ExchangeError where nothing of it can be read."""
    del check
    got = Gathered(Clock(ZoneInfo(device.time_zone)))
    async with contact_with(device, context) as contact:
        parts = PartialRead(contact)
        await host_resources.read_into(parts, device.readings.storage, got)
        parts.settle()
    own = got.fields.get(("recorder", ""), {})
    volumes = [_volume(name, fields) for (of, name), fields in got.fields.items() if of == "disk"]
    unread = (*parts.unread, *got.unread)
    return Host(own.get("uptime_seconds"), own.get("cpu_ratio"), tuple(volumes), unread)


def _volume(name: str, fields: Fields) -> Volume:
    capacity, free = fields.get("capacity_bytes"), fields.get("free_bytes")
    if fields.get("state") == "absent":
        return Volume(name, missing=str(fields.get("detail") or "it is not reported"))
    if not capacity or free is None:
        return Volume(name)
    return Volume(name, min(1.0, max(0.0, 1 - free / capacity)))
