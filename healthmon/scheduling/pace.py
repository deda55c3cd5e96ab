"""How much longer than its interval every check waits while the agent cannot keep up: the same factor
for all, so that no device is left out. Pure.

What is due is known by the plan (checks a second of each check type); how long a run holds its slot
is learned. Their product is how many slots are needed. Where these are more than there are, every
interval is that much longer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from healthmon.inventory.capacity import seconds_of
from healthmon.model.device import Check

# So much of the slots is used at most: what is due at the same time by chance finds one.
USED_AT_MOST = 0.9
# Of so many runs of a check type the mean is learned.
LEARNED_OF = 100
# It becomes shorter by so much at once, so that a queue that has just gone does not come back.
SHORTER = 0.97
ADJUST_SECONDS = 10.0
BEYOND_SECONDS = 5.0


@dataclass(slots=True)
class Pace:
    """Of a schedule with `slots`. `factor` is 1.0 while everything is run at its interval, `needed` how
    many slots what is due would take.
    """

    slots: int
    factor: float = 1.0
    needed: float = 0.0
    _due: dict[str, float] = field(default_factory=dict)
    _held: dict[str, float] = field(default_factory=dict)
    _runs: dict[str, int] = field(default_factory=dict)
    _adjusted: float = float("-inf")

    def plan(self, checks: Iterable[Check], slots: int) -> None:
        """Take over what is due from now on; before any run it is reckoned how long one takes."""
        self.slots, self._due = slots, {}
        reckoned: dict[str, float] = {}
        for check in checks:
            kind, rate = check.check_type, 1 / check.interval
            self._due[kind] = self._due.get(kind, 0.0) + rate
            reckoned[kind] = reckoned.get(kind, 0.0) + rate * seconds_of(check)
        for kind, share in reckoned.items():
            self._held.setdefault(kind, share / self._due[kind])
        self.factor = 1.0
        self._adjust()

    def held(self, check: Check, seconds: float, now: float) -> None:
        """Learn that a run has held its slot for `seconds`; `now` by the clock of the schedule. Of a
        run that lasted beyond its deadline nothing is learned: this machine was suspended.
        """
        if seconds > check.timeout + BEYOND_SECONDS:
            return
        kind = check.check_type
        runs = self._runs[kind] = min(LEARNED_OF, self._runs.get(kind, 0) + 1)
        known = self._held.get(kind, seconds)
        self._held[kind] = known + (seconds - known) / runs
        if now - self._adjusted >= ADJUST_SECONDS:
            self._adjusted = now
            self._adjust()

    def _adjust(self) -> None:
        self.needed = sum(rate * self._held[kind] for kind, rate in self._due.items())
        wanted = max(1.0, self.needed / (USED_AT_MOST * self.slots))
        self.factor = max(wanted, self.factor * SHORTER) if wanted < self.factor else wanted
