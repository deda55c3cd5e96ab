"""A step of our own clock changes no wait, and times that are kept follow it: FF-F1."""

from __future__ import annotations

import json
import math
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from helpers.moved_clock import MovedClock
from helpers.product import Product, Running, only
from helpers.support import Peers, free_port

pytestmark = pytest.mark.long
ROOT = Path(__file__).parents[2]
DEVICE = "127.0.18.1"
QUICK = {
    "interval": "1 s",
    "timeout": "2 s",
    "confirm": {"failures": 1, "of": 1, "clear": 1},
    "cause": {"hold": "10 s", "quiet": "1 s"},
}


class Hook:
    """A webhook's receiver, whose clock is right."""

    def __init__(self, peers: Peers, folder: Path) -> None:
        self.port, self.folder = free_port(), folder
        self.answer("ok")
        program = ROOT / "tests/helpers/fakes/file_hook.py"
        peers.start(sys.executable, program, str(self.port), folder / "got", folder / "mode")
        peers.wait_tcp("127.0.0.1", self.port)

    def answer(self, mode: str) -> None:
        (self.folder / "mode").write_text(mode)

    def got(self, device: str = "C001") -> list[dict[str, Any]]:
        """The notices that it took, in order."""
        path = self.folder / "got"
        lines = path.read_text().splitlines() if path.exists() else []
        bodies = [json.loads(line)["body"] for line in lines]
        return [body for body in bodies if body["device"] == device or device in str(body["lines"])]


class Camera:
    """A camera's web server, which can be cut off."""

    def __init__(self, peers: Peers) -> None:
        self.peers, self.port, self.server = peers, free_port(), None
        self.on()

    def row(self) -> dict[str, Any]:
        basics = {"id": "C001", "name": "North", "site": "s", "kind": "fixed", "address": DEVICE}
        return basics | {"rtsp": "no", "http": {"port": self.port}}

    def on(self) -> None:
        argv = (sys.executable, "-m", "http.server", str(self.port), "--bind", DEVICE)
        self.server = self.peers.start(*argv)
        self.peers.wait_tcp(DEVICE, self.port)

    def off(self) -> None:
        self.peers.stop(self.server)


class Estate:
    """One camera, one receiver, and the product with a clock that can be set."""

    def __init__(self, peers: Peers, folder: Path, ahead: str = "+0", **route: Any) -> None:
        self.peers, self.hook, self.camera = peers, Hook(peers, folder), Camera(peers)
        self.clock = MovedClock(folder / "step")
        self.clock.step(ahead)
        target = {"webhook": {"url": f"http://127.0.0.1:{self.hook.port}/"}}
        rows = {
            "defaults": QUICK,
            "cameras": [self.camera.row()],
            "notify": {"desk": target},
            "routes": [{"to": "desk"} | route],
        }
        self.product = Product(folder, rows, environment=self.clock.env)

    def ready(self, agent: Running) -> None:
        agent.until(lambda: agent.get("/-/ready")[0] == 200, 60)
        assert agent.faults("C001") == set()

    def rows(self) -> list[dict[str, Any]]:
        """The fault log of the camera."""
        rows = json.loads(self.product.run("faults", "--json").out)
        return [row for row in rows if row["device"] == "C001"]


def has_stepped(agent: Running) -> None:
    """Until the agent lives in the new time, and has tried again in vain."""
    time.sleep(10)


STEPS = ["-3600", "+86400", "-400000000"]


@pytest.mark.parametrize("step", STEPS)
def test_ff_f1_a_camera_that_died_before_the_step_is_told_in_time(
    tmp_path: Path, peers: Peers, step: str
) -> None:
    estate = Estate(peers, tmp_path)
    with estate.product.agent(peers) as agent:
        estate.ready(agent)
        estate.camera.off()
        agent.until(lambda: agent.value("healthmon_device_up", device="C001") == 0, 30)
        estate.clock.step(step)
        assert estate.hook.got() == [], "it was told before the step"
        agent.until(estate.hook.got, 40)
        notice = only(estate.hook.got())
        age = (at(notice["at"]) - at(notice["since"])).total_seconds()
        assert -2 <= age < 60, (notice["since"], notice["at"])


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_ff_f1_a_retry_waits_for_its_pause_and_not_for_the_step(
    tmp_path: Path, peers: Peers
) -> None:
    retried_over("-3600", tmp_path, peers)


def test_beside_f1_a_notice_is_not_given_up_for_a_step(tmp_path: Path, peers: Peers) -> None:
    retried_over("+86400", tmp_path, peers)


def retried_over(step: str, tmp_path: Path, peers: Peers) -> None:
    """A notice that was refused is sent again in time, whatever our clock says by then."""
    estate = Estate(peers, tmp_path)
    with estate.product.agent(peers) as agent:
        estate.ready(agent)
        estate.hook.answer("500")
        estate.camera.off()

        def retried() -> bool:
            rows = agent.series("healthmon_notifications_total", target="desk", result="retried")
            return sum(value for _, value in rows) >= 2

        agent.until(retried, 60)
        estate.clock.step(step)
        has_stepped(agent)
        estate.hook.answer("ok")
        agent.until(estate.hook.got, 25)


@pytest.mark.parametrize(("step", "first"), [("-3600", "+0"), ("+0", "-86400")])
def test_ff_f1_what_stays_open_has_begun_by_the_clock_as_it_is_now(
    tmp_path: Path, peers: Peers, step: str, first: str
) -> None:
    """In the metric, the fault log, and after a restart."""
    estate = Estate(peers, tmp_path, first)

    def age(agent: Running) -> float:
        since = agent.value("healthmon_fault_since_timestamp_seconds", device="C001")
        return time.time() + float(step) - since if since is not None else -math.inf

    with estate.product.agent(peers) as agent:
        estate.ready(agent)
        began = time.monotonic()
        estate.camera.off()
        agent.until(estate.hook.got, 60)
        estate.clock.step(step)
        agent.until(lambda: -2 <= age(agent) <= time.monotonic() - began + 2, 20)
        row = only(estate.rows())
        assert 0 <= row["seconds"] <= time.monotonic() - began + 5, row
    with estate.product.agent(peers) as agent:
        agent.until(lambda: agent.faults("C001"), 60)
        agent.until(lambda: -2 <= age(agent) <= time.monotonic() - began + 2, 20)
        estate.camera.on()
        agent.until(lambda: len(estate.hook.got()) == 2, 60)
        over = estate.hook.got()[1]
        assert over["what"] == "closed"
        lasted = (at(over["until"]) - at(over["since"])).total_seconds()
        assert 0 <= lasted <= time.monotonic() - began + 2
        row = only(estate.rows())
        assert 0 <= row["seconds"] <= time.monotonic() - began + 5, row


def test_ff_f1_a_restart_with_a_clock_that_was_set_back_tells_in_time(
    tmp_path: Path, peers: Peers
) -> None:
    estate = Estate(peers, tmp_path, "+86400")
    estate.hook.answer("500")
    with estate.product.agent(peers) as agent:
        estate.ready(agent)
        estate.camera.off()
        agent.until(lambda: [row for row in estate.rows() if row["told"]], 60)
    estate.clock.step("+0")
    estate.hook.answer("ok")
    with estate.product.agent(peers) as agent:
        agent.until(estate.hook.got, 40)
