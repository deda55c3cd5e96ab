"""When to look: spread over the interval, one look at a time per address, bounded slots, a bandwidth budget per site.

Knows no protocol, make or way out: it is handed ``look(ask) -> Observation`` and ``deliver(ask, observation)``.
The one-off sweep (`once`) and the long run (`forever`) use the same gates, slots and budgets.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from healthmon.gates import Budget, GateHeldError, Gates, stable_hash
from healthmon.model import OUR_TROUBLE, Ask, Observation, Question, Reason

Look = Callable[[Ask], Awaitable[Observation]]
Deliver = Callable[[Ask, Observation], None]

LONGEST_BACK_OFF = 900.0
BACK_OFF_AFTER = 3
AGAIN_PAUSE = 1.0
SOON_SECONDS = 5.0
SOON_LOOKS = 3
MISSED_SECONDS = 60.0
HASTE_SECONDS = 10.0
FIRST_ROUND_SECONDS = 60.0
LATE_SECONDS = 5.0
# The loop counts milliseconds and rounds: without one more it wakes, finds nothing due and sleeps, 18 times a look.
TICK_SECONDS = 0.001
_ORDER = {question: number for number, question in enumerate(Question)}
_TIRED = frozenset({Reason.BUSY, Reason.RESET, Reason.TIMEOUT, Reason.TLS_TIMEOUT})
_SLOW = frozenset({Reason.CONNECT_TIMEOUT, Reason.TIMEOUT, Reason.TLS_TIMEOUT, Reason.DNS})
_MISSED = (
    _TIRED
    | _SLOW
    | {
        Reason.REFUSED,
        Reason.UNREACHABLE,
        Reason.AGENT_STALLED,
        Reason.AGENT_RESOURCE,
        Reason.AGENT_BUSY,
    }
)


def _ring(bell: asyncio.Future[None]) -> None:
    if not bell.done():
        bell.set_result(None)


def phase(ask: Ask) -> float:
    """Where in its interval an ask stands, seconds: by a device's id, so that a device keeps its place for ever."""
    return stable_hash(ask.beat or ask.device) / 2**64 * ask.interval


@dataclass(slots=True)
class Figures:
    """What the schedule tells about itself. `missed` counts intervals of an ask in which no look of it ended."""

    running: int = 0
    done: int = 0
    missed: int = 0


