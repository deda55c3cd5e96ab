"""What was said on the wire in the last failed run of each check: kept by the agent, shown on request."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from helpers.fakes.rtsp_server import Camera
from helpers.loopback import served
from helpers.product import PASSWORD, Product
from helpers.support import Peers


async def test_the_last_failed_run_is_shown_by_the_command_and_by_the_panel(
    tmp_path: Path, peers: Peers
):
    camera = Camera(statuses={"DESCRIBE": "404 Not Found"})
    async with served(camera.talk) as server:
        row = {"id": "C1", "name": "North", "site": "s", "address": "127.0.0.1", "kind": "fixed"}
        row |= {"rtsp": {"port": server.port}, "http": "no", "streams": [{"path": "/live"}]}
        product = Product(tmp_path, {"cameras": [row | {"credential": "view", "interval": "1 s"}]})

        def watch() -> None:
            with product.agent(peers) as agent:
                agent.until(
                    lambda: "no failed run" not in agent.get("/last-failure?target=C1")[1], 60
                )
                done = product.run("probe", "C1", "--last-failure")
                assert done.code == 0, done.text
                assert "> DESCRIBE rtsp://127.0.0.1" in done.out
                assert "404" in done.out
                assert PASSWORD not in done.out
                panel = json.loads(agent.get("/wall/device?id=C1")[1])
                assert any("DESCRIBE" in one["text"] for one in panel["failures"])
                assert product.run("probe", "C9", "--last-failure").code == 3
            gone = product.run("probe", "C1", "--last-failure")
            assert (gone.code, "no agent answers" in gone.err) == (3, True)

        await asyncio.to_thread(watch)
