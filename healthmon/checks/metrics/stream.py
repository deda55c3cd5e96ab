"""The metric families of the stream check."""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.checks.metrics import Help, Sample
from healthmon.model.enums import State
from healthmon.model.measurements import Stream
from healthmon.model.results import Observation, Verdict

HELP: Help = {
    "healthmon_stream_up": ("gauge", "1 if the device sends pictures."),
    "healthmon_stream_frames_per_second": (
        "gauge",
        "Access units per second by distinct RTP timestamps.",
    ),
    "healthmon_stream_bytes_per_second": (
        "gauge",
        "RTP bytes per second in the last run of the check.",
    ),
    "healthmon_stream_loss_ratio": ("gauge", "Lost RTP packets by sequence number."),
    "healthmon_stream_jitter_seconds": ("gauge", "Interarrival jitter (RFC 3550)."),
    "healthmon_stream_first_packet_seconds": ("gauge", "Time from PLAY to the first RTP packet."),
    "healthmon_stream_first_keyframe_seconds": ("gauge", "Time from PLAY to the first key frame."),
    "healthmon_stream_keyframe_interval_seconds": ("gauge", "Time between key frames."),
}


def samples(observation: Observation, verdicts: tuple[Verdict, ...]) -> Iterator[Sample]:
    """Whether pictures come, and their figures."""
    if isinstance(observation.value, Stream):
        yield from _figures(observation, observation.value)
    for verdict in verdicts:
        if verdict.aspect == "pictures" and verdict.state is not State.UNKNOWN:
            labels = (("stream", observation.instance),)
            yield "healthmon_stream_up", labels, float(verdict.state is not State.FAULT)


def _figures(observation: Observation, stream: Stream) -> Iterator[Sample]:
    labels = (("stream", observation.instance),)
    for name, value in (
        ("frames_per_second", stream.frames_per_second),
        (
            "bytes_per_second",
            stream.bits_per_second / 8 if stream.bits_per_second is not None else None,
        ),
        ("loss_ratio", stream.loss),
        ("jitter_seconds", stream.jitter),
        ("first_packet_seconds", stream.first_packet),
        ("first_keyframe_seconds", stream.first_keyframe),
        ("keyframe_interval_seconds", stream.key_interval),
    ):
        if value is not None:
            yield f"healthmon_stream_{name}", labels, value
