"""Streams of a real RTSP server: GStreamer's."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from support import Peers, free_port, need

from healthmon.model import Access, Ask, Device, Kind, Observation, Question, State, Stream, StreamSpec
from healthmon.probes import stream
from healthmon.probes.tools import Tools
from healthmon.secret import Credential, Secret
from healthmon.verdict.stream import judge
from healthmon.wire.logins import LoginGuard
from healthmon.wire.net import Net

pytestmark = pytest.mark.peer
SERVER = Path(__file__).with_name("gst_server.py")


def start(peers: Peers, *login: str) -> int:
    need("/usr/lib/x86_64-linux-gnu/girepository-1.0/GstRtspServer-1.0.typelib")
    port, before = free_port(), peers.log().count("serving")
    peers.start("/usr/bin/python3", SERVER, "127.0.0.1", str(port), *login)
    end = time.monotonic() + 25
    while peers.log().count("serving") == before:
        assert time.monotonic() < end, peers.log()[-2000:]
        time.sleep(0.1)
    return port


@pytest.fixture(scope="module")
def port(module_peers: Peers) -> int:
    return start(module_peers)


async def judged(port: int, path: str, watch: float = 2.0) -> tuple[Stream, dict[str, tuple[State, str]]]:
    access = Access(rtsp_port=port, credential="view")
    device = Device("C1", "C1", Kind.CAMERA, "S", "127.0.0.1", access=access, streams=(StreamSpec(path=path),))
    tools = Tools(Net.of(["127.0.0.1"]), LoginGuard(), lambda _name: Credential("view", "healthmon", Secret("s3cret")))
    async with asyncio.timeout(12):
        found = await stream.look(device, Ask("C1", Question.STREAM, "main", watch=watch, timeout=9), tools)
    observation = Observation("C1", Question.STREAM, "main", 1.8e9, 1.0, found)
    return found, {verdict.aspect: (verdict.state, verdict.code) for verdict in judge(observation, device)}


@pytest.mark.parametrize(("path", "codec"), [("/h264", "h264"), ("/h265", "h265"), ("/jpeg", "mjpeg")])
async def test_codecs(port: int, path: str, codec: str) -> None:
    found, verdicts = await judged(port, path)
    assert verdicts["pictures"] == (State.OK, "ok")
    assert found.codec == codec
    assert found.lost == 0
    if codec != "mjpeg":
        assert (found.width, found.height) == (320, 240)


async def test_c14_stall(port: int) -> None:
    _, verdicts = await judged(port, "/stall")
    assert verdicts["pictures"] == (State.FAULT, "no_pictures")


async def test_digest_login(peers: Peers) -> None:
    _, verdicts = await judged(start(peers, "healthmon", "s3cret"), "/h264", 1.0)
    assert verdicts["pictures"] == (State.OK, "ok")
