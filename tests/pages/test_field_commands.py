"""`healthmon visit`, `maintenance` and `device`: what the pages do, by the running agent, in the name of the
user that the account is bound to, with the same refusals.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from helpers.commands import healthmon
from helpers.fakes import onvif_camera
from helpers.loopback import served
from helpers.open_agent import WORD, OpenAgent, open_agent
from helpers.support import free_port

from healthmon.access import passwords, users
from healthmon.access.roles import Role
from healthmon.access.users import User
from healthmon.incidents.operations import OperationKind
from healthmon.runtime import act_entry
from healthmon.runtime.act_entry import ActEntry
from healthmon.runtime.act_socket import ActSocket
from healthmon.runtime.agent import Agent
from healthmon.runtime.listener_config import WebListener
from healthmon.scheduling import scheduler
from healthmon.store import Store

pytestmark = pytest.mark.slow
OLD = {"model": "M1", "serial": "S1", "mac": "00:00:00:00:00:01"}
ME = "account-of-this-test"


@dataclass(frozen=True)
class Room:
    """An agent with its socket, and this account as a user."""

    opened: OpenAgent
    folder: Path

    @property
    def agent(self) -> Agent:
        return self.opened.agent

    async def said(self, *argv: str) -> str:
        """What a command prints that ends well."""
        code, out, err = await self.run(*argv)
        assert code == 0, (out, err)
        return out

    async def run(self, *argv: str) -> tuple[int, str, str]:
        config = str(self.folder / "config.yaml")
        return await asyncio.to_thread(healthmon, *argv, "--config", config)

    async def refused(self, *argv: str) -> str:
        """The one line of a command that is refused."""
        code, out, err = await self.run(*argv)
        assert (code, out, len(err.splitlines())) == (3, "", 1), (code, out, err)
        return err.strip()

    def bind(self, name: str, role: Role) -> None:
        """Bind this account to user `name`."""
        for known in users.read(self.folder / "users").users:
            users.remove(self.folder / "users", known)
        user = User(name, passwords.hash_password(WORD), role, ME)
        users.put(self.folder / "users", user)

    def record(self, kind: OperationKind) -> list[tuple[str, str, str]]:
        """(subject, name, account) of the operations of one kind, the oldest first."""
        store = Store.reader(f"sqlite:///{self.folder / 'state' / 'healthmon.db'}")
        try:
            found, accounts = store.operations((kind,), 99)[::-1], store.authors("operations")
            assert store.broken_links() == []
            return [(one.subject, one.by, accounts[one.id].account) for one in found]
        finally:
            store.close()


@asynccontextmanager
async def room_of(folder: Path, cameras: list[dict[str, Any]]) -> AsyncIterator[Room]:
    """An agent of these cameras at one site, with its socket."""
    times = {"interval": "1 h", "identity_interval": "1 h", "clock_interval": "1 h"}
    where = {"site": "s", "address": "127.0.0.1", "kind": "fixed", "rtsp": "no"}
    tree = {
        "agent": {"state_directory": str(folder / "state"), "users_file": "users"},
        "estate": {"time_zone": "UTC"},
        "sites": [{"id": "s", "name": "Market"}],
        "defaults": {**times, "timeout": "2 s", "confirm": {"failures": 1}},
        "cameras": [where | one for one in cameras],
    }
    async with open_agent(folder, tree) as opened:
        entered = ActSocket(opened.agent, ActEntry(opened.agent, WebListener(opened.agent)).enter)
        entered.open()
        try:
            yield Room(opened, folder)
        finally:
            await entered.close()


def codes(agent: Agent) -> set[str]:
    """The check types that have an open fault."""
    return {one.check_type for one in agent.state.book.open()}


@pytest.fixture(autouse=True)
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder for the socket; this test's user is an ordinary account, not that of the agent."""
    (tmp_path / "run").mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "run"))
    monkeypatch.setattr(scheduler, "SOON_SECONDS", 0.2)
    monkeypatch.setattr(act_entry, "account_of", lambda _uid: ME)
    monkeypatch.setattr(act_entry.os, "getuid", lambda: 4_000_000)


def nobody(name: str, **more: object) -> dict[str, Any]:
    """A camera at which nobody answers."""
    return {"id": name, "name": f"Camera {name}", "http": {"port": free_port()}} | more


async def test_an_engineer_arrives_and_leaves_by_the_shell(tmp_path: Path) -> None:
    async with room_of(tmp_path, [nobody("C1")]) as room:
        argv = ("visit", "arrived", "s", "--engineer", "J. Doe", "--job", "4711")
        room.bind("watcher", Role.VIEWER)
        assert "watcher (viewer) may not" in await room.refused(*argv)
        room.bind("smith", Role.OPERATOR)
        out = await room.said(*argv)
        assert re.fullmatch(
            r"s: engineer arrived: J\. Doe; 4711; messages held until .* at most\n", out
        )
        assert room.agent.estate_state().maintenance == {"C1": "engineer at the site: J. Doe"}
        assert "J. Doe, is at the site already" in await room.refused(*argv)
        assert "no site nowhere" in await room.refused("visit", "left", "nowhere")
        out = await room.said("visit", "left", "s", "--note", "dome cleaned")
        assert out.startswith("s: engineer left: J. Doe; 4711; dome cleaned\n")
        assert "  C1 Camera C1: " in out
        assert room.agent.estate_state().maintenance == {}
        assert room.record(OperationKind.VISIT) == [("s", "smith", ME), ("s", "smith", ME)]


