"""Another program on the same machine does not stop the agent: one that is stopped keeps devices
(FF-F3), or has locked a file of the state folder (FF-F8).
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import signal
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from helpers.fakes.hook_server import receiver
from helpers.fakes.rtsp_server import Camera
from helpers.field_cameras import Row, camera_row, film, looked
from helpers.loopback import Served, served
from helpers.product import Product, Running
from helpers.support import Peers

pytestmark = pytest.mark.long
OWN = "healthmon"
CAMERAS = 6
TOLD_SECONDS = 120.0


@dataclass
class Estate:
    """Cameras that are well, each at an address of its own, and what they have counted."""

    rows: list[Row] = field(default_factory=list)
    served: list[Served] = field(default_factory=list)


@contextlib.asynccontextmanager
async def estate(watch: str = "1 s") -> AsyncIterator[Estate]:
    made = Estate()
    async with contextlib.AsyncExitStack() as stack:
        for number in range(1, CAMERAS + 1):
            address = f"127.0.4.{number}"
            one = await stack.enter_async_context(served(Camera(film()).talk, host=address))
            more = {"id": f"C{number}", "name": f"Camera {number}", "address": address}
            made.rows.append(camera_row(one.port, **more, interval="5 s", watch=watch))
            made.served.append(one)
        yield made


def stopped_sweep(product: Product, peers: Peers, made: Estate) -> int:
    """The process of a sweep that is stopped while it plays from devices."""
    process = peers.start(*product.argv("sweep"), env=product.env())
    end = time.monotonic() + 60
    while sum(one.connections for one in made.served) < CAMERAS:
        assert time.monotonic() < end, peers.log()[-2000:]
        assert process.poll() is None, peers.log()[-2000:]
        time.sleep(0.05)
    time.sleep(1.0)
    os.kill(process.pid, signal.SIGSTOP)
    return process.pid


async def test_ff_f3_a_stopped_sweep_is_named(tmp_path: Path, peers: Peers):
    """Told by notice, metric and command within two minutes; no camera is at fault; no camera is
    looked at twice at a time; and all is well after its end.
    """
    async with estate(watch="8 s") as made, receiver() as hook:
        routes = {
            "notify": {"duty": {"webhook": {"url": hook.url}}},
            "routes": [{"to": ["duty"]}],
        }
        product = Product(tmp_path, {"cameras": made.rows, **routes})

        def notices(process: int) -> list[str]:
            bodies = [got.body.decode() for got in hook.got]
            return [body for body in bodies if f"process {process} " in body]

        def watch() -> None:
            process = stopped_sweep(product, peers, made)
            with product.agent(peers) as agent:
                took = agent.until(lambda: notices(process), TOLD_SECONDS)
                print(f"told after {took:.0f} s: {notices(process)[0]}")
                agent.until(lambda: "devices_held" in agent.faults(OWN), 15)
                assert all(agent.faults(row["id"]) == set() for row in made.rows)
                shown = product.run("faults").text
                assert f"process {process} (" in shown
                assert "stopped) holds" in shown
                os.kill(process, signal.SIGKILL)
                agent.until(lambda: "devices_held" not in agent.faults(OWN), 90)
                agent.until(
                    lambda: all(
                        agent.value("healthmon_stream_up", device=row["id"]) == 1
                        for row in made.rows
                    ),
                    120,
                )
                assert max(one.most for one in made.served) == 1

        await asyncio.to_thread(watch)


async def test_ff_f3_another_sweep_does_not_wait_for_minutes(tmp_path: Path, peers: Peers):
    """What is held is not looked at and not at fault; the sheet names whom to end."""
    async with estate(watch="8 s") as made:
        product = Product(tmp_path, {"cameras": made.rows})

        def watch() -> None:
            process = stopped_sweep(product, peers, made)
            sheet = product.sweep(timeout=500)
            os.kill(process, signal.SIGKILL)
            assert sheet.seconds < 60, f"{sheet.seconds:.0f} s"
            for row in made.rows:
                assert sheet.rows(row["id"], "faults") == []
                told = sheet.sentences(row["id"], "not_checked")
                assert any(f"end process {process} (" in sentence for sentence in told), told
            assert max(one.most for one in made.served) == 1

        await asyncio.to_thread(watch)


async def test_beside_f3_a_sweep_that_goes_on_is_no_trouble(tmp_path: Path, peers: Peers):
    async with estate(watch="3 s") as made:
        product = Product(tmp_path, {"cameras": made.rows})

        def watch() -> None:
            with product.agent(peers) as agent:
                for _ in range(2):
                    sheet = product.sweep("--kind", "camera")  # it asks the devices itself
                    assert not sheet.rows("C1", "faults")
                    assert "devices_held" not in agent.faults(OWN)
                looked(agent, "stream", 3)
                assert "devices_held" not in agent.faults(OWN)
                assert max(one.most for one in made.served) == 1

        await asyncio.to_thread(watch)


# ---------------------------------------------------------------- FF-F8


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """`file` locked by this process, which is another than the agent."""
    with file.open("a") as held:
        fcntl.lockf(held, fcntl.LOCK_EX)
        yield


@dataclass
class Pulse:
    """How long the agent took at most to say that it is healthy, asked again and again."""

    agent: Running
    longest: float = 0.0
    asked: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self._over.wait(0.1):
            began = time.monotonic()
            with contextlib.suppress(OSError):
                self.agent.get("/-/healthy", 60)
            self.longest = max(self.longest, time.monotonic() - began)
            self.asked += 1

    @contextlib.contextmanager
    def beating(self) -> Iterator[None]:
        thread = threading.Thread(target=self.run)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join(90)


def metered(rows: list[Row]) -> list[Row]:
    """The first camera pays for its data."""
    first = {"metered": {"per_day": "500 MB"}, "interval": "2 s"}
    return [rows[0] | first, *rows[1:2]]


async def test_ff_f8_the_data_budget_is_locked(tmp_path: Path, peers: Peers):
    """The agent answers all the time, goes on checking, and keeps afterwards what was used."""
    async with estate() as made:
        product = Product(tmp_path, {"cameras": metered(made.rows)})
        state = tmp_path / "state"

        def runs(agent: Running) -> float:
            return agent.value("healthmon_check_runs_total", check="reach", device="C1") or 0.0

        def used() -> float:
            return float(json.loads((state / "data.json").read_text())["used"]["C1"])

        def watch() -> None:
            with product.agent(peers) as agent:
                agent.until(lambda: (state / "data.lock").exists() and runs(agent) >= 1, 90)
                pulse = Pulse(agent)
                with locked(state / "data.lock"), pulse.beating():
                    before, kept = runs(agent), used()
                    deadline = time.monotonic() + 12
                    while time.monotonic() < deadline:
                        time.sleep(0.5)
                    assert used() == kept
                print(f"longest answer {pulse.longest:.2f} s of {pulse.asked}")
                assert pulse.longest < 3, f"blocked for {pulse.longest:.1f} s"
                assert runs(agent) > before
                agent.until(lambda: used() > kept, 60)

        await asyncio.to_thread(watch)


async def test_ff_f8_a_sweep_does_not_wait_for_it(tmp_path: Path):
    async with estate() as made:
        product = Product(tmp_path, {"cameras": metered(made.rows)})
        state = tmp_path / "state"
        state.mkdir()
        with locked(state / "data.lock"):
            sheet = await asyncio.to_thread(product.sweep, timeout=60)
    assert sheet.rows("C1", "faults") == []
    assert sheet.rows("C2", "faults") == []


async def test_beside_f8_the_database_is_locked(tmp_path: Path, peers: Peers):
    async with estate() as made:
        product = Product(tmp_path, {"cameras": made.rows[:2]})

        def watch() -> None:
            with product.agent(peers) as agent:
                held = sqlite3.connect(tmp_path / "state" / "healthmon.db", isolation_level=None)
                held.execute("BEGIN EXCLUSIVE")
                pulse = Pulse(agent)
                with pulse.beating():
                    time.sleep(8)
                held.rollback()
                held.close()
                assert pulse.longest < 3, f"blocked for {pulse.longest:.1f} s"

        await asyncio.to_thread(watch)
