"""Which switch port each device hangs on, from what the switches have learned. Pure.

A MAC address is learned on the way to every switch of a network. The port at which the device hangs
is the one with the fewest others behind it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from healthmon.discovery.found import Found
from healthmon.discovery.known import plain_mac
from healthmon.vendors.bridges import Bridge

MOST_ON_A_PORT = 4  # more are behind a switch that is not read


@dataclass(frozen=True, slots=True)
class Wire:
    """A device hangs on `port` of the switch at the address `switch`; why, and how sure that is."""

    switch: str
    port: str
    sure: Literal["sure", "likely"]
    why: str


def wires(found: Iterable[Found]) -> dict[str, Wire]:
    """The wire of each address where one is known."""
    everything = list(found)
    switches = {
        one.address: one.snmp.bridge
        for one in everything
        if one.snmp is not None and one.snmp.bridge is not None
    }
    trunks = _trunks(everything, switches)
    told = {}
    for one in everything:
        if one.address in switches:
            continue
        wire = _by_lldp(one, switches) or _by_learning(one, switches, trunks)
        if wire is not None:
            told[one.address] = wire
    return told


def macs_of(found: Found) -> set[str]:
    """The MAC addresses of a device: its own word, else that of our neighbour table."""
    own = found.onvif.macs if found.onvif else ()
    return {plain_mac(mac) for mac in (own or (found.mac,))} - {""}


def _by_lldp(found: Found, switches: dict[str, Bridge]) -> Wire | None:
    """The port at which the device has announced itself."""
    own = macs_of(found)
    for address, bridge in switches.items():
        for neighbour in bridge.neighbours:
            if neighbour.mac in own or neighbour.address == found.address:
                return Wire(address, neighbour.port, "sure", "it has announced itself by LLDP")
    return None


def _by_learning(
    found: Found, switches: dict[str, Bridge], trunks: set[tuple[str, str]]
) -> Wire | None:
    """The port with the fewest MAC addresses among those at which the device was learned; none where
    two are alike.
    """
    at = {
        (address, port): bridge.crowd(port)
        for mac in macs_of(found)
        for address, bridge in switches.items()
        if (port := bridge.learned.get(mac)) and (address, port) not in trunks
    }
    least = min(at.values(), default=MOST_ON_A_PORT + 1)
    best = [place for place, crowd in at.items() if crowd == least]
    if least > MOST_ON_A_PORT or len(best) > 1:
        return None
    others = f"with {least - 1} other" if least > 1 else "alone"
    return Wire(*best[0], "likely", f"its MAC address was learned there, {others}")


def _trunks(everything: Iterable[Found], switches: dict[str, Bridge]) -> set[tuple[str, str]]:
    """The ports behind which another switch is."""
    macs = {mac for one in everything if one.address in switches for mac in macs_of(one)}
    found = set()
    for address, bridge in switches.items():
        for neighbour in bridge.neighbours:
            if neighbour.address in switches or neighbour.mac in macs:
                found.add((address, neighbour.port))
    return found
