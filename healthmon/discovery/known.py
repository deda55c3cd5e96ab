"""The devices that config.yaml already has: which of them is at an address, and which of them is
somewhere else now. Pure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from healthmon.config.schema import Config

_NOT_HEX = re.compile(r"[^0-9a-f]")
_DUMMY_MACS = frozenset({"", "000000000000", "ffffffffffff"})


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A device of config.yaml; `serial` and `mac` are the commissioned ones, "" where there is
    none. `link`: it is one of `links`; `snmp`: it is read by SNMP.
    """

    id: str
    name: str
    site: str
    address: str
    serial: str = ""
    mac: str = ""
    link: bool = False
    snmp: bool = False


@dataclass(frozen=True, slots=True)
class KnownDevices:
    """All devices of config.yaml."""

    devices: tuple[KnownDevice, ...] = ()
    _by_address: dict[str, KnownDevice] = field(init=False)

    def __post_init__(self) -> None:
        by_address: dict[str, KnownDevice] = {}
        for device in self.devices:
            by_address.setdefault(device.address.lower(), device)
        object.__setattr__(self, "_by_address", by_address)

    @classmethod
    def of(cls, config: Config) -> KnownDevices:
        """The devices of all sections."""
        sections = (
            config.cameras,
            config.recorders,
            config.ups,
            config.workstations,
            config.links,
        )
        found = []
        for entry in (one for section in sections for one in section):
            told = getattr(entry, "commissioned", None)
            serial, mac = (told.serial or "", told.mac or "") if told else ("", "")
            found.append(
                KnownDevice(
                    entry.id,
                    entry.name,
                    entry.site,
                    entry.address,
                    serial,
                    mac,
                    entry in config.links,
                    entry.snmp is not None,
                )
            )
        return cls(tuple(found))

    def at(self, address: str) -> KnownDevice | None:
        """The device that config.yaml has at `address`."""
        return self._by_address.get(address)

    def elsewhere(self, address: str, serial: str, macs: Iterable[str]) -> KnownDevice | None:
        """The device with this serial number or one of these MAC addresses that config.yaml has at
        another address than `address`.
        """
        own = {plain_mac(mac) for mac in macs} - _DUMMY_MACS
        for device in self.devices:
            if device.address == address:
                continue
            same_serial = bool(serial) and device.serial.casefold() == serial.casefold()
            if same_serial or plain_mac(device.mac) in own:
                return device
        return None

    def site_near(self, address: str) -> str:
        """The site of most devices in the same /24, "" where there is none."""
        network = address.rpartition(".")[0] + "."
        near = Counter(one.site for one in self.devices if one.address.startswith(network))
        return near.most_common(1)[0][0] if near else ""

    def free_id(self, wanted: str) -> str:
        """`wanted`, or with a number behind it where config.yaml has it already."""
        taken = {device.id for device in self.devices}
        if wanted not in taken:
            return wanted
        return next(one for n in range(2, len(taken) + 3) if (one := f"{wanted}-{n}") not in taken)


def plain_mac(text: str) -> str:
    """A MAC address as its 12 digits in small letters, "" for what is none."""
    digits = _NOT_HEX.sub("", text.lower())
    return digits if len(digits) == 12 else ""
