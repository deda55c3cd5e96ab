"""The picture of a stream check that is to be judged: what the check does for it before, in and after
its RTSP session. It is imported only where pictures are enabled (docs/adr/0057).
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from healthmon.checks.probes import ptz
from healthmon.checks.probes.context import ProbeContext
from healthmon.model.device import Check, Device
from healthmon.model.enums import CheckName, Kind
from healthmon.model.picture import LEAST_APART, PictureReading
from healthmon.picture.service import PictureMemory, PictureService
from healthmon.protocols.media import refresh
from healthmon.protocols.media.key_frame import KeyFrameCollector
from healthmon.protocols.rtsp.session import Session
from healthmon.protocols.transport import metering as counting

SECOND_KEY_SECONDS = 3.0
SPARE = 0.2
NO_WHOLE_REFRESH = "no whole picture has come in one period of the intra refresh"


@dataclass(slots=True)
class JudgedPicture:
    """Of one run of a stream check. `collector` keeps the key frames of its session, where these can be
    decoded.
    """

    device: Device
    stream: str
    context: ProbeContext
    service: PictureService
    memory: PictureMemory
    collector: KeyFrameCollector | None = None

    @classmethod
    def of(
        cls, device: Device, check: Check, context: ProbeContext, service: PictureService
    ) -> JudgedPicture | None:
        """What is to be judged of this run; None where that is nothing, or not yet again."""
        if device.kind is not Kind.CAMERA or check.check_type != CheckName.STREAM:
            return None
        if check.instance != device.streams[0].name:
            return None
        known = context.memory_of(device.id).stream(check.instance)
        known.picture = known.picture or PictureMemory()
        if not service.is_due(known.picture, time.monotonic()):
            return None
        return cls(device, check.instance, context, service, known.picture)

    async def before(self, left: float) -> None:
        """Note where the camera looks and what it masks, before its picture."""
        await ptz.before(self.device, self.context, left)

    def begin(self, session: Session) -> None:
        """Keep the key frames of this session, which has been set up."""
        video, meter = session.video, session.meter
        if video is None or meter is None or meter.encrypted:
            return
        if self.service.decodes(video.codec):
            size = video.size or self._configured_size()
            self.collector = KeyFrameCollector(video.codec, video.parameter_sets, size)
            meter.collector = self.collector

    def _configured_size(self) -> tuple[int, int] | None:
        """The size in config.yaml, which JPEG of more than 2040 pixels may need."""
        spec = next(one for one in self.device.streams if one.name == self.stream)
        return (spec.width, spec.height) if spec.width and spec.height else None

    async def watch_on(self, session: Session, ends: float) -> float:
        """Watch on until `ends` at most (monotonic) for a whole picture of an intra refresh that has
        begun, and for a second key frame; how many seconds it took. Not where the network's data is
        counted.
        """
        collector = self.collector
        if collector is None or counting.charger() is not None:
            return 0.0
        took = 0.0
        if not collector.kept() and collector.refreshing is not None:
            left = min(refresh.SECONDS, ends - time.monotonic())
            took += await session.watch_until(
                lambda _meter: collector.refreshing is None, max(0.0, left)
            )
        return took + await self._second_key_frame(session, collector, ends)

    async def _second_key_frame(
        self, session: Session, collector: KeyFrameCollector, ends: float
    ) -> float:
        """The same for a second key frame, where no earlier check has left one to compare with."""
        if self.memory.signature or not collector.kept() or collector.is_apart(LEAST_APART):
            return 0.0
        left = min(SECOND_KEY_SECONDS, ends - time.monotonic())
        return await session.watch_until(
            lambda _meter: collector.is_apart(LEAST_APART), max(0.0, left)
        )

    async def measure(self, left: float) -> None:
        """Have the key frames measured; the session is over."""
        collector = self.collector
        if collector is None:
            return
        frames = collector.kept()
        if not frames:
            if collector.refreshed:
                self.memory.reading = PictureReading(problem=NO_WHOLE_REFRESH)
                self.memory.at = time.monotonic()
            return
        ends = time.monotonic() + left
        looking = await ptz.after(self.device, self.context, left)
        await self.service.measure(
            (self.device.id, self.stream),
            frames,
            self.memory,
            seconds=max(0.5, ends - time.monotonic() - SPARE),
            looking=looking,
            masks=ptz.masks(self.device, self.context),
        )
