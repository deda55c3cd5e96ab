"""Our own network is cut in a network namespace: one fault of the agent, and nothing about any
camera.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.room import ROOT, Room
from helpers.support import Peers, free_port, need

pytestmark = pytest.mark.long
INSIDE, OUTSIDE = f"hm-in-{os.getpid()}", f"hm-out-{os.getpid()}"
CAMERAS = 12


def ip(*argv: str) -> None:
    subprocess.run(["ip", *argv], check=True, capture_output=True)


@pytest.fixture(scope="module")
def cable() -> Iterator[None]:
    """Two namespaces and a cable: 10.255.0.1 is our side, 10.0.0.0 to 10.127.255.255 the devices'
    side.
    """
    need("ip", "curl")
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    try:
        for name in (INSIDE, OUTSIDE):
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        ip(
            "link",
            "add",
            "name",
            "cable0",
            "netns",
            INSIDE,
            "type",
            "veth",
            "peer",
            "name",
            "cable1",
            "netns",
            OUTSIDE,
        )
        ip("-n", INSIDE, "addr", "add", "10.255.0.1/8", "dev", "cable0")
        ip("-n", OUTSIDE, "addr", "add", "10.255.0.2/8", "dev", "cable1")
        ip("-n", INSIDE, "link", "set", "cable0", "up")
        ip("-n", OUTSIDE, "link", "set", "cable1", "up")
        ip("-n", OUTSIDE, "route", "add", "local", "10.0.0.0/9", "dev", "lo")
        yield
    finally:
        for name in (INSIDE, OUTSIDE):
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


@pytest.fixture(scope="module")
def room(cable: None, module_peers: Peers, tmp_path_factory: pytest.TempPathFactory) -> Room:
    folder, hook = tmp_path_factory.mktemp("room"), free_port()
    inside, outside = ("ip", "netns", "exec", INSIDE), ("ip", "netns", "exec", OUTSIDE)
    made = Room(module_peers, folder, inside, outside)
    made.estate(CAMERAS, "--network", "10")
    (folder / "mode").write_text("ok")
    receiver = ROOT / "tests/helpers/fakes/file_hook.py"
    module_peers.start(
        *inside, sys.executable, receiver, str(hook), folder / "got", folder / "mode"
    )

    def change(tree: dict) -> None:
        tree["defaults"] = {"interval": "10 s", "reference_interval": "10 s"}
        for row in (*tree["links"], *tree["cameras"]):
            row.pop("snmp", None)
            row.pop("port", None)
        tree["notify"] = {"desk": {"webhook": {"url": f"http://127.0.0.1:{hook}/"}}}
        tree["routes"] = [{"to": "desk"}]

    made.configure(change)
    made.start()
    return made


def told(folder: Path) -> list[tuple[str, str, str]]:
    path = folder / "got"
    bodies = (
        [json.loads(line)["body"] for line in path.read_text().splitlines()]
        if path.exists()
        else []
    )
    return [(body["what"], body["device"], body["code"]) for body in bodies]


def well(room: Room) -> float:
    """How many cameras are well."""
    states = room.series("healthmon_device_state")
    return sum(
        value for known, value in states if known["kind"] == "camera" and known["state"] == "ok"
    )


def test_n3_g11_our_own_cut_link_is_one_agent_alert_and_no_camera_alert(room: Room) -> None:
    for number in range(1, CAMERAS + 1):
        room.fault(
            f"C{number:03d}", "session_limit"
        )  # a session that the cut leaves behind is in the way of the next one
    ip("-n", OUTSIDE, "link", "set", "cable1", "down")
    room.until(lambda: told(room.folder), 90)
    room.until(lambda: room.unknown("C001"), 60)
    time.sleep(10)
    opened = told(room.folder)
    assert room.value("healthmon_own_network_ok") == 0
    assert {known["code"] for known, _ in room.series("healthmon_fault_active")} == {"own_network"}
    ip("-n", OUTSIDE, "link", "set", "cable1", "up")
    room.until(lambda: well(room) == CAMERAS, 90)
    room.until(lambda: len(told(room.folder)) >= 2 * len(opened), 90)
    time.sleep(5)
    after = told(room.folder)
    assert opened == [("opened", "healthmon", "own_network")]
    assert after == [*opened, ("closed", "healthmon", "own_network")]
