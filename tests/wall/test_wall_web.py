"""The wall on a real server: its page and policy, its events to many screens, and A10: screens that
hold it up.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from helpers.exporter_estate import made
from helpers.wall_estate import NOW, estate, line

from healthmon.access import passwords
from healthmon_exporters.pages.sections import Sections
from healthmon_exporters.wall import live
from healthmon_exporters.wall.routes import Wall
from healthmon_exporters.web import app as web
from healthmon_exporters.web import listener, palette


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same in a fifth of the time."""
    monkeypatch.setattr(live, "TICK_SECONDS", 0.2)
    monkeypatch.setattr(live, "BEAT_SECONDS", 0.6)


class Stage:
    """A wall whose model the test changes; `broken` makes it fail."""

    def __init__(self, cameras: int = 10) -> None:
        self.now, self.broken = estate(cameras), False
        self.wall = Wall(
            self.snapshot, lambda name: {"id": name} if name == "C001" else None, time.monotonic
        )

    def snapshot(self) -> Any:
        if self.broken:
            raise RuntimeError("a bug")
        return self.now

    def fault(self, name: str) -> None:
        device = next(d for d in self.now.devices if d.id == name)
        self.now = replace(self.now, faults=(line(device),))


@asynccontextmanager
async def serving(stage: Stage, file: Path | None = None) -> AsyncIterator[listener.OpenListener]:
    async def probe(*_: str) -> None:
        return None

    async def reload() -> str:
        return ""

    site = web.Site(
        made(), probe, lambda: True, reload, list, operators=Sections(wall=stage.wall).endpoints
    )
    running = await listener.serve(web.application(site, lambda: file), "127.0.0.1", 0)
    try:
        yield running
    finally:
        await running.close()
        await stage.wall.close()
        await asyncio.get_running_loop().shutdown_default_executor()


def client(running: listener.OpenListener, **more: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{running.port}", trust_env=False, **more)


class Screen:
    """One stream of events by hand, so that a test decides when it reads."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def of(cls, running: listener.OpenListener, **more: Any) -> Screen:
        screen = cls(*await asyncio.open_connection("127.0.0.1", running.port, **more))
        screen.writer.write(b"GET /wall/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return screen

    async def event(self, name: str = "", seconds: float = 6) -> tuple[str, Any]:
        """The next event (called `name`). The chunks of HTTP fall on the lines of the events."""
        kind = ""
        async with asyncio.timeout(seconds):
            while True:
                text = (await self.reader.readuntil(b"\n")).decode().rstrip("\r\n")
                if text.startswith("event: "):
                    kind = text[7:]
                elif text.startswith("data: ") and name in ("", kind):
                    return kind, json.loads(text[6:])

    async def end(self) -> None:
        self.writer.transport.abort()
        await asyncio.sleep(0)


async def until(condition: Any, seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def test_the_page_is_one_document_under_a_strict_policy():
    async with serving(Stage()) as running, client(running) as http:
        answer = await http.get("/wall")
        text = answer.text
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        rules = dict(
            rule.strip().split(" ", 1)
            for rule in answer.headers["content-security-policy"].split(";")
        )
        assert rules["default-src"] == "'none'"
        assert rules["connect-src"] == "'self'"
        for tag in ("style", "script"):
            (inside,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
            digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
            assert rules[f"{tag}-src"] == f"'sha256-{digest}'"
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert not re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?//""", text)
        assert all(colour in text for colour in palette.STATES.values())
        assert 'href="/wall"' in (await http.get("/")).text


async def test_json_and_one_device_in_words():
    stage = Stage()
    async with serving(stage) as running, client(running) as http:
        assert (await http.get("/wall.json")).json()["camera_total"] == 10
        assert (await http.get("/wall/device", params={"id": "C001"})).json() == {"id": "C001"}
        for wrong in ("", "C999", "../C001"):
            assert (await http.get("/wall/device", params={"id": wrong})).status_code == 404
        for path in ("/wall", "/wall.json", "/wall/events", "/wall/device", "/wall/list"):
            assert (await http.post(path)).status_code == 405
        assert (await http.head("/wall/events")).status_code == 200
        assert stage.wall.live.screens == 0


async def test_a_screen_gets_the_model_then_only_what_changes_and_beats():
    stage = Stage()
    async with serving(stage) as running:
        screen = await Screen.of(running)
        assert (await screen.event())[0] == "wall"
        kind, phase_of = await screen.event()
        assert kind == "beat"
        assert phase_of["age"] < 5
        stage.fault("C003")
        kind, model = await screen.event("wall", seconds=3)
        assert [one["id"] for one in model["faults"]] == ["C003"]
        first = (await screen.event("beat"))[1]["tick"]
        following = [await screen.event(seconds=live.BEAT_SECONDS + 2) for _ in range(2)]
        assert [name for name, _ in following] == ["beat", "beat"], (
            "what does not change is not sent again"
        )
        assert following[1][1]["tick"] - first <= 2 * live.BEAT_SECONDS + 2
        await screen.end()
        await until(lambda: stage.wall.live.screens == 0)


async def test_a_model_that_cannot_be_made_is_silence_not_calm(caplog):
    stage = Stage()
    async with serving(stage) as running:
        screen = await Screen.of(running)
        await screen.event("wall")
        await screen.event("beat")
        stage.broken = True
        with pytest.raises(TimeoutError):
            await screen.event(seconds=3 * live.BEAT_SECONDS)
        late = await Screen.of(running)
        with pytest.raises(TimeoutError):
            await late.event(seconds=1.2)
        stage.broken = False
        assert (await late.event(seconds=3))[0] == "wall"
        await screen.end()
        await late.end()
    assert caplog.text.count("the wall cannot be rendered") == 1


