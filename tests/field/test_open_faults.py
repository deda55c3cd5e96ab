"""What the agent has found stands on every sheet, whatever one short look saw (FF-F20)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

from helpers.fakes.rtsp_server import Camera, Packet
from helpers.field_cameras import camera_row, film, rows_of
from helpers.loopback import served
from helpers.product import Product, Swept
from helpers.support import Peers


class OnePicture:
    """Every session begins with the same key frame, and no other comes while it is watched."""

    def __iter__(self) -> Iterator[Packet]:
        return film(keys=1_000_000)


async def test_ff_f20_an_open_fault_of_several_looks_stands_on_the_sheet(
    tmp_path: Path, peers: Peers
) -> None:
    def shift(product: Product) -> tuple[Swept, Swept, str, list[str]]:
        before = product.sweep()
        with product.agent(peers) as agent:
            agent.until(lambda: "frozen_picture" in agent.faults("C1"), 60)
        after = product.sweep()
        log = json.loads(product.run("faults", "--open", "--json").out)
        numbers = [one["fault"] for one in log if one.get("code") == "frozen_picture"]
        return before, after, product.run("sweep").out, numbers

    async with served(Camera(OnePicture()).talk) as server:
        tree = {"cameras": [camera_row(server.port, interval="1 s")]}
        tree["defaults"] = {"cause": {"hold": "1 s", "quiet": "1 s", "longest": "2 s"}}
        before, after, printed, numbers = await asyncio.to_thread(shift, Product(tmp_path, tree))
    assert rows_of(before, "stream") == []
    rows = rows_of(after, "stream", "faults")
    assert len(rows) == 1, "it stands on the sheet although one short sweep cannot see it"
    row = rows[0]
    assert "picture frozen" in row["sentence"]
    assert "; not checked here, open since " in row["sentence"]
    assert numbers == [row["fault"]]
    assert row["since"] is not None
    assert after.code == 1
    assert "not checked here, open since " in printed
    assert numbers[0] in printed
    assert "OK: none." in printed
