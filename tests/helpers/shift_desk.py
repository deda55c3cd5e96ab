"""A control room's desk for tests of the shift check: an agent in this process, cameras that answer by
HTTP and one that does not.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from healthmon.access import passwords
from healthmon.access.roles import Role
from healthmon.access.users import User
from healthmon.checks.function_check.walk import Outcome, Tick, Walk
from healthmon.config import loading
from healthmon.runtime.agent import Agent
from healthmon.runtime.estate import Estate
from healthmon.runtime.page_feed import feed_of
from healthmon.store import Store
from healthmon_exporters.pages.routes import Pages
from healthmon_exporters.pages.sections import Sections
from healthmon_exporters.reports import kept_sheet
from healthmon_exporters.web import app as web
from helpers.open_agent import HANG_SECONDS, WORD, OpenAgent, open_agent
from helpers.shift_estate import sheet
from helpers.support import free_port

_HIDDEN = re.compile(r'name="(form|sweep|known|camera|tick)" value="([^"]*)"')


@dataclass(frozen=True)
class Desk:
    """The agent with its pages, and the folder of its store."""

    opened: OpenAgent
    folder: Path

    def client(self, name: str = "smith") -> httpx.AsyncClient:
        """A browser in which `name` is logged in; nobody for ""."""
        transport = httpx.ASGITransport(self.opened.app)
        auth = (name, WORD) if name else None
        return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", auth=auth)

    async def swept(self, http: httpx.AsyncClient) -> str:
        """The desk once the shift check that is started here is over."""
        answer = await http.post("/shift-check")
        assert (answer.status_code, answer.headers["location"]) == (303, "/desk")
        async with asyncio.timeout(HANG_SECONDS):
            while "data-running" in (await http.get("/shift-check")).text.partition("<script")[0]:
                await asyncio.sleep(0.05)
        return (await http.get("/desk")).text

    def store(self) -> Store:
        """The record, for reading."""
        return Store.reader(f"sqlite:///{self.folder / 'state' / 'healthmon.db'}")


def fields(page: str) -> dict[str, str]:
    """The hidden fields of the form for the camera that is called up."""
    return dict(_HIDDEN.findall(page[page.index('<section id="walk"') :]))


def undo_fields(page: str) -> dict[str, str]:
    """The hidden fields of the form that takes the last tick back."""
    return dict(_HIDDEN.findall(page[: page.index("</form>", page.index('class="last"'))]))


@asynccontextmanager
async def shift_desk(folder: Path, cameras: int, **estate: Any) -> AsyncIterator[Desk]:
    """`cameras` that answer (C001 ...), and C000, which does not."""
    port, hosts = free_port(), [f"127.0.7.{one}" for one in range(1, cameras + 1)]
    names = ["Dead", *(f"Gate <{one}>" for one in range(1, cameras + 1))]
    fixed = {"site": "s", "kind": "fixed", "rtsp": "no"}
    rows = [
        {"id": f"C{one:03d}", "name": name, "address": host, **fixed, "http": {"port": port}}
        for one, (name, host) in enumerate(zip(names, ["127.0.8.1", *hosts], strict=True))
    ]
    tree = {
        "estate": {"name": "Town", "shift_check": {"walk": "1 d"}} | estate,
        "defaults": {"interval": "1 h", "cause": {"hold": "1 s", "quiet": "1 s", "longest": "2 s"}},
        "sites": [{"id": "s"}],
        "cameras": rows,
    }
    device = await asyncio.start_server(_answer, hosts, port)
    try:
        async with open_agent(folder, tree) as opened:
            yield Desk(opened, folder)
    finally:
        device.close()
        await device.wait_closed()
        await asyncio.get_running_loop().shutdown_default_executor()


@asynccontextmanager
async def kept_walk(
    folder: Path, cameras: int, due: int, ticked: int = 0
) -> AsyncIterator[OpenAgent]:
    """`cameras` with a sheet of this hour, of which `due` are to be looked at and `ticked` are; nothing is
    polled.
    """
    state, path, users = folder / "state", folder / "config.yaml", folder / "users"
    state.mkdir()
    rows = "\n".join(
        f"  - {{id: C{one:03d}, name: Market Place {one}, site: s,"
        f" address: 10.1.{one // 250}.{one % 250 + 1}, kind: fixed}}"
        for one in range(1, cameras + 1)
    )
    path.write_text(f"agent: {{state_directory: state}}\nsites: [{{id: s}}]\ncameras:\n{rows}\n")
    now, names = time.time(), tuple(f"C{one:03d}" for one in range(1, due + 1))
    made = replace(sheet(cameras), at=now, walk=Walk(now - 60, now + 3600, 604800.0, names))
    store = Store.open(f"sqlite:///{state / 'healthmon.db'}")
    number = store.keep_sweep(now, kept_sheet.body(made))
    for camera in names[:ticked]:
        store.tick(Tick(camera, Outcome.WELL, "smith", now, number, camera), now - 60, 0)
    store.close()
    agent = Agent.of(path, Estate.of(loading.load(path)))
    users.write_text(f"{User('smith', passwords.hash_password(WORD), Role.OPERATOR).line()}\n")
    users.chmod(0o600)

    async def never(*_: str) -> None:
        return None

    site = web.Site(
        agent.metrics,
        never,
        agent.ready,
        never,
        list,
        operators=Sections(pages=Pages(feed_of(agent))).endpoints,
    )  # type: ignore[arg-type]
    try:
        yield OpenAgent(agent, web.application(site, lambda: users))
    finally:
        await agent.incident_service.store_writer.close()
        await agent.engine.close()
        agent.running.close()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        await writer.drain()
    writer.close()
