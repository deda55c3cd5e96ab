"""The hardware of a switch, a workstation or a UPS's network card by SNMP, for the identity check."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from healthmon.checks.evaluation.wording import plain
from healthmon.checks.probes.context import ProbeContext
from healthmon.checks.probes.snmp import snmp_get, walk_at
from healthmon.model.device import Device
from healthmon.model.enums import Kind
from healthmon.model.measurements import Identity
from healthmon.protocols.errors import TooLargeError
from healthmon.vendors import hardware
from healthmon.vendors.hardware import Values


async def added(device: Device, context: ProbeContext, found: Identity) -> Identity:
    """`found` with what SNMP tells of the hardware: of a UPS only its addresses, because the rest
    would be that of its network card. Raises ExchangeError.
    """
    told: dict[str, str] = {}
    values: Values = {}
    if device.kind is not Kind.UPS:
        told = await _of_chassis(device, context)
        values = await snmp_get(device, context, hardware.ADDRESSES)
    if device.kind is Kind.LINK and found.system:
        told.setdefault("model", hardware.model_in(found.system))
    macs = hardware.own_addresses(values)
    if not macs:
        macs = hardware.interface_addresses(
            await _column(device, context, hardware.INTERFACE_ADDRESS)
        )
    words: dict[str, Any] = {name: plain(text) for name, text in told.items() if text}
    return replace(found, macs=tuple(macs), **words)


async def _of_chassis(device: Device, context: ProbeContext) -> dict[str, str]:
    """What its chassis is. Its row is looked for once, and again when it is another thing's."""
    memory = context.memory_of(device.id)
    if memory.chassis is None:
        memory.chassis = hardware.chassis_of(await _column(device, context, hardware.CLASS))
    if not memory.chassis:
        return {}
    index = memory.chassis
    values = await snmp_get(device, context, [f"{one}.{index}" for one in hardware.COLUMNS])
    if hardware.is_chassis(index, values):
        return hardware.said_of(index, values)
    memory.chassis = None
    return {}


async def _column(device: Device, context: ProbeContext, column: str) -> Values:
    """The rows of a column; none where there are too many to be read."""
    access = device.access.snmp
    if access is None:
        return {}
    try:
        return await walk_at(device.address, access, context, column)
    except TooLargeError:
        return {}
