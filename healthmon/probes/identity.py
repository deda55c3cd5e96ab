"""Who answers on a device's address: by ONVIF (with login), by SNMP and by the key of its certificate."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from healthmon.model import Ask, Device, Identity
from healthmon.probes.certificate import tls_port
from healthmon.probes.places import http_place
from healthmon.probes.skew import skew
from healthmon.probes.tools import Tools
from healthmon.verdict.words import plain
from healthmon.wire import onvif, tls
from healthmon.wire.errors import (
    AuthFailedError,
    AuthLatchedError,
    BasicRefusedError,
    LockedOutError,
    NoCredentialError,
    UnsupportedError,
    WireError,
)

SYS_DESCR = "1.3.6.1.2.1.1.1.0"
SYS_UP_TIME = "1.3.6.1.2.1.1.3.0"
_LOGIN_TROUBLE = (
    AuthFailedError,
    AuthLatchedError,
    BasicRefusedError,
    LockedOutError,
    NoCredentialError,
)
_REMEMBERED = 6


async def look(device: Device, ask: Ask, tools: Tools) -> Identity:  # noqa: ARG001 - the shape of every probe
    """Every way that answers adds its fields. Raises the login's error, or the first error where no way answered."""
    found, errors = Identity(), []
    for way in (_by_onvif, _by_snmp, _by_key):
        try:
            found = await way(device, tools, found)
        except _LOGIN_TROUBLE:
            raise
        except WireError as error:
            errors.append(error)
    if found == Identity():
        raise (
            errors[0] if errors else UnsupportedError("no way to ask for an identity is configured")
        )
    return _with_history(found, device, tools)


async def _by_onvif(device: Device, tools: Tools, found: Identity) -> Identity:
    place, path = http_place(device), device.access.onvif_path
    if place is None or path is None:
        return found
    credential = tools.credential(device.access.credential) if device.access.credential else None
    calls = onvif.calls(
        tools.net,
        place,
        path,
        credential,
        tools.logins,
        skew=await skew(device, place, path, tools),
    )
    told = await onvif.device_information(calls)
    tools.notes_of(device.id).firmware = _clean(told.firmware)
    try:
        macs = await onvif.network_interfaces(calls)
    except _LOGIN_TROUBLE:
        raise
    except WireError:  # it is not there, in whatever words, or the account may not ask it
        macs = ()
    return replace(
        found,
        manufacturer=_clean(told.manufacturer),
        model=_clean(told.model),
        serial=_clean(told.serial),
        firmware=_clean(told.firmware),
        hardware=_clean(told.hardware),
        macs=tuple(dict.fromkeys(mac for text in macs[:16] if (mac := clean_mac(text)))),
    )


async def _by_snmp(device: Device, tools: Tools, found: Identity) -> Identity:
    if device.access.snmp is None:
        return found
    from healthmon.probes.snmp import snmp_get

    values = await snmp_get(device, tools, [SYS_DESCR, SYS_UP_TIME])
    text, ticks = values.get(SYS_DESCR), values.get(SYS_UP_TIME)
    system = text.decode("utf-8", "replace") if isinstance(text, bytes) else None
    return replace(
        found, system=_clean(system), uptime=ticks / 100 if isinstance(ticks, int) else None
    )


async def _by_key(device: Device, tools: Tools, found: Identity) -> Identity:
    port, how = tls_port(device), device.access.tls
    if port is None:
        return found
    peer = await tls.read_certificate(
        tools.net, device.address, port, how.server_name if how else None
    )
    return replace(found, key=tls.key_hash(peer.der))


def _clean(text: str | None) -> str | None:
    return plain(text) or None if text else None


def clean_mac(text: str) -> str | None:
    """A MAC as ``00:1A:2B:3C:4D:5E`` whatever the separators were; None for zeros and for what is no MAC."""
    digits = re.sub(r"[^0-9a-fA-F]", "", text).upper()
    if len(digits) != 12 or set(digits) == {"0"}:
        return None
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def _with_history(found: Identity, device: Device, tools: Tools) -> Identity:
    """`found` with the other identity that answered in between, where two take turns on one address."""
    notes = tools.notes_of(device.id)
    mark = found.serial or (found.macs[0] if found.macs else None) or found.key
    if mark is None:
        return found
    notes.identities = (*notes.identities, mark)[-_REMEMBERED:]
    return replace(found, alternates_with=taking_turns(notes.identities))


def taking_turns(marks: Sequence[str]) -> str | None:
    """The identity that answered between two answers of the latest one (A B A), else None. A swap (A A B B) is none."""
    latest = marks[-1]
    first = next(i for i, mark in enumerate(marks) if mark == latest)
    return next((mark for mark in marks[first:] if mark != latest), None)
