"""This machine's own way to an address: its interface, whether that is up, whether the gateway
answers. Linux only.

Read from the kernel's tables; nothing is sent. Elsewhere nothing is known, and nothing is what is
said. The tables are read once a second, so that a check which a cut has spoilt is known as such
although the cut is over when the check ends.
"""

from __future__ import annotations

import asyncio
import fcntl
import ipaddress
import math
import socket
import struct
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

ROUTES = Path("/proc/self/net/route")
ROUTES_6 = Path("/proc/self/net/ipv6_route")
NEIGHBOURS = Path("/proc/self/net/arp")
STEP_SECONDS = 1.0
SETTLE_SECONDS = 2.0
KEPT_SECONDS = 300.0
_SIOCGIFFLAGS = 0x8913
_IFF_UP, _IFF_RUNNING = 0x1, 0x40
_RTF_UP, _RTF_REJECT = 0x1, 0x200
_ATF_COM = 0x2

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Route:
    """One line of a routing table; `gateway` "" for a network that is reached directly."""

    interface: str
    network: ipaddress.IPv4Network | ipaddress.IPv6Network
    gateway: str
    metric: int


def routes(text: str) -> list[Route]:
    """The routes of ``/proc/net/route`` (proc(5)); lines that cannot be read are passed over."""
    found = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        try:
            name, target, gateway, flags, _, _, metric, mask = fields[:8]
            if not int(flags, 16) & _RTF_UP or int(flags, 16) & _RTF_REJECT:
                continue
            network = ipaddress.IPv4Network((_address(target), str(_address(mask))))
        except ValueError:
            continue
        via = _address(gateway)
        found.append(Route(name, network, "" if via.is_unspecified else str(via), int(metric)))
    return found


def _address(text: str) -> ipaddress.IPv4Address:
    """An address as the kernel prints it: hexadecimal in the machine's byte order."""
    return ipaddress.IPv4Address(struct.pack("=I", int(text, 16)))


def routes_6(text: str) -> list[Route]:
    """The routes of ``/proc/net/ipv6_route``; lines that cannot be read are passed over."""
    found = []
    for line in text.splitlines():
        fields = line.split()
        try:
            target, size, _, _, gateway, metric, _, _, flags, name = fields
            if not int(flags, 16) & _RTF_UP or int(flags, 16) & _RTF_REJECT:
                continue
            network = ipaddress.IPv6Network((bytes.fromhex(target), int(size, 16)))
            via = ipaddress.IPv6Address(bytes.fromhex(gateway))
        except ValueError:
            continue
        found.append(Route(name, network, "" if via.is_unspecified else str(via), int(metric, 16)))
    return found


def dead_neighbours(text: str, of: Collection[str]) -> set[str]:
    """Those addresses `of` interest that ``/proc/net/arp`` holds without a complete answer."""
    found = set()
    for line in text.splitlines():
        if line.partition(" ")[0] not in of:  # an estate may have thousands of neighbours
            continue
        fields = line.split()
        if len(fields) >= 6 and not int(fields[2], 16) & _ATF_COM:
            found.add(fields[0])
    return found


def neighbour_macs() -> dict[str, str]:
    """The MAC addresses of the IPv4 neighbours that the kernel knows (``/proc/net/arp``); nothing is
    asked of anybody.
    """
    found = {}
    for line in (_text(NEIGHBOURS) or "").splitlines()[1:]:
        fields = line.split()
        if len(fields) >= 4 and fields[3].strip("0:"):
            found[fields[0]] = fields[3]
    return found


