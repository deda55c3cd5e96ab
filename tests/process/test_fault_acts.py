"""What people do about faults beside a running agent, and under kill -9: nothing that was
acknowledged is lost, nothing is doubled.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.product import Product
from helpers.store_samples import full
from helpers.support import Peers, free_port

from healthmon.incidents.acts import ActKind, act
from healthmon.store import Store

pytestmark = pytest.mark.long
ROOT = Path(__file__).parents[2]
LIVES = int(os.environ.get("CRASH_LIVES", "200")) // 4
NAME = ("--name", "A. Smith")
RAISE = ("faults", "raise", *NAME, "--what", "dome is dirty", "--noticed-by", "police")
TREE: dict[str, Any] = {
    "defaults": {
        "interval": "1 s",
        "timeout": "2 s",
        "cause": {"hold": "1 s", "quiet": "1 s", "longest": "2 s"},
    },
    "cameras": [
        {"id": "C001", "name": "Gate", "site": "s", "address": "127.0.8.1", "kind": "fixed"}
    ],
}


def camera(tree: dict[str, Any]) -> dict[str, Any]:
    """`TREE` with a camera that does not answer, and a webhook."""
    gate = {**tree["cameras"][0], "rtsp": {"port": free_port(host="127.0.8.1")}, "http": "no"}
    return {**tree, "cameras": [gate]}


def test_a_fault_that_a_person_raises_beside_the_agent_is_one_like_every_other(
    tmp_path: Path, peers: Peers
) -> None:
    port = free_port()
    (tmp_path / "mode").write_text("ok")
    hook = ROOT / "tests/helpers/fakes/file_hook.py"
    peers.start(sys.executable, hook, str(port), tmp_path / "got", tmp_path / "mode")
    peers.wait_tcp("127.0.0.1", port)
    receiver = {
        "notify": {"first": {"webhook": {"url": f"http://127.0.0.1:{port}/"}}},
        "routes": [{"to": "first"}],
    }
    product = Product(tmp_path, camera(TREE) | receiver)

    def well(*argv: str) -> str:
        done = product.run(*argv)
        assert done.code == 0, done.text
        return done.out

    with product.agent(peers) as agent:
        agent.until(lambda: agent.faults("C001"), 30)
        raised = well(*RAISE, "--device", "C001")
        number = raised[:7]
        assert raised == f"{number}: raised by A. Smith; open\n"
        agent.until(lambda: "raised" in agent.faults("C001"), 30)
        well("ack", number, *NAME, "--reason", "contractor called")
        well("faults", "verify", number, *NAME)
        well("faults", "close", number, *NAME, "--cause", "lens")
        agent.until(lambda: "raised" not in agent.faults("C001"), 30)
        well("faults", "undo", number, *NAME)
        agent.until(lambda: "raised" in agent.faults("C001"), 30)
        agent.process.send_signal(signal.SIGKILL)
        agent.process.wait(60)
    assert well(*RAISE)[:7] > number, "nobody else numbers now"
    with product.agent(peers) as agent:
        agent.until(lambda: "raised" in agent.faults("other"), 30)
        status, wall = agent.get("/wall.json")
        assert (status, "dome is dirty" in wall) == (200, True)
        acknowledged = ("healthmon_fault_acknowledged", "C001")
        assert agent.value(acknowledged[0], device=acknowledged[1], code="raised") == 1
        got = [json.loads(line)["body"] for line in (tmp_path / "got").read_text().splitlines()]
        told = [one["what"] for one in got if one["number"] == int(number[1:])]
        assert told[:3] == ["opened", "closed", "opened"]
        found = json.loads(well("faults", "show", number, "--json"))
        assert [one["act"] for one in found["acts"]] == (
            ["raise", "acknowledge", "verify", "close", "undo"]
        )
        assert {one["target"] for one in found["notified"]} == {"first"}


def victim(url: str, pipe: int) -> None:
    """Acts for ever; each is said once the store has it."""
    store = Store.open(url)
    count = 0
    while True:
        count += 1
        name = f"{os.getpid()} {count}"
        store.act(_on_seven(name))
        os.write(pipe, f"{name}\n".encode())


def _on_seven(name: str) -> Any:

    return replace(act(ActKind.CONFIRM, name, time.time()), number=7)


def one_life(url: str, seed: int) -> list[str]:
    """Fork a victim and kill it a moment after its first act; what it has said."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        try:
            victim(url, write)
        finally:
            os._exit(1)
    os.close(write)
    said = os.read(read, 65536)
    time.sleep(random.Random(seed).uniform(0.0, 0.03))
    os.kill(child, signal.SIGKILL)
    while block := os.read(read, 65536):
        said += block
    os.waitpid(child, 0)
    os.close(read)
    return [line.decode() for line in said.split(b"\n")[:-1]]


def test_an_act_that_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/history.db"
    store = Store.open(url)
    store.record(full())
    store.close()
    said = [name for seed in range(LIVES) for name in one_life(url, seed)]
    store = Store.open(url)  # its integrity check runs here
    kept = [one.by for one in store.life_cycle(7).acts]
    assert store.broken_links() == []
    store.close()
    assert len(said) >= LIVES
    assert set(said) <= set(kept), "an act that was acknowledged is lost"
    assert len(kept) == len(set(kept)), "an act is there twice"
    assert len(kept) <= len(said) + LIVES, "at most the last act of each life was not said"
