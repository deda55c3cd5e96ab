"""The app of a real configuration beside its simulated devices: looks by the agent's own path, judged and reduced."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from healthmon import app as composition
from healthmon import config as configuration
from healthmon.app import App
from healthmon.demo import plan
from healthmon.demo.estate import Estate
from healthmon.demo.state import SimDevice
from healthmon.faults import Change
from healthmon.model import Question, Verdict


class Watch:
    """`changes` are what the fault book has told."""

    def __init__(self, estate: Estate, app: App) -> None:
        self.estate, self.app = estate, app
        self.changes: list[Change] = []

    async def look(
        self, device: str, question: Question, part: str | None = None
    ) -> dict[str, Verdict]:
        """One look, judged and reduced."""
        asks = [a for a in self.app.asks if a.device == device and a.question is question]
        ask = next(a for a in asks if part in (None, a.part))
        verdicts = self.app.judge(await self.app.look(ask))
        self.changes += self.app.book.take(verdicts)
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
    text = path.read_text().replace("estate:", "defaults: {watch: 0.6 s, timeout: 4 s}\nestate:", 1)
    path.write_text(text)
    app = composition.build(configuration.load(path))
    estate = Estate(devices)
    await estate.start()
    try:
        yield Watch(estate, app)
    finally:
        await estate.stop()
        await app.close()
