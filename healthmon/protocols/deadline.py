"""The deadline of the running check. A probe that has its result may ask for more time once, for what
is seldom done.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextvars import ContextVar

_current: ContextVar[asyncio.Timeout | None] = ContextVar("healthmon_deadline", default=None)


@contextlib.asynccontextmanager
async def within(seconds: float) -> AsyncIterator[asyncio.Timeout]:
    """End what is done inside after `seconds`. Raises TimeoutError."""
    async with asyncio.timeout(seconds) as deadline:
        token = _current.set(deadline)
        try:
            yield deadline
        finally:
            _current.reset(token)


def extend(seconds: float) -> None:
    """Let the running check take `seconds` longer; without a deadline it may anyway."""
    deadline = _current.get()
    when = deadline.when() if deadline is not None else None
    if deadline is not None and when is not None:
        deadline.reschedule(when + seconds)
