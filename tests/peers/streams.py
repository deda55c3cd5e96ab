"""One look at a stream on loopback and what it is judged to be."""

from __future__ import annotations

import asyncio

from healthmon.model import (
    Access,
    Ask,
    Device,
    Kind,
    Observation,
    Question,
    State,
    Stream,
    StreamSpec,
    Tls,
)
from healthmon.probes import stream
from healthmon.probes.tools import Tools
from healthmon.secret import Credential, Secret
from healthmon.verdict.stream import judge
from healthmon.wire.logins import LoginGuard
from healthmon.wire.net import Net

HOST = "127.0.0.1"


def camera(port: int, path: str, tls: Tls | None = None) -> tuple[Device, Tools]:
    """A camera with one stream, and the tools to look at it; over TLS where `tls` says whom to trust."""
    access = Access(rtsp_port=port, credential="view", rtsps=tls is not None, tls=tls)
    device = Device(
        "C1", "C1", Kind.CAMERA, "S", HOST, access=access, streams=(StreamSpec(path=path),)
    )
    return device, Tools(
        Net.of([HOST]),
        LoginGuard(),
        lambda _name: Credential("view", "healthmon", Secret("s3cret")),
    )


async def judged(
    device: Device, tools: Tools, watch: float = 2.0
) -> tuple[Stream, dict[str, tuple[State, str]]]:
    """What was measured, and (state, code) by aspect."""
    async with asyncio.timeout(12):
        found = await stream.look(
            device, Ask("C1", Question.STREAM, "main", watch=watch, timeout=9), tools
        )
    observation = Observation("C1", Question.STREAM, "main", 1.8e9, 1.0, found)
    return found, {
        verdict.aspect: (verdict.state, verdict.code) for verdict in judge(observation, device)
    }
