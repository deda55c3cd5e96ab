"""Every way to a clock on servers that nobody here wrote, each with its clock set wrong: lighttpd,
snmpd, GStreamer.
"""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import replace

import pytest
from helpers.peers.rtsp_peers import gstreamer
from helpers.support import Peers, faked, free_port, need, wait_udp

from healthmon.checks.evaluation import clock as verdict
from healthmon.checks.probes import clock
from healthmon.checks.probes.context import ProbeContext
from healthmon.model.device import Access, Check, Device, SnmpAccess
from healthmon.model.enums import CheckName, Kind, Span, State
from healthmon.model.measurements import Clock, Reference
from healthmon.model.results import Observation, Verdict
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential, Secret

pytestmark = pytest.mark.peer
HOST = "127.0.0.1"
LIGHTTPD = "/usr/sbin/lighttpd"
ASK = Check("C1", CheckName.CLOCK, timeout=8.0)


def lighttpd(peers: Peers, ahead: str) -> int:
    need(LIGHTTPD)
    port = free_port()
    folder = peers.folder / f"www{port}"
    folder.mkdir()
    (folder / "c.conf").write_text(
        f'server.document-root = "{folder}"\nserver.port = {port}\nserver.bind = "{HOST}"\n'
    )
    peers.start(LIGHTTPD, "-D", "-f", folder / "c.conf", env=faked(ahead))
    peers.wait_tcp(HOST, port)
    return port


def snmpd(peers: Peers, ahead: str, zone: str) -> int:
    """It tells local time with its offset (11 octets)."""
    need("snmpd")
    port = free_port(socket.SOCK_DGRAM)
    folder = peers.folder / f"snmpd{port}"
    folder.mkdir()
    (folder / "snmpd.conf").write_text(f"rocommunity public {HOST}\n")
    argv = [
        "-f",
        "-Lo",
        "-C",
        "-c",
        folder / "snmpd.conf",
        "-p",
        folder / "pid",
        f"udp:{HOST}:{port}",
    ]
    peers.start(
        "snmpd",
        *argv,
        env={"SNMP_PERSISTENT_DIR": str(folder), "MIBS": "", "TZ": zone, **faked(ahead)},
    )
    wait_udp(HOST, port)
    return port


def camera(**access: object) -> Device:
    return Device("C1", "Market", Kind.CAMERA, "s", HOST, access=Access(**access))  # type: ignore[arg-type]


async def looked(device: Device) -> tuple[Clock, dict[str, Verdict]]:
    """A look and what it means."""
    known = Reference(Span(-0.01, 0.01), time.time(), 3, 3)
    context = ProbeContext(
        Connector.of([HOST]),
        LockoutGuard(),
        lambda _: Credential("c", "", Secret("public")),
        reference=lambda: known,
    )
    async with asyncio.timeout(10):
        seen = await clock.probe(device, ASK, context)
    found = verdict.evaluate(Observation("C1", CheckName.CLOCK, "", time.time(), 0.1, seen), device)
    return seen, {one.aspect: one for one in found}


def spans(seen: Clock) -> dict[str, Span]:
    return {
        reading.source: reading.offset for reading in seen.readings if reading.offset is not None
    }


@pytest.mark.parametrize(
    ("ahead", "seconds", "code"),
    [("+0s", 0.0, "ok"), ("+3600s", 3600.0, "clock_zone"), ("-45s", -45.0, "clock_drift")],
)
async def test_c25_lighttpds_date(peers: Peers, ahead: str, seconds: float, code: str) -> None:
    seen, found = await looked(camera(http_port=lighttpd(peers, ahead)))
    span = spans(seen)["http_date"]
    assert span.low <= seconds <= span.high
    assert found["offset"].code == code


async def test_c25_a_web_server_without_power_for_a_night_shows_its_first_date(
    peers: Peers,
) -> None:
    _, found = await looked(camera(http_port=lighttpd(peers, "@2000-01-01 00:10:00")))
    assert found["offset"].code == "clock_reset"
    assert found["offset"].sentence.startswith("clock was reset: it shows 01 Jan 2000 00:1")


@pytest.mark.parametrize(
    ("ahead", "seconds", "zone"), [("-45s", -45.0, "UTC"), ("+3600s", 3600.0, "IST-5:30")]
)
async def test_c25_snmpds_host_resources_date(
    peers: Peers, ahead: str, seconds: float, zone: str
) -> None:
    """The clock is read right whatever zone the device tells it in."""
    seen, found = await looked(camera(snmp=SnmpAccess("c", snmpd(peers, ahead, zone))))
    span = spans(seen)["snmp"]
    assert span.low <= seconds <= span.high
    assert found["offset"].code == ("clock_drift" if seconds == -45 else "clock_zone")


async def test_c25_the_rtsp_date_of_a_server_an_hour_ahead(peers: Peers) -> None:
    seen, found = await looked(camera(rtsp_port=gstreamer(peers, ahead="+1h")))
    span = spans(seen)["rtsp_date"]
    assert span.low <= 3600 <= span.high
    assert found["offset"].code == "clock_zone"


async def test_c25_two_servers_of_one_device_disagree_and_a_dead_one_is_named(peers: Peers) -> None:
    """lighttpd a minute ahead beside a right snmpd; then snmpd is not there, which is no fault."""
    access = Access(
        http_port=lighttpd(peers, "+60s"), snmp=SnmpAccess("c", snmpd(peers, "", "UTC"))
    )
    device = replace(camera(), access=access)
    seen, found = await looked(device)
    assert set(spans(seen)) == {"http_date", "snmp"}
    assert (found["offset"].state, found["agreement"].code) == (State.OK, "clocks_disagree")
    assert "SNMP clock and web server clock are" in found["agreement"].sentence
    closed = replace(access, snmp=SnmpAccess("c", free_port(socket.SOCK_DGRAM)))
    seen, found = await looked(replace(device, access=closed))
    assert set(spans(seen)) == {"http_date"}
    assert found["offset"].code == "clock_drift"
    assert found["agreement"].state is State.OK
    assert (
        found["agreement"].sentence
        == "web server clock read; not read: SNMP clock (connection refused)"
    )
