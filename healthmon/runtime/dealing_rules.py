"""What of an estate may be checked by which agent."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from healthmon.model.device import Check, Device
from healthmon.model.enums import Kind
from healthmon.runtime.estate import Estate


@dataclass(frozen=True, slots=True)
class DealingRules:
    """What `estate` says of who checks what: the units that are `kept` by the agent that has the estate,
    and the `agents` of the sites that not every agent reaches.
    """

    estate: Estate
    kept: frozenset[str]
    agents: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, estate: Estate, of_file: Estate) -> DealingRules:
        """Those of `estate`, of which `of_file` is what config.yaml says."""
        devices = estate.devices
        kept = (_own_units(device, of_file.devices, devices) for device in devices.values())
        agents = {site.id: frozenset(site.agents) for site in estate.config.sites if site.agents}
        return cls(estate, frozenset(itertools.chain.from_iterable(kept)), agents)

    def agents_of(self, check: Check) -> frozenset[str]:
        """Those that reach what `check` asks; none are named where every agent does."""
        if not self.agents:
            return frozenset()
        return self.agents.get(_asked_of(check, self.estate.devices).site, frozenset())


def unit_of(check: Check, devices: Mapping[str, Device]) -> str:
    """What `check` is a part of, all of which one agent checks: a recorder and its cameras, whose
    clocks are compared; else a device.
    """
    return _unit_of(_asked_of(check, devices))


def _asked_of(check: Check, devices: Mapping[str, Device]) -> Device:
    return devices.get(check.spoken_to, devices[check.device])


def _unit_of(device: Device) -> str:
    return device.recorder or device.id


def _own_units(
    device: Device, of_file: Mapping[str, Device], devices: Mapping[str, Device]
) -> Iterable[str]:
    """The units that the agent which has the estate checks itself because of `device`: itself, what people
    have changed, what counts its data or may be moved (this machine remembers it), and what is handed
    over together with what is handed over.
    """
    if (
        device.kind is Kind.AGENT
        or device.daily_bytes is not None
        or device.ptz is not None
        or of_file.get(device.id) is not device
    ):
        yield _unit_of(device)
    if device.relays:
        yield _unit_of(device)
        yield from (_unit_of(devices[one.camera]) for one in device.relays if one.camera in devices)
