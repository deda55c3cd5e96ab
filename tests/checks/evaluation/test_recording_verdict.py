"""Recordings judged: the operator's sentences, the limits, and everything in the recorder's own
time.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthmon.checks.evaluation.recording import complete, days, evaluate
from healthmon.model.device import Device
from healthmon.model.enums import CheckName, Kind, Reason, Span, State
from healthmon.model.footage import DAY, Footage, Recording, RecordingPlan
from healthmon.model.results import Observation

NOW = 1_794_983_200.0  # 18 Nov 2026 06:26:40 UTC
CAMERA = Device(
    "C1",
    "North",
    Kind.CAMERA,
    "s",
    "192.0.2.1",
    recorder="R1",
    channel="7",
    time_zone="Europe/London",
)
WELL = Recording("7", recording=True, state="Recording", oldest=NOW - 31.5 * DAY, newest=NOW - 4)
EXACT = Span(0.0, 0.0)
F, D, U, OK = State.FAULT, State.DEGRADED, State.UNKNOWN, State.OK


def judged(recording: Recording = WELL, plan: RecordingPlan | None = None, **clocks):
    seen = Footage("R1", recording, NOW, **{"clock": EXACT, **clocks})
    observation = Observation("C1", CheckName.RECORDING, "R1", NOW + 1, 0.1, seen)
    return {
        v.aspect: v
        for v in evaluate(observation, replace(CAMERA, recording=plan or RecordingPlan()))
    }


def test_a_camera_that_is_recorded_and_kept_as_planned():
    found = judged()
    assert {v.state for v in found.values()} == {OK}
    assert found["recording"].sentence == "recorded: newest picture 4 s old (limit 5 min)"
    assert found["retention"].sentence == "footage kept 31 d 12 h (limits 31 d / 32 d)"
    assert set(found) == {"recording", "retention"}, "what is not told is not judged"


NOT_RECORDED = "not recorded for 2 h 10 min: newest picture 04:16 (limit 5 min)"
ALWAYS, MOTION, NEVER = (RecordingPlan(schedule=word) for word in ("always", "motion", "none"))
RECORDINGS = [
    (ALWAYS, {"newest": NOW - 7800}, F, "not_recording", NOT_RECORDED),
    (ALWAYS, {"newest": NOW - 7800, "error": "disk full"}, F, "not_recording", f"{NOT_RECORDED}; recorder says: disk full"),
    (ALWAYS, {"newest": NOW - 7800, "signal": False}, F, "not_recording", f"{NOT_RECORDED}; recorder says: no video from the camera"),
    (ALWAYS, {"newest": NOW - 7800, "recording": False, "state": "Idle"}, F, "not_recording", f"{NOT_RECORDED}; recorder says: Idle"),
    (ALWAYS, {"newest": NOW - 2 * DAY}, F, "not_recording", "not recorded for 2 d 0 h: newest picture 16 Nov 06:26 (limit 5 min)"),
    (ALWAYS, {"newest": NOW - 301}, F, "not_recording", "not recorded for 5 min 1 s: newest picture 06:21:39 (limit 5 min)"),
    (ALWAYS, {"newest": NOW - 299, "recording": False}, OK, "ok", "recorded: newest picture 4 min 59 s old (limit 5 min)"),
    (ALWAYS, {"newest": None, "recording": False, "state": "Stopped"}, F, "not_recording", "not recorded; recorder says: Stopped"),
    (ALWAYS, {"newest": None}, OK, "ok", "recorded: the recorder says Recording; age of the newest picture not reported"),
    (ALWAYS, {"newest": None, "recording": None}, U, "not_reported", "recording not checked: recorder R1 reports neither a state nor the newest picture"),
    (MOTION, {"newest": NOW - 7800, "recording": False}, OK, "ok", "recorded: newest picture 2 h 10 min old (limit 24 h 0 min)"),
    (MOTION, {"newest": NOW - 26 * 3600}, D, "no_motion_recorded", "nothing recorded on motion for 26 h 0 min (limit 24 h 0 min)"),
    (MOTION, {"newest": None, "recording": False, "error": "disk full"}, F, "not_recording", "not recorded; recorder says: disk full"),
    (MOTION, {"newest": None, "recording": False, "state": "Idle"}, OK, "ok", "recorded: the recorder says Idle; age of the newest picture not reported"),
    (NEVER, {"newest": NOW - 7800, "recording": False}, OK, "ok", "not recorded, as planned"),
    (NEVER, {"newest": None, "oldest": None, "recording": None}, OK, "ok", "not recorded, as planned"),
    (NEVER, {}, D, "recording_unplanned", "recorded although no recording is planned: newest picture 06:26"),
]  # fmt: skip


@pytest.mark.parametrize(("plan", "told", "state", "code", "sentence"), RECORDINGS)
def test_c30_whether_a_camera_is_recorded(plan, told, state, code, sentence):
    found = judged(replace(WELL, **told), plan)["recording"]
    assert (found.state, found.code, found.sentence) == (state, code, sentence)


def test_a_fault_began_with_the_last_picture_by_our_clock():
    found = judged(replace(WELL, newest=NOW + 3600 - 7800), clock=Span(3600, 3600))["recording"]
    assert found.began == NOW - 7800


KEPT = [
    (40.0, {}, F, "retention_long", "footage kept 40 d, limit 32 d: data protection"),
    (32.1, {}, F, "retention_long", "footage kept 32 d 2 h, limit 32 d: data protection"),
    (32.0, {}, OK, "ok", "footage kept 32 d (limits 31 d / 32 d)"),
    (31.0, {}, OK, "ok", "footage kept 31 d (limits 31 d / 32 d)"),
    (30.5, {}, D, "retention_short", "oldest footage 30 d 12 h, must be 31 d"),
    (29.0, {}, F, "retention_short", "oldest footage 29 d, must be 31 d"),
    (1.0, {}, F, "retention_short", "oldest footage 24 h 0 min, must be 31 d"),
    (40.0, {"locked_until": NOW - 35 * DAY}, OK, "ok",
     "oldest footage 40 d is kept as evidence (locked until 14 Oct 07:26); limit 32 d not applied"),
    (40.0, {"locked_until": NOW - 41 * DAY}, F, "retention_long", "footage kept 40 d, limit 32 d: data protection"),
]  # fmt: skip


@pytest.mark.parametrize(("kept", "told", "state", "code", "sentence"), KEPT)
def test_c30_how_long_footage_is_kept(kept, told, state, code, sentence):
    found = judged(replace(WELL, oldest=NOW - kept * DAY, **told))["retention"]
    assert (found.state, found.code, found.sentence) == (state, code, sentence)


def test_retention_of_a_new_camera_of_motion_and_of_none():
    ten = replace(WELL, oldest=NOW - 10 * DAY)
    assert judged(ten, RecordingPlan(since=NOW - 10 * DAY))["retention"].state is OK
    assert (
        judged(ten, RecordingPlan(since=NOW - 20 * DAY))["retention"].sentence
        == "oldest footage 10 d, must be 19 d"
    )
    assert judged(ten, MOTION)["retention"].state is D, "perhaps nothing moved before"
    assert judged(replace(ten, newest=NOW - 7800, recording=False), NEVER)["retention"].state is OK
    long = replace(WELL, oldest=NOW - 40 * DAY)
    assert (
        judged(long, MOTION)["retention"].code
        == judged(long, NEVER)["retention"].code
        == "retention_long"
    )


def test_oldest_footage_that_is_not_told_is_not_checked_unless_there_is_none():
    assert judged(replace(WELL, oldest=None))["retention"].state is U
    assert "retention" not in judged(replace(WELL, oldest=None, newest=None, recording=False))


def test_what_the_recorder_is_set_to():
    assert judged(replace(WELL, retention_seconds=60 * DAY))["setting"].code == "retention_setting"
    assert (
        judged(replace(WELL, retention_seconds=7 * DAY))["setting"].sentence
        == "recorder is set to keep 7 d (limits 31 d / 32 d)"
    )
    assert judged(replace(WELL, retention_seconds=31 * DAY))["setting"].state is OK
    assert "setting" not in judged(replace(WELL, retention_seconds=0.0)), (
        "0 is unlimited and says nothing"
    )
    less = judged(replace(WELL, schedule="motion"))["schedule"]
    assert (less.state, less.code) == (D, "schedule_differs")
    assert (
        less.sentence == "recorder is set to recording on motion, continuous recording is planned"
    )
    assert judged(replace(WELL, schedule="always"), MOTION)["schedule"].state is OK
    assert judged(replace(WELL, schedule="none"), MOTION)["schedule"].code == "schedule_differs"


def with_gaps(*gaps: tuple[float, float], since: float = 7 * DAY, **told) -> Recording:
    """Gaps as (seconds ago, length)."""
    made = tuple((NOW - ago, NOW - ago + length) for ago, length in gaps)
    return replace(WELL, gaps=made, gaps_since=NOW - since, **told)


@pytest.mark.parametrize(
    ("recording", "state", "words"),
    [
        (with_gaps(), OK, "100.0 % recorded in the last 24 h (limits 1 min, 99.5 %)"),
        (with_gaps((5 * 3600, 59)), OK, "99.9 % recorded in the last 24 h"),
        (
            with_gaps((5 * 3600, 90)),
            D,
            "gap of 1 min 30 s, 01:26:40 to 01:28:10; 99.9 % recorded in the last 24 h",
        ),
        (
            with_gaps((5 * 3600, 700)),
            F,
            "gap of 11 min 40 s, 01:26:40 to 01:38:20; 99.2 % recorded",
        ),
        (with_gaps(*((n * 600, 30) for n in range(2, 40))), F, "38 gaps, the longest of 30 s"),
        (with_gaps((3 * DAY, 7200)), OK, "100.0 % recorded in the last 24 h"),
        (
            with_gaps((DAY + 3600, 7200)),
            F,
            "gap of 1 h 0 min, 17 Nov 06:26 to 17 Nov 07:26; 95.8 %",
        ),
        (with_gaps((1800, 900), since=3600), F, "75.0 % recorded in the last 59 min 56 s"),
    ],
)
def test_c30_gaps_count_for_a_day(recording, state, words):
    found = judged(recording)["gaps"]
    assert (found.state, found.code) == (state, "ok" if state is OK else "recording_gap")
    assert words in found.sentence


def test_footage_that_is_still_missing_is_said_once():
    stopped = with_gaps((7800, 7800), newest=NOW - 7800)
    found = judged(stopped)
    assert found["recording"].code == "not_recording"
    assert "gaps" not in found
    older = with_gaps((20_000, 700), (7800, 7800), newest=NOW - 7800)
    assert "gaps" not in judged(older), "one fault at a time"
    assert "gaps" not in judged(with_gaps((5 * 3600, 700)), MOTION), "nothing moved"


def test_c25_times_are_compared_in_the_recorders_own_time():
    for offset in (3600.0, -3600.0, 86400.0):
        moved = replace(WELL, oldest=WELL.oldest + offset, newest=WELL.newest + offset)
        found = judged(moved, clock=Span(offset - 0.5, offset + 0.5))
        assert {v.state for v in found.values()} == {OK}
        assert found["recording"].value == pytest.approx(4)


def test_c25_footage_from_the_future_and_a_camera_of_another_time():
    ahead = judged(replace(WELL, newest=NOW + 3600))
    assert ahead["times"].code == "recording_clock"
    assert (
        ahead["times"].sentence
        == "newest picture is stamped 1 h 0 min ahead of the recorder's own clock (limit 1 min)"
    )
    assert ahead["recording"].state is OK
    apart = judged(camera_clock=Span(29.0, 31.0))
    assert (
        apart["times"].sentence == "footage is stamped 30 s behind the camera's clock (limit 10 s)"
    )
    assert judged(camera_clock=Span(-1.0, 1.0))["times"].state is OK
    assert "times" not in judged(camera_clock=Span(29.0, 31.0), true=EXACT), (
        "the camera's clock check names it"
    )
    assert "times" not in judged(clock=Span(3600, 3600), camera_clock=EXACT, true=EXACT), (
        "the recorder's does"
    )


def test_a_recorder_that_could_not_be_read_says_nothing_about_the_camera():
    observation = Observation(
        "C1",
        CheckName.RECORDING,
        "R1",
        NOW,
        0.1,
        None,
        Reason.CONNECT_TIMEOUT,
        "recorder R1: TCP port 80: no answer",
    )
    (found,) = evaluate(observation, CAMERA)
    assert (found.state, found.aspect, found.reason) == (U, "recording", Reason.CONNECT_TIMEOUT)
    assert (
        found.sentence == "recording not checked: recorder R1: no answer (TCP port 80: no answer)"
    )


@pytest.mark.slow
@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.floats(-1e5, 1e6), st.floats(-1e5, 1e5)), max_size=8),
    st.floats(0, 1e6),
    st.one_of(st.none(), st.floats(-1e9, 1e9)),
    st.floats(-1e5, 1e5),
)
def test_whatever_is_told_shares_stay_shares(gaps, since, newest, offset):
    told = with_gaps(*gaps, since=since, newest=None if newest is None else NOW + newest)
    seen = Footage("R1", told, NOW, Span(offset, offset))
    share = complete(seen, DAY)
    assert share is None or 0 <= share <= 1
    assert judged(told, clock=Span(offset, offset))


def test_days_as_people_say_them():
    assert [days(x * DAY) for x in (0.5, 1.5, 2, 31, 31.51, 400)] == [
        "12 h 0 min",
        "36 h 0 min",
        "2 d",
        "31 d",
        "31 d 12 h",
        "400 d",
    ]


def test_the_cameras_own_alarm_of_a_covered_view_is_passed_on():
    covered = judged(replace(WELL, covered=True))["covered"]
    assert (covered.state, covered.code) == (F, "camera_covered")
    assert judged(replace(WELL, covered=False))["covered"].state is OK
    assert "covered" not in judged(replace(WELL, covered=None)), "it does not look for that"
    assert "covered" not in judged(replace(WELL, covered=False, signal=False)), "there is no view"
