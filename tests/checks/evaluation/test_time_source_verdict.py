"""Which time servers a camera asks, case by case; a camera whose clock is right has one verdict on it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from healthmon.checks.evaluation import clock
from healthmon.checks.evaluation.time_source import foreign
from healthmon.model.device import Device
from healthmon.model.enums import CheckName, Kind, Reason, Span, State
from healthmon.model.measurements import Clock, ClockReading, Reference, TimeSource
from healthmon.model.results import Observation, Verdict

NOW = 1_795_521_600.0
CAMERA = Device("C1", "Market", Kind.CAMERA, "S", "192.0.2.11")
EXPECTING = replace(CAMERA, ntp=("192.0.2.1", "NTP.example.com"))
RIGHT = TimeSource(("192.0.2.1",))
OTHER = TimeSource(("pool.ntp.org",))
NONE, UNTOLD = TimeSource(), TimeSource(by_dhcp=True)
REFUSED = TimeSource(reason=Reason.FORBIDDEN, detail="HTTP 403")
OK, WARNING, UNKNOWN = State.OK, State.DEGRADED, State.UNKNOWN


def judged(device: Device, mode: str | None, source: TimeSource | None) -> Verdict | None:
    fine = (ClockReading("onvif", Span(-0.1, 0.1)),)
    seen = Clock(fine, Reference(Span(-0.004, 0.004), NOW, 3, 3), mode, None, None, source)
    found = clock.evaluate(Observation("C1", CheckName.CLOCK, "", NOW, 0.1, seen), device)
    assert next(one for one in found if one.aspect == "offset").state is OK
    return next((one for one in found if one.aspect == "source"), None)


@pytest.mark.parametrize(
    ("device", "mode", "source", "state", "code", "words"),
    [
        (EXPECTING, "ntp", RIGHT, OK, "ok", "it asks 192.0.2.1, as expected"),
        (EXPECTING, "ntp", TimeSource(("ntp.EXAMPLE.com.",), by_dhcp=True), OK, "ok", "(by DHCP), as expected"),
        (EXPECTING, "ntp", OTHER, WARNING, "clock_other_server", "it asks pool.ntp.org (expected: 192.0.2.1, NTP"),
        (EXPECTING, "ntp", TimeSource(("192.0.2.1", "192.0.2.9")), WARNING, "clock_other_server", "192.0.2.9"),
        (EXPECTING, "ntp", NONE, WARNING, "clock_no_server", "no time server is set (expected: 192.0.2.1"),
        (EXPECTING, None, NONE, WARNING, "clock_no_server", "no time server is set"),
        (EXPECTING, "ntp", UNTOLD, UNKNOWN, "not_reported", "servers by DHCP are not reported (expected"),
        (EXPECTING, "ntp", REFUSED, UNKNOWN, "forbidden", "refused to this account (HTTP 403)"),
        (EXPECTING, None, RIGHT, UNKNOWN, "not_reported", "whether NTP is on is not reported"),
        (CAMERA, "ntp", OTHER, OK, "ok", "clock is set by NTP: it asks pool.ntp.org"),
        (CAMERA, "ntp", UNTOLD, OK, "ok", "its servers come by DHCP"),
        (CAMERA, "ntp", NONE, WARNING, "clock_no_server", "no time server is set"),
        (CAMERA, "ntp", REFUSED, OK, "ok", "its time servers are not known: refused to this account"),
        (CAMERA, None, REFUSED, UNKNOWN, "forbidden", "time source not checked: refused"),
        (CAMERA, None, NONE, UNKNOWN, "not_reported", "it names no time server"),
        (CAMERA, "ntp", None, OK, "ok", "clock is set by NTP"),
    ],
)  # fmt: skip
def test_the_time_servers_of_a_camera(
    device: Device, mode: str | None, source: TimeSource | None, state: State, code: str, words: str
) -> None:
    found = judged(device, mode, source)
    assert found is not None
    assert (found.state, found.code) == (state, code)
    assert words in found.sentence
    assert (found.reason is not None) == (state is UNKNOWN)


@pytest.mark.parametrize("source", [None, RIGHT, OTHER, NONE, REFUSED])
def test_a_clock_that_is_set_by_hand_is_one_warning_whatever_servers_are_entered(
    source: TimeSource | None,
) -> None:
    found = judged(EXPECTING, "manual", source)
    assert found is not None
    assert (found.state, found.code) == (WARNING, "clock_manual")


def test_a_camera_that_tells_nothing_and_was_not_asked_has_no_verdict() -> None:
    assert judged(CAMERA, None, None) is None


def test_an_address_is_compared_in_its_one_spelling() -> None:
    device = replace(CAMERA, ntp=("2001:db8::1",))
    assert foreign(TimeSource(("2001:0DB8:0:0:0:0:0:1",)), device) == ()
    assert foreign(TimeSource(("2001:db8::2",)), device) == ("2001:db8::2",)
    assert foreign(TimeSource(("2001:db8::2",)), CAMERA) == ()
