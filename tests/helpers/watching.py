"""The app of a real configuration beside its simulated devices: looks by the agent's own path,
judged and reduced.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import yaml

from healthmon.config import loading
from healthmon.demo import plan
from healthmon.demo.estate import Estate
from healthmon.demo.state import SimDevice
from healthmon.incidents.confirmation import Change
from healthmon.model.enums import CheckName
from healthmon.model.results import Verdict
from healthmon.runtime import engine as composition
from healthmon.runtime.engine import CheckEngine
from helpers.results import applied


class Watch:
    """`changes` are what the fault book has told."""

    def __init__(self, estate: Estate, engine: CheckEngine) -> None:
        self.estate, self.engine = estate, engine
        self.changes: list[Change] = []

    async def look(
        self, device: str, check_type: CheckName, instance: str | None = None
    ) -> dict[str, Verdict]:
        """One look, judged and reduced."""
        checks = [
            a
            for a in self.engine.estate.checks
            if a.device == device and a.check_type == check_type
        ]
        check = next(a for a in checks if instance in (None, a.instance))
        verdicts = (await applied(self.engine, check)).verdicts
        self.changes += self.engine.state.book.apply(verdicts)
        return {verdict.aspect: verdict for verdict in verdicts}

    async def serve(self, *devices: SimDevice) -> None:
        """Let these answer from now on, in place of the ones before."""
        await self.estate.stop()
        self.estate.devices = {device.id: device for device in devices}
        await self.estate.start()

    def told(self, *codes: str) -> list[tuple[str, str, str]]:
        return [
            (c.what, c.fault.device, c.fault.code) for c in self.changes if c.fault.code in codes
        ]


@contextlib.asynccontextmanager
async def watching(tmp_path: Path, *devices: SimDevice) -> AsyncIterator[Watch]:
    """The simulated devices of the configuration that `plan` writes for them."""
    path = plan.write_config(devices, tmp_path)
    tree = yaml.safe_load(path.read_text())
    tree["defaults"] |= {"watch": "0.6 s", "timeout": "4 s"}
    path.write_text(yaml.safe_dump(tree))
    engine = composition.build(loading.load(path))
    estate = Estate(devices)
    await estate.start()
    try:
        yield Watch(estate, engine)
    finally:
        await estate.stop()
        await engine.close()
