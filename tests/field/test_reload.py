"""A reload takes the file over and nothing else: what was learned stays, what is under way goes on.

FF-F4, FF-F12, FF-F13 and FF-F14.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from helpers import own_names
from helpers.fakes.dns_server import HANG, SERVFAIL, DnsServer
from helpers.fakes.onvif_clock import ClockCamera, TimeServer, row, serving, time_servers
from helpers.loopback import http, request, served
from helpers.product import Product, Running, only
from helpers.support import Peers, free_port

pytestmark = pytest.mark.long(130)
QUICK = {"interval": "1 s", "reference_interval": "1 s", "timeout": "5 s"}


def reload(agent: Running) -> None:
    """Have the file read again; it is taken over."""
    status, said = agent.post("/-/reload")
    assert status == 200, said


def runs(agent: Running, device: str, check: str) -> float:
    """How often a check has run."""
    return agent.value("healthmon_check_runs_total", device=device, check=check) or 0.0


def run_again(agent: Running, device: str, check: str, times: int = 2) -> None:
    """Wait until a check has run some more times."""
    before = runs(agent, device, check)
    agent.until(lambda: runs(agent, device, check) >= before + times, 60)


# ------------------------------------------------------------------------------------------- FF-F4


@dataclass
class Receiver:
    """A webhook's receiver that takes `seconds` to answer; `got` are (what, device) of every call."""

    seconds: float = 3.0
    got: list[tuple[str, str]] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        while True:
            body = json.loads((await request(reader))[2])
            self.got.append((body["what"], body["device"]))
            await asyncio.sleep(self.seconds)
            writer.write(http(b"", "204 No Content"))
            await writer.drain()


@contextlib.contextmanager
def storm(agent: Running) -> Iterator[None]:
    """Reloads are asked for every 0.3 s, by a signal and by HTTP in turn."""
    over = threading.Event()
    callers: list[threading.Thread] = []

    def ask() -> None:
        number = 0
        while not over.wait(0.3):
            number += 1
            if number % 2:
                agent.process.send_signal(signal.SIGHUP)
            else:
                callers.append(threading.Thread(target=post))
                callers[-1].start()

    def post() -> None:
        with contextlib.suppress(OSError):
            agent.post("/-/reload")

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield
    finally:
        over.set()
        asking.join()
        for one in callers:
            one.join()


def webhook(port: int) -> dict[str, Any]:
    """The notification target `desk`."""
    return {"desk": {"webhook": {"url": f"http://127.0.0.1:{port}/"}}}


def lost_cameras() -> list[dict[str, Any]]:
    """Two cameras that are well as long as something listens at their ports."""
    return [row(n, free_port(host=f"127.0.8.{n}"), "Gate") for n in (1, 2)]


def camera_at(camera: dict[str, Any]) -> contextlib.AbstractAsyncContextManager[object]:
    """The camera behind a row of config.yaml."""
    port = camera["http"]["port"]
    return served(ClockCamera().talk, host=camera["address"], port=port)


def quick_faults(servers: list[dict[str, Any]], **tree: Any) -> dict[str, Any]:
    """A configuration that tells a fault some seconds after it began."""
    defaults = QUICK | {"cause": {"hold": "1 s", "quiet": "1 s", "longest": "2 s"}}
    return {"time_servers": servers, "defaults": defaults, "routes": [{"to": "desk"}], **tree}


async def test_ff_f4_reloads_at_any_rate_cancel_no_delivery_and_the_last_file_counts(
    tmp_path: Path, peers: Peers
) -> None:
    receiver, cameras = Receiver(), lost_cameras()

    def name(agent: Running) -> str:
        labels, _ = only(agent.series("healthmon_device_info", device="C001"))
        return labels["name"]

    def first(agent: Running) -> None:
        agent.until(lambda: receiver.got, 60)
        time.sleep(2 * receiver.seconds)
        assert receiver.got == [("opened", "C001")]

    def second(agent: Running, product: Product, tree: dict[str, Any]) -> None:
        agent.until(lambda: ("opened", "C002") in receiver.got, 60)
        time.sleep(2 * receiver.seconds)
        cameras[0]["name"] = "the last one"
        product.write(tree)

    def told(agent: Running) -> None:
        agent.until(lambda: name(agent) == "the last one", 15)
        assert receiver.got == [("opened", "C001"), ("opened", "C002")]
        assert "requests to reload" in agent.log.read_text()

    async with time_servers() as servers, served(receiver.talk) as hook:
        tree = quick_faults(servers, cameras=cameras, notify=webhook(hook.port))
        product = Product(tmp_path, tree)
        with contextlib.ExitStack() as stack, contextlib.ExitStack() as reloads:
            async with camera_at(cameras[1]):
                agent = await asyncio.to_thread(stack.enter_context, product.agent(peers))
                reloads.enter_context(storm(agent))
                await asyncio.to_thread(first, agent)
            await asyncio.to_thread(second, agent, product, tree)
            await asyncio.to_thread(reloads.close)
            await asyncio.to_thread(told, agent)


