"""A mains failure explains what follows it over a restart of the agent: FF-F21."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from helpers.fakes.onvif_clock import ClockCamera, time_servers
from helpers.fakes.ups_daemons import Upsd
from helpers.loopback import served
from helpers.product import Product, Running
from helpers.support import Peers

pytestmark = pytest.mark.long

MAINS = {
    "ups.status": "OL",
    "input.voltage": "230",
    "battery.charge": "100",
    "battery.runtime": "3600",
}
BATTERY = MAINS | {"ups.status": "OB DISCHRG", "input.voltage": "0", "battery.charge": "90"}
WORN = BATTERY | {"ups.status": "OB DISCHRG RB"}
CALIBRATED = MAINS | {"ups.status": "OL RB"}
QUICK = {
    "interval": "1 s", "clock_interval": "1 min", "identity_interval": "1 min",
    "ups_interval": "1 s", "timeout": "5 s", "cause": {"hold": "2 s", "quiet": "1 s"},
}  # fmt: skip
EYES = 5


class Site:
    """A site with a UPS and some cameras; each camera can be cut off."""

    def __init__(self, folder: Path, loop: asyncio.AbstractEventLoop) -> None:
        self.folder, self.loop = folder, loop
        self.upsd = Upsd(MAINS)
        self.stack, self.eyes = AsyncExitStack(), [AsyncExitStack() for _ in range(EYES)]

    async def rows(self) -> dict[str, Any]:
        cameras = []
        for number, eye in enumerate(self.eyes, 1):
            host = f"127.0.17.{number}"
            server = await eye.enter_async_context(
                served(ClockCamera("GMT0BST,M3.5.0/1,M10.5.0").talk, host=host)
            )
            basics = {"id": f"E{number}", "name": f"Eye {number}", "site": "s", "kind": "fixed"}
            ways = {"rtsp": "no", "http": {"port": server.port}, "address": host}
            cameras.append(basics | ways)
        host = "127.0.17.100"
        server = await self.stack.enter_async_context(served(self.upsd.talk, host=host))
        ups = {"id": "U1", "name": "Mast UPS", "site": "s", "address": host}
        return {
            "time_servers": await self.stack.enter_async_context(time_servers()),
            "defaults": QUICK,
            "cameras": cameras,
            "ups": [ups | {"nut": {"ups": "u", "port": server.port}}],
        }

    def cut(self, *numbers: int) -> None:
        """These cameras are gone."""
        for number in numbers:
            ended = self.eyes[number - 1].aclose()
            asyncio.run_coroutine_threadsafe(ended, self.loop).result(10)


def log_of(product: Product) -> list[dict[str, Any]]:
    return list(json.loads(product.run("faults", "--json").out))


def row_of(product: Product, device: str) -> dict[str, Any]:
    """The fault of a device once people were told of it."""
    return next((row for row in log_of(product) if row["device"] == device and row["told"]), {})


def lose_mains(agent: Running, product: Product, site: Site, said: dict[str, str] = BATTERY) -> str:
    """The number of the fault of the UPS, once it is told."""
    agent.until(lambda: agent.get("/-/ready")[0] == 200, 60)
    assert log_of(product) == []
    site.upsd.variables = said
    agent.until(lambda: "on_battery" in agent.faults("U1"), 60)
    agent.until(lambda: row_of(product, "U1"), 60)
    return str(row_of(product, "U1")["fault"])


async def watched(folder: Path, story: Callable[[Product, Site], None]) -> None:
    site = Site(folder, asyncio.get_running_loop())
    try:
        product = Product(folder, await site.rows())
        await asyncio.to_thread(story, product, site)
    finally:
        for stack in (*site.eyes, site.stack):
            await stack.aclose()


def follows(agent: Running, product: Product, device: str, number: str) -> None:
    agent.until(lambda: row_of(product, device), 60)
    cause = row_of(product, device)["cause"]
    assert f"follows the mains failure at Mast UPS (fault {number})" in cause


async def test_ff_f21_a_restart_during_a_mains_failure_keeps_the_cause(
    tmp_path: Path, peers: Peers
) -> None:
    def story(product: Product, site: Site) -> None:
        with product.agent(peers) as agent:
            number = lose_mains(agent, product, site)
            agent.process.kill()
            agent.process.wait(60)
        with product.agent(peers) as agent:
            agent.until(lambda: agent.get("/-/ready")[0] == 200, 60)
            site.cut(1)
            follows(agent, product, "E1", number)

    await watched(tmp_path, story)


async def test_ff_f21_so_does_a_restart_just_after_it(tmp_path: Path, peers: Peers) -> None:
    def story(product: Product, site: Site) -> None:
        with product.agent(peers) as agent:
            number = lose_mains(agent, product, site)
            site.upsd.variables = MAINS
            agent.until(lambda: not agent.faults("U1"), 60)
        with product.agent(peers) as agent:
            agent.until(lambda: agent.get("/-/ready")[0] == 200, 60)
            site.cut(1)
            follows(agent, product, "E1", number)

    await watched(tmp_path, story)


async def test_ff_f21_a_whole_site_that_is_lost_after_it_has_the_cause_too(
    tmp_path: Path, peers: Peers
) -> None:
    def story(product: Product, site: Site) -> None:
        with product.agent(peers) as agent:
            number = lose_mains(agent, product, site, WORN)
        with product.agent(peers) as agent:
            agent.until(lambda: agent.get("/-/ready")[0] == 200, 60)
            site.cut(*range(1, EYES + 1))
            follows(agent, product, "site:s", number)

    await watched(tmp_path, story)


async def test_beside_f21_mains_that_are_back_explain_nothing_new(
    tmp_path: Path, peers: Peers
) -> None:
    """The UPS keeps a fault of its own: its battery is worn."""

    def story(product: Product, site: Site) -> None:
        product.write(
            product.tree | {"defaults": QUICK | {"cause": QUICK["cause"] | {"power": "1 s"}}}
        )
        with product.agent(peers) as agent:
            lose_mains(agent, product, site, WORN)
            site.upsd.variables = CALIBRATED
            agent.until(lambda: "on_battery" not in agent.faults("U1"), 60)
        with product.agent(peers) as agent:
            agent.until(lambda: agent.get("/-/ready")[0] == 200, 60)
            site.cut(1)
            agent.until(lambda: row_of(product, "E1"), 60)
            assert row_of(product, "E1")["cause"] == ""

    await watched(tmp_path, story)
