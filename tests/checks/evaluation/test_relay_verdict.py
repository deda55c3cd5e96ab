"""The verdicts of relays and links: sentences with value and limit, and what is no fault
of theirs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from healthmon.checks.evaluation import link
from healthmon.checks.evaluation.relay import evaluate
from healthmon.model.device import Device, RelaySpec
from healthmon.model.enums import CheckName, Kind, Reason, Span, State
from healthmon.model.links import Link, PowerSupply, Relay, Service
from healthmon.model.measurements import Stream
from healthmon.model.results import Observation, Verdict

SPEC = RelaySpec("C1", "/police/C1", "main")
DEVICE = Device("POL", "Police relay", Kind.LINK, "s", "192.0.2.9", relays=(SPEC,))
SHOWN = Stream(
    "/police/C1", "tcp", 2.0, codec="h264", width=1920, height=1080, packets=500, frames=50, keyframes=2,
    frames_per_second=25.0, media_seconds=2.0, silence=0.02, equal_keyframes=1,
)  # fmt: skip
WELL = Relay("C1", SHOWN, replace(SHOWN, path="/stream1"), 3.0, True, Span(0.75, 0.85), "pictures")


def judged(device: Device = DEVICE, **changes: Any) -> dict[str, Verdict]:
    observation = Observation("POL", CheckName.RELAY, "C1", 1000.0, 2.0, replace(WELL, **changes))
    return {one.aspect: one for one in evaluate(observation, device)}


def failed(reason: Reason, detail: str = "") -> Verdict:
    (found,) = evaluate(
        Observation("POL", CheckName.RELAY, "C1", 1000.0, 2.0, None, reason, detail), DEVICE
    )
    return found


def test_a_relay_that_hangs_up_is_down():
    found = judged(stream=replace(SHOWN, cut_after=1.3))
    assert list(found) == ["pictures"]
    assert (found["pictures"].state, found["pictures"].code) == (State.FAULT, "relay_down")
    assert found["pictures"].sentence == "relay of C1 stopped: it ended the connection after 1.3 s"


def test_a_relay_that_is_well_says_what_was_compared_and_how():
    found = judged()
    assert {one.state for one in found.values()} == {State.OK}
    assert [one.sentence for one in found.values()] == [
        "relay of C1: 25.0 pictures/s",
        "relay as camera C1, the same pictures",
        "relay of C1 0.8 s late, +-0.1 s by equal key frames (limits 5 s / 15 s)",
    ]


@pytest.mark.parametrize(
    ("delay", "state"),
    [(4.9, State.OK), (5.1, State.DEGRADED), (15.1, State.FAULT), (-0.05, State.OK)],
)
def test_the_delay_is_judged_by_its_limits(delay, state):
    found = judged(delay=Span(delay - 0.05, delay + 0.05), delay_by="reports")["delay"]
    assert (found.state, found.code) == (state, "ok" if state is State.OK else "relay_delay")
    assert "by sender reports" in found.sentence
    assert " -" not in found.sentence


def test_ff_a11_pictures_that_did_not_come_are_those_of_another():
    few = judged(delay=None, same_pictures=False, unlike=3)["same"]
    assert few.state is State.OK
    found = judged(delay=None, same_pictures=False, unlike=4)["same"]
    assert (found.state, found.code) == (State.FAULT, "relay_other")
    assert found.sentence == (
        "the relay shows other pictures than C1: none of its last 4 key frames came within 15 s"
    )


def test_what_could_not_be_measured_is_said_and_is_no_verdict():
    found = judged(delay=None, delay_note="the relay encodes pictures anew", same_pictures=False)
    assert set(found) == {"pictures", "same"}
    assert (
        found["same"].sentence
        == "relay as camera C1; delay not measurable: the relay encodes pictures anew"
    )


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        (
            {"frames": 0, "packets": 0, "silence": None},
            "relay_down",
            "relay of C1 down: connected, 0 frames in 2 s",
        ),
        ({"silence": 3.0}, "relay_down", "relay of C1 stopped: no picture in the last 3 s"),
        ({"media_seconds": 0.0}, "relay_stale", "the stream's time stands still"),
        (
            {"equal_keyframes": 3},
            "relay_stale",
            "its last 3 key frames are the same, the camera's not",
        ),
    ],
)
def test_no_pictures_and_frozen_ones_are_the_relays_only_when_the_camera_is_well(
    changes, code, words
):
    shown = replace(SHOWN, **changes)
    found = judged(stream=shown)
    assert set(found) == {"pictures"}
    assert (found["pictures"].state, found["pictures"].code) == (State.FAULT, code)
    assert words in found["pictures"].sentence
    itself = judged(stream=shown, source=None)["pictures"]
    if code == "relay_stale" and "equal_keyframes" in changes:
        assert itself.state is State.OK
    else:
        assert (itself.state, itself.reason) == (State.UNKNOWN, Reason.BEHIND_PARENT)
        assert "not judged: camera C1 gives no pictures itself" in itself.sentence
        assert (
            "has not been checked yet"
            in judged(stream=shown, source=None, source_age=None)["pictures"].sentence
        )
    still = judged(stream=shown, source=replace(SHOWN, equal_keyframes=9))["pictures"]
    assert still.state is (State.OK if "equal_keyframes" in changes else State.FAULT)


def test_other_codec_and_size_differ_unless_they_were_agreed():
    shown = replace(SHOWN, codec="h265", width=1280, height=720)
    found = judged(stream=shown)["same"]
    assert (found.state, found.code) == (State.DEGRADED, "relay_differs")
    assert (
        found.sentence
        == "relay of C1 differs: codec h265 instead of h264, size 1280x720 instead of 1920x1080"
    )
    agreed = replace(DEVICE, relays=(replace(SPEC, codec="h265", width=1280, height=720),))
    assert judged(agreed, stream=shown)["same"].state is State.OK
    assert judged(agreed)["same"].state is State.DEGRADED
    assert judged(stream=replace(SHOWN, width=None, height=None))["same"].state is State.OK


@pytest.mark.parametrize(
    ("reason", "state", "code"),
    [
        (Reason.NOT_FOUND, State.FAULT, "relay_down"),
        (Reason.REFUSED, State.FAULT, "relay_down"),
        (Reason.TIMEOUT, State.FAULT, "relay_down"),
        (Reason.NO_VIDEO_TRACK, State.FAULT, "relay_down"),
        (Reason.AUTH_FAILED, State.FAULT, "login_refused"),
        (Reason.BUSY, State.UNKNOWN, "busy"),
        (Reason.BEHIND_PARENT, State.UNKNOWN, "behind_parent"),
        (Reason.AGENT_NETWORK, State.UNKNOWN, "agent_network"),
        (Reason.NO_CREDENTIAL, State.UNKNOWN, "no_credential"),
        (Reason.BUG, State.UNKNOWN, "bug"),
    ],
)
def test_a_look_that_failed(reason, state, code):
    found = failed(reason, "detail")
    assert (found.state, found.code) == (state, code)
    assert "relay of C1" in found.sentence


def services(*found: Service, power: tuple[PowerSupply, ...] = ()) -> dict[str, Verdict]:
    observation = Observation("POL", CheckName.LINK, "", 1000.0, 0.1, Link(found, power))
    return {one.aspect: one for one in link.evaluate(observation, DEVICE)}


def test_services_that_answer_and_that_do_not():
    found = services(
        Service("rtsp", 554, 401),
        Service("http", 80, 503),
        Service("https", 443, None, Reason.TLS, "expired"),
    )
    assert [(aspect, one.state, one.code) for aspect, one in found.items()] == [
        ("rtsp", State.OK, "ok"),
        ("http", State.DEGRADED, "service_error"),
        ("https", State.FAULT, "service_down"),
    ]
    assert found["https"].sentence == "HTTPS 443: TLS failed (expired)"
    ours = services(Service("rtsp", 554, None, Reason.AGENT_RESOURCE))["rtsp"]
    assert ours.state is State.UNKNOWN
    silent = services(Service("snmp", 161, None, Reason.TIMEOUT))["snmp"]
    assert (silent.state, silent.sentence) == (
        State.UNKNOWN,
        "SNMP 161 not checked: connected, no answer in time",
    )


@pytest.mark.parametrize(
    ("supply", "state", "code"),
    [
        (PowerSupply("1", "on", 370, 200), State.OK, "ok"),
        (PowerSupply("1", "on", 370, 340), State.DEGRADED, "poe_budget"),
        (PowerSupply("1", "faulty", 370, 0), State.FAULT, "poe_supply"),
        (PowerSupply("1", "off"), State.OK, "ok"),
        (PowerSupply("1"), State.OK, "ok"),
    ],
)
def test_the_power_of_a_switch(supply, state, code):
    found = services(power=(supply,))["power 1"]
    assert (found.state, found.code) == (state, code)


def test_the_power_sentence_holds_value_and_limit():
    sentence = services(power=(PowerSupply("1", "on", 370, 340),))["power 1"].sentence
    assert sentence == "PoE supply 1 gives 340 W of 370 W, 92 % (limit 90 %)"
