"""The agent itself is in trouble: held up, out of file descriptors, its clock stepped. No camera is
ever blamed for it.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.exposition import series_of
from helpers.room import Room, until
from helpers.support import Peers, library, need

pytestmark = pytest.mark.long
CAMERAS = 12
FEW = 4
INTERVAL = 2
FAKETIME = library("faketime/libfaketime.so.1")


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file system of 1 MiB, where that can be had."""
    folder = tmp_path_factory.mktemp("disk")
    mounted = os.geteuid() == 0 and shutil.which("mount")
    if mounted:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=True)
    yield folder
    if mounted:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture(scope="module")
def room(disk: Path, module_peers: Peers, tmp_path_factory: pytest.TempPathFactory) -> Room:
    made = Room(module_peers, tmp_path_factory.mktemp("room"))
    made.estate(CAMERAS)

    def change(tree: dict) -> None:
        every = ("interval", "clock_interval", "identity_interval", "reference_interval")
        tree["defaults"] = {
            **dict.fromkeys(every, f"{INTERVAL} s"),
            "watch": "1 s",
            "timeout": "5 s",
        }
        tree["agent"]["state_directory"] = str(disk)
        tree["links"], tree["ups"], tree["recorders"] = [], [], []
        for row in tree["cameras"]:
            for name in ("port", "parent", "recorder", "channel", "metered"):
                row.pop(name, None)

    made.configure(change)
    made.start()
    until(lambda: well(made) == CAMERAS, 60, made.agent)
    return made


def states(text: str) -> list[str]:
    """The states of the cameras in an exposition."""
    rows = series_of(text, "healthmon_device_state")
    return [
        labels["state"] for labels, value in rows if value == 1 and labels["device"].startswith("C")
    ]


def well(room: Room) -> int:
    return states(room.get("/metrics")).count("ok")


def blamed(text: str) -> list[dict[str, str]]:
    """The open faults of anybody but the agent."""
    return [
        labels
        for labels, _ in series_of(text, "healthmon_fault_active")
        if labels["device"] != "healthmon"
    ]


def opened(room: Room) -> list[str]:
    """What the agent's log says of faults of cameras that were opened."""
    return [line for line in room.log.read_text().splitlines() if " opened: C" in line]


def runs(room: Room) -> float:
    return sum(
        value
        for labels, value in room.series("healthmon_check_runs_total")
        if labels["check"] == "reach"
    )


def test_a2_an_agent_that_was_stopped_blames_no_camera_and_makes_no_burst(room: Room) -> None:
    assert room.agent is not None
    for seconds in (1.5, 6):
        before, began, lag = runs(room), time.monotonic(), [0.0]
        room.agent.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        room.agent.send_signal(signal.SIGCONT)
        until(
            lambda: lag.append(room.value("healthmon_loop_lag_seconds") or 0) or max(lag) > 1,  # noqa: B023
            20,
            room.agent,
        )
        time.sleep(2 * INTERVAL)
        assert blamed(room.get("/metrics")) == []
        assert runs(room) - before <= CAMERAS * ((time.monotonic() - began) / INTERVAL + 2), (
            "no burst to catch up"
        )
    until(lambda: well(room) == CAMERAS, 30, room.agent)
    assert opened(room) == []


def test_a8_without_file_descriptors_cameras_are_not_known_and_come_back(room: Room) -> None:
    """All that the agent holds stays open, nothing new can be opened: no connection, no file, no
    socket accepted.
    """
    assert room.agent is not None
    pid = room.agent.pid
    old = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", room.port, timeout=60)) as kept:

        def shown() -> str:
            kept.request("GET", "/metrics")
            return kept.getresponse().read().decode()

        shown()
        burnt, began = cpu(pid), time.monotonic()
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, old[1]))
        try:
            until(lambda: set(states(shown())) == {"unknown"}, 40, room.agent)
            time.sleep(2 * INTERVAL)
            text = shown()
        finally:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, old)
    assert cpu(pid) - burnt < 0.8 * (time.monotonic() - began), "it does not try without a pause"
    assert set(states(text)) == {"unknown"}
    assert blamed(text) == []
    seen = series_of(text, "healthmon_check_last_success_timestamp_seconds")
    pictures = [time.time() - value for labels, value in seen if labels["check"] == "stream"]
    assert min(pictures) > 2 * INTERVAL, "how old the last that is known of each is told"
    until(lambda: well(room) == CAMERAS, 60, room.agent)
    assert opened(room) == []


def test_a3_with_a_full_disk_the_agent_goes_on_and_what_happened_is_kept_when_there_is_room(
    room: Room, disk: Path
) -> None:
    if not disk.is_mount():
        pytest.skip("a small file system needs root")
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as out, contextlib.suppress(OSError):
        while out.write(b"x" * 4096):
            pass
    before = runs(room)
    room.fault("C001", "off")
    until(lambda: room.value("healthmon_store_ok") == 0, 60, room.agent)
    until(
        lambda: "unreachable" in {labels["code"] for labels in blamed(room.get("/metrics"))},
        60,
        room.agent,
    )
    until(lambda: runs(room) >= before + 5 * CAMERAS, 60, room.agent)
    assert {labels["device"] for labels in blamed(room.get("/metrics"))} == {"C001"}
    ballast.unlink()
    until(lambda: room.value("healthmon_store_ok") == 1, 60, room.agent)
    until(lambda: "C001" in room.command("faults", "--open", "--json").stdout, 30, room.agent)
    room.fault("C001", "off", on=False)
    until(lambda: blamed(room.get("/metrics")) == [], 60, room.agent)


def cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.restarts
def test_a1_steps_of_our_clock_move_no_look_and_blame_no_camera(room: Room) -> None:
    need(FAKETIME)
    assert room.agent is not None
    room.agent.send_signal(signal.SIGTERM)
    room.agent.wait(60)
    # faketime makes threads slow: few cameras, and none that needs a library in a thread of its own
    room.configure(
        lambda tree: tree.update(
            cameras=[
                row | {"onvif": "no"} for row in tree["cameras"] if "path" in row["streams"][0]
            ][:FEW]
        )
    )
    step = room.folder / "step"
    step.write_text("+0")
    fake = {
        "LD_PRELOAD": FAKETIME,
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_CACHE_DURATION": "1",
        "NO_FAKE_STAT": "1",
        "FAKETIME_TIMESTAMP_FILE": str(step),
    }
    room.inside = ("env", *(f"{name}={value}" for name, value in fake.items()))
    room.agent = room.run("run")
    room.inside, room.log = (), room.peers.log_of(room.agent)
    until(room.ready, 60, room.agent)
    until(lambda: well(room) == FEW, 60, room.agent)
    for jump in ("+3600", "-86400", "@1970-01-02 00:00:00", "+0"):
        step.write_text(jump)
        before, began = runs(room), time.monotonic()
        until(lambda: runs(room) >= before + 3 * FEW, 60, room.agent)  # noqa: B023
        most = FEW * ((time.monotonic() - began) / INTERVAL + 2)
        assert runs(room) - before <= most, "no look waits for the clock and none is doubled"
        assert blamed(room.get("/metrics")) == []
    until(lambda: "opened: healthmon host_clock" in room.log.read_text(), 30, room.agent)
    assert opened(room) == []
