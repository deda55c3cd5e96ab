"""One key frame of a camera for a person who asks to see it. It is kept in memory for as long as that takes
and nowhere else.
"""

from __future__ import annotations

from healthmon.checks.probes.context import ProbeContext
from healthmon.checks.probes.stream import opened
from healthmon.model.device import Device, StreamSpec
from healthmon.protocols.errors import NotReportedError, UnsupportedError
from healthmon.protocols.media.key_frame import CODECS, KeyFrame, KeyFrameCollector
from healthmon.protocols.rtsp.session import Session


async def key_frame(device: Device, context: ProbeContext, seconds: float) -> KeyFrame:
    """The next whole key frame of the first stream of `device`, within `seconds` of playing it. Raises
    ExchangeError.
    """
    spec = device.streams[0]
    memory = context.memory_of(device.id).stream(spec.name)
    path = spec.path or memory.path
    if path is None:
        raise NotReportedError("the path of its stream is not known yet")
    async with opened(device, context, path, memory.transport) as session:
        await session.describe()
        await session.setup()
        collector = _collecting(session, spec)
        await session.play()
        await session.watch_until(lambda _meter: collector.first is not None, seconds)
        frames = collector.kept()
    if not frames:
        raise NotReportedError(f"no whole key frame has come within {seconds:.0f} s")
    return frames[0]


def _collecting(session: Session, spec: StreamSpec) -> KeyFrameCollector:
    """What keeps the key frames of a session that has been set up. Raises UnsupportedError."""
    video, meter = session.video, session.meter
    if video is None or meter is None or video.codec not in CODECS or meter.encrypted:
        raise UnsupportedError("its stream cannot be decoded")
    size = (spec.width, spec.height) if spec.width and spec.height else None
    meter.collector = KeyFrameCollector(video.codec, video.parameter_sets, video.size or size)
    return meter.collector
