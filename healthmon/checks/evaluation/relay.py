"""A relayed stream beside its camera: does it come, is it the same, how late?

What the camera itself lacks is no fault of the relay.
"""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.checks.evaluation.durations import duration
from healthmon.checks.evaluation.stream import FROZEN_AFTER, STOPPED_SECONDS
from healthmon.checks.evaluation.wording import REASON_WORDS, not_seen, plain, verdict
from healthmon.model.count_words import count_of
from healthmon.model.device import Device, RelaySpec
from healthmon.model.enums import Reason, State
from healthmon.model.links import Relay
from healthmon.model.measurements import Stream
from healthmon.model.results import Observation, Verdict

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
    Reason.REJECTED,
    Reason.NO_SOURCE,
    Reason.TLS,
    Reason.TLS_TIMEOUT,
}


UNLIKE_AFTER = 4  # key frames of the camera that did not come
_REFUSED = {Reason.NOT_FOUND, Reason.REJECTED, Reason.NO_SOURCE}


def evaluate(observation: Observation, device: Device) -> tuple[Verdict, ...]:
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
    camera = plain(observation.instance)
    if reason is Reason.AUTH_FAILED or observation.since is not None:
        sentence = f"relay of {camera}: login refused: account or password not accepted"
        return verdict(observation, "pictures", State.FAULT, "login_refused", sentence)
    if reason not in _DOWN:
        return not_seen(observation, "pictures", f"relay of {camera}")
    detail = f" ({plain(observation.detail)})" if observation.detail else ""
    sentence = f"relay of {camera} down: {REASON_WORDS[reason]}{detail}"
    if reason in _REFUSED:
        sentence = f"relay of {camera} refused: {plain(observation.detail)} (source missing?)"
    return verdict(observation, "pictures", State.FAULT, "relay_down", sentence, value=0.0)


def _down_words(relay: Relay) -> str:
    """Why no pictures come, "" where they do."""
    shown, camera = relay.stream, plain(relay.camera)
    if shown.frames == 0:
        return f"relay of {camera} down: connected, 0 frames in {duration(shown.watched)}"
    if shown.silence is not None and shown.silence > STOPPED_SECONDS:
        return f"relay of {camera} stopped: no picture in the last {duration(shown.silence)}"
    if shown.cut_after is not None:
        return (
            f"relay of {camera} stopped: it ended the connection after {duration(shown.cut_after)}"
        )
    return ""


def _frozen_words(relay: Relay) -> str:
    """Why the picture stands still, "" where it moves."""
    shown, camera = relay.stream, plain(relay.camera)
    if shown.frames == 1 or not shown.media_seconds or shown.media_seconds <= 0:
        return f"relay of {camera} frozen: data comes, but the stream's time stands still"
    if _frozen(relay):
        return f"relay of {camera} frozen: its last {shown.equal_keyframes} key frames are the same, the camera's not"
    return ""


def _rate(shown: Stream) -> str:
    if shown.frames_per_second:
        return f"{shown.frames_per_second:.1f} pictures/s"
    return count_of(shown.frames, "picture")


def _pictures(observation: Observation, relay: Relay) -> Verdict:
    camera = plain(relay.camera)
    down, frozen = _down_words(relay), _frozen_words(relay)
    words = down or frozen
    if not words:
        sentence = f"relay of {camera}: {_rate(relay.stream)}"
        return verdict(observation, "pictures", State.OK, "ok", sentence, value=1.0)
    code = "relay_down" if down else "relay_stale"
    if relay.source is None:
        known = (
            "gives no pictures itself"
            if relay.source_age is not None
            else "has not been checked yet"
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
    camera, wrong = plain(relay.camera), _differences(relay, source, spec)
    if wrong:
        sentence = f"relay of {camera} differs: {', '.join(wrong)}"
        yield verdict(observation, "same", State.DEGRADED, "relay_differs", sentence)
    elif relay.unlike >= UNLIKE_AFTER:
        within = f"none of its last {relay.unlike} key frames came within {device.limits.relay_delay[1]:g} s"
        sentence = f"the relay shows other pictures than {camera}: {within}"
        yield verdict(observation, "same", State.FAULT, "relay_other", sentence)
    else:
        same = ", the same pictures" if relay.same_pictures else ""
        note = relay.delay_note if relay.delay is None else ""
        sentence = f"relay as camera {camera}{same}"
        sentence += f"; delay not measurable: {note}" if note else ""
        yield verdict(observation, "same", State.OK, "ok", sentence)
    if relay.delay is not None:
        yield _delay(observation, relay, relay.delay.middle, relay.delay.error, device)


def _differences(relay: Relay, source: Stream, spec: RelaySpec | None) -> list[str]:
    """In what the relayed stream is another than the camera's, or than was agreed."""
    codec = spec.codec if spec and spec.codec else source.codec
    size = (spec.width, spec.height) if spec and spec.width else (source.width, source.height)
    here = (relay.stream.width, relay.stream.height)
    wrong: list[str] = []
    if codec and relay.stream.codec != codec:
        wrong.append(f"codec {relay.stream.codec} instead of {codec}")
    if None not in (*size, *here) and size != here:
        wrong.append(f"size {here[0]}x{here[1]} instead of {size[0]}x{size[1]}")
    return wrong


def _delay(
    observation: Observation, relay: Relay, delay: float, error: float, device: Device
) -> Verdict:
    degraded, fault = device.limits.relay_delay
    state = State.FAULT if delay > fault else State.DEGRADED if delay > degraded else State.OK
    by = "by equal key frames" if relay.delay_by == "pictures" else "by sender reports"
    limits = f"(limits {degraded:g} s / {fault:g} s)"
    sentence = f"relay of {plain(relay.camera)} {max(delay, 0.0):.1f} s late, +-{max(error, 0.1):.1f} s {by} {limits}"
    return verdict(observation, "delay", state, "relay_delay", sentence, value=delay)
