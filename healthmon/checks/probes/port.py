"""How is the switch port that the device hangs on? Its state, speed, errors and power, by SNMP from
the switch.

Only the objects of this one port are read. Its index is looked up by its name and remembered; when
the name no longer stands there (switches renumber at a restart), it is looked up again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from healthmon.checks.probes.context import PortMemory, ProbeContext
from healthmon.checks.probes.snmp import get_at, walk_at
from healthmon.model.device import Check, Device, PortAccess
from healthmon.model.links import Poe, SwitchPort
from healthmon.protocols.errors import NotFoundError, ProtocolError, UnsupportedError
from healthmon.protocols.snmp.v2c import SnmpValue
from healthmon.vendors import switches

COLUMNS_KEPT = 60.0
Values = dict[str, SnmpValue]


async def probe(device: Device, check: Check, context: ProbeContext) -> SwitchPort:
    """The port of `device`. Raises NotFoundError when the switch has none of that name, and
    ExchangeError.
    """
    del check
    where = device.port
    if where is None:
        raise UnsupportedError("no switch port is configured")
    memory = context.memory_of(device.id).port
    values: Values = {}
    if memory.index is not None:
        values = await _read(where, memory, context)
        if not _still(where, memory, values):
            memory.index = None
    if memory.index is None:
        await _find(where, memory, context)
        values = await _read(where, memory, context)
        if not _still(where, memory, values):
            memory.index = None
            raise ProtocolError(f"{where.switch} does not report its port {where.name}")
    return _measured(where, memory, values)


async def _read(where: PortAccess, memory: PortMemory, context: ProbeContext) -> Values:
    oids = [switches.UP_TIME, *(f"{column}.{memory.index}" for column in switches.PORT_COLUMNS)]
    oids += [f"{column}.{memory.poe}" for column in switches.POE_COLUMNS] if memory.poe else []
    return await get_at(where.address, where.snmp, context, oids)


def _still(where: PortAccess, memory: PortMemory, values: Values) -> bool:
    index = memory.index or 0
    named = switches.is_named(
        where.name, [values.get(f"{column}.{index}") for column in switches.NAMES]
    )
    return f"{switches.OPER}.{index}" in values and (named or memory.by_number)


async def _find(where: PortAccess, memory: PortMemory, context: ProbeContext) -> None:
    """Look the port up by name, description, alias, then number; the columns are shared by all
    ports of the switch.
    """
    shared = context.memory_of(where.switch)
    if time.monotonic() - shared.switch_read_at > COLUMNS_KEPT:
        shared.switch_columns.clear()
        shared.switch_read_at = time.monotonic()
    for column in switches.NAMES:
        found = switches.indexes_of(where.name, await _column(where, column, context))
        if len(found) > 1:
            raise NotFoundError(
                f"{len(found)} ports of {where.switch} are called {where.name}; give the port's number"
            )
        if found:
            memory.index, memory.by_number = found[0], False
            break
    else:
        numbers = await _column(where, switches.OPER, context)
        if where.name not in numbers:
            raise NotFoundError(
                f"{where.switch} has no port with the name, alias or number {where.name}"
            )
        memory.index, memory.by_number = int(where.name), True
    await _find_power(where, memory, context)


async def _find_power(where: PortAccess, memory: PortMemory, context: ProbeContext) -> None:
    memory.poe, memory.poe_unknown = where.poe, False
    if where.poe is None and (rows := await _column(where, switches.POE_ENABLE, context)):
        names = await _column(where, switches.NAME, context) or await _column(
            where, switches.DESCRIPTION, context
        )
        memory.poe = switches.poe_index(memory.index or 0, names, rows)
        memory.poe_unknown = memory.poe is None


async def _column(where: PortAccess, column: str, context: ProbeContext) -> Values:
    known = context.memory_of(where.switch).switch_columns
    if column not in known:
        known[column] = await walk_at(where.address, where.snmp, context, column)
    return known[column]


def _half_duplex(told: SnmpValue) -> bool | None:
    """EtherLike-MIB dot3StatsDuplexStatus: 2 half, 3 full; None for anything else."""
    return told == 2 if told in (2, 3) else None


def _measured(where: PortAccess, memory: PortMemory, values: Values) -> SwitchPort:
    def value(column: str) -> SnmpValue:
        return values.get(f"{column}.{memory.index}")

    oper = switches.OPER_WORDS.get(value(switches.OPER))
    up = oper == "up"
    speed = _speed(value(switches.HIGH_SPEED), value(switches.SPEED)) if up else None
    memory.best_speed = max(speed or 0.0, memory.best_speed or 0.0) or None
    counted = _counted(memory, values)
    more = _since_last(memory, counted)
    seen = SwitchPort(
        switch=where.switch,
        port=where.name,
        index=memory.index or 0,
        admin=switches.ADMIN_WORDS.get(value(switches.ADMIN)),
        oper=oper,
        speed=speed,
        best_speed=memory.best_speed,
        half_duplex=_half_duplex(value(switches.DUPLEX)) if up else None,
        changed=_changed(counted.up_time, _number(value(switches.LAST_CHANGE))),
        bytes_in=_number(value(switches.HC_IN_OCTETS)) or _number(value(switches.IN_OCTETS)),
        errors=counted.errors,
        new_errors=more.errors,
        new_packets=more.packets,
        poe=_poe(memory, values, more.denied),
        poe_unknown=memory.poe_unknown,
    )
    memory.up_time, memory.errors = counted.up_time, counted.errors
    memory.packets, memory.denied = counted.packets, counted.denied
    return seen


@dataclass(frozen=True, slots=True)
class _Counters:
    """The counters of a port at one run; `up_time` is the switch's, in hundredths of a second."""

    up_time: int
    errors: int | None
    packets: int | None
    denied: int | None


def _counted(memory: PortMemory, values: Values) -> _Counters:
    def count(column: str) -> int | None:
        return _number(values.get(f"{column}.{memory.index}"))

    denied = values.get(f"{switches.POE_DENIED}.{memory.poe}") if memory.poe else None
    return _Counters(
        up_time=_number(values.get(switches.UP_TIME)) or 0,
        errors=count(switches.IN_ERRORS),
        packets=count(switches.HC_IN_PACKETS) or count(switches.IN_PACKETS),
        denied=_number(denied),
    )


def _since_last(memory: PortMemory, now: _Counters) -> _Counters:
    """What was counted since the run before; None for all where the switch has started anew."""
    if now.up_time < memory.up_time:
        return _Counters(now.up_time, None, None, None)
    return _Counters(
        now.up_time,
        _more(memory.errors, now.errors),
        _more(memory.packets, now.packets),
        _more(memory.denied, now.denied),
    )


def _poe(memory: PortMemory, values: Values, denied: int | None) -> Poe | None:
    if memory.poe is None:
        return None
    enabled = values.get(f"{switches.POE_ENABLE}.{memory.poe}")
    status = switches.POE_WORDS.get(values.get(f"{switches.POE_STATUS}.{memory.poe}"))
    return Poe(memory.poe, enabled == 1 if enabled in (1, 2) else None, status, denied)


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
    """The wall time of ifLastChange (hundredths of a second since start); 0 is "before that", more
    than now a wrap.
    """
    if not last_change or last_change > up_time:
        return None
    return time.time() - (up_time - last_change) / 100
