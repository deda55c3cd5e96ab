"""The agent as a process: what a reload, a restart and an acknowledgement do to faults that people
have been told of.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from helpers.reading import read_here
from helpers.room import ROOT, Room
from helpers.support import Peers, free_port

from healthmon.config import loading
from healthmon.config.problems import Problem
from healthmon.protocols.transport import metering as counting
from healthmon.runtime.agent import Agent
from healthmon.runtime.engine import build
from healthmon.runtime.estate import Estate
from healthmon.runtime.reading import read_apart

pytestmark = pytest.mark.long(90)


def received(folder: Path) -> list[dict]:
    path = folder / "got"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def told(folder: Path) -> list[tuple[str, str, str]]:
    bodies = [line["body"] for line in received(folder)]
    return [(body["what"], body["device"], body["code"]) for body in bodies]


def on_its_way(folder: Path) -> int:
    """How many notices the record does not know as delivered: after a kill these come again."""
    record = next(folder.rglob("healthmon.db"))
    with closing(sqlite3.connect(f"file:{record}?mode=ro", uri=True)) as read:
        return read.execute("SELECT count(*) FROM outbox WHERE state = 'pending'").fetchone()[0]


@pytest.fixture(scope="module")
def room(module_peers: Peers, tmp_path_factory: pytest.TempPathFactory) -> Room:
    folder, hook = tmp_path_factory.mktemp("room"), free_port()
    made = Room(module_peers, folder)
    made.estate(4, "--recorders", "1")
    (folder / "mode").write_text("ok")
    module_peers.start(
        sys.executable,
        ROOT / "tests/helpers/fakes/file_hook.py",
        str(hook),
        folder / "got",
        folder / "mode",
    )

    def change(tree: dict) -> None:
        tree["defaults"] = {
            "interval": "5 s",
            "cause": {"hold": "2 s", "quiet": "1 s", "longest": "3 s"},
        }
        tree["links"] = tree["links"][:2]
        for row in (*tree["links"], *tree["cameras"]):
            for key in ("snmp", "port", "parent"):
                row.pop(key, None)
        tree["notify"] = {"desk": {"webhook": {"url": f"http://127.0.0.1:{hook}/"}}}
        tree["routes"] = [{"to": "desk"}]

    made.configure(change)
    made.start()
    return made


@pytest.mark.restarts
def test_a_restart_repeats_nothing_and_knows_what_is_open(room: Room) -> None:
    room.fault("C002", "off")
    room.until(lambda: ("opened", "C002", "unreachable") in told(room.folder), 60)
    room.until(lambda: on_its_way(room.folder) == 0, 30)
    before = received(room.folder)
    assert len({line["id"] for line in before}) == 1, "the same notice again where no answer came"
    assert room.agent is not None
    room.agent.send_signal(signal.SIGKILL)
    room.agent.wait(60)
    room.start()
    room.until(
        lambda: room.value("healthmon_fault_active", device="C002", code="unreachable") == 1, 30
    )
    time.sleep(8)
    assert received(room.folder) == before
    assert set(told(room.folder)) == {("opened", "C002", "unreachable")}
    shown = room.command("ack", "F000001", "--name", "A. Smith", "--reason", "contractor called")
    assert shown.returncode == 0, shown.stderr
    room.until(lambda: room.value("healthmon_fault_acknowledged", device="C002") == 1, 30)


def test_o7_a_camera_that_is_removed_while_down_closes_as_removed_and_its_series_vanish(
    room: Room,
) -> None:
    assert room.agent is not None
    room.configure(lambda tree: tree["cameras"].pop(1))
    room.agent.send_signal(signal.SIGHUP)
    room.until(
        lambda: not [s for s in room.series("healthmon_device_state") if s[0]["device"] == "C002"],
        40,
    )
    assert room.series("healthmon_fault_active") == []
    room.until(lambda: told(room.folder)[-1] == ("removed", "C002", "unreachable"), 30)


def test_g12_an_invalid_reload_misses_no_look_and_says_where_the_error_is(room: Room) -> None:
    assert room.agent is not None
    path = room.folder / "config.yaml"
    good = path.read_text()
    runs = lambda: room.value("healthmon_check_runs_total", device="C001", check="reach") or 0  # noqa: E731
    path.write_text(good.replace("cameras:", "camerras:"))
    room.agent.send_signal(signal.SIGHUP)
    room.until(lambda: room.value("healthmon_config_reload_success") == 0, 40)
    before, began = runs(), time.monotonic()
    time.sleep(12)
    assert runs() - before >= (time.monotonic() - began) // 5.5
    assert "unknown key 'camerras' (did you mean 'cameras'?)" in room.peers.log()
    path.write_text(good)
    room.agent.send_signal(signal.SIGHUP)
    room.until(lambda: room.value("healthmon_config_reload_success") == 1, 40)


@pytest.fixture
def config(room: Room) -> Iterator[Path]:
    """The file of the running agent, which is put back and taken over again at the end."""
    path = room.folder / "config.yaml"
    good = path.read_bytes()
    yield path
    path.unlink(missing_ok=True)
    path.write_bytes(good)
    hang_up(room, 1)


def hang_up(room: Room, success: int) -> None:
    """SIGHUP, and wait for what comes of it."""
    assert room.agent is not None
    before = room.value("healthmon_config_reload_success_timestamp_seconds") or 0.0
    written = len(room.peers.log())
    room.agent.send_signal(signal.SIGHUP)

    def heard() -> bool:
        after = room.value("healthmon_config_reload_success_timestamp_seconds") or 0.0
        return (
            after > before if success else "configuration not changed" in room.peers.log()[written:]
        )

    room.until(heard, 30)
    assert room.value("healthmon_config_reload_success") == success


def watched(room: Room) -> set[str]:
    return {labels["device"] for labels, _ in room.series("healthmon_device_state")}


@pytest.mark.parametrize(
    "how", ["vanished", "cut", "a folder", "a link to another", "secret for all", "secret gone"]
)
def test_a9_a_configuration_that_cannot_be_taken_over_changes_nothing(
    room: Room, config: Path, how: str
) -> None:
    known, secret = watched(room), room.folder / "secrets" / "camera-view"
    written, text = len(room.peers.log()), config.read_text()
    words = {"vanished": "No such file", "cut": "config.yaml:", "a folder": "config.yaml", "a link to another": "unknown key 'kameras'"}.get(how, "camera-view")  # fmt: skip
    kept = secret.read_text()
    try:
        if how == "vanished":
            config.unlink()
        elif how == "cut":
            config.write_text(text[: text.index("cameras:") + 60])
        elif how == "a folder":
            config.unlink()
            config.mkdir()
        elif how == "a link to another":
            other = config.with_name("other.yaml")
            other.write_text(text.replace("cameras:", "kameras:"))
            config.unlink()
            config.symlink_to(other)
        elif how == "secret for all":
            secret.chmod(0o644)
        else:
            secret.unlink()
        hang_up(room, 0)
        assert watched(room) == known
        assert words.lower() in room.peers.log()[written:].lower()
        assert "Traceback" not in room.peers.log()[written:]
    finally:
        if config.is_dir():
            config.rmdir()
        secret.write_text(kept)
        secret.chmod(0o600)
    assert not [
        1 for labels, _ in room.series("healthmon_fault_active") if labels["kind"] == "camera"
    ]


def test_a9_signals_while_the_file_is_being_written_end_in_what_stands_there_last(
    room: Room, config: Path
) -> None:
    assert room.agent is not None
    known, written, whole = watched(room), len(room.peers.log()), config.read_bytes()
    for cut in range(0, len(whole), len(whole) // 25):
        with config.open("wb") as file:
            file.write(whole[:cut])
            file.flush()
            room.agent.send_signal(signal.SIGHUP)
            file.write(whole[cut:])
        if cut % 2:
            room.agent.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    hang_up(room, 1)
    assert watched(room) == known
    assert "Traceback" not in room.peers.log()[written:]


def resident() -> int:
    """Bytes of memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


