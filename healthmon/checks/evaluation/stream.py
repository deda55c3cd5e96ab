"""Is there a picture, and is it the one that was commissioned? Judged from what RTP showed."""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.checks.evaluation.durations import duration
from healthmon.checks.evaluation.wording import (
    REASON_WORDS,
    not_seen,
    plain,
    refused_login,
    verdict,
)
from healthmon.model.count_words import count_of
from healthmon.model.device import Device, StreamSpec
from healthmon.model.enums import Reason, State
from healthmon.model.measurements import Stream
from healthmon.model.results import Observation, Verdict

FROZEN_AFTER = 3
STOPPED_SECONDS = 2.0
FIRST_KEY_SECONDS = 4.0
# A slow shutter of twice, three or four times the exposure, where night mode allows it (Hikvision
# SDK, NET_DVR_LOW_LIGHT_CFG; ACTi URL command MAX_AUTO_SHUTTER).
NIGHT_PARTS, NIGHT_TOLERANCE = (2, 3, 4), 0.12
_FAULTS = {
    Reason.TIMEOUT: "no_answer",
    Reason.RESET: "no_answer",
    Reason.PROTOCOL: "no_answer",
    Reason.TOO_LARGE: "no_answer",
    Reason.REFUSED: "no_answer",
    Reason.CONNECT_TIMEOUT: "no_answer",
    Reason.UNREACHABLE: "no_answer",
    Reason.REJECTED: "no_answer",
    Reason.NO_SOURCE: "no_pictures",
    Reason.NOT_FOUND: "uri_changed",
    Reason.NO_VIDEO_TRACK: "no_video",
    Reason.ADDRESS_MISMATCH: "address_mismatch",
    Reason.TLS: "tls",
    Reason.TLS_TIMEOUT: "tls",
}


# A camera that shows nothing is at fault, whatever else of it answers.
_NO_VIDEO = {
    Reason.REFUSED: "RTSP refused",
    Reason.CONNECT_TIMEOUT: "RTSP gives no answer",
    Reason.UNREACHABLE: "no route to RTSP",
    Reason.NO_SOURCE: REASON_WORDS[Reason.NO_SOURCE],
}


def evaluate(observation: Observation, device: Device) -> tuple[Verdict, ...]:
    """Aspects: pictures, login, keyframes, loss, rate, commissioned."""
    stream = observation.value
    if not isinstance(stream, Stream):
        return tuple(_failed(observation))
    spec = next((s for s in device.streams if s.name == observation.instance), StreamSpec())
    found = [_pictures(observation, stream, device)]
    found.append(verdict(observation, "login", State.OK, "ok", "login accepted or not needed"))
    if stream.frames > 1:
        found += _quality(observation, stream, device, spec)
    return tuple(found)


def _failed(observation: Observation) -> Iterator[Verdict]:
    reason = observation.reason or Reason.NOT_REPORTED
    if (refused := refused_login(observation)) is not None:
        yield not_seen(observation, "pictures", "pictures")
        yield refused
    elif reason in _FAULTS:
        sentence = _no_video(reason, plain(observation.detail))
        yield verdict(observation, "pictures", State.FAULT, _FAULTS[reason], sentence)
    else:
        yield not_seen(observation, "pictures", "pictures")


def _no_video(reason: Reason, detail: str) -> str:
    behind = f" ({detail})" if detail else ""
    if reason is Reason.REJECTED:
        return f"no video: refused: {detail}"
    if reason in _NO_VIDEO:
        return f"no video: {_NO_VIDEO[reason]}{behind}"
    return f"no pictures: {REASON_WORDS[reason]}{behind}"


def _pictures(observation: Observation, stream: Stream, device: Device) -> Verdict:
    limit = device.limits.first_packet
    watched = duration(stream.watched)
    if stream.frames == 0:
        sentence = (
            f"no pictures: connected, 0 frames in {watched} (limit {limit:g} s){_strange(stream)}"
        )
        return verdict(observation, "pictures", State.FAULT, "no_pictures", sentence, value=0.0)
    if stream.silence is not None and stream.silence > max(limit, STOPPED_SECONDS):
        sentence = f"pictures stopped: none in the last {duration(stream.silence)} of {watched} (limit {limit:g} s)"
        return verdict(observation, "pictures", State.FAULT, "no_pictures", sentence, value=0.0)
    if stream.cut_after is not None:
        sentence = (
            f"pictures stopped: the device ended the connection after {duration(stream.cut_after)}"
        )
        return verdict(observation, "pictures", State.FAULT, "no_pictures", sentence, value=0.0)
    if _stands_still(stream):
        packets = count_of(stream.packets, "packet")
        sentence = f"picture frozen: {packets} in {watched}, but the stream's time stands still"
        return verdict(observation, "pictures", State.FAULT, "frozen_clock", sentence, value=0.0)
    if stream.equal_keyframes >= FROZEN_AFTER:
        sentence = f"picture frozen: the last {stream.equal_keyframes} key frames are the same (limit {FROZEN_AFTER})"
        return verdict(observation, "pictures", State.FAULT, "frozen_picture", sentence)
    if stream.path_changed_from is not None:
        sentence = f"stream path changed from {plain(stream.path_changed_from, 40)} to {plain(stream.path, 40)}"
        return verdict(observation, "pictures", State.DEGRADED, "uri_changed", sentence)
    wait = stream.first_packet or 0.0
    if wait > limit:
        sentence = f"pictures start late: after {duration(wait)} (limit {limit:g} s)"
        return verdict(observation, "pictures", State.DEGRADED, "slow_start", sentence, value=wait)
    return verdict(observation, "pictures", State.OK, "ok", _flow(stream), value=1.0)


