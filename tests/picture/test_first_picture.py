"""The first picture waits for the start of what decodes, whatever time its check has left."""

from __future__ import annotations

import time
from pathlib import Path

from helpers.pictures import coded, scene

from healthmon.checks.probes.context import ProbeContext
from healthmon.checks.probes.judged_picture import JudgedPicture
from healthmon.model.device import Device
from healthmon.model.enums import Kind
from healthmon.picture.baselines import Baselines
from healthmon.picture.pool import PicturePool
from healthmon.picture.service import PictureMemory, PictureService
from healthmon.protocols import deadline
from healthmon.protocols.media.key_frame import KeyFrame
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential, Secret


async def test_the_first_picture_is_judged_though_the_decoder_starts_late(tmp_path: Path) -> None:
    pool = PicturePool(allowed=True)
    service = PictureService(pool, Baselines(tmp_path), 0.0)
    context = ProbeContext(
        Connector.of(["127.0.0.1"]), LockoutGuard(), lambda name: Credential(name, "u", Secret("p"))
    )
    camera = Device("C1", "Market", Kind.CAMERA, "s", "127.0.0.1")
    frame = KeyFrame("h264", coded("h264", scene(1)), time.monotonic())
    memory = PictureMemory()
    picture = JudgedPicture(camera, "main", context, service, memory, frames=(frame,))
    try:
        async with deadline.within(0.1):
            await picture.measure(0.1)
    finally:
        await pool.close()
    assert memory.reading is not None
    assert memory.reading.problem == ""
