"""Check now: a person has a device checked at once, as a regular check; once, politely, on record."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from helpers.loopback import served
from helpers.open_agent import OpenAgent, open_agent
from helpers.support import free_port

from healthmon.incidents.operations import Operation
from healthmon.model.enums import State
from healthmon.runtime import check_now

pytestmark = pytest.mark.slow
PAGE, CHECK = "/devices/C1", "/devices/C1/check"


def estate(port: int, **more: object) -> dict[str, Any]:
    """One camera at `port` of this machine that is checked once an hour."""
    camera = {"id": "C1", "name": "North", "site": "s", "address": "127.0.0.1", "kind": "fixed"}
    rest = {"http": "no", "rtsp": {"port": port}, "streams": [{"path": "/live"}], "interval": "1 h"}
    return {"sites": [{"id": "s"}], "cameras": [camera | rest | more]}


async def operations(room: OpenAgent) -> list[tuple[Any, ...]]:
    """What is on record, with the chain unbroken."""
    found: list[tuple[Any, ...]] = []

    def read(store: Any) -> None:
        assert store.broken_links() == []
        with store._engine.transaction():
            rows = store._engine.execute("SELECT name, kind, subject FROM operations ORDER BY id")
            found.extend(rows.fetchall())

    await room.agent.incident_service.store_writer.query(read)
    return found


def reach(room: OpenAgent) -> State | None:
    """How the reach check of the camera ended last."""
    seen = room.agent.state.latest_results.seen.get(("C1", "reach", ""))
    return seen.state if seen else None


async def test_a_mended_camera_is_seen_at_once_and_its_page_says_so(tmp_path: Path) -> None:
    port = free_port()
    async with open_agent(tmp_path, estate(port)) as room:
        room.agent.schedule.run_soon(room.agent.estate.checks_of["C1"])
        await room.until(lambda: reach(room) is State.FAULT)

        async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        room.agent.schedule._hasty.clear()  # the run a moment ago was none of a person
        async with served(answer, port=port):
            sent = await room.press(PAGE, CHECK)
            assert (sent.status_code, sent.headers["location"]) == (303, PAGE)
            text = await room.says(PAGE, "All 3 checks have ended.</strong> Asked for by smith")
        assert "Being checked now" not in text
        assert reach(room) is State.OK, "applied as any other result"
        assert await operations(room) == [("smith", "check", "C1")]


async def test_a_second_press_and_a_form_sent_twice_do_nothing_new(tmp_path: Path) -> None:
    came, hold = 0, asyncio.Event()

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal came
        came += 1
        await hold.wait()
        writer.close()

    camera = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = camera.sockets[0].getsockname()[1]
    async with camera, open_agent(tmp_path, estate(port)) as room:
        mark = await room.mark(PAGE)
        await room.post(CHECK, once=mark)
        await room.until(lambda: came)
        assert "data-soon" in (await room.get(PAGE)).text
        assert (await room.press(PAGE, CHECK, "khan")).status_code == 303
        assert (await room.post(CHECK, once=mark)).status_code == 303
        assert came == 1, "one connection at a time"
        assert await operations(room) == [("smith", "check", "C1")]
        hold.set()
        await room.says(PAGE, "All 3 checks have ended.")
        await room.post(CHECK, once=mark)
        assert len(await operations(room)) == 1, "the same form again, after the end"


async def test_who_may_not_and_what_is_not_there_is_refused(tmp_path: Path) -> None:
    async with open_agent(
        tmp_path, estate(free_port(), kind="deployable", state="in_store")
    ) as room:
        refused = await room.post(CHECK, "viewer", once="x" * 20)
        assert (refused.status_code, "this needs role" in refused.text) == (403, True)
        assert "Check now" not in (await room.get(PAGE, "viewer")).text
        assert "Check now" not in (await room.get(PAGE)).text, "it is in store"
        for path, once, words in (
            (CHECK, "x" * 20, "C1 is not checked"),
            ("/devices/C9/check", "x" * 20, "C9 is not checked"),
            (CHECK, "", "the form is not whole"),
        ):
            answer = await room.post(path, once=once)
            assert (answer.status_code, words in answer.text) == (409, True)
        assert await operations(room) == []


async def test_a_device_that_rests_is_named_and_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_agent(tmp_path, estate(free_port())) as room:
        monkeypatch.setattr(check_now, "rest_of", lambda _agent, _check: 90.0)
        await room.press(PAGE, CHECK)
        text = (await room.get(PAGE)).text
        assert "C1 was busy or cut us off and is left alone for " in text
        assert "Nothing was asked." in text


def test_an_operation_survives_its_row() -> None:
    made = Operation.of_row((3, "check", "C1", "smith", 5.0, 5.0, "m" * 20, "{}"))
    assert (made.kind, made.get("reason"), made.body()) == ("check", "", "{}")