def _stands_still(stream: Stream) -> bool:
    """Whether the time of the stream does not go on."""
    return stream.frames == 1 or not stream.media_seconds or stream.media_seconds <= 0


def _flow(stream: Stream) -> str:
    """As in "pictures flow: 25.0 pictures/s, 1920x1080 h264"."""
    rate = count_of(stream.frames, "picture")
    if stream.frames_per_second:
        rate = f"{stream.frames_per_second:.1f} pictures/s"
    size = f", {stream.width}x{stream.height}" if stream.width else ""
    return f"pictures flow: {rate}{size} {stream.codec}{_profile(stream)}"


def _profile(stream: Stream) -> str:
    """The profile by which ONVIF named the stream."""
    return f" (ONVIF profile {plain(stream.onvif_profile, 40)})" if stream.onvif_profile else ""


def _strange(stream: Stream) -> str:
    """Packets that came, but do not count."""
    foreign = count_of(stream.foreign, "packet")
    if stream.foreign_from:
        return f", {foreign} from {stream.foreign_from}, which is another address"
    if stream.foreign_channel is not None:
        channel, count = stream.foreign_channel
        return f", {count_of(count, 'packet')} on channel {channel}, which was not agreed"
    return f", {foreign} of another stream" if stream.foreign else ""


def _quality(
    observation: Observation, stream: Stream, device: Device, spec: StreamSpec
) -> Iterator[Verdict]:
    if stream.keyframes or stream.key_wait is not None:  # of some codecs they are not known
        yield _keyframes(observation, stream, device)
    yield _loss(observation, stream, device)
    if spec.frames_per_second and stream.frames_per_second:
        yield _rate(
            observation,
            stream.frames_per_second,
            spec.frames_per_second,
            device.limits.frames_ratio,
        )
    if spec.codec or spec.width:
        yield _commissioned(observation, stream, spec)


def _keyframes(observation: Observation, stream: Stream, device: Device) -> Verdict:
    limit = device.limits.key_interval
    if stream.keyframes:
        return _intervals(observation, stream, limit)
    longest = limit if stream.key_known else min(limit, FIRST_KEY_SECONDS)
    waited = stream.key_wait or 0.0
    if stream.key_wait is not None and waited >= longest:
        words = f"none in {duration(waited)} (limit {longest:g} s)"
        return _overdue(observation, words, stream.key_wait)
    if not stream.key_known:
        sentence = (
            f"key frames not checked: none in {duration(waited)}, too short to tell ({longest:g} s)"
        )
        reason = Reason.NOT_REPORTED
        return verdict(
            observation, "keyframes", State.UNKNOWN, "not_reported", sentence, reason=reason
        )
    return verdict(
        observation, "keyframes", State.OK, "ok", "key frames come", value=stream.key_wait
    )


def _intervals(observation: Observation, stream: Stream, limit: float) -> Verdict:
    """Key frames came: how far apart, and how long ago the last one."""
    apart = stream.key_interval
    late = stream.key_wait is not None and stream.key_wait >= limit
    if late or (apart is not None and apart > limit):
        words = f"every {duration(apart or 0)} (limit {limit:g} s)"
        return _overdue(observation, words, apart)
    return verdict(observation, "keyframes", State.OK, "ok", "key frames come", value=apart)


def _overdue(observation: Observation, words: str, value: float | None) -> Verdict:
    sentence = f"key frames overdue: {words}; pictures arrive"
    return verdict(
        observation, "keyframes", State.DEGRADED, "keyframe_overdue", sentence, value=value
    )


def _loss(observation: Observation, stream: Stream, device: Device) -> Verdict:
    degraded, fault = device.limits.loss
    loss = stream.loss or 0.0
    limits = f"(limits {degraded * 100:g} % / {fault * 100:g} %)"
    sentence = f"{loss * 100:.1f} % of packets lost {limits}"
    state = (
        State.FAULT
        if loss > fault
        else State.DEGRADED
        if loss > degraded and stream.lost > 1
        else State.OK
    )
    return verdict(observation, "loss", state, "packet_loss", sentence, value=loss)


def _rate(observation: Observation, rate: float, wanted: float, ratio: float) -> Verdict:
    part = next((n for n in NIGHT_PARTS if abs(rate * n / wanted - 1) <= NIGHT_TOLERANCE), None)
    slow = rate < wanted * ratio and part is None
    sentence = f"{rate:.1f} pictures/s of {wanted:g} commissioned (limit {ratio * 100:g} %)"
    if part is not None:
        sentence = f"{rate:.1f} pictures/s, 1/{part} of {wanted:g} as in night mode"
    return verdict(
        observation,
        "rate",
        State.DEGRADED if slow else State.OK,
        "low_frame_rate",
        sentence,
        value=rate,
    )


def _commissioned(observation: Observation, stream: Stream, spec: StreamSpec) -> Verdict:
    wrong = []
    if spec.codec and stream.codec != spec.codec:
        wrong.append(f"codec {stream.codec} instead of {spec.codec}")
    if spec.width and stream.width and (stream.width, stream.height) != (spec.width, spec.height):
        wrong.append(f"size {stream.width}x{stream.height} instead of {spec.width}x{spec.height}")
    sentence = (
        f"stream is not as commissioned: {', '.join(wrong)}{_profile(stream)}"
        if wrong
        else "stream as commissioned"
    )
    return verdict(
        observation,
        "commissioned",
        State.DEGRADED if wrong else State.OK,
        "stream_changed",
        sentence,
    )
