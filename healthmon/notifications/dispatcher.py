"""The dispatcher: one queue for each target, in order for each device, tried again until 24 h have
passed.

It works on memory; `settle` tells the store how each notice ended. A notice that the store could
not keep is sent too.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from healthmon.notifications.notice import Notice, What
from healthmon.notifications.sender import Sender, SendError, set_within
from healthmon.store.rows import Outgoing, Settled

log = logging.getLogger("healthmon.notify")

GIVE_UP_SECONDS = 86400.0
LONGEST_PAUSE = 8.0
LATER_PAUSE = 60.0
LATER_SECONDS = 7200.0
LONGEST_WANTED = 300.0
GAP_SECONDS = 0.1
BOUND = 10_000
_GONE = "the target is no longer configured"


@dataclass(slots=True)
class Queue:
    """What waits for one target. `failures` in a row and `pause_until` are of the target, not of a
    notice. `flying` is the id of the notice that is being sent.
    """

    rows: list[Outgoing] = field(default_factory=list)
    failures: int = 0
    pause_until: float = 0.0
    failing_since: float = 0.0
    flying: str | None = None
    bell: asyncio.Event = field(default_factory=asyncio.Event)

    def move(self, by: float) -> None:
        """Our clock was set by `by` seconds: all times are that much later."""
        self.rows = [row.moved(by) for row in self.rows]
        self.pause_until += by
        if self.failing_since:
            self.failing_since += by

    def fail(self, now: float, wanted: float) -> float:
        """Note a failure; how long the target is left alone (seconds), at least the pause that it
        has `wanted`.
        """
        self.failures += 1
        self.failing_since = self.failing_since or now
        longest = LATER_PAUSE if now - self.failing_since > LATER_SECONDS else LONGEST_PAUSE
        pause = min(longest, 2.0 ** min(self.failures - 1, 10)) * random.uniform(0.5, 1.0)
        pause = max(pause, min(wanted, LONGEST_WANTED))
        self.pause_until = now + pause
        return pause

    def next(self, now: float) -> Outgoing | None:
        """The oldest notice that may go now: none before it is of the same device."""
        seen: set[str] = set()
        for row in self.rows:
            if row.order not in seen and row.due <= now:
                return row
            seen.add(row.order)
        return None


async def _always() -> bool:
    return True


@dataclass(slots=True)
class Dispatcher:
    """Sends what is added. `settle` gets every end and every failed attempt; `counts` are by
    (target, result). `permitted` says before each delivery whether it is this agent that sends.
    """

    senders: Mapping[str, Sender]
    settle: Callable[[Settled], None]
    clock: Callable[[], float] = time.time
    permitted: Callable[[], Awaitable[bool]] = _always
    queues: dict[str, Queue] = field(default_factory=dict)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    problems: dict[str, str] = field(default_factory=dict)

    def queue(self, target: str) -> Queue:
        """The queue of a target."""
        return self.queues.setdefault(target, Queue())

    def add(self, rows: Iterable[Outgoing], *, merge: bool = True) -> None:
        """Queue `rows`; a recovery that overtakes its fault becomes one notice ("was at fault
        12:01-12:14").

        Without `merge` they go as they are: what an earlier run has left may have been sent
        already.
        """
        for row in rows:
            queue = self.queue(row.target)
            if any(known.notice == row.notice for known in queue.rows):
                continue
            queue.rows.append(self._merged(queue, row) if merge else row)
            if len(queue.rows) > BOUND:
                self._end(queue, queue.rows[0], "dropped", "the queue is full")
            queue.bell.set()

    def rewrite(self, replace_in: Callable[[str], str]) -> None:
        """Replace what people have written in what waits."""
        for queue in self.queues.values():
            queue.rows = [replace(row, body=replace_in(row.body)) for row in queue.rows]

    def _merged(self, queue: Queue, row: Outgoing) -> Outgoing:
        """`row`, or one notice for all where it ends a fault that this target has not heard of."""
        notice = Notice.from_json(row.body)
        if notice.what not in (What.CLOSED, What.REMOVED) or row.number is None:
            return row
        early = [r for r in queue.rows if r.number == row.number and r.notice != queue.flying]
        if not _unheard(early):
            return row
        for old in early:
            self._end(queue, old, "merged")
        body = replace(notice, what=What.MERGED).to_json()
        self.settle(Settled(row.notice, row.target, "pending", row.due, row.attempts, body=body))
        return replace(row, body=body)

    def _end(self, queue: Queue, row: Outgoing, state: str, error: str = "") -> None:
        queue.rows = [r for r in queue.rows if r.notice != row.notice]
        self.counts[row.target, state] += 1
        self.settle(Settled(row.notice, row.target, state, self.clock(), row.attempts, error))

    async def serve(self, target: str, sender: Sender, ending: asyncio.Event) -> None:
        """Send what waits for `target`, by `sender`, until `ending`; a delivery that has begun then
        is brought to its end.
        """
        queue = self.queue(target)
        while not ending.is_set():
            now = self.clock()
            row = queue.next(now) if now >= queue.pause_until else None
            if row is None:
                queue.bell.clear()
                wait = 1.0 if queue.rows else 30.0
                if not queue.rows or now >= queue.pause_until:
                    await set_within(queue.bell, wait)
                else:
                    await set_within(ending, min(1.0, queue.pause_until - now))
                continue
            if not await self.permitted():
                await set_within(ending, 1.0)
                continue
            queue.flying = row.notice
            began = time.monotonic()
            try:
                await self._send(target, sender, queue, row)
            finally:
                queue.flying = None
            await asyncio.sleep(max(0.0, GAP_SECONDS - (time.monotonic() - began)))

    async def _send(self, target: str, sender: Sender, queue: Queue, row: Outgoing) -> None:
        try:
            await sender.send(Notice.from_json(row.body))
        except SendError as error:
            self._failed(target, queue, row, error)
        except Exception as error:
            log.exception("bug in the sender of %s", target)
            self._failed(target, queue, row, SendError(f"bug: {error!r}"))
        else:
            queue.failures, queue.failing_since = 0, 0.0
            self.problems.pop(target, None)
            now = self.clock()
            queue.rows = [replace(r, due=min(r.due, now)) for r in queue.rows]
            self._end(queue, row, "sent")

    def _failed(self, target: str, queue: Queue, sent: Outgoing, error: SendError) -> None:
        now = self.clock()  # first: a step of the clock moves the times of the rows
        if self.queues.get(target) is not queue:
            self._end(queue, sent, "dropped", _GONE)
            return
        row = next((one for one in queue.rows if one.notice == sent.notice), sent)
        row = replace(row, attempts=row.attempts + 1)
        self.problems[target] = str(error)
        if error.permanent or now - row.created > GIVE_UP_SECONDS:
            log.error("%s: notice %s is not sent: %s", target, row.notice, error)
            self._end(queue, row, "failed" if error.permanent else "dropped", str(error))
            return
        self.counts[target, "retried"] += 1
        pause = queue.fail(now, error.retry_after or 0.0)
        row = replace(row, due=now + pause)
        queue.rows = [row if r.notice == row.notice else r for r in queue.rows]
        log.warning("%s: %s: trying again in %.0f s", target, error, pause)
        self.settle(Settled(row.notice, target, "pending", row.due, row.attempts, str(error)))

    def failing(self) -> dict[str, tuple[float, str]]:
        """(since when, the problem) of every target that fails."""
        return {
            target: (self.queue(target).failing_since, text)
            for target, text in self.problems.items()
        }

    def move(self, by: float) -> None:
        """Our clock was set by `by` seconds: what waits is due that much later."""
        for queue in self.queues.values():
            queue.move(by)

    def retarget(self, senders: Mapping[str, Sender]) -> None:
        """Take other senders, for `serve`; what waits for a target that is gone ends as dropped, and
        so does what is being sent there, unless it arrives.
        """
        self.senders = senders
        for target in [name for name in self.queues if name not in senders]:
            queue = self.queues.pop(target)
            for row in [row for row in queue.rows if row.notice != queue.flying]:
                self._end(queue, row, "dropped", _GONE)
        for queue in self.queues.values():
            queue.bell.set()
        self.problems = {
            target: text for target, text in self.problems.items() if target in senders
        }

    def pending(self) -> dict[str, int]:
        """How many notices wait for each target."""
        return {target: len(self.queue(target).rows) for target in self.senders}


def _unheard(rows: Sequence[Outgoing]) -> bool:
    """Whether `rows` begin a fault and none of them can have been sent."""
    words = [Notice.from_json(row.body).what for row in rows]
    return What.OPENED in words and not any(row.attempts for row in rows)
