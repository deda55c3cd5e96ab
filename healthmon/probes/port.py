"""How is the switch port that the device hangs on? Its state, speed, errors and power, by SNMP from the switch.

Only the objects of this one port are read. Its index is looked up by its name and remembered; when the name no longer
stands there (switches renumber at a restart), it is looked up again.
"""

from __future__ import annotations

import time

from healthmon.makes import switch as mib
from healthmon.model import Ask, Device, Poe, PortAccess, SwitchPort
from healthmon.probes.snmp import get_at, walk_at
from healthmon.probes.tools import PortNotes, Tools
from healthmon.wire.errors import NotFoundError, ProtocolError, UnsupportedError
from healthmon.wire.snmp import SnmpValue

COLUMNS_KEPT = 60.0
Values = dict[str, SnmpValue]


async def look(device: Device, ask: Ask, tools: Tools) -> SwitchPort:
    """The port of `device`. Raises NotFoundError when the switch has none of that name, and WireError."""
    del ask
    where = device.port
    if where is None:
        raise UnsupportedError("no switch port is configured")
    notes = tools.notes_of(device.id).port
    values: Values = {}
    if notes.index is not None:
        values = await _read(where, notes, tools)
        if not _still(where, notes, values):
            notes.index = None
    if notes.index is None:
        await _find(where, notes, tools)
        values = await _read(where, notes, tools)
        if not _still(where, notes, values):
            notes.index = None
            raise ProtocolError(f"{where.switch} does not tell of its port {where.name}")
    return _seen(where, notes, values)


async def _read(where: PortAccess, notes: PortNotes, tools: Tools) -> Values:
    oids = [mib.UP_TIME, *(f"{column}.{notes.index}" for column in mib.PORT_COLUMNS)]
    oids += [f"{column}.{notes.poe}" for column in mib.POE_COLUMNS] if notes.poe else []
    return await get_at(where.address, where.snmp, tools, oids)


def _still(where: PortAccess, notes: PortNotes, values: Values) -> bool:
    index = notes.index or 0
    named = mib.is_named(where.name, [values.get(f"{column}.{index}") for column in mib.NAMES])
    return f"{mib.OPER}.{index}" in values and (named or notes.by_number)


async def _find(where: PortAccess, notes: PortNotes, tools: Tools) -> None:
    """Look the port up by name, description, alias, then number; the columns are shared by all ports of the switch."""
    shared = tools.notes_of(where.switch)
    if time.monotonic() - shared.switch_read_at > COLUMNS_KEPT:
        shared.switch_columns.clear()
        shared.switch_read_at = time.monotonic()
    for column in mib.NAMES:
        found = mib.indexes_of(where.name, await _column(where, column, tools))
        if len(found) > 1:
            raise NotFoundError(
                f"{len(found)} ports of {where.switch} are called {where.name}; give the port's number"
            )
        if found:
            notes.index, notes.by_number = found[0], False
            break
    else:
        numbers = await _column(where, mib.OPER, tools)
        if where.name not in numbers:
            raise NotFoundError(
                f"{where.switch} has no port with the name, alias or number {where.name}"
            )
        notes.index, notes.by_number = int(where.name), True
    await _find_power(where, notes, tools)


async def _find_power(where: PortAccess, notes: PortNotes, tools: Tools) -> None:
    notes.poe, notes.poe_unknown = where.poe, False
    if where.poe is None and (rows := await _column(where, mib.POE_ENABLE, tools)):
        names = await _column(where, mib.NAME, tools) or await _column(
            where, mib.DESCRIPTION, tools
        )
        notes.poe = mib.poe_index(notes.index or 0, names, rows)
        notes.poe_unknown = notes.poe is None


async def _column(where: PortAccess, column: str, tools: Tools) -> Values:
    known = tools.notes_of(where.switch).switch_columns
    if column not in known:
        known[column] = await walk_at(where.address, where.snmp, tools, column)
    return known[column]


def _seen(where: PortAccess, notes: PortNotes, values: Values) -> SwitchPort:
    def value(column: str) -> SnmpValue:
        return values.get(f"{column}.{notes.index}")

    oper = mib.OPER_WORDS.get(value(mib.OPER))
    speed = _speed(value(mib.HIGH_SPEED), value(mib.SPEED)) if oper == "up" else None
    notes.best_speed = max(speed or 0.0, notes.best_speed or 0.0) or None
    up_time = _number(values.get(mib.UP_TIME)) or 0
    packets = _number(value(mib.HC_IN_PACKETS)) or _number(value(mib.IN_PACKETS))
    errors = _number(value(mib.IN_ERRORS))
    denied = _number(values.get(f"{mib.POE_DENIED}.{notes.poe}")) if notes.poe else None
    same_run = up_time >= notes.up_time
    seen = SwitchPort(
        switch=where.switch,
        port=where.name,
        index=notes.index or 0,
        admin=mib.ADMIN_WORDS.get(value(mib.ADMIN)),
        oper=oper,
        speed=speed,
        best_speed=notes.best_speed,
        half_duplex=value(mib.DUPLEX) == 2
        if value(mib.DUPLEX) in (2, 3) and oper == "up"
        else None,
        changed=_changed(up_time, _number(value(mib.LAST_CHANGE))),
        bytes_in=_number(value(mib.HC_IN_OCTETS)) or _number(value(mib.IN_OCTETS)),
        errors=errors,
        new_errors=_more(notes.errors, errors) if same_run else None,
        new_packets=_more(notes.packets, packets) if same_run else None,
        poe=_poe(notes, values, _more(notes.denied, denied) if same_run else None),
        poe_unknown=notes.poe_unknown,
    )
    notes.up_time, notes.errors, notes.packets, notes.denied = up_time, errors, packets, denied
    return seen


def _poe(notes: PortNotes, values: Values, denied: int | None) -> Poe | None:
    if notes.poe is None:
        return None
    enabled = values.get(f"{mib.POE_ENABLE}.{notes.poe}")
    status = mib.POE_WORDS.get(values.get(f"{mib.POE_STATUS}.{notes.poe}"))
    return Poe(notes.poe, enabled == 1 if enabled in (1, 2) else None, status, denied)


def _number(value: SnmpValue) -> int | None:
    return value if isinstance(value, int) else None


def _more(before: int | None, now: int | None) -> int | None:
    """How much a counter has grown; None when it began anew."""
    return now - before if before is not None and now is not None and now >= before else None


def _speed(high: SnmpValue, plain: SnmpValue) -> float | None:
    """Bits per second: ifHighSpeed in millions where it says something, else ifSpeed."""
    if isinstance(high, int) and high > 0:
        return high * 1e6
    return float(plain) if isinstance(plain, int) and plain > 0 else None


def _changed(up_time: int, last_change: int | None) -> float | None:
    """The wall time of ifLastChange (hundredths of a second since start); 0 is "before that", more than now a wrap."""
    if not last_change or last_change > up_time:
        return None
    return time.time() - (up_time - last_change) / 100
