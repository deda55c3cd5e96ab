"""What a device says by SNMP of the thing that it is: ENTITY-MIB (RFC 6933), BRIDGE-MIB (RFC 4188),
LLDP-MIB (IEEE 802.1AB), IF-MIB (RFC 2863) and sysDescr of SNMPv2-MIB (RFC 3418). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from healthmon.protocols.snmp.v2c import SnmpValue
from healthmon.vendors.switches import text

_ENTITY = "1.3.6.1.2.1.47.1.1.1.1"
CLASS, HARDWARE, FIRMWARE, SOFTWARE, SERIAL, MAKER, MODEL = (
    f"{_ENTITY}.{n}" for n in (5, 8, 9, 10, 11, 12, 13)
)
COLUMNS: Final = (CLASS, HARDWARE, FIRMWARE, SOFTWARE, SERIAL, MAKER, MODEL)
_CHASSIS = 3  # IANAPhysicalClass
BRIDGE_ADDRESS = "1.3.6.1.2.1.17.1.1.0"  # dot1dBaseBridgeAddress
LLDP_SUBTYPE, LLDP_CHASSIS = "1.0.8802.1.1.2.1.3.1.0", "1.0.8802.1.1.2.1.3.2.0"
_MAC_CHASSIS = 4  # LldpChassisIdSubtype macAddress
ADDRESSES: Final = (BRIDGE_ADDRESS, LLDP_SUBTYPE, LLDP_CHASSIS)
INTERFACE_ADDRESS = "1.3.6.1.2.1.2.2.1.6"  # ifPhysAddress
MOST_ADDRESSES = 16
_LONGEST_MODEL = 64
_VERSION = re.compile(r"\d\.\d")
Values = Mapping[str, SnmpValue]


def chassis_of(classes: Values) -> str:
    """The index of the chassis, "" where there is none. Of a stack it is that of the first switch."""
    found = [
        int(index) for index, value in classes.items() if value == _CHASSIS and index.isdigit()
    ]
    return str(min(found)) if found else ""


def is_chassis(index: str, values: Values) -> bool:
    """Whether the chassis still has this index, which may change at a restart (RFC 6933 2.12.1)."""
    return values.get(f"{CLASS}.{index}") == _CHASSIS


def said_of(index: str, values: Values) -> dict[str, str]:
    """Manufacturer, model, serial, firmware and hardware of the chassis, those that are told.

    The firmware is the revision of the software, which a switch is updated by; many give their boot
    loader's as entPhysicalFirmwareRev.
    """
    columns = {
        "manufacturer": (MAKER,),
        "model": (MODEL,),
        "serial": (SERIAL,),
        "firmware": (SOFTWARE, FIRMWARE),
        "hardware": (HARDWARE,),
    }
    told = {
        name: next(filter(None, (text(values.get(f"{one}.{index}")) for one in among)), "")
        for name, among in columns.items()
    }
    return {name: value for name, value in told.items() if value}


def model_in(description: str) -> str:
    """The model in a sysDescr that is nothing but a name; "" where a version stands in it, which
    would change with each update.
    """
    plain = description.strip()
    return "" if len(plain) > _LONGEST_MODEL or _VERSION.search(plain) else plain


def own_addresses(values: Values) -> list[str]:
    """The MAC addresses of a switch as a whole (``ADDRESSES``), each once."""
    found = [values.get(BRIDGE_ADDRESS)]
    if values.get(LLDP_SUBTYPE) == _MAC_CHASSIS:
        found.append(values.get(LLDP_CHASSIS))
    return _addresses(found)


def interface_addresses(column: Values) -> list[str]:
    """The MAC addresses of the first interfaces (``INTERFACE_ADDRESS``), in their order."""
    rows = sorted((int(index), value) for index, value in column.items() if index.isdigit())
    return _addresses(value for _, value in rows)[:MOST_ADDRESSES]


def _addresses(values: Iterable[SnmpValue]) -> list[str]:
    """Those that are addresses, as ``00:1A:2B:3C:4D:5E``; not that of nobody, nor of a group."""
    found = (one for one in values if isinstance(one, bytes) and len(one) == 6 and any(one))
    return list(dict.fromkeys(one.hex(":").upper() for one in found if not one[0] & 1))
