"""One look at a stream on loopback and what it is judged to be."""

from __future__ import annotations

import asyncio

from healthmon.checks.evaluation.stream import evaluate
from healthmon.checks.probes import stream
from healthmon.checks.probes.context import ProbeContext
from healthmon.model.device import Access, Check, Device, StreamSpec, Tls
from healthmon.model.enums import CheckName, Kind, State
from healthmon.model.measurements import Stream
from healthmon.model.results import Observation
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential, Secret

HOST = "127.0.0.1"


def camera(port: int, path: str, tls: Tls | None = None) -> tuple[Device, ProbeContext]:
    """A camera with one stream, and the tools to look at it; over TLS where `tls` says whom to
    trust.
    """
    access = Access(rtsp_port=port, credential="view", rtsps=tls is not None, tls=tls)
    device = Device(
        "C1", "C1", Kind.CAMERA, "S", HOST, access=access, streams=(StreamSpec(path=path),)
    )
    return device, ProbeContext(
        Connector.of([HOST]),
        LockoutGuard(),
        lambda _name: Credential("view", "healthmon", Secret("s3cret")),
    )


async def judged(
    device: Device, context: ProbeContext, watch: float = 2.0
) -> tuple[Stream, dict[str, tuple[State, str]]]:
    """What was measured, and (state, code) by aspect."""
    async with asyncio.timeout(12):
        found = await stream.probe(
            device, Check("C1", CheckName.STREAM, "main", watch=watch, timeout=9), context
        )
    observation = Observation("C1", CheckName.STREAM, "main", 1.8e9, 1.0, found)
    return found, {
        verdict.aspect: (verdict.state, verdict.code) for verdict in evaluate(observation, device)
    }
