"""The harness of the field tests itself: the command under test is the installed one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from helpers.fakes.rtsp_server import Camera
from helpers.loopback import served
from helpers.product import Product
from helpers.support import Peers


def camera(address: str, port: int) -> dict[str, object]:
    row = {"id": "C1", "name": "North", "site": "s", "address": address, "kind": "fixed"}
    return row | {"rtsp": {"port": port}, "http": "no", "streams": [{"path": "/live"}]}


async def test_a_sweep_of_a_well_camera_says_so(tmp_path: Path):
    async with served(Camera().talk) as server:
        product = Product(tmp_path, {"cameras": [camera("127.0.0.1", server.port)]})
        swept = await asyncio.to_thread(product.sweep)
    assert [row for row in swept.rows("C1") if row["question"] in ("reach", "stream")] == []


async def test_an_agent_shows_the_camera(tmp_path: Path, peers: Peers):
    async with served(Camera().talk) as server:
        product = Product(tmp_path, {"cameras": [camera("127.0.0.1", server.port)]})

        def watch() -> None:
            with product.agent(peers) as agent:
                agent.until(lambda: agent.value("healthmon_device_up", device="C1") == 1, 60)
                assert agent.faults("C1") == set()

        await asyncio.to_thread(watch)


def test_a_command_of_another_build_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert Product(tmp_path).run("version").code in (0, 3)
