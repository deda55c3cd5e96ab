"""The history file is moved, removed or replaced while the agent runs: FF-F5."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.fakes.onvif_clock import row, time_servers
from helpers.product import Product, Running
from helpers.support import Peers, free_port

pytestmark = pytest.mark.long
QUICK: dict[str, Any] = {"interval": "1 s", "timeout": "3 s"}
QUICK |= {"cause": {"hold": "1 s", "quiet": "1 s", "longest": "2 s"}}


def removed(file: Path) -> None:
    file.unlink()


def restored(file: Path) -> None:
    """By a copy of itself, as after a restore."""
    copy = file.with_name("copy.db")
    shutil.copy(file, copy)
    copy.replace(file)


def folder_removed(file: Path) -> None:
    shutil.rmtree(file.parent)


HOW = (removed, restored, folder_removed)
BEGUN_AGAIN = (removed, restored)  # the others are as new a file as one of these


@pytest.mark.parametrize("how", HOW, ids=[one.__name__ for one in HOW])
async def test_ff_f5_history_begins_anew_at_once_with_the_open_faults_and_that_is_told(
    how: Callable[[Path], None], tmp_path: Path, peers: Peers
) -> None:
    def logged(product: Product) -> dict[str, str]:
        """The open faults of the log: number and device."""
        done = product.run("faults", "--json")
        rows = json.loads(done.out) if done.code == 0 else []
        return {one["fault"]: one["device"] for one in rows if not one["closed"]}

    def told(product: Product, agent: Running) -> None:
        agent.until(lambda: logged(product), 60)
        assert logged(product) == {"F000001": "C001"}
        acknowledged = product.run("ack", "F000001", "--name", "A. Smith", "--reason", "known")
        assert acknowledged.code == 0
        known = ("healthmon_fault_acknowledged", "C001")
        agent.until(lambda: agent.value(known[0], device=known[1]) == 1, 30)
        how(tmp_path / "state" / "healthmon.db")
        agent.until(lambda: agent.faults("healthmon"), 30)
        agent.until(lambda: logged(product).get("F000001") == "C001", 15)
        agent.until(lambda: agent.value("healthmon_store_ok") == 1, 15)
        agent.process.send_signal(signal.SIGKILL)
        agent.process.wait(60)

    def again(product: Product) -> None:
        with product.agent(peers) as agent:
            agent.until(lambda: agent.faults("C001"), 30)
            assert agent.value("healthmon_fault_acknowledged", device="C001") == 1
            assert logged(product)["F000001"] == "C001"

    def watched(product: Product) -> None:
        with product.agent(peers) as agent:
            told(product, agent)
        if how in BEGUN_AGAIN:
            again(product)

    async with time_servers() as servers:
        camera = row(1, free_port(host="127.0.8.1"), "Gate")
        tree = {"cameras": [camera], "time_servers": servers, "defaults": QUICK}
        await asyncio.to_thread(watched, Product(tmp_path, tree))
