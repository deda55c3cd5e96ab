"""The device's clock minus ours, for the UsernameToken of a login: a strict device takes no token
of another time.
"""

from __future__ import annotations

from healthmon.checks.probes.context import ProbeContext
from healthmon.model.device import Device
from healthmon.protocols.errors import ExchangeError
from healthmon.protocols.http.exchange import Endpoint
from healthmon.protocols.onvif import device as onvif
from healthmon.protocols.onvif.device import DeviceTime


async def skew(device: Device, place: Endpoint, path: str, context: ProbeContext) -> float | None:
    """Asked without a login; the one remembered where the device does not tell, None where it never
    has.
    """
    memory = context.memory_of(device.id)
    try:
        found = skew_of(await onvif.device_time(context.connector, place, path))
    except ExchangeError:  # what is asked next says it better
        found = None
    if found is not None:
        memory.onvif_skew = found
    return memory.onvif_skew


def skew_of(told: DeviceTime) -> float | None:
    """Whole seconds are cut off, so that the middle of the second is the better guess; None without
    a UTC time.
    """
    return (
        told.utc.timestamp() + 0.5 - (told.began + told.ended) / 2 if told.utc is not None else None
    )
