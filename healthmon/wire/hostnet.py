"""This machine's own way to an address: its interface, whether that is up, whether the gateway answers. Linux only.

Read from the kernel's tables; nothing is sent. Elsewhere nothing is known, and nothing is what is said.
"""

from __future__ import annotations

import fcntl
import ipaddress
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

ROUTES = Path("/proc/self/net/route")
NEIGHBOURS = Path("/proc/self/net/arp")
_SIOCGIFFLAGS = 0x8913
_IFF_UP, _IFF_RUNNING = 0x1, 0x40
_RTF_UP, _RTF_REJECT = 0x1, 0x200
_ATF_COM = 0x2


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the IPv4 routing table; `gateway` "" for a network that is reached directly."""

    interface: str
    network: ipaddress.IPv4Network
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


def dead_neighbours(text: str) -> set[str]:
    """The addresses that ``/proc/net/arp`` holds without a complete answer."""
    found = set()
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) >= 6 and not int(fields[2], 16) & _ATF_COM:
            found.add(fields[0])
    return found


def running(interface: str) -> bool | None:
    """Whether an interface is up and has its carrier (netdevice(7)); None when that cannot be read."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            answer = fcntl.ioctl(sock, _SIOCGIFFLAGS, struct.pack("16sH14x", interface.encode()[:15], 0))
        except OSError:
            return None
    flags = struct.unpack_from("H", answer, 16)[0]
    return bool(flags & _IFF_UP and flags & _IFF_RUNNING)


def trouble(address: str) -> str:
    """Why this machine itself cannot reach `address` (a numeric IPv4 address), in words; "" when nothing is known."""
    try:
        target = ipaddress.IPv4Address(address)
        table = routes(ROUTES.read_text())
        neighbours = dead_neighbours(NEIGHBOURS.read_text())
    except (OSError, ValueError):
        return ""
    if target.is_loopback:
        return "" if running("lo") is not False else "the loopback interface is down"
    fitting = [route for route in table if target in route.network]
    if not fitting:
        return "this machine has no route there"
    way = min(fitting, key=lambda route: (-route.network.prefixlen, route.metric))
    if running(way.interface) is False:
        return f"network interface {way.interface} is down or unplugged"
    if way.gateway in neighbours:
        return f"the gateway {way.gateway} does not answer"
    return ""
