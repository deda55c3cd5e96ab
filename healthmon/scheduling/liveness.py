"""Whether the agent's work goes on, and not only its loop: looks that are due begin, and those
under way end.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from healthmon.scheduling.scheduler import Schedule

LATE_SECONDS = 30.0
STUCK_SECONDS = 300.0


@dataclass(slots=True)
class Liveness:
    """Of one schedule. A check has an absolute deadline and a wait at its lock has too, so that
    five minutes without the end of any mean that none will come.
    """

    schedule: Schedule
    clock: Callable[[], float] = time.monotonic
    _done: int = -1
    _moved: float = field(default=0.0)

    def beats(self) -> bool:
        """Whether work goes on now. Ask it regularly."""
        now, done = self.clock(), self.schedule.figures.done
        if done != self._done or not self.schedule.under_way:
            self._done, self._moved = done, now
        return self.schedule.late() <= LATE_SECONDS and now - self._moved <= STUCK_SECONDS
