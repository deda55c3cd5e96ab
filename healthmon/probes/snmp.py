"""SNMP by the configured version and credential."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from healthmon.model import Device, SnmpAccess
from healthmon.probes.tools import Tools
from healthmon.secret import Credential
from healthmon.wire import snmp, snmpv3
from healthmon.wire.errors import AuthFailedError, ProtocolError, SilentError, UnsupportedError
from healthmon.wire.snmp import SnmpValue


async def snmp_get(device: Device, tools: Tools, oids: Sequence[str]) -> dict[str, SnmpValue]:
    """The values of `oids` that the device has. Raises WireError."""
    if device.access.snmp is None:
        raise UnsupportedError("no SNMP is configured")
    return await get_at(device.address, device.access.snmp, tools, oids)


async def get_at(
    address: str, access: SnmpAccess, tools: Tools, oids: Sequence[str]
) -> dict[str, SnmpValue]:
    """The values of `oids` that the agent at `address` has. Raises WireError."""
    credential = tools.credential(access.credential)
    if access.version != "3":
        return await snmp.get(
            tools.net, address, access.port, credential.password, oids, version=access.version
        )
    auth, priv = access.auth_protocol, access.priv_protocol
    with _login(address, credential, tools):
        return await snmpv3.get(
            tools.net, address, access.port, credential, oids, auth=auth, priv=priv
        )


async def walk_at(
    address: str, access: SnmpAccess, tools: Tools, column: str
) -> dict[str, SnmpValue]:
    """The rows of one column (index -> value) that the agent at `address` has. Raises WireError."""
    credential = tools.credential(access.credential)
    if access.version != "3":
        return await snmp.walk(
            tools.net, address, access.port, credential.password, column, version=access.version
        )
    auth, priv = access.auth_protocol, access.priv_protocol
    with _login(address, credential, tools):
        return await snmpv3.walk(
            tools.net, address, access.port, credential, column, auth=auth, priv=priv
        )


async def makers_of(device: Device, tools: Tools) -> set[int] | None:
    """The numbers of the makers of whom a v1 agent has objects: there every object that is missing costs an exchange.

    None where that is not so, or not told.
    """
    access = device.access.snmp
    if access is None or access.version != "1":
        return None
    try:
        password = tools.credential(access.credential).password
        return await snmp.makers(tools.net, device.address, access.port, password)
    except (ProtocolError, SilentError):
        return None


@contextmanager
def _login(address: str, credential: Credential, tools: Tools) -> Iterator[None]:
    """An SNMPv3 login counts like any other: a refused one is not tried for ever."""
    tools.logins.permit(address, credential)
    try:
        yield
    except AuthFailedError:
        tools.logins.rejected(address, credential)
        raise
    tools.logins.accepted(address, credential)
