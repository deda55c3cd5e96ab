"""Who may have a device checked by ``/probe`` now. The same check for several is one check; its
answer is kept.

However often and by however many it is asked, a device gets one run in ten seconds of each of its
checks, and the polling never stands behind more than three.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

FRESH_SECONDS = 10.0
MOST_RUNS = 32
MOST_OF_DEVICE = 3
RunCheck = Callable[[str, str], Awaitable[bytes | None]]


class RefusedError(Exception):
    """A check is not made now; ``str`` says why. `status` is HTTP's, `seconds` after how long to
    try again.
    """

    def __init__(self, words: str, status: int, seconds: float) -> None:
        super().__init__(words)
        self.status, self.seconds = status, seconds


@dataclass(slots=True)
class Probing:
    """`run_check` makes one: (device id, check type or "") -> metrics, None for what is not
    configured.
    """

    run_check: RunCheck
    _under_way: dict[tuple[str, str], asyncio.Task[bytes | None]] = field(default_factory=dict)
    _fresh: dict[tuple[str, str], tuple[float, bytes]] = field(default_factory=dict)
    _of: Counter[str] = field(default_factory=Counter)
    _waiting: int = 0

    async def answer(self, device: str, check_type: str) -> bytes | None:
        """The metrics of a check that is under way or at most `FRESH_SECONDS` old, else of a new
        one.

        Raises RefusedError when too many are under way. The look goes on when the one who asked
        does not wait for it.
        """
        now = asyncio.get_running_loop().time()
        self._fresh = {
            key: kept for key, kept in self._fresh.items() if now - kept[0] < FRESH_SECONDS
        }
        key = (device, check_type)
        if kept := self._fresh.get(key):
            return kept[1]
        if max(self._waiting, len(self._under_way)) >= MOST_RUNS:
            raise RefusedError(f"{MOST_RUNS} checks are running; try again", 503, 2.0)
        if key not in self._under_way:
            self._begin(key)
        task = self._under_way[key]
        self._waiting += 1
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not task.cancelled():
                raise
            raise RefusedError("healthmon is ending", 503, 5.0) from None
        finally:
            self._waiting -= 1

    def _begin(self, key: tuple[str, str]) -> None:
        if self._of[key[0]] >= MOST_OF_DEVICE:
            raise RefusedError(f"{key[0]} is being checked; try again", 429, 2.0)
        self._of[key[0]] += 1
        task = self._under_way[key] = asyncio.create_task(self._made(*key))
        task.add_done_callback(
            lambda done: done.cancelled() or done.exception()
        )  # who asked may have gone

    async def _made(self, device: str, check_type: str) -> bytes | None:
        try:
            text = await self.run_check(device, check_type)
        finally:
            del self._under_way[device, check_type]
            self._of[device] -= 1
            if not self._of[device]:
                del self._of[device]
        if text is not None:
            self._fresh[device, check_type] = (asyncio.get_running_loop().time(), text)
        return text

    async def close(self) -> None:
        """End what is under way; sessions are torn down."""
        tasks = tuple(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
