"""Agents that share the devices: the one that has the estate deals, each device is checked by one at
a time, whatever happens to an agent, and faults are told once.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pytest
from helpers.databases import postgres
from helpers.product import Product, Running
from helpers.room import ROOT
from helpers.support import Peers, free_port

pytestmark = pytest.mark.long
TAKEOVER_SECONDS = 6.0
INTERVAL_SECONDS = 2.0
FAKES = ROOT / "tests/helpers/fakes"
NAMES = [f"C{number:03}" for number in range(1, 13)]
DYING = NAMES[:4]


def address(name: str) -> str:
    """Of the camera `name`."""
    return f"127.0.23.{int(name[1:])}"


class Shared:
    """North has the estate, south makes checks too; the services of the cameras write down each visit."""

    def __init__(self, folder: Path, peers: Peers) -> None:
        self.folder, self.peers, self.got = folder, peers, folder / "got"
        self.database, url = postgres(peers)
        self.port, hook = free_port(), free_port()
        self.doors = {name: self.open_door(name) for name in NAMES}
        for name in NAMES:
            peers.wait_tcp(address(name), self.port)
        (folder / "mode").write_text("ok")
        peers.start(sys.executable, FAKES / "file_hook.py", str(hook), self.got, folder / "mode")
        self.products = {}
        for agent in ("north", "south"):
            (folder / agent).mkdir()
            tree, named = _tree(url, hook, self.port), {"HEALTHMON_AGENT": agent}
            self.products[agent] = Product(folder / agent, tree, environment=named)
        self.running = ExitStack()

    def open_door(self, name: str) -> subprocess.Popen[bytes]:
        """The service of the camera `name`."""
        program = FAKES / "doors.py"
        return self.peers.start(
            sys.executable, program, str(self.port), self._visits(name), address(name)
        )

    def start(self, name: str) -> Running:
        """The agent of that `name`."""
        return self.running.enter_context(self.products[name].agent(self.peers))

    def started(self) -> tuple[Running, Running]:
        """Both agents make checks."""
        north = self.start("north")
        north.until(lambda: north.get("/-/ready")[0] == 200, 60)
        south = self.start("south")
        north.until(lambda: north.value("healthmon_dealt_agent_ok") == 1, 30)
        north.until(lambda: self.made(north)[1] > 2 * len(NAMES), 60)
        return north, south

    def made(self, agent: Running) -> tuple[float, float]:
        """How many checks were made by the agent that deals, and by the others."""
        found = [(labels["agent"], n) for labels, n in agent.series("healthmon_dealt_checks_total")]
        own = sum(number for name, number in found if not name)
        return own, sum(number for name, number in found if name)

    def kill(self, names: list[str]) -> None:
        """The services of these cameras are gone."""
        for name in names:
            self.doors[name].kill()

    def visits(self, name: str) -> list[tuple[float, float]]:
        """(begin, end) of each visit, Unix seconds."""
        rows = [line.split() for line in self._visits(name).read_text().splitlines()]
        return sorted((float(began), float(ended)) for _, began, ended in rows)

    def longest_without(self, since: float) -> float:
        """The longest time (seconds) without a check of a camera that is well, from `since` until now."""
        found = []
        for name in NAMES[len(DYING) :]:
            times = [since, *(at for at, _ in self.visits(name) if at > since), time.time()]
            found.append(max(later - one for one, later in pairwise(times)))
        return max(found)

    def overlaps(self) -> int:
        """How often a camera had two visitors at the same time."""
        return sum(
            later[0] < one[1] for name in NAMES for one, later in pairwise(self.visits(name))
        )

    def messages(self) -> Counter[tuple[str, str]]:
        """How often each was received: (device, what)."""
        lines = self.got.read_text().splitlines() if self.got.exists() else []
        bodies = [json.loads(line)["body"] for line in lines]
        return Counter((one["device"], one["what"]) for one in bodies if one["device"][0] == "C")

    def _visits(self, name: str) -> Path:
        return self.folder / f"{name}.visits"


@pytest.fixture
def shared(tmp_path: Path, peers: Peers) -> Iterator[Shared]:
    made = Shared(tmp_path, peers)
    with made.running:
        yield made


def _tree(url: str, hook: int, port: int) -> dict[str, object]:
    camera = {"site": "quay", "kind": "fixed", "rtsp": "no", "http": "no"}
    return {
        "sites": [{"id": "quay", "name": "Quay"}],
        "cameras": [
            camera
            | {"id": name, "name": f"Camera {name}"}
            # A list of its own each: YAML of a shared one has anchors, which config.yaml has not.
            | {"address": address(name), "ports": [port]}
            for name in NAMES
        ],
        "database": {
            "url": url.replace("healthmon@", ""),
            "credential": "view",
            "takeover": f"{TAKEOVER_SECONDS:g} s",
            "share": "yes",
        },
        "notify": {"desk": {"webhook": {"url": f"http://127.0.0.1:{hook}/"}}},
        "routes": [{"to": "desk"}],
        "defaults": {
            "interval": f"{INTERVAL_SECONDS:g} s",
            "cause": {"hold": "1 s", "quiet": "1 s", "longest": "2 s", "many": "50"},
        },
    }


def test_both_check_and_one_tells(shared: Shared) -> None:
    north, south = shared.started()
    own, others = shared.made(north)
    assert own > 0
    assert others > 0
    assert south.value("healthmon_standing_by") == 1
    rows = json.loads(shared.products["north"].run("agents", "--json").out)
    assert [one["name"] for one in rows] == ["north", "south"]
    listed = {one["name"]: one for one in rows}
    assert sum(one["share"] for one in listed.values()) == pytest.approx(1.0)
    assert min(one["share"] for one in listed.values()) > 0
    assert listed["north"]["way_seconds"] is None
    assert 0 < listed["south"]["way_seconds"] < 5
    shared.kill(DYING)
    north.until(lambda: set(shared.messages()) == {(name, "opened") for name in DYING}, 60)
    for name in DYING:
        shared.doors[name] = shared.open_door(name)
    every = {(name, what) for name in DYING for what in ("opened", "closed")}
    north.until(lambda: set(shared.messages()) == every, 60)
    assert set(shared.messages().values()) == {1}
    assert shared.overlaps() == 0


def test_a_site_that_only_its_own_agent_reaches_is_not_known_while_that_is_away(
    shared: Shared,
) -> None:
    for agent in ("north", "south"):
        tree = shared.products[agent].tree
        tree["sites"] = [{"id": "quay", "name": "Quay"}, {"id": "depot", "agents": ["south"]}]
        for camera in tree["cameras"][:6]:
            camera["site"] = "depot"
        shared.products[agent].write(tree)
    depot = {name: len(shared.visits(name)) for name in NAMES[:6]}
    north = shared.start("north")
    north.until(lambda: north.faults("healthmon") & {"site_agent_lost"}, 60)
    assert depot == {name: len(shared.visits(name)) for name in depot}, "north has no way there"
    south = shared.start("south")
    north.until(lambda: all(len(shared.visits(name)) > depot[name] + 2 for name in depot), 60)
    north.until(lambda: not north.faults("healthmon") & {"site_agent_lost"}, 60)
    south.process.kill()
    north.until(lambda: north.faults("healthmon") & {"site_agent_lost"}, 60)
    shared.kill(DYING)
    time.sleep(4 * INTERVAL_SECONDS)
    assert shared.messages() == Counter(), "what nobody could check is no fault of the device"


def _killed(north: Running, south: Running) -> None:
    south.process.kill()


def _stopped(north: Running, south: Running) -> None:
    south.process.send_signal(signal.SIGSTOP)


def _ended(north: Running, south: Running) -> None:
    south.process.terminate()


@pytest.mark.parametrize(
    "event",
    [
        _stopped,
        pytest.param(_killed, marks=pytest.mark.thorough),
        pytest.param(_ended, marks=pytest.mark.thorough),
    ],
)
def test_what_a_lost_agent_checked_is_checked_by_the_other_one(
    shared: Shared, event: Callable[[Running, Running], None]
) -> None:
    north, south = shared.started()
    began = time.time()
    event(north, south)
    shared.kill(DYING)
    opened = {(name, "opened"): 1 for name in DYING}
    north.until(lambda: shared.messages() == opened, 60)
    time.sleep(TAKEOVER_SECONDS)
    assert shared.longest_without(began) < 10 + INTERVAL_SECONDS
    south.process.send_signal(signal.SIGCONT)
    time.sleep(2 * INTERVAL_SECONDS)
    assert shared.messages() == opened, "nothing is told twice, and nothing that is well"
    assert shared.overlaps() == 0


@pytest.mark.thorough
def test_the_agent_that_checked_has_the_estate_after_the_other_ones_death(shared: Shared) -> None:
    north, south = shared.started()
    began = time.time()
    north.process.kill()
    shared.kill(DYING)
    opened = {(name, "opened"): 1 for name in DYING}
    south.until(lambda: shared.messages() == opened, 60)
    assert shared.longest_without(began) < 30
    north = shared.start("north")
    south.until(lambda: south.value("healthmon_dealt_agent_ok") == 1, 30)
    assert shared.messages() == opened
