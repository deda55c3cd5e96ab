"""Our own way to an address: the kernel's tables as text, then real interfaces in a network
namespace.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest
from helpers.support import need

from healthmon.protocols.host import routes
from healthmon.protocols.host.routes import HostRoutes, Route, Table

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
# As proc(5) prints it on a little-endian machine: a default route by 192.0.2.1, 192.0.2.0/24
# directly, a rejected one.
ROUTES = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
*\t006433C6\t00000000\t0201\t0\t0\t0\t00FFFFFF\t0\t0\t0
eth1\tnonsense
"""
ARP = """IP address       HW type     Flags       HW address            Mask     Device
192.0.2.1        0x1         0x0         00:00:00:00:00:00     *        eth0
192.0.2.9        0x1         0x2         02:00:00:00:00:09     *        eth0
"""


@pytest.mark.skipif(sys.byteorder != "little", reason="the text is of a little-endian machine")
def test_the_routing_table_is_read():
    found = [(r.interface, str(r.network), r.gateway) for r in routes.routes(ROUTES)]
    assert found == [("eth0", "0.0.0.0/0", "192.0.2.1"), ("eth0", "192.0.2.0/24", "")]


def test_the_routing_table_of_ipv6_is_read():
    text = (
        "20010db8000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 "
        "00000100 00000001 00000000 00000001     eth0\n"
        "00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 "
        "00000400 00000002 00000000 00000003     eth0\n"
        "00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 "
        "ffffffff 00000001 00000000 00200200       lo\nnonsense\n"
    )
    found = [(r.interface, str(r.network), r.gateway, r.metric) for r in routes.routes_6(text)]
    assert found == [("eth0", "2001:db8::/64", "", 256), ("eth0", "::/0", "fe80::1", 1024)]


def test_a_neighbour_without_an_answer_is_dead():
    known = ("192.0.2.1", "192.0.2.9")
    assert routes.dead_neighbours(ARP, known) == {"192.0.2.1"}
    assert routes.dead_neighbours(ARP, ("192.0.2.9",)) == set()
    assert routes.dead_neighbours("", known) == set()


def test_nothing_is_said_of_names_and_of_what_cannot_be_read(monkeypatch, tmp_path):
    monkeypatch.setattr(routes, "ROUTES", tmp_path / "none")
    monkeypatch.setattr(routes, "ROUTES_6", tmp_path / "none")
    for address in ("camera.example.com", "", "2001:db8::1", "192.0.2.9"):
        assert HostRoutes().trouble(address, math.inf) == ""


ALL = Route("eth0", ip_network("0.0.0.0/0"), "192.0.2.1", 0)
NEAR = Route("eth0", ip_network("192.0.2.0/24"), "", 0)
SIX = Route("eth0", ip_network("2001:db8::/64"), "", 0)


class Machine:
    """A clock and tables that the test sets."""

    def __init__(self) -> None:
        self.clock = 100.0
        self.table = Table((ALL, NEAR, SIX), frozenset((4, 6)), frozenset(), frozenset())
        self.host_routes = HostRoutes(now=lambda: self.clock, read=lambda: self.table)
        self.host_routes.tick()

    def at(self, clock: float, **changed: object) -> None:
        self.clock, self.table = clock, replace(self.table, **changed)
        self.host_routes.tick()


@pytest.mark.parametrize(
    ("amiss", "address", "now", "then"),
    [
        (
            {"stopped": frozenset(("eth0",))},
            "192.0.2.9",
            "network interface eth0 is down or unplugged",
            "network interface eth0 was down or unplugged until just now",
        ),
        (
            {"stopped": frozenset(("eth0",))},
            "2001:db8::9",
            "network interface eth0 is down or unplugged",
            "network interface eth0 was down or unplugged until just now",
        ),
        (
            {"dead": frozenset(("192.0.2.1",))},
            "198.51.100.7",
            "the gateway 192.0.2.1 does not answer",
            "the gateway 192.0.2.1 did not answer until just now",
        ),
        (
            {"routes": (NEAR,)},
            "198.51.100.7",
            "this machine has no route there",
            "the route there has just changed",
        ),
        (
            {"stopped": frozenset(("lo",))},
            "127.0.0.9",
            "the loopback interface is down",
            "the loopback interface was down until just now",
        ),
    ],
)
def test_n3_a_cut_that_is_over_when_a_look_ends_is_known_to_have_spoilt_it(
    amiss, address, now, then
):
    machine = Machine()
    well = machine.table
    machine.at(105.0, **amiss)
    assert machine.host_routes.trouble(address, math.inf) == now
    assert machine.host_routes.trouble(address, 104.0) == now
    machine.at(110.0, routes=well.routes, dead=well.dead, stopped=well.stopped)
    assert machine.host_routes.trouble(address, math.inf) == "", "there is a way now"
    for began in (104.0, 105.0, 105.0 + routes.SETTLE_SECONDS):
        assert machine.host_routes.trouble(address, began) == then
    assert machine.host_routes.trouble(address, 110.0 + routes.SETTLE_SECONDS + 0.1) == "", (
        "a look that began after it is sound"
    )


