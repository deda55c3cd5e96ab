"""What switches have learned -> the port of each device, or nothing where that is not sure."""

from __future__ import annotations

import pytest

from healthmon.discovery.found import Found, OnvifDevice, SnmpDevice
from healthmon.discovery.known import KnownDevice, KnownDevices
from healthmon.discovery.proposal import Setting, proposals
from healthmon.discovery.wiring import MOST_ON_A_PORT, wires
from healthmon.vendors import bridges
from healthmon.vendors.bridges import Bridge, Neighbour, bridge_of

MAC = "02:00:00:00:00:01"
PLAIN = "020000000001"


def camera(address: str = "10.0.0.11", mac: str = MAC) -> Found:
    return Found(address, onvif=OnvifDevice(80, "/", model="X", macs=(mac,)))


def switch(address: str, bridge: Bridge, mac: str = "") -> Found:
    return Found(address, mac=mac, snmp=SnmpDevice("2c", 161, "Switch", bridge=bridge))


def crowd(port: str, count: int) -> dict[str, str]:
    return {f"0299000000{n:02x}": port for n in range(count)}


def test_the_port_with_the_fewest_others_is_the_devices():
    edge = switch("10.0.0.2", Bridge({PLAIN: "Gi0/7", **crowd("Gi0/1", 9)}))
    core = switch("10.0.0.1", Bridge({PLAIN: "Te1/1", **crowd("Te1/1", 2)}))
    told = wires([core, edge, camera()])["10.0.0.11"]
    assert (told.switch, told.port, told.sure) == ("10.0.0.2", "Gi0/7", "likely")


def test_two_ports_that_are_alike_are_no_answer():
    one = switch("10.0.0.1", Bridge({PLAIN: "a"}))
    other = switch("10.0.0.2", Bridge({PLAIN: "b"}))
    assert wires([one, other, camera()]) == {}


@pytest.mark.parametrize(("others", "known"), [(MOST_ON_A_PORT - 1, True), (MOST_ON_A_PORT, False)])
def test_a_crowded_port_is_the_way_to_another_switch(others, known):
    one = switch("10.0.0.1", Bridge({PLAIN: "a", **crowd("a", others)}))
    assert bool(wires([one, camera()])) is known


def test_a_port_with_a_switch_behind_it_is_no_place_of_a_device():
    core = switch("10.0.0.1", Bridge({PLAIN: "Te1/1"}, (Neighbour("Te1/1", address="10.0.0.2"),)))
    edge = switch("10.0.0.2", Bridge({}))
    assert wires([core, edge, camera()]) == {}


def test_who_announces_itself_is_sure():
    one = switch("10.0.0.1", Bridge({}, (Neighbour("Gi0/3", mac=PLAIN),)))
    other = switch("10.0.0.2", Bridge({PLAIN: "Gi0/9"}))
    told = wires([one, other, camera()])["10.0.0.11"]
    assert (told.switch, told.port, told.sure) == ("10.0.0.1", "Gi0/3", "sure")


def test_a_hung_lldp_agent_says_nothing():
    """Without lldpLocPortTable the number of a port of LLDP means nothing."""
    tables = {
        bridges.NAME: {"7": b"Gi0/7"},
        bridges.CHASSIS_SUBTYPE: {"1.7.1": 4},
        bridges.CHASSIS_ID: {"1.7.1": bytes.fromhex(PLAIN)},
    }
    assert bridge_of(tables).neighbours == ()


def test_a_table_by_vlan_is_read_too():
    tables = {
        bridges.NAME: {"7": b"Gi0/7"},
        bridges.BASE_INTERFACE: {"1": 7},
        bridges.VLAN_FORWARDING: {"10.2.0.0.0.0.1": 1, "10.2.0.0.0.0.999": 1, "x": 1},
    }
    assert bridge_of(tables).learned == {PLAIN: "Gi0/7"}


@pytest.mark.parametrize(
    ("device", "parent", "port"),
    [
        (KnownDevice("S1", "S", "s", "10.0.0.2", link=True, snmp=True), "S1", "Gi0/7"),
        (KnownDevice("S1", "S", "s", "10.0.0.2", link=True), "S1", None),
        (KnownDevice("C9", "C", "s", "10.0.0.2"), None, None),
        (None, "link-10.0.0.2", "Gi0/7"),
    ],
)
def test_a_port_is_proposed_only_where_its_switch_is_read(device, parent, port):
    edge = switch("10.0.0.2", Bridge({PLAIN: "Gi0/7"}))
    known = KnownDevices((device,) if device else ())
    told = proposals([edge, camera()], known, Setting(community="c"))[1]
    assert (told.entry.get("parent"), told.entry.get("port")) == (parent, port)
