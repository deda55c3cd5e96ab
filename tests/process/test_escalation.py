"""Escalation by a real agent to a real receiver: a fault that nobody has taken on goes further 15 minutes
after its first message, once, and also where the agent was killed meanwhile.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from helpers.product import Product
from helpers.support import Peers, faked, free_port

pytestmark = pytest.mark.slow
HOOK = Path(__file__).parents[2] / "tests/helpers/fakes/file_hook.py"


def got(path: Path) -> list[dict[str, Any]]:
    """What a receiver was told of the cameras."""
    lines = path.read_text().splitlines() if path.exists() else []
    bodies = [json.loads(one)["body"] for one in lines]
    return [one for one in bodies if one.get("device") in ("C001", "C002")]


def test_what_nobody_has_taken_on_goes_further_after_15_minutes(
    tmp_path: Path, peers: Peers
) -> None:
    (tmp_path / "mode").write_text("ok")
    notify = {}
    for name in ("desk", "manager"):
        port = free_port()
        peers.start(sys.executable, HOOK, str(port), tmp_path / name, tmp_path / "mode")
        peers.wait_tcp("127.0.0.1", port)
        notify[name] = {"webhook": {"url": f"http://127.0.0.1:{port}/"}}
    kind = {"site": "s", "kind": "fixed", "http": "no"}
    gates = [
        {"id": f"C00{one}", "name": f"Gate {one}", "address": f"127.0.8.{one}", **kind}
        for one in (1, 2)
    ]
    product = Product(
        tmp_path,
        {
            "defaults": {
                "interval": "1 s",
                "timeout": "2 s",
                "cause": {"hold": "1 s", "quiet": "1 s", "longest": "2 s", "many": 9},
            },
            "cameras": [one | {"rtsp": {"port": free_port()}} for one in gates],
            "notify": notify,
            "routes": [
                {"to": "desk"},
                {"to": "manager", "after": "15 min", "unless": "acknowledged"},
            ],
        },
    )
    told = tmp_path / "desk"

    def number_of(device: str) -> str:
        (found,) = {one["number"] for one in got(told) if one.get("device") == device}
        return f"F{found:06d}"

    with product.agent(peers) as agent:
        agent.until(lambda: {"C001", "C002"} <= {one.get("device") for one in got(told)}, 60)
        done = product.run("ack", number_of("C002"), "--name", "A. Smith", "--reason", "called")
        assert done.code == 0, done.text
        assert got(tmp_path / "manager") == []
        agent.process.kill()
        agent.process.wait(60)
    product.environment = faked("+960s")
    with product.agent(peers) as agent:
        agent.until(lambda: got(tmp_path / "manager"), 60)
        began = time.monotonic()  # some ticks more: nothing goes there twice, nor what was taken on
        agent.until(lambda: time.monotonic() - began > 3, 60)
    gone = got(tmp_path / "manager")
    assert [(one["device"], one["what"]) for one in gone] == [("C001", "opened")]
    (words,) = (one for one in gone[0]["tried"] if "after its first notification" in one)
    assert words.startswith("open 16 min")
    assert words.endswith("not acknowledged")
    shown = product.run("faults", "show", number_of("C001")).out
    assert "manager " in shown
