"""Checks passwords, one at a time: a check is slow on purpose, and whoever tries passwords gets a
fifth of one core at most.

After five misses in a row for one user from one address, further tries from there wait: a second,
then twice as long after each miss, up to a minute. Another address is not held up, so that nobody
can lock a user out of a control room.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict

from healthmon.access import passwords
from healthmon.access.users import User

MOST_WAITING = 8
MOST_OF_ONE = 2
# A refused login keeps its turn this many times as long as its check took.
REST = 4.0
FREE_MISSES = 5
LONGEST_PAUSE_SECONDS = 60.0
MOST_REMEMBERED = 1000


class BusyError(Exception):
    """The password is not checked now; try again after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__("too many logins at once; try again later")
        self.seconds = seconds


class PasswordCheck:
    """The queue of all who log in. One for each agent."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._waiting: Counter[str] = Counter()
        # (user, address) -> misses in a row, and until when (loop time) further tries wait.
        self._misses: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    async def passes(self, client: str, name: str, user: User | None, password: str) -> bool:
        """Whether `password` is that of `user` (None: nobody of that `name` may log in), after
        waiting for a turn. Raises BusyError.
        """
        loop = asyncio.get_running_loop()
        if self._waiting.total() >= MOST_WAITING or self._waiting[client] >= MOST_OF_ONE:
            raise BusyError(1.0)
        pause = self._misses.get((name, client), (0, 0.0))[1] - loop.time()
        if pause > 0:
            raise BusyError(pause)
        self._waiting[client] += 1
        try:
            async with self._turn:
                began = loop.time()
                stored = user.stored if user is not None else None
                if await asyncio.to_thread(passwords.verify, stored, password):
                    self._misses.pop((name, client), None)
                    return True
                now = loop.time()
                self._missed(name, client, now)
                await asyncio.sleep(REST * (now - began))
                return False
        finally:
            self._waiting[client] -= 1
            if not self._waiting[client]:
                del self._waiting[client]

    def _missed(self, name: str, client: str, now: float) -> None:
        """Count a miss."""
        count = self._misses.pop((name, client), (0, 0.0))[0] + 1
        over = count - FREE_MISSES
        pause = min(LONGEST_PAUSE_SECONDS, 2.0 ** min(over, 10)) if over >= 0 else 0.0
        self._misses[name, client] = (count, now + pause)
        if len(self._misses) > MOST_REMEMBERED:
            self._misses.popitem(last=False)
