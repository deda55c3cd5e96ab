"""Judgement: (Observation, Device with its Limits) -> Verdicts with the operator's sentence.

Pure; one file per question.
"""

from __future__ import annotations

from healthmon.model import Device, Observation, Question, Verdict
from healthmon.verdict import (
    certificate,
    clock,
    identity,
    link,
    playback,
    port,
    reach,
    recorder,
    recording,
    reference,
    relay,
    stream,
    ups,
)

_JUDGES = {
    Question.REACH: reach.judge,
    Question.STREAM: stream.judge,
    Question.CLOCK: clock.judge,
    Question.UPS: ups.judge,
    Question.IDENTITY: identity.judge,
    Question.CERTIFICATE: certificate.judge,
    Question.LINK: link.judge,
    Question.PORT: port.judge,
    Question.RELAY: relay.judge,
    Question.REFERENCE: reference.judge,
    Question.RECORDING: recording.judge,
    Question.RECORDER: recorder.judge,
    Question.PLAYBACK: playback.judge,
}


def judge(observation: Observation, device: Device) -> tuple[Verdict, ...]:
    """Every aspect of `observation` judged by the limits of `device`; the first verdict is the main aspect."""
    return _JUDGES[observation.question](observation, device)
