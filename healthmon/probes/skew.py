"""The device's clock minus ours, for the UsernameToken of a login: a strict device takes no token of another time."""

from __future__ import annotations

from healthmon.model import Device
from healthmon.probes.tools import Tools
from healthmon.wire import onvif
from healthmon.wire.errors import WireError
from healthmon.wire.http import Place
from healthmon.wire.onvif import DeviceTime


async def skew(device: Device, place: Place, path: str, tools: Tools) -> float | None:
    """Asked without a login; the one remembered where the device does not tell, None where it never has."""
    notes = tools.notes_of(device.id)
    try:
        found = skew_of(await onvif.device_time(tools.net, place, path))
    except WireError:  # what is asked next says it better
        found = None
    if found is not None:
        notes.onvif_skew = found
    return notes.onvif_skew


def skew_of(told: DeviceTime) -> float | None:
    """Whole seconds are cut off, so that the middle of the second is the better guess; None without a UTC time."""
    return (
        told.utc.timestamp() + 0.5 - (told.began + told.ended) / 2 if told.utc is not None else None
    )
