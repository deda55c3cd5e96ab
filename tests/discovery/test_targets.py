"""Ranges and ports as they are given on the command line."""

from __future__ import annotations

import pytest

from healthmon.discovery import ports, targets
from healthmon.discovery.pace import longest_seconds


@pytest.mark.parametrize(
    ("given", "first", "last", "count"),
    [
        (["10.1.2.0/24"], "10.1.2.1", "10.1.2.254", 254),
        (["10.1.3.10-40"], "10.1.3.10", "10.1.3.40", 31),
        (["10.1.3.250-10.1.4.5"], "10.1.3.250", "10.1.4.5", 12),
        (["10.1.2.11"], "10.1.2.11", "10.1.2.11", 1),
        (["10.1.2.6/31"], "10.1.2.6", "10.1.2.7", 2),
        (["10.1.2.6/32"], "10.1.2.6", "10.1.2.6", 1),
        (["10.1.2.1-3", "10.1.2.2-5"], "10.1.2.1", "10.1.2.5", 5),
        (["10.0.0.0/20"], "10.0.0.1", "10.0.15.254", 4094),
    ],
)
def test_a_range_is_its_addresses(given, first, last, count):
    found = targets.addresses(given)
    assert (found[0], found[-1], len(found)) == (first, last, count)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("10.1.2.0/33", "no range of IPv4 addresses"),
        ("camera", "no range of IPv4 addresses"),
        ("", "no range of IPv4 addresses"),
        ("10.1.2.300", "no range of IPv4 addresses"),
        ("2001:db8::/120", "no range of IPv4 addresses"),
        ("10.1.2.40-10", "ends before it begins"),
        ("10.1.2.7/24", "write 10.1.2.0/24"),
        ("10.0.0.0/8", "more than 65536"),
        ("239.255.255.250", "no address of a device"),
        ("0.0.0.0/0", "no address of a device"),
        ("255.255.255.255", "no address of a device"),
    ],
)
def test_what_is_no_range_is_told_in_one_line(given, told):
    with pytest.raises(targets.RangeError) as error:
        targets.addresses([given])
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_many_ranges_have_one_limit_in_sum():
    with pytest.raises(targets.RangeError, match="in sum"):
        targets.addresses(["10.0.0.0/17", "10.1.0.0/17", "10.2.0.0/24"])


def test_the_ports_are_those_of_the_table_or_those_given():
    assert ports.ports("") == ports.PORTS
    found = ports.ports("554, 8081:rtsp,9000,554")
    assert [(one.number, one.spoken) for one in found] == [
        (554, "rtsp"),
        (8081, "rtsp"),
        (9000, "http"),
    ]
    for bad in ("0", "70000", "80,", "80:ftp", "x"):
        with pytest.raises(ports.PortError):
            ports.ports(bad)


def test_the_time_of_the_plan_is_the_slower_of_rate_and_silence():
    assert longest_seconds(254, 12, 100, 64) == pytest.approx(4 * 12 * 0.9)
    assert longest_seconds(254, 12, 10, 64) == pytest.approx(304.8)
    assert longest_seconds(0, 12, 10, 64) == 0


def test_snmp_is_searched_on_161_or_on_the_ports_that_are_named() -> None:
    assert ports.by_transport(ports.PORTS) == (ports.PORTS, (161,))
    tcp, udp = ports.by_transport(ports.ports("80,1161:snmp,161"))
    assert ([one.number for one in tcp], udp) == ([80], (1161, 161))
    assert ports.by_transport(ports.ports("1161:snmp")) == ((), (1161,))
