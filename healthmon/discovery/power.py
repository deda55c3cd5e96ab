"""The UPSes at an address: by NUT (LIST UPS), apcupsd or SNMP, each read once by the UPS check."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from healthmon.checks.probes import ups
from healthmon.checks.probes.context import ProbeContext
from healthmon.discovery.found import Found
from healthmon.model.device import Access, ApcupsdAccess, Check, Device, NutAccess
from healthmon.model.enums import CheckName, Kind
from healthmon.model.ups import Ups
from healthmon.protocols.errors import ExchangeError, NoCredentialError, UnsupportedError
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.protocols.ups import nut
from healthmon.secret import Credential

READ_SECONDS, ALL_SECONDS = 20.0, 60.0


@dataclass(slots=True)
class UpsReader:
    """`community` is for UPSes by SNMP, None for none."""

    connector: Connector
    guard: LockoutGuard
    community: Credential | None = None

    async def query(self, found: Found) -> None:
        """Fill in the UPSes of `found` by their names, "" where there is one without."""
        accesses: dict[str, Access] = {}
        if port := found.first("nut"):
            names = await self._nut_names(found, port)
            accesses |= {name: Access(nut=NutAccess(name, port)) for name in names}
        elif port := found.first("apcupsd"):
            accesses[""] = Access(apcupsd=ApcupsdAccess(port))
        elif found.snmp is not None and found.snmp.bridge is None and found.onvif is None:
            accesses[""] = Access(snmp=found.snmp.access())
        try:
            async with asyncio.timeout(ALL_SECONDS):
                for name, access in accesses.items():
                    if one := await self._read(found, access):
                        found.ups[name] = one
        except TimeoutError:
            found.incomplete = True
            found.notes.append(f"UPS: not all were read within {ALL_SECONDS:g} s")

    async def _nut_names(self, found: Found, port: int) -> list[str]:
        try:
            async with asyncio.timeout(READ_SECONDS):
                return await nut.names(self.connector, found.address, port)
        except (ExchangeError, TimeoutError) as error:
            found.incomplete = True
            found.notes.append(f"NUT: {error or 'no answer'}")
            return []

    async def _read(self, found: Found, access: Access) -> Ups | None:
        """What the UPS check reads there; None for what is no UPS."""
        device = Device(found.address, found.address, Kind.UPS, "", found.address, access=access)
        user = found.snmp.user if found.snmp else None
        account = user.credential if user else self.community
        context = ProbeContext(self.connector, self.guard, lambda _: _named(account))
        try:
            async with asyncio.timeout(READ_SECONDS):
                return await ups.probe(device, Check(device.id, CheckName.UPS), context)
        except UnsupportedError:
            return None  # by SNMP: it has no objects of a UPS
        except (ExchangeError, TimeoutError) as error:
            found.incomplete = True
            found.notes.append(f"UPS: {error or 'no complete answer'}")
            return None


def _named(account: Credential | None) -> Credential:
    if account is None:
        raise NoCredentialError("no community was named")
    return account
