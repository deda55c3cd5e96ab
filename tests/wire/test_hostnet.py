"""Our own way to an address: the kernel's tables as text, then real interfaces in a network namespace."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import need

from healthmon.wire import hostnet

ROOT = Path(__file__).parents[2]
# As proc(5) prints it on a little-endian machine: a default route by 192.0.2.1, 192.0.2.0/24 directly, a rejected one.
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
    found = [(r.interface, str(r.network), r.gateway) for r in hostnet.routes(ROUTES)]
    assert found == [("eth0", "0.0.0.0/0", "192.0.2.1"), ("eth0", "192.0.2.0/24", "")]


def test_a_neighbour_without_an_answer_is_dead():
    assert hostnet.dead_neighbours(ARP) == {"192.0.2.1"}
    assert hostnet.dead_neighbours("") == set()


def test_nothing_is_said_of_names_and_of_what_cannot_be_read(monkeypatch, tmp_path):
    assert hostnet.trouble("camera.example.com") == ""
    assert hostnet.trouble("2001:db8::1") == ""
    monkeypatch.setattr(hostnet, "ROUTES", tmp_path / "none")
    assert hostnet.trouble("192.0.2.9") == ""


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
    code = "import sys; from healthmon.wire.hostnet import trouble; sys.stdout.write(trouble(sys.argv[1]))"
    argv = [*inside, sys.executable, "-c", code, address]
    return subprocess.run(argv, check=True, capture_output=True, text=True, cwd=ROOT).stdout


def run(inside: tuple[str, ...], *argv: str) -> None:
    subprocess.run([*inside, *argv], check=False, capture_output=True)


def test_n3_the_kernel_knows_what_is_wrong_with_our_own_network(inside):
    assert said(inside, "10.0.0.7") == ""
    assert said(inside, "203.0.113.1") == "this machine has no route there"
    run(inside, sys.executable, "-c", "import socket; socket.create_connection(('192.0.2.9', 80), 4)")
    assert said(inside, "192.0.2.9") == "the gateway 10.0.0.254 does not answer"
    run(inside, "ip", "link", "set", "eth8", "down")
    assert said(inside, "10.0.0.7") == "network interface eth7 is down or unplugged"
    run(inside, "ip", "link", "set", "eth7", "down")
    assert said(inside, "10.0.0.7") == "this machine has no route there"
    run(inside, "ip", "link", "set", "lo", "down")
    assert said(inside, "127.0.0.1") == "the loopback interface is down"
