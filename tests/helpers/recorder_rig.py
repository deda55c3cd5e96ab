"""A simulated recorder on loopback, looked at by the real probes and judged by the real
verdicts.
"""

from __future__ import annotations

import contextlib
import functools
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from healthmon.checks.evaluation import playback as playback_verdict
from healthmon.checks.evaluation import recorder as recorder_verdict
from healthmon.checks.evaluation import recording as recording_verdict
from healthmon.checks.probes import playback, recorder, recording
from healthmon.checks.probes.context import ProbeContext
from healthmon.demo.listener import Listener
from healthmon.demo.recorders.engine import RecorderSim, SimRecorder
from healthmon.demo.recorders.vendors import OBJECTS, REPLIES, recorder_of
from healthmon.demo.state import SimDevice
from healthmon.demo.udp_sim import elements, tlv
from healthmon.model.device import Access, Check, Device, SnmpAccess
from healthmon.model.enums import CheckName, Kind, Span, State
from healthmon.model.measurements import Reference
from healthmon.model.readings import Readings
from healthmon.model.results import Observation, Verdict
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.scheduling.runner import ProbeRunner
from healthmon.secret import Credential, Secret
from helpers.recorder_readings import readings
from helpers.results import observed
from helpers.snmp_agent import Agent, Script, Value, agent, following, response

HOST = "127.0.0.1"
BY_HTTP = tuple(make for make in REPLIES if make != "snmp")


def simulated(make: str, channels: int = 4, variant: str = "fixed", **faults: Any) -> SimRecorder:
    """A recorder with `channels` channels named 1, 2, 3 ..."""
    device = SimDevice(
        "R1", "Recorder 1", "recorder", HOST, "s", variant=variant, channels=channels, make=make
    )
    device.serial = "SIM-R00001"
    device.faults.update(faults)
    return recorder_of(device)


@dataclass
class Rig:
    """The recorder and its cameras as the agent sees them."""

    sim: SimRecorder
    context: ProbeContext
    devices: dict[str, Device]
    seen: dict[str, Observation] = field(default_factory=dict)

    async def look(
        self, interval: float = 300.0, timeout: float = 30.0
    ) -> dict[tuple[str, str], Verdict]:
        """A new session and what it means, by device and aspect."""
        self.context.session_cache.forget()
        runner, found = ProbeRunner(), {}
        for device in self.devices.values():
            probe, evaluate = (
                (recorder, recorder_verdict)
                if device.id == "R1"
                else (recording, recording_verdict)
            )
            check_type = CheckName.RECORDER if device.id == "R1" else CheckName.RECORDING
            check = Check(
                device.id, check_type, device.recorder or "", interval=interval, timeout=timeout
            )
            observation = await observed(
                lambda p=probe, d=device, a=check: p.probe(d, a, self.context),
                device,
                check,
                runner,
            )
            self.seen[device.id] = observation
            found.update(
                {
                    (device.id, verdict.aspect): verdict
                    for verdict in evaluate.evaluate(observation, device)
                }
            )
        return found

    async def played(self, camera: str) -> Verdict:
        """What playing the footage of `camera` means."""
        device = self.devices[camera]
        check = Check(camera, CheckName.PLAYBACK, "R1", timeout=40.0, watch=0.3)
        observation = await observed(
            lambda: playback.probe(device, check, self.context), device, check
        )
        return playback_verdict.evaluate(observation, device)[0]

    async def named(self) -> dict[str, str]:
        """What is not well: the code by "device aspect"."""
        found = await self.look()
        return {
            f"{device} {aspect}": v.code
            for (device, aspect), v in found.items()
            if v.state is not State.OK
        }


@functools.cache
def configured(make: str) -> Readings:
    """What a configuration asks of a recorder of this make."""
    with tempfile.TemporaryDirectory() as folder:
        return readings(make, Path(folder))


def watched(
    sim: SimRecorder, make: str, port: int | None, *, password: str = "view only", **more: Any
) -> Rig:
    """`sim` as the agent sees it on `port`; `more` goes to the recorder's Device."""
    host = sim.device.address
    access = replace(more.pop("access", None) or Access(credential="view"), http_port=port)
    more.setdefault("readings", configured(make))
    one = Device("R1", "Recorder 1", Kind.RECORDER, "s", host, make=make, access=access, **more)
    devices = {"R1": one} | {
        f"C{name}": Device(f"C{name}", title, Kind.CAMERA, "s", HOST, recorder="R1", channel=name)
        for name, title in sim.channels.items()
    }
    context = ProbeContext(
        Connector.of([host]),
        LockoutGuard(),
        lambda name: Credential(
            name, "healthmon", Secret("public" if name == "snmp" else password)
        ),
        reference=lambda: Reference(Span(-0.01, 0.01), time.time()),
        devices=devices,
    )
    return Rig(sim, context, devices)


def octets(value: int | str | bytes) -> Value:
    """A value as the scripted agent takes it: text with any bytes in it is an OCTET STRING."""
    return (
        value
        if isinstance(value, int)
        else tlv(0x04, value if isinstance(value, bytes) else value.encode("latin-1"))
    )


def agent_of(sim: SimRecorder, make: str) -> Script:
    """An SNMP agent that tells how `sim` is now."""

    def script(made: Agent, request: bytes) -> list[bytes]:
        del made
        values = {oid: octets(value) for oid, value in OBJECTS[make](sim).items()}
        kind = elements(elements(request)[0][1])[2][0]
        return [response(request, values) if kind == 0xA0 else following(request, values)]

    return script


@contextlib.asynccontextmanager
async def rig(sim: SimRecorder, make: str, **more: Any) -> AsyncIterator[Rig]:
    """Serve `sim` on free ports, `watched` with `more`."""
    async with contextlib.AsyncExitStack() as stack:
        listener = stack.enter_context(Listener(lambda: RecorderSim(sim), HOST))
        if make in OBJECTS:
            made = await stack.enter_async_context(agent(script=agent_of(sim, make)))
            more.setdefault(
                "access", Access(credential="view", snmp=SnmpAccess("snmp", made.port, "2c"))
            )
        yield watched(sim, make, listener.port if make in BY_HTTP else None, **more)