def running(interface: str) -> bool | None:
    """Whether an interface is up and has its carrier (netdevice(7)); None when that cannot
    be read.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            answer = fcntl.ioctl(
                sock, _SIOCGIFFLAGS, struct.pack("16sH14x", interface.encode()[:15], 0)
            )
        except OSError:
            return None
    flags = struct.unpack_from("H", answer, 16)[0]
    return bool(flags & _IFF_UP and flags & _IFF_RUNNING)


@dataclass(frozen=True, slots=True)
class Table:
    """The kernel's tables at one moment; `versions` are those of IP whose routes could be read.

    `dead` are gateways that do not answer, `stopped` interfaces that are down or unplugged.
    """

    routes: tuple[Route, ...]
    versions: frozenset[int]
    dead: frozenset[str]
    stopped: frozenset[str]

    @classmethod
    def read(cls) -> Table:
        """What the kernel says now."""
        found: list[Route] = []
        versions = set()
        for version, path, parse in ((4, ROUTES, routes), (6, ROUTES_6, routes_6)):
            if (text := _text(path)) is not None:
                versions.add(version)
                found += parse(text)
        names = {"lo", *(route.interface for route in found)}
        stopped = frozenset(name for name in names if running(name) is False)
        dead = dead_neighbours(
            _text(NEIGHBOURS) or "", {route.gateway for route in found if route.gateway}
        )
        return cls(tuple(found), frozenset(versions), frozenset(dead), stopped)

    def way(self, target: Address) -> Route | None:
        """The route that is taken to `target`."""
        fitting = [route for route in self.routes if target in route.network]
        return min(
            fitting, key=lambda route: (-route.network.prefixlen, route.metric), default=None
        )


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


@dataclass(slots=True)
class HostRoutes:
    """What is amiss with this machine's ways, now and in the last minutes. `now` is a monotonic
    clock.
    """

    now: Callable[[], float] = time.monotonic
    read: Callable[[], Table] = Table.read
    _table: Table | None = None
    _read_at: float = 0.0
    _bad: dict[str, float] = field(default_factory=dict)
    _moved: dict[Route, float] = field(default_factory=dict)

    async def watch(self) -> None:
        """Read the tables for ever."""
        while True:
            self.tick()
            await asyncio.sleep(STEP_SECONDS)

    def tick(self) -> Table:
        """Read the tables, and remember what is amiss."""
        now, before, fresh = self.now(), self._table, self.read()
        self._bad |= dict.fromkeys((*fresh.stopped, *fresh.dead), now)
        if before is not None:
            self._moved |= dict.fromkeys({*before.routes} ^ {*fresh.routes}, now)
        self._bad = {name: at for name, at in self._bad.items() if now - at < KEPT_SECONDS}
        self._moved = {route: at for route, at in self._moved.items() if now - at < KEPT_SECONDS}
        self._table, self._read_at = fresh, now
        return fresh

    def trouble(self, address: str, since: float, *, age: float = 2 * STEP_SECONDS) -> str:
        """Why this machine itself cannot reach `address` (numeric), or could not at a time after
        `since` (monotonic).

        In words; "" when nothing is known. With `since` infinite only the present counts. What is
        known of it is at most `age` seconds old.
        """
        try:
            target = ipaddress.ip_address(address)
        except ValueError:
            return ""
        table = self._table
        if table is None or self.now() - self._read_at > age:
            table = self.tick()
        if target.version not in table.versions:
            return ""
        since -= SETTLE_SECONDS
        if target.is_loopback:
            return self._of_interface("lo", table, since)
        if (way := table.way(target)) is None:
            return "this machine has no route there"
        return self._of_interface(way.interface, table, since) or self._of_route(
            way, target, table, since
        )

    def _of_interface(self, name: str, table: Table, since: float) -> str:
        what = "the loopback interface" if name == "lo" else f"network interface {name}"
        state = "down" if name == "lo" else "down or unplugged"
        if name in table.stopped:
            return f"{what} is {state}"
        return (
            f"{what} was {state} until just now" if self._bad.get(name, -math.inf) >= since else ""
        )

    def _of_route(self, way: Route, target: Address, table: Table, since: float) -> str:
        if way.gateway in table.dead:
            return f"the gateway {way.gateway} does not answer"
        if way.gateway and self._bad.get(way.gateway, -math.inf) >= since:
            return f"the gateway {way.gateway} did not answer until just now"
        if any(at >= since and target in route.network for route, at in self._moved.items()):
            return "the route there has just changed"
        return ""
