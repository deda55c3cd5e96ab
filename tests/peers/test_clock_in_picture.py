"""The clock in the picture of GStreamer's encoders: learned by `healthmon probe`, judged by `healthmon
sweep`: right ones, one that is an hour ahead, and two in one picture.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest
from helpers.fakes.onvif_clock import ClockCamera, time_servers
from helpers.loopback import served
from helpers.peers.rtsp_peers import wait_serving
from helpers.support import Peers, free_port, library, need

from healthmon.picture.baselines import Baselines
from healthmon.picture.service import clock_place

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "tests/helpers/peers/gst_clocks.py"
pytestmark = [pytest.mark.peer, pytest.mark.slow]
LEARNING = {"right": "/clock", "two": "/two"}
CAMERAS = LEARNING | {
    "ahead": "/clock",
    "same": "/clock",
    "right265": "/clock265",
    "none": "/none",
}
OWN = "127.0.0.2"
AHEAD = ("ahead", "same")  # their pictures; only of the second the camera's own clock is ahead too


async def healthmon(*arguments: str) -> str:
    """What the command prints, and what it says where that is nothing."""
    env = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'exporters'}"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "healthmon", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=env,
    )
    printed, problems = await asyncio.wait_for(process.communicate(), 200)
    assert process.returncode in (0, 1, 2), problems.decode()
    return printed.decode() or problems.decode()


def serve(peers: Peers, zone: str, address: str = "127.0.0.1") -> int:
    """A server whose clocks go by `zone`; its port."""
    port = free_port()
    peers.start("/usr/bin/env", f"TZ={zone}", "/usr/bin/python3", SERVER, address, str(port))
    wait_serving(peers)
    return port


async def test_right_and_wrong_clocks_are_told_apart_by_a_sweep(peers: Peers, tmp_path: Path):
    need(library("girepository-1.0/GstRtspServer-1.0.typelib"))
    right, ahead = serve(peers, "UTC"), serve(peers, "XXX-1")
    same, onvif = serve(peers, "XXX-1", OWN), free_port()
    served_at = {"ahead": ("127.0.0.1", ahead, "no"), "same": (OWN, same, f"{{port: {onvif}}}")}
    rows = ""
    for name, path in CAMERAS.items():
        address, port, http = served_at.get(name, ("127.0.0.1", right, "no"))
        rows += (
            f"  - {{id: {name}, name: {name}, site: {name}, address: {address}, kind: fixed, "
            f"http: {http}, rtsp: {{port: {port}}}, streams: [{{path: {path}}}]}}\n"
        )
    sites = ", ".join(f"{{id: {name}}}" for name in CAMERAS)
    camera = ClockCamera(utc=3600.0, local=3600.0, date=None)
    async with time_servers() as servers, served(camera.talk, host=OWN, port=onvif):
        config = tmp_path / "config.yaml"
        config.write_text(
            f"estate: {{name: Clocks, time_zone: UTC}}\ntime_servers: {json.dumps(servers)}\n"
            f"agent: {{state_directory: {tmp_path / 'state'}}}\n"
            f"pictures: {{enabled: yes, clock: {{enabled: yes}}}}\nsites: [{sites}]\ncameras:\n{rows}"
        )
        (tmp_path / "state").mkdir(mode=0o700)
        named = ("--config", str(config))
        await asyncio.gather(*(healthmon("probe", name, *named) for name in LEARNING))
        for name, words in (("right", "1 clock in the picture"), ("two", "2 clocks in the")):
            assert words in await healthmon("picture", "show", name, *named)
        kept = Baselines(tmp_path / "state" / "pictures")
        known = kept.read(clock_place(("right", "main")))
        for name in (*AHEAD, "right265", "none"):
            kept.write(clock_place((name, "main")), known)
        sheet = json.loads(await healthmon("sweep", "--json", *named))
    told = {
        (device, row["code"]): row["sentence"]
        for row in (*sheet["faults"], *sheet["warnings"])
        for device in row["devices"]
        if row["code"].startswith(("screen_clock", "clock_zone"))
    }
    assert set(told) == {("ahead", "screen_clock_zone"), ("same", "clock_zone")}, told
    assert "1 h 0 min ahead" in told["ahead", "screen_clock_zone"]
