"""What every probe gets: the connector to the network, accounts, the time reference and its own
small memory.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from healthmon.checks.probes.ptz_moves import PtzMoves
from healthmon.checks.probes.session_cache import SessionCache
from healthmon.model.device import Device
from healthmon.model.enums import Span
from healthmon.model.measurements import Clock, Reference, Stream, TimeSource
from healthmon.protocols.rtsp.rtp import Meter
from healthmon.protocols.snmp.v2c import SnmpValue
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential
from healthmon.vendors.disk_bays import DiskBays

if TYPE_CHECKING:  # what is loaded only where pictures are judged (docs/adr/0057)
    from healthmon.checks.probes.ptz_memory import PtzMemory
    from healthmon.picture.service import PictureMemory, PictureService


@dataclass(slots=True)
class StreamMemory:
    """What is remembered about one stream between checks.

    `path` and `named_port` are what ONVIF has told at `discovered_at` (monotonic). `sender_clock`
    and `date_clock` (device minus our wall clock) were measured at wall time `clocks_at`, when our
    wall clock stood `clocks_base` above the monotonic clock (another difference now: it was
    stepped); the clock probe uses them, so that it needs no RTSP session of its own. `meter` counts
    the running check, or the last one of a stream that is `relayed`; `seen` is what the last one
    showed, None when it failed, at `seen_at` (monotonic). `keyless` is how long was watched since
    the last key frame (seconds). `sequence_set` is its SPS; `misses` counts looks at a relay in a
    row that saw no key frame of the camera, `unlike` its key frames that did not come by the relay
    since one came. `relay` is the name of its server where that is a known
    relay; `worked`: it has shown pictures. `picture` is what was measured of its key frames, where
    pictures are judged. `snapshot_path` is what ONVIF has told for a JPEG, None where that is not
    known; it is not asked before `snapshot_retry_at` (monotonic).
    """

    path: str | None = None
    named_port: int | None = None
    onvif_profile: str = ""
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
    unlike: int = 0
    relay: str = ""
    worked: bool = False
    picture: PictureMemory | None = None
    snapshot_path: str | None = None
    snapshot_retry_at: float = -1e9


@dataclass(slots=True)
class PortMemory:
    """What is remembered about the switch port of one device: where it stands, and its counters at
    the check before.
    """

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
class DeviceMemory:
    """What is remembered about one device between checks; lost at a restart without harm.

    `make` is the memory of a recorder's make. `clock` (device minus our wall clock) was the best
    reading at wall time `clock_at`, with `clock_base` as in `StreamMemory`; `clock_mode` is ntp or
    manual where ONVIF tells, `clocks` all that was read then, where pictures are judged.
    `time_source` was told at `time_source_at` (monotonic). `firmware` is what the identity check
    has seen. `ups_families` are the MIBs that a UPS answers, `ups_test_since` is since when it has
    been in a self-test (monotonic). `snmp_absent` are objects that an agent of v1 does not have,
    since `snmp_absent_since`; None before the first request. `answers`: its services have answered
    a request, and no check has timed out since. `chassis` is its row of ENTITY-MIB, "" where it has
    none, None before it was looked for. `silent_ports` take connections, but answered the
    reach check nothing. `ptz` is what a camera has told of its views, where pictures are judged.
    """

    streams: dict[str, StreamMemory] = field(default_factory=dict)
    onvif_skew: float | None = None
    ups_families: tuple[str, ...] | None = None
    ups_test_since: float | None = None
    snmp_absent: set[str] | None = None
    snmp_absent_since: float = -1e9
    identities: tuple[str, ...] = ()
    make: dict[str, Any] = field(default_factory=dict)
    clock: Span | None = None
    clock_at: float = 0.0
    clock_base: float = 0.0
    clock_mode: str | None = None
    clocks: Clock | None = None
    time_source: TimeSource | None = None
    time_source_at: float = -1e9
    firmware: str | None = None
    port: PortMemory = field(default_factory=PortMemory)
    switch_columns: dict[str, dict[str, SnmpValue]] = field(default_factory=dict)
    switch_read_at: float = -1e9
    power_groups: tuple[str, ...] | None = None
    chassis: str | None = None
    answers: bool = False
    silent_ports: frozenset[int] = frozenset()
    ptz: PtzMemory | None = None

    def stream(self, instance: str) -> StreamMemory:
        """The notes of one stream."""
        found = self.streams.get(instance)
        if found is None:  # `setdefault` would make one at each call: 3 % of the agent's CPU
            found = self.streams[instance] = StreamMemory()
        return found


@dataclass(slots=True)
class ProbeContext:
    """Handed to every probe; shared by all checks of the agent or the sweep.

    `kiss_of_death_until` are time servers that asked to be left alone: until when (monotonic), and
    their words.
    """

    connector: Connector
    lockout_guard: LockoutGuard
    credential: Callable[[str], Credential]
    reference: Callable[[], Reference | None] = lambda: None
    time_servers: tuple[tuple[str, int], ...] = ()
    kiss_of_death_until: dict[tuple[str, int], tuple[float, str]] = field(default_factory=dict)
    memory: dict[str, DeviceMemory] = field(default_factory=dict)
    devices: Mapping[str, Device] = field(default_factory=dict)
    session_cache: SessionCache = field(default_factory=SessionCache)
    disk_bays: DiskBays = field(default_factory=DiskBays)
    pictures: PictureService | None = None
    ptz_moves: PtzMoves = field(default_factory=PtzMoves)
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

    def memory_of(self, device: str) -> DeviceMemory:
        """The notes of one device."""
        found = self.memory.get(device)
        if found is None:
            found = self.memory[device] = DeviceMemory()
        return found
