"""Two agents that know each other's pages: one that is cut off from the database ends, one whose
database is away for all goes on, and nothing is lost or sent twice.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from helpers.databases import postgres
from helpers.product import Product, Running
from helpers.room import ROOT
from helpers.support import Peers, free_port

pytestmark = pytest.mark.long
TAKEOVER_SECONDS = 6.0
INTERVAL_SECONDS = 2.0
DEAD = "127.0.0.77"
FAKES = ROOT / "tests/helpers/fakes"


class Pair:
    """North, whose database is behind a `relay`, and south; a device `C001` that is dead, and `C002`,
    which is well until its `service` is killed; `visits` holds the times of the checks of `C002`.
    """

    def __init__(self, folder: Path, peers: Peers) -> None:
        self.peers, self.got, self.visits = peers, folder / "got", folder / "visits"
        self.database, url = postgres(peers)
        self.data = peers.folders[-1] / "data"
        self.relay_port, hook, port = free_port(), free_port(), free_port()
        self.relay = self._relay(url)
        self.service = peers.start(sys.executable, FAKES / "door.py", str(port), self.visits)
        for ready in (self.relay_port, port):
            peers.wait_tcp("127.0.0.1", ready)
        (folder / "mode").write_text("ok")
        peers.start(sys.executable, FAKES / "file_hook.py", str(hook), self.got, folder / "mode")
        target = urlsplit(url).netloc.rpartition("@")[2]
        urls = {"north": url.replace(target, f"127.0.0.1:{self.relay_port}"), "south": url}
        ports = {name: free_port() for name in urls}
        pages = [f"http://127.0.0.1:{number}" for number in ports.values()]
        self.products = {}
        for name, one in urls.items():
            (folder / name).mkdir()
            tree = _tree(one, pages, hook, port)
            self.products[name] = Product(folder / name, tree, port=ports[name])
        self.running = ExitStack()

    def _relay(self, url: str) -> subprocess.Popen[bytes]:
        port = str(urlsplit(url).port)
        return self.peers.start(sys.executable, FAKES / "relay.py", str(self.relay_port), port)

    def start(self, name: str) -> Running:
        return self.running.enter_context(self.products[name].agent(self.peers))

    def started(self) -> tuple[Running, Running]:
        """North has the estate and has sent the fault of the dead device; south stands by."""
        north = self.start("north")
        north.until(lambda: self.messages() == {("C001", "opened"): 1}, 60)
        south = self.start("south")
        south.until(lambda: stands_by(south), 20)
        return north, south

    def messages(self) -> Counter[tuple[str, str]]:
        """How often each was received: (device, what)."""
        lines = self.got.read_text().splitlines() if self.got.exists() else []
        bodies = [json.loads(line)["body"] for line in lines]
        return Counter(
            (body["device"], body["what"]) for body in bodies if body["device"][0] == "C"
        )

    def checks_since(self, since: float) -> tuple[float, int]:
        """The longest time (seconds) without a check of `C002` from `since` (Unix seconds) until now, and
        how many checks there were in excess of one for each interval.
        """
        times = [float(line) for line in self.visits.read_text().splitlines()]
        times, now = [at for at in times if at > since], time.time()
        gap = max(later - one for one, later in pairwise([since, *times, now]))
        return gap, max(0, len(times) - round((now - since) / INTERVAL_SECONDS))

    def stop_database(self) -> None:
        """As `pg_ctl stop -m fast` does."""
        os.kill(int((self.data / "postmaster.pid").read_text().split()[0]), signal.SIGINT)
        self.database.wait(30)

    def start_database(self) -> None:
        self.database = self.peers.start(*self.database.args, cwd="/")


@pytest.fixture
def pair(tmp_path: Path, peers: Peers) -> Iterator[Pair]:
    made = Pair(tmp_path, peers)
    with made.running:
        yield made


def test_an_agent_that_is_cut_off_from_the_database_ends_and_the_other_one_has_the_estate(
    pair: Pair,
) -> None:
    north, south = pair.started()
    pair.relay.send_signal(signal.SIGSTOP)
    pair.service.kill()
    assert north.process.wait(30) == 75
    assert "the database answers another agent and not this one" in north.log.read_text()
    south.until(lambda: leads(south) and south.faults("C002"), 30)
    opened = {("C001", "opened"): 1, ("C002", "opened"): 1}
    south.until(lambda: pair.messages() == opened, 30)

    north = pair.start("north")
    north.until(lambda: stands_by(north), 20)
    time.sleep(1.5 * TAKEOVER_SECONDS)
    assert stands_by(north), "what is cut off looks at nothing as long as the other one does"
    assert json.loads(north.get("/-/agent")[1]) == {"has_estate": False, "database_seconds": 0.0}
    done = pair.products["north"].run("agents")
    assert done.code == 0
    assert "the database does not answer" in done.err
    assert (
        f":{north.port}: stands by, the database does not answer it\n"
        f"http://127.0.0.1:{south.port}: has the estate, the database has answered it for "
    ) in done.out
    rows = json.loads(pair.products["north"].run("agents", "--json").out)
    assert [one["role"] for one in rows] == ["stands_by", "has_estate"]
    said = json.loads(south.get("/-/agent")[1])
    assert said["has_estate"]
    assert [agent.series("healthmon_agent_epoch") for agent in (north, south)] == [
        [({"estate": "Field"}, 0.0)],
        [({"estate": "Field"}, 2.0)],
    ]
    assert said["database_seconds"] > TAKEOVER_SECONDS
    assert pair.messages() == opened


@pytest.mark.thorough
def test_a_database_that_is_away_for_both_ends_nobody_and_doubles_nothing(pair: Pair) -> None:
    north, south = pair.started()
    pair.stop_database()
    pair.service.kill()
    opened = {("C001", "opened"): 1, ("C002", "opened"): 1}
    took = north.until(lambda: pair.messages() == opened, 60)
    assert took >= 2.0, "first it is found out that no other agent has the database"
    time.sleep(TAKEOVER_SECONDS)
    pair.start_database()
    north.until(lambda: north.value("healthmon_store_ok") == 1, 60)
    time.sleep(1.5 * TAKEOVER_SECONDS)
    assert leads(north)
    assert stands_by(south)
    assert pair.messages() == opened


@pytest.mark.thorough
def test_where_the_machine_of_agent_and_database_is_lost_the_other_agent_looks_all_the_same(
    pair: Pair,
) -> None:
    north, south = pair.started()
    north.process.kill()
    pair.stop_database()
    took = south.until(lambda: answers(lambda: leads(south) and south.faults("C001")), 60)
    assert took >= TAKEOVER_SECONDS - 1


@pytest.mark.thorough
def test_devices_are_checked_again_within_a_minute_whatever_ends_the_agent(pair: Pair) -> None:
    north, south = pair.started()
    found = {}
    began = time.time()
    north.process.kill()
    south.until(lambda: answers(lambda: leads(south) and south.faults("C001")), 60)
    found["killed"] = pair.checks_since(began)

    north = pair.start("north")
    north.until(lambda: stands_by(north), 20)
    began = time.time()
    south.process.send_signal(signal.SIGSTOP)
    north.until(lambda: answers(lambda: leads(north) and north.faults("C001")), 60)
    found["stopped"] = pair.checks_since(began)
    south.process.send_signal(signal.SIGCONT)
    assert south.process.wait(60) == 75

    south = pair.start("south")
    south.until(lambda: stands_by(south), 20)
    began = time.time()
    pair.relay.send_signal(signal.SIGSTOP)
    assert north.process.wait(60) == 75
    south.until(lambda: answers(lambda: leads(south) and south.faults("C001")), 60)
    found["cut off"] = pair.checks_since(began)
    print(
        f"takeover {TAKEOVER_SECONDS:g} s; longest time without a check, checks in excess: {found}"
    )
    assert max(gap for gap, _ in found.values()) < 60.0
    assert max(more for _, more in found.values()) <= TAKEOVER_SECONDS / INTERVAL_SECONDS
    assert pair.messages() == {("C001", "opened"): 1}


def leads(agent: Running) -> bool:
    return agent.get("/-/healthy")[0] == 200 and not agent.series("healthmon_standing_by")


def stands_by(agent: Running) -> bool:
    return agent.value("healthmon_standing_by") == 1


def answers(true: Callable[[], object]) -> bool:
    """Whether `true`, while pages go away and come back."""
    try:
        return bool(true())
    except OSError:
        return False


def _tree(url: str, pages: list[str], hook: int, port: int) -> dict[str, object]:
    camera = {"site": "quay", "kind": "fixed"}
    return {
        "sites": [{"id": "quay", "name": "Quay"}],
        "cameras": [
            camera | {"id": "C001", "name": "Quay", "address": DEAD},
            camera
            | {"id": "C002", "name": "Gate", "address": "127.0.0.1", "ports": [port]}
            | {"rtsp": "no", "http": "no"},
        ],
        "database": {
            "url": url.replace("healthmon@", ""),
            "credential": "view",
            "takeover": f"{TAKEOVER_SECONDS:g} s",
            "agents": pages,
        },
        "notify": {"desk": {"webhook": {"url": f"http://127.0.0.1:{hook}/"}}},
        "routes": [{"to": "desk"}],
        "defaults": {
            "interval": f"{INTERVAL_SECONDS:g} s",
            "cause": {"hold": "1 s", "quiet": "1 s", "longest": "2 s"},
        },
    }