async def test_windows_are_made_changed_listed_and_ended_by_the_shell(tmp_path: Path) -> None:
    async with room_of(tmp_path, [nobody("C1"), nobody("C2")]) as room:
        room.bind("smith", Role.OPERATOR)
        soon = time.strftime("%Y-%m-%d %H:%M", time.gmtime(time.time() + 3600))
        make = ("maintenance", "make", "--until", soon, "--reason", "new cable")
        out = await room.said(*make, "--device", "C1")
        assert re.fullmatch(r"W000001 made: C1, .* until .*: new cable\n", out)
        assert room.agent.estate_state().maintenance == {"C1": "new cable"}
        out = await room.said("maintenance", "change", "W000001", "--reason", "new mast")
        assert re.fullmatch(r"W000001 changed: C1, .* until .*: new mast\n", out)
        assert "new mast (smith)" in await room.said("maintenance", "list")
        late = time.strftime("%Y-%m-%d %H:%M", time.gmtime(time.time() + 3 * 86400))
        long = ("maintenance", "change", "W000001", "--until", late)
        assert "is made by a manager" in await room.refused(*long)
        assert "no device C9" in await room.refused(*make, "--device", "C9")
        other = await room.refused(*make, "--device", "C1", "--name", "B. Jones")
        assert other == f"--name B. Jones: the account {ME} is bound to user smith"
        assert (await room.said("maintenance", "end", "W000001")).startswith("W000001 ended: C1")
        assert room.agent.estate_state().maintenance == {}
        assert await room.said("maintenance", "list") == "no windows\n"
        assert [row[1] for row in room.record(OperationKind.WINDOW)] == ["smith"] * 3


async def test_a_replaced_device_is_shown_and_accepted_by_the_shell(tmp_path: Path) -> None:
    async with served(onvif_camera.Camera(login="none")) as device:
        camera = {"id": "C1", "name": "North", "http": {"port": device.port}, "commissioned": OLD}
        async with room_of(tmp_path, [camera]) as room:
            room.bind("smith", Role.OPERATOR)
            await room.opened.press("/devices/C1", "/devices/C1/check")
            await room.opened.until(lambda: "identity" in codes(room.agent))
            out = await room.said("device", "replaced", "C1")
            assert re.search(r"serial +S1 +\S+  DIFFERENT", out)
            assert "to accept what answers as the device: --job NUMBER" in out
            assert room.record(OperationKind.REPLACED) == []
            out = await room.said("device", "replaced", "C1", "--job", "4711")
            assert out.endswith("C1: what answers now is accepted as the device, job 4711\n")
            assert room.record(OperationKind.REPLACED) == [("C1", "smith", ME)]
            out = await room.said("device", "replaced", "C1")
            assert out.endswith("it is the device written down\n")
            again = await room.run("device", "replaced", "C1", "--job", "4711")
            assert (again[0], "is the one that was commissioned" in again[2]) == (3, True)


async def test_a_device_moves_is_retired_and_returns_by_the_shell(tmp_path: Path) -> None:
    cameras = [nobody("C1"), nobody("D1", kind="deployable")]
    async with room_of(tmp_path, cameras) as room:
        room.bind("smith", Role.OPERATOR)
        there = ("device", "moved", "D1", "--to", "deployed", "--place", "Fair Ground")
        assert "with its DPIA reference" in await room.refused(*there)
        assert await room.said(*there, "--dpia", "DP-7") == "D1 is deployed Fair Ground\n"
        assert await room.said("device", "moved", "D1", "--to", "in_store") == "D1 is in store\n"
        assert "C1 is no deployable" in await room.refused(
            "device", "moved", "C1", "--to", "in_store"
        )
        day = time.strftime("%Y-%m-%d", time.gmtime())
        retire = ("device", "retired", "C1", "--reason", "mast taken down")
        assert "in the future" in await room.refused(*retire, "--on", "2999-01-01")
        assert "is not a day" in await room.refused(*retire, "--on", "soon")
        out = await room.said(*retire)
        assert out == f"C1 retired on {day}, mast taken down\n"
        assert room.agent.estate.checks_of.keys() == {"healthmon"}
        assert "C1 is out of service already" in await room.refused(*retire)
        page = await room.opened.says("/devices/C1", f"retired on {day}")
        assert "mast taken down" in page
        assert "C1 retired on" in (await room.run("check-config"))[2]
        assert f"retired: {day}" in (await room.said("overrides")).replace("'", "")
        out = await room.said("device", "returned", "C1", "--reason", "mast is up again")
        assert out == f"C1 in service again on {day}, mast is up again\n"
        assert "C1" in room.agent.estate.checks_of


async def test_without_an_agent_nothing_is_done_and_a_list_is_shown(tmp_path: Path) -> None:
    async with room_of(tmp_path, [nobody("C1")]):
        pass
    room = Room(None, tmp_path)  # type: ignore[arg-type]
    refused = await room.refused("visit", "left", "s")
    assert refused.startswith("no agent runs with this configuration; ")
    assert refused.endswith("; nothing was done")
    assert await room.said("maintenance", "list") == "no windows\n"
