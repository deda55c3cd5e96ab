"""SNMP by the configured version and credential."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from healthmon.checks.probes.context import DeviceMemory, ProbeContext
from healthmon.model.device import Device, SnmpAccess
from healthmon.protocols.errors import (
    AuthFailedError,
    ForbiddenError,
    ProtocolError,
    SilentError,
    UnsupportedError,
)
from healthmon.protocols.snmp import v2c as snmp
from healthmon.protocols.snmp import v3 as snmpv3
from healthmon.protocols.snmp.v2c import SnmpValue
from healthmon.secret import Credential

SYS_UP_TIME = "1.3.6.1.2.1.1.3.0"
REMEMBERED = 3600.0  # seconds for which an object that an agent of v1 does not have is left out


async def snmp_get(
    device: Device, context: ProbeContext, oids: Sequence[str]
) -> dict[str, SnmpValue]:
    """The values of `oids` that the device has. Raises ExchangeError."""
    access = device.access.snmp
    if access is None:
        raise UnsupportedError("no SNMP is configured")
    absent = _absent(context.memory_of(device.id)) if access.version == "1" else None
    return await get_at(device.address, access, context, oids, absent)


def _absent(memory: DeviceMemory) -> set[str]:
    """The objects that the device was found not to have within the last hour."""
    now = time.monotonic()
    if memory.snmp_absent is None or now - memory.snmp_absent_since > REMEMBERED:
        memory.snmp_absent_since = now
        memory.snmp_absent = set()
    return memory.snmp_absent


async def get_at(
    address: str,
    access: SnmpAccess,
    context: ProbeContext,
    oids: Sequence[str],
    absent: set[str] | None = None,
) -> dict[str, SnmpValue]:
    """The values of `oids` that the agent at `address` has; `absent` as for `snmp.get`. Raises
    ExchangeError.
    """
    credential = context.credential(access.credential)
    if access.version != "3":
        return await snmp.get(
            context.connector,
            address,
            access.port,
            credential.password,
            oids,
            version=access.version,
            absent=absent,
        )
    auth, priv = access.auth_protocol, access.priv_protocol
    with _login(address, credential, context):
        return await snmpv3.get(
            context.connector, address, access.port, credential, oids, auth=auth, priv=priv
        )


async def answers(device: Device, context: ProbeContext) -> None:
    """Return when the device's agent answers, be it a refusal or what is not understood; by v3 no
    login is spent on it. Raises ExchangeError.
    """
    access = device.access.snmp
    if access is not None and access.version == "3":
        await snmpv3.discover(context.connector, device.address, access.port)
        return
    with suppress(ForbiddenError, ProtocolError):
        await snmp_get(device, context, [SYS_UP_TIME])


async def walk_at(
    address: str, access: SnmpAccess, context: ProbeContext, column: str
) -> dict[str, SnmpValue]:
    """The rows of one column (index -> value) that the agent at `address` has. Raises ExchangeError."""
    credential = context.credential(access.credential)
    if access.version != "3":
        return await snmp.walk(
            context.connector,
            address,
            access.port,
            credential.password,
            column,
            version=access.version,
        )
    auth, priv = access.auth_protocol, access.priv_protocol
    with _login(address, credential, context):
        return await snmpv3.walk(
            context.connector, address, access.port, credential, column, auth=auth, priv=priv
        )


async def makers_of(device: Device, context: ProbeContext) -> set[int] | None:
    """The numbers of the makers of whom a v1 agent has objects: there every object that is missing
    costs an exchange.

    None where that is not so, or not told.
    """
    access = device.access.snmp
    if access is None or access.version != "1":
        return None
    try:
        password = context.credential(access.credential).password
        return await snmp.makers(context.connector, device.address, access.port, password)
    except (ProtocolError, SilentError):
        return None


@contextmanager
def _login(address: str, credential: Credential, context: ProbeContext) -> Iterator[None]:
    """An SNMPv3 login counts like any other: a refused one is not tried for ever."""
    context.lockout_guard.permit(address, credential, "snmp")
    try:
        yield
    except AuthFailedError as error:
        guard = context.lockout_guard
        error.since = guard.rejected(address, credential, "snmp", why=str(error))
        raise
    context.lockout_guard.accepted(address, credential, "snmp")
