"""What a look must hold before it begins: the gate of its address, its share of the bandwidth of its site."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from weakref import WeakValueDictionary

GATE_POLL = 0.1
GATE_WAIT = 60.0


class Budget:
    """Bandwidth of one site in bits per second: the looks under way never promise more than `limit` together."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.used = 0.0
        self._waiting: deque[tuple[float, asyncio.Future[None]]] = deque()

    def _fits(self, cost: float) -> bool:
        return self.used == 0 or self.used + cost <= self.limit

    @contextlib.asynccontextmanager
    async def share(self, cost: float) -> AsyncIterator[None]:
        """Hold `cost` of the budget; first come, first served."""
        if cost > 0:
            await self._take(cost)
        try:
            yield
        finally:
            if cost > 0:
                self.used = max(0.0, self.used - cost)
                self._wake()

    async def _take(self, cost: float) -> None:
        if not self._waiting and self._fits(cost):
            self.used += cost
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((cost, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.used = max(0.0, self.used - cost)
            self._wake()
            raise

    def _wake(self) -> None:
        while self._waiting:
            cost, turn = self._waiting[0]
            if turn.done():
                self._waiting.popleft()
            elif self._fits(cost):
                self._waiting.popleft()
                self.used += cost
                turn.set_result(None)
            else:
                return


class Gates:
    """One look at a time per address, also between processes on this machine where a lock file is given.

    Two programs (the agent, a sweep at shift change) share the file; each address is one byte of it, locked by
    ``fcntl``, which the kernel lets go when a process dies.
    """

    def __init__(self, path: Path | None = None) -> None:
        # A lock lives while somebody holds it or waits for it.
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600) if path else -1

    @contextlib.asynccontextmanager
    async def of(self, address: str) -> AsyncIterator[None]:
        """Hold the gate of `address`."""
        if not address:
            yield
            return
        lock = self._locks.setdefault(address, asyncio.Lock())
        async with lock:
            byte = await self._lock_byte(address)
            try:
                yield
            finally:
                if byte is not None:
                    fcntl.lockf(self._file, fcntl.LOCK_UN, 1, byte)

    async def _lock_byte(self, address: str) -> int | None:
        if self._file < 0:
            return None
        byte = stable_hash(address) % (1 << 40)
        for _ in range(int(GATE_WAIT / GATE_POLL)):
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
            except OSError:
                await asyncio.sleep(GATE_POLL)
            else:
                return byte
        return None

    def close(self) -> None:
        """Let go of the lock file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def stable_hash(text: str) -> int:
    """A hash that is the same in every process and release."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
