"""`healthmon sweep` while an agent runs: the agent asks the devices, once for everybody who wants a check;
who cannot have it do that is told so, and asks the devices beside it.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from helpers import forked
from helpers.loopback import Served, served
from helpers.open_agent import OpenAgent, open_agent
from helpers.product import COMMAND

from healthmon.runtime import act_entry
from healthmon.runtime.act_entry import ActEntry
from healthmon.runtime.act_socket import ActSocket
from healthmon.runtime.listener_config import WebListener
from healthmon.runtime.shift_check import ShiftCheck

pytestmark = pytest.mark.slow
ITSELF = "this command asks the devices itself"


@dataclass(frozen=True)
class Room:
    """An agent with its socket, its shift checks, a switch that counts its connections, and what lets
    the answers of its camera go.
    """

    opened: OpenAgent
    check: ShiftCheck
    switch: Served
    answers: asyncio.Event
    folder: Path

    async def sweep(self, *argv: str) -> tuple[int, str, list[str]]:
        """The exit code, standard output and lines of standard error without that of the store."""
        command = [str(COMMAND), "sweep", "--config", str(self.folder / "config.yaml"), *argv]
        done = await asyncio.to_thread(forked.run, command, os.environ, 60)
        return done.returncode, done.stdout, done.stderr.splitlines()[1:]


async def taken(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Takes a connection."""
    await reader.read(1)


@pytest.fixture
async def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Room]:
    (tmp_path / "run").mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "run"))
    answers = asyncio.Event()
    answers.set()

    async def held(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        await answers.wait()

    async with served(taken) as switch, served(held) as device:
        camera = {"id": "C1", "name": "North", "site": "s", "address": "127.0.0.1"}
        only = {"kind": "fixed", "http": "no", "onvif": "no", "rtsp": {"port": device.port}}
        tree: dict[str, Any] = {
            "sites": [{"id": "s"}],
            "defaults": {"interval": "1 h", "timeout": "20 s", "confirm": {"failures": 1}},
            "cameras": [camera | only],
            "links": [
                {
                    "id": "S1",
                    "name": "Switch",
                    "site": "s",
                    "address": "127.0.0.1",
                    "ports": [switch.port],
                }
            ],
        }
        async with open_agent(tmp_path, tree) as opened:
            await opened.until(lambda: len(opened.agent.state.results) >= 4)
            check = ShiftCheck(opened.agent)
            entered = ActSocket(
                opened.agent, ActEntry(opened.agent, WebListener(opened.agent), check).enter
            )
            entered.open()
            try:
                yield Room(opened, check, switch, answers, tmp_path)
            finally:
                answers.set()
                await entered.close()
                await check.close()


async def test_the_agent_asks_each_device_once_for_all_who_want_a_check(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = ShiftCheck.start
    wanted: list[str] = []

    def start(self: ShiftCheck, by: str) -> str:
        wanted.append(by)
        if len(wanted) == 2:  # the camera answers when the desk and the command wait for it
            room.answers.set()
        return begun(self, by)

    monkeypatch.setattr(ShiftCheck, "start", start)
    before = room.switch.connections
    room.answers.clear()
    assert room.check.start("the desk") == ""
    code, out, err = await room.sweep()
    assert room.switch.connections - before == 1
    assert err == ["the running agent made these checks; no device was asked twice"]
    assert (code, out.splitlines()[0].startswith("Shift check  ")) == (1, True)


async def test_it_prints_and_writes_what_a_sweep_without_an_agent_does(room: Room) -> None:
    output = room.folder / "sheet.json"
    code, out, err = await room.sweep("--json", "--output", str(output))
    assert output.read_text() == out
    monkey = await room.sweep("--json", "--site", "s")
    alone = json.loads(monkey[1])
    made = json.loads(out)
    assert (code, len(err)) == (monkey[0], 1)
    varies = ("at", "took_seconds", "reference_offset_seconds", "reference_error_seconds")
    for sheet in (alone, made):
        for name in varies:
            del sheet[name]
        for row in sheet["faults"] + sheet["warnings"] + sheet["not_checked"]:
            del row["since"], row["sentence"], row["fault"]
    assert list(made) == list(alone)
    assert made == alone


async def test_what_the_agent_cannot_do_is_done_beside_it_and_said(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = room.folder / "config.yaml"
    _, out, err = await room.sweep("--device", "C1")
    assert (out[:11], err) == (
        "Shift check",
        [f"the agent makes whole checks only; {ITSELF}, each while the agent does not"],
    )
    was = config.read_text()
    config.write_text(f"{was}# changed\n")
    _, out, err = await room.sweep()
    assert (out[:11], "config.yaml has changed since the agent read it" in err[0]) == (
        "Shift check",
        True,
    )
    code, out, err = await room.sweep("--shift")
    assert (code, out, ITSELF in err[0]) == (3, "", False)
    config.write_text(was)
    monkeypatch.setattr(act_entry, "overflow_uid", os.getuid)
    _, out, err = await room.sweep()
    assert (out[:11], "cannot see who you are" in err[0], ITSELF in err[0]) == (
        "Shift check",
        True,
        True,
    )
