"""SNMP of a device by its configured version and credential."""

from __future__ import annotations

from collections.abc import Sequence

from healthmon.model import Device
from healthmon.probes.tools import Tools
from healthmon.wire import snmp, snmpv3
from healthmon.wire.errors import AuthFailedError, UnsupportedError
from healthmon.wire.snmp import SnmpValue


async def snmp_get(device: Device, tools: Tools, oids: Sequence[str]) -> dict[str, SnmpValue]:
    """The values of `oids` that the device has. Raises WireError."""
    access = device.access.snmp
    if access is None:
        raise UnsupportedError("no SNMP is configured")
    credential = tools.credential(access.credential)
    if access.version != "3":
        return await snmp.get(tools.net, device.address, access.port, credential.password, oids, version=access.version)
    tools.logins.permit(device.address, credential)
    try:
        found = await snmpv3.get(
            tools.net,
            device.address,
            access.port,
            credential,
            oids,
            auth=access.auth_protocol,
            priv=access.priv_protocol,
        )
    except AuthFailedError:
        tools.logins.rejected(device.address, credential)
        raise
    tools.logins.accepted(device.address, credential)
    return found
