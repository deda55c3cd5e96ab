"""A camera whose privacy zone is drawn by GStreamer: learned from its stream, taken away and put back,
from the key frame to the sheet, the wall and the notice.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from helpers.fakes.hook_server import Receiver, receiver
from helpers.field_cameras import camera_row
from helpers.pictures import png, scene
from helpers.product import Product, Running
from helpers.support import Peers, free_port, library, need

from healthmon.picture import decoding, reference
from healthmon.picture.baselines import Baselines

pytestmark = [pytest.mark.peer, pytest.mark.long, pytest.mark.timeout(900)]
GSTREAMER = "girepository-1.0/GstRtspServer-1.0.typelib"
SERVER = Path(__file__).parents[1] / "helpers/peers/gst_zone.py"
DAY = scene(31, size=(640, 360))
NIGHT = (scene(32, size=(640, 360)) * 0.25).astype(np.uint8)
CODE = "privacy_zone_missing"
COVERED = "healthmon_picture_privacy_zone_covered_ratio"
LOOKS = 200.0  # seconds: one look a minute, of which a busy machine loses some
QUICKLY = {
    "interval": "5 s",
    "timeout": "20 s",
    "confirm": {"failures": 1, "of": 1, "clear": 1},
    "cause": {"hold": "1 s", "quiet": "1 s", "longest": "2 s"},
}


Show = Callable[[Any, bool], None]


@pytest.fixture
def camera(peers: Peers, tmp_path: Path) -> tuple[int, Show]:
    """Its port; and what shows a scene there, with or without the zone."""
    need(library(GSTREAMER))
    port, running = free_port(), []

    def show(grey: Any, zone: bool) -> None:
        for process in running:
            peers.stop(process)
        picture = tmp_path / "scene.png"
        picture.write_bytes(png(grey))
        words = ("127.0.0.1", str(port), str(picture), "yes" if zone else "no")
        running[:] = [peers.start("/usr/bin/python3", SERVER, *words)]
        peers.wait_tcp("127.0.0.1", port)

    return port, show


def key_frames(port: int, number: int) -> list[bytes]:
    """The next key frames of the stream, by FFmpeg's client."""
    found: list[bytes] = []
    url = f"rtsp://127.0.0.1:{port}/live"
    with av.open(url, options={"rtsp_transport": "tcp"}, timeout=20) as stream:
        sets = stream.streams.video[0].codec_context.extradata or b""
        for packet in stream.demux(video=0):
            if packet.is_keyframe:
                found.append(sets + bytes(packet))
            if len(found) == number:
                break
    return found


def learned(port: int, show: Show) -> bytes:
    """What the camera has learned by day and by night, two hours apart each, of its own stream."""
    baseline = reference.Baseline()
    for light, grey in enumerate((DAY, NIGHT)):
        show(grey, True)
        frames = key_frames(port, 2)
        for number in range(reference.LEARNED):
            picture = decoding.decoded("h264", frames[number % 2], 10**7)
            baseline.learn(picture, 1e5 * light + 7200.0 * number, moved=True)
    return baseline.packed()


def notices(hook: Receiver) -> list[dict[str, Any]]:
    """What came by the webhook about the zone."""
    bodies = [json.loads(one.body) for one in hook.got]
    return [body for body in bodies if CODE in json.dumps(body)]


def shown_on_wall(agent: Running) -> bool:
    return "rivacy zone" in agent.get("/wall.json")[1]


@pytest.mark.thorough
async def test_a_zone_that_is_taken_away_is_told_at_priority_1_until_it_is_back(
    camera: tuple[int, Show], peers: Peers, tmp_path: Path
) -> None:
    port, show = camera
    known = await asyncio.to_thread(learned, port, show)
    Baselines(tmp_path / "state" / "pictures").write(("C1", "main"), known)
    show(DAY, True)
    async with receiver() as hook:
        product = Product(
            tmp_path,
            {
                "defaults": QUICKLY,
                "pictures": {"enabled": "yes", "workers": "1", "every": "60 s"},
                "notify": {"desk": {"webhook": {"url": hook.url}}},
                "routes": [{"to": ["desk"]}],
                "cameras": [camera_row(port)],
            },
        )
        await asyncio.to_thread(_story, product, peers, show, hook)


def _story(product: Product, peers: Peers, show: Show, hook: Receiver) -> None:
    def covered() -> float:
        return agent.value(COVERED, device="C1") or 0.0

    def is_open() -> bool:
        return CODE in agent.faults("C1")

    with product.agent(peers) as agent:
        agent.until(lambda: covered() > 0.95, LOOKS)
        assert not is_open()
        show(DAY, False)
        agent.until(is_open, LOOKS)
        assert covered() < 0.2
        agent.until(lambda: notices(hook), 60)
        (fault,) = notices(hook)
        assert (fault["priority"], fault["device"]) == (1, "C1"), fault
        assert shown_on_wall(agent)
        cell = c26_of(product.sweep("--shift").sheet)
        assert cell["mark"] == "FAIL"
        assert cell["why"].startswith("privacy zone 1 missing")
        show(DAY, True)
        agent.until(lambda: not is_open(), LOOKS)
        agent.until(lambda: len(notices(hook)) > 1, 60)
        assert not shown_on_wall(agent)
        assert c26_of(product.sweep("--shift").sheet)["mark"] == "pass"


def c26_of(sheet: dict[str, Any]) -> dict[str, Any]:
    """Line C26 of the one camera."""
    column = next(number for number, one in enumerate(sheet["lines"]) if one["line"] == "C26")
    found: dict[str, Any] = sheet["cameras"][0]["cells"][column]
    return found
