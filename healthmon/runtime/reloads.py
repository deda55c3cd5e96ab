"""Reloads one after the other, with a pause between them: a reload that has not begun yet is for
everybody who asks meanwhile, so that the file as it is last counts.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

log = logging.getLogger("healthmon")

PAUSE_SECONDS = 2.0


@dataclass(slots=True)
class Reloads:
    """`reload` is run for those who `request` it, at most once in `pause` seconds; it returns what was not
    taken over, as text.
    """

    reload: Callable[[], Awaitable[str]]
    pause: float = PAUSE_SECONDS
    _ended: float = -math.inf
    _asked: int = 0
    _next: asyncio.Task[str] | None = None
    _tasks: set[asyncio.Task[str]] = field(default_factory=set)
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def request(self) -> str:
        """Have the file read again, now or after the pause; what was not taken over, "" when all
        was. Who stops waiting cancels nothing.
        """
        self._asked += 1
        if self._next is None:
            self._next = asyncio.create_task(self._after_pause())
            self._tasks.add(self._next)
            self._next.add_done_callback(self._tasks.discard)
        return await asyncio.shield(self._next)

    async def _after_pause(self) -> str:
        async with self._one:
            await asyncio.sleep(max(0.0, self._ended + self.pause - time.monotonic()))
            asked, self._asked, self._next = self._asked, 0, None
            if asked > 1:
                words = "%d requests to reload: one reload for all of them (at most one in %g s)"
                log.warning(words, asked, self.pause)
            try:
                return await self.reload()
            finally:
                self._ended = time.monotonic()

    async def close(self) -> None:
        """End what has not been read yet."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
