"""One address asked by SNMP with an account of config.yaml: v2c (v1 where only that answers) with a
community, v3 with a user. What it is, and of a switch which device hangs on which port. Only GET,
GETNEXT and GETBULK are sent, and to an agent of v3 first a discovery of its engine without a login.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from healthmon.checks.probes import snmp as by_login
from healthmon.checks.probes.context import ProbeContext
from healthmon.discovery.found import Found, SnmpDevice, SnmpUser
from healthmon.discovery.ports import SNMP_PORT
from healthmon.protocols.errors import LOGIN_TROUBLE, ExchangeError
from healthmon.protocols.snmp import v2c, v3
from healthmon.protocols.snmp.v2c import SnmpValue
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential
from healthmon.vendors import bridges
from healthmon.vendors.switches import text

WAITS = (1.0,)
TABLE_SECONDS = 60.0
DESCRIPTION, SYSTEM_NAME, LOCATION = (f"1.3.6.1.2.1.1.{n}.0" for n in (1, 5, 6))
_SYSTEM = (DESCRIPTION, SYSTEM_NAME, LOCATION, bridges.BASE_PORTS, bridges.LLDP_NAME)
Values = dict[str, SnmpValue]


@dataclass(slots=True)
class SnmpAsker:
    """`community` and `user` are what may be sent, None where nothing may be asked."""

    connector: Connector
    guard: LockoutGuard
    community: Credential | None = None
    user: SnmpUser | None = None
    ports: tuple[int, ...] = (SNMP_PORT.number,)

    async def query(self, found: Found) -> None:
        """Fill in what `found` tells by SNMP, on the first of the ports that answers. Silence is no
        error: most devices have none.
        """
        for port in self.ports:
            await self._by_community(found, port)
            if found.snmp is None and self.user is not None and found.login != "held back":
                await self._by_user(found, self.user, port)
            if found.snmp is not None:
                return

    async def _by_community(self, found: Found, port: int) -> None:
        for version in ("2c", "1") if found.open else ("2c",):
            if values := await self._system(found.address, port, version):
                await self._fill_in(found, SnmpDevice(version, port), values)
                return

    async def _system(self, host: str, port: int, version: str) -> Values:
        if self.community is None:
            return {}
        secret = self.community.password
        try:
            return await v2c.get(
                self.connector, host, port, secret, _SYSTEM, version=version, waits=WAITS
            )
        except ExchangeError:
            return {}

    async def _by_user(self, found: Found, user: SnmpUser, port: int) -> None:
        """An agent gets the login only after it has answered without one. After a refusal the device
        gets no other login.
        """
        device = SnmpDevice("3", port, user=user)
        try:
            if not await v3.discover(self.connector, found.address, port):
                return
        except ExchangeError:
            return
        try:
            values = await self._get(found, device, _SYSTEM)
        except LOGIN_TROUBLE as error:
            found.login, found.incomplete = "held back", True
            found.notes.append(str(error))
        except ExchangeError as error:
            found.incomplete = True
            found.notes.append(f"SNMPv3: {error}")
        else:
            await self._fill_in(found, device, values)

    async def _fill_in(self, found: Found, device: SnmpDevice, values: Values) -> None:
        device.description = text(values.get(DESCRIPTION))[:128]
        device.name = text(values.get(SYSTEM_NAME))[:64]
        device.location = text(values.get(LOCATION))[:64]
        found.snmp = device
        if _is_switch(values):
            await self._read_switch(found, device)

    async def _read_switch(self, found: Found, device: SnmpDevice) -> None:
        """The tables of a switch, one after another."""
        tables: dict[str, Values] = {}
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

    async def _column(self, found: Found, device: SnmpDevice, column: str) -> Values:
        try:
            return await by_login.walk_at(
                found.address, device.access(), self._context(device), column
            )
        except ExchangeError as error:
            found.incomplete = True
            found.notes.append(f"SNMP {column}: {error}")
            return {}

    async def _get(self, found: Found, device: SnmpDevice, oids: Sequence[str]) -> Values:
        context = self._context(device)
        return await by_login.get_at(found.address, device.access(), context, oids)

    def _context(self, device: SnmpDevice) -> ProbeContext:
        account = device.user.credential if device.user else self.community
        assert account is not None  # noqa: S101 - the device has answered to it
        return ProbeContext(self.connector, self.guard, lambda _: account)


def _is_switch(values: Values) -> bool:
    """Whether it bridges ports, or takes part in LLDP."""
    ports = values.get(bridges.BASE_PORTS)
    return (isinstance(ports, int) and ports > 1) or bridges.LLDP_NAME in values