async def test_ff_f4_a_reload_that_moves_a_target_lets_the_delivery_under_way_arrive(
    tmp_path: Path, peers: Peers
) -> None:
    old, new, cameras = Receiver(), Receiver(seconds=0), lost_cameras()

    def moved(agent: Running, product: Product, tree: dict[str, Any]) -> None:
        agent.until(lambda: old.got, 60)
        product.write(tree)
        reload(agent)

    def told(agent: Running) -> None:
        agent.until(lambda: new.got, 60)
        sent = {"target": "desk", "result": "sent"}
        agent.until(lambda: agent.value("healthmon_notifications_total", **sent) == 2, 15)
        assert (old.got, new.got) == ([("opened", "C001")], [("opened", "C002")])

    async with time_servers() as servers, served(old.talk) as one, served(new.talk) as other:
        tree = quick_faults(servers, cameras=cameras, notify=webhook(one.port))
        product = Product(tmp_path, tree)
        with contextlib.ExitStack() as stack:
            async with camera_at(cameras[1]):
                agent = await asyncio.to_thread(stack.enter_context, product.agent(peers))
                await asyncio.to_thread(
                    moved, agent, product, tree | {"notify": webhook(other.port)}
                )
            await asyncio.to_thread(told, agent)


# ------------------------------------------------------------------------------------------ FF-F12


async def test_ff_f12_names_looked_up_before_a_reload_serve_while_the_name_server_is_down(
    tmp_path: Path, peers: Peers
) -> None:
    """Also where an address is asked for again: after a minute."""
    own_names.own_addresses()

    def watched(product: Product, ours: DnsServer) -> None:
        with product.agent(peers) as agent:
            agent.until(lambda: len(agent.series("healthmon_device_up")) >= 4, 60)
            began = time.monotonic()
            own_names.fail(ours, SERVFAIL, HANG)
            for wait in (0, 62):
                agent.until(lambda wait=wait: time.monotonic() - began > wait, 70)
                reload(agent)
                for camera in ("C1", "C2", "C3", "C4"):
                    run_again(agent, camera, "reach", 3)
                up = {labels["device"]: v for labels, v in agent.series("healthmon_device_up")}
                assert up == dict.fromkeys(("C1", "C2", "C3", "C4"), 1)
                assert [one for n in range(1, 5) for one in agent.faults(f"C{n}")] == []

    async with served(ClockCamera().talk, host=own_names.GOOD) as web, time_servers() as servers:
        tree: dict[str, Any] = {"cameras": own_names.named_cameras([web.port] * 4)}
        tree |= {"time_servers": servers, "defaults": QUICK}
        product = Product(tmp_path, tree, before=own_names.before(tmp_path))
        with DnsServer(own_names.HERE, own_names.names(4)) as ours:
            await asyncio.to_thread(watched, product, ours)


# ------------------------------------------------------------------------------------------ FF-F13


