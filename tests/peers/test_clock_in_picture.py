"""The clock in the picture of GStreamer's and ffmpeg's streams, told by `healthmon sweep`: right, an hour
ahead, stopped after it was learned, and two in one picture of which one is wrong.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from helpers.fakes.onvif_clock import ClockCamera, time_servers
from helpers.loopback import served
from helpers.peers.ffmpeg_clocks import BOTTOM, LOCAL, TOP, UTC, Published
from helpers.peers.rtsp_peers import wait_serving
from helpers.support import Peers, free_port, library, need

from healthmon.picture.baselines import Baselines
from healthmon.picture.service import clock_place

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "tests/helpers/peers/gst_clocks.py"
pytestmark = [
    pytest.mark.peer,
    pytest.mark.slow,
    pytest.mark.thorough,
    pytest.mark.timeout(900),
]
AHEAD = "XXX-1"  # a time zone an hour ahead of UTC
OWN = "127.0.0.2"  # the address of a camera whose own clock is an hour ahead too


async def healthmon(*arguments: str) -> str:
    """What the command prints, and what it says where that is nothing."""
    env = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'exporters'}"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "healthmon", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=env,
    )
    printed, problems = await asyncio.wait_for(process.communicate(), 300)
    assert process.returncode in (0, 1, 2), problems.decode()
    return printed.decode() or problems.decode()


@dataclass
class Estate:
    """Cameras by name, each a stream (port, path), and the configuration of all of them; `more` are
    lines of others.
    """

    folder: Path
    cameras: Mapping[str, tuple[int, str]]
    more: str = ""

    def write(self, servers: list[dict[str, object]]) -> tuple[str, str]:
        """The options that name its configuration, which this writes."""
        rows = "".join(
            f"  - {{id: {name}, name: {name}, site: S, address: 127.0.0.1, kind: fixed, http: no, "
            f"rtsp: {{port: {port}}}, streams: [{{path: {path}}}]}}\n"
            for name, (port, path) in self.cameras.items()
        )
        config = self.folder / "config.yaml"
        (self.folder / "state").mkdir(mode=0o700, exist_ok=True)
        config.write_text(
            f"estate: {{name: Clocks, time_zone: UTC}}\ntime_servers: {json.dumps(servers)}\n"
            f"agent: {{state_directory: {self.folder / 'state'}}}\n"
            "pictures: {enabled: yes, clock: {enabled: yes}}\n"
            f"sites: [{{id: S}}]\ncameras:\n{rows}{self.more}"
        )
        return "--config", str(config)

    def learned_as(self, model: str, *names: str) -> None:
        """Let the cameras `names` have learned the clock that `model` has: text and font are the same."""
        kept = Baselines(self.folder / "state" / "pictures")
        known = kept.read(clock_place((model, "main")))
        for name in names:
            kept.write(clock_place((name, "main")), known)


def clocks_told(sheet: str) -> dict[str, tuple[str, str]]:
    """What a sheet says of clocks in pictures: code and sentence by camera."""
    found = json.loads(sheet)
    return {
        device: (row["code"], row["sentence"])
        for row in (*found["faults"], *found["warnings"])
        for device in row["devices"]
        if row["code"].startswith(("screen_clock", "clock_zone"))
    }


async def all_told(wanted: set[str], *config: str) -> dict[str, tuple[str, str]]:
    """What sweeps say of clocks: of up to four, as a busy machine may leave one unread, until `wanted`
    are told.
    """
    told: dict[str, tuple[str, str]] = {}
    for _ in range(4):
        told |= clocks_told(await healthmon("sweep", "--json", *config))
        if told.keys() >= wanted:
            break
    return told


def gstreamer(peers: Peers, zone: str = "UTC", address: str = "127.0.0.1") -> int:
    """The port of GStreamer's server at `address` whose clocks go by `zone`."""
    need(library("girepository-1.0/GstRtspServer-1.0.typelib"))
    port, before = free_port(), peers.log().count("serving")
    peers.start("/usr/bin/python3", SERVER, address, str(port), env={"TZ": zone})
    wait_serving(peers, before)
    return port