async def test_what_was_made_for_the_last_who_looked_is_not_shown_to_the_next():
    stage = Stage()
    async with serving(stage) as running:
        screen = await Screen.of(running)
        await screen.event("wall")
        await screen.end()
        await until(lambda: stage.wall.live.screens == 0)
        await asyncio.sleep(live.TICK_SECONDS + 0.3)
        stage.now = replace(stage.now, now=NOW + 1000)
        again = await Screen.of(running)
        _, model = await again.event("wall")
        assert {one["state"] for one in model["cameras"]} == {"unknown"}
        await again.end()


async def test_a10_the_oldest_of_too_many_screens_is_told_and_sent_away_and_scrapes_go_on():
    stage = Stage()
    async with serving(stage) as running:
        first = await Screen.of(running)
        await first.event("wall")
        others = [await Screen.of(running) for _ in range(live.MOST_SCREENS)]
        for screen in others:
            await screen.event("wall")
        _, word = await first.event("bye")
        assert word == {"reason": "more than 16 screens are open", "seconds": live.CROWDED_SECONDS}
        await until(lambda: stage.wall.live.screens == live.MOST_SCREENS)
        async with client(running, timeout=3) as http:
            for _ in range(5):
                assert (await http.get("/metrics")).status_code == 200
        assert (await others[0].event(seconds=5))[0] in ("wall", "beat")
        for screen in (first, *others):
            await screen.end()


async def test_a10_a_screen_that_takes_nothing_holds_nobody_up_and_is_dropped(monkeypatch):
    monkeypatch.setattr(listener, "HEADER_SECONDS", 0.5)
    monkeypatch.setattr(listener, "WRITE_SECONDS", 0.5)
    monkeypatch.setattr(live, "TICK_SECONDS", 0.01)
    monkeypatch.setattr(live, "SHARE", 1.0)
    stage = Stage(600)
    async with serving(stage) as running:
        stuck, well = await Screen.of(running, limit=1024), await Screen.of(running, limit=2**20)
        await well.event("wall")
        longest = 0.0
        async with asyncio.timeout(30):
            while stage.wall.live.screens > 1:
                stage.now = replace(stage.now, estate=f"Estate {time.monotonic()}")
                began = time.monotonic()
                assert (await well.event("wall"))[1]["camera_total"] == 600
                longest = max(longest, time.monotonic() - began)
        assert longest < 2.0
        await well.event("beat")
        await well.end()
        await stuck.end()


async def test_an_idle_stream_outlives_the_limits_of_a_request(monkeypatch):
    monkeypatch.setattr(listener, "HEADER_SECONDS", 0.2)
    monkeypatch.setattr(listener, "WRITE_SECONDS", 0.2)
    async with serving(Stage()) as running:
        screen = await Screen.of(running)
        await screen.event("wall")
        for _ in range(2):
            assert (await screen.event("beat"))[0] == "beat"
        await screen.end()


async def test_behind_users_it_is_for_those_who_may_come_in(tmp_path):
    file = tmp_path / "users"
    file.write_text(f"shift:{passwords.hash_password('right')}\n")
    async with serving(Stage(), file) as running, client(running) as http:
        for path in ("/wall", "/wall.json", "/wall/events", "/wall/device"):
            assert (await http.get(path)).status_code == 401
        assert (await http.get("/wall", auth=("shift", "right"))).status_code == 200
        async with http.stream("GET", "/wall/events", auth=("shift", "right")) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            async for text in answer.aiter_lines():
                if text == "event: wall":
                    break


async def test_the_wall_of_one_site_and_the_list_behind_a_number():
    """Each by its query; what is no site or no list is not found."""
    stage = Stage()
    stage.fault("C001")
    devices = tuple(replace(d, site="hill") if d.id == "C001" else d for d in stage.now.devices)
    stage.now = replace(stage.now, devices=devices, site_names={"hill": "Hill Street"})
    async with serving(stage) as running, client(running) as http:
        for path in ("/wall", "/wall.json", "/wall/list?id=faults"):
            here = "&" if "?" in path else "?"
            assert (await http.get(f"{path}{here}site=hill")).status_code == 200
            assert (await http.get(f"{path}{here}site=nowhere")).status_code == 404
        made = (await http.get("/wall.json?site=hill")).json()
        assert (made["camera_total"], made["estate"].endswith(", Hill Street")) == (1, True)
        assert (await http.get("/wall.json")).json()["camera_total"] == 10
        rows = (await http.get("/wall/list?id=at_fault&site=hill")).json()
        assert (rows["total"], rows["rows"][0]["id"]) == (1, "C001")
        assert (await http.get("/wall/list?id=users")).status_code == 404
        async with http.stream("GET", "/wall/events?site=hill") as answer:
            async for text in answer.aiter_lines():
                if text.startswith('data: {"version"'):
                    assert json.loads(text[6:])["camera_total"] == 1
                    break


async def test_the_end_of_the_server_ends_every_stream():
    stage = Stage()
    async with serving(stage) as running:
        screen = await Screen.of(running)
        await screen.event("wall")
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await screen.event("wall", seconds=5)
    assert stage.wall.live.screens == 0
    screen.writer.close()
