"""One place makes observations: the deadline of a look, and every way it can fail, become one record.

A bug is UNKNOWN plus a logged traceback (without values) plus a counter; our own trouble is never the device's.
"""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from healthmon.model import OUR_TROUBLE, Ask, Device, Observation, Reason, Seen
from healthmon.wire import trace
from healthmon.wire.errors import WireError, from_os
from healthmon.wire.hostnet import Ways

log = logging.getLogger("healthmon")

STALL_SECONDS = 0.5
Probe = Callable[[], Awaitable[Seen]]


@dataclass(slots=True)
class Lag:
    """How late the event loop is: `worst_since` tells the worst lag after a moment, for results that it spoils."""

    step: float = 0.1
    last: float = 0.0
    worst: float = 0.0
    _stalls: list[tuple[float, float]] = field(default_factory=list)

    async def watch(self) -> None:
        """Measure for ever."""
        while True:
            before = time.monotonic()
            await asyncio.sleep(self.step)
            now = time.monotonic()
            self.last = max(0.0, now - before - self.step)
            self.worst = max(self.worst, self.last)
            if self.last > STALL_SECONDS:
                self._stalls = [*self._stalls[-50:], (now, self.last)]

    def stalled_since(self, moment: float) -> float:
        """The worst stall that ended after `moment` (monotonic), seconds; 0.0 if there was none.

        A stall that is under way ends only when the watcher runs again, so its own lateness counts too.
        """
        return max((lag for ended, lag in self._stalls if ended >= moment), default=0.0)


@dataclass(slots=True)
class Observer:
    """Runs a probe under its absolute deadline and makes the observation.

    `lag` and `ways` know what of our own has spoilt a look: this process was held up, this machine was cut off. `well`
    says whether an observation shows nothing amiss; what does, and was made while we were held up, is our trouble.
    """

    lag: Lag = field(default_factory=Lag)
    ways: Ways = field(default_factory=Ways)
    wall: Callable[[], float] = time.time
    well: Callable[[Device, Observation], bool] = lambda _device, observation: (
        observation.value is not None
    )
    bugs: int = 0

    async def observe(
        self, probe: Probe, device: Device, ask: Ask, notes: trace.Trace | None = None
    ) -> Observation:
        """What `probe` saw of `device`, or why it saw nothing. Raises nothing but CancelledError."""
        began = time.monotonic()
        looked = notes or trace.Trace()
        value: Seen | None = None
        reason: Reason | None = None
        detail = ""
        with trace.recording(looked):
            try:
                async with asyncio.timeout(ask.timeout):
                    value = await probe()
            except TimeoutError:
                waited = f"waiting for {looked.stage}" if looked.stage else "no complete answer"
                reason, detail = Reason(looked.late), f"{waited}, {ask.timeout:g} s"
            except WireError as error:
                reason, detail = Reason(error.reason), str(error)
            except OSError as error:
                mapped = from_os(error, looked.stage or "network")
                reason, detail = Reason(mapped.reason), str(mapped)
            except Exception as error:  # noqa: BLE001 - one bad answer must not stop the other devices' checks
                reason, detail = Reason.BUG, self._bug(error, device, ask)
        took = time.monotonic() - began
        seen = Observation(
            device.id, ask.question, ask.part, self.wall(), took, value, reason, detail
        )
        lag = await self._stall(began)
        if lag and reason not in OUR_TROUBLE and not self.seems_well(device, seen):
            return replace(
                seen, value=None, reason=Reason.AGENT_STALLED, detail=f"held up for {lag:.1f} s"
            )
        return seen

    def seems_well(self, device: Device, seen: Observation) -> bool:
        """Whether `seen` shows nothing amiss; also where that cannot be judged."""
        try:
            return self.well(device, seen)
        except Exception:  # noqa: BLE001 - whoever judges it next will say so
            return True

    async def _stall(self, began: float) -> float:
        if time.monotonic() - began < STALL_SECONDS:
            return 0.0
        await asyncio.sleep(0)  # lets the watcher note a stall that has just ended
        return self.lag.stalled_since(began)

    def _bug(self, error: Exception, device: Device, ask: Ask) -> str:
        self.bugs += 1
        frames = traceback.extract_tb(error.__traceback__)[-4:]
        places = " < ".join(
            f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in reversed(frames)
        )
        log.error(
            "bug while asking %s of %s: %s at %s",
            ask.question,
            device.id,
            type(error).__name__,
            places,
        )
        return f"{type(error).__name__} at {places}"