SMALL = """
agent: {{state_directory: "{state}"}}
sites: [{{id: market}}]
cameras:
  - {{id: C001, name: One, site: market, address: 127.0.0.1, kind: fixed, rtsp: {{port: 1}}, http: no, location: "{place}"}}
  - {{id: C002, name: Two, site: market, address: 127.0.0.2, kind: fixed, rtsp: {{port: 1}}, http: no}}
"""


PLACES = """
agent: {{state_directory: "{state}"}}
sites: [{{id: market}}]
cameras:
  - {{id: D001, name: Deployable, site: market, address: 127.0.0.1, kind: deployable, state: {where}, location: "{place}",
      rtsp: {{port: 1}}, http: no}}
"""


async def test_the_agent_notes_where_a_deployable_camera_is_at_its_start_and_at_a_reload(
    tmp_path: Path,
) -> None:
    path, state = tmp_path / "config.yaml", tmp_path / "state"
    state.mkdir()

    def write(where: str, place: str) -> None:
        path.write_text(PLACES.format(state=state, where=where, place=place))

    async def end(agent: Agent) -> list[tuple[str, str]]:
        await agent.incident_service.store_writer.flush()
        stays = await agent.incident_service.store_writer.query(lambda store: store.stays("D001"))
        await agent.incident_service.store_writer.close()
        await agent.engine.close()
        agent.running.close()
        assert isinstance(stays, list)
        return [(stay.state, stay.location) for stay in stays]

    write("deployed", "Fair Ground")
    agent = Agent.of(path, Estate.of(loading.load(path)))
    write("in_transit", "")
    assert await agent.reload() == ""
    write("in_store", "depot")
    assert await agent.reload() == ""
    assert await agent.reload() == ""
    assert await end(agent) == [
        ("deployed", "Fair Ground"),
        ("in_transit", ""),
        ("in_store", "depot"),
    ]
    write("deployed", "Quay")
    assert (await end(Agent.of(path, Estate.of(loading.load(path)))))[-1] == ("deployed", "Quay")


