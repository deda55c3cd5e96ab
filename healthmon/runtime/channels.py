"""The notification channels at work. A reload changes them between two deliveries: what is being
delivered is brought to its end by the sender that began it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

Work = Callable[[asyncio.Event], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Delivery:
    task: asyncio.Task[None]
    ending: asyncio.Event


@dataclass(slots=True)
class Channels:
    """The work of each channel by its name. A work gets an event: once that is set it begins
    nothing new and returns.
    """

    _running: dict[str, _Delivery] = field(default_factory=dict)
    _leaving: set[asyncio.Task[None]] = field(default_factory=set)

    def replace(self, works: Mapping[str, Work]) -> None:
        """Run `works`, each once the one before of the same name has returned."""
        before, self._running = self._running, {}
        for old in before.values():
            old.ending.set()
            self._leaving.add(old.task)
            old.task.add_done_callback(self._leaving.discard)
        for name, work in works.items():
            ending, old_one = asyncio.Event(), before.get(name)
            job = _after(old_one.task if old_one else None, work, ending)
            self._running[name] = _Delivery(asyncio.create_task(job), ending)

    async def close(self) -> None:
        """Cancel everything."""
        tasks = [*self._leaving, *(one.task for one in self._running.values())]
        self._running = {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _after(before: asyncio.Task[None] | None, work: Work, ending: asyncio.Event) -> None:
    if before is not None:
        await asyncio.wait((before,))
    await work(ending)
