"""Any recorder with an SNMP agent: what is asked is data in config.yaml; volumes by
HOST-RESOURCES-MIB (RFC 2790).
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from healthmon.model.footage import RecorderAnswer
from healthmon.model.readings import CHANNEL, Reading
from healthmon.vendors.client import VendorClient
from healthmon.vendors.clocks import Clock, zone_named
from healthmon.vendors.partial_read import PartialRead
from healthmon.vendors.readings import ANYTHING, Gathered
from healthmon.vendors.recorders import host_resources
from healthmon.vendors.registry import Call, VendorInfo

ABOUT = VendorInfo(
    make="snmp",
    title="Any other, by SNMP",
    calls=(
        Call(
            "GET OBJECTS",
            "whatever config.yaml names under 'objects'",
            "a read-only community or SNMPv3 user",
        ),
        *host_resources.CALLS,
    ),
    tells=ANYTHING,
    account="a read-only community or SNMPv3 user with a view of those objects",
    verified=("net-snmp 5.9: v1, v2c, v3, HOST-RESOURCES-MIB",),
)


async def read(contact: VendorClient, wanted: frozenset[str]) -> RecorderAnswer:
    """Everything that the configuration asks for. Raises ExchangeError when nothing can be read."""
    parts = PartialRead(contact)
    got = Gathered(Clock(zone_named(contact.device.time_zone)))
    await take_objects(parts, contact.device.readings.objects, wanted, got)
    if contact.device.readings.storage:
        await host_resources.read_into(parts, contact.device.readings.storage, got)
    return got.answer(ABOUT.make, wanted, parts.settle(), parts.unread)


async def take_objects(
    parts: PartialRead, objects: Iterable[Reading], wanted: frozenset[str], got: Gathered
) -> None:
    """Read every object, those with {channel} once for each wanted channel, all in few
    datagrams.
    """
    asked: list[tuple[str, Reading, str]] = []
    for reading in objects:
        numbers = (
            sorted(name for name in wanted if name.isdecimal())
            if CHANNEL in reading.source
            else [""]
        )
        asked += [(reading.source.replace(CHANNEL, number), reading, number) for number in numbers]
    if not asked:
        return
    began = time.time()
    values = await parts.snmp("objects", [oid for oid, _, _ in asked])
    if values is None:
        return
    for oid, reading, channel in asked:
        got.decode(reading, values.get(oid), channel, (began, time.time()))
