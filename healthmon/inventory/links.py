"""Config -> what is asked of links: the services at a hand-over point, relayed streams, ports of
switches. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from healthmon.config.device_schema import Camera, Link, Watched
from healthmon.config.schema import Config
from healthmon.inventory.metered import pace
from healthmon.model.device import (
    Check,
    Device,
    PortAccess,
    RelaySpec,
    SnmpAccess,
    StreamSpec,
)

STREAM_EXTRA_SECONDS = 8.0
DEFAULT_BIT_RATE = 4e6


def snmp_of(entry: Watched) -> SnmpAccess | None:
    """How a device is asked by SNMP."""
    return SnmpAccess(**entry.snmp.model_dump()) if entry.snmp else None


@dataclass(frozen=True, slots=True)
class Links:
    """The links and cameras of a configuration by id."""

    config: Config
    by_id: dict[str, Link]
    cameras: dict[str, Camera]

    @classmethod
    def of(cls, config: Config) -> Links:
        """Indexed once, because an estate has thousands of cameras."""
        return cls(
            config, {link.id: link for link in config.links}, {c.id: c for c in config.cameras}
        )

    def port(self, entry: Watched) -> PortAccess | None:
        """The port on the parent switch; the checks of the configuration hold that there is one
        such parent.
        """
        above = (
            [self.by_id[parent] for parent in entry.parent if parent in self.by_id]
            if entry.port
            else []
        )
        for switch in above:
            if entry.port is not None and (snmp := snmp_of(switch)) is not None:
                return PortAccess(
                    switch.id, switch.name, switch.address, snmp, entry.port, entry.poe
                )
        return None

    def relays(self, entry: Watched) -> tuple[RelaySpec, ...]:
        """The streams that are handed over at a link."""
        return tuple(self._relays(entry)) if isinstance(entry, Link) else ()

    def _relays(self, link: Link) -> Iterator[RelaySpec]:
        for relay in link.relay:
            camera = self.cameras[relay.camera]
            source = relay.stream or (
                camera.streams[0].name if camera.streams else StreamSpec().name
            )
            width, height = relay.size or (None, None)
            every = pace(self.config, camera, len(camera.streams)).stream(
                *self._load(camera, source)
            )
            yield RelaySpec(relay.camera, relay.path, source, every, relay.codec, width, height)

    def _load(self, camera: Camera, source: str) -> tuple[float, float]:
        """Bits per second and seconds of a check of one stream of a camera."""
        rate = next((stream.bit_rate for stream in camera.streams if stream.name == source), None)
        return rate or DEFAULT_BIT_RATE, camera.watch or self.config.defaults.watch

    def relayed(self, device: Device, link: Watched, base: Check) -> Iterator[Check]:
        """A relayed stream is checked together with its camera, so that the same pictures are
        seen in both.
        """
        for spec in device.relays:
            camera = self.cameras[spec.camera]
            cost, watch = self._load(camera, spec.source)
            if camera.disabled or camera.state != "deployed":
                continue
            yield replace(
                base,
                instance=spec.camera,
                phase_of=camera.id,
                interval=link.interval or spec.every,
                cost=cost,
                watch=watch,
                timeout=max(
                    base.timeout, watch + device.limits.relay_delay[1] + STREAM_EXTRA_SECONDS
                ),
            )
