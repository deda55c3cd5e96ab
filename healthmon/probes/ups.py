"""How is the UPS? By SNMP (RFC 1628 and the vendor's own block), NUT or apcupsd; one record, every field optional."""

from __future__ import annotations

from healthmon.makes import ups_daemons, ups_snmp
from healthmon.makes.ups_makers import TABLES, VENDORS
from healthmon.makes.ups_tables import RFC1628, STANDARD
from healthmon.model import Ask, Device, Ups
from healthmon.probes.snmp import makers_of, snmp_get, walk_at
from healthmon.probes.tools import Tools
from healthmon.wire import apcupsd, nut, snmpv3
from healthmon.wire.errors import ProtocolError, SilentError, TooLargeError, UnsupportedError
from healthmon.wire.nut import StaleError
from healthmon.wire.snmp import SnmpValue

NONE = "none"


async def look(device: Device, ask: Ask, tools: Tools) -> Ups:
    """The state of the UPS. Raises WireError when nothing answers."""
    del ask
    access = device.access
    if access.nut is not None:
        try:
            return ups_daemons.from_nut(
                await nut.variables(tools.net, device.address, access.nut.port, access.nut.ups)
            )
        except StaleError as error:
            return Ups(backend="nut", communication=False, conflicts=(str(error),))
    if access.apcupsd is not None:
        return ups_daemons.from_apcupsd(
            await apcupsd.status(tools.net, device.address, access.apcupsd.port)
        )
    return await _by_snmp(device, tools)


async def _by_snmp(device: Device, tools: Tools) -> Ups:
    notes = tools.notes_of(device.id)
    values = await snmp_get(device, tools, STANDARD.oids())
    if notes.ups_backend is None:
        notes.ups_backend = await _detected(device, tools, values)
    vendor = TABLES.get(notes.ups_backend)
    own = ups_snmp.read(vendor, await snmp_get(device, tools, vendor.oids())) if vendor else None
    standard = ups_snmp.read(STANDARD, values)
    count = standard.numbers.get("alarm_count", 0)
    alarms = _alarms(await _alarm_rows(device, tools, count)) if count else ()
    backend = " + ".join(
        name for name in ("rfc1628" if values else "", vendor.name if vendor else "") if name
    )
    return ups_snmp.ups_of(standard, own, alarms, backend)


async def _detected(device: Device, tools: Tools, values: dict[str, SnmpValue]) -> str:
    """The vendor block that answers; sysObjectID is not trusted, the objects themselves are asked.

    That of the output first: some cards fill a further block with little more than a charge, or with a model.
    """
    known = await makers_of(device, tools)
    tables = [table for table in VENDORS if known is None or int(table.root.split(".")[6]) in known]
    sources = {
        f"{table.root}.{table.source_object}": table.name for table in tables if table.source_object
    }
    charges = {f"{table.root}.{table.numbers['charge_ratio'][0]}": table.name for table in tables}
    models = {
        f"{table.root}.{table.texts['model']}": table.name
        for table in tables
        if "model" in table.texts
    }
    for detectors, told in (
        (sources, ups_snmp.whole),
        (charges, ups_snmp.whole),
        (models, ups_snmp.text),
    ):
        found = await snmp_get(device, tools, tuple(detectors))
        for oid, name in detectors.items():
            if told(found.get(oid)) is not None:
                return name
    if not values:
        raise UnsupportedError("answers SNMP, but knows no UPS objects")
    return NONE


async def _alarm_rows(device: Device, tools: Tools, count: float) -> dict[str, SnmpValue]:
    """The rows of upsAlarmDescr: the first ones, or the whole column where a card numbers its alarms on and on."""
    rows = await snmp_get(device, tools, ups_snmp.ALARM_OBJECTS)
    if len(rows) >= count or device.access.snmp is None:
        return rows
    try:
        return await walk_at(device.address, device.access.snmp, tools, ups_snmp.ALARM_COLUMN)
    except (SilentError, ProtocolError, TooLargeError):
        return rows


def _alarms(values: dict[str, SnmpValue]) -> tuple[int, ...]:
    """The well-known alarms present (upsAlarmDescr points to RFC 1628 6.3.N)."""
    start = f"{RFC1628}.6.3."
    found = [v[len(start) :] for v in values.values() if isinstance(v, str) and v.startswith(start)]
    return tuple(sorted({int(number) for number in found if number.isdigit()}))


async def close() -> None:
    """End what SNMPv3 holds."""
    await snmpv3.close()
