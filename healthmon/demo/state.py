"""One simulated device: what it is, what is wrong with it, and what it has counted."""

from __future__ import annotations

import asyncio
import select
import time
from dataclasses import asdict, dataclass, field
from typing import Any, cast

RTSP, HTTP, SNMP, NTP, TCP = 8554, 8080, 10161, 10123, 8022
FIRST_PORT = 20_000


@dataclass(frozen=True, slots=True)
class Ports:
    """Where a device serves. Each device has an address of its own, or else ports of its own
    (`block`).
    """

    rtsp: int = RTSP
    http: int = HTTP
    snmp: int = SNMP
    ntp: int = NTP
    tcp: int = TCP

    @classmethod
    def block(cls, number: int) -> Ports:
        """The ports of device `number` where all share one address."""
        first = FIRST_PORT + 5 * number
        return cls(*range(first, first + 5))

    @classmethod
    def standard(cls) -> Ports:
        """The ports of real devices, which only root may serve, and where `discover` looks for them."""
        return cls(rtsp=554, http=80, snmp=161, ntp=123, tcp=22)


@dataclass(slots=True)
class Counters:
    """What a device has seen of its visitors. `calls` are answered ones, refusals for want of a
    login not counted.
    """

    connections: int = 0
    connections_now: int = 0
    connections_most: int = 0
    sessions: int = 0
    sessions_now: int = 0
    sessions_most: int = 0
    teardowns: int = 0
    lost_sessions: int = 0
    logins_accepted: int = 0
    logins_rejected: int = 0
    writes_attempted: int = 0
    bytes_out: int = 0
    bytes_in: int = 0
    calls: int = 0
    searches: int = 0
    searches_now: int = 0
    moves: int = 0

    def enter(self, here: int) -> None:
        """A connection was made; with it, `here` are open."""
        self.connections += 1
        self.connections_now += 1
        self.connections_most = max(self.connections_most, here)

    def begin(self) -> None:
        """A session was set up."""
        self.sessions += 1
        self.sessions_now += 1
        self.sessions_most = max(self.sessions_most, self.sessions_now)


@dataclass(slots=True)
class SimDevice:
    """A simulated device; `faults` maps a fault's name to its value and may change at any time.

    `port` is its port on the switch `parent`, which `hangs` lists; the port has been as it is since
    `changed`. `snmp` says that a camera answers SNMP too.
    """

    id: str
    name: str
    kind: str
    address: str
    site: str
    ports: Ports = Ports()
    variant: str = "fixed"
    parent: str = ""
    port: str = ""
    priority: int = 3
    channel: str = ""
    recorder: str = ""
    channels: int = 0
    channel_names: tuple[str, ...] = ()
    make: str = "onvif"
    serial: str = ""
    mac: str = ""
    username: str = "healthmon"
    password: str = "view only"  # noqa: S105 - of a device that does not exist
    snmp: bool = False
    community: str = "public"
    paths: tuple[str, ...] = ("/stream1",)
    algorithm: str = "MD5"
    faults: dict[str, Any] = field(default_factory=dict)
    counters: Counters = field(default_factory=Counters)
    started: float = field(default_factory=time.monotonic)
    changed: float = field(default_factory=time.monotonic)
    hangs: list[SimDevice] = field(default_factory=list, repr=False)
    visitors: set[asyncio.Transport] = field(default_factory=set, repr=False)
    searches: dict[str, Any] = field(default_factory=dict, repr=False)

    def has(self, fault: str) -> bool:
        """Whether a fault is switched on."""
        return bool(self.faults.get(fault))

    @property
    def unplugged(self) -> bool:
        """Whether it has no power or no cable: its switch port is down and nothing answers."""
        return any(self.has(fault) for fault in ("port_down", "port_off", "poe_fault"))

    def now(self) -> float:
        """The device's own idea of UTC, Unix seconds."""
        if self.has("clock_epoch"):
            return time.monotonic() - self.started
        return time.time() + float(self.faults.get("clock_offset", 0.0))

    def as_json(self) -> dict[str, Any]:
        """For the control interface."""
        return {
            "id": self.id,
            "kind": self.kind,
            "address": self.address,
            "ports": asdict(self.ports),
            "faults": self.faults,
        } | {"counters": asdict(self.counters)}


class Visitor(asyncio.Protocol):
    """One TCP connection to a simulated device, counted in and out."""

    def __init__(self, device: SimDevice) -> None:
        self._device = device
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it."""
        self._transport = cast("asyncio.Transport", transport)
        visitors = self._device.visitors
        visitors.add(self._transport)
        self._device.counters.enter(sum(not has_left(visitor) for visitor in visitors))

    def connection_lost(self, exc: Exception | None) -> None:
        """Count it out."""
        del exc
        self._device.counters.connections_now -= 1
        self._device.visitors.discard(self._transport)


def has_left(visitor: asyncio.BaseTransport) -> bool:
    """Whether the other side has hung up, which a busy simulator has only not come to
    notice yet.
    """
    held = visitor.get_extra_info("socket")
    fd: int = held.fileno() if held is not None else -1
    if fd < 0 or not hasattr(select, "POLLRDHUP"):
        return fd < 0
    poller = select.poll()
    poller.register(fd, select.POLLRDHUP)
    return bool(poller.poll(0))
