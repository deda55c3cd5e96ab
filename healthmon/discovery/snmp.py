"""One address asked by SNMP v2c (v1 where only that answers), with a community of config.yaml: what it
is, and of a switch which device hangs on which port. Only GET, GETNEXT and GETBULK are sent.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from healthmon.discovery.found import Found, SnmpDevice
from healthmon.protocols.errors import ExchangeError
from healthmon.protocols.snmp import v2c
from healthmon.protocols.snmp.v2c import SnmpValue
from healthmon.protocols.transport.connector import Connector
from healthmon.secret import Credential
from healthmon.vendors import bridges
from healthmon.vendors.switches import text

PORT = 161
WAITS = (1.0,)
TABLE_SECONDS = 60.0
DESCRIPTION, SYSTEM_NAME, LOCATION = (f"1.3.6.1.2.1.1.{n}.0" for n in (1, 5, 6))
_SYSTEM = (DESCRIPTION, SYSTEM_NAME, LOCATION, bridges.BASE_PORTS, bridges.LLDP_NAME)


@dataclass(slots=True)
class SnmpAsker:
    """`community` is what is sent, None where nothing may be asked."""

    connector: Connector
    community: Credential | None = None
    port: int = PORT

    async def query(self, found: Found) -> None:
        """Fill in what `found` tells by SNMP. Silence is no error: most devices have none."""
        for version in ("2c", "1") if found.open else ("2c",):
            values = await self._system(found.address, version)
            if values:
                found.snmp = SnmpDevice(
                    version,
                    self.port,
                    text(values.get(DESCRIPTION))[:128],
                    text(values.get(SYSTEM_NAME))[:64],
                    text(values.get(LOCATION))[:64],
                )
                if _is_switch(values):
                    await self._read_switch(found, found.snmp)
                return

    async def _system(self, host: str, version: str) -> dict[str, SnmpValue]:
        if self.community is None:
            return {}
        secret = self.community.password
        try:
            return await v2c.get(
                self.connector, host, self.port, secret, _SYSTEM, version=version, waits=WAITS
            )
        except ExchangeError:
            return {}

    async def _read_switch(self, found: Found, device: SnmpDevice) -> None:
        """The tables of a switch, one after another."""
        tables: dict[str, dict[str, SnmpValue]] = {}
        try:
            async with asyncio.timeout(TABLE_SECONDS):
                for column in bridges.COLUMNS:
                    tables[column] = await self._column(found, device, column)
                if not tables[bridges.FORWARDING]:
                    column = bridges.VLAN_FORWARDING
                    tables[column] = await self._column(found, device, column)
        except TimeoutError:
            found.incomplete = True
            found.notes.append(f"SNMP: its tables were not read within {TABLE_SECONDS:g} s")
        device.bridge = bridges.bridge_of(tables)

    async def _column(self, found: Found, device: SnmpDevice, column: str) -> dict[str, SnmpValue]:
        assert self.community is not None  # noqa: S101 - it has answered to it
        secret = self.community.password
        try:
            return await v2c.walk(
                self.connector, found.address, self.port, secret, column, version=device.version
            )
        except ExchangeError as error:
            found.incomplete = True
            found.notes.append(f"SNMP {column}: {error}")
            return {}


def _is_switch(values: dict[str, SnmpValue]) -> bool:
    """Whether it bridges ports, or takes part in LLDP."""
    ports = values.get(bridges.BASE_PORTS)
    return (isinstance(ports, int) and ports > 1) or bridges.LLDP_NAME in values
