"""The simulated estate checked by clients that nobody here wrote: ffmpeg, net-snmp, chrony, curl,
onvif-zeep.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import time
from datetime import datetime, timedelta, timezone

import pytest
from helpers.support import need

from healthmon.demo.estate import Estate
from healthmon.demo.state import HTTP, NTP, RTSP, SNMP, SimDevice

pytestmark = pytest.mark.peer
SUM = "1.3.6.1.2.1.33.1"


@pytest.fixture
async def estate():
    camera = SimDevice("C1", "North", "camera", "127.31.1.2", "s", serial="SIM-1")
    newer = SimDevice(
        "C2", "South", "camera", "127.31.1.3", "s", serial="SIM-2", algorithm="SHA-256"
    )
    ups = SimDevice("U1", "Room", "ups", "127.31.2.2", "s", password="public")
    clocks = [SimDevice(f"N{n}", "Clock", "ntp", f"127.31.3.{n}", "s") for n in (1, 2)]
    started = Estate([camera, newer, ups, *clocks])
    await started.start()
    yield started
    await started.stop()


async def run(*argv: str, seconds: float = 30) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(), seconds)
    except TimeoutError:
        process.kill()
        await process.communicate()
        raise
    return process.returncode or 0, out.decode(errors="replace")


async def settled(device: SimDevice) -> None:
    for _ in range(40):
        if device.counters.connections_now == 0:
            return
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_ffmpeg_decodes_the_stream(estate, transport):
    need("ffmpeg")
    url = f"rtsp://healthmon:view%20only@127.31.1.2:{RTSP}/stream1"
    argv = [
        "ffmpeg",
        "-v",
        "error",
        "-xerror",
        "-rtsp_transport",
        transport,
        "-i",
        url,
        "-frames:v",
        "20",
    ]
    status, said = await run(*argv, "-f", "framemd5", "-")
    assert status == 0, said
    pictures = [
        line.rsplit(",", 1)[1].strip()
        for line in said.splitlines()
        if line and not line.startswith("#")
    ]
    assert len(pictures) == 20
    assert len(set(pictures)) > 15, "the picture does not move"
    device = estate.devices["C1"]
    await settled(device)
    assert device.counters.logins_accepted > 0
    assert (device.counters.sessions, device.counters.teardowns, device.counters.lost_sessions) == (
        1,
        1,
        0,
    )


async def test_ffprobe_reads_the_size(estate):
    need("ffprobe")
    url = f"rtsp://healthmon:view%20only@127.31.1.2:{RTSP}/stream1"
    argv = [
        "ffprobe",
        "-v",
        "error",
        "-rtsp_transport",
        "tcp",
        "-show_entries",
        "stream=codec_name,width,height",
    ]
    status, said = await run(*argv, "-of", "csv=p=0", url)
    assert status == 0, said
    assert said.strip() == "h264,640,360"


async def test_ffprobe_with_a_wrong_password_is_refused(estate):
    need("ffprobe")
    status, said = await run(
        "ffprobe", "-v", "error", f"rtsp://healthmon:wrong@127.31.1.2:{RTSP}/stream1"
    )
    assert status != 0
    assert "401" in said
    assert estate.counters("C1").logins_accepted == 0
    assert estate.counters("C1").logins_rejected > 0


async def test_curl_digest_md5_and_sha256(estate):
    need("curl")
    body = '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><GetDeviceInformation/></s:Body></s:Envelope>'
    for device in ("C1", "C2"):
        url = f"http://{estate.devices[device].address}:{HTTP}/onvif/device_service"
        argv = ["curl", "-sS", "--digest", "-d", body, url]
        status, said = await run(*argv, "-u", "healthmon:view only")
        assert status == 0, said
        assert f"SIM-{device[1]}" in said
        _, refused = await run(*argv, "-u", "healthmon:wrong")
        assert "SIM-" not in refused
        assert estate.counters(device).logins_accepted == 1
        assert estate.counters(device).logins_rejected == 1


async def test_snmpget_reads_the_ups_mib(estate):
    need("snmpget")
    date = "1.3.6.1.2.1.25.1.2.0"
    oids = [f"{SUM}.4.1.0", f"{SUM}.2.3.0", f"{SUM}.9.9.9.0", "1.3.6.1.2.1.1.1.0", date]
    argv = ["snmpget", "-v2c", "-On", "-Oqv", "-t1", "-r0", f"127.31.2.2:{SNMP}", *oids]
    status, said = await run(*argv[:2], "-c", "public", *argv[2:])
    assert status == 0, said
    rows = said.splitlines()[-len(oids) :]
    assert rows[:2] == ["3", "41"]
    assert "No Such" in rows[2]
    assert "Simulated" in rows[3]
    told = bytes.fromhex(rows[4].strip('" '))
    zone = timezone((1 if told[8:9] == b"+" else -1) * timedelta(hours=told[9], minutes=told[10]))
    clock = datetime(int.from_bytes(told[:2], "big"), *told[2:7], tzinfo=zone)
    assert abs(clock.timestamp() - time.time()) < 3
    await estate.set_fault("U1", "ups_on_battery", 190)
    _, said = await run(*argv[:2], "-c", "public", *argv[2:])
    assert said.splitlines()[-len(oids)] == "5"
    status, said = await run(*argv[:2], "-c", "wrong", *argv[2:])
    assert status != 0
    assert "Timeout" in said


async def test_chrony_believes_the_time_server(estate):
    need("chronyd")
    await estate.set_fault("N2", "ntp_unsynchronised")
    argv = ["chronyd", "-Q", "-t", "8", "-f", "/dev/null"]
    status, said = await run(*argv, f"server 127.31.3.1 port {NTP} iburst")
    assert status == 0, said
    assert "System clock wrong by" in said
    assert abs(float(said.split("wrong by ")[1].split()[0])) < 0.05
    status, said = await run(*argv[:3], "3", *argv[4:], f"server 127.31.3.2 port {NTP} iburst")
    assert status != 0, said


async def test_onvif_zeep_reads_the_camera(estate):
    program = textwrap.dedent(f"""
        from onvif import ONVIFCamera
        camera = ONVIFCamera("127.31.1.2", {HTTP}, "healthmon", "view only")
        print(camera.devicemgmt.GetDeviceInformation().SerialNumber)
        print(camera.devicemgmt.GetSystemDateAndTime().DateTimeType)
        media = camera.create_media_service()
        token = media.GetProfiles()[0].token
        setup = {{"Stream": "RTP-Unicast", "Transport": {{"Protocol": "RTSP"}}}}
        print(media.GetStreamUri({{"StreamSetup": setup, "ProfileToken": token}}).Uri)
        """)
    status, said = await run(sys.executable, "-W", "ignore", "-c", program)
    assert status == 0, said
    assert said.split() == ["SIM-1", "NTP", f"rtsp://127.31.1.2:{RTSP}/stream1"]
    assert estate.counters("C1").logins_rejected == 0
    assert estate.counters("C1").writes_attempted == 0
    assert estate.counters("C1").logins_accepted >= 3
