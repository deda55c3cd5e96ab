"""Our own wall clock, and who must know that it was set.

What waits is compared by the wall clock, because times are kept over restarts. So whenever the clock
is set, everything that is kept is moved by the same step before anybody compares again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

log = logging.getLogger("healthmon")

STEP_SECONDS = 1.0


@dataclass(slots=True)
class WallClock:
    """`now` is Unix seconds. Where the wall clock was set against the monotonic one since it was
    asked last, `on_step` is told first by how many seconds. A clock that is slewed is followed.
    """

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    on_step: list[Callable[[float], None]] = field(default_factory=list)
    _zero: float = field(init=False)

    def __post_init__(self) -> None:
        self._zero = self.wall() - self.monotonic()

    def now(self) -> float:
        """The time, once everybody knows of a step."""
        zero = self.wall() - self.monotonic()
        step, self._zero = zero - self._zero, zero
        if abs(step) >= STEP_SECONDS:
            log.warning("the clock of this machine was set by %+.0f s", step)
            for tell in self.on_step:
                tell(step)
        return self.wall()

    def stood_at(self, moment: float) -> None:
        """The last run has seen `moment`: a clock that is before it now was set meanwhile."""
        if moment > self.wall():
            self._zero = moment - self.monotonic()
