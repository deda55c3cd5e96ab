"""An open fault is told whatever the clocks of the agent and of Alertmanager say: FF-E1."""

from __future__ import annotations

import json
import sys
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from helpers.moved_clock import MovedClock
from helpers.product import Product, Running, only
from helpers.support import Peers, free_port, need

pytestmark = [pytest.mark.peer, pytest.mark.long]
ROOT = Path(__file__).parents[2]

CONFIG = """
route: {{receiver: desk, group_by: [fault], group_wait: 200ms, group_interval: 300ms}}
receivers: [{{name: desk, webhook_configs: [{{url: '{hook}', send_resolved: true}}]}}]
"""
QUICK = {
    "interval": "1 s",
    "timeout": "2 s",
    "confirm": {"failures": 1, "of": 1, "clear": 1},
    "cause": {"hold": "1 s", "quiet": "1 s"},
}
DEVICE = "127.0.16.1"


class Manager:
    """Debian's Alertmanager, whose clock is right, with a webhook behind it."""

    def __init__(self, peers: Peers, folder: Path) -> None:
        need("prometheus-alertmanager")
        self.port, hook, self.folder = free_port(), free_port(), folder
        (folder / "mode").write_text("ok")
        program = ROOT / "tests/helpers/fakes/file_hook.py"
        peers.start(sys.executable, program, str(hook), folder / "got", folder / "mode")
        (folder / "am.yml").write_text(CONFIG.format(hook=f"http://127.0.0.1:{hook}/"))
        peers.start(
            "prometheus-alertmanager",
            f"--config.file={folder / 'am.yml'}",
            f"--storage.path={folder / 'am'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=",
        )
        peers.wait_tcp("127.0.0.1", hook)
        peers.wait_ready(self.port)

    def told(self, device: str) -> list[str]:
        """Firing and resolved, as people were told."""
        got = self.folder / "got"
        lines = got.read_text().splitlines() if got.exists() else []
        alerts = [alert for line in lines for alert in json.loads(line)["body"]["alerts"]]
        return [one["status"] for one in alerts if one["labels"].get("device") == device]

    def alerts(self, device: str) -> list[dict[str, Any]]:
        """The alerts that are active now."""
        url = f"http://127.0.0.1:{self.port}/api/v2/alerts"
        with urllib.request.urlopen(url, timeout=60) as answer:
            return [one for one in json.load(answer) if one["labels"].get("device") == device]


def camera(port: int) -> dict[str, Any]:
    basics = {"id": "C001", "name": "North", "site": "s", "kind": "fixed", "address": DEVICE}
    return basics | {"rtsp": "no", "http": {"port": port}}


def product_of(folder: Path, manager: Manager, clock: MovedClock, port: int) -> Product:
    target = {"url": f"http://127.0.0.1:{manager.port}", "resend": "5 s"}
    rows = {
        "defaults": QUICK,
        "cameras": [camera(port)],
        "notify": {"alerts": {"alertmanager": target}},
        "routes": [{"to": "alerts"}],
    }
    return Product(folder, rows, environment=clock.env)


def serve(peers: Peers, port: int) -> Any:
    """The camera's web server."""
    server = peers.start(sys.executable, "-m", "http.server", str(port), "--bind", DEVICE)
    peers.wait_tcp(DEVICE, port)
    return server


def age(alert: dict[str, Any]) -> float:
    """How long ago it began, by Alertmanager's clock."""
    return (datetime.now(UTC) - datetime.fromisoformat(alert["startsAt"])).total_seconds()


def updates(manager: Manager) -> list[str]:
    """When the open alert of C001 was repeated last."""
    return [one["updatedAt"] for one in manager.alerts("C001")]


def is_told(agent: Running, manager: Manager) -> None:
    agent.until(lambda: manager.told("C001") == ["firing"], 60)
    alert = only(manager.alerts("C001"))
    assert -5 < age(alert) < 90, alert["startsAt"]


@pytest.mark.parametrize("ahead", ["-240", "+420", "-400000000", "@1970-01-02 00:00:00"])
def test_ff_e1_a_fault_fires_and_resolves_whatever_our_clock_says(
    tmp_path: Path, peers: Peers, ahead: str
) -> None:
    manager, clock, port = Manager(peers, tmp_path), MovedClock(tmp_path / "step"), free_port()
    clock.step(ahead)
    with product_of(tmp_path, manager, clock, port).agent(peers) as agent:
        is_told(agent, manager)
        server = serve(peers, port)
        agent.until(lambda: manager.told("C001")[1:2] == ["resolved"], 60)
        assert manager.alerts("C001") == []
        peers.stop(server)


@pytest.mark.parametrize("steps", [("+0", "-3600"), ("+600", "-600")])
def test_ff_e1_a_step_of_our_clock_ends_no_open_alert(
    tmp_path: Path, peers: Peers, steps: tuple[str, str]
) -> None:
    manager, clock = Manager(peers, tmp_path), MovedClock(tmp_path / "step")
    clock.step(steps[0])
    with product_of(tmp_path, manager, clock, free_port()).agent(peers) as agent:
        is_told(agent, manager)
        clock.step(steps[1])
        for _ in range(3):  # longer than it takes an alert to end that is not repeated
            began = updates(manager)
            assert began, "the alert has ended"
            agent.until(lambda: updates(manager) != began, 30)  # noqa: B023
        assert manager.told("C001") == ["firing"]
        alert = only(manager.alerts("C001"))
        assert -5 < age(alert) < 150, alert["startsAt"]
