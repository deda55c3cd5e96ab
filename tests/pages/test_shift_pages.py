"""The shift check and the walk on the pages of an agent: started, watched, walked, undone, refused."""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from helpers.commands import healthmon
from helpers.open_agent import OpenAgent
from helpers.shift_desk import HANG_SECONDS, Desk, fields, kept_walk, shift_desk, undo_fields

from healthmon.checks.function_check.walk import Outcome
from healthmon.runtime import act_entry
from healthmon.runtime.act_entry import ActEntry
from healthmon.runtime.act_socket import ActSocket
from healthmon.runtime.listener_config import WebListener
from healthmon.runtime.shift_check import ShiftCheck
from healthmon.store import Store

pytestmark = pytest.mark.slow


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with shift_desk(tmp_path, 4) as made:
        yield made


async def test_a_shift_check_is_made_by_the_agent_and_its_walk_is_walked(desk: Desk) -> None:
    async with desk.client() as http:
        assert "No sheet has been made yet" in (await http.get("/desk")).text
        nothing = await http.get("/walk")
        assert "The walk begins when this shift check has its sheet" in nothing.text
        page = await desk.swept(http)
        assert "live 0 of 5 (4 not checked)" in page
        assert "Seen by a person 0 of 4 due (0 well, 0 not well); 4 NOT SEEN." in page
        assert desk.opened.agent.state.results, "its results are the agent's too"
        number = re.search(r'href="/sheets/(\d+)"', page)
        assert number is not None

        page = (await http.get("/walk")).text
        assert "Camera 1 of 4" in page
        assert "Gate &lt;1&gt;" in page
        assert "Not in this walk: C000: fault in this check" in page
        form = fields(page)
        assert form["camera"] == "C001"
        first = await http.post("/walk", data=form | {"outcome": "well", "comment": "a leaf"})
        assert (first.status_code, first.headers["location"]) == (303, "/walk")
        again = await http.post("/walk", data=form | {"outcome": "not well", "comment": "dark"})
        assert again.status_code == 303, "a form that comes twice is one tick"
        page = (await http.get("/walk")).text
        assert "Your last tick: C001 well" in page
        form = fields(page)
        assert form["camera"] == "C002"
        empty = await http.post("/walk", data=form | {"outcome": "not well", "comment": " "})
        assert (empty.status_code, "Describe what is wrong" in empty.text) == (409, True)
        other = form | {"camera": "C004", "outcome": "not well", "comment": "x" * 1001}
        refused = (await http.post("/walk", data=other)).text
        assert fields(refused)["camera"] == "C004", "the comment stands at its own camera only"
        assert 'action="/walk?camera=C004"' in refused, "so does what the tab keeps of it"
        await http.post("/walk", data=form | {"outcome": "not well", "comment": "dome is dirty"})
        page = (await http.get("/walk")).text
        raised = re.search(r"C002 not well, [^<]*, fault (F\d{6}) raised", page)
        assert raised is not None
        assert "dome is dirty" in (await http.get(f"/faults/{raised[1]}")).text
        await http.post("/walk", data=fields(page) | {"outcome": "skipped"})
        sheet = (await http.get(f"/sheets/{number[1]}")).text
        assert "seen by a person 2 of 4 due (1 well, 1 not well); 1 skipped; 1 NOT SEEN" in sheet
        assert "smith has seen 2, " in sheet
        assert f"{raised[1]}: dome is dirty" in sheet
        made = (await http.get(f"/sheets/{number[1]}.json")).json()
        marks = [row["mark"] for row in made["walk"]["rows"]]
        assert marks == ["well", "not well", "skipped", "NOT SEEN"]
        assert (
            "C002,Gate <2>,s,walk,Seen by a person,not well"
            in (await http.get(f"/sheets/{number[1]}.csv")).text
        )
        assert "C004 Gate <4>: NOT SEEN" in (await http.get(f"/sheets/{number[1]}.txt")).text
        pdf = await http.get(f"/sheets/{number[1]}.pdf")
        assert (pdf.headers["content-type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
        for gone in ("999", "1.exe", "x"):
            assert (await http.get(f"/sheets/{gone}")).status_code == 404


async def test_the_last_tick_is_taken_back_and_the_camera_is_next_again(desk: Desk) -> None:
    async with desk.client() as http:
        await desk.swept(http)
        for outcome in ("well", "not well"):
            page = (await http.get("/walk")).text
            kept = await http.post(
                "/walk", data=fields(page) | {"outcome": outcome, "comment": "dark"}
            )
            assert kept.status_code == 303, kept.text
        page = (await http.get("/walk")).text
        assert fields(page)["camera"] == "C003"
        number = re.search(r"fault (F\d{6}) raised", page)
        undone = await http.post("/walk/undo", data=undo_fields(page))
        assert undone.headers["location"] == "/walk?camera=C002"
        assert (await http.post("/walk/undo", data=undo_fields(page))).status_code == 303
        page = (await http.get("/walk")).text
        assert (fields(page)["camera"], "Your last tick: C001" in page) == ("C002", True)
        assert number is not None
        assert "closed" in (await http.get(f"/faults/{number[1]}")).text
        async with desk.client("khan") as other:
            page = (await other.get("/walk")).text
            assert "Your last tick" not in page
            assert fields(page)["camera"] == "C002", "another person goes on where it was left"
            stolen = await other.post("/walk/undo", data={"form": "a" * 24, "tick": "1"})
            assert (stolen.status_code, "not your last tick" in stolen.text) == (409, True)
    store = desk.store()
    assert [one.outcome for one in store.ticks(0.0, 9e9)] == [
        Outcome.WELL,
        Outcome.NOT_WELL,
        Outcome.UNDONE,
    ]
    assert store.broken_links() == []
    store.close()


async def test_a_newer_sheet_of_the_same_shift_check_keeps_the_ticks(desk: Desk) -> None:
    async with desk.client() as http:
        await desk.swept(http)
        before = fields((await http.get("/walk")).text)
        kept = await http.post("/walk", data=before | {"outcome": "well"})
        assert kept.status_code == 303, kept.text
        open_still = fields((await http.get("/walk")).text)
        page = await desk.swept(http)
        assert "Seen by a person 1 of 4 due (1 well, 0 not well); 3 NOT SEEN." in page
        assert "Start it again" in page
        kept = await http.post("/walk", data=open_still | {"outcome": "well"})
        assert kept.status_code == 303, "a page that was open before the newer sheet loses nothing"
        after = fields((await http.get("/walk")).text)
        assert (after["camera"], int(after["sweep"])) == ("C003", int(before["sweep"]) + 1)


async def test_a_camera_with_a_fault_is_called_up_with_the_words_of_the_fault(desk: Desk) -> None:
    async with desk.client() as http:
        await desk.swept(http)
        fault = {"device": "C001", "what": "label <worn>", "noticed_by": "public", "once": "a"}
        done = await http.post("/raise", data=fault)
        number = done.headers["location"].rpartition("/")[2]
        for _ in range(2):  # on the sheet before the fault, and on the one after it
            page = (await http.get("/walk")).text
            assert fields(page)["camera"] == "C001"
            assert f"<dd>Open fault {number}: label &lt;worn&gt;</dd>" in page
            assert "Not in this walk: C000: " in page
            await desk.swept(http)
        kept = await http.post("/walk", data=fields(page) | {"outcome": "well"})
        assert kept.status_code == 303, kept.text
        assert fields((await http.get("/walk")).text)["camera"] == "C002"


async def test_two_people_at_one_camera_are_told(desk: Desk) -> None:
    async with desk.client() as smith, desk.client("khan") as khan:
        await desk.swept(smith)
        mine, theirs = [fields((await one.get("/walk")).text) for one in (smith, khan)]
        assert (await smith.post("/walk", data=mine | {"outcome": "well"})).status_code == 303
        late = await khan.post("/walk", data=theirs | {"outcome": "skipped"})
        assert late.status_code == 409
        assert "Meanwhile smith has looked at C001 (well); nothing was kept." in late.text


async def test_viewers_strangers_foreign_pages_and_broken_forms_tick_nothing(desk: Desk) -> None:
    async with desk.client() as http, desk.client("viewer") as viewer:
        page = await desk.swept(http)
        form = fields((await http.get("/walk")).text) | {"outcome": "well"}
        shown = (await viewer.get("/walk")).text
        assert "Gate &lt;1&gt;" in shown
        assert 'action="/walk"' not in shown.replace('method="get" action="/walk"', "")
        assert "Start it again" not in (await viewer.get("/desk")).text
        assert "Start it again" in page
        for path, data in (("/walk", form), ("/walk/undo", form), ("/shift-check", {})):
            refused = await viewer.post(path, data=data)
            assert (refused.status_code, "needs role" in refused.text) == (403, True)
            foreign = {"origin": "http://evil.example", "sec-fetch-site": "cross-site"}
            assert (await http.post(path, data=data, headers=foreign)).status_code == 403
            async with desk.client("") as nobody:
                assert (await nobody.post(path, data=data)).status_code in (303, 401)
        for broken in (
            {"outcome": "all well"},
            {"form": "x"},
            {"sweep": "9" * 400},
            {"sweep": "0"},
            {"known": "-1"},
            {"camera": "C999"},
            {"camera": "other"},
            {"comment": "x" * 1001},
        ):
            answer = await http.post("/walk", data=form | broken)
            assert answer.status_code == 409, (broken, answer.text)
        assert (await http.get("/walk?camera=C999")).status_code == 404
    store = desk.store()
    assert store.ticks(0.0, 9e9) == ()
    store.close()


async def test_a_check_goes_on_once_and_shows_how_far_it_is(desk: Desk) -> None:
    check, seen = ShiftCheck(desk.opened.agent), set()
    assert (check.start("smith"), check.start("khan")) == ("", "")
    async with asyncio.timeout(HANG_SECONDS):
        while check.progress is None or check.progress.running:
            seen.add(check.progress.done if check.progress else -1)
            await asyncio.sleep(0)
    assert check.progress.by == "smith"
    assert check.progress.done == check.progress.total > 5
    assert len(seen) > 3, "each result is a step"
    store = desk.store()
    last = store.last_sweep()
    assert last is not None
    assert last[0] == 1, "two clicks are one check"
    store.close()


async def test_a_sheet_of_an_earlier_shift_check_is_not_walked(tmp_path: Path) -> None:
    async with shift_desk(tmp_path, 2) as desk, desk.client() as http:
        await desk.swept(http)
        form = fields((await http.get("/walk")).text) | {"outcome": "well"}
        store = Store.open(f"sqlite:///{tmp_path / 'state' / 'healthmon.db'}")
        with store._engine.transaction():
            store._engine.execute("UPDATE sweeps SET at = at - 50000")
        store.close()
        stale = await http.post("/walk", data=form)
        assert (stale.status_code, "earlier shift check" in stale.text) == (409, True)
        assert (
            "The walk begins when this shift check has its sheet" in (await http.get("/walk")).text
        )
        assert "of an earlier shift check" in (await http.get("/desk")).text


async def test_a_check_that_the_end_of_the_agent_cuts_off_leaves_no_sheet(desk: Desk) -> None:
    async with desk.client() as http:
        assert (await http.post("/shift-check")).status_code == 303
        page = (await http.get("/desk")).text
        assert re.search(r"\d+ of \d+ checks made; started by smith", page)
        for close in desk.opened.agent.ending:
            await close()
        page = (await http.get("/desk")).text
        assert re.search(r"was cut off: healthmon was stopped\. \d+ of 15 checks were made", page)
        assert "No sheet has been made yet" in page
        assert "Start it again" in page


async def test_the_shell_has_the_agent_make_the_shift_check(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(run))
    agent = desk.opened.agent
    entered = ActSocket(agent, ActEntry(agent, WebListener(agent)).enter)
    entered.open()
    argv = ("sweep", "--shift", "--config", str(tmp_path / "config.yaml"))
    output = tmp_path / "sheet.csv"
    try:
        code, out, err = await asyncio.to_thread(
            healthmon, *argv, "--json", "--output", str(output)
        )
        assert (code, err) == (1, f"store: {tmp_path / 'state' / 'healthmon.db'}\n")
        made = json.loads(out)
        assert (
            made["walk"]["words"] == "seen by a person 0 of 4 due (0 well, 0 not well); 4 NOT SEEN"
        )
        assert "Seen by a person,NOT SEEN" in output.read_text()
        assert agent.state.results, "the agent has made it"
        assert (await entered.enter("sweep", {"watch": True}, os.getuid())).values["done"] == {
            "running": False,
            "made": 16,
            "total": 16,
            "problem": "",
        }
        monkeypatch.setattr(act_entry, "overflow_uid", os.getuid)
        code, out, err = await asyncio.to_thread(healthmon, *argv)
        assert (code, out, "cannot see who you are" in err) == (3, "", True)
    finally:
        await entered.close()
    store = desk.store()
    last = store.last_sweep()
    assert last is not None
    assert last[0] == 1
    store.close()


@pytest.fixture
async def large(tmp_path: Path) -> AsyncIterator[OpenAgent]:
    """600 cameras, 86 of them due, with a sheet of this hour; nothing is polled."""
    async with kept_walk(tmp_path, 600, 86, 40) as made:
        yield made


SHOWN = {
    "/desk": "40 of 86 due (40 well, 0 not well); 46 NOT SEEN",
    "/walk": "Camera 41 of 86",
    "/sheets/1": "C600 Market Place 600",
}


async def test_pages_of_600_cameras_are_small_and_quick(large: OpenAgent) -> None:
    async with large._client("smith") as http:
        for path, words in SHOWN.items():
            took = []
            for _ in range(4):
                began = time.process_time()
                page = await http.get(path)
                took.append(time.process_time() - began)
            assert words in page.text
            assert len(page.content) < 1_000_000
            assert min(took) < 0.3, f"{path}: seconds of CPU"
