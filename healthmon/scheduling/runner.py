"""One place makes observations: the deadline of a check, and every way it can fail, become one
record.

A bug is UNKNOWN plus a logged traceback (without values) plus a counter; our own trouble is never
the device's.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from healthmon.model.device import Check
from healthmon.model.enums import OUR_TROUBLE, Reason
from healthmon.model.plain_text import one_line
from healthmon.model.results import CheckResult, Measurement, Observation, Verdict
from healthmon.protocols import deadline, trace
from healthmon.protocols.errors import ExchangeError, from_os
from healthmon.protocols.host.routes import HostRoutes

log = logging.getLogger("healthmon")

STALL_SECONDS = 0.5
STALL_SHARE = 0.1
Probe = Callable[[], Awaitable[Measurement]]
Evaluate = Callable[[Observation], tuple[Verdict, ...]]


@dataclass(slots=True)
class Lag:
    """How late the event loop is, looked at each `step` seconds while a check runs, else each `rest`: a
    stall counts from the look that it has put off, so it may be longer by a step; none of
    `STALL_SECONDS` is missed. `stalled_since` tells the worst one after a moment, for results that it
    spoils. To wake costs 0.1 ms where nothing else does: no more looks than that takes.
    """

    step: float = 0.1
    rest: float = 0.5
    last: float = 0.0
    worst: float = 0.0
    _running: int = 0
    _due: float = math.inf
    _turn: asyncio.Future[None] | None = None
    _stalls: list[tuple[float, float]] = field(default_factory=list)

    async def watch(self) -> None:
        """Measure for ever."""
        loop = asyncio.get_running_loop()
        while True:
            pause = self.step if self._running else self.rest
            turn = self._turn = loop.create_future()
            timer, self._due = loop.call_later(pause, _ring, turn), time.monotonic() + pause
            try:
                await turn
            finally:
                timer.cancel()
            now = time.monotonic()
            self.last = max(0.0, now - self._due)
            self.worst = max(self.worst, self.last)
            if self.last > STALL_SECONDS - self.step:
                self._stalls = [*self._stalls[-50:], (now, self.last)]

    def begin(self) -> None:
        """A check begins: it is looked at closely from now on."""
        self._running += 1
        if self._running == 1 and self._turn is not None:
            self._due = min(self._due, time.monotonic() + self.step)
            _ring(self._turn)

    def end(self) -> None:
        """A check has ended."""
        self._running -= 1

    def stalled_since(self, moment: float) -> float:
        """The worst stall that ended after `moment` (monotonic), seconds; 0.0 if there was none.

        A stall that is under way ends only when the watcher runs again, so its own lateness counts
        too.
        """
        return max((lag for ended, lag in self._stalls if ended >= moment), default=0.0)


def _ring(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_result(None)


@dataclass(slots=True)
class ProbeRunner:
    """Runs a probe under its absolute deadline, makes the observation and has it evaluated, once.

    `lag` and `host_routes` know what of our own has spoilt a run: this process was held up, this
    machine was cut off. What shows something amiss, and was observed while we were held up, is our
    trouble. `bugs` counts errors of our own.
    """

    lag: Lag = field(default_factory=Lag)
    host_routes: HostRoutes = field(default_factory=HostRoutes)
    wall: Callable[[], float] = time.time
    bugs: int = 0

    async def run(
        self, probe: Probe, evaluate: Evaluate, check: Check, notes: trace.Trace | None = None
    ) -> CheckResult:
        """What `probe` saw, or why it saw nothing, and what that means. Raises nothing but
        CancelledError.
        """
        self.lag.begin()
        try:
            return await self._run(probe, evaluate, check, notes or trace.Trace())
        finally:
            self.lag.end()

    async def _run(
        self, probe: Probe, evaluate: Evaluate, check: Check, notes: trace.Trace
    ) -> CheckResult:
        began = time.monotonic()
        observation = await self._observe(probe, check, notes)
        result = self.evaluated(evaluate, check, observation)
        lag = await self._stall(began)
        if not lag or observation.reason in OUR_TROUBLE or self._seems_well(result):
            return result
        words = f"held up for {lag:.1f} s"
        spoilt = replace(observation, value=None, reason=Reason.AGENT_STALLED, detail=words)
        return self.evaluated(evaluate, check, spoilt)

    def evaluated(self, evaluate: Evaluate, check: Check, observation: Observation) -> CheckResult:
        """`observation` with its verdicts; a bug in their making is UNKNOWN, logged and counted."""
        try:
            return CheckResult(check, observation, evaluate(observation))
        except Exception as error:
            log.exception("bug while evaluating %s of %s", check.check_type, check.device)
            self.bugs += 1
            words = f"{type(error).__name__} in the evaluation"
            unknown = replace(observation, value=None, reason=Reason.BUG, detail=words)
            return CheckResult(check, unknown, evaluate(unknown))

    async def _observe(self, probe: Probe, check: Check, notes: trace.Trace) -> Observation:
        began = time.monotonic()
        value: Measurement | None = None
        reason: Reason | None = None
        detail = ""
        since: float | None = None
        with trace.recording(notes):
            try:
                async with deadline.within(check.timeout) as ends:
                    value = await probe()
            except Exception as error:  # noqa: BLE001 - one bad answer must not stop other checks
                reason, detail = self._why(error, check, notes, late=ends.expired())
                since = getattr(error, "since", None)
        took = time.monotonic() - began
        return Observation(
            check.device,
            check.check_type,
            check.instance,
            self.wall(),
            took,
            value,
            reason,
            one_line(detail),
            since,
        )

    def _why(
        self, error: Exception, check: Check, notes: trace.Trace, *, late: bool
    ) -> tuple[Reason, str]:
        """(reason, detail) of a probe that failed; `late` where its deadline has passed."""
        if isinstance(error, TimeoutError) and late:
            waited = f"waiting for {notes.stage}" if notes.stage else "no complete answer"
            return Reason(notes.late), f"{waited}, {check.timeout:g} s"
        if isinstance(error, OSError):
            error = from_os(error, notes.stage or "network")
        if isinstance(error, ExchangeError):
            return Reason(error.reason), str(error)
        return Reason.BUG, self._bug(error, check)

    @staticmethod
    def _seems_well(result: CheckResult) -> bool:
        """Whether nothing amiss is shown; a bug of ours shows nothing."""
        return result.observation.value is not None and result.well

    async def _stall(self, began: float) -> float:
        """How long we were held up since `began` (seconds), 0.0 where that is too little of the
        whole time to have spoilt the run: a device that is silent for 9 s is not so by our 0.6 s.
        """
        took = time.monotonic() - began
        if took < STALL_SECONDS:
            return 0.0
        await asyncio.sleep(0)  # lets the watcher note a stall that has just ended
        lag = self.lag.stalled_since(began)
        return lag if lag > STALL_SHARE * took else 0.0

    def _bug(self, error: Exception, check: Check) -> str:
        self.bugs += 1
        frames = traceback.extract_tb(error.__traceback__)[-4:]
        places = " < ".join(
            f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in reversed(frames)
        )
        log.error(
            "bug in check %s of %s: %s at %s",
            check.check_type,
            check.device,
            type(error).__name__,
            places,
        )
        return f"{type(error).__name__} at {places}"
