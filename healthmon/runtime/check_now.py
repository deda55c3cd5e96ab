"""Checks that a person asks for: the next regular run of each check, brought forward.

The schedule runs them, so that they take the same turn at the address, the same slots and the same
share of the site's bandwidth as any other, and their results go the same way (docs/adr/0047).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from healthmon.model.device import Check, CheckKey
from healthmon.runtime.agent import Agent
from healthmon.runtime.on_demand import rest_of
from healthmon_exporters.pages.rows import Checking

# A run that has not ended by then is not waited for any more.
LONGEST_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Round:
    """Checks that `by` asked for at `at` (Unix s), `began` (monotonic). `asked` maps each check to
    when it was asked for (monotonic); `resting` are devices that are left alone, with for how many
    seconds more.
    """

    by: str
    at: float
    began: float
    asked: Mapping[CheckKey, float]
    resting: Mapping[str, float]


@dataclass(slots=True)
class ChecksNow:
    """The newest round of each subject (a device, a site)."""

    agent: Agent
    _rounds: dict[str, Round] = field(default_factory=dict)

    def begin(self, subject: str, checks: Iterable[Check], by: str, *, anew: bool = False) -> None:
        """Have `checks` run now, `anew` even where a run of a moment ago would do. While a round of
        the subject runs, nothing new begins.

        What is sampled (playback) has a budget of its own and is not asked. A device that was busy
        or cut us off is left alone until its rest is over; whether it answers is asked.
        """
        schedule = self.agent.schedule
        if schedule is None or (self.running(subject) and not anew):
            return
        asked, resting = self._divided(checks)
        schedule.run_soon(asked, anew=anew)
        self._rounds[subject] = Round(
            by,
            time.time(),
            time.monotonic(),
            {check.key: schedule.asked_at(check) for check in asked},
            resting,
        )

    def _divided(self, checks: Iterable[Check]) -> tuple[list[Check], dict[str, float]]:
        """What may be asked now, and for how many seconds more each other device rests."""
        asked, resting = [], {}
        for check in checks:
            if check.sampled:
                continue
            if rest := rest_of(self.agent, check):
                resting[check.device] = rest
            else:
                asked.append(check)
        return asked, resting

    def round_of(self, subject: str) -> Round | None:
        """The newest round of a subject."""
        return self._rounds.get(subject)

    def ended(self, found: Round) -> int:
        """How many checks of a round have a result of it, or are gone from the configuration."""
        seen, known = self.agent.state.latest_results.seen, self.agent.estate.keys
        return sum(
            key not in known or (key in seen and seen[key].landed >= asked)
            for key, asked in found.asked.items()
        )

    def running(self, subject: str) -> bool:
        """Whether a round of the subject goes on."""
        found = self._rounds.get(subject)
        if found is None or time.monotonic() - found.began > LONGEST_SECONDS:
            return False
        return self.ended(found) < len(found.asked)


def checking_of(checks_now: ChecksNow, subject: str) -> Checking | None:
    """The newest round of a subject as the pages show it."""
    found = checks_now.round_of(subject)
    if found is None:
        return None
    return Checking(
        found.by,
        found.at,
        checks_now.ended(found),
        len(found.asked),
        checks_now.running(subject),
        tuple(found.resting.items()),
    )
