"""Processes of our own that do one job for us: none outlives it, however the job ends."""

from __future__ import annotations

import asyncio
import contextlib
from asyncio.subprocess import Process
from collections.abc import AsyncIterator


@contextlib.asynccontextmanager
async def spoken_to(process: Process, seconds: float) -> AsyncIterator[None]:
    """The job of a process that ends with it. Raises TimeoutError after `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            yield
    finally:
        await ended(process)


async def ended(process: Process) -> None:
    """Kill the process where it still runs, and wait for its end."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    if process.stdin is not None:
        process.stdin.close()
    await process.wait()
