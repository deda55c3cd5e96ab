"""A camera whose sessions are all in use is not checked, and that is told after a while (FF-F23)."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import datetime
from pathlib import Path

import pytest
from helpers.fakes.rtsp_server import Camera
from helpers.field_cameras import Row, camera_row, film, looked, rows_of, swept
from helpers.loopback import served
from helpers.product import Product, only
from helpers.support import Peers

BUSY = ["453 Not Enough Bandwidth", "503 Service Unavailable"]
AFTER = "5 s"


@pytest.mark.parametrize("status", BUSY)
@pytest.mark.parametrize("method", ["DESCRIBE", "SETUP", "PLAY"])
async def test_beside_f23_busy_is_no_fault(method: str, status: str, tmp_path: Path):
    async with served(Camera(film(), statuses={method: status}).talk) as server:
        sheet = await swept(tmp_path, {"cameras": [camera_row(server.port)]})
    assert rows_of(sheet, "stream", "faults") == []
    assert "all its sessions are in use" in rows_of(sheet, "stream", "not_checked")[0]["sentence"]


def product_of(folder: Path, rows: list[Row], after: str = AFTER) -> Product:
    """With the time after which it is told, where this build knows one: 94670cd has none."""
    defaults = {"unchecked": after}
    product = Product(folder, {"cameras": rows, "defaults": defaults})
    if "unchecked" in product.run("check-config").text:
        product.write({"cameras": rows})
    return product


async def test_ff_f23_busy_for_a_while_is_told(tmp_path: Path, peers: Peers):
    camera = Camera(film(), statuses={"DESCRIBE": BUSY[0]})
    async with served(camera.talk) as server:
        product = product_of(tmp_path, [camera_row(server.port, interval="1 s")])

        def watch() -> tuple[set[str], float | None]:
            with product.agent(peers) as agent:
                runs = {"device": "C1", "check": "reach"}
                agent.until(
                    lambda: (
                        agent.faults("C1")
                        or (agent.value("healthmon_check_runs_total", **runs) or 0) >= 20
                    ),
                    60,
                )
                codes = agent.faults("C1")
                unknown = agent.value("healthmon_device_state", device="C1", state="unknown")
                camera.statuses = {}
                agent.until(lambda: agent.value("healthmon_stream_up", device="C1") == 1, 60)
                agent.until(lambda: not agent.faults("C1"), 60)
                return codes, unknown

        codes, unknown = await asyncio.to_thread(watch)
    assert codes == {"not_checked"}
    assert unknown == 1


async def test_ff_f23_the_time_goes_on_over_a_restart(tmp_path: Path, peers: Peers):
    camera = Camera(film(), statuses={"DESCRIBE": BUSY[0]})
    async with served(camera.talk) as server:
        product = product_of(tmp_path, [camera_row(server.port, interval="1 s")], "12 s")

        def watch() -> tuple[float, str]:
            with product.agent(peers) as agent:
                looked(agent, "stream", 5)
            with product.agent(peers) as agent:
                restarted = time.time()
                agent.until(lambda: agent.faults("C1"), 60)
            incidents = json.loads(product.run("faults", "--json").out)
            return restarted, only([one for one in incidents if one["device"] == "C1"])["since"]

        restarted, since = await asyncio.to_thread(watch)
    assert datetime.fromisoformat(since).timestamp() < restarted - 2


async def test_beside_f23_a_short_while_is_not_told(tmp_path: Path, peers: Peers):
    camera = Camera(film(), statuses={"DESCRIBE": BUSY[0]})
    async with served(camera.talk) as server:
        product = Product(tmp_path, {"cameras": [camera_row(server.port, interval="1 s")]})

        def watch() -> set[str]:
            with product.agent(peers) as agent:
                looked(agent, "reach", 8)
                return agent.faults("C1")

        assert await asyncio.to_thread(watch) == set()
