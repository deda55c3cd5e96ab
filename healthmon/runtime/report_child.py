"""A report made by a process of its own: ``healthmon report``, started by the agent."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable
from pathlib import Path

from healthmon.protocols.host.child import spoken_to

# A year of 150 cameras takes 20 s at most; a PDF a minute at most.
SECONDS = 180.0
_PROGRESS = re.compile(r"counting (\d+) of (\d+)", re.ASCII)
Progress = Callable[[int, int], None]


class NoReportError(Exception):
    """A report could not be made; the text says why, in one line."""


def _unseen(_done: int, _total: int) -> None:
    """Nobody asks how far it is."""


async def made_apart(
    file: Path, words: tuple[str, ...], seconds: float = SECONDS, progress: Progress = _unseen
) -> bytes:
    """What ``healthmon report WORDS`` prints, with the configuration `file`; `progress` is told how many
    cameras of how many are counted. Raises NoReportError, at the latest after `seconds`.
    """
    more = ("--progress", "--config", str(file))
    argv = (sys.executable, "-P", "-m", "healthmon", "report", *words, *more)
    pipe = asyncio.subprocess.PIPE
    try:
        child = await asyncio.create_subprocess_exec(
            *argv, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe
        )
    except OSError as error:
        raise NoReportError(f"no process can be started: {error.strerror}") from None
    try:
        async with spoken_to(child, seconds):
            assert child.stdout is not None  # noqa: S101 - both are pipes
            assert child.stderr is not None  # noqa: S101
            body, lines = await asyncio.gather(child.stdout.read(), _lines(child.stderr, progress))
            await child.wait()
    except TimeoutError:
        raise NoReportError(f"the report was not ready after {seconds:g} s") from None
    if child.returncode:
        raise NoReportError(lines[-1] if lines else "the process that makes it has ended")
    return body


async def _lines(errors: asyncio.StreamReader, progress: Progress) -> list[str]:
    """What the process says beside its report, without its progress."""
    found = []
    async for line in errors:
        text = line.decode(errors="replace").strip()
        if counted := _PROGRESS.fullmatch(text):
            progress(int(counted[1]), int(counted[2]))
        elif text:
            found.append(text)
    return found
