"""Who answers on a device's address: by ONVIF (with login), by SNMP, of a UPS by what it is asked
with, and by the key of its certificate.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from healthmon.checks.evaluation.wording import plain
from healthmon.checks.probes.certificate import tls_port
from healthmon.checks.probes.context import ProbeContext
from healthmon.checks.probes.endpoints import http_place
from healthmon.checks.probes.skew import skew
from healthmon.model.device import Check, Device
from healthmon.model.enums import Kind
from healthmon.model.measurements import Identity
from healthmon.model.ups import Ups
from healthmon.protocols.errors import (
    LOGIN_TROUBLE,
    ExchangeError,
    UnsupportedError,
)
from healthmon.protocols.onvif import device as onvif
from healthmon.protocols.transport import tls

SYS_DESCR = "1.3.6.1.2.1.1.1.0"
SYS_UP_TIME = "1.3.6.1.2.1.1.3.0"
_REMEMBERED = 6
# Whose hardware SNMP tells of; cameras and recorders have told theirs by ONVIF.
_BY_MIB = frozenset({Kind.LINK, Kind.WORKSTATION, Kind.UPS})


async def probe(device: Device, check: Check, context: ProbeContext) -> Identity:  # noqa: ARG001 - the shape of every probe
    """Every way that answers adds its fields. Raises the login's error, or the first error where no
    way answered.
    """
    found, errors = Identity(), []
    for way in (_by_onvif, _by_snmp, _by_ups, _by_key):
        try:
            found = await way(device, context, found)
        except LOGIN_TROUBLE:
            raise
        except ExchangeError as error:
            errors.append(error)
    if found == Identity():
        raise (
            errors[0]
            if errors
            else UnsupportedError("no protocol that reports an identity is configured")
        )
    return _with_history(found, device, context)


async def _by_onvif(device: Device, context: ProbeContext, found: Identity) -> Identity:
    place, path = http_place(device, context), device.access.onvif_path
    if place is None or path is None:
        return found
    credential = context.credential(device.access.credential) if device.access.credential else None
    calls = onvif.calls(
        context.connector,
        place,
        path,
        credential,
        context.lockout_guard,
        skew=await skew(device, place, path, context),
        allow_basic=device.access.allow_basic,
    )
    told = await onvif.device_information(calls)
    context.memory_of(device.id).firmware = _clean(told.firmware)
    try:
        macs = await onvif.network_interfaces(calls)
    except LOGIN_TROUBLE:
        raise
    except ExchangeError:  # it is not there, in whatever words, or the account may not ask it
        macs = ()
    return replace(
        _named(found, told),
        hardware=_clean(told.hardware),
        macs=tuple(dict.fromkeys(mac for text in macs[:16] if (mac := clean_mac(text)))),
    )


async def _by_snmp(device: Device, context: ProbeContext, found: Identity) -> Identity:
    if device.access.snmp is None:
        return found
    from healthmon.checks.probes.snmp import snmp_get

    values = await snmp_get(device, context, [SYS_DESCR, SYS_UP_TIME])
    text, ticks = values.get(SYS_DESCR), values.get(SYS_UP_TIME)
    system = text.decode("utf-8", "replace") if isinstance(text, bytes) else None
    found = replace(
        found, system=_clean(system), uptime=ticks / 100 if isinstance(ticks, int) else None
    )
    if device.kind not in _BY_MIB:
        return found
    from healthmon.checks.probes import hardware

    return await hardware.added(device, context, found)


async def _by_ups(device: Device, context: ProbeContext, found: Identity) -> Identity:
    if device.kind is not Kind.UPS:
        return found
    from healthmon.checks.probes import ups

    told = await ups.read(device, context)
    named = replace(_named(found, told), system=found.system or f"a UPS by {told.backend}")
    mac = clean_mac(told.mac or "")
    return replace(named, macs=(mac,)) if mac else named


async def _by_key(device: Device, context: ProbeContext, found: Identity) -> Identity:
    port, how = tls_port(device), device.access.tls
    if port is None:
        return found
    peer = await tls.read_certificate(
        context.connector, device.address, port, how.server_name if how else None
    )
    return replace(found, key=tls.key_hash(peer.der))


def _named(found: Identity, told: onvif.DeviceInformation | Ups) -> Identity:
    """`found` with what the device is called by its maker."""
    return replace(
        found,
        manufacturer=_clean(told.manufacturer),
        model=_clean(told.model),
        serial=_clean(told.serial),
        firmware=_clean(told.firmware),
    )


def _clean(text: str | None) -> str | None:
    return plain(text) or None if text else None


def clean_mac(text: str) -> str | None:
    """A MAC as ``00:1A:2B:3C:4D:5E`` whatever the separators were; None for zeros and for what is
    no MAC.
    """
    digits = re.sub(r"[^0-9a-fA-F]", "", text).upper()
    if len(digits) != 12 or set(digits) == {"0"}:
        return None
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def _with_history(found: Identity, device: Device, context: ProbeContext) -> Identity:
    """`found` with the other identity that answered in between, where two take turns on one
    address.
    """
    memory = context.memory_of(device.id)
    mark = found.key
    if device.kind not in _BY_MIB:  # one of them may keep its serial to itself for a while
        mark = found.serial or (found.macs[0] if found.macs else None) or found.key
    if mark is None:
        return found
    memory.identities = (*memory.identities, mark)[-_REMEMBERED:]
    return replace(found, alternates_with=taking_turns(memory.identities))


def taking_turns(marks: Sequence[str]) -> str | None:
    """The identity that answered between two answers of the latest one (A B A), else None. A swap
    (A A B B) is none.
    """
    latest = marks[-1]
    first = next(i for i, mark in enumerate(marks) if mark == latest)
    return next((mark for mark in marks[first:] if mark != latest), None)
