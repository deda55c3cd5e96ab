"""A picture that carries a mark leaves no byte of it: not on the disk, in the store, in the log, in a
message, on a page or in a core dump. And a picture that stands still before a living encoder.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from helpers.coded_camera import Scenes
from helpers.field_cameras import camera_row, swept
from helpers.loopback import served
from helpers.marked import marked, traces
from helpers.pictures import coded, scene, with_noise
from helpers.product import Product, Running
from helpers.support import Peers

pytestmark = pytest.mark.slow
PICTURES = {"enabled": "yes", "workers": "1", "unconfined": "yes"}
QUICKLY = {
    "interval": "2 s",
    "timeout": "20 s",
    "cause": {"hold": "1 s", "quiet": "1 s", "longest": "2 s"},
}


def children_of(pid: int) -> list[int]:
    """The processes that a process has started."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(one) for one in found.split()]


def core_limit(pid: int) -> str:
    """The most bytes of a core dump of a process."""
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    return next(line for line in lines if line.startswith("Max core")).split()[4]


def decoders_of(agent: Running) -> list[int]:
    return [
        pid
        for pid in children_of(agent.process.pid)
        if b"healthmon.picture.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


def _judged_now(agent: Running) -> float | None:
    """Have every check of the camera run, as a person does; the brightness that was measured."""
    form = urllib.parse.urlencode({"once": secrets.token_hex(12)}).encode()
    url = f"http://127.0.0.1:{agent.port}/devices/C1/check"
    urllib.request.urlopen(url, form, timeout=20).close()
    return agent.value("healthmon_picture_brightness_ratio", device="C1")


def watched(product: Product, agent: Running) -> bytes:
    """Everything that is known of the picture by the time it is judged, and what the pages say."""
    agent.until(lambda: agent.value("healthmon_check_runs_total", check="stream", device="C1"), 60)
    agent.until(lambda: decoders_of(agent), 30)
    agent.until(lambda: _judged_now(agent), 60)
    (decoder,) = decoders_of(agent)
    assert core_limit(decoder) == "0"
    os.kill(decoder, signal.SIGSEGV)
    agent.until(lambda: decoder not in children_of(agent.process.pid), 20)
    agent.until(lambda: _judged_now(agent) and "picture_too_dark" in agent.faults("C1"), 60)
    pages = ("/metrics", "/desk", "/wall.json", "/devices/C1", "/faults", "/last-failure?target=C1")
    return b"\n".join(agent.get(page)[1].encode() for page in pages)


async def test_a15_a_marked_picture_leaves_no_byte(tmp_path: Path, peers: Peers) -> None:
    made = [marked(number) for number in range(14)]
    greys, frames = [grey for grey, _ in made], [data for _, data in made]
    async with served(Scenes(frames).talk) as server, served(_taken) as hook:
        tree = {
            "defaults": QUICKLY | {"confirm": {"failures": 1, "of": 1}},
            "pictures": PICTURES,
            "notify": {"desk": {"webhook": {"url": f"http://127.0.0.1:{hook.port}/"}}},
            "routes": [{"to": ["desk"]}],
            "cameras": [camera_row(server.port)],
        }
        product = Product(tmp_path, tree)

        def run() -> bytes:
            with product.agent(peers) as agent:
                shown = watched(product, agent)
            return shown + agent.log.read_bytes()

        RECEIVED.clear()
        shown = await asyncio.to_thread(run)
    assert b"too dark: mean grey level" in shown
    assert any(b"too dark: mean grey level" in body for body in RECEIVED)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    kept = {str(path): path.read_bytes() for path in files}
    assert any(path.endswith("healthmon.db") for path in kept)
    assert not [path for path in kept if "core" in Path(path).name]
    kept |= {"shown": shown, "received": b"\n".join(RECEIVED)}
    for trace in traces(greys, frames):
        assert [name for name, data in kept.items() if trace in data] == []
    assert [at for at in traces(greys, frames) if at in frames[0]], "else nothing is looked for"


RECEIVED: list[bytes] = []


async def _taken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A receiver of webhooks that keeps what it gets."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1])
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length")
    )
    RECEIVED.append(head + await reader.readexactly(length))
    writer.write(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    await writer.drain()
    writer.close()


# ---------------------------------------------------------------- FF-A18


def still(least: int) -> list[bytes]:
    """Key frames of one picture that stands still, each with another quantiser (from `least` on), as
    an encoder with a limit of its rate has: no two are equal.
    """
    view = with_noise(scene(9), 1, 0.7)
    return [coded("h264", view, qp=str(least + number % 7)) for number in range(14)]


@pytest.mark.parametrize(
    ("least", "words"),
    [
        (4, "picture frozen: in"),
        (30, "it is not known whether the picture is frozen"),
    ],
)
async def test_ff_a18_frozen_behind_key_frames_that_all_differ_is_judged_by_the_picture_or_not_checked(
    least: int, words: str, tmp_path: Path
) -> None:
    frames = still(least)
    assert len(set(frames)) == 7, "their prints cannot tell"
    async with served(Scenes(frames).talk) as server:
        tree = {"pictures": PICTURES, "defaults": QUICKLY, "cameras": [camera_row(server.port)]}
        sheet = await swept(tmp_path, tree, "--shift")
    assert "frozen_picture" not in sheet.text, "the stream check does not guess"
    assert words in sheet.text
