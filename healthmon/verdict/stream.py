"""Is there a picture, and is it the one that was commissioned? Judged from what RTP showed."""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.model import Device, Observation, Reason, State, Stream, StreamSpec, Verdict
from healthmon.verdict.words import REASON_WORDS, duration, not_seen, plain, verdict

FROZEN_AFTER = 3
STOPPED_SECONDS = 2.0
FIRST_KEY_SECONDS = 4.0
_FAULTS = {
    Reason.TIMEOUT: "no_answer",
    Reason.RESET: "no_answer",
    Reason.PROTOCOL: "no_answer",
    Reason.TOO_LARGE: "no_answer",
    Reason.NOT_FOUND: "uri_changed",
    Reason.NO_VIDEO_TRACK: "no_video",
    Reason.ADDRESS_MISMATCH: "address_mismatch",
    Reason.TLS: "tls",
    Reason.TLS_TIMEOUT: "tls",
}


def judge(observation: Observation, device: Device) -> tuple[Verdict, ...]:
    """Aspects: pictures, login, keyframes, loss, rate, commissioned."""
    stream = observation.value
    if not isinstance(stream, Stream):
        return tuple(_failed(observation))
    spec = next((s for s in device.streams if s.name == observation.part), StreamSpec())
    found = [_pictures(observation, stream, device)]
    found.append(verdict(observation, "login", State.OK, "ok", "login accepted or not needed"))
    if stream.frames > 1:
        found += _quality(observation, stream, device, spec)
    return tuple(found)


def _failed(observation: Observation) -> Iterator[Verdict]:
    reason = observation.reason or Reason.NOT_REPORTED
    if reason is Reason.AUTH_FAILED:
        yield not_seen(observation, "pictures", "pictures")
        sentence = "login refused: account or password not accepted (checks with a login pause)"
        yield verdict(observation, "login", State.FAULT, "login_refused", sentence)
    elif reason in _FAULTS:
        detail = f" ({plain(observation.detail)})" if observation.detail else ""
        sentence = f"no pictures: {REASON_WORDS[reason]}{detail}"
        yield verdict(observation, "pictures", State.FAULT, _FAULTS[reason], sentence)
    else:
        yield not_seen(observation, "pictures", "pictures")


def _pictures(observation: Observation, stream: Stream, device: Device) -> Verdict:
    limit = device.limits.first_packet
    watched = duration(stream.watched)
    if stream.frames == 0:
        strange = f", {stream.foreign} packets of another stream" if stream.foreign else ""
        sentence = f"no pictures: connected, 0 frames in {watched} (limit {limit:g} s){strange}"
        return verdict(observation, "pictures", State.FAULT, "no_pictures", sentence, value=0.0)
    if stream.silence is not None and stream.silence > max(limit, STOPPED_SECONDS):
        sentence = f"pictures stopped: none in the last {duration(stream.silence)} of {watched} (limit {limit:g} s)"
        return verdict(observation, "pictures", State.FAULT, "no_pictures", sentence, value=0.0)
    if stream.frames == 1 or not stream.media_seconds or stream.media_seconds <= 0:
        sentence = f"picture frozen: {stream.packets} packets in {watched}, but the stream's time stands still"
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
    rate = (
        f"{stream.frames_per_second:.1f} pictures/s"
        if stream.frames_per_second
        else f"{stream.frames} pictures"
    )
    size = f", {stream.width}x{stream.height}" if stream.width else ""
    return verdict(
        observation,
        "pictures",
        State.OK,
        "ok",
        f"pictures flow: {rate}{size} {stream.codec}",
        value=1.0,
    )


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
    waited = stream.key_wait if not stream.keyframes else stream.key_interval
    patience = limit if stream.keyframes or stream.key_known else min(limit, FIRST_KEY_SECONDS)
    overdue = stream.key_wait is not None and stream.key_wait >= patience
    if overdue or (waited is not None and waited > limit):
        seen = (
            f"none in {duration(waited or 0)}"
            if not stream.keyframes
            else f"every {duration(waited or 0)}"
        )
        sentence = f"key frames overdue: {seen} (limit {patience:g} s); pictures arrive"
        return verdict(
            observation, "keyframes", State.DEGRADED, "keyframe_overdue", sentence, value=waited
        )
    if not stream.keyframes and not stream.key_known:
        sentence = f"key frames not checked: none in {duration(waited or 0)}, too short a look to tell ({patience:g} s)"
        return verdict(
            observation,
            "keyframes",
            State.UNKNOWN,
            "not_reported",
            sentence,
            reason=Reason.NOT_REPORTED,
        )
    return verdict(observation, "keyframes", State.OK, "ok", "key frames come", value=waited)


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
    slow = rate < wanted * ratio
    sentence = f"{rate:.1f} pictures/s of {wanted:g} commissioned (limit {ratio * 100:g} %)"
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
        f"stream is not as commissioned: {', '.join(wrong)}" if wrong else "stream as commissioned"
    )
    return verdict(
        observation,
        "commissioned",
        State.DEGRADED if wrong else State.OK,
        "stream_changed",
        sentence,
    )