async def test_clocks_of_gstreamer_right_ahead_stopped_and_two(peers: Peers, tmp_path: Path):
    right, ahead, same = gstreamer(peers), gstreamer(peers, AHEAD), gstreamer(peers, AHEAD, OWN)
    camera, onvif = ClockCamera(utc=3600.0, local=3600.0, date=None), free_port()
    estate = Estate(
        tmp_path,
        {
            "right": (right, "/clock"),
            "two": (right, "/two"),
            "timer": (right, "/timer"),
            "ahead": (ahead, "/clock"),
            "right265": (right, "/clock265"),
            "none": (right, "/none"),
            "stopped": (right, "/stopped"),
        },
        f"  - {{id: same, name: same, site: S, address: {OWN}, kind: fixed, http: {{port: {onvif}}}, "
        f"rtsp: {{port: {same}}}, streams: [{{path: /clock}}]}}\n",
    )
    async with time_servers() as servers, served(camera.talk, host=OWN, port=onvif):
        config = estate.write(servers)
        began = time.monotonic()
        assert clocks_told(await healthmon("sweep", "--json", "--device", "right", *config)) == {}
        assert time.monotonic() - began < 25, "a sweep does not wait for clocks to be learned"
        shown = await healthmon("picture", "show", "right", *config)
        assert "1 clock in the picture" not in shown
        learning = ("--device", "right", "--device", "two", "--device", "timer")
        sheet = await healthmon("sweep", "--learn-clocks", "--json", *learning, *config)
        assert clocks_told(sheet) == {}
        for name, words in (
            ("right", "1 clock in"),
            ("two", "2 clocks in"),
            ("timer", "1 clock in"),
        ):
            assert words in await healthmon("picture", "show", name, *config)
        estate.learned_as("right", "ahead", "same", "right265", "none", "stopped")
        wanted = {"ahead", "same", "stopped"}
        told = await all_told(wanted, *config)
    assert set(told) == wanted, told
    assert told["same"][0] == "clock_zone", "one cause, one fault"
    assert told["ahead"][0] == "screen_clock_zone"
    assert "1 h 0 min ahead" in told["ahead"][1]
    assert told["stopped"][0] == "screen_clock_stopped"


async def test_clocks_of_ffmpeg_right_ahead_stopped_and_two(peers: Peers, tmp_path: Path):
    server = Published(peers)
    both = ((LOCAL, TOP), (UTC, BOTTOM))
    server.stream("/right", both[0])
    server.stream("/two", *both)
    names = ("right", "ahead", "stopped", "two", "twobad")
    estate = Estate(tmp_path, {name: (server.port, f"/{name}") for name in names})
    async with time_servers() as servers:
        config = estate.write(servers)
        learning = ("--device", "right", "--device", "two")
        sheet = await healthmon("sweep", "--learn-clocks", "--json", *learning, *config)
        assert clocks_told(sheet) == {}
        assert "1 clock in" in await healthmon("picture", "show", "right", *config)
        assert "2 clocks in" in await healthmon("picture", "show", "two", *config)
        server.stream("/ahead", both[0], zone=AHEAD)
        server.stream("/stopped", (r"30-11-2026 08\:09\:10", TOP))
        server.stream("/twobad", *both, zone=AHEAD)
        estate.learned_as("right", "ahead", "stopped")
        estate.learned_as("two", "twobad")
        wanted = {"ahead", "stopped", "twobad"}
        told = await all_told(wanted, *config)
    assert set(told) == wanted, told
    assert told["stopped"][0] == "screen_clock_stopped"
    for name in ("ahead", "twobad"):
        assert told[name][0] == "screen_clock_zone"
        assert "top left of the picture is 1 h 0 min ahead" in told[name][1]
