"""The event loop of a command: uvloop where it is installed, ended by SIGTERM in good order."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from healthmon.runtime import open_files


def run_loop(coroutine: Any) -> Any:
    """Run on uvloop where it is installed, else on asyncio. SIGTERM cancels, so that open sessions
    are torn down. As many files may be open as the system allows.
    """
    open_files.raise_limit()
    try:
        import uvloop
    except ImportError:
        factory = None
    else:
        factory = uvloop.new_event_loop
    ended: list[int] = []
    with asyncio.Runner(loop_factory=factory) as runner:
        try:
            return runner.run(_terminable(coroutine, ended))
        except asyncio.CancelledError:
            if not ended:
                raise
            raise SystemExit(128 + ended[0]) from None


async def _terminable(coroutine: Any, ended: list[int]) -> Any:
    task = asyncio.current_task()

    def end() -> None:
        ended.append(signal.SIGTERM)
        if task is not None:
            task.cancel()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end)
    return await coroutine