async def test_ff_f13_a_probe_out_of_turn_that_fails_changes_nothing_of_the_regular_checks(
    tmp_path: Path, peers: Peers
) -> None:
    """The camera is away for the probe only, after a regular reach check; what is checked until the
    next one is well.
    """
    own_names.own_addresses()
    defaults = {"interval": "14 s", "clock_interval": "21 s", "timeout": "3 s"}

    def well(agent: Running) -> bool:
        return agent.value("healthmon_check_success", device="C001", check="clock") == 1

    def until_reach_alone(agent: Running) -> None:
        """Wait for a reach check that is followed by a clock check in 7 to 14 s, before the next one."""
        asked, clock = time.monotonic(), -math.inf
        seen = runs(agent, "C001", "clock"), runs(agent, "C001", "reach")
        while True:
            assert time.monotonic() < asked + 180
            now = runs(agent, "C001", "clock"), runs(agent, "C001", "reach")
            if now[1] != seen[1] and 7 < time.monotonic() - clock < 14:
                return
            clock = time.monotonic() if now[0] != seen[0] else clock
            seen = now
            time.sleep(0.2)

    def probed(agent: Running) -> None:
        until_reach_alone(agent)
        with own_names.away():
            page = agent.get("/probe?target=C001&module=reach")[1]
        assert value_of(page, "healthmon_device_up") == 0

    def unmoved(agent: Running) -> int:
        """How many clock checks were made until the next reach check."""
        reached, before = runs(agent, "C001", "reach"), runs(agent, "C001", "clock")
        while runs(agent, "C001", "reach") == reached:
            now = runs(agent, "C001", "clock")
            assert well(agent)
            assert agent.value("healthmon_device_up", device="C001") == 1
            time.sleep(0.2)
        assert agent.faults("C001") == set()
        return int(now - before)

    def watched(product: Product) -> None:
        with product.agent(peers) as agent:
            agent.until(lambda: well(agent), 60)
            probed(agent)
            assert unmoved(agent) > 0

    async with time_servers() as servers, served(ClockCamera().talk, host=own_names.GOOD) as web:
        camera = row(1, web.port, "Gate", address=own_names.GOOD)
        tree = {"cameras": [camera], "time_servers": servers, "defaults": defaults}
        await asyncio.to_thread(watched, Product(tmp_path, tree))


def value_of(page: str, name: str) -> float:
    """The value of the one series `name` on a page of metrics."""
    found = only([line for line in page.splitlines() if line.startswith(name + "{")])
    return float(found.rpartition(" ")[2])


# ------------------------------------------------------------------------------------------ FF-F14


async def test_ff_f14_data_used_today_outlives_reloads_where_no_file_can_keep_it(
    tmp_path: Path, peers: Peers
) -> None:
    (tmp_path / "state" / "data.json" / "taken").mkdir(parents=True)

    def used(agent: Running) -> float:
        return agent.value("healthmon_metered_bytes", device="C001") or 0.0

    def watched(product: Product) -> None:
        with product.agent(peers) as agent:
            agent.until(lambda: used(agent) > 500, 60)
            before = used(agent)
            for _ in range(3):
                reload(agent)
                assert used(agent) >= before
                time.sleep(1)
            agent.until(lambda: used(agent) >= before, 30)

    async with time_servers() as servers, serving([ClockCamera()]) as cameras:
        cameras[0] |= {"kind": "deployable", "interval": "5 s", "metered": {"per_day": "5 MB"}}
        tree = {"cameras": cameras, "time_servers": servers}
        await asyncio.to_thread(watched, Product(tmp_path, tree))


async def test_ff_f14_a_time_server_that_asked_to_be_left_alone_is_not_asked_after_a_reload(
    tmp_path: Path, peers: Peers
) -> None:
    unwilling, willing = TimeServer(kiss=b"DENY"), TimeServer()

    def watched(product: Product) -> None:
        with product.agent(peers) as agent:
            for _ in range(3):
                before = willing.asked
                agent.until(lambda before=before: willing.asked >= before + 3, 60)
                assert unwilling.asked == 1
                reload(agent)

    async with serving([ClockCamera()]) as cameras, contextlib.AsyncExitStack() as stack:
        servers = [
            {"address": address, "port": await opened(stack, server, address)}
            for address, server in (("127.0.7.8", unwilling), ("127.0.7.9", willing))
        ]
        tree = {"cameras": cameras, "time_servers": servers, "defaults": QUICK}
        await asyncio.to_thread(watched, Product(tmp_path, tree))


async def opened(stack: contextlib.AsyncExitStack, server: TimeServer, address: str) -> int:
    """The port of a time server that is closed with `stack`."""
    loop, port = asyncio.get_running_loop(), free_port(socket.SOCK_DGRAM, address)
    stack.push_async_callback(asyncio.sleep, 0)
    transport, _ = await loop.create_datagram_endpoint(lambda: server, local_addr=(address, port))
    stack.callback(transport.close)
    return port
