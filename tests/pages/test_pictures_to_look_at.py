"""Pictures that a person is asked to look at, from the camera's key frame to the contractor's message: one
key answers, an answer is kept, and what is a false alarm is not asked again.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.coded_camera import Scenes, dark
from helpers.commands import healthmon
from helpers.loopback import served
from helpers.open_agent import OpenAgent, open_agent
from helpers.support import free_port

from healthmon.incidents.acts import ActKind, act
from healthmon.incidents.confirmation import Fault
from healthmon.incidents.incident import Incident
from healthmon.model.device import Check
from healthmon.model.enums import State
from healthmon.runtime.act_entry import ActEntry
from healthmon.runtime.act_socket import ActSocket
from healthmon.runtime.listener_config import WebListener
from healthmon.store import Batch, Store

pytestmark = pytest.mark.slow
TOO_DARK = "too dark: mean grey level"


def tree_of(places: dict[str, tuple[str, int]]) -> dict[str, Any]:
    """Cameras by id; the last letter is their site."""
    url = f"http://127.0.0.1:{free_port()}/"
    row = {"kind": "fixed", "http": "no", "contractor": "acme"}
    return {
        "defaults": {
            "interval": "1 min",
            "timeout": "20 s",
            "cause": {"hold": "1 s", "quiet": "1 s", "longest": "1 s"},
        },
        "pictures": {"enabled": "yes", "workers": "1", "unconfined": "yes"},
        "contractors": [{"id": "acme", "name": "Acme", "response": "4 h", "fix": "3 d"}],
        "notify": {n: {"webhook": {"url": url}} for n in ("desk", "acme")},
        "routes": [{"to": ["desk"]}, {"to": ["acme"], "contractors": ["acme"]}],
        "sites": [{"id": "a"}, {"id": "b"}],
        "cameras": [
            row
            | {"id": name, "name": f"Eye {name}", "site": name[-1]}
            | {"address": host, "rtsp": {"port": port}, "streams": [{"path": "/live"}]}
            for name, (host, port) in places.items()
        ],
    }


@asynccontextmanager
async def room(folder: Path, scenes: dict[str, Scenes]) -> AsyncIterator[OpenAgent]:
    """An agent of these cameras."""
    async with AsyncExitStack() as stack:
        places = {}
        for number, (name, one) in enumerate(scenes.items(), 1):
            host = f"127.0.7.{number}"
            server = await stack.enter_async_context(served(one.talk, host=host))
            places[name] = (host, server.port)
        yield await stack.enter_async_context(open_agent(folder, tree_of(places)))


def record(folder: Path) -> Store:
    return Store.reader(f"sqlite:///{folder / 'state' / 'healthmon.db'}")


def sent_to(folder: Path, target: str) -> list[dict[str, Any]]:
    """The messages that were queued for a target."""
    store = record(folder)
    try:
        rows = store._engine.execute(
            "SELECT body FROM outbox WHERE target = :target ORDER BY id", {"target": target}
        ).fetchall()
        return [json.loads(body) for (body,) in rows]
    finally:
        store.close()


def check_of(opened: OpenAgent, device: str, name: str) -> Check:
    known = opened.agent.estate.checks_of[device]
    return next(one for one in known if one.check_type == name)


async def run(opened: OpenAgent, checks: list[Check]) -> None:
    """Have these checks run now, and wait for their results."""
    landed, schedule = opened.agent.state.latest_results.seen, opened.agent.schedule
    assert schedule is not None
    began = time.monotonic()
    schedule.run_soon(checks, anew=True)
    keys = [check.key for check in checks]
    await opened.until(lambda: all(key in landed and landed[key].landed > began for key in keys))


async def judged(opened: OpenAgent, devices: Iterable[str]) -> None:
    """Have the pictures of these cameras decoded once."""
    checks = [check_of(opened, device, "stream") for device in devices]
    memory = opened.agent.engine.context.memory_of

    def done() -> bool:
        known = [memory(check.device).stream(check.instance).picture for check in checks]
        return all(one is not None and one.reading is not None for one in known)

    while not done():
        await run(opened, checks)


async def looked(opened: OpenAgent, devices: Iterable[str], times: int = 3) -> None:
    """Have the pictures of these cameras judged so many times."""
    checks = [check_of(opened, device, "picture") for device in devices]
    for _ in range(times):
        await run(opened, checks)


def open_codes(opened: OpenAgent) -> list[tuple[str, str]]:
    known = opened.agent.state.book.open()
    return sorted((one.device, one.code) for one in known if one.device != "healthmon")


async def test_a_yes_calls_the_contractor_and_a_no_is_not_asked_again(tmp_path: Path) -> None:
    scenes = {name: Scenes(dark(2)) for name in ("C1a", "C2a", "C3a", "C4b")}
    async with room(tmp_path, scenes) as opened:
        await judged(opened, scenes)
        await looked(opened, scenes)
        together = await opened.says("/desk", "3 cameras together; the first: too dark")
        assert together.count('name="faults"') == 2, "a site in the dark is one line"
        await opened.says("/desk", ">C4b</a> Eye C4b")
        assert "Nobody is called before somebody says yes" in together
        await opened.until(
            lambda: set(scenes) <= {one["device"] for one in sent_to(tmp_path, "desk")}
        )
        assert sent_to(tmp_path, "acme") == []

        page = (await opened.get("/desk")).text
        alone, site = sorted(re.findall(r'name="faults" value="([\d ]+)"', page), key=len)
        assert (len(alone.split()), len(site.split())) == (1, 3)

        assert (
            await opened.post("/inspections", "viewer", answer="yes", faults=alone, once="x" * 20)
        ).status_code == 403
        assert (
            await opened.post("/inspections", answer="maybe", faults=alone, once="y" * 20)
        ).status_code == 409

        answer = await opened.press("/desk", "/inspections", answer="yes", faults=alone)
        assert answer.headers["location"] == f"/desk?answered={alone}"
        await opened.until(lambda: sent_to(tmp_path, "acme"))
        told = sent_to(tmp_path, "acme")
        assert [(one["device"], one["state"]) for one in told] == [("C4b", "fault")]
        assert told[0]["sentence"].endswith("smith has looked: a fault")
        fault = (await opened.get(f"/faults/F{int(alone):06d}")).text
        assert "running: due" in fault
        assert "confirmed" in fault

        answer = await opened.press("/desk", "/inspections", answer="no", faults=site)
        assert "no fault: a false alarm" in (await opened.get(answer.headers["location"])).text
        assert open_codes(opened) == [("C4b", "picture_too_dark")]
        await looked(opened, scenes)
        assert open_codes(opened) == [("C4b", "picture_too_dark")], (
            "the same cause is not asked again"
        )
        assert "No picture needs a person" in (await opened.get("/desk")).text
        assert opened.agent.incident_service.answered == {"yes": 1, "no": 3}

    async with room(tmp_path, scenes) as opened:
        await judged(opened, scenes)
        await looked(opened, scenes)
        assert open_codes(opened) == [("C4b", "picture_too_dark")], "and not after a restart"
        shown = (await opened.get(f"/desk?answered={site.replace(' ', '+')}")).text
        acts = re.search(r'name="of" value="([\d: ]+)"', shown)
        assert acts, shown
        undone = await opened.post("/inspections", answer="undo", of=acts[1], once="z" * 20)
        assert undone.status_code == 303
        await opened.says("/desk", "3 cameras together")
    store = record(tmp_path)
    assert store.broken_links() == []
    store.close()


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder for the socket; this test's user is the operator smith."""
    (tmp_path / "run").mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "run"))


