"""A job that must not end: an error in it is logged and counted, and the job is restarted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger("healthmon")

PAUSE_SECONDS = 1.0


async def supervised(job: Callable[[], Awaitable[None]], on_bug: Callable[[], None]) -> None:
    """Run `job` until it returns; restart it after an error. Cancelling ends it."""
    while True:
        try:
            await job()
        except Exception:
            log.exception("bug: %s is restarted", getattr(job, "__qualname__", job))
            on_bug()
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            return
