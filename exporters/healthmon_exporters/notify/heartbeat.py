"""A sign of life: a web address is asked every n seconds as long as the agent works; its silence is
the alarm.

Whoever watches (a dead-man's switch, healthchecks, Alertmanager's Watchdog) must stand outside of
what is watched.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from healthmon.notifications.sender import SendError, set_within
from healthmon_exporters.notify.http_post import Address, Web

logger = logging.getLogger(__name__)


class Heartbeat:
    """Beats while `alive()` says that the agent's work goes on; an agent that only breathes stays
    silent.

    `interval` is in seconds. `last` is the Unix time of the last accepted heartbeat, None before
    the first.
    """

    def __init__(
        self,
        address: Address,
        *,
        interval: float,
        method: str = "GET",
        seconds: float = 15.0,
        alive: Callable[[], bool] = lambda: True,
    ) -> None:
        self._web = Web.to(address, seconds)
        self._method = method
        self._interval = interval
        self._alive = alive
        self._failing = False
        self.last: float | None = None

    async def send(self) -> None:
        """Send one heartbeat. Raises SendError when it was not accepted."""
        await self._web.request(self._method)
        self.last = time.time()

    async def run(self, ending: asyncio.Event) -> None:
        """Send at a fixed interval until `ending`; a failure is logged once, and once when it is
        over.
        """
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not ending.is_set():
            if self._alive():
                await self._try()
            due = max(due + self._interval, loop.time())
            await set_within(ending, due - loop.time())

    async def aclose(self) -> None:
        """End the resolver's threads."""
        self._web.close()

    async def _try(self) -> None:
        try:
            await self.send()
        except SendError as error:
            if not self._failing:
                logger.warning("heartbeat failed: %s", error)
            self._failing = True
            return
        if self._failing:
            logger.info("heartbeat works again")
        self._failing = False