@pytest.mark.usefixtures("shell")
async def test_the_same_by_command_and_a_view_is_learned_anew(tmp_path: Path) -> None:
    async def said(*argv: str) -> tuple[int, str, str]:
        config = str(tmp_path / "config.yaml")
        return await asyncio.to_thread(healthmon, "picture", *argv, "--config", config)

    async with room(tmp_path, {"C1a": Scenes(dark(2))}) as opened:
        entry = ActEntry(opened.agent, WebListener(opened.agent))
        entered = ActSocket(opened.agent, entry.enter)
        entered.open()
        try:
            assert (await said("looks"))[:2] == (0, "no picture needs a person\n")
            await judged(opened, ["C1a"])
            await looked(opened, ["C1a"])
            _, out, _ = await said("looks")
            assert out.startswith("C1a Eye C1a: too dark: mean grey level")
            assert (await said("answer", "C1a", "perhaps", "--name", "Smith"))[0] == 3
            code, out, _ = await said("answer", "C1a", "no", "--name", "Smith", "--note", "fog")
            assert code == 0
            assert "called a false alarm by Smith; closed: a false alarm: Smith has looked" in out
            assert open_codes(opened) == [], "the running agent knows it at once"
            await looked(opened, ["C1a"])
            assert open_codes(opened) == []
            assert "nobody is asked" in (await said("answer", "C1a", "no", "--name", "Smith"))[2]

            assert "being learned from 1 of 10 pictures" in (await said("baseline", "C1a"))[1]
            assert "no camera C9" in (await said("baseline", "C9", "--now", "--name", "S"))[2]
            code, out, told = await said("baseline", "C1a", "--now", "--name", "Smith")
            assert (code, out) == (0, "C1a: nothing learned yet\n")
            assert "C1a: learns its view anew" in told
            await judged(opened, ["C1a"])
            await looked(opened, ["C1a"])
            assert open_codes(opened) == [("C1a", "picture_too_dark")], "answers are asked for anew"
        finally:
            await entered.close()


async def test_a_yes_that_the_agent_was_killed_before_it_could_follow_calls_the_contractor(
    tmp_path: Path,
) -> None:
    """The answer is on the disk; what follows from it is done by the next run."""
    now = time.time()
    where = ("C1a", "picture", "main", "view")
    fault = Fault(*where, "view_covered", State.DEGRADED, "covered: 31 %", now - 600, now - 500)
    incident = Incident(7, "C1a", "a", (fault,), now - 600, now - 600, 4, told=now - 500)
    (tmp_path / "state").mkdir()
    store = Store.open(f"sqlite:///{tmp_path / 'state' / 'healthmon.db'}")
    store.record(Batch({fault.key: fault}, {7: incident}, alive=now))
    store.act(replace(act(ActKind.CONFIRM, "Smith", now), number=7))
    store.close()
    async with open_agent(tmp_path, tree_of({"C1a": ("127.0.7.9", free_port())})) as opened:
        await opened.until(lambda: sent_to(tmp_path, "acme"))
        (told,) = [one for one in sent_to(tmp_path, "acme") if one["number"] == 7]
        assert (told["state"], told["what"]) == ("fault", "changed")
        assert told["sentence"] == "covered: 31 %; Smith has looked: a fault"
    store = record(tmp_path)
    assert store.incidents()[-1].confirmed == "Smith", "it is said once"
    store.close()
