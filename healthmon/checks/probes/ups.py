"""How is the UPS? By SNMP (RFC 1628 and every maker's block that answers), NUT or apcupsd; one
record, of which nothing is there that was not told.
"""

from __future__ import annotations

import time
from dataclasses import replace

from healthmon.checks.probes.context import ProbeContext
from healthmon.checks.probes.snmp import makers_of, snmp_get, walk_at
from healthmon.model import ups as says
from healthmon.model.device import Check, Device
from healthmon.model.ups import Ups
from healthmon.protocols.errors import (
    ProtocolError,
    SilentError,
    TooLargeError,
    UnsupportedError,
    reading,
)
from healthmon.protocols.snmp import v3 as snmpv3
from healthmon.protocols.snmp.v2c import SnmpValue
from healthmon.protocols.ups import apcupsd, nut
from healthmon.protocols.ups.nut import StaleError
from healthmon.vendors.ups import snmp as blocks
from healthmon.vendors.ups.apcupsd import from_apcupsd
from healthmon.vendors.ups.families import BY_NAME, FAMILIES
from healthmon.vendors.ups.nut import from_nut
from healthmon.vendors.ups.tables import Family

_FIRST_ROWS = range(1, 7)  # of an alarm table


async def probe(device: Device, check: Check, context: ProbeContext) -> Ups:
    """The state of the UPS. Raises ExchangeError when nothing answers."""
    del check
    return _with_test_time(await read(device, context), device, context)


async def read(device: Device, context: ProbeContext) -> Ups:
    """What the UPS says, in the one way that it is asked. Raises ExchangeError when nothing answers."""
    access = device.access
    if access.nut is not None:
        return await _by_nut(device, access.nut.port, access.nut.ups, context)
    if access.apcupsd is None:
        return await _by_snmp(device, context)
    fields = await apcupsd.status(context.connector, device.address, access.apcupsd.port)
    with reading("status of apcupsd"):
        return from_apcupsd(fields)


def _with_test_time(ups: Ups, device: Device, context: ProbeContext) -> Ups:
    """A self-test or calibration has lasted at least as long as it was seen, or as the battery has
    been at work.
    """
    memory = context.memory_of(device.id)
    if ups.source != "test":
        memory.ups_test_since = None
        return ups
    if memory.ups_test_since is None:
        memory.ups_test_since = time.monotonic()
    seen = time.monotonic() - memory.ups_test_since
    return replace(ups, test_seconds=max(seen, ups.on_battery_seconds or 0.0))


async def _by_nut(device: Device, port: int, name: str, context: ProbeContext) -> Ups:
    try:
        variables = await nut.variables(context.connector, device.address, port, name)
    except StaleError as error:
        return Ups("nut", conditions=(says.LINK_LOST,), conflicts=(str(error),))
    with reading("variables of NUT"):
        return from_nut(variables)


async def _by_snmp(device: Device, context: ProbeContext) -> Ups:
    memory = context.memory_of(device.id)
    if memory.ups_families is None:
        memory.ups_families = await _detected(device, context)
    found = []
    for name in memory.ups_families:
        family = BY_NAME[name]
        values = await snmp_get(device, context, family.oids())
        rows = await _alarm_rows(device, context, family, values)
        found.append(blocks.read(family, values, rows))
    return blocks.ups_of(found)


async def _detected(device: Device, context: ProbeContext) -> tuple[str, ...]:
    """Every family of which the agent tells something; sysObjectID is not trusted."""
    known = await makers_of(device, context)
    asked = [f for f in FAMILIES if known is None or _maker(f) is None or _maker(f) in known]
    objects = tuple(dict.fromkeys(oid for family in asked for oid in family.detectors()))
    values = await snmp_get(device, context, objects)
    there = tuple(family.name for family in asked if _tells(values, family))
    if not there:
        raise UnsupportedError("answers SNMP, but knows no UPS objects")
    return there


def _maker(family: Family) -> int | None:
    """The maker's number of the family's root (RFC 2578 section 4), None of RFC 1628."""
    numbers = family.root.split(".")
    return int(numbers[6]) if numbers[4] == "4" else None


def _tells(values: dict[str, SnmpValue], family: Family) -> bool:
    return any(
        blocks.whole(values.get(oid)) is not None or blocks.text(values.get(oid)) is not None
        for oid in family.detectors()
    )


async def _alarm_rows(
    device: Device, context: ProbeContext, family: Family, values: dict[str, SnmpValue]
) -> dict[str, SnmpValue]:
    """The rows of the family's alarm table that are present: none where nothing is counted."""
    table = family.alarms
    count = blocks.whole(values.get(family.full(table.count))) if table else 0
    if table is None or not count or count < 0:
        return {}
    rows = await _column(device, context, family.full(table.column), count)
    if not table.state:
        return {index: row for index, row in rows.items() if row != "0.0"}
    states = await _column(device, context, family.full(table.state), len(rows))
    return {index: row for index, row in rows.items() if blocks.whole(states.get(index)) == 1}


async def _column(
    device: Device, context: ProbeContext, column: str, count: int
) -> dict[str, SnmpValue]:
    """A column by index: the first rows, or all where a card numbers its alarms on and on."""
    first = {f"{column}.{number}": str(number) for number in _FIRST_ROWS}
    told = await snmp_get(device, context, tuple(first))
    rows = {first[oid]: value for oid, value in told.items()}
    if len(rows) >= count or device.access.snmp is None:
        return rows
    try:
        return await walk_at(device.address, device.access.snmp, context, column)
    except (SilentError, ProtocolError, TooLargeError):
        return rows


async def close() -> None:
    """End what SNMPv3 holds."""
    await snmpv3.close()
