"""A simulated ONVIF recorder with its cameras in a configuration, looked at by the agent's own composition."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from healthmon import config as configuration
from healthmon.app import App, build
from healthmon.demo.estate import Estate
from healthmon.demo.plan import write_config
from healthmon.demo.state import Counters, SimDevice
from healthmon.model import Ask, Observation, Question, State, Verdict

RECORDER = "127.34.0.1"
OF_RECORDERS = (Question.RECORDER, Question.RECORDING)


@dataclass
class RecorderRig:
    """The running pieces, and the observations and verdicts of the last round."""

    app: App
    sim: SimDevice
    estate: Estate
    seen: dict[str, Observation] = field(default_factory=dict)
    verdicts: dict[tuple[str, str], Verdict] = field(default_factory=dict)

    @property
    def counters(self) -> Counters:
        return self.sim.counters

    def asks(self, *questions: Question) -> list[Ask]:
        return [ask for ask in self.app.asks if ask.question in questions]

    async def look(self, *questions: Question) -> dict[str, str]:
        """One round as the schedule makes it, all at once behind the gates; the code of what is not well."""
        self.app.tools.reads.forget()
        self.verdicts = {}

        def take(ask: Ask, observation: Observation) -> None:
            self.seen[ask.device] = observation
            self.verdicts.update({(ask.device, v.aspect): v for v in self.app.judge(observation)})

        schedule = self.app.schedule(take)
        try:
            await schedule.once(
                self.asks(*(questions or OF_RECORDERS)), lambda _ask, _observation: False
            )
        finally:
            schedule.gates.close()
        return {
            f"{d} {a}": v.code for (d, a), v in self.verdicts.items() if v.state is not State.OK
        }


@contextlib.asynccontextmanager
async def recorder_rig(
    folder: Path, channels: int = 4, **faults: Any
) -> AsyncIterator[RecorderRig]:
    """A recorder R1 with cameras C001, C002 ... on channels 1, 2 ..., and a time server that is right."""
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
    app = build(configuration.load(path))
    watcher = asyncio.create_task(app.observer.lag.watch())
    await app.look(app.agent_ask())
    try:
        yield RecorderRig(app, sim, estate)
    finally:
        watcher.cancel()
        await app.close()
        await estate.stop()
        await asyncio.sleep(0)
