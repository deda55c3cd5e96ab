"""On the page of a device: a replaced device is accepted with a job number and its fault ends; a
deployable camera moves, and is checked only where it is deployed. Both outlive the agent and a reload,
and end when config.yaml says something else.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.commands import healthmon
from helpers.fakes import onvif_camera
from helpers.loopback import served
from helpers.open_agent import OpenAgent, open_agent
from helpers.support import free_port

from healthmon.model.enums import CheckName
from healthmon.scheduling import scheduler

pytestmark = pytest.mark.slow
PAGE, REPLACED, MOVED = "/devices/C1", "/devices/C1/replaced", "/devices/C1/moved"
OLD = {"model": "M1", "serial": "S1", "mac": "00:00:00:00:00:01"}


def estate(port: int, **more: object) -> dict[str, Any]:
    """One camera whose ONVIF is at `port`, checked once an hour."""
    where = {"id": "C1", "name": "North", "site": "s", "address": "127.0.0.1", "kind": "fixed"}
    rest = {"http": {"port": port}, "rtsp": "no", "interval": "1 h", "commissioned": OLD}
    times = {"interval": "1 h", "identity_interval": "1 h", "clock_interval": "1 h"}
    return {"sites": [{"id": "s"}], "defaults": times, "cameras": [where | rest | more]}


def identity_fault(room: OpenAgent) -> str:
    """The code of the open fault of identity; "" for none."""
    book = room.agent.state.book
    found = [one.code for one in book.open() if one.check_type == CheckName.IDENTITY]
    return "".join(found)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "SOON_SECONDS", 0.2)


@asynccontextmanager
async def replaced(folder: Path) -> AsyncIterator[tuple[OpenAgent, dict[str, Any]]]:
    """An agent that says that another device answers as C1, and its configuration."""
    async with served(onvif_camera.Camera(login="none")) as camera:
        tree = estate(camera.port)
        async with open_agent(folder, tree) as room:
            await room.press(PAGE, "/devices/C1/check")
            await room.until(lambda: identity_fault(room))
            yield room, tree


def seen(text: str) -> str:
    """The mark of the identity on a page."""
    found = re.search(r'name="seen" value="(\w+)"', text)
    assert found, text
    return found[1]


async def test_a_replaced_camera_is_accepted_and_its_fault_ends(tmp_path: Path) -> None:
    async with replaced(tmp_path) as (room, tree):
        assert identity_fault(room) == "wrong_device"
        page = (await room.get(PAGE)).text
        for words in ("<td>S1</td><td>S7 <strong>(different)</strong></td>", "00:1A:2B:3C:4D:5E"):
            assert words in page
        mark, known = await room.mark(PAGE), seen(page)
        for status, form in (
            (409, {"seen": known, "reference": " "}),
            (409, {"seen": "0" * 64, "reference": "J-17"}),
            (303, {"seen": known, "reference": "J-17"}),
            (303, {"seen": known, "reference": "J-17"}),
        ):
            assert (await room.post(REPLACED, once=mark, **form)).status_code == status
        await room.until(lambda: not identity_fault(room))
        page = (await room.get(PAGE)).text
        assert page.count("replacement accepted") == 1
        assert "serial S7; before: mac 00:00:00:00:00:01; model M1; serial S1, job J-17" in page
        assert "Accept the new device" not in page
        argv = ("--config", str(tmp_path / "config.yaml"))
        assert "override: C1 replaced, job J-17 (smith)" in healthmon("check-config", *argv)[2]
        assert "#     serial: S7" in healthmon("overrides", *argv)[1]

        assert await room.agent.reload() == ""
        assert room.agent.estate.devices["C1"].commissioned.serial == "S7", "also after a reload"
        tree["cameras"][0]["commissioned"] = {"serial": "S9"}
        whole = yaml.safe_load((tmp_path / "config.yaml").read_text()) | tree
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(whole))
        assert await room.agent.reload() == ""
        assert room.agent.estate.devices["C1"].commissioned.serial == "S9", "the file knows better"


async def test_who_may_not_accept_and_what_is_not_known(tmp_path: Path) -> None:
    async with open_agent(tmp_path, estate(free_port())) as room:
        form = {"once": "x" * 20, "seen": "0" * 64, "reference": "J-17"}
        assert (await room.post(REPLACED, "viewer", **form)).status_code == 403
        answer = await room.post(REPLACED, **form)
        assert (answer.status_code, "is not known; check it first" in answer.text) == (409, True)
        answer = await room.post(MOVED, once="x" * 20, state="in_store")
        assert (answer.status_code, "is no deployable camera" in answer.text) == (409, True)
        gone = await room.post("/devices/C9/moved", once="x" * 20, state="in_store")
        assert (gone.status_code, "there is no device C9" in gone.text) == (409, True)


async def test_a_deployable_camera_moves(tmp_path: Path) -> None:
    tree = estate(free_port(), kind="deployable", state="in_store", location="depot")
    quay = {"state": "deployed", "location": "Quay", "dpia": "DPIA-7"}
    async with open_agent(tmp_path, tree) as room:
        assert room.agent.estate.checks_of.get("C1", ()) == ()
        for words, change in {
            "with its DPIA reference": {"dpia": ""},
            "a camera is one of deployed, in_store, in_transit": {"state": "lost"},
        }.items():
            answer = await room.press(PAGE, MOVED, **quay | change)
            assert (answer.status_code, words in answer.text) == (409, True)
        assert (await room.press(PAGE, MOVED, **quay)).status_code == 303
        assert room.agent.estate.checks_of["C1"]
        await room.until(lambda: ("C1", "reach", "") in room.agent.state.results)
        page = (await room.get(PAGE)).text
        assert "deployed, DPIA DPIA-7" in page
        assert "deployed Quay, DPIA DPIA-7" in page, "in the record"
    async with open_agent(tmp_path, tree) as room:
        assert room.agent.estate.devices["C1"].location == "Quay", "it outlives the agent"
        assert (await room.press(PAGE, MOVED, state="in_transit")).status_code == 303
        assert room.agent.estate.absent == {"C1"}
        assert room.agent.estate.checks_of.get("C1", ()) == ()
        stays: list[tuple[str, str]] = []
        writer = room.agent.incident_service.store_writer
        await writer.flush()
        await writer.query(
            lambda store: stays.extend((one.state, one.location) for one in store.stays("C1"))
        )
        assert stays == [("in_store", "depot"), ("deployed", "Quay"), ("in_transit", "")]
