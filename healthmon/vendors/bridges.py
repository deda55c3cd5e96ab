"""Which device hangs on which port of a switch: BRIDGE-MIB (RFC 4188), Q-BRIDGE-MIB (RFC 4363) and
LLDP-MIB (IEEE 802.1AB). Pure.

Three numberings meet here: the port of the bridge, the interface (IF-MIB) and the port of LLDP. A
port is named as `switches` finds it again, by its interface's name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from healthmon.protocols.snmp.v2c import SnmpValue
from healthmon.vendors.switches import DESCRIPTION, NAME, text

BASE_PORTS = "1.3.6.1.2.1.17.1.2.0"  # dot1dBaseNumPorts
BASE_INTERFACE = "1.3.6.1.2.1.17.1.4.1.2"  # dot1dBasePortIfIndex
FORWARDING = "1.3.6.1.2.1.17.4.3.1.2"  # dot1dTpFdbPort: index is the MAC address
VLAN_FORWARDING = "1.3.6.1.2.1.17.7.1.2.2.1.2"  # dot1qTpFdbPort: index is FdbId and MAC address
_LLDP = "1.0.8802.1.1.2.1"
LLDP_NAME = f"{_LLDP}.3.3.0"  # lldpLocSysName
LOCAL_SUBTYPE, LOCAL_ID, LOCAL_DESCRIPTION = (f"{_LLDP}.3.7.1.{n}" for n in (2, 3, 4))
CHASSIS_SUBTYPE, CHASSIS_ID = (f"{_LLDP}.4.1.1.{n}" for n in (4, 5))
NEIGHBOUR_NAME = f"{_LLDP}.4.1.1.9"
NEIGHBOUR_ADDRESS = f"{_LLDP}.4.2.1.3"  # lldpRemManAddrIfSubtype: its index holds the address
COLUMNS: Final = (
    NAME, DESCRIPTION, BASE_INTERFACE, FORWARDING, LOCAL_SUBTYPE, LOCAL_ID,
    LOCAL_DESCRIPTION, CHASSIS_SUBTYPE, CHASSIS_ID, NEIGHBOUR_NAME, NEIGHBOUR_ADDRESS,
)  # fmt: skip
_MAC_CHASSIS = 4  # LldpChassisIdSubtype macAddress
_INTERFACE_NAME = 5  # LldpPortIdSubtype interfaceName
_IPV4 = "1.4."  # AddressFamilyNumbers ipV4, and the length of the address
Rows = Mapping[str, SnmpValue]


@dataclass(slots=True)
class Neighbour:
    """Who is at a port by LLDP: MAC address (12 digits), name and management address, "" where it
    has not sent one.
    """

    port: str
    mac: str = ""
    name: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Bridge:
    """A switch. `learned` is the port of each MAC address (12 digits) that it has heard of."""

    learned: Mapping[str, str] = field(default_factory=dict)
    neighbours: tuple[Neighbour, ...] = ()

    def crowd(self, port: str) -> int:
        """How many MAC addresses are behind a port."""
        return Counter(self.learned.values())[port]


def bridge_of(tables: Mapping[str, Rows]) -> Bridge:
    """The switch of its columns (`COLUMNS`, and `VLAN_FORWARDING` where the other is empty)."""
    names = _interface_names(tables)
    return Bridge(_learned(tables, names), tuple(_neighbours(tables, names)))


def _interface_names(tables: Mapping[str, Rows]) -> dict[str, str]:
    """The name of each interface by its index."""
    named = {**tables.get(DESCRIPTION, {}), **tables.get(NAME, {})}
    return {index: name for index, value in named.items() if (name := text(value))}


def _learned(tables: Mapping[str, Rows], names: Mapping[str, str]) -> dict[str, str]:
    interfaces = tables.get(BASE_INTERFACE, {})
    forwarding = {**tables.get(VLAN_FORWARDING, {}), **tables.get(FORWARDING, {})}
    found = {}
    for index, port in forwarding.items():
        # Port 0 is "not learned on a port" (RFC 4188, dot1dTpFdbPort).
        name = names.get(str(interfaces.get(str(port)))) if port else None
        if name and (mac := _mac_of_index(index)):
            found[mac] = name
    return found


def _mac_of_index(index: str) -> str:
    """The MAC address at the end of an index, "" for none."""
    numbers = index.split(".")[-6:]
    if len(numbers) != 6 or not all(one.isdecimal() and int(one) < 256 for one in numbers):
        return ""
    return "".join(f"{int(one):02x}" for one in numbers)


def _neighbours(tables: Mapping[str, Rows], names: Mapping[str, str]) -> list[Neighbour]:
    """By port and index. TimeMark, the first part of each index, changes with every announcement, so
    that two columns may differ in it (LLDP-MIB, lldpRemTimeMark).
    """
    found: dict[str, Neighbour] = {}
    ports = _lldp_ports(tables, names)
    for column in (CHASSIS_ID, NEIGHBOUR_NAME, NEIGHBOUR_ADDRESS):
        for index, value in tables.get(column, {}).items():
            _, number, row, *rest = [*index.split("."), "", ""]
            port = ports.get(number)
            if port is None:
                continue
            one = found.setdefault(f"{number}.{row}", Neighbour(port))
            if column == NEIGHBOUR_NAME:
                one.name = text(value)[:64]
            elif column == NEIGHBOUR_ADDRESS:
                one.address = one.address or _address_of(".".join(rest).strip("."))
            elif _is_mac(tables, number, row, value):
                one.mac = value.hex() if isinstance(value, bytes) else ""
    return list(found.values())


def _is_mac(tables: Mapping[str, Rows], number: str, row: str, value: SnmpValue) -> bool:
    """Whether a chassis is named by a MAC address; one of printable bytes is one too."""
    kinds = {
        index.partition(".")[2]: kind for index, kind in tables.get(CHASSIS_SUBTYPE, {}).items()
    }
    known = kinds.get(f"{number}.{row}")
    return known == _MAC_CHASSIS and isinstance(value, bytes) and len(value) == 6


def _address_of(index: str) -> str:
    """The IPv4 address in the index of lldpRemManAddrTable, "" for another one."""
    return index.removeprefix(_IPV4) if index.startswith(_IPV4) else ""


def _lldp_ports(tables: Mapping[str, Rows], names: Mapping[str, str]) -> dict[str, str]:
    """The interface's name of each port of LLDP. Its number is no interface index of right: without
    lldpLocPortTable nothing is known.
    """
    known = {name.casefold(): name for name in names.values()}
    found = {}
    for number, value in tables.get(LOCAL_ID, {}).items():
        is_name = tables.get(LOCAL_SUBTYPE, {}).get(number) == _INTERFACE_NAME
        described = text(tables.get(LOCAL_DESCRIPTION, {}).get(number))
        told = text(value) if is_name else described
        name = known.get(told.casefold()) or known.get(described.casefold())
        if name:
            found[number] = name
    return found
