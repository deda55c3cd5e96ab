"""The simulated estate: faults switched at run time, counters, the control interface, the plan, the
program's end.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import yaml
from helpers.support import free_port

from healthmon.checks.evaluation import link
from healthmon.config import loading
from healthmon.demo import login, plan, switch_sim
from healthmon.demo.estate import Estate
from healthmon.demo.state import HTTP, RTSP, TCP, SimDevice
from healthmon.inventory import devices as inventory
from healthmon.model.device import Device
from healthmon.model.enums import CheckName, Kind, State
from healthmon.model.links import Link, PowerSupply
from healthmon.model.results import Observation
from healthmon.vendors import switches

ROOT = Path(__file__).parents[2]
ADDRESS = "127.33.1.2"
DIGEST = re.compile(r'(\w+)="?([^",]+)"?')


@pytest.fixture
async def estate():
    camera = SimDevice("C1", "North", "camera", ADDRESS, "s", serial="SIM-1")
    started = Estate([camera, SimDevice("S1", "Switch", "link", "127.33.9.2", "s")])
    await started.start()
    yield started
    await started.stop()


class Client:
    """A few lines of RTSP with a Digest of its own."""

    def __init__(self, reader, writer):
        self.reader, self.writer, self.number, self.challenge, self.session = (
            reader,
            writer,
            0,
            {},
            "",
        )

    @classmethod
    async def to(cls, address=ADDRESS):
        return cls(*await asyncio.open_connection(address, RTSP))

    async def check(self, method, path="/stream1", *more):
        status, text = await self._once(method, path, *more)
        if status == 401 and not self.challenge:
            self.challenge = dict(DIGEST.findall(text.split("Digest ")[1].split("\r\n")[0]))
            status, text = await self._once(method, path, *more)
        if match := re.search(r"Session: (\w+)", text):
            self.session = match[1]
        return status, text

    async def _once(self, method, path, *more):
        from hashlib import md5

        self.number += 1
        url, lines = f"rtsp://{ADDRESS}:{RTSP}{path}", [f"CSeq: {self.number}", *more]
        if self.session:
            lines.append(f"Session: {self.session}")
        if self.challenge:
            ha1 = md5(f"healthmon:{self.challenge['realm']}:view only".encode()).hexdigest()
            ha2, nonce = md5(f"{method}:{url}".encode()).hexdigest(), self.challenge["nonce"]
            answer = md5(f"{ha1}:{nonce}:{self.number:08x}:ab:auth:{ha2}".encode()).hexdigest()
            lines.append(
                f'Authorization: Digest username="healthmon", realm="{self.challenge["realm"]}", nonce="{nonce}", '
                f'uri="{url}", qop=auth, nc={self.number:08x}, cnonce="ab", response="{answer}", algorithm=MD5'
            )
        self.writer.write(
            (f"{method} {url} RTSP/1.0\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode()
        )
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 3)).decode()
        size = re.search(r"Content-Length: (\d+)", head)
        body = await self.reader.readexactly(int(size[1])) if size else b""
        return int(head.split()[1]), head + body.decode()

    async def play(self):
        assert (await self.check("DESCRIBE"))[0] == 200
        assert (
            await self.check(
                "SETUP", "/stream1/trackID=1", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"
            )
        )[0] == 200
        assert (await self.check("PLAY"))[0] == 200

    async def frames(self, seconds):
        """(channel, packet) of all that comes in `seconds`."""
        found, end = [], time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                head = await asyncio.wait_for(self.reader.readexactly(4), left)
            except TimeoutError:
                break
            found.append((head[1], await self.reader.readexactly(int.from_bytes(head[2:], "big"))))
        return found

    async def close(self):
        self.writer.close()
        await asyncio.sleep(0.05)


async def status_of(estate, *faults):
    """The answer to SETUP after DESCRIBE (or to DESCRIBE where that fails) with `faults` on."""
    for name, value in faults:
        await estate.set_fault("C1", name, value)
    client = await Client.to()
    status, _ = await client.check("DESCRIBE")
    if status == 200:
        status, _ = await client.check(
            "SETUP", "/stream1/trackID=1", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"
        )
    await client.close()
    return status


async def test_plays_with_a_sender_report_first_and_counts_the_session(estate):
    client = await Client.to()
    await client.play()
    found = await client.frames(1.2)
    assert [packet[1] for channel, packet in found if channel == 1] == [200]
    pictures = [packet for channel, packet in found if channel == 0]
    stamps = {packet[4:8] for packet in pictures}
    assert 12 <= len(stamps) <= 18
    numbers = [int.from_bytes(packet[2:4], "big") for packet in pictures]
    assert all((b - a) & 0xFFFF == 1 for a, b in itertools.pairwise(numbers))
    counters = estate.counters("C1")
    assert (counters.sessions_now, counters.sessions_most) == (1, 1)
    await client.close()
    assert (counters.sessions_now, counters.teardowns, counters.lost_sessions) == (0, 0, 1)
    assert counters.connections_now == 0
    assert counters.bytes_out > 5000


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("busy", 453),
        ("udp_only", 461),
        ("wrong_login", 401),
        ("lockout", 403),
        ("redirect_elsewhere", 302),
    ],
)
async def test_a_fault_is_answered_and_clears(estate, fault, status):
    assert await status_of(estate) == 200
    assert await status_of(estate, (fault, True)) == status
    assert await status_of(estate, (fault, None)) == 200


async def test_a_replayed_digest_is_refused(estate):
    client = await Client.to()
    assert (await client.check("DESCRIBE"))[0] == 200
    client.number -= 1
    assert (await client.check("DESCRIBE"))[0] == 401
    await client.close()


async def test_no_media_frozen_clock_and_no_keyframes(estate):
    async def seen(fault):
        await estate.set_fault("C1", fault)
        client = await Client.to()
        await client.play()
        found = [packet for channel, packet in await client.frames(1.5) if channel == 0]
        await client.close()
        await estate.set_fault("C1", fault, None)
        return found

    def is_key(packet):
        return packet[12] & 31 == 5 or (packet[12] & 31 == 28 and packet[13] & 31 == 5)

    assert await seen("no_media") == []
    assert len({packet[4:8] for packet in await seen("frozen_clock")}) == 1
    moving = await seen("no_keyframes")
    assert moving
    assert not any(is_key(packet) for packet in moving)
    assert any(is_key(packet) for packet in await seen("clock_manual"))


async def test_clock_faults_show_in_the_date(estate):
    from email.utils import parsedate_to_datetime

    async def date():
        client = await Client.to()
        _, text = await client.check("OPTIONS")
        await client.close()
        return parsedate_to_datetime(re.search(r"Date: (.*)\r\n", text)[1]).timestamp()

    assert abs(await date() - time.time()) < 10
    await estate.set_fault("C1", "clock_offset", 3600)
    assert abs(await date() - time.time() - 3600) < 10
    await estate.set_fault("C1", "clock_offset", None)
    await estate.set_fault("C1", "clock_epoch")
    assert await date() < 946684800 + 86400


async def test_off_refuses_and_comes_back(estate):
    await estate.set_fault("C1", "off")
    for port in (RTSP, HTTP):
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(ADDRESS, port)
    await estate.set_fault("C1", "off", None)
    assert await status_of(estate) == 200


async def test_a_device_that_goes_off_drops_its_connections(estate):
    client = await Client.to()
    await client.play()
    await estate.set_fault("C1", "off")
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await client.frames(1.0)
    assert estate.counters("C1").lost_sessions == 1
    await client.close()


async def test_silence_accepts_and_says_nothing(estate):
    await estate.set_fault("C1", "silence")
    client = await Client.to()
    client.writer.write(b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.reader.read(1), 0.3)
    await client.close()


async def test_a_link_accepts_connections(estate):
    _, writer = await asyncio.open_connection("127.33.9.2", TCP)
    writer.close()


async def test_an_onvif_write_is_counted_and_a_token_is_not_one(estate):
    def envelope(operation):
        return (
            '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header><Security><UsernameToken>'
            f"<wsu:Created>2026-01-01T00:00:00Z</wsu:Created></UsernameToken></Security></s:Header>"
            f"<s:Body><{operation}/></s:Body></s:Envelope>"
        )

    async def post(body):
        reader, writer = await asyncio.open_connection(ADDRESS, HTTP)
        head = (
            f"POST /onvif/device_service HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write((head + body).encode())
        answer = await reader.read()
        writer.close()
        return answer

    assert b"SIM-1" not in await post(envelope("GetDeviceInformation"))
    assert estate.counters("C1").writes_attempted == 0
    await post(envelope("SetSystemDateAndTime"))
    assert estate.counters("C1").writes_attempted == 1


def test_a_token_far_from_the_device_clock_is_refused_where_the_window_is_strict():
    import base64
    import hashlib
    from datetime import UTC, datetime, timedelta

    camera = SimDevice("C1", "North", "camera", ADDRESS, "s", faults={"strict_window": 5})

    def token(skew):
        created = (datetime.now(UTC) + timedelta(seconds=skew)).strftime("%Y-%m-%dT%H:%M:%SZ")
        password = base64.b64encode(
            hashlib.sha1(b"n" + created.encode() + b"view only").digest()
        ).decode()
        nonce = base64.b64encode(b"n").decode()
        return (
            f'<wsse:Username>healthmon</wsse:Username><wsse:Password Type="x">{password}</wsse:Password>'
            f"<wsse:Nonce>{nonce}</wsse:Nonce><wsu:Created>{created}</wsu:Created>"
        )

    assert login.token_ok(camera, token(0))
    assert not login.token_ok(camera, token(60))
    camera.faults["clock_offset"] = 60
    assert login.token_ok(camera, token(60))
    assert (camera.counters.logins_accepted, camera.counters.logins_rejected) == (2, 1)


async def test_control_switches_faults_and_shows_counters(estate):
    port = free_port()
    await estate.serve_control(port)

    def check(method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=60) as reply:
            return json.loads(reply.read())

    told = await asyncio.to_thread(
        check, "POST", "/devices/C1/fault", {"name": "busy", "value": True}
    )
    assert told["faults"] == {"busy": True}
    assert await status_of(estate) == 453
    shown = await asyncio.to_thread(check, "GET", "/devices")
    assert {row["id"]: row["counters"]["connections"] for row in shown} == {"C1": 1, "S1": 0}
    assert "view only" not in json.dumps(shown)
    told = await asyncio.to_thread(check, "DELETE", "/devices/C1/fault", {"name": "busy"})
    assert told["faults"] == {}


def test_the_written_configuration_is_accepted_and_its_secrets_are_private(tmp_path):
    devices = plan.plan(147, 2, 1)
    path = plan.write_config(devices, tmp_path)
    found = inventory.devices(loading.load(path))
    kinds = [device.kind.value for device in found]
    assert [device.id for device in found if device.kind.value == "workstation"] == ["VMS1"]
    assert (kinds.count("camera"), kinds.count("recorder"), kinds.count("ups")) == (147, 2, 1)
    assert len({device.address for device in devices}) == len(devices)
    for secret in (tmp_path / "secrets").iterdir():
        assert secret.stat().st_mode & 0o077 == 0
    assert path.read_text().startswith("# SIMULATED")


def test_every_planted_fault_is_on_a_device_of_the_plan():
    devices = plan.plan()
    expected = plan.plant(devices)
    assert expected.keys() == plan.PLANTED.keys()
    assert expected["C110"] == "", "UDP only is well"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_program_follows_a_schedule_and_ends_cleanly(tmp_path, how):
    schedule = tmp_path / "schedule.yaml"
    schedule.write_text(yaml.safe_dump([{"at": "0 s", "device": "C001", "fault": "busy"}]))
    port = free_port()
    argv = [
        sys.executable,
        "-m",
        "healthmon.demo",
        "--cameras",
        "3",
        "--folder",
        str(tmp_path),
        "--well",
    ]
    argv += ["--control", str(port), "--schedule", str(schedule)]
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT, env=os.environ
    ) as child:
        try:
            line = child.stdout.readline()
            time.sleep(0.3)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/devices", timeout=60) as reply:
                shown = {row["id"]: row["faults"] for row in json.loads(reply.read())}
            child.send_signal(how)
            rest = child.communicate(timeout=60)[0]
        finally:
            child.kill()
    assert "SIMULATED" in line
    assert "ready" in line
    assert shown["C001"] == {"busy": True}
    assert child.returncode == 0, rest
    assert "Traceback" not in rest


@pytest.mark.parametrize("cameras", [10, 150, 1000, 2000])
def test_an_estate_of_any_size_could_stand_in_a_street(cameras, tmp_path):
    devices = plan.plan(cameras)
    ports = [(camera.parent, camera.port) for camera in devices if camera.kind == "camera"]
    assert len(ports) == len(set(ports)) == cameras
    for switch in (device for device in devices if device.kind == "link"):
        assert len(switch.hangs) <= 48, switch.id
        assert power_of(switch) is State.OK, switch.id
    assert max(device.channels for device in devices) <= 256
    found = inventory.devices(loading.load(plan.write_config(devices, tmp_path)))
    assert sum(device.kind is Kind.CAMERA for device in found) == cameras


def power_of(switch: SimDevice) -> State:
    """How what a simulated switch says of its power is judged."""
    said = switch_sim.objects(switch)
    watts, used = (
        float(said[f"{column}.1"]()) for column in (switches.SUPPLY_WATTS, switches.SUPPLY_USED)
    )
    seen = Observation(
        switch.id, CheckName.LINK, "", 0.0, 0.0, Link((), (PowerSupply("1", "on", watts, used),))
    )
    return link.evaluate(
        seen, Device(switch.id, switch.name, Kind.LINK, switch.site, switch.address)
    )[0].state
