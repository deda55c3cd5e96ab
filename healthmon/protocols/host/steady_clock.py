"""Time that no step of the wall clock changes, and that the processes of one boot share."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ASLEEP_SECONDS = 12 * 3600.0
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """The kernel's name for this boot (random(4)); "" where it tells none."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


@dataclass(frozen=True, slots=True)
class SteadyClock:
    """Unix seconds as the wall clock showed them when this was made, carried on by the monotonic
    clock. `zero` is the Unix time at which the monotonic clock showed 0.
    """

    zero: float = field(default_factory=lambda: time.time() - time.monotonic())
    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    boot: str = field(default_factory=boot_id)

    def __call__(self) -> float:
        """Now."""
        return self.monotonic() + self.zero

    def shown(self, moment: float) -> float:
        """The Unix time of `moment` by the wall clock as it is set now."""
        return moment - self.zero + self.wall() - self.monotonic()

    def stamp(self) -> dict[str, Any]:
        """What another process needs to understand times of this clock."""
        return {"boot": self.boot, "at": self(), "wall": self.wall(), "up": self.monotonic()}

    def correction(self, stamp: Any, newest: float) -> float:
        """What must be added to times that were kept with `stamp`, seconds; `newest` is the newest
        of them, for a file that has no stamp. Raises KeyError, TypeError, ValueError or
        OverflowError where the stamp is none.

        The wall clock says how much time has passed, with two exceptions: none has passed where it
        is set back to before the stamp; and within one boot it may be ahead of the monotonic clock
        by no more than `ASLEEP_SECONDS`, because that clock stands still while the machine sleeps.
        """
        if stamp is None:
            return self() - max(0.0, self.wall() - newest) - newest
        passed = self.wall() - float(stamp["wall"])
        if self.boot and stamp["boot"] == self.boot:
            up = self.monotonic() - float(stamp["up"])
            passed = passed if 0.0 <= passed - up <= ASLEEP_SECONDS else up
        return self() - max(0.0, passed) - float(stamp["at"])
