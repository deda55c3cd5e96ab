"""The simulated camera read by ONVIF clients that nobody here wrote: onvif-python's, and libonvif's
onvif-util.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
from pathlib import Path

import pytest
from helpers.peers.namespaces import inside, ip
from helpers.support import need

from healthmon.demo.estate import Estate
from healthmon.demo.state import HTTP, RTSP, SimDevice

pytestmark = pytest.mark.peer
ONVIF = Path(__file__).parents[2] / ".venv-peers/bin/onvif"
GROUP = "239.255.255.250"
# WS-Discovery 1.0 section 5.3: the camera's answer to a Probe.
MATCH = """<?xml version="1.0" encoding="UTF-8"?>
<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"
 xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:dn="http://www.onvif.org/ver10/network/wsdl">
<e:Header><w:MessageID>uuid:84ede3de-7dec-11d0-c360-f01234567890</w:MessageID><w:RelatesTo>{probe}</w:RelatesTo>
<w:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</w:To>
<w:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/ProbeMatches</w:Action></e:Header>
<e:Body><d:ProbeMatches><d:ProbeMatch><w:EndpointReference><w:Address>uuid:84ede3de-7dec-11d0-c360-000000000001</w:Address>
</w:EndpointReference><d:Types>dn:NetworkVideoTransmitter</d:Types><d:Scopes>onvif://www.onvif.org/name/Simulated</d:Scopes>
<d:XAddrs>http://127.0.0.1:{port}/onvif/device_service</d:XAddrs><d:MetadataVersion>1</d:MetadataVersion></d:ProbeMatch>
</d:ProbeMatches></e:Body></e:Envelope>"""


class Found(asyncio.DatagramProtocol):
    """Answers every WS-Discovery probe with the simulated camera."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        probe = re.search(rb"MessageID[^>]*>([^<]+)<", data)
        assert probe
        self.transport.sendto(MATCH.format(probe=probe[1].decode(), port=HTTP).encode(), addr)  # type: ignore[attr-defined]


async def said(*argv: str | Path, stdin: bytes = b"", home: Path | None = None) -> str:
    env = {**os.environ, **({"HOME": str(home)} if home else {})}
    process = await asyncio.create_subprocess_exec(
        *map(str, argv),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=env,
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(stdin), 40)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    return out.decode(errors="replace")


def camera(address: str) -> SimDevice:
    return SimDevice(
        "C1", "North", "camera", address, "s", serial="SIM-1", paths=("/stream1", "/stream2")
    )


@pytest.mark.parametrize("login", ["token", "digest"])
async def test_onvif_python_reads_identity_profiles_and_stream(tmp_path: Path, login: str) -> None:
    need(str(ONVIF))
    device = camera("127.31.4.2")
    estate = Estate([device])
    await estate.start()
    where = [
        "-H",
        device.address,
        "-P",
        str(HTTP),
        "-u",
        device.username,
        "-p",
        device.password,
        "--cache",
        "none",
    ]
    where += ["--digest"] if login == "digest" else []
    setup = 'StreamSetup={"Stream":"RTP-Unicast","Transport":{"Protocol":"RTSP"}}'
    try:
        calls = [["media", "GetStreamUri", "ProfileToken=p1", setup]]
        calls += (
            [["devicemgmt", "GetDeviceInformation"], ["media", "GetProfiles"]]
            if login == "token"
            else []
        )
        texts = [await said(ONVIF, *call, *where, home=tmp_path) for call in calls]
    finally:
        await estate.stop()
    assert f"rtsp://{device.address}:{RTSP}/stream2" in texts[0]
    if login == "token":
        assert "'SerialNumber': 'SIM-1'" in texts[1]
        assert re.findall(r"'token': '(p\d)'", texts[2]) == ["p0", "p1"]
        assert re.search(r"'Width': 640,\s*'Height': 360", texts[2])
    assert device.counters.logins_accepted >= len(calls)
    assert device.counters.logins_rejected == 0
    assert device.counters.writes_attempted == 0


async def talked(device: SimDevice) -> str:
    estate = Estate([device])
    await estate.start()
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((GROUP, 3702))
    sock.setsockopt(
        socket.IPPROTO_IP,
        socket.IP_ADD_MEMBERSHIP,
        socket.inet_aton(GROUP) + socket.inet_aton("127.0.0.1"),
    )
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Found, sock=sock)
    try:
        asked = b"get time\nget rtsp\nget profiles\nquit\n"
        return await said(
            "onvif-util", "-u", device.username, "-p", device.password, device.address, stdin=asked
        )
    finally:
        transport.close()
        await estate.stop()


def test_onvif_util_finds_the_camera_and_reads_it() -> None:
    """It finds cameras by WS-Discovery only, so it lives in a network namespace of its own."""
    need("onvif-util")
    device = camera("127.0.0.1")

    def job() -> str:
        ip("route", "add", "239.0.0.0/8", "dev", "lo")
        with asyncio.Runner() as runner:
            return runner.run(talked(device))

    text = inside(job)
    assert re.search(r"serial:\s+SIM-1", text), text
    offset = re.search(r"Time Offset: (-?\d+) seconds", text)
    assert offset, text
    assert abs(int(offset[1])) <= 2, "it compares whole seconds, and an answer takes its time"
    assert "Time Set By: NTP" in text
    assert f"rtsp://127.0.0.1:{RTSP}/stream1" in text
    assert "Token 1: p1" in text
    assert device.counters.logins_accepted > 0
    assert (device.counters.logins_rejected, device.counters.writes_attempted) == (0, 0)
