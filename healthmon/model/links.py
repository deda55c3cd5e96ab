"""What a look saw of the way between a camera and the control room: switch ports, PoE. None: "not reported"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

AdminStatus = Literal["up", "down", "testing"]
OperStatus = Literal["up", "down", "testing", "unknown", "dormant", "not_present", "lower_layer_down"]
PoeStatus = Literal["disabled", "searching", "delivering", "fault", "test", "other_fault"]


@dataclass(frozen=True, slots=True)
class Poe:
    """One port of power sourcing equipment (RFC 3621). `denied` counts refusals since the look before."""

    index: str
    enabled: bool | None = None
    status: PoeStatus | None = None
    denied: int | None = None


@dataclass(frozen=True, slots=True)
class SwitchPort:
    """One port of a switch (IF-MIB, RFC 2863). `port` is its name in config.yaml.

    `speed` is in bits per second, `best_speed` the highest that was seen; both only while the port is up. `changed` is
    the wall time of its last change. `errors` and `bytes_in` are the switch's own counters; `new_errors` of
    `new_packets` came since the look before. `poe` None: the switch gives no power here, or it is not known which of
    its power ports this is (`poe_unknown` True).
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
