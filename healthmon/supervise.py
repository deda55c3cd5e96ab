"""A job that must not end: what goes wrong in it is logged and counted, and it is begun again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger("healthmon")

PAUSE_SECONDS = 1.0


async def supervised(job: Callable[[], Awaitable[None]], on_bug: Callable[[], None]) -> None:
    """Run `job` until it returns; after an error, begin it again. Cancelling ends it."""
    while True:
        try:
            await job()
        except Exception:
            log.exception("bug: %s is begun again", getattr(job, "__qualname__", job))
            on_bug()
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            return
