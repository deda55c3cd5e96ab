"""The picture of a stream check that is to be judged: what the check does for it before, in and after
its RTSP session. It is imported only where pictures are enabled (docs/adr/0057).
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass

from healthmon.checks.probes import ptz, snapshot
from healthmon.checks.probes.context import ProbeContext
from healthmon.model.device import Check, Device
from healthmon.model.enums import CheckName, Kind
from healthmon.model.picture import CLOCK_APART, PictureReading
from healthmon.picture.pool import START_SECONDS
from healthmon.picture.service import PictureMemory, PictureService
from healthmon.protocols import deadline
from healthmon.protocols.errors import ExchangeError
from healthmon.protocols.media import refresh
from healthmon.protocols.media.key_frame import KeyFrame, KeyFrameCollector, StreamCollector
from healthmon.protocols.rtsp.session import Session
from healthmon.protocols.transport import metering as counting

SECOND_KEY_SECONDS = 3.0
LEARN_FOR = 30.0  # seconds of the stream that a clock is learned from
TO_LEARN = 60.0  # seconds of decoding and searching at most
LONGEST_LEARNING = (
    120.0  # seconds from the beginning of the check; then another one of its site may
)
SPARE = 0.2
SHARE = 0.6  # of the time that is left, for a snapshot
NO_WHOLE_REFRESH = "no whole picture has come in one period of the intra refresh"


@dataclass(slots=True)
class JudgedPicture:
    """Of one run of a stream check. `collector` keeps the key frames of its session, where these can be
    decoded, and its whole stream where the clock in it is learned (`learns`); `frames` are those to
    be measured.
    """

    device: Device
    stream: str
    context: ProbeContext
    service: PictureService
    memory: PictureMemory
    collector: KeyFrameCollector | None = None
    learns: bool = False
    frames: tuple[KeyFrame, ...] = ()

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
        """Note where the camera looks and what it masks, before its picture; and whether the clock in
        it is to be learned, never where the network's data is counted.
        """
        await ptz.before(self.device, self.context, left)
        where = self.device.id, self.stream
        if counting.charger() is None:
            self.learns = await self.service.clock_due(where, self.memory, self.device.site)
        if self.learns:
            camera = self.device.site, self.device.id
            self.service.learning_at[camera] = time.monotonic() + LONGEST_LEARNING

    def begin(self, session: Session) -> None:
        """Keep the key frames of this session, which has been set up."""
        video, meter = session.video, session.meter
        if video is None or meter is None or meter.encrypted:
            return
        if self.service.decodes(video.codec):
            size = video.size or self._configured_size()
            self.collector = KeyFrameCollector(video.codec, video.parameter_sets, size)
            if self.learns:
                self.collector = StreamCollector(
                    video.codec, video.parameter_sets, size, clock_rate=meter.clock_rate
                )
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
        """The same for a second key frame, where no earlier check has left one to compare with, or saw
        nothing move but the clock: two of one session tell best whether the picture is frozen.
        """
        if self.memory.tells or not collector.kept() or collector.is_apart(CLOCK_APART):
            return 0.0
        left = min(SECOND_KEY_SECONDS, ends - time.monotonic())
        return await session.watch_until(
            lambda _meter: collector.is_apart(CLOCK_APART), max(0.0, left)
        )

    async def watch_clock(self, session: Session, since: float) -> None:
        """Keep the whole stream for the rest of `LEARN_FOR`, of which `since` seconds are over, where the
        clock is to be learned. The stream is measured: what goes wrong now says nothing of it.
        """
        collector = self.collector
        if collector is None:
            return
        self.frames = collector.kept()
        if isinstance(collector, StreamCollector):
            deadline.extend(LEARN_FOR)
            with contextlib.suppress(ExchangeError):
                await session.watch_until(lambda _meter: collector.full, LEARN_FOR - since)

    async def _learn(self, collector: KeyFrameCollector) -> None:
        """Learn the clock from the whole stream, where that was kept."""
        if isinstance(collector, StreamCollector):
            deadline.extend(TO_LEARN)
            await self.service.learn_clock((self.device.id, self.stream), self.memory, collector)
            self.service.learning_at.pop((self.device.site, self.device.id), None)

    async def measure(self, left: float) -> None:
        """Have the key frames measured; the session is over."""
        collector = self.collector
        if collector is not None:
            await self._learn(collector)
        ends = time.monotonic() + left
        frames, instead = self.frames, not self.frames
        if instead:
            frames = await self._snapshot(SHARE * left)
        if not frames:
            if collector is not None and collector.refreshed:
                self.memory.reading = PictureReading(problem=NO_WHOLE_REFRESH)
                self.memory.at = time.monotonic()
            return
        looking = await ptz.after(self.device, self.context, ends - time.monotonic())
        if not self.service.pool.measured:  # the process that decodes starts: that is not its time
            deadline.extend(START_SECONDS)
            ends += START_SECONDS
        await self.service.measure(
            (self.device.id, self.stream),
            frames,
            self.memory,
            seconds=max(0.5, ends - time.monotonic() - SPARE),
            looking=looking,
            masks=ptz.masks(self.device, self.context),
            snapshot=instead,
        )

    async def _snapshot(self, left: float) -> tuple[KeyFrame, ...]:
        """A JPEG of the camera in place of a key frame, within `left` seconds."""
        known = self.context.memory_of(self.device.id).stream(self.stream)
        spec = next(one for one in self.device.streams if one.name == self.stream)
        found = await snapshot.taken(self.device, spec, self.context, known, left)
        return (found,) if found is not None else ()
