"""One session with a recorder answers every check that concerns it: answer and failure are shared
for a while.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from healthmon.model.footage import RecorderAnswer
from healthmon.protocols.errors import ExchangeError, SilentError

LONGEST_PAUSE = 900.0


@dataclass(frozen=True, slots=True)
class Read:
    """How one session went: `answer` or `error`. `at` is monotonic, `wall` Unix seconds, `failures`
    those in a row.
    """

    at: float
    wall: float
    answer: RecorderAnswer | None = None
    error: ExchangeError | None = None
    failures: int = 0
    calls: int = 0


@dataclass(slots=True)
class SessionCache:
    """The last session with each recorder."""

    now: Callable[[], float] = time.monotonic
    _kept: dict[str, Read] = field(default_factory=dict)
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def share(
        self,
        recorder: str,
        ages: tuple[float, float],
        read: Callable[[], Awaitable[tuple[RecorderAnswer, int]]],
    ) -> Read:
        """The last session with `recorder` if it is young enough, else a new one made by `read`.

        `ages` (seconds) are those of an answer and of a first failure; further failures in a row
        last twice as long each, up to 15 minutes. A session that the deadline of the check cuts
        counts as a failure; the CancelledError goes on.
        """
        async with self._locks.setdefault(recorder, asyncio.Lock()):
            kept = self._kept.get(recorder)
            if kept is not None and self.now() - kept.at < _lasts(kept, *ages):
                return kept
            failures = kept.failures + 1 if kept is not None else 1
            try:
                answer, calls = await read()
                made = Read(self.now(), time.time(), answer, calls=calls)
            except ExchangeError as error:
                made = Read(self.now(), time.time(), error=error, failures=failures)
            except asyncio.CancelledError:
                cut = SilentError("no complete answer in time")
                self._kept[recorder] = Read(self.now(), time.time(), error=cut, failures=failures)
                raise
            self._kept[recorder] = made
            return made

    def excuse(self, recorder: str) -> None:
        """The last session with `recorder` has failed by our own trouble: that counts for
        nothing.
        """
        kept = self._kept.get(recorder)
        if kept is not None and kept.error is not None:
            del self._kept[recorder]

    def forget(self) -> None:
        """The next check of each recorder is a new session (a sweep begins)."""
        self._kept.clear()


def _lasts(kept: Read, answer: float, failure: float) -> float:
    if kept.error is None:
        return answer
    return min(LONGEST_PAUSE, failure * 2.0 ** min(kept.failures - 1, 10))
