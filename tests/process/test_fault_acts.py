"""What people do about faults beside a running agent."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers.product import Product
from helpers.support import Peers, free_port

pytestmark = pytest.mark.long
ROOT = Path(__file__).parents[2]
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
        # On the wall's list it may stand behind the device's other fault by now ("and 1 more").
        status, panel = agent.get("/wall/device?id=C001")
        assert (status, "dome is dirty" in panel) == (200, True)
        shown = json.loads(agent.get("/wall.json")[1])["faults"]
        assert ("other", "Something else") in [(one["id"], one["name"]) for one in shown]
        assert "dome is dirty" in agent.get("/wall/device?id=other")[1]
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
