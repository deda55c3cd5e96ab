"""The data that metered devices have used today: counted by the connector to the network, kept over
restarts.

The agent and a sweep at shift change share one small file; each adds what it has used.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import json
import logging
import math
import os
import time
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from healthmon.inventory.metered import day_of, refusal
from healthmon.model.device import Check, Device
from healthmon.protocols.host import state_files
from healthmon.protocols.transport import metering as counting
from healthmon.protocols.transport.metering import Account
from healthmon.scheduling.lock_holders import holder, named

log = logging.getLogger("healthmon")

CLOSE_TRIES, CLOSE_PAUSE = 10, 0.1  # a second in all


@dataclass(slots=True)
class DataUsage:
    """What metered devices have used today, bytes by device id: `saved` is in the file that other
    programs share, `fresh` is not yet, `accounts` count the runs under way. `problem` is why the file
    could not be written.
    """

    day: str = ""
    used: dict[str, float] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    saved: dict[str, float] = field(default_factory=dict)
    fresh: dict[str, float] = field(default_factory=dict)
    problem: str = ""


# What Python raises where data.json is missing, or is no file of ours.
_NOT_OURS = (
    *(FileNotFoundError, ValueError, KeyError, TypeError),
    *(AttributeError, OverflowError, RecursionError),
)


@dataclass(slots=True)
class DataBudget:
    """The metered `devices` with their `usage`; `folder` is the state directory, None to remember
    for this process only.
    """

    devices: dict[str, Device]
    zone: str
    folder: Path | None
    usage: DataUsage = field(default_factory=DataUsage)

    def __post_init__(self) -> None:
        for name in self.devices:
            self.usage.accounts.setdefault(name, Account())

    @classmethod
    def of(
        cls, devices: Iterable[Device], zone: str, folder: Path | None, usage: DataUsage
    ) -> DataBudget:
        """The budgets of those of `devices` that have one; what other programs have used is known
        after the first `settle`.
        """
        metered = {device.id: device for device in devices if device.daily_bytes is not None}
        return cls(metered, zone, folder, usage)

    @property
    def used(self) -> dict[str, float]:
        """Today's bytes by device id."""
        return self.usage.used

    def governs(self, check: Check) -> bool:
        """Whether a run of `check` costs a metered device's data: what others answer about it does
        not.
        """
        return check.device in self.devices and check.spoken_to == check.device

    def refused(self, check: Check) -> str:
        """Why `check` is not run now, in words; "" when it may be. What is left becomes the
        look's limit.
        """
        if self.usage.day != self._today():
            self.settle()
        used, budget = (
            self.used.get(check.device, 0.0),
            self.devices[check.device].daily_bytes or 0.0,
        )
        self.usage.accounts[check.device].left = budget - used
        return refusal(used, budget, check.check_type)

    def charged(self, check: Check) -> AbstractContextManager[None]:
        """Charge what is done inside to the device of `check`, where it is metered."""
        if self.governs(check):
            return counting.charged(self.usage.accounts[check.device])
        return nullcontext()

    def settle(self) -> None:
        """Add what was used since the last time, here and in the file that other programs share.

        On the loop only: the lock of the file keeps out other processes, not other threads.
        """
        if not self.devices:
            return
        today = self._today()
        if today != self.usage.day:
            self.usage.saved, self.usage.fresh, self.usage.day = {}, {}, today
        for name, account in self.usage.accounts.items():
            self.usage.fresh[name] = self.usage.fresh.get(name, 0.0) + account.drain()
        if self.folder is not None:
            try:
                self.usage.saved, self.usage.fresh = self._kept(self.folder), {}
                self.usage.problem = ""
            except OSError as error:
                self._tell(error.strerror or "error")
        self.usage.used = self._sum(self.usage.saved)

    async def close(self) -> None:
        """Settle a last time; a program that has the file at this moment is waited for a little."""
        self.settle()
        for _ in range(CLOSE_TRIES):
            if not self.usage.problem:
                return
            await asyncio.sleep(CLOSE_PAUSE)
            self.settle()

    def _tell(self, problem: str) -> None:
        """Log why the file was not written, once; it is tried again after each check."""
        if problem != self.usage.problem:
            log.warning("the data used by metered devices is not kept now: %s", problem)
        self.usage.problem = problem

    def _sum(self, before: Mapping[str, float]) -> dict[str, float]:
        return {
            name: before.get(name, 0.0) + self.usage.fresh.get(name, 0.0) for name in self.devices
        }

    def _kept(self, folder: Path) -> dict[str, float]:
        """Today's use with what the file knew, written before it is believed. Raises OSError, also
        where another program has the lock: the event loop does not wait for it.
        """
        lock = state_files.opened(folder / "data.lock", os.O_RDWR | os.O_CREAT)
        try:
            _lock(lock)
            before = _read(folder / "data.json", self.usage.day)
            used = {**before, **self._sum(before)}
            text = json.dumps({"day": self.usage.day, "used": used})
            state_files.write(folder / "data.json", text)
        finally:
            os.close(lock)
        return used

    def _today(self) -> str:
        return str(day_of(time.time(), self.zone))


def _lock(file: int) -> None:
    """Lock `file`. Raises OSError that names who has it."""
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        who = named(holder(file, 0))
        raise BlockingIOError(errno.EAGAIN, f"{who} has locked data.lock; end it") from None


def _read(file: Path, today: str) -> dict[str, float]:
    """Today's use by device; nothing where the file is of another day, missing or not ours."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        if found["day"] != today:
            return {}
        return {str(name): _bytes(size) for name, size in found["used"].items()}
    except _NOT_OURS:
        return {}


def _bytes(stored: object) -> float:
    """A number of bytes from the file. Raises ValueError, TypeError, OverflowError for none."""
    if not isinstance(stored, int | float) or not 0 <= stored < math.inf:
        raise ValueError("no number of bytes")
    return float(stored)
