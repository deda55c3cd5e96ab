"""A switch as SNMP shows it: IF-MIB, BRIDGE-MIB and POWER-ETHERNET-MIB of the ports that the simulated devices
hang on, and ENTITY-MIB of itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from healthmon.demo.onvif_sim import mac_of
from healthmon.demo.state import SimDevice
from healthmon.vendors import bridges, hardware, switches

FIRST_INDEX = 10101
WATTS = 6
BUDGET = 370
_MAIN = "1.3.6.1.2.1.105.1.3.1.1"
Value = int | str | bytes
Objects = dict[str, Callable[[], Value]]


def objects(switch: SimDevice) -> Objects:
    """Every object of `switch`: object identifier -> its value now."""
    found: Objects = {
        "1.3.6.1.2.1.1.1.0": lambda: "Simulated switch",
        switches.UP_TIME: lambda: _ticks(switch, time.monotonic()),
        f"{_MAIN}.2.1": lambda: BUDGET,
        f"{_MAIN}.3.1": lambda: 3 if switch.has("poe_supply") else 1,
        f"{_MAIN}.4.1": lambda: int(switch.faults.get("poe_watts", 0)) or WATTS * len(switch.hangs),
    }
    found |= _chassis(switch)
    if switch.hangs:
        found[bridges.BASE_PORTS] = lambda: len(switch.hangs)
    for number, device in enumerate(switch.hangs, 1):
        found |= _port(FIRST_INDEX + number - 1, number, device, switch)
        found |= _learned(FIRST_INDEX + number - 1, number, device)
    return found


def _chassis(switch: SimDevice) -> Objects:
    """What the switch itself is."""
    address = bytes.fromhex(mac_of(switch).replace(":", ""))
    return {
        f"{hardware.CLASS}.1": lambda: 3,
        f"{hardware.SOFTWARE}.1": lambda: "4.2.1",
        f"{hardware.SERIAL}.1": lambda: switch.serial or f"SIM-{switch.id}",
        f"{hardware.MODEL}.1": lambda: "Simulated switch",
        hardware.BRIDGE_ADDRESS: lambda: address,
    }


def _learned(index: int, number: int, device: SimDevice) -> Objects:
    """What the bridge knows of a port (BRIDGE-MIB, RFC 4188): its interface, and whose MAC address it
    has learned there.
    """
    octets = ".".join(str(int(one, 16)) for one in mac_of(device).split(":"))
    return {
        f"{bridges.BASE_INTERFACE}.{number}": lambda: index,
        f"{bridges.FORWARDING}.{octets}": lambda: 0 if device.unplugged else number,
    }


def _ticks(switch: SimDevice, moment: float) -> int:
    """A moment by the switch's sysUpTime; it was started a quarter of an hour before."""
    return max(1, int((moment - switch.started) * 100) + 100_000)


def _port(index: int, number: int, device: SimDevice, switch: SimDevice) -> Objects:
    row: Mapping[str, Callable[[], Value]] = {
        switches.NAME: lambda: device.port,
        switches.DESCRIPTION: lambda: device.port.replace("Gi", "GigabitEthernet"),
        switches.ALIAS: lambda: device.name,
        switches.ADMIN: lambda: 2 if device.has("port_off") else 1,
        switches.OPER: lambda: 2 if device.unplugged else 1,
        switches.LAST_CHANGE: lambda: _ticks(switch, device.changed),
        switches.SPEED: lambda: _megabits(device) * 1_000_000,
        switches.HIGH_SPEED: lambda: _megabits(device),
        switches.DUPLEX: lambda: 2 if device.has("half_duplex") else 3,
        switches.IN_ERRORS: lambda: int(
            _packets(device) * float(device.faults.get("port_errors", 0.0))
        ),
        switches.HC_IN_OCTETS: lambda: _packets(device) * 900,
        switches.HC_IN_PACKETS: lambda: _packets(device),
    }
    power: Mapping[str, Callable[[], Value]] = {
        switches.POE_ENABLE: lambda: 2 if device.has("port_off") else 1,
        switches.POE_STATUS: lambda: 4 if device.has("poe_fault") else 2 if device.unplugged else 3,
        switches.POE_DENIED: lambda: 0,
    }
    return {f"{column}.{index}": value for column, value in row.items()} | {
        f"{column}.1.{number}": value for column, value in power.items()
    }


def _megabits(device: SimDevice) -> int:
    return 10 if device.has("port_slow") else 100


def _packets(device: SimDevice) -> int:
    return int((time.monotonic() - device.started) * 55) + 1000
