"""Measurements of the links between cameras, control room and police: switch ports, links,
relayed streams.

None means "not reported".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from healthmon.model.enums import Reason, Span
from healthmon.model.measurements import Stream

AdminStatus = Literal["up", "down", "testing"]
OperStatus = Literal[
    "up", "down", "testing", "unknown", "dormant", "not_present", "lower_layer_down"
]
PowerStatus = Literal["on", "off", "faulty"]
PoeStatus = Literal["disabled", "searching", "delivering", "fault", "test", "other_fault"]


@dataclass(frozen=True, slots=True)
class Poe:
    """One port of power sourcing equipment (RFC 3621). `denied` counts refusals since the check
    before.
    """

    index: str
    enabled: bool | None = None
    status: PoeStatus | None = None
    denied: int | None = None


@dataclass(frozen=True, slots=True)
class SwitchPort:
    """One port of a switch (IF-MIB, RFC 2863). `port` is its name in config.yaml.

    `speed` is in bits per second, `best_speed` the highest that was seen; both only while the port
    is up. `changed` is the wall time of its last change. `errors` and `bytes_in` are the switch's
    own counters; `new_errors` of `new_packets` came since the check before. `poe` None: the switch
    gives no power here, or it is not known which of its power ports this is (`poe_unknown` True).
    """

    switch: str
    port: str
    index: int
    admin: AdminStatus | None = None
    oper: OperStatus | None = None
    speed: float | None = None
    best_speed: float | None = None
    half_duplex: bool | None = None
    changed: float | None = None
    bytes_in: int | None = None
    errors: int | None = None
    new_errors: int | None = None
    new_packets: int | None = None
    poe: Poe | None = None
    poe_unknown: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """One service of a link that was spoken to, not only connected: rtsp, http, https or snmp."""

    name: str
    number: int
    status: int | None = None
    reason: Reason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PowerSupply:
    """The power that a switch has for its ports (RFC 3621 pethMainPse): `used` of `watts`; `group`
    is its number.
    """

    group: str
    status: PowerStatus | None = None
    watts: float | None = None
    used: float | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A switch, radio or line, or the point where pictures are handed over."""

    services: tuple[Service, ...]
    power: tuple[PowerSupply, ...] = ()


@dataclass(frozen=True, slots=True)
class Relay:
    """A camera's stream at the point where it is handed over, beside what the camera itself showed
    last.

    `source` is the camera's own stream, seen `source_age` seconds before; None: it gave no pictures
    then, or is not known (`source_age` None). `same_pictures` True: key frames of both were equal.
    `delay` is how much later pictures come by the relay than from the camera, by "pictures" (equal
    key frames) or by "reports" (sender reports); None where it could not be measured, `delay_note`
    says why. `unlike` counts key frames of the camera, over checks, that should have come by the
    relay within its limit, since one came.
    """

    camera: str
    stream: Stream
    source: Stream | None = None
    source_age: float | None = None
    same_pictures: bool = False
    delay: Span | None = None
    delay_by: str = ""
    delay_note: str = ""
    unlike: int = 0
