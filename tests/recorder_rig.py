"""A simulated recorder on loopback, looked at by the real probes and judged by the real verdicts."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from healthmon.demo.recorders import axis, dahua, hikvision
from healthmon.demo.recorders.engine import Answer, Asked, RecorderSim, SimRecorder
from healthmon.demo.state import SimDevice
from healthmon.model import Access, Ask, Device, Kind, Observation, Question, Reference, Span, State, Verdict
from healthmon.observe import Observer
from healthmon.probes import recorder, recording
from healthmon.probes.tools import Tools
from healthmon.secret import Credential, Secret
from healthmon.verdict import recorder as recorder_verdict
from healthmon.verdict import recording as recording_verdict
from healthmon.wire.logins import LoginGuard
from healthmon.wire.net import Net

HOST = "127.0.0.1"
Replies = Callable[[SimRecorder, Asked], Answer | None]
REPLIES: dict[str, Replies] = {"hikvision": hikvision.replies, "axis": axis.replies, "dahua": dahua.replies}


def simulated(make: str, channels: int = 4, variant: str = "fixed", **faults: Any) -> SimRecorder:
    """A recorder with `channels` channels named 1, 2, 3 ..."""
    device = SimDevice(
        "R1", "Recorder 1", "recorder", HOST, "s", variant=variant, serial="SIM-R00001", faults=dict(faults)
    )
    return SimRecorder(device, REPLIES[make], {str(n): f"Camera {n}" for n in range(1, channels + 1)})


@dataclass
class Rig:
    """The recorder and its cameras as the agent sees them."""

    sim: SimRecorder
    tools: Tools
    devices: dict[str, Device]
    seen: dict[str, Observation] = field(default_factory=dict)

    async def look(self, interval: float = 300.0, timeout: float = 30.0) -> dict[tuple[str, str], Verdict]:
        """A new session and what it means, by device and aspect."""
        self.tools.reads.forget()
        observer, found = Observer(), {}
        for device in self.devices.values():
            probe, judge = (recorder, recorder_verdict) if device.id == "R1" else (recording, recording_verdict)
            question = Question.RECORDER if device.id == "R1" else Question.RECORDING
            ask = Ask(device.id, question, device.recorder or "", interval=interval, timeout=timeout)
            observation = await observer.observe(lambda p=probe, d=device, a=ask: p.look(d, a, self.tools), device, ask)
            self.seen[device.id] = observation
            found.update({(device.id, verdict.aspect): verdict for verdict in judge.judge(observation, device)})
        return found

    async def named(self) -> dict[str, str]:
        """What is not well: the code by "device aspect"."""
        found = await self.look()
        return {f"{device} {aspect}": v.code for (device, aspect), v in found.items() if v.state is not State.OK}


def watched(sim: SimRecorder, make: str, port: int, *, password: str = "view only", **more: Any) -> Rig:
    """`sim` as the agent sees it on `port`; `more` goes to the recorder's Device."""
    access = more.pop("access", None) or Access(credential="view")
    one = Device(
        "R1", "Recorder 1", Kind.RECORDER, "s", HOST, make=make, access=replace(access, http_port=port), **more
    )
    devices = {"R1": one} | {
        f"C{name}": Device(f"C{name}", title, Kind.CAMERA, "s", HOST, recorder="R1", channel=name)
        for name, title in sim.channels.items()
    }
    tools = Tools(
        Net.of([HOST]),
        LoginGuard(),
        lambda name: Credential(name, "healthmon", Secret(password)),
        reference=lambda: Reference(Span(-0.01, 0.01), time.time()),
        devices=devices,
    )
    return Rig(sim, tools, devices)


@contextlib.asynccontextmanager
async def rig(sim: SimRecorder, make: str, **more: Any) -> AsyncIterator[Rig]:
    """Serve `sim` on a free port, `watched` with `more`."""
    server = await asyncio.get_running_loop().create_server(lambda: RecorderSim(sim), HOST, 0)
    try:
        yield watched(sim, make, server.sockets[0].getsockname()[1], **more)
    finally:
        server.close()
        for visitor in list(sim.device.visitors):
            visitor.abort()
        await asyncio.sleep(0)
