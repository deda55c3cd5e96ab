"""The worker processes that decode: started when first used, ended when a picture takes too long or
breaks them, and started again.

The agent itself imports neither PyAV nor numpy. A worker gets a key frame by its pipe, and only
numbers and a signature of 320 x 180 grey levels come back.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import sys
from dataclasses import dataclass, field

from healthmon.picture import messages
from healthmon.picture.messages import Message
from healthmon.protocols.host import child

START_SECONDS = 30.0
DECODE_SECONDS = 10.0
MOST_PIXELS = 8192 * 4608
_WORKER = "healthmon.picture.worker"
# One thread; and the memory of one picture is kept for the next (mallopt(3)): to have it cleared by the
# kernel each time takes 3 ms.
ENVIRONMENT = {
    "PYTHONUTF8": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_TRIM_THRESHOLD_": "134217728",
    "MALLOC_MMAP_THRESHOLD_": "33554432",
}


class PictureError(Exception):
    """A picture could not be measured; one line says why. It says nothing about the camera."""


def missing() -> str:
    """Why pictures cannot be measured at all, "" where they can: PyAV and numpy are an extra."""
    for name in ("av", "numpy"):
        if importlib.util.find_spec(name) is None:
            return f"{name} is not installed: pip install 'healthmon[picture]'"
    return ""


@dataclass(slots=True)
class _Worker:
    process: asyncio.subprocess.Process
    unconfined: str = ""

    async def asked(self, message: Message) -> Message:
        """What the worker answers. Raises PictureError where it ends or answers nonsense."""
        assert self.process.stdin is not None  # noqa: S101 - made with pipes
        try:
            self.process.stdin.write(message.packed())
            await self.process.stdin.drain()
            return await self.answer()
        except (OSError, asyncio.IncompleteReadError, ValueError):
            raise PictureError("the process that decodes has ended") from None

    async def answer(self) -> Message:
        """The next message of the worker."""
        assert self.process.stdout is not None  # noqa: S101 - made with pipes
        head = await self.process.stdout.readexactly(messages.HEAD.size)
        first, second = messages.lengths(head)
        told = await self.process.stdout.readexactly(first)
        return messages.unpacked(told, await self.process.stdout.readexactly(second))

    async def end(self) -> None:
        """Kill the process and wait for its end."""
        await child.ended(self.process)


@dataclass(slots=True)
class PicturePool:
    """At most `size` workers. `killed` counts those that took too long or broke, `measured` the
    pictures. `unconfined` says why the kernel does not confine them; then they are used only where
    that is `allowed`.
    """

    size: int = 2
    allowed: bool = False
    seconds: float = DECODE_SECONDS
    killed: int = 0
    measured: int = 0
    unconfined: str = ""
    _idle: list[_Worker] = field(default_factory=list)
    _slots: asyncio.Semaphore | None = None

    async def measure(self, message: Message, seconds: float | None = None) -> Message:
        """What a worker answers to `message` within `seconds` (its own limit if None). Raises
        PictureError.
        """
        seconds = self.seconds if seconds is None else seconds
        if self._slots is None:
            self._slots = asyncio.Semaphore(self.size)
        async with self._slots:
            worker = self._idle.pop() if self._idle else await self._started()
            try:
                async with asyncio.timeout(seconds):
                    answer = await worker.asked(message)
            except TimeoutError:
                await self._lose(worker)
                raise PictureError(f"not decoded within {seconds:g} s") from None
            except BaseException:
                await self._lose(worker)
                raise
            self._idle.append(worker)
        self.measured += 1
        if problem := answer.fields.get("problem"):
            raise PictureError(str(problem))
        return answer

    async def _lose(self, worker: _Worker) -> None:
        self.killed += 1
        await worker.end()

    async def _started(self) -> _Worker:
        argv = [sys.executable, "-P", "-m", _WORKER]
        path = os.pathsep.join(filter(None, sys.path))
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=ENVIRONMENT | {"PYTHONPATH": path},
            limit=messages.MOST_BODY,
        )
        worker = _Worker(process)
        try:
            async with asyncio.timeout(START_SECONDS):
                ready = await worker.answer()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, ValueError):
            await worker.end()
            raise PictureError("the process that decodes does not start") from None
        except BaseException:
            await worker.end()
            raise
        self.unconfined = str(ready.fields.get("unconfined", ""))
        if self.unconfined and not self.allowed:
            await worker.end()
            raise PictureError(
                f"{self.unconfined}; `pictures: {{unconfined: yes}}` allows to decode without"
            )
        return worker

    async def close(self) -> None:
        """End every worker."""
        workers, self._idle = self._idle, []
        for worker in workers:
            await worker.end()
