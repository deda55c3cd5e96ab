"""Is it the device, or is it us? What this machine's own network has spoilt is UNKNOWN, whatever it
seemed to show.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from healthmon.model.device import Device
from healthmon.model.enums import NO_WAY_THERE, Kind, Reason
from healthmon.model.measurements import Reach
from healthmon.model.results import CheckResult, Observation
from healthmon.protocols.host.routes import HostRoutes
from healthmon.protocols.transport.connector import Connector

FRESH_SECONDS, BELIEVED_SECONDS = 0.1, 2.0
_IN_VAIN = (NO_WAY_THERE | {Reason.TIMEOUT, Reason.TLS_TIMEOUT, Reason.AGENT_NETWORK}) - {
    Reason.NOT_REACHED
}


@dataclass(slots=True)
class OwnNetwork:
    """`cut` are the devices that this machine has no way to, and why; the agent itself stands for
    its time servers.
    """

    host_routes: HostRoutes
    connector: Connector
    devices: Mapping[str, Device]
    time_servers: Sequence[str] = ()
    cut: dict[str, str] = field(default_factory=dict)

    def no_way(self, device: Device, since: float = math.inf, age: float = BELIEVED_SECONDS) -> str:
        """Why this machine cannot reach `device`, or could not at a time after `since` (monotonic);
        "" where it can.
        """
        hosts = self.time_servers if device.kind is Kind.AGENT else (device.address,)
        found = (
            self.host_routes.trouble(self.connector.last_address(host), since, age=age)
            for host in hosts
        )
        return next(filter(None, found), "")

    def excused(self, result: CheckResult, device: Device, began: float) -> Observation:
        """The observation of a run that `device` answered, or UNKNOWN where this machine had no way
        there since it `began` (monotonic).

        What is well is believed all the same. That the time servers alone are out of reach is no
        excuse: then this machine does not know the time.
        """
        observation = result.observation
        age = FRESH_SECONDS if _in_vain(observation) else BELIEVED_SECONDS
        words = self.no_way(device, began, age)
        if not words or (device.kind is Kind.AGENT and not self._some_cut(began)):
            return observation
        if observation.value is not None and result.well:
            return observation
        return replace(observation, value=None, reason=Reason.AGENT_NETWORK, detail=words)

    def apply(self, result: CheckResult, device: Device) -> None:
        """Remember whether this machine has a way to `device`, which answered or should have."""
        self.cut.pop(device.id, None)
        if result.observation.reason is not Reason.AGENT_NETWORK:
            return
        if words := self.no_way(device, math.inf, FRESH_SECONDS):
            self.cut[device.id] = words

    def _some_cut(self, since: float) -> bool:
        """Whether some of the devices were out of this machine's reach."""
        return any(
            self.no_way(device, since)
            for device in self.devices.values()
            if device.kind is not Kind.AGENT
        )

    def back(self) -> list[str]:
        """The ids of the devices that were cut and to which there is a way again."""
        return [name for name in self.cut if not self.no_way(self.devices[name])]


def _in_vain(observation: Observation) -> bool:
    """Whether nothing at all came back: then the reason may be on this side."""
    if isinstance(observation.value, Reach):
        return bool(observation.value.ports) and all(
            port.reason is not None for port in observation.value.ports
        )
    return observation.reason in _IN_VAIN