METERED = """
agent: {{state_directory: "{state}"}}
sites: [{{id: market}}]
cameras:
  - {{id: D001, name: Deployable, site: market, address: 127.0.0.1, kind: deployable, rtsp: {{port: 1}}, http: no,
      metered: {{per_day: 100 MB}}}}
"""


async def test_the_data_a_metered_camera_used_outlives_a_reload_and_building_an_app_only_reads(
    tmp_path: Path,
) -> None:
    """An app is built in a thread, where the lock of the file does not keep the loop out."""
    path, state = tmp_path / "config.yaml", tmp_path / "state"
    state.mkdir()
    path.write_text(METERED.format(state=state))
    assert build(loading.load(path)).data.devices.keys() == {"D001"}
    assert not list(state.glob("data*"))
    agent = Agent.of(path, Estate.of(loading.load(path)))
    look = next(
        check
        for check in agent.engine.estate.checks
        if check.device == "D001" and agent.engine.data.governs(check)
    )
    with agent.engine.data.charged(look):
        counting.charge(4711)
    agent.engine.data.settle()
    for _ in range(2):
        assert await agent.reload() == ""
        assert agent.engine.data.used == {"D001": 4711.0}
    assert re.search(
        rb'healthmon_metered_bytes\{device="D001".* 4711(\.0)?\n',
        agent.metrics.text(openmetrics=False),
    )
    await agent.incident_service.store_writer.close()
    await agent.engine.close()
    agent.running.close()


async def test_of_two_reloads_at_once_the_later_file_counts(tmp_path: Path) -> None:
    """The first of them has read the old file and is slow to make something of it."""
    path, state = tmp_path / "config.yaml", tmp_path / "state"
    state.mkdir()
    path.write_text(SMALL.format(state=state, place="here"))
    agent = Agent.of(path, Estate.of(loading.load(path)))
    read, waits = asyncio.Event(), [0.5, 0.0]

    async def slow(file: Path) -> tuple[Estate, list[Problem]]:
        found = await read_apart(file)
        read.set()
        await asyncio.sleep(waits.pop(0))
        return found

    agent.read = slow
    first = asyncio.create_task(agent.reload())
    await asyncio.wait_for(read.wait(), 60)
    path.write_text(SMALL.format(state=state, place="there"))
    second = asyncio.create_task(agent.reload())
    assert [await second, await first] == ["", ""]
    assert agent.engine.estate.devices["C001"].location == "there"
    await agent.incident_service.store_writer.close()
    await agent.engine.close()
    agent.running.close()


async def test_g12_a_thousand_reloads_leak_nothing_and_what_did_not_change_keeps_its_state(
    tmp_path: Path,
) -> None:
    path, state = tmp_path / "config.yaml", tmp_path / "state"
    state.mkdir()

    def write(place: str) -> None:
        path.write_text(SMALL.format(state=state, place=place))

    write("here")
    agent = Agent.of(path, Estate.of(loading.load(path)))
    agent.read = read_here
    check = agent.engine.estate.reach_checks["C002"]
    for _ in range(3):
        agent.deliver(await agent.engine.run_check(check))
    (known,) = [fault for fault in agent.engine.state.book.open() if fault.device == "C002"]
    for number in range(1000):
        if number == 100:
            began, lines = resident(), len(agent.metrics.text(openmetrics=False).splitlines())
        write(f"column {number % 7}")
        assert await agent.reload() == ""
    assert agent.engine.state.book.open() == (known,)
    assert agent.engine.state.down.keys() == {"C002"}
    assert len(agent.metrics.text(openmetrics=False).splitlines()) == lines
    assert resident() - began < 5 * 2**20
    await agent.incident_service.store_writer.close()
    await agent.engine.close()
    agent.running.close()
