"""A report made by a process of its own: ``healthmon report``, started by the agent."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

# A year of 150 cameras takes 20 s at most; a PDF a minute at most.
SECONDS = 180.0


class NoReportError(Exception):
    """A report could not be made; the text says why, in one line."""


async def made_apart(file: Path, words: tuple[str, ...], seconds: float = SECONDS) -> bytes:
    """What ``healthmon report WORDS`` prints, with the configuration `file`. Raises NoReportError, at
    the latest after `seconds`.
    """
    argv = (sys.executable, "-P", "-m", "healthmon", "report", *words, "--config", str(file))
    pipe = asyncio.subprocess.PIPE
    try:
        child = await asyncio.create_subprocess_exec(
            *argv, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe
        )
    except OSError as error:
        raise NoReportError(f"no process can be started: {error.strerror}") from None
    try:
        async with asyncio.timeout(seconds):
            body, problems = await child.communicate()
    except TimeoutError:
        raise NoReportError(f"the report was not ready after {seconds:g} s") from None
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    if child.returncode:
        lines = problems.decode(errors="replace").strip().splitlines()
        raise NoReportError(lines[-1] if lines else "the process that makes it has ended")
    return body
