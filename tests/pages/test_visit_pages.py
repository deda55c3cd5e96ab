"""An engineer arrives at a site and leaves it: reported faults are attended, messages are held with a
hard end, and what is broken afterwards is a fault that the page shows.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.loopback import served
from helpers.open_agent import OpenAgent, open_agent
from helpers.support import free_port

from healthmon.incidents import visits
from healthmon.incidents.life_cycle import Stage
from healthmon.incidents.operations import OperationError
from healthmon.incidents.windows import active
from healthmon.scheduling import scheduler

pytestmark = pytest.mark.slow
SITE, ARRIVED, LEFT = "/sites/market", "/sites/market/arrived", "/sites/market/left"


def estate(ports: dict[str, int]) -> dict[str, Any]:
    """Cameras that are checked once an hour; what is lost is notified after a second."""
    where = {"site": "market", "address": "127.0.0.1", "kind": "fixed", "http": "no"}
    return {
        "estate": {"visit_hold": "2 h"},
        "sites": [{"id": "market", "name": "Market"}, {"id": "park"}],
        "defaults": {
            "interval": "1 h",
            "timeout": "2 s",
            "cause": {"hold": "1 s", "quiet": "1 s", "longest": "1 s"},
        },
        "cameras": [
            {"id": name, "name": f"Camera {name}", **where, "rtsp": {"port": port}}
            for name, port in ports.items()
        ],
    }


def numbers(room: OpenAgent) -> dict[str, int]:
    """The open fault of each device."""
    known = room.agent.incident_service.reducer.incidents.values()
    return {one.device: one.number for one in known}


async def stage(room: OpenAgent, number: int) -> Stage:
    """How far a fault has come."""
    found: list[Stage] = []
    writer = room.agent.incident_service.store_writer
    await writer.query(lambda store: found.append(store.life_cycle(number).stage))
    return found[0]


def look(room: OpenAgent, *names: str) -> None:
    """Have devices checked as the schedule would, however lately they were."""
    room.agent.schedule._hasty.clear()
    room.agent.schedule.run_soon([one for n in names for one in room.agent.estate.checks_of[n]])


async def test_a_visit_from_arrival_to_what_is_broken_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "SOON_SECONDS", 0.2)
    ports = {name: free_port() for name in ("C1", "C2", "C3", "C4")}

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    well = await asyncio.start_server(answer, "127.0.0.1", ports["C4"])
    async with well, AsyncExitStack() as camera, open_agent(tmp_path, estate(ports)) as room:
        await camera.enter_async_context(served(answer, port=ports["C1"]))
        look(room, "C2", "C3", "C4")
        await room.until(lambda: {"C2", "C3"} <= numbers(room).keys())
        reported, other = numbers(room)["C2"], numbers(room)["C3"]
        sent = await room.post(f"/faults/F{reported:06d}/acts", act="report", to="Acme")
        assert sent.status_code == 303

        mark = await room.mark(SITE)
        for _ in range(2):
            form = {"engineer": "Lee", "reference": "J-17"}
            assert (await room.post(ARRIVED, once=mark, **form)).status_code == 303
        other_tab = await room.post(ARRIVED, once=mark, engineer="Kaur")
        assert (other_tab.status_code, "Lee, is at the site already" in other_tab.text) == (
            409,
            True,
        )
        assert await stage(room, reported) is Stage.ATTENDED
        assert await stage(room, other) is Stage.OPEN
        held = room.agent.estate_state().maintenance
        assert set(held.values()) == {"engineer at the site: Lee"}
        page = (await room.get(SITE)).text
        assert "Engineer at the site: Lee" in page
        assert f"/faults/F{reported:06d}" in page
        record = (await room.get(f"/faults/F{reported:06d}")).text
        assert record.count("reference: J-17") == 1, "once, though the form came twice"

        await camera.aclose()  # the engineer cuts a cable
        look(room, "C1")
        await room.until(lambda: "C1" in numbers(room))
        incidents = room.agent.incident_service.reducer.incidents
        await room.until(lambda: incidents[numbers(room)["C1"]].held == "maintenance")
        assert incidents[numbers(room)["C1"]].told is None

        sent = await room.press(SITE, LEFT, note="cable replaced")
        assert (sent.status_code, sent.headers["location"]) == (303, SITE)
        assert room.agent.estate_state().maintenance == {}
        text = await room.says(SITE, "checks have ended.</strong> Asked for by smith")
        fresh = text.partition("New since the engineer arrived")[2].partition("<h2>")[0]
        assert f"F{numbers(room)['C1']:06d}" in fresh
        assert f"F{other:06d}" not in fresh
        await room.until(lambda: incidents[numbers(room)["C1"]].told)
        text = (await room.get("/maintenance")).text
        for words in ("engineer arrived", "engineer left", "cable replaced", "Lee; J-17"):
            assert words in text


async def test_who_may_not_and_what_is_not_there_is_refused(tmp_path: Path) -> None:
    async with open_agent(tmp_path, estate({"C1": free_port()})) as room:
        assert (await room.post(LEFT, "viewer", once="x" * 20)).status_code == 403
        assert "<form" not in (await room.get(SITE, "viewer")).text.partition("<main")[2]
        assert (await room.get("/sites/moon")).status_code == 404
        for path, form, status, words in (
            (ARRIVED, {"once": "x" * 20}, 409, "the engineer&#39;s name is needed"),
            (ARRIVED, {"engineer": "Lee"}, 409, "the form is not whole"),
            ("/sites/moon/left", {"once": "x" * 20}, 404, "no such site"),
        ):
            answer = await room.post(path, **form)
            assert (answer.status_code, words in answer.text) == (status, True), path
        assert room.agent.estate_state().maintenance == {}
        never = await room.post(LEFT, once="y" * 20)
        assert (never.status_code, "record the arrival first" in never.text) == (409, True)
        assert "Engineer left" not in (await room.get(SITE)).text


async def test_who_has_left_cannot_leave_again_and_who_has_not_is_named_past_the_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_agent(tmp_path, estate({"C1": free_port()})) as room:
        assert (await room.press(SITE, ARRIVED, engineer="Lee")).status_code == 303
        monkeypatch.setattr(visits.Visit, "holds", lambda _visit, _now: False)
        page = (await room.get(SITE)).text
        assert "Record that Lee has left, so that the next arrival can be recorded." in page
        assert "<summary>Engineer arrived" not in page
        other = await room.post(ARRIVED, once="z" * 20, engineer="Kaur")
        assert (other.status_code, "record first that Lee left" in other.text) == (409, True)
        mark = await room.mark(SITE)
        for _ in range(2):
            assert (await room.post(LEFT, once=mark)).status_code == 303, "one form, sent twice"
        again = await room.post(LEFT, once="y" * 20)
        assert again.status_code == 409
        assert "Lee has left already (smith recorded it); record the next arrival" in again.text
        assert (await room.press(SITE, ARRIVED, engineer="Kaur")).status_code == 303


def test_a_hold_has_a_hard_end_and_a_plain_text() -> None:
    made = visits.arrived("market", " Lee\n", "", 7200.0, ("smith", ""), 1000.0)
    assert [one.reason for one in active([made], 8199.0)] == ["engineer at the site: Lee"]
    assert active([made], 8200.0) == []
    gone = visits.left("market", visits.Visit.of(made), "", ("smith", ""), 2000.0)
    assert active([gone], 2000.0) == []
    assert visits.Visit.of(gone).arrived == 1000.0
    assert not visits.Visit.of(replace(made, until=None)).holds(1001.0)
    with pytest.raises(OperationError, match="longer than 200"):
        visits.arrived("market", "x" * 201, "", 7200.0, ("smith", ""), 1000.0)
