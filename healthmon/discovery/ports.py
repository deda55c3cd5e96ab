"""The one table of the ports that are tried, and what is spoken on each. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Speech = Literal["http", "https", "rtsp", "vendor", "nut", "apcupsd", "snmp"]


@dataclass(frozen=True, slots=True)
class KnownPort:
    """A TCP port, of SNMP a UDP port: what is `spoken` on it ("vendor": nothing, the open port is the
    sign), and whose it is.
    """

    number: int
    spoken: Speech
    whose: str


# In the order in which they are tried on a host.
PORTS: tuple[KnownPort, ...] = (
    KnownPort(80, "http", "web server, ONVIF"),
    KnownPort(443, "https", "web server with TLS, ONVIF"),
    KnownPort(554, "rtsp", "RTSP"),
    KnownPort(8000, "http", "ONVIF of some makes; Hikvision's own protocol"),
    KnownPort(8080, "http", "web server, ONVIF"),
    KnownPort(8899, "http", "ONVIF of Xiongmai boards"),
    KnownPort(2020, "http", "ONVIF of TP-Link"),
    KnownPort(8554, "rtsp", "RTSP of relays"),
    KnownPort(37777, "vendor", "Dahua's own protocol"),
    KnownPort(34567, "vendor", "Xiongmai's own protocol"),
    KnownPort(3493, "nut", "NUT (upsd)"),
    KnownPort(3551, "apcupsd", "apcupsd"),
)
SNMP_PORT = KnownPort(161, "snmp", "SNMP")
_BY_NUMBER = {one.number: one for one in (*PORTS, SNMP_PORT)}


def by_transport(chosen: Sequence[KnownPort]) -> tuple[tuple[KnownPort, ...], tuple[int, ...]]:
    """The TCP ports of `chosen`, and the numbers of its UDP ports, on which SNMP is spoken: 161 where
    none is named.
    """
    tcp = tuple(one for one in chosen if one.spoken != "snmp")
    udp = tuple(one.number for one in chosen if one.spoken == "snmp")
    return tcp, udp or (SNMP_PORT.number,)


class PortError(Exception):
    """What was given is no list of ports; one line says why."""


def ports(text: str) -> tuple[KnownPort, ...]:
    """The ports of ``80,554,8081:http``, each once; the whole table for "". A port that is not in
    the table is spoken to by HTTP unless it says otherwise. Raises PortError.
    """
    if not text:
        return PORTS
    found: dict[int, KnownPort] = {}
    for part in text.split(","):
        number, _, spoken = (one.strip() for one in part.partition(":"))
        if not number.isdecimal() or not 0 < int(number) < 65536:
            raise PortError(f"--ports {text}: {part.strip() or 'nothing'} is no port")
        found.setdefault(int(number), _port(text, int(number), spoken))
    return tuple(found.values())


def _port(text: str, number: int, spoken: str) -> KnownPort:
    if not spoken:
        return _BY_NUMBER.get(number) or KnownPort(number, "http", "given by --ports")
    for known in get_args(Speech):
        if spoken == known:
            return KnownPort(number, known, "given by --ports")
    words = ", ".join(get_args(Speech))
    raise PortError(f"--ports {text}: {spoken} is not spoken here; use one of {words}")
