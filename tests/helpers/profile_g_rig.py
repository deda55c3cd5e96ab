"""A simulated ONVIF recorder with its cameras in a configuration, looked at by the agent's own
composition.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from healthmon.config import loading
from healthmon.demo.estate import Estate
from healthmon.demo.plan import write_config
from healthmon.demo.state import Counters, SimDevice
from healthmon.model.device import Check
from healthmon.model.enums import CheckName, State
from healthmon.model.results import CheckResult, Observation, Verdict
from healthmon.runtime.engine import CheckEngine, build
from helpers.results import applied

RECORDER = "127.34.0.1"
OF_RECORDERS = (CheckName.RECORDER, CheckName.RECORDING)


@dataclass
class RecorderRig:
    """The running pieces, and the observations and verdicts of the last round."""

    engine: CheckEngine
    sim: SimDevice
    estate: Estate
    seen: dict[str, Observation] = field(default_factory=dict)
    verdicts: dict[tuple[str, str], Verdict] = field(default_factory=dict)

    @property
    def counters(self) -> Counters:
        return self.sim.counters

    def checks(self, *check_types: CheckName) -> list[Check]:
        return [check for check in self.engine.estate.checks if check.check_type in check_types]

    async def look(self, *check_types: CheckName) -> dict[str, str]:
        """One round as the schedule makes it, all at once behind the gates; the code of what is not
        well.
        """
        self.engine.context.session_cache.forget()
        self.verdicts = {}

        def deliver(result: CheckResult) -> None:
            device = result.check.device
            self.engine.apply(result)
            self.seen[device] = result.observation
            self.verdicts.update({(device, v.aspect): v for v in result.verdicts})

        schedule = self.engine.schedule(deliver)
        try:
            await schedule.once(self.checks(*(check_types or OF_RECORDERS)), lambda _result: False)
        finally:
            schedule.address_locks.close()
        return {
            f"{d} {a}": v.code for (d, a), v in self.verdicts.items() if v.state is not State.OK
        }


@contextlib.asynccontextmanager
async def recorder_rig(
    folder: Path, channels: int = 4, **faults: Any
) -> AsyncIterator[RecorderRig]:
    """A recorder R1 with cameras C001, C002 ... on channels 1, 2 ..., and a time server that is
    right.
    """
    sim = SimDevice(
        "R1", "Recorder 1", "recorder", RECORDER, "market", serial="SIM-R00001", channels=channels
    )
    sim.faults.update(faults)
    clock = SimDevice("N1", "Time server", "ntp", "127.34.6.1", "market")
    cameras = [
        SimDevice(
            f"C{n:03d}",
            f"Camera {n}",
            "camera",
            f"127.34.1.{n}",
            "market",
            recorder="R1",
            channel=str(n),
        )
        for n in range(1, channels + 1)
    ]
    path = write_config([*cameras, sim, clock], folder)
    estate = Estate([sim, clock])
    await estate.start()
    engine = build(loading.load(path))
    watcher = asyncio.create_task(engine.runner.lag.watch())
    await applied(engine, engine.estate.agent_check())
    try:
        yield RecorderRig(engine, sim, estate)
    finally:
        watcher.cancel()
        await engine.close()
        await estate.stop()
        await asyncio.sleep(0)
