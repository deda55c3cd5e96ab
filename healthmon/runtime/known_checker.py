"""What the agent that has the estate knows of another one that makes checks for it."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from dataclasses import dataclass, field

from healthmon.runtime.letters import Order, Outcome, Report, Where
from healthmon.store.lease import fresh
from healthmon.store.post import Post

log = logging.getLogger("healthmon")

# An agent whose clock is further from ours would tell the clocks of cameras wrongly.
CLOCK_SECONDS = 1.0
LEFT_ALONE_SECONDS = 30.0
MOST_UNANSWERED = 3


@dataclass(slots=True)
class KnownChecker:
    """Another agent, as its last report says, which came at `heard` (monotonic). It is given nothing
    before `left_alone` (monotonic), has been given nothing `left_out_since` (monotonic), and has not
    answered the last `unanswered` checks. `way` is how long a check takes there and back, besides its
    own time (seconds, a moving mean).
    """

    last: Report
    heard: float
    told_logins: int = -1
    left_alone: float = -math.inf
    left_out_since: float = math.inf
    forgotten: list[Where] = field(default_factory=list)
    waiting: list[Order] = field(default_factory=list)
    under_way: dict[int, asyncio.Future[Outcome | None]] = field(default_factory=dict)
    made: int = 0
    way: float | None = None
    unanswered: int = 0

    def why_not(self, digest: str, post: Post, seconds: float, *, timed: bool) -> str:
        """Why it is given nothing, in words; "" where it is. `seconds` is the time of a takeover, `post`
        is our own; `timed`: we know the time.
        """
        now, apart = time.monotonic(), abs(self.last.clock - post.clock)
        if self.is_silent(post, seconds):
            return f"was silent for {post.fetched - self.heard:.0f} s"
        if self.last.digest != digest:
            return "has other devices or checks in its config.yaml"
        if apart > CLOCK_SECONDS:
            return f"has a clock that is {apart:.0f} s off ours"
        if timed and not self.last.knows_time:
            return "does not know the time"
        return "has not answered, or has trouble of its own" if now < self.left_alone else ""

    def is_silent(self, post: Post, seconds: float) -> bool:
        """Whether it has said nothing for longer than a beat or two of a takeover in `seconds`, until we
        last looked into `post`: that we are late ourselves is not its silence.
        """
        return post.fetched - self.heard > fresh(seconds)

    def note(self, *, left_out: bool) -> None:
        """Whether it is given nothing now although it is there."""
        began = min(self.left_out_since, time.monotonic())
        self.left_out_since = began if left_out else math.inf

    def left_out_for(self) -> float:
        """For how long it has been (seconds); below 0 where it is not."""
        return time.monotonic() - self.left_out_since

    def leave_alone(self, why: str) -> None:
        """Give it nothing for a while."""
        self.left_alone = time.monotonic() + LEFT_ALONE_SECONDS
        log.warning("the agent on %s is given nothing for a while: %s", self.last.name, why)

    def came(self, seen: Outcome | None, took: float) -> None:
        """An answer, `took` seconds after its check was given."""
        if seen is not None:
            way = max(0.0, took - seen.duration)
            self.way = way if self.way is None else self.way + (way - self.way) / 20

    def not_answered(self) -> None:
        """A check that it was given has not come back in time."""
        self.unanswered += 1
        if self.unanswered >= MOST_UNANSWERED and time.monotonic() >= self.left_alone:
            self.leave_alone("it does not answer")

    def give_up(self) -> None:
        """Expect nothing more of what it was given."""
        self.waiting.clear()
        for future in self.under_way.values():
            if not future.done():
                future.set_result(None)
