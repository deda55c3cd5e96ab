"""When to check: spread over the interval, one check at a time per address, bounded slots, a
bandwidth budget per site.

Knows no protocol, vendor or notification channel: it is handed ``run(check) -> CheckResult`` and
``deliver(result)``. The one-off sweep (`once`) and the long run (`forever`) use the same locks,
slots and budgets.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from healthmon.model.device import Check
from healthmon.model.enums import OUR_TROUBLE, CheckName, Reason
from healthmon.model.results import CheckResult, Observation
from healthmon.scheduling.locks import AddressHeldError, AddressLocks, Budget, stable_hash
from healthmon.scheduling.pace import Pace

Run = Callable[[Check], Awaitable[CheckResult]]
Deliver = Callable[[CheckResult], None]

LONGEST_BACK_OFF = 900.0
BACK_OFF_AFTER = 3
AGAIN_PAUSE = 1.0
SOON_SECONDS = 5.0
SOON_RUNS = 3
MISSED_SECONDS = 60.0
HASTE_SECONDS = 10.0
FIRST_ROUND_SECONDS = 60.0
LATE_SECONDS = 5.0
# The loop counts milliseconds and rounds: without one more it wakes, finds nothing due and sleeps,
# 18 times a check.
TICK_SECONDS = 0.001
# A check from outside comes last.
_ORDER: dict[str, int] = {name: number for number, name in enumerate(CheckName)}
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
        Reason.NO_AGENT,
    }
)


def _ring(bell: asyncio.Future[None]) -> None:
    if not bell.done():
        bell.set_result(None)


def phase(check: Check) -> float:
    """Where in its interval a check stands, seconds: by a device's id, so that a device keeps its
    place for ever.
    """
    return stable_hash(check.phase_of or check.device) / 2**64 * check.interval


@dataclass(slots=True)
class Figures:
    """What the schedule tells about itself. `missed` counts intervals of a check in which no run of
    it ended.
    """

    running: int = 0
    done: int = 0
    missed: int = 0


@dataclass(slots=True)
class Schedule:
    """Runs checks. `concurrency` bounds those under way; devices that last timed out have a pool of
    their own.

    `doubtful` says after a check whether its result must be confirmed soon rather than an interval
    later.
    """

    run: Run
    deliver: Deliver
    concurrency: int = 200
    site_budgets: Mapping[str, float] = field(default_factory=dict)
    address_locks: AddressLocks = field(default_factory=AddressLocks)
    figures: Figures = field(default_factory=Figures)
    doubtful: Callable[[Check], bool] = lambda _check: False
    evaluated: Callable[[Check, Observation], CheckResult] = lambda check, observation: CheckResult(
        check, observation, ()
    )
    pace: Pace = field(init=False)
    _slots: asyncio.Semaphore = field(init=False)
    _slow_slots: asyncio.Semaphore = field(init=False)
    _budgets: dict[str, Budget] = field(init=False)
    _slow: set[str] = field(default_factory=set)
    _failures: dict[Any, int] = field(default_factory=dict)
    _missed: dict[Any, int] = field(default_factory=dict)
    _busy: set[Any] = field(default_factory=set)
    # By address: what waits until its turn there. A task would take 7 KB for each.
    _turns: dict[str, list[Check]] = field(default_factory=dict)
    _heap: list[tuple[float, int, Check]] = field(default_factory=list)
    _woken: asyncio.Future[None] | None = None
    # What has never been asked, or not for long, but for samples; empty after the first round.
    _anew: set[Any] = field(default_factory=set)
    _owed: dict[Any, float] = field(default_factory=dict)
    _hasty: dict[Any, float] = field(default_factory=dict)
    _hastened: asyncio.Queue[Check] = field(default_factory=asyncio.Queue)

    def __post_init__(self) -> None:
        self.pace = Pace(self.concurrency)
        self._slots = asyncio.Semaphore(self.concurrency)
        self._slow_slots = asyncio.Semaphore(max(8, self.concurrency))
        self._budgets = {site: Budget(limit) for site, limit in self.site_budgets.items()}

    def _allow(self, concurrency: int) -> None:
        """Let so many checks begin from now on; where that is new, those under way count no more."""
        if concurrency == self.concurrency:
            return
        self.concurrency = concurrency
        self._slots = asyncio.Semaphore(concurrency)
        self._slow_slots = asyncio.Semaphore(max(8, concurrency))

    @property
    def under_way(self) -> int:
        """How many checks of the long run have begun (or wait for their lock) and not ended."""
        return len(self._busy)

    def late(self) -> float:
        """How long the check that is due next has been overdue, seconds; 0.0 when none is."""
        return max(0.0, asyncio.get_running_loop().time() - self._heap[0][0]) if self._heap else 0.0

    async def _one(self, check: Check) -> CheckResult:
        """One run, which teaches how to treat the device."""
        result = await self.run_now(check, self.run)
        self._remember(check, result.observation)
        return result

    async def run_now(self, check: Check, run: Run) -> CheckResult:
        """One run out of turn, through the same lock, slots and budget, or what stands for it where
        the address is held. It teaches nothing.
        """
        try:
            return await self._inside(check, run)
        except AddressHeldError as error:
            return self.evaluated(check, error.instead(check))

    async def _inside(self, check: Check, run: Run) -> CheckResult:
        """One run inside its lock, slot and share of the site's bandwidth. Raises
        AddressHeldError.
        """
        async with self.turn(check):
            clock, slow = asyncio.get_running_loop().time, check.lock_key in self._slow
            began = clock()
            self.figures.running += 1
            try:
                return await run(check)
            finally:
                self.figures.running -= 1
                if not slow:
                    self.pace.held(check, clock() - began, clock())

    @contextlib.asynccontextmanager
    async def turn(self, check: Check) -> AsyncIterator[None]:
        """Hold what a run of `check` holds: its lock, a slot, its share of the site's bandwidth. Raises
        AddressHeldError.
        """
        lock = self.address_locks.of(check.lock_key)
        async with lock, self._slots_of(check), self._share_of(check):
            yield

    def _slots_of(self, check: Check) -> asyncio.Semaphore:
        return self._slow_slots if check.lock_key in self._slow else self._slots

    def _share_of(self, check: Check) -> contextlib.AbstractAsyncContextManager[None]:
        budget = self._budgets.get(check.site)
        return budget.share(check.cost) if budget else contextlib.nullcontext()

    def _remember(self, check: Check, observation: Observation) -> None:
        """Learn from a check how to treat the device; our own trouble teaches nothing about it."""
        self.figures.done += 1
        if observation.reason in _MISSED:
            self._missed[check.key] = self._missed.get(check.key, 0) + 1
        else:
            self._missed.pop(check.key, None)
        if observation.reason in OUR_TROUBLE:
            return
        (self._slow.add if observation.reason in _SLOW else self._slow.discard)(check.lock_key)
        if observation.reason in _TIRED:
            self._failures[check.key] = self._failures.get(check.key, 0) + 1
        else:
            self._failures.pop(check.key, None)

    def pause_after(self, check: Check) -> float:
        """Seconds from one check to the next: the interval, or longer for a device that is busy or
        drops us, and for all where not everything that is due can be run.
        """
        interval = check.interval * self.pace.factor
        backing_off = self._failures.get(check.key, 0) - BACK_OFF_AFTER
        if backing_off < 0 or check.check_type == CheckName.REACH:
            return interval
        return max(interval, min(LONGEST_BACK_OFF, interval * 2.0 ** min(backing_off + 1, 10)))

    def missed_again(self, check: Check) -> float | None:
        """Seconds until a rare check that got no answer is asked again, twice as many each time.

        None where its own turn is soon enough, and for samples, where others stand for it.
        """
        missed = self._missed.get(check.key, 0)
        pause = MISSED_SECONDS * 2.0 ** (missed - 1)
        return pause if missed and pause <= check.interval / 2 and not check.sampled else None

    def _ask_missed(self, check: Check) -> None:
        if check.key in self._missed:
            self._hastened.put_nowait(check)

    async def once(
        self,
        checks: Iterable[Check],
        again: Callable[[CheckResult], bool],
        deliver: Deliver | None = None,
    ) -> None:
        """Every check once, device by device side by side; `again` says which result is worth a
        second try. Results go to `deliver` where it is given.
        """
        groups: dict[str, list[Check]] = {}
        for check in sorted(checks, key=lambda a: _ORDER.get(a.check_type, len(_ORDER))):
            groups.setdefault(check.lock_key or check.device, []).append(check)
        async with asyncio.TaskGroup() as tasks:
            for group in groups.values():
                tasks.create_task(self._group(group, again, deliver or self.deliver))

    async def _group(
        self, group: list[Check], again: Callable[[CheckResult], bool], deliver: Deliver
    ) -> None:
        for check in group:
            result = await self._one(check)
            if again(result):
                await asyncio.sleep(AGAIN_PAUSE)
                result = await self._one(check)
            deliver(result)

    def plan(
        self,
        checks: Iterable[Check],
        site_budgets: Mapping[str, float],
        *,
        spread: bool = True,
        concurrency: int | None = None,
    ) -> None:
        """What `forever` shall do from now on, where given with another `concurrency`; running checks
        go on, a check keeps its phase.

        What has never been asked is asked within `FIRST_ROUND_SECONDS`, however long its interval
        is, unless it is sampled.
        """
        now = asyncio.get_running_loop().time()
        checks = tuple(checks)
        before = {check.key for _, _, check in self._heap}
        self._anew |= {one.key for one in checks if not one.sampled and one.key not in before}
        self._budgets = {site: Budget(limit) for site, limit in site_budgets.items()}
        self._allow(concurrency or self.concurrency)
        self.pace.plan(checks, self.concurrency)
        self._heap = [
            (self._first(check, now, spread=spread), number, check)
            for number, check in enumerate(checks)
        ]
        heapq.heapify(self._heap)
        self._forget_others(checks)
        if self._woken is not None:
            _ring(self._woken)

    def run_soon(self, checks: Iterable[Check], *, over: float = 0.0, anew: bool = False) -> None:
        """Look at `checks` now, or spread `over` so many seconds, out of turn; each at most once in
        `HASTE_SECONDS` unless `anew`: what answered then is not the device any more.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        wanted = [
            check
            for check in checks
            if anew or now - self._hasty.get(check.key, -HASTE_SECONDS) >= HASTE_SECONDS
        ]
        for number, check in enumerate(wanted):
            self._hasty[check.key] = now
            if over:
                loop.call_later(over * number / len(wanted), self._hastened.put_nowait, check)
            else:
                self._hastened.put_nowait(check)

    def asked_at(self, check: Check) -> float:
        """When a check was last asked for out of turn, by the loop's clock."""
        return self._hasty.get(check.key, -math.inf)

    async def _haste(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            self._begin(await self._hastened.get(), tasks)

    async def forever(self) -> None:
        """Run for ever, each check at its place in its interval.

        A check that is still under way (out of turn, again because in doubt, or slow) is not
        started twice: it does the duty of the one that falls due.
        """
        loop = asyncio.get_running_loop()
        # Nothing is under way: where an earlier run was ended by an error, its waiting checks ended too.
        self._busy.clear()
        self._turns.clear()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._haste(tasks))
            while True:
                now = loop.time()
                if not self._heap or self._heap[0][0] > now:
                    await self._sleep_until(self._heap[0][0] if self._heap else now + 3600)
                    continue
                due, number, check = self._heap[0]
                heapq.heapreplace(self._heap, (self._next(check, due, now), number, check))
                if now - due <= LATE_SECONDS:
                    self._begin(check, tasks)

    def _begin(self, check: Check, tasks: asyncio.TaskGroup) -> None:
        """Start a check that is not under way, or let it wait behind others of its address."""
        if check.key in self._busy:
            return
        self._busy.add(check.key)
        address = check.lock_key
        if address in self._turns:
            self._turns[address].append(check)
            return
        if address:
            self._turns[address] = []
        tasks.create_task(self._round(check, tasks))

    def _next_turn(self, address: str, tasks: asyncio.TaskGroup) -> None:
        """Start what waits at `address`, the oldest first."""
        waiting = self._turns.get(address)
        if waiting:
            tasks.create_task(self._round(waiting.pop(0), tasks))
        else:
            self._turns.pop(address, None)

    def _left_out(self, check: Check, since: float, until: float) -> int:
        """Count the whole intervals from `since` to `until`: no check has ended in them."""
        intervals = int((until - since) / check.interval + 1e-6)
        self.figures.missed += intervals
        return intervals

    def _forget_others(self, checks: Iterable[Check]) -> None:
        """Keep nothing of what is no longer asked."""
        keys = {check.key for check in checks}
        self._anew &= keys
        self._slow &= {check.lock_key for check in checks}
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

    def _first(self, check: Check, start: float, *, spread: bool) -> float:
        """When a check falls due first after `start`: at its place, or in the first round where
        that may be far away.
        """
        turn, factor = _ORDER.get(check.check_type, len(_ORDER)) * 1e-3, self.pace.factor
        anew = check.key in self._anew
        if anew and not spread:
            return start + turn
        if anew and check.interval > FIRST_ROUND_SECONDS:
            return start + phase(check) / check.interval * FIRST_ROUND_SECONDS * factor + turn
        return start + (phase(check) - start) % check.interval * factor + turn

    def _next(self, check: Check, due: float, now: float) -> float:
        """When a check falls due after `due`, which is over: after the first round at its place,
        then an interval later.

        What is late by more than `LATE_SECONDS` (this machine was suspended or held up) is begun
        anew as at a start: caught up at once, it would be a burst.
        """
        if now - due > LATE_SECONDS:
            if not check.sampled:
                self._anew.add(check.key)
            self._owed.pop(check.key, None)
            later = self._first(check, now, spread=True)
            self._left_out(check, due, later)
            return later
        since = self._owed.setdefault(check.key, due)
        self._owed[check.key] += self._left_out(check, since, due) * check.interval
        if check.key in self._anew:
            self._begun(check)
            return self._first(
                check, now + min(check.interval, FIRST_ROUND_SECONDS) / 2, spread=True
            )
        return due + self.pause_after(check)

    def _begun(self, check: Check) -> None:
        """Note that the first round of a check has begun. A set gives its table back only when it is
        cleared.
        """
        self._anew.discard(check.key)
        if not self._anew:
            self._anew.clear()

    async def _round(self, check: Check, tasks: asyncio.TaskGroup) -> None:
        """One check, and again soon while its result is in doubt."""
        try:
            await self._given(check)
            self._next_turn(check.lock_key, tasks)
            for _ in range(SOON_RUNS):
                if not self.doubtful(check) or check.interval <= 2 * SOON_SECONDS:
                    return
                await asyncio.sleep(SOON_SECONDS)
                await self._given(check)
        finally:
            self._busy.discard(check.key)
            if (pause := self.missed_again(check)) is not None:
                asyncio.get_running_loop().call_later(pause, self._ask_missed, check)

    async def _given(self, check: Check) -> None:
        """One check; its result is no longer owed."""
        self.deliver(await self._one(check))
        self._owed.pop(check.key, None)
