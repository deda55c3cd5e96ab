"""The processes that read ONVIF devices: started when first needed, given one device at a time,
killed when they take too long, and started again. The agent's side imports neither zeep nor lxml.
"""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from healthmon.discovery.onvif_messages import MOST_ANSWER, Answer, Job, answer_of
from healthmon.protocols.host import child

PROCESSES = 4
START_SECONDS = 60.0
JOB_SECONDS = 40.0
MOST_JOBS = 100  # then another process: what strangers send leaves something behind in libraries
_PROGRAM = "healthmon.discovery.onvif_reader"


class ReaderError(Exception):
    """A device was not read; one line says why."""


@dataclass(slots=True)
class _Reader:
    """One process and how many jobs it has done."""

    process: asyncio.subprocess.Process
    jobs: int = 0

    async def line(self) -> bytes:
        """Its next line. Raises OSError, ValueError where it has ended or says too much."""
        assert self.process.stdout is not None  # noqa: S101 - it was started with pipes
        line = await self.process.stdout.readline()
        if not line.endswith(b"\n"):
            raise OSError("the process has ended")
        return line

    async def read(self, job: Job) -> Answer:
        """Raises OSError, ValueError."""
        assert self.process.stdin is not None  # noqa: S101 - it was started with pipes
        self.jobs += 1
        self.process.stdin.write(job.line())
        await self.process.stdin.drain()
        return answer_of(await self.line(), job)

    async def end(self) -> None:
        """Kill it and wait for its end."""
        await child.ended(self.process)


@dataclass(slots=True)
class OnvifReaders:
    """At most `size` processes; `guard_file` is the file of the lockout guard that they share."""

    guard_file: Path | None = None
    size: int = PROCESSES
    seconds: float = JOB_SECONDS
    killed: int = 0
    _idle: list[_Reader] = field(default_factory=list)
    _places: asyncio.Semaphore | None = None

    async def read(self, job: Job) -> Answer:
        """What one device tells. Raises ReaderError."""
        if self._places is None:
            self._places = asyncio.Semaphore(self.size)
        async with self._places:
            reader = self._idle.pop() if self._idle else await self._started()
            try:
                async with asyncio.timeout(self.seconds):
                    answer = await reader.read(job)
            except TimeoutError:
                await self._lose(reader)
                raise ReaderError(f"not read within {self.seconds:g} s; given up") from None
            except (OSError, ValueError):
                await self._lose(reader)
                raise ReaderError("what it answers cannot be read within the limits") from None
            except BaseException:
                await self._lose(reader)
                raise
            if reader.jobs < MOST_JOBS:
                self._idle.append(reader)
            else:
                await reader.end()
        return answer

    async def _lose(self, reader: _Reader) -> None:
        self.killed += 1
        await reader.end()

    async def _started(self) -> _Reader:
        words = [str(self.guard_file)] if self.guard_file else []
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            _PROGRAM,
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"PYTHONUTF8": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            limit=MOST_ANSWER,
        )
        reader = _Reader(process)
        try:
            async with asyncio.timeout(START_SECONDS):
                await reader.line()
        except (TimeoutError, OSError, ValueError):
            await reader.end()
            raise ReaderError("the process that reads ONVIF does not start") from None
        except BaseException:
            await reader.end()
            raise
        return reader

    async def close(self) -> None:
        """End every process."""
        readers, self._idle = self._idle, []
        for reader in readers:
            await reader.end()
