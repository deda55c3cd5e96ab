"""Which file of replies plays a recorder of which make."""

from __future__ import annotations

from collections.abc import Callable

from healthmon.demo.recorders import axis, bosch, dahua, generic, hikvision
from healthmon.demo.recorders.engine import Answer, Asked, SimRecorder
from healthmon.demo.state import SimDevice

REPLIES: dict[str, Callable[[SimRecorder, Asked], Answer | None]] = {
    "hikvision": hikvision.replies,
    "axis": axis.replies,
    "dahua": dahua.replies,
    "bosch": bosch.replies,
    "http": generic.replies,
    "snmp": generic.replies,
}
OBJECTS: dict[str, Callable[[SimRecorder], dict[str, int | str | bytes]]] = {
    "bosch": bosch.objects,
    "snmp": generic.objects,
}


def recorder_of(device: SimDevice) -> SimRecorder:
    """The recorder that `device` is, with its channels named 1, 2, 3 ... Raises KeyError for a make
    without replies.
    """
    names = {str(number): f"Camera {number}" for number in range(1, device.channels + 1)}
    return SimRecorder(device, REPLIES[device.make], names)
