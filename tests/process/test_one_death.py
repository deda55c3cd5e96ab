"""A camera that dies after it was reached and before its pictures are asked for is one fault."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest
from helpers.fakes.rtsp_server import SDP, Camera
from helpers.field_cameras import film
from helpers.product import Product
from helpers.room import ROOT
from helpers.support import Peers, free_port

pytestmark = pytest.mark.long
FAKES = ROOT / "tests/helpers/fakes"


class Mortal:
    """A camera that is well until `dying`: then it takes one more connection, and none after that."""

    def __init__(self) -> None:
        self.dying, self.dead = False, asyncio.Event()
        self.server: asyncio.Server | None = None

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.dying and self.server is not None:
            self.server.close()
            self.dead.set()
        try:
            await Camera(film(rate=10), sdp=SDP, every=0.1).talk(reader, writer)
        finally:
            writer.close()


async def test_one_death_is_one_message(tmp_path: Path, peers: Peers) -> None:
    hook, got = free_port(), tmp_path / "got"
    (tmp_path / "mode").write_text("ok")
    peers.start(sys.executable, FAKES / "file_hook.py", str(hook), got, tmp_path / "mode")
    mortal = Mortal()
    mortal.server = await asyncio.start_server(mortal.talk, "127.0.0.1", 0)
    port = mortal.server.sockets[0].getsockname()[1]
    camera = {
        "id": "C001", "name": "Quay", "site": "s", "kind": "fixed", "address": "127.0.0.1",
        "rtsp": {"port": port}, "http": "no", "streams": [{"path": "/live"}],
    }  # fmt: skip
    product = Product(
        tmp_path,
        {
            "cameras": [camera],
            "notify": {"desk": {"webhook": {"url": f"http://127.0.0.1:{hook}/"}}},
            "routes": [{"to": "desk"}],
            "defaults": {"interval": "40 s"},
        },
    )

    def messages() -> list[tuple[str, str]]:
        lines = got.read_text().splitlines() if got.exists() else []
        bodies = [json.loads(line)["body"] for line in lines]
        return [(one["what"], one["code"]) for one in bodies if one["device"] == "C001"]

    with product.agent(peers) as agent:
        await asyncio.to_thread(agent.until, lambda: agent.get("/-/ready")[0] == 200, 60)
        await asyncio.sleep(5)  # both checks of the first round
        mortal.dying = True
        await asyncio.wait_for(mortal.dead.wait(), 90)
        await asyncio.to_thread(agent.until, messages, 90)
        await asyncio.sleep(45)  # the next round
        assert messages() == [("opened", "unreachable")]