@dataclass(slots=True)
class Schedule:
    """Runs looks. `concurrency` bounds those under way; devices that last timed out have a pool of their own.

    `doubtful` says after a look whether its result must be confirmed soon rather than an interval later.
    """

    look: Look
    deliver: Deliver
    concurrency: int = 200
    site_budgets: Mapping[str, float] = field(default_factory=dict)
    gates: Gates = field(default_factory=Gates)
    figures: Figures = field(default_factory=Figures)
    doubtful: Callable[[Ask], bool] = lambda _ask: False
    _slots: asyncio.Semaphore = field(init=False)
    _slow_slots: asyncio.Semaphore = field(init=False)
    _budgets: dict[str, Budget] = field(init=False)
    _slow: set[str] = field(default_factory=set)
    _failures: dict[Any, int] = field(default_factory=dict)
    _missed: dict[Any, int] = field(default_factory=dict)
    _busy: set[Any] = field(default_factory=set)
    _heap: list[tuple[float, int, Ask]] = field(default_factory=list)
    _woken: asyncio.Future[None] | None = None
    _known: set[Any] = field(default_factory=set)
    _owed: dict[Any, float] = field(default_factory=dict)
    _hasty: dict[Any, float] = field(default_factory=dict)
    _hastened: asyncio.Queue[Ask] = field(default_factory=asyncio.Queue)

    def __post_init__(self) -> None:
        self._slots = asyncio.Semaphore(self.concurrency)
        self._slow_slots = asyncio.Semaphore(max(8, self.concurrency))
        self._budgets = {site: Budget(limit) for site, limit in self.site_budgets.items()}

    @property
    def under_way(self) -> int:
        """How many looks of the long run have begun (or wait for their gate) and not ended."""
        return len(self._busy)

    def late(self) -> float:
        """How long the look that is due next has been overdue, seconds; 0.0 when none is."""
        return max(0.0, asyncio.get_running_loop().time() - self._heap[0][0]) if self._heap else 0.0

    async def _one(self, ask: Ask) -> Observation:
        """One look, or what stands for it where its gate does not open."""
        try:
            observation = await self._inside(ask)
        except GateHeldError as error:
            observation = error.instead(ask)
        self._remember(ask, observation)
        return observation

    async def _inside(self, ask: Ask) -> Observation:
        """One look inside its gate, slot and share of the site's bandwidth. Raises GateHeldError."""
        async with contextlib.AsyncExitStack() as held:
            await held.enter_async_context(self.gates.of(ask.gate))
            await held.enter_async_context(
                self._slow_slots if ask.gate in self._slow else self._slots
            )
            if budget := self._budgets.get(ask.site):
                await held.enter_async_context(budget.share(ask.cost))
            self.figures.running += 1
            try:
                return await self.look(ask)
            finally:
                self.figures.running -= 1

    async def look_now(self, ask: Ask) -> Observation:
        """One look out of turn, through the same gate, slots and budget."""
        return await self._one(ask)

    def _remember(self, ask: Ask, observation: Observation) -> None:
        """Learn from a look how to treat the device; our own trouble teaches nothing about it."""
        self.figures.done += 1
        if observation.reason in _MISSED:
            self._missed[ask.key] = self._missed.get(ask.key, 0) + 1
        else:
            self._missed.pop(ask.key, None)
        if observation.reason in OUR_TROUBLE:
            return
        (self._slow.add if observation.reason in _SLOW else self._slow.discard)(ask.gate)
        if observation.reason in _TIRED:
            self._failures[ask.key] = self._failures.get(ask.key, 0) + 1
        else:
            self._failures.pop(ask.key, None)

    def pause_after(self, ask: Ask) -> float:
        """Seconds from one look to the next: the interval, or longer for a device that is busy or drops us."""
        tired = self._failures.get(ask.key, 0) - BACK_OFF_AFTER
        if tired < 0 or ask.question is Question.REACH:
            return ask.interval
        return max(ask.interval, min(LONGEST_BACK_OFF, ask.interval * 2.0 ** min(tired + 1, 10)))

    def missed_again(self, ask: Ask) -> float | None:
        """Seconds until a rare question that got no answer is asked again, twice as many each time.

        None where its own turn is soon enough, and for samples, where others stand for it.
        """
        missed = self._missed.get(ask.key, 0)
        pause = MISSED_SECONDS * 2.0 ** (missed - 1)
        return pause if missed and pause <= ask.interval / 2 and not ask.sampled else None

    def _ask_missed(self, ask: Ask) -> None:
        if ask.key in self._missed:
            self._hastened.put_nowait(ask)

    async def once(self, asks: Iterable[Ask], again: Callable[[Ask, Observation], bool]) -> None:
        """Every ask once, device by device side by side; `again` says which look is worth a second try."""
        groups: dict[str, list[Ask]] = {}
        for ask in sorted(asks, key=lambda a: _ORDER[a.question]):
            groups.setdefault(ask.gate or ask.device, []).append(ask)
        async with asyncio.TaskGroup() as tasks:
            for group in groups.values():
                tasks.create_task(self._group(group, again))

    async def _group(self, group: list[Ask], again: Callable[[Ask, Observation], bool]) -> None:
        for ask in group:
            observation = await self._one(ask)
            if again(ask, observation):
                await asyncio.sleep(AGAIN_PAUSE)
                observation = await self._one(ask)
            self.deliver(ask, observation)

    def plan(
        self, asks: Iterable[Ask], site_budgets: Mapping[str, float], *, spread: bool = True
    ) -> None:
        """What `forever` shall do from now on; looks under way go on, an ask keeps its phase.

        What has never been asked is asked within `FIRST_ROUND_SECONDS`, however long its interval is, unless it is
        sampled.
        """
        now = asyncio.get_running_loop().time()
        self._budgets = {site: Budget(limit) for site, limit in site_budgets.items()}
        self._heap = [
            (self._first(ask, now, spread=spread), number, ask) for number, ask in enumerate(asks)
        ]
        heapq.heapify(self._heap)
        self._forget({ask.key for _, _, ask in self._heap}, {ask.gate for _, _, ask in self._heap})
        if self._woken is not None:
            _ring(self._woken)

    def hasten(self, asks: Iterable[Ask], *, over: float = 0.0) -> None:
        """Look at `asks` now, or spread `over` so many seconds, out of turn; each at most once in `HASTE_SECONDS`."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        wanted = [
            ask for ask in asks if now - self._hasty.get(ask.key, -HASTE_SECONDS) >= HASTE_SECONDS
        ]
        for number, ask in enumerate(wanted):
            self._hasty[ask.key] = now
            if over:
                loop.call_later(over * number / len(wanted), self._hastened.put_nowait, ask)
            else:
                self._hastened.put_nowait(ask)

    async def _haste(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            ask = await self._hastened.get()
            if ask.key not in self._busy:
                self._busy.add(ask.key)
                tasks.create_task(self._round(ask))

    async def forever(self) -> None:
        """Look for ever, each ask at its place in its interval.

        A look that is still under way (out of turn, again because in doubt, or slow) is not started twice: it does
        the duty of the one that falls due.
        """
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._haste(tasks))
            while True:
                now = loop.time()
                if not self._heap or self._heap[0][0] > now:
                    await self._sleep_until(self._heap[0][0] if self._heap else now + 3600)
                    continue
                due, number, ask = self._heap[0]
                heapq.heapreplace(self._heap, (self._next(ask, due, now), number, ask))
                if now - due <= LATE_SECONDS and ask.key not in self._busy:
                    self._busy.add(ask.key)
                    tasks.create_task(self._round(ask))

    def _left_out(self, ask: Ask, since: float, until: float) -> int:
        """Count the whole intervals from `since` to `until`: no look has ended in them."""
        intervals = int((until - since) / ask.interval + 1e-6)
        self.figures.missed += intervals
        return intervals

    def _forget(self, keys: set[Any], gates: set[str]) -> None:
        """Keep nothing of what is no longer asked."""
        self._known &= keys
        self._slow &= gates
        for kept in (self._owed, self._hasty, self._failures, self._missed):
            for key in kept.keys() - keys:
                del kept[key]

    async def _sleep_until(self, due: float) -> None:
        loop = asyncio.get_running_loop()
        self._woken = loop.create_future()
        timer = loop.call_at(due + TICK_SECONDS, _ring, self._woken)
        try:
            await self._woken
        finally:
            timer.cancel()

    def _first(self, ask: Ask, start: float, *, spread: bool) -> float:
        """When an ask falls due first after `start`: at its place, or in the first round where that may be far away."""
        turn = _ORDER[ask.question] * 1e-3
        anew = ask.key not in self._known and not ask.sampled
        if anew and not spread:
            return start + turn
        if anew and ask.interval > FIRST_ROUND_SECONDS:
            return start + phase(ask) / ask.interval * FIRST_ROUND_SECONDS + turn
        return start + (phase(ask) - start) % ask.interval + turn

    def _next(self, ask: Ask, due: float, now: float) -> float:
        """When an ask falls due after `due`, which is over: after the first round at its place, then an interval later.

        What is late by more than `LATE_SECONDS` (this machine was suspended or held up) is begun anew as at a start:
        caught up at once, it would be a burst.
        """
        if now - due > LATE_SECONDS:
            self._known.discard(ask.key)
            self._owed.pop(ask.key, None)
            later = self._first(ask, now, spread=True)
            self._left_out(ask, due, later)
            return later
        since = self._owed.setdefault(ask.key, due)
        self._owed[ask.key] += self._left_out(ask, since, due) * ask.interval
        if ask.key not in self._known:
            self._known.add(ask.key)
            return self._first(ask, now + min(ask.interval, FIRST_ROUND_SECONDS) / 2, spread=True)
        return due + self.pause_after(ask)

    async def _round(self, ask: Ask) -> None:
        """One look, and again soon while its result is in doubt."""
        try:
            await self._given(ask)
            for _ in range(SOON_LOOKS):
                if not self.doubtful(ask) or ask.interval <= 2 * SOON_SECONDS:
                    return
                await asyncio.sleep(SOON_SECONDS)
                await self._given(ask)
        finally:
            self._busy.discard(ask.key)
            if (pause := self.missed_again(ask)) is not None:
                asyncio.get_running_loop().call_later(pause, self._ask_missed, ask)

    async def _given(self, ask: Ask) -> None:
        """One look; its result is no longer owed."""
        self.deliver(ask, await self._one(ask))
        self._owed.pop(ask.key, None)
