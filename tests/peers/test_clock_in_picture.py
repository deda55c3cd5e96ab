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
from helpers.fakes.onvif_clock import time_servers
from helpers.peers.rtsp_peers import wait_serving
from helpers.support import Peers, free_port, library, need

from healthmon.picture.baselines import Baselines
from healthmon.picture.service import clock_place

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "tests/helpers/peers/gst_clocks.py"
pytestmark = [pytest.mark.peer, pytest.mark.slow]
LEARNING = {"right": "/clock", "two": "/two"}
CAMERAS = LEARNING | {"ahead": "/clock", "right265": "/clock265", "none": "/none"}


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


def serve(peers: Peers, zone: str) -> int:
    """A server whose clocks go by `zone`; its port."""
    port = free_port()
    peers.start("/usr/bin/env", f"TZ={zone}", "/usr/bin/python3", SERVER, "127.0.0.1", str(port))
    wait_serving(peers)
    return port


async def test_right_and_wrong_clocks_are_told_apart_by_a_sweep(peers: Peers, tmp_path: Path):
    need(library("girepository-1.0/GstRtspServer-1.0.typelib"))
    right, ahead = serve(peers, "UTC"), serve(peers, "XXX-1")
    rows = "".join(
        f"  - {{id: {name}, name: {name}, site: {name}, address: 127.0.0.1, kind: fixed, http: no, "
        f"rtsp: {{port: {ahead if name == 'ahead' else right}}}, streams: [{{path: {path}}}]}}\n"
        for name, path in CAMERAS.items()
    )
    sites = ", ".join(f"{{id: {name}}}" for name in CAMERAS)
    async with time_servers() as servers:
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
        for name in ("ahead", "right265", "none"):
            kept.write(clock_place((name, "main")), known)
        sheet = json.loads(await healthmon("sweep", "--json", *named))
    told = {
        (device, row["code"]): row["sentence"]
        for row in (*sheet["faults"], *sheet["warnings"])
        for device in row["devices"]
        if row["code"].startswith("screen_clock")
    }
    assert set(told) == {("ahead", "screen_clock_zone")}, told
    assert "1 h 0 min ahead" in told["ahead", "screen_clock_zone"]
