"""Clock and reference verdicts, table by table (catalogue rows C25 and A1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon.model import (
    Clock,
    ClockReading,
    Device,
    Kind,
    Observation,
    Question,
    Reason,
    Reference,
    Span,
    State,
    TimeServer,
    Verdict,
)
from healthmon.verdict import clock, reference

WINTER = datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()
SUMMER = datetime(2026, 7, 1, 12, tzinfo=UTC).timestamp()
CAMERA = Device("C1", "Market", Kind.CAMERA, "S", "192.0.2.1")
AGENT = Device("agent", "healthmon", Kind.AGENT, "", "127.0.0.1")
GOOD = Reference(Span(-0.004, 0.004), WINTER, 3, 3)


def near(offset: float, error: float = 0.1) -> Span:
    return Span(offset - error, offset + error)


def judged(value: Clock | None, at: float = WINTER, reason: Reason | None = None) -> dict[str, Verdict]:
    seen = Observation("C1", Question.CLOCK, "", at, 0.1, value, reason)
    return {verdict.aspect: verdict for verdict in clock.judge(seen, CAMERA)}


def shows(at: float = WINTER, ref: Reference | None = GOOD, **offsets: float) -> dict[str, Verdict]:
    readings = tuple(ClockReading(source, near(offset)) for source, offset in offsets.items())
    return judged(Clock(readings, ref), at)


@pytest.mark.parametrize(
    ("offset", "state", "code", "words"),
    [
        (0.0, State.OK, "ok", "right within"),
        (7.0, State.DEGRADED, "clock_drift", "7 s ahead"),
        (-12.4, State.FAULT, "clock_drift", "12.4 s behind"),
        (10.05, State.DEGRADED, "clock_drift", "10.1 s ahead"),
        (2.05, State.OK, "ok", "limits 2 s / 10 s"),
        (500.0, State.FAULT, "clock_drift", "ahead"),
    ],
)
def test_c25_drift_is_a_fault_only_when_the_whole_interval_is_outside(
    offset: float, state: State, code: str, words: str
) -> None:
    found = shows(onvif=offset)["offset"]
    assert (found.state, found.code) == (state, code)
    assert words in found.sentence
    assert found.value == pytest.approx(offset)


@pytest.mark.parametrize(
    ("at", "offset", "words"),
    [
        (WINTER, 3600.2, "clock 1 h 00 min 00.2 s ahead: summer time was not switched off"),
        (SUMMER, -3600.0, "summer time was not switched on"),
        (SUMMER, 3600.0, "wrong time zone"),
        (WINTER, -36000.0, "wrong time zone"),
        (WINTER, 900.0, "wrong time zone"),
        (WINTER, 20700.0, "wrong time zone"),
    ],
)
def test_c25_a_whole_step_is_a_zone_fault(at: float, offset: float, words: str) -> None:
    found = shows(at, onvif=offset)["offset"]
    assert (found.state, found.code) == (State.FAULT, "clock_zone")
    assert words in found.sentence


def test_c25_only_local_time_is_an_hour_off() -> None:
    found = shows(onvif=0.1, onvif_local=-3600.0)["offset"]
    assert (found.state, found.code) == (State.FAULT, "clock_zone")


def test_c25_utc_field_filled_with_local_time_is_a_label_fault() -> None:
    found = shows(SUMMER, onvif=3600.0, onvif_local=0.2)["offset"]
    assert (found.state, found.code) == (State.DEGRADED, "clock_utc_label")


@pytest.mark.parametrize(
    ("year", "code", "words"),
    [
        (1970, "clock_reset", "clock was reset: it shows 01 Jan 1970"),
        (2000, "clock_reset", "01 Jan 2000"),
        (2036, "clock_wrong_date", "01 Jan 2036"),
        (2038, "clock_wrong_date", "01 Jan 2038"),
        (9999, "clock_wrong_date", "01 Jan 9999"),
    ],
)
def test_c25_a_reset_clock_says_what_it_shows(year: int, code: str, words: str) -> None:
    found = shows(onvif=datetime(year, 1, 1, tzinfo=UTC).timestamp() - WINTER)["offset"]
    assert (found.state, found.code) == (State.FAULT, code)
    assert words in found.sentence


@pytest.mark.parametrize("offset", [1e12, -1e12])
def test_c25_a_date_beyond_all_calendars_is_wrong_not_a_crash(offset: float) -> None:
    assert shows(onvif=offset)["offset"].code == "clock_wrong_date"


def test_c25_month_13_is_invalid() -> None:
    seen = Clock((ClockReading("onvif", None, Reason.PROTOCOL, "month 13"),), GOOD)
    found = judged(seen)["offset"]
    assert (found.state, found.code, found.sentence) == (
        State.FAULT,
        "clock_invalid",
        "clock shows no valid date: month 13",
    )


def test_c25_clocks_of_one_device_that_disagree_are_named() -> None:
    found = shows(onvif=0.0, rtcp=60.0, rtsp_date=0.1)["agreement"]
    assert (found.state, found.code) == (State.DEGRADED, "clocks_disagree")
    assert "ONVIF clock and stream clock are 60 s apart" in found.sentence
    assert shows(onvif=0.0, rtcp=0.1)["agreement"].state is State.OK


def test_c25_a_sender_report_without_wall_clock_is_ignored() -> None:
    found = shows(onvif=0.0, rtcp=-3.9e9)
    assert set(found) == {"offset"}
    assert found["offset"].state is State.OK


def test_c25_too_coarse_a_reading_is_unknown_and_never_a_fault() -> None:
    found = judged(Clock((ClockReading("http_date", Span(-4, 5)),), GOOD))["offset"]
    assert found.state is State.UNKNOWN


@pytest.mark.parametrize("ref", [None, Reference(None, WINTER, reason_text="no majority")])
def test_a1_without_a_reference_no_clock_is_judged(ref: Reference | None) -> None:
    found = shows(ref=ref, onvif=3600.0, rtcp=0.0)
    assert [(v.state, v.reason) for v in found.values()] == [(State.UNKNOWN, Reason.NO_REFERENCE)]


def test_a1_our_own_wrong_clock_is_taken_out() -> None:
    ours_is_ahead = Reference(near(-3600.0, 0.004), WINTER, 3, 3)
    assert shows(ref=ours_is_ahead, onvif=-3600.0)["offset"].state is State.OK
    assert shows(ref=ours_is_ahead, onvif=0.0)["offset"].code == "clock_zone"


def test_a1_a_step_of_our_clock_invalidates_the_look() -> None:
    found = judged(Clock((ClockReading("onvif", None, Reason.AGENT_STALLED),), GOOD))["offset"]
    assert (found.state, found.reason) == (State.UNKNOWN, Reason.AGENT_STALLED)


def test_a_look_that_gave_nothing_is_unknown() -> None:
    found = judged(None, reason=Reason.REFUSED)["offset"]
    assert (found.state, found.reason) == (State.UNKNOWN, Reason.REFUSED)


def test_a_clock_set_by_hand_and_a_rule_without_summer_time() -> None:
    seen = Clock((ClockReading("onvif", near(0)),), GOOD, "manual", "GMT0")
    found = judged(seen)
    assert (found["source"].state, found["source"].code) == (State.DEGRADED, "clock_manual")
    assert (found["rule"].state, found["rule"].code) == (State.DEGRADED, "clock_rule")
    assert "1 h 0 min behind from 28 Mar 2027" in found["rule"].sentence
    fine = judged(replace(seen, mode="ntp", zone="GMT0BST,M3.5.0/1,M10.5.0"))
    assert (fine["source"].state, fine["rule"].state) == (State.OK, State.OK)
    assert "rule" not in judged(replace(seen, zone="whatever"))


@given(st.floats(-50, 50), st.floats(0, 3), st.floats(-5, 5), st.floats(0, 0.5), st.floats(-1, 1), st.floats(-1, 1))
def test_interval_arithmetic_never_accuses_a_clock_within_its_limits(
    true: float, error: float, ours: float, doubt: float, inside: float, within: float
) -> None:
    """Whatever the errors: FAULT only where the true offset is beyond 10 s, OK only where it can be near 2 s."""
    device_minus_ours, true_minus_ours = true + ours + error * inside, ours + doubt * within
    ref = Reference(near(true_minus_ours, doubt), WINTER, 1, 1)
    found = judged(Clock((ClockReading("onvif", near(device_minus_ours, error)),), ref))["offset"]
    if found.state is State.FAULT:
        assert abs(true) > 10 - 1e-6
    if found.state is State.DEGRADED:
        assert abs(true) > 2 - 1e-6
    if found.state is State.OK:
        assert abs(true) < 2 + 2 * (error + doubt) + 1e-6


def test_a1_reference_verdicts_in_words() -> None:
    def said(seen: Reference) -> dict[str, Verdict]:
        look = Observation("agent", Question.REFERENCE, "", WINTER, 0.1, seen)
        return {verdict.aspect: verdict for verdict in reference.judge(look, AGENT)}

    fine = said(GOOD)
    assert fine["reference"].sentence == "clock reference +-4 ms (3 servers)"
    assert {v.state for v in fine.values()} == {State.OK}
    assert "(1 server)" in said(replace(GOOD, servers=1))["reference"].sentence
    assert "of this machine" in said(replace(GOOD, servers=0))["reference"].sentence
    ahead = said(replace(GOOD, offset=near(-1.5)))["host"]
    assert (ahead.state, ahead.value) == (State.DEGRADED, 1.5)
    assert "1.5 s ahead" in ahead.sentence
    liar = said(replace(GOOD, members=(TimeServer("192.0.2.9", "false", detail="+3600.0 s off; outvoted"),)))
    assert liar["servers"].state is State.DEGRADED
    assert "time server 192.0.2.9 wrong (+3600.0 s off; outvoted)" in liar["servers"].sentence
    none = said(Reference(None, WINTER, reason_text="nobody answers"))
    assert (none["reference"].state, none["reference"].code) == (State.FAULT, "no_reference")
    assert "nobody answers" in none["reference"].sentence