def test_a_cut_elsewhere_spoils_nothing():
    machine = Machine()
    other = Route("eth1", ip_network("203.0.113.0/24"), "", 0)
    machine.at(
        101.0,
        stopped=frozenset(("eth1",)),
        dead=frozenset(("192.0.2.77",)),
        routes=(ALL, NEAR, SIX, other),
    )
    assert machine.host_routes.trouble("192.0.2.9", 0.0) == ""
    assert (
        machine.host_routes.trouble("203.0.113.5", 0.0)
        == "network interface eth1 is down or unplugged"
    )


def test_tables_are_read_again_when_they_are_too_old():
    machine = Machine()
    machine.clock, machine.table = 101.0, replace(machine.table, stopped=frozenset(("eth0",)))
    assert machine.host_routes.trouble("192.0.2.9", math.inf) == ""
    assert (
        machine.host_routes.trouble("192.0.2.9", math.inf, age=0.5)
        == "network interface eth0 is down or unplugged"
    )


def test_what_was_amiss_is_forgotten_after_minutes():
    machine = Machine()
    machine.at(101.0, stopped=frozenset(("eth0",)), routes=(NEAR,))
    machine.at(102.0, stopped=frozenset(), routes=(ALL, NEAR))
    machine.at(102.0 + routes.KEPT_SECONDS)
    assert machine.host_routes.trouble("192.0.2.9", 0.0) == ""


@pytest.fixture
def inside() -> Iterator[tuple[str, ...]]:
    """A namespace with a cable to nowhere: 10.0.0.1/24, gateway 10.0.0.254 that is not there."""
    need("ip")
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    name = f"hm-host-{os.getpid()}"
    inside = ("ip", "netns", "exec", name)
    try:
        for argv in (
            f"ip netns add {name}",
            f"ip -n {name} link set lo up",
            f"ip -n {name} link add name eth7 type veth peer name eth8",
            f"ip -n {name} addr add 10.0.0.1/24 dev eth7",
            f"ip -n {name} link set eth7 up",
            f"ip -n {name} link set eth8 up",
            f"ip -n {name} route add 192.0.2.0/24 via 10.0.0.254",
        ):
            subprocess.run(argv.split(), check=True, capture_output=True)
        yield inside
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def said(inside: tuple[str, ...], address: str) -> str:
    code = "import math, sys; from healthmon.protocols.host.routes import HostRoutes; print(end=HostRoutes().trouble(sys.argv[1], math.inf))"
    argv = [*inside, sys.executable, "-c", code, address]
    return subprocess.run(argv, check=True, capture_output=True, text=True, cwd=ROOT).stdout


def run(inside: tuple[str, ...], *argv: str) -> None:
    subprocess.run([*inside, *argv], check=False, capture_output=True)


def test_n3_the_kernel_knows_what_is_wrong_with_our_own_network(inside):
    assert said(inside, "10.0.0.7") == ""
    assert said(inside, "203.0.113.1") == "this machine has no route there"
    run(
        inside,
        sys.executable,
        "-c",
        "import socket; socket.create_connection(('192.0.2.9', 80), 4)",
    )
    assert said(inside, "192.0.2.9") == "the gateway 10.0.0.254 does not answer"
    run(inside, "ip", "link", "set", "eth8", "down")
    assert said(inside, "10.0.0.7") == "network interface eth7 is down or unplugged"
    run(inside, "ip", "link", "set", "eth7", "down")
    assert said(inside, "10.0.0.7") == "this machine has no route there"
    run(inside, "ip", "link", "set", "lo", "down")
    assert said(inside, "127.0.0.1") == "the loopback interface is down"
