"""Two agents with one PostgreSQL: one has the estate, the other stands by and takes over, without a lost
or doubled message.
"""

from __future__ import annotations

import json
import re
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from helpers.databases import postgres
from helpers.product import Product, Running
from helpers.room import ROOT
from helpers.support import Peers, free_port

pytestmark = pytest.mark.long
TAKEOVER_SECONDS = 3
DEAD = "127.0.0.77"


def leads(agent: Running) -> bool:
    return agent.get("/-/healthy")[0] == 200 and not agent.series("healthmon_standing_by")


def stands_by(agent: Running) -> bool:
    return agent.value("healthmon_standing_by") == 1


def test_a_second_agent_takes_over_from_one_that_is_stopped_killed_or_ended(
    peers: Peers, tmp_path: Path
) -> None:
    _server, url = postgres(peers)
    hook, got = free_port(), tmp_path / "got"
    (tmp_path / "mode").write_text("ok")
    peers.start(
        sys.executable,
        ROOT / "tests/helpers/fakes/file_hook.py",
        str(hook),
        got,
        tmp_path / "mode",
    )
    products = [_product(tmp_path / name, url, hook) for name in ("north", "south")]

    def messages() -> list[str]:
        bodies = [json.loads(line)["body"] for line in got.read_text().splitlines()]
        return [body["what"] for body in bodies if body["device"] == "C001"]

    with ExitStack() as running:

        def start(which: int) -> Running:
            return running.enter_context(products[which].agent(peers))

        north = start(0)
        north.until(lambda: got.exists() and north.faults("C001"), 60)
        south = start(1)
        south.until(lambda: stands_by(south), 20)
        assert "has the estate" in south.get("/")[1]
        listed = products[1].run("agents").out
        assert re.search(
            r"^north: has the estate \(epoch 1\), seen \d s ago$", listed, re.MULTILINE
        )
        assert re.search(r"^south: stands by, seen \d s ago$", listed, re.MULTILINE)

        north.process.send_signal(signal.SIGSTOP)
        took = south.until(lambda: answers(lambda: leads(south) and south.faults("C001")), 60)
        assert took >= TAKEOVER_SECONDS - 1
        north.process.send_signal(signal.SIGCONT)
        assert north.process.wait(60) == 75
        assert "has taken the estate over" in north.log.read_text()
        assert messages() == ["opened"]

        north = start(0)
        north.until(lambda: stands_by(north), 20)
        south.process.kill()
        north.until(lambda: answers(lambda: leads(north) and north.faults("C001")), 60)
        south = start(1)
        south.until(lambda: stands_by(south), 20)
        north.process.terminate()
        north.process.wait(60)
        began = time.monotonic()
        south.until(lambda: answers(lambda: leads(south) and south.faults("C001")), 60)
        assert messages() == ["opened"]
        log = south.log.read_text()
        assert "the agent on" in log
        assert "has ended" in log, f"taken over after {time.monotonic() - began:.1f} s"


def answers(true: Callable[[], object]) -> bool:
    """Whether `true`, while pages go away and come back."""
    try:
        return bool(true())
    except OSError:
        return False


def _product(folder: Path, url: str, hook: int) -> Product:
    folder.mkdir()
    cameras = [{"id": "C001", "name": "Quay", "site": "quay", "kind": "fixed", "address": DEAD}]
    return Product(
        folder,
        {
            "sites": [{"id": "quay", "name": "Quay"}],
            "cameras": cameras,
            "database": {
                "url": url.replace("healthmon@", ""),
                "credential": "view",
                "takeover": f"{TAKEOVER_SECONDS} s",
            },
            "notify": {"desk": {"webhook": {"url": f"http://127.0.0.1:{hook}/"}}},
            "routes": [{"to": "desk"}],
            "defaults": {
                "interval": "5 s",
                "cause": {"hold": "1 s", "quiet": "1 s", "longest": "2 s"},
            },
        },
        environment={"HEALTHMON_AGENT": folder.name},
    )
