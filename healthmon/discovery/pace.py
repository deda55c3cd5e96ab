"""How fast is asked: so many connections a second in all, so many hosts at a time, one connection
to a host at a time.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

RATE = 100.0  # connections (or datagrams) that are begun in a second
HOSTS = 64  # at a time
CONNECT_SECONDS = 0.9  # below Linux' second SYN, which goes out after 1 s


@dataclass(slots=True)
class Pace:
    """`rate` is how many connections are begun in a second, `begun` how many have been."""

    rate: float = RATE
    begun: int = 0
    _next: float = field(default=0.0)

    async def turn(self) -> None:
        """Wait for the next place."""
        now = time.monotonic()
        at = max(now, self._next)
        self._next = at + 1 / self.rate
        self.begun += 1
        if at > now:
            await asyncio.sleep(at - now)


def longest_seconds(hosts: int, tries: int, rate: float, at_once: int) -> float:
    """How long it takes at most until every one of `tries` ports of `hosts` was tried."""
    by_rate = hosts * tries / rate
    by_silence = -(-hosts // max(1, min(at_once, hosts))) * tries * CONNECT_SECONDS if hosts else 0
    return max(by_rate, by_silence)
