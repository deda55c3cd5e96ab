"""What every probe is handed: the door to the network, accounts, the time reference and its own small memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from healthmon.model import Device, Reference, Span, Stream
from healthmon.probes.reads import Reads
from healthmon.secret import Credential
from healthmon.wire.logins import LoginGuard
from healthmon.wire.net import Net
from healthmon.wire.rtp import Meter
from healthmon.wire.snmp import SnmpValue


@dataclass(slots=True)
class StreamNotes:
    """What is remembered about one stream between looks.

    `path` and `named_port` are what ONVIF has told at `discovered_at` (monotonic).
    `sender_clock` and `date_clock` (device minus our wall clock) were measured at wall time `clocks_at`, when our
    wall clock stood `clocks_base` above the monotonic clock (another difference now: it was stepped); the clock
    probe uses them, so that it needs no RTSP session of its own. `meter` counts the look under way, or the last one of
    a stream that is `relayed`; `seen` is what the last one showed, None when it failed, at `seen_at` (monotonic).
    `keyless` is how long was watched since the last key frame (seconds). `sequence_set` is its SPS; `misses` counts
    looks at a relay in a row that saw no key frame of the camera.
    """

    path: str | None = None
    named_port: int | None = None
    discovered_at: float = -1e9
    transport: str = "tcp"
    keyframe_hash: int | None = None
    equal_keyframes: int = 0
    key_interval: float | None = None
    keyless: float = 0.0
    sender_clock: Span | None = None
    date_clock: Span | None = None
    clocks_at: float = 0.0
    clocks_base: float = 0.0
    meter: Meter | None = None
    seen: Stream | None = None
    seen_at: float = -1e9
    sequence_set: bytes | None = None
    relayed: bool = False
    misses: int = 0


@dataclass(slots=True)
class PortNotes:
    """What is remembered about the switch port of one device: where it stands, and its counters at the look before."""

    index: int | None = None
    by_number: bool = False
    poe: str | None = None
    poe_unknown: bool = False
    up_time: int = 0
    errors: int | None = None
    packets: int | None = None
    denied: int | None = None
    best_speed: float | None = None


@dataclass(slots=True)
class DeviceNotes:
    """What is remembered about one device between looks; lost at a restart without harm.

    `make` is the memory of a recorder's make. `clock` (device minus our wall clock) was the best reading at wall time
    `clock_at`, with `clock_base` as in `StreamNotes`; `clock_mode` is ntp or manual where ONVIF tells. `firmware` is
    what the identity check has seen.
    """

    streams: dict[str, StreamNotes] = field(default_factory=dict)
    onvif_skew: float | None = None
    ups_backend: str | None = None
    identities: tuple[str, ...] = ()
    make: dict[str, Any] = field(default_factory=dict)
    clock: Span | None = None
    clock_at: float = 0.0
    clock_base: float = 0.0
    clock_mode: str | None = None
    firmware: str | None = None
    port: PortNotes = field(default_factory=PortNotes)
    switch_columns: dict[str, dict[str, SnmpValue]] = field(default_factory=dict)
    switch_read_at: float = -1e9
    power_groups: tuple[str, ...] | None = None

    def stream(self, part: str) -> StreamNotes:
        """The notes of one stream."""
        return self.streams.setdefault(part, StreamNotes())


@dataclass(slots=True)
class Tools:
    """Handed to every probe; shared by all looks of the agent or the sweep.

    `kissed` are time servers that asked to be left alone: until when (monotonic), and their words.
    """

    net: Net
    logins: LoginGuard
    credential: Callable[[str], Credential]
    reference: Callable[[], Reference | None] = lambda: None
    time_servers: tuple[tuple[str, int], ...] = ()
    kissed: dict[tuple[str, int], tuple[float, str]] = field(default_factory=dict)
    notes: dict[str, DeviceNotes] = field(default_factory=dict)
    devices: Mapping[str, Device] = field(default_factory=dict)
    reads: Reads = field(default_factory=Reads)
    down: Callable[[], Collection[str]] = lambda: ()
    _cameras: dict[str, tuple[tuple[str, str], ...]] | None = None

    def cameras_of(self, recorder: str) -> tuple[tuple[str, str], ...]:
        """(channel, camera) of every camera that `recorder` records."""
        if self._cameras is None:
            found: dict[str, list[tuple[str, str]]] = {}
            for device in self.devices.values():
                if device.recorder and device.channel and not device.disabled:
                    found.setdefault(device.recorder, []).append((device.channel, device.id))
            self._cameras = {name: tuple(pairs) for name, pairs in found.items()}
        return self._cameras.get(recorder, ())

    def notes_of(self, device: str) -> DeviceNotes:
        """The notes of one device."""
        return self.notes.setdefault(device, DeviceNotes())
