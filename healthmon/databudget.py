"""The data that metered devices have used today: counted by the door to the network, kept over restarts.

The agent and a sweep at shift change share one small file; each adds what it has used.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from healthmon.metered import day_of, refusal
from healthmon.model import Ask, Device
from healthmon.wire import counting
from healthmon.wire.counting import Account

log = logging.getLogger("healthmon")


@dataclass(slots=True)
class DataBudget:
    """`used` of today by device id; `folder` is the state directory, None to remember for this process only."""

    devices: dict[str, Device]
    zone: str
    folder: Path | None
    used: dict[str, float] = field(default_factory=dict)
    day: str = ""
    _accounts: dict[str, Account] = field(default_factory=dict)
    _saved: dict[str, float] = field(default_factory=dict)
    _fresh: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, devices: Iterable[Device], zone: str, folder: Path | None) -> DataBudget:
        """The budgets of those of `devices` that have one; what was used of them is known after the first `settle`."""
        metered = {device.id: device for device in devices if device.daily_bytes is not None}
        return cls(metered, zone, folder, _accounts={name: Account() for name in metered})

    def governs(self, ask: Ask) -> bool:
        """Whether a look at `ask` costs a metered device's data: what others answer about it does not."""
        return ask.device in self.devices and ask.spoken_to == ask.device

    def refused(self, ask: Ask) -> str:
        """Why `ask` is not looked at now, in words; "" when it may be. What is left becomes the look's limit."""
        if self.day != self._today():
            self.settle()
        used, budget = self.used.get(ask.device, 0.0), self.devices[ask.device].daily_bytes or 0.0
        self._accounts[ask.device].left = budget - used
        return refusal(used, budget, ask.question)

    @contextmanager
    def charged(self, ask: Ask) -> Iterator[None]:
        """Charge the look at `ask` to its device, where it is metered."""
        with counting.charged(self._accounts[ask.device]) if self.governs(ask) else nullcontext():
            yield

    def settle(self) -> None:
        """Add what was used since the last time, here and in the file that other programs share.

        On the loop only: the lock of the file keeps out other processes, not other threads.
        """
        if not self.devices:
            return
        today = self._today()
        if today != self.day:
            self._saved, self._fresh, self.day = {}, {}, today
        for name, account in self._accounts.items():
            self._fresh[name] = self._fresh.get(name, 0.0) + account.take()
        if self.folder is not None:
            try:
                self._saved, self._fresh = self._kept(self.folder), {}
            except OSError as error:
                log.warning("the data used by metered devices is not kept: %s", error.strerror)
        self.used = self._sum(self._saved)

    def _sum(self, before: Mapping[str, float]) -> dict[str, float]:
        return {name: before.get(name, 0.0) + self._fresh.get(name, 0.0) for name in self.devices}

    def _kept(self, folder: Path) -> dict[str, float]:
        """Today's use with what the file knew, written before it is believed. Raises OSError."""
        with (folder / "data.lock").open("a") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX)
            before = _read(folder / "data.json", self.day)
            used = {**before, **self._sum(before)}
            fresh = folder / f"data.json.{os.getpid()}"
            fresh.write_text(json.dumps({"day": self.day, "used": used}))
            fresh.replace(folder / "data.json")
        return used

    def _today(self) -> str:
        return str(day_of(time.time(), self.zone))


def _read(file: Path, today: str) -> dict[str, float]:
    """Today's use by device; nothing where the file is of another day, missing or not ours."""
    try:
        found = json.loads(file.read_text())
        return (
            {str(name): float(size) for name, size in found["used"].items()}
            if found["day"] == today
            else {}
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return {}
