"""What people use of a running agent, loaded when the first page is asked for or the first command
enters something: an agent that is only scraped keeps none of it in memory (docs/adr/0057).
"""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any

from healthmon.runtime import memory
from healthmon.runtime.agent import Agent
from healthmon.runtime.listener_config import WebListener
from healthmon_exporters.web.access_control import AccessControl
from healthmon_exporters.web.acts import Answered
from healthmon_exporters.web.later_pages import Endpoints

if TYPE_CHECKING:
    from healthmon.runtime.desk import Desk


class Operators:
    """The operators of `agent`; `pages` is where they come in."""

    def __init__(self, agent: Agent, pages: WebListener) -> None:
        self._agent, self._pages = agent, pages
        self._desk: Desk | None = None
        self._endpoints: Endpoints | None = None
        self._loading = asyncio.Lock()

    async def endpoints(self, control: AccessControl) -> Endpoints:
        """Those of their pages by "GET /desk"."""
        if self._endpoints is None:
            desk = await self._loaded()
            self._endpoints = await desk.sections.endpoints(control)
        return self._endpoints

    async def enter(self, kind: str, values: dict[str, Any], uid: int) -> Answered:
        """Write one act of the user `uid` to the store, and have the agent know it at once."""
        desk = await self._loaded()
        return await desk.entry.enter(kind, values, uid)

    async def close(self) -> None:
        """Send every screen of the wall away."""
        if self._desk is not None:
            await self._desk.wall.close()

    async def _loaded(self) -> Desk:
        """In a thread, so that nothing else waits for the modules."""
        async with self._loading:
            if self._desk is None:
                module = await asyncio.to_thread(_module)
                self._desk = module.Desk(self._agent, self._pages)
            return self._desk


def _module() -> Any:
    found = importlib.import_module("healthmon.runtime.desk")
    memory.share_methods()
    return found
