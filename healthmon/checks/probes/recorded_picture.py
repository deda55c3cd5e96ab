"""The picture of played footage that is to be judged. It is imported only where pictures are enabled
(docs/adr/0057).
"""

from __future__ import annotations

from dataclasses import dataclass

from healthmon.model.device import Device
from healthmon.model.picture import PictureReading
from healthmon.picture.service import PictureService
from healthmon.protocols.media.key_frame import CODECS, Buffer, KeyFrameCollector
from healthmon.protocols.rtsp.replay import ReplayTimes
from healthmon.protocols.rtsp.session import Session

SECONDS = 5.0


@dataclass(slots=True)
class RecordedPicture:
    """Of one sample of `camera` that `recorder` (an id) plays. `collector` keeps its key frames, where
    these can be decoded.
    """

    service: PictureService
    camera: Device
    recorder: str
    collector: KeyFrameCollector | None = None

    def begin(self, session: Session, times: ReplayTimes) -> None:
        """Keep the key frames of this session, which has been set up, dated by `times`."""
        video, meter = session.video, session.meter
        if self.service.problem or video is None or meter is None or video.codec not in CODECS:
            return
        collector = KeyFrameCollector(video.codec, video.parameter_sets, video.size)

        def dated(b: Buffer, i: int, n: int) -> None:
            times.packet(b, i, n)
            if times.first is not None:
                collector.dated(times.last)

        meter.extension, meter.collector, self.collector = dated, collector, collector

    async def reading(self) -> PictureReading | None:
        """What the first whole key frame shows; the session is over. A PTZ camera may have been at
        any preset then, so that its view is not compared.
        """
        frames = self.collector.kept() if self.collector is not None else ()
        if not frames:
            return None
        where = self.camera.id, self.camera.streams[0].name if self.camera.streams else "main"
        fixed = self.camera.variant != "ptz"
        return await self.service.measure_recorded(
            where, self.recorder, frames[0], compare=fixed, seconds=SECONDS
        )
