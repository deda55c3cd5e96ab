"""What a check must hold before it begins: the lock of its address, its share of the bandwidth of
its site.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import time
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from weakref import WeakValueDictionary

from healthmon.model.device import Check
from healthmon.model.enums import Reason
from healthmon.model.results import Observation
from healthmon.protocols.host import state_files
from healthmon.scheduling.lock_holders import LockHolders, holder, named

GATE_POLL = 0.1
GATE_WAIT = 60.0


class Budget:
    """Bandwidth of one site in bits per second: the running checks never promise more than `limit`
    together.
    """

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
            await self._wait_for_share(cost)
        try:
            yield
        finally:
            if cost > 0:
                self.used = max(0.0, self.used - cost)
                self._wake()

    async def _wait_for_share(self, cost: float) -> None:
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


class AddressHeldError(Exception):
    """Another program on this machine has not let go of a device in `GATE_WAIT`; the text
    names it.
    """

    def instead(self, check: Check) -> Observation:
        """What stands for the check that was not made."""
        return Observation(
            check.device,
            check.check_type,
            check.instance,
            time.time(),
            GATE_WAIT,
            None,
            Reason.AGENT_BUSY,
            str(self),
        )


class AddressLocks:
    """One check at a time per address, also between processes on this machine where a lock file is
    given.

    Two programs (the agent, a sweep at shift change) share the file; each address is a byte of it,
    locked by ``fcntl``, which the kernel lets go when a process dies.
    """

    def __init__(self, path: Path | None = None) -> None:
        # A lock lives while somebody holds it or waits for it.
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._file = state_files.opened(path, os.O_RDWR | os.O_CREAT) if path else -1
        self._holders = LockHolders(self._file)

    @contextlib.asynccontextmanager
    async def of(self, address: str) -> AsyncIterator[None]:
        """Hold the lock of `address`. Raises AddressHeldError."""
        if not address:
            yield
            return
        lock = self._locks.setdefault(address, asyncio.Lock())
        async with lock:
            byte = await self._lock(address)
            try:
                yield
            finally:
                if byte is not None:
                    self._free(byte)

    async def _lock(self, address: str) -> int | None:
        """Lock the byte of `address`, None where there is no file to do it in. Raises
        AddressHeldError.

        The byte after it is the turn: who waits holds it, so that a program with much to ask of an
        address, which locks it again at once, does not leave out another one.
        """
        if self._file < 0:
            return None
        byte, until = stable_hash(address) % (1 << 40) * 2, time.monotonic() + GATE_WAIT
        try:
            await self._wait_for_byte(byte + 1, until)
            try:
                await self._wait_for_byte(byte, until)
            finally:
                self._free(byte + 1)
        except TimeoutError:
            who = named(holder(self._file, byte) or holder(self._file, byte + 1))
            waited = max(self._holders.waited(one) for one in (byte, byte + 1))
            raise AddressHeldError(f"for {waited:.0f} s; end {who} on this machine") from None
        except OSError:  # a file system without locks
            return None
        return byte

    async def _wait_for_byte(self, byte: int, until: float) -> None:
        """Lock one byte. Raises TimeoutError at `until` (monotonic), or sooner where who has it is
        stopped; OSError where nothing can be locked.
        """
        while True:
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
            except (
                BlockingIOError,
                PermissionError,
            ):  # held by another process (fcntl(2): EAGAIN or EACCES)
                self._holders.refused(byte)
                if time.monotonic() > until or self._holders.stopped(byte):
                    raise TimeoutError from None
                await asyncio.sleep(GATE_POLL)
            else:
                self._holders.free(byte)
                return

    def _free(self, byte: int) -> None:
        with contextlib.suppress(OSError):
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, byte)

    def problem(self) -> str:
        """Which other programs keep devices from us without an end, in words; "" where none does."""
        return self._holders.problem() if self._file >= 0 else ""

    def close(self) -> None:
        """Let go of the lock file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def stable_hash(text: str) -> int:
    """A hash that is the same in every process and release."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
