"""The operator's sentences about pictures, by rows of the fault catalogue."""

from __future__ import annotations

from dataclasses import replace

from healthmon.checks.evaluation.stream import evaluate
from healthmon.model.device import Device, StreamSpec
from healthmon.model.enums import CheckName, Kind, Reason, State
from healthmon.model.measurements import Stream
from healthmon.model.results import Observation, Verdict

CAMERA = Device(
    "C1", "Market Square", Kind.CAMERA, "S07", "192.0.2.1",
    streams=(StreamSpec(path="/1", codec="h264", width=1920, height=1080, frames_per_second=25.0),),
)  # fmt: skip
GOOD = Stream(
    path="/1", transport="tcp", watched=2.0, codec="h264", width=1920, height=1080, first_packet=0.1,
    first_keyframe=0.1, packets=500, bytes=500_000, frames=50, keyframes=2, key_interval=1.0, key_wait=None,
    frames_per_second=25.0, media_seconds=2.0, silence=0.04, equal_keyframes=1,
)  # fmt: skip


def verdicts(value: Stream | None, reason: Reason | None = None) -> dict[str, Verdict]:
    observation = Observation("C1", CheckName.STREAM, "main", 0, 0, value, reason)
    return {verdict.aspect: verdict for verdict in evaluate(observation, CAMERA)}


def test_good_pictures_are_ok_in_every_aspect() -> None:
    assert {verdict.state for verdict in verdicts(GOOD).values()} == {State.OK}


def test_c14_no_pictures_says_how_long_was_waited() -> None:
    found = verdicts(replace(GOOD, frames=0, packets=0, watched=8.0))["pictures"]
    assert (found.state, found.code) == (State.FAULT, "no_pictures")
    assert found.sentence == "no pictures: connected, 0 frames in 8 s (limit 2 s)"


def test_c16_frozen_clock_and_frozen_picture_are_faults() -> None:
    assert verdicts(replace(GOOD, media_seconds=0.0))["pictures"].code == "frozen_clock"
    assert verdicts(replace(GOOD, equal_keyframes=3))["pictures"].code == "frozen_picture"
    assert verdicts(replace(GOOD, equal_keyframes=2))["pictures"].state is State.OK


def test_quality_that_falls_is_degraded() -> None:
    late = verdicts(replace(GOOD, keyframes=0, key_interval=None, key_wait=8.0))
    assert late["pictures"].state is State.OK
    assert late["keyframes"].code == "keyframe_overdue"
    short = replace(GOOD, keyframes=0, key_interval=None, key_wait=3.0)
    assert verdicts(short)["keyframes"].state is State.UNKNOWN, "they may come every four seconds"
    assert verdicts(replace(short, key_known=True))["keyframes"].state is State.OK
    assert verdicts(replace(GOOD, lost=25))["loss"].state is State.DEGRADED
    assert verdicts(replace(GOOD, frames_per_second=3.0))["rate"].state is State.DEGRADED
    assert verdicts(replace(GOOD, codec="h265"))["commissioned"].code == "stream_changed"


def test_failures_of_the_look_are_told_apart() -> None:
    refused = verdicts(None, Reason.AUTH_FAILED)
    assert (refused["login"].code, refused["login"].state) == ("login_refused", State.FAULT)
    assert refused["pictures"].state is State.UNKNOWN
    assert verdicts(None, Reason.NOT_FOUND)["pictures"].code == "uri_changed"
    assert verdicts(None, Reason.TIMEOUT)["pictures"].code == "no_answer"
    assert verdicts(None, Reason.BUSY)["pictures"].state is State.UNKNOWN
