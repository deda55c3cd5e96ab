"""Clock and reference verdicts, table by table (catalogue rows C25 and A1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon.checks.evaluation import clock, reference
from healthmon.model.device import Device
from healthmon.model.enums import CheckName, Kind, Reason, Span, State
from healthmon.model.measurements import Clock, ClockReading, Reference, TimeServer
from healthmon.model.results import Observation, Verdict

WINTER = datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()
SUMMER = datetime(2026, 7, 1, 12, tzinfo=UTC).timestamp()
CAMERA = Device("C1", "Market", Kind.CAMERA, "S", "192.0.2.1")
AGENT = Device("agent", "healthmon", Kind.AGENT, "", "127.0.0.1")
GOOD = Reference(Span(-0.004, 0.004), WINTER, 3, 3)


def near(offset: float, error: float = 0.1) -> Span:
    return Span(offset - error, offset + error)


def judged(
    value: Clock | None, at: float = WINTER, reason: Reason | None = None
) -> dict[str, Verdict]:
    seen = Observation("C1", CheckName.CLOCK, "", at, 0.1, value, reason)
    return {verdict.aspect: verdict for verdict in clock.evaluate(seen, CAMERA)}


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


def told(found: dict[str, Verdict]) -> list[str]:
    """The sentences of what is not well: one for each cause."""
    return [v.sentence for v in found.values() if v.state is not State.OK]


LABEL = (
    "UTC field is 1 h 00 min 00.0 s ahead, local time is right: the device labels local time as UTC"
)


@pytest.mark.parametrize(
    ("at", "offsets", "sentence"),
    [
        (SUMMER, {"onvif": 3600.0, "onvif_local": 0.2}, LABEL),
        (SUMMER, {"onvif": 3600.0, "onvif_local": 0.2, "http_date": 0.0, "rtcp": 0.1}, LABEL),
        (SUMMER, {"onvif": 3600.0, "onvif_local": 0.2, "http_date": 3600.3, "rtcp": 0.1}, LABEL),
        (SUMMER, {"onvif": 3600.0, "rtcp": 0.1}, LABEL.replace("local time is right", "stream clock is right")),
        (SUMMER, {"snmp": 3600.0, "rtcp": 0.1}, ("SNMP clock is 1 h 00 min 00.0 s ahead, stream clock is right: "
                                                "the device labels local time as UTC")),
        (WINTER, {"onvif": 3600.0, "onvif_local": 0.2}, ("UTC field is 1 h 00 min 00.0 s ahead, local time is right: "
                                                        "its UTC is made with a wrong zone or summer time")),
    ],
)  # fmt: skip
def test_c25_utc_field_filled_with_local_time_is_one_label_fault(
    at: float, offsets: dict[str, float], sentence: str
) -> None:
    found = shows(at, **offsets)
    assert (found["offset"].state, found["offset"].code) == (State.DEGRADED, "clock_utc_label")
    assert told(found) == [sentence]


SOURCES = tuple(clock.NAMES)


@given(
    st.sets(st.sampled_from(SOURCES), min_size=1),
    st.sets(st.sampled_from(SOURCES)),
    st.integers(-56, 56).filter(bool),
    st.floats(-0.4, 0.4),
    st.sampled_from([WINTER, SUMMER]),
)
def test_c25_whichever_clocks_share_a_wrong_label_it_is_one_sentence(
    shifted: set[str], right: set[str], quarters: int, off: float, at: float
) -> None:
    offsets = dict.fromkeys(right, off) | dict.fromkeys(shifted, 900.0 * quarters + off)
    assert len(told(shows(at, **offsets))) == 1


@given(
    st.dictionaries(st.sampled_from(SOURCES), st.floats(-20, 20), min_size=1),
    st.sets(st.sampled_from(SOURCES)),
    st.sampled_from(sorted(set(Reason) - {Reason.AGENT_STALLED})),
)
def test_no_failed_source_changes_what_is_said_of_the_others(
    offsets: dict[str, float], failed: set[str], reason: Reason
) -> None:
    readings = tuple(ClockReading(source, near(offset)) for source, offset in offsets.items())
    more = tuple(ClockReading(source, None, reason, "words") for source in sorted(failed))
    before, after = judged(Clock(readings, GOOD)), judged(Clock((*more, *readings), GOOD))
    assert told(before) == told(after)
    assert before["offset"] == after["offset"]


@pytest.mark.parametrize("apart", [7.0, 60.0, 86400.0 * 3])
def test_c25_a_label_hides_no_other_disagreement(apart: float) -> None:
    found = shows(SUMMER, onvif=3600.0, onvif_local=0.2, http_date=apart)
    assert [v.code for v in found.values() if v.state is not State.OK] == [
        "clock_utc_label",
        "clocks_disagree",
    ]
    assert "ONVIF clock and web server clock" in found["agreement"].sentence


def test_c25_a_whole_device_in_a_wrong_zone_is_one_fault() -> None:
    found = shows(onvif=3600.2, onvif_local=3600.1, http_date=3600.0, rtcp=3600.1, snmp=3600.0)
    assert told(found) == ["clock 1 h 00 min 00.2 s ahead: summer time was not switched off"]
    found = shows(onvif=3600.2, http_date=0.0, rtsp_date=0.3)
    assert told(found) == [
        "clock 1 h 00 min 00.2 s ahead: summer time was not switched off; its RTSP clock is right"
    ]
    found = shows(onvif=0.2, onvif_local=3600.1, http_date=0.0, snmp=3600.0)
    assert told(found) == ["clock 1 h 00 min 00.0 s ahead: summer time was not switched off"]
    found = shows(onvif=0.2, onvif_local=0.1, http_date=3600.0)
    assert told(found) == [
        "clocks of the device disagree: ONVIF clock and web server clock are 1 h 0 min apart (limit 2 s)"
    ]


@pytest.mark.parametrize(
    ("at", "zone", "offsets", "sentences"),
    [
        (WINTER, "CST-8", {"onvif": 0.0, "onvif_local": 28800.0},
         ["clock 8 h 00 min 00.0 s ahead: wrong time zone (its time zone rule CST-8 is not Europe/London's)"]),
        (WINTER, "CST-8", {"onvif": -28800.0, "onvif_local": 0.0},
         [("UTC field is 8 h 00 min 00.0 s behind, local time is right: "
          "its time zone rule CST-8 is not Europe/London's")]),
        (SUMMER, "GMT0", {"onvif": 0.0, "onvif_local": -3600.0},
         [("clock 1 h 00 min 00.0 s behind: summer time was not switched on "
          "(its time zone rule GMT0 is not Europe/London's)")]),
        (WINTER, "CST-8", {"onvif": 0.0},
         ["local time is 8 h 0 min ahead: its time zone rule CST-8 is not Europe/London's"]),
        (WINTER, "CST-8", {"onvif": 0.0, "onvif_local": 0.0}, []),
        (WINTER, "GMT0", {"onvif": 3600.0, "onvif_local": 3600.0},
         ["clock 1 h 00 min 00.0 s ahead: summer time was not switched off",
          "clock will be 1 h 0 min behind from 28 Mar 2027: its time zone rule GMT0 is not Europe/London's"]),
        (WINTER, "GMT0BST,M3.5.0/2,M10.5.0", {"onvif": 0.0, "onvif_local": 0.0},
         [("clock will be 1 h 0 min behind on 28 Mar 2027 for 1 h 0 min: "
          "its time zone rule GMT0BST,M3.5.0/2,M10.5.0 is not Europe/London's")]),
    ],
)  # fmt: skip
def test_a_wrong_rule_and_its_wrong_time_are_one_sentence(
    at: float, zone: str, offsets: dict[str, float], sentences: list[str]
) -> None:
    readings = tuple(ClockReading(source, near(offset)) for source, offset in offsets.items())
    assert told(judged(Clock(readings, GOOD, "ntp", zone), at)) == sentences


@pytest.mark.parametrize("daylight", [True, False, None])
def test_the_flag_of_summer_time_is_not_judged(daylight: bool | None) -> None:
    """Some devices set it where the rule is used, whatever the season."""
    for at in (WINTER, SUMMER):
        readings = (ClockReading("onvif", near(0)), ClockReading("onvif_local", near(0)))
        assert (
            told(judged(Clock(readings, GOOD, "ntp", "GMT0BST,M3.5.0/1,M10.5.0", daylight), at))
            == []
        )


@pytest.mark.parametrize(
    ("zone", "at", "offset", "words"),
    [
        ("Australia/Sydney", WINTER, -3600.0, "summer time was not switched on"),
        ("Australia/Sydney", SUMMER, 3600.0, "summer time was not switched off"),
        ("Australia/Sydney", WINTER, 3600.0, "wrong time zone"),
        ("Australia/Lord_Howe", WINTER, -1800.0, "summer time was not switched on"),
        ("Europe/Dublin", WINTER, 3600.0, "summer time was not switched off"),
        ("Europe/Dublin", SUMMER, -3600.0, "summer time was not switched on"),
        ("Asia/Tokyo", WINTER, 3600.0, "wrong time zone"),
        ("Europe/London", WINTER, 43200.0, "morning and afternoon mixed up"),
    ],
)
def test_summer_time_is_the_zones_own(zone: str, at: float, offset: float, words: str) -> None:
    seen = Clock((ClockReading("onvif", near(offset)),), GOOD)
    look = Observation("C1", CheckName.CLOCK, "", at, 0.1, seen)
    found = next(
        v for v in clock.evaluate(look, replace(CAMERA, time_zone=zone)) if v.aspect == "offset"
    )
    assert (found.code, words in found.sentence) == ("clock_zone", True), found.sentence


@pytest.mark.parametrize(
    ("year", "code", "words"),
    [
        (1970, "clock_reset", "clock was reset: it shows 01 Jan 1970"),
        (1901, "clock_reset", "01 Jan 1901"),
        (2000, "clock_reset", "01 Jan 2000"),
        (2021, "clock_reset", "01 Jan 2021"),
        (2036, "clock_wrong_date", "01 Jan 2036"),
        (2038, "clock_wrong_date", "01 Jan 2038"),
        (9999, "clock_wrong_date", "01 Jan 9999"),
    ],
)
def test_c25_a_reset_clock_says_what_it_shows(year: int, code: str, words: str) -> None:
    found = shows(onvif=datetime(year, 1, 1, tzinfo=UTC).timestamp() - WINTER)["offset"]
    assert (found.state, found.code) == (State.FAULT, code)
    assert words in found.sentence


@pytest.mark.parametrize(
    ("shown", "code"),
    [
        (datetime(2022, 1, 2, 23, tzinfo=UTC), "clock_reset"),
        (datetime(2021, 12, 31, 16, tzinfo=UTC), "clock_reset"),
        (datetime(2022, 1, 4, tzinfo=UTC), "clock_wrong_date"),
        (datetime(2026, 11, 20, 12, tzinfo=UTC), "clock_wrong_date"),
        (datetime(2027, 1, 1, tzinfo=UTC), "clock_wrong_date"),
        (datetime(2036, 2, 7, 6, 28, 16, tzinfo=UTC), "clock_wrong_date"),
        (datetime(2038, 1, 19, 3, 14, 7, tzinfo=UTC), "clock_wrong_date"),
    ],
)
def test_c25_a_new_year_in_the_past_is_a_reset(shown: datetime, code: str) -> None:
    found = shows(onvif=shown.timestamp() - WINTER)["offset"]
    assert (found.state, found.code) == (State.FAULT, code)
    assert f"{shown:%d %b %Y %H:%M} UTC" in found.sentence


def test_c25_a_reset_clock_of_another_season_is_one_fault() -> None:
    """On 1 January 1970 it was an hour later in London than in UTC; the device knows that."""
    found = shows(onvif=-WINTER, onvif_local=3600 - WINTER, http_date=-WINTER)
    assert told(found) == ["clock was reset: it shows 01 Jan 1970 00:00 UTC"]
    found = shows(onvif=0.0, onvif_local=-3600.0 * 24 * 40)
    assert [v.code for v in found.values() if v.state is not State.OK] == ["clocks_disagree"]


def test_a1_what_a_reset_clock_shows_is_reckoned_from_true_time() -> None:
    """The healthmon machine itself believes that it is 1970."""
    ours = Reference(near(WINTER - 1000.0), 1000.0, 3, 3)
    seen = Clock(
        (ClockReading("onvif", near(datetime(2000, 1, 1, tzinfo=UTC).timestamp() - 1000.0)),), ours
    )
    assert (
        judged(seen, 1000.0)["offset"].sentence == "clock was reset: it shows 01 Jan 2000 00:00 UTC"
    )
    seen = Clock((ClockReading("onvif", near(WINTER - 1000.0 + 3600.0)),), ours)
    assert judged(seen, 1000.0)["offset"].sentence.endswith("summer time was not switched off")


@pytest.mark.parametrize("offset", [1e12, -1e12])
def test_c25_a_date_beyond_all_calendars_is_wrong_not_a_crash(offset: float) -> None:
    assert shows(onvif=offset)["offset"].code == "clock_wrong_date"


def test_c25_month_13_is_invalid() -> None:
    seen = Clock((ClockReading("onvif", None, Reason.PROTOCOL, "month 13", "2026-13-1"),), GOOD)
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


FAILED = [
    ClockReading("onvif", None, Reason.REFUSED, "connection to port 80: connection refused"),
    ClockReading(
        "onvif",
        None,
        Reason.PROTOCOL,
        "GetSystemDateAndTime: the answer holds no SystemDateAndTime",
    ),
    ClockReading(
        "onvif_local", None, Reason.PROTOCOL, "2026-2-31 4:5:6 is not a date", "2026-2-31 4:5:6"
    ),
    ClockReading("http_date", None, Reason.UNSUPPORTED, "no Date in the answer"),
    ClockReading("rtcp", None, Reason.NOT_REPORTED, "its sender reports have no time of day"),
    ClockReading("rtsp_date", None, Reason.RESET, "connection dropped"),
    ClockReading("snmp", None, Reason.TIMEOUT, "no SNMP answer in 4 s"),
]


@pytest.mark.parametrize("failed", FAILED, ids=lambda reading: f"{reading.source}-{reading.reason}")
@pytest.mark.parametrize("good", ["onvif", "snmp", "rtcp", "rtsp_date", "http_date", "onvif_local"])
def test_a_clock_that_failed_is_named_and_spoils_no_other(failed: ClockReading, good: str) -> None:
    found = judged(Clock((failed, ClockReading(good, near(0.1))), GOOD))
    assert {v.state for v in found.values()} == {State.OK}
    assert f"not read: {clock.NAMES[failed.source]} (" in found["agreement"].sentence


def test_clocks_that_failed_are_told_in_words() -> None:
    found = judged(Clock((ClockReading("onvif", near(0.1)), FAILED[0], FAILED[6]), GOOD))[
        "agreement"
    ]
    assert found.sentence == (
        "ONVIF clock read; not read: ONVIF clock (connection refused), SNMP clock (connected, no answer in time)"
    )
    found = judged(
        Clock((ClockReading("onvif", near(0.1)), ClockReading("rtcp", near(0)), FAILED[6]), GOOD)
    )["agreement"]
    assert found.sentence.startswith("2 clocks agree; not read: SNMP clock (")
    found = judged(Clock((FAILED[6], FAILED[0]), GOOD))
    assert [(v.state, v.reason) for v in found.values()] == [(State.UNKNOWN, Reason.TIMEOUT)]
    found = judged(Clock((FAILED[3],), GOOD))
    assert found["offset"].sentence == "clock not checked: the device shows no clock"
    found = judged(Clock((), GOOD))
    assert found["offset"].sentence == "clock not checked: the device shows no clock"


@pytest.mark.parametrize(
    ("reading", "true", "words"),
    [
        (ClockReading("onvif", near(3.0), stated="2026-11-24 12:00:03 UTC"), near(0.0, 0.01),
         "ONVIF clock: 3 s ahead of true time, +-0.11 s, it said 2026-11-24 12:00:03 UTC"),
        (ClockReading("rtcp", near(-3.0)), near(1.0, 0.01), "stream clock: 4 s behind true time, +-0.11 s"),
        (ClockReading("http_date", near(5.0, 1.5)), None, "web server clock: 5 s ahead of our own clock, +-1.50 s"),
        (FAILED[6], None, "SNMP clock: not read: connected, no answer in time (no SNMP answer in 4 s)"),
        (FAILED[2], None, ("local time: not read: answer not understood (2026-2-31 4:5:6 is not a date), "
          "it said 2026-2-31 4:5:6")),
    ],
)  # fmt: skip
def test_every_reading_in_words(reading: ClockReading, true: Span | None, words: str) -> None:
    assert clock.reading_words(reading, true) == words


def test_a_coarse_clock_gives_way_to_a_finer_one() -> None:
    slow = ClockReading("onvif", Span(-3.0, 3.0))
    found = judged(Clock((slow, ClockReading("rtcp", near(0.1))), GOOD))["offset"]
    assert (found.state, found.value) == (State.OK, pytest.approx(0.1))
    assert judged(Clock((slow,), GOOD))["offset"].state is State.UNKNOWN


@pytest.mark.parametrize(
    ("middle", "state"),
    [(1.9, State.OK), (2.05, State.OK), (2.5, State.UNKNOWN), (-2.5, State.UNKNOWN)],
)
def test_a_clock_that_is_more_likely_wrong_is_not_called_right(middle: float, state: State) -> None:
    assert (
        judged(Clock((ClockReading("http_date", near(middle, 1.5)),), GOOD))["offset"].state
        is state
    )


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
    found = judged(Clock((FAILED[3], ClockReading("onvif", None, Reason.AGENT_STALLED)), GOOD))[
        "offset"
    ]
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
    assert told(found) == [found["rule"].sentence, found["source"].sentence]
    fine = judged(replace(seen, mode="ntp", zone="GMT0BST,M3.5.0/1,M10.5.0"))
    assert (fine["source"].state, fine["rule"].state) == (State.OK, State.OK)
    unread = judged(replace(seen, zone="whatever"))["rule"]
    assert (unread.state, unread.reason) == (State.UNKNOWN, Reason.NOT_REPORTED)
    assert "rule" not in judged(replace(seen, zone=None))


@given(
    st.floats(-50, 50),
    st.floats(0, 3),
    st.floats(-5, 5),
    st.floats(0, 0.5),
    st.floats(-1, 1),
    st.floats(-1, 1),
)
def test_interval_arithmetic_never_accuses_a_clock_within_its_limits(
    true: float, error: float, ours: float, doubt: float, inside: float, within: float
) -> None:
    """Whatever the errors: FAULT only where the true offset is beyond 10 s, OK only where it can be
    near 2 s.
    """
    device_minus_ours, true_minus_ours = true + ours + error * inside, ours + doubt * within
    ref = Reference(near(true_minus_ours, doubt), WINTER, 1, 1)
    found = judged(Clock((ClockReading("onvif", near(device_minus_ours, error)),), ref))["offset"]
    if found.state is State.FAULT:
        assert abs(true) > 10 - 1e-6
    if found.state is State.DEGRADED:
        assert abs(true) > 2 - 1e-6
    if found.state is State.OK:
        assert abs(true) < 2 + 2 * (error + doubt) + 1e-6


def said(seen: Reference, at: float = WINTER) -> dict[str, Verdict]:
    look = Observation("agent", CheckName.REFERENCE, "", at, 0.1, seen)
    return {verdict.aspect: verdict for verdict in reference.evaluate(look, AGENT)}


LIAR = TimeServer("192.0.2.9", "false", detail="+3600.0 s off; outvoted")
DEAD = TimeServer("192.0.2.8", "silent", detail="no answer")
CLOSED = TimeServer("192.0.2.7", "silent", detail="port closed")
LOST = TimeServer("192.0.2.6", "unsynchronised", detail="says that it is not synchronised (INIT)")
KISSED = TimeServer("192.0.2.5", "bad", detail="refuses to answer this machine (DENY)")


def test_a1_reference_verdicts_in_words() -> None:
    fine = said(GOOD)
    assert fine["reference"].sentence == "clock reference +-4 ms (3 servers)"
    assert {v.state for v in fine.values()} == {State.OK}
    assert "(1 server)" in said(replace(GOOD, servers=1))["reference"].sentence
    assert "of this machine" in said(replace(GOOD, servers=0))["reference"].sentence
    ahead = said(replace(GOOD, offset=near(-1.5)))["host"]
    assert (ahead.state, ahead.value) == (State.DEGRADED, 1.5)
    assert "1.5 s ahead" in ahead.sentence


def test_a1_a_bad_time_server_is_named() -> None:
    found = said(replace(GOOD, members=(LIAR, DEAD, CLOSED, LOST, KISSED)))["reference"]
    assert (found.state, found.code) == (State.DEGRADED, "time_server")
    assert found.sentence.split("; time server ") == [
        "time server 192.0.2.9 wrong (+3600.0 s off; outvoted)",
        "192.0.2.8 does not answer",
        "192.0.2.7 does not answer (port closed)",
        "192.0.2.6 says that it is not synchronised (INIT)",
        "192.0.2.5 unusable (refuses to answer this machine (DENY)); clock reference +-4 ms (3 servers)",
    ]


def test_a1_no_reference_is_one_fault() -> None:
    found = said(Reference(None, WINTER, reason_text="nobody answers", members=(DEAD,)))
    assert [(v.state, v.code) for v in found.values()] == [(State.FAULT, "no_reference")]
    assert found["reference"].sentence == (
        "no trustworthy time: nobody answers (time server 192.0.2.8 does not answer); no camera clock can be checked"
    )


def test_a1_the_last_good_answer_serves_for_a_while_and_says_so() -> None:
    found = said(replace(GOOD, reason_text="nobody answers", members=(DEAD,)), WINTER + 240)[
        "reference"
    ]
    assert (found.state, found.code) == (State.DEGRADED, "time_server")
    assert found.sentence == (
        "nobody answers (time server 192.0.2.8 does not answer); the last good answer, 4 min old, serves for now (+-4 ms)"
    )
