"""An agent in this process, polling, with its pages behind real access control; no port is opened
for the pages.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from healthmon.access import passwords
from healthmon.access.roles import Role
from healthmon.access.users import User
from healthmon.config import loading
from healthmon.runtime.agent import Agent
from healthmon.runtime.estate import Estate
from healthmon.runtime.page_feed import feed_of
from healthmon_exporters.pages.routes import Pages
from healthmon_exporters.pages.sections import Sections
from healthmon_exporters.web import app as web

WORD = "three long words"
PEOPLE = {"smith": Role.OPERATOR, "khan": Role.MANAGER, "viewer": Role.VIEWER}
HANG_SECONDS = 60.0
_MARK = re.compile(r'name="once" value="([^"]+)"')


@dataclass(frozen=True)
class OpenAgent:
    """A running agent and the ASGI application of its pages."""

    agent: Agent
    app: Any

    async def get(self, path: str, by: str = "smith") -> httpx.Response:
        """Load a page."""
        async with self._client(by) as http:
            return await http.get(path)

    async def post(self, path: str, by: str = "smith", **form: object) -> httpx.Response:
        """Send a form."""
        async with self._client(by) as http:
            return await http.post(path, data=form)

    async def press(self, page: str, to: str, by: str = "smith", **form: object) -> httpx.Response:
        """Send a form to `to` as it stands on `page`, with its mark."""
        return await self.post(to, by, once=await self.mark(page, by), **form)

    async def mark(self, page: str, by: str = "smith") -> str:
        """The mark of a form on `page`."""
        found = _MARK.search((await self.get(page, by)).text)
        assert found, f"no form on {page} for {by}"
        return found[1]

    async def until(self, true: Callable[[], object]) -> None:
        """Wait until it is so; it fails only where it hangs."""
        async with asyncio.timeout(HANG_SECONDS):
            while not true():
                await asyncio.sleep(0.02)

    async def says(self, page: str, words: str) -> str:
        """Load `page` until it says `words`; its text."""
        text = ""
        try:
            async with asyncio.timeout(HANG_SECONDS):
                while words not in (text := (await self.get(page)).text):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{page} does not say {words!r}:\n{text}") from None
        return text

    def _client(self, by: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app)
        auth = (by, WORD) if by else None
        return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", auth=auth)


@asynccontextmanager
async def open_agent(folder: Path, tree: dict[str, Any]) -> AsyncIterator[OpenAgent]:
    """An agent of the configuration `tree` that polls until the end; its state is in `folder`."""
    path, users, state = folder / "config.yaml", folder / "users", folder / "state"
    state.mkdir(exist_ok=True)
    if not users.exists():
        known = passwords.hash_password(WORD)
        users.write_text("".join(f"{User(n, known, r).line()}\n" for n, r in PEOPLE.items()))
        users.chmod(0o600)
    path.write_text(yaml.safe_dump({"agent": {"state_directory": str(state)}, **tree}))
    agent = Agent.of(path, Estate.of(loading.load(path)))
    pages = Pages(feed_of(agent))

    async def never(*_: str) -> None:
        return None

    async def reload() -> str:
        return await agent.reload()

    site = web.Site(
        agent.metrics, never, agent.ready, reload, list, operators=Sections(pages=pages).endpoints
    )
    running = asyncio.create_task(agent.run())
    try:
        async with asyncio.timeout(HANG_SECONDS):
            while agent.schedule is None:
                await asyncio.sleep(0.01)
        yield OpenAgent(agent, web.application(site, lambda: users))
    finally:
        agent.stop()
        await running
