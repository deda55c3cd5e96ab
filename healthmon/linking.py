"""Config -> what is asked of links: the services at a hand-over point, relayed streams, ports of switches. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from healthmon.config.device_schema import Camera, Link, Watched
from healthmon.config.schema import Config
from healthmon.metered import pace
from healthmon.model import Ask, Device, PortAccess, Question, RelaySpec, SnmpAccess, StreamSpec

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
        """The port on the parent switch; the checks of the configuration hold that there is one such parent."""
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
        """Bits per second and seconds of a look at one stream of a camera."""
        rate = next((stream.bit_rate for stream in camera.streams if stream.name == source), None)
        return rate or DEFAULT_BIT_RATE, camera.watch or self.config.defaults.watch

    def asks(self, device: Device, entry: Watched, reach: Ask) -> Iterator[Ask]:
        """What is asked beside `reach`: the switch port of any device, the services and relayed streams of a link."""
        access = device.access
        if device.port is not None:
            yield replace(
                reach, question=Question.PORT, part=device.port.switch, gate=device.port.address
            )
        if isinstance(entry, Link):
            if access.rtsp_port or access.http_port or access.snmp:
                yield replace(reach, question=Question.LINK)
            yield from self._relayed(device, entry, reach)

    def _relayed(self, device: Device, link: Link, reach: Ask) -> Iterator[Ask]:
        """A relayed stream is looked at together with its camera, so that the same pictures are seen in both."""
        for spec in device.relays:
            camera = self.cameras[spec.camera]
            cost, watch = self._load(camera, spec.source)
            if camera.disabled or camera.state != "deployed":
                continue
            yield replace(
                reach,
                question=Question.RELAY,
                part=spec.camera,
                beat=camera.id,
                interval=link.interval or spec.every,
                cost=cost,
                watch=watch,
                timeout=max(
                    reach.timeout, watch + device.limits.relay_delay[1] + STREAM_EXTRA_SECONDS
                ),
            )
