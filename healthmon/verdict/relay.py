"""A relayed stream beside its camera: does it come, is it the same, how late?

What the camera itself lacks is no fault of the relay.
"""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.model import Device, Observation, Reason, Relay, RelaySpec, State, Stream, Verdict
from healthmon.verdict.stream import FROZEN_AFTER, STOPPED_SECONDS
from healthmon.verdict.words import REASON_WORDS, duration, not_seen, plain, verdict

_DOWN = {
    Reason.TIMEOUT,
    Reason.CONNECT_TIMEOUT,
    Reason.REFUSED,
    Reason.RESET,
    Reason.UNREACHABLE,
    Reason.PROTOCOL,
    Reason.TOO_LARGE,
    Reason.NOT_FOUND,
    Reason.NO_VIDEO_TRACK,
    Reason.UNSUPPORTED,
    Reason.TLS,
    Reason.TLS_TIMEOUT,
}


def judge(observation: Observation, device: Device) -> tuple[Verdict, ...]:
    """Aspects: pictures, and when they come same and delay."""
    relay = observation.value
    if not isinstance(relay, Relay):
        return (_failed(observation),)
    pictures = _pictures(observation, relay)
    if pictures.state is not State.OK or relay.source is None:
        return (pictures,)
    spec = next((one for one in device.relays if one.camera == relay.camera), None)
    return (pictures, *_compared(observation, relay, relay.source, spec, device))


def _failed(observation: Observation) -> Verdict:
    reason = observation.reason or Reason.NOT_REPORTED
    camera = plain(observation.part)
    if reason is Reason.AUTH_FAILED:
        sentence = f"relay of {camera}: login refused: account or password not accepted"
        return verdict(observation, "pictures", State.FAULT, "login_refused", sentence)
    if reason not in _DOWN:
        return not_seen(observation, "pictures", f"relay of {camera}")
    detail = f" ({plain(observation.detail)})" if observation.detail else ""
    sentence = f"relay of {camera} down: {REASON_WORDS[reason]}{detail}"
    return verdict(observation, "pictures", State.FAULT, "relay_down", sentence, value=0.0)


def _pictures(observation: Observation, relay: Relay) -> Verdict:
    shown, camera = relay.stream, plain(relay.camera)
    code, words = "relay_down", ""
    if shown.frames == 0:
        words = f"relay of {camera} down: connected, 0 frames in {duration(shown.watched)}"
    elif shown.silence is not None and shown.silence > STOPPED_SECONDS:
        words = f"relay of {camera} stopped: no picture in the last {duration(shown.silence)}"
    elif shown.frames == 1 or not shown.media_seconds or shown.media_seconds <= 0:
        code, words = (
            "relay_stale",
            f"relay of {camera} frozen: data comes, but the stream's time stands still",
        )
    elif _frozen(relay):
        words = f"relay of {camera} frozen: its last {shown.equal_keyframes} key frames are the same, the camera's not"
        code = "relay_stale"
    if not words:
        rate = (
            f"{shown.frames_per_second:.1f} pictures/s"
            if shown.frames_per_second
            else f"{shown.frames} pictures"
        )
        return verdict(
            observation, "pictures", State.OK, "ok", f"relay of {camera}: {rate}", value=1.0
        )
    if relay.source is None:
        known = (
            "gives no pictures itself"
            if relay.source_age is not None
            else "has not been looked at yet"
        )
        sentence = f"{words}; not judged: camera {camera} {known}"
        reason = Reason.BEHIND_PARENT
        return verdict(
            observation, "pictures", State.UNKNOWN, reason.value, sentence, reason=reason
        )
    return verdict(observation, "pictures", State.FAULT, code, words, value=0.0)


def _frozen(relay: Relay) -> bool:
    source = relay.source
    return (
        source is not None and relay.stream.equal_keyframes >= FROZEN_AFTER > source.equal_keyframes
    )


def _compared(
    observation: Observation, relay: Relay, source: Stream, spec: RelaySpec | None, device: Device
) -> Iterator[Verdict]:
    camera = plain(relay.camera)
    codec = spec.codec if spec and spec.codec else source.codec
    size = (spec.width, spec.height) if spec and spec.width else (source.width, source.height)
    here = (relay.stream.width, relay.stream.height)
    wrong = (
        [f"codec {relay.stream.codec} instead of {codec}"]
        if codec and relay.stream.codec != codec
        else []
    )
    if None not in (*size, *here) and size != here:
        wrong.append(f"size {here[0]}x{here[1]} instead of {size[0]}x{size[1]}")
    same = ", the same pictures" if relay.same_pictures else ""
    sentence = (
        f"relay of {camera} differs: {', '.join(wrong)}"
        if wrong
        else f"relay as camera {camera}{same}"
    )
    if relay.delay is None and not wrong:
        sentence += f"; delay not measurable: {relay.delay_note}" if relay.delay_note else ""
    yield verdict(
        observation, "same", State.DEGRADED if wrong else State.OK, "relay_differs", sentence
    )
    if relay.delay is not None:
        yield _delay(observation, relay, relay.delay.middle, relay.delay.error, device)


def _delay(
    observation: Observation, relay: Relay, delay: float, error: float, device: Device
) -> Verdict:
    degraded, fault = device.limits.relay_delay
    state = State.FAULT if delay > fault else State.DEGRADED if delay > degraded else State.OK
    by = "by equal key frames" if relay.delay_by == "pictures" else "by sender reports"
    limits = f"(limits {degraded:g} s / {fault:g} s)"
    sentence = f"relay of {plain(relay.camera)} {max(delay, 0.0):.1f} s late, +-{max(error, 0.1):.1f} s {by} {limits}"
    return verdict(observation, "delay", state, "relay_delay", sentence, value=delay)
