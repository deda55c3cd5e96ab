"""The recorder itself, and footage that was played: what each report means, and what is not
reported.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from healthmon.checks.evaluation import playback
from healthmon.checks.evaluation.recorder import evaluate
from healthmon.model.device import Access, Commissioned, Device
from healthmon.model.enums import CheckName, Kind, Reason, Span, State
from healthmon.model.footage import (
    DAY,
    Disk,
    Fan,
    Playback,
    RecorderHealth,
    RecorderMeasurement,
    Sample,
)
from healthmon.model.picture import Comparison, PictureReading, ScreenClock
from healthmon.model.results import Observation

NOW = 1_794_983_200.0
RECORDER = Device(
    "R1", "Recorder", Kind.RECORDER, "s", "192.0.2.2", make="hikvision", access=Access(credential="v"),
    commissioned=Commissioned(firmware="5.1"),
)  # fmt: skip
F, D, U, OK = State.FAULT, State.DEGRADED, State.UNKNOWN, State.OK
HEALTH = RecorderHealth("hikvision", "Example", "NVR64")


def judged(health: RecorderHealth = HEALTH, **seen):
    value = RecorderMeasurement(health, NOW, **seen)
    return {
        v.aspect: v
        for v in evaluate(Observation("R1", CheckName.RECORDER, "", NOW, 0.1, value), RECORDER)
    }


def test_what_is_not_reported_is_not_judged():
    found = judged()
    assert set(found) == {"recorder", "login", "alarms"}
    assert {v.state for v in found.values()} == {OK}
    assert found["recorder"].sentence == "recorder answers: Example NVR64"


DISKS = (Disk("1", "ok", 4e12, 1e12), Disk("2", "ok", 4e12, 0.0))
CASES = [
    ({"disks": DISKS}, "disks", OK, "ok", "2 disks well"),
    ({"disks": (*DISKS, Disk("3", "failed", detail="SMART"))}, "disks", F, "disk_failed", "1 of 3 disks bad: 3 failed (SMART)"),
    ({"disks": (*DISKS, Disk("3", "absent"))}, "disks", F, "disk_failed", "1 of 3 disks bad: 3 missing"),
    ({"disks": (*DISKS, Disk("RAID", "degraded"))}, "disks", D, "disk_degraded", "1 of 3 disks bad: RAID degraded"),
    ({"disks": (Disk("1", "full"),)}, "disks", OK, "ok", "1 disk well"),
    ({"disks": DISKS, "overwriting": True}, "full", OK, "ok", "overwrites the oldest footage when full"),
    ({"disks": DISKS, "overwriting": False}, "full", D, "not_overwriting", "set to stop recording when full, not to overwrite (25 % free)"),
    ({"disks": (Disk("1", "ok", 100.0, 1.0),), "overwriting": False}, "full", F, "recorder_full",
     "disks full and not overwriting: recording stops (1 % free, limit 2 %)"),
    ({"disks": (Disk("1", "full"),), "overwriting": False}, "full", F, "recorder_full",
     "disks full and not overwriting: recording stops (free space not reported, limit 2 %)"),
    ({"temperature_celsius": 41.0}, "temperature", OK, "ok", "recorder 41 C (limit 60 C)"),
    ({"temperature_celsius": 41.0, "disks": (Disk("2", temperature_celsius=63.0),)}, "temperature", D, "recorder_hot", "disk 2 63 C (limit 60 C)"),
    ({"fans": (Fan("1", True), Fan("2", False), Fan("3", None, 900.0))}, "fans", D, "fan_failed", "1 of 2 fans failed: 2"),
    ({"fans": (Fan("1", True),)}, "fans", OK, "ok", "1 fan runs"),
    ({"channels_lost": ("3", "9")}, "channels", F, "channel_lost", "no video on 2 channels: 3, 9"),
    ({"channels_lost": ()}, "channels", OK, "ok", "video on every channel"),
    ({"uptime_seconds": 720.0}, "restart", D, "restarted", "restarted 12 min ago (reported for 1 h 0 min)"),
    ({"uptime_seconds": 12 * DAY}, "restart", OK, "ok", "up for 12 d"),
    ({"cpu_ratio": 0.97}, "cpu", D, "recorder_busy", "processor 97 % busy (limit 95 %)"),
    ({"time_source": "manual"}, "source", D, "clock_manual", "recorder's clock is set by hand, not by NTP"),
    ({"time_source": "ntp", "time_server": ""}, "source", D, "no_time_server", "recorder's clock is set to NTP, but no time server is named"),
    ({"time_source": "ntp", "time_server": "192.0.2.1"}, "source", OK, "ok", "recorder's clock is set by NTP from 192.0.2.1"),
    ({"firmware": "5.1 "}, "firmware", OK, "ok", "firmware 5.1"),
    ({"firmware": "6.0"}, "firmware", D, "firmware_changed", "firmware 6.0, commissioned was 5.1"),
    ({"problems": ("RAID rebuild", "power 2")}, "alarms", D, "recorder_alarm", "recorder's own alarms: RAID rebuild, power 2"),
]  # fmt: skip


@pytest.mark.parametrize(("told", "aspect", "state", "code", "sentence"), CASES)
def test_c30_what_a_recorder_reports(told, aspect, state, code, sentence):
    found = judged(replace(HEALTH, **told))[aspect]
    assert (found.state, found.code, found.sentence) == (state, code, sentence)


def test_a_restart_began_when_the_recorder_says():
    assert judged(replace(HEALTH, uptime_seconds=720.0))["restart"].began == NOW - 720


def test_only_channels_of_cameras_count_and_a_lost_camera_explains_its_own():
    health = replace(HEALTH, channels_lost=("3", "9", "64"))
    cameras = (("3", "C3"), ("9", "C9"), ("10", "C10"))
    found = judged(health, cameras=cameras)["channels"]
    assert found.sentence == "no video on 2 of 3 channels: 3 (C3), 9 (C9)"
    assert (
        judged(health, cameras=cameras, away=frozenset({"C3"}))["channels"].sentence
        == "no video on 1 of 3 channels: 9 (C9)"
    )
    explained = judged(health, cameras=cameras, away=frozenset({"C3", "C9"}))["channels"]
    assert (explained.state, explained.sentence) == (
        OK,
        "video on every channel but those of cameras that cannot be reached",
    )


def test_c25_the_clock_that_footage_is_stamped_with_is_judged_once():
    ahead = replace(HEALTH, clock=Span(3599.5, 3600.5))
    true = Span(-0.01, 0.01)
    found = judged(ahead, true=true)["clock"]
    assert (found.state, found.code) == (F, "recording_clock")
    assert (
        found.sentence
        == "footage is stamped 1 h 00 min 00.0 s ahead of true time (limits 2 s / 10 s)"
    )
    assert judged(ahead, true=true, clock_checked=Span(3599.0, 3601.0))["clock"].state is OK, (
        "the clock check names it"
    )
    assert judged(ahead, true=true, clock_checked=Span(-1.0, 1.0))["clock"].state is F, (
        "that one reads another clock"
    )
    assert judged(replace(HEALTH, clock=Span(4.0, 5.0)), true=true)["clock"].state is D
    assert judged(replace(HEALTH, clock=Span(-1.0, 0.5)), true=true)["clock"].state is OK
    assert "clock" not in judged(ahead), "without a true time nothing is said"


def test_what_another_check_says_is_not_said_again():
    manual = replace(HEALTH, time_source="manual", firmware="6.0")
    found = judged(manual, elsewhere=frozenset({"source", "firmware"}))
    assert (found["source"].state, found["firmware"].state) == (OK, OK)


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (Reason.AUTH_FAILED, "login_refused"),
        (Reason.LOCKED_OUT, "locked_out"),
        (Reason.TIMEOUT, None),
    ],
)
def test_a_recorder_that_cannot_be_read(reason, code):
    found = {
        v.aspect: v
        for v in evaluate(
            Observation("R1", CheckName.RECORDER, "", NOW, 0.1, None, reason), RECORDER
        )
    }
    assert found["recorder"].state is U
    assert (found["login"].code if "login" in found else None) == code


# ------------------------------------------------------------------------------------------------ playback

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
GOOD = Sample("5m", NOW - 300, frames=9, bytes=9000, first=NOW - 301, last=NOW - 298)
SKIPPED = Sample("24h", skipped="no footage is that old")
SEEN = PictureReading(width=640, height=360, mean=110.0, low=10.0, high=230.0, true=Span(0.0, 0.0))
ON_VIEW = Comparison(
    10, 10, peak=0.3, other_peak=0.02, coarse=0.9, detail=1.0, depth=1.0, covered=0.0
)
ELSEWHERE = replace(ON_VIEW, peak=0.02, coarse=0.1)


def pictured(**changes: object) -> Sample:
    return replace(GOOD, picture=replace(SEEN, **changes))


def stamped(hour: int) -> ScreenClock:
    numbers = (("hour", hour), ("minute", 21), ("second", 39))
    return ScreenClock("top left", numbers, 0.9, True, GOOD.first)


def played(*samples: Sample):
    value = Playback("R1", "7", samples, NOW, Span(0.0, 0.0))
    return playback.evaluate(Observation("C1", CheckName.PLAYBACK, "R1", NOW, 1.0, value), CAMERA)


def shifted(seconds: float, age="5m") -> Sample:
    return replace(GOOD, age=age, first=GOOD.asked + seconds, last=GOOD.asked + seconds + 3)


@pytest.mark.parametrize(
    ("samples", "state", "code", "words"),
    [
        ((GOOD, SKIPPED), OK, "ok", "footage of 5 min ago plays; its time is right (limit 1 min)"),
        ((replace(GOOD, first=None, last=None),), OK, "ok", "footage of 5 min ago plays; its time is not reported"),
        ((shifted(-200.0),), OK, "ok", "plays"),
        ((shifted(-400.0),), F, "playback_time", "footage asked for 06:21 is dated 06:15: 6 min 40 s earlier (limit 1 min)"),
        ((shifted(3600.0),), F, "playback_time", "1 h 0 min later"),
        ((shifted(500.0), shifted(501.0, "oldest")), F, "playback_time", "8 min 20 s later"),
        ((shifted(500.0), replace(GOOD, age="oldest")), D, "playback_gap", "footage of 5 min ago has a hole of 8 min 20 s, from 06:21 to 06:30"),
        ((replace(GOOD, jumps=((NOW - 300, NOW - 200),)),), D, "playback_gap", "has a hole of 1 min 40 s"),
        ((GOOD, replace(GOOD, age="oldest", frames=0, first=None, watched=6.0)), F, "playback_failed",
         "footage of the oldest hour does not play: nothing came in 6 s; that of 5 min ago plays"),
        ((Sample("5m", NOW - 300, reason=Reason.NOT_FOUND, detail="PLAY answered 454"),), F, "playback_failed", "(PLAY answered 454)"),
        ((Sample("5m", NOW - 300, reason=Reason.BUSY),), U, "busy", "playback not checked: recorder R1: all its sessions are in use"),
        ((pictured(),), OK, "ok", "its time is right (limit 1 min); recorded picture seen"),
        ((pictured(problem="not decoded"),), OK, "ok", "its time is right (limit 1 min)"),
        ((pictured(dark=1.0), shifted(-400.0)), F, "playback_time", "earlier"),
        ((GOOD, replace(pictured(dark=1.0), age="oldest")), F, "recorded_blank", "recorded picture of the oldest hour: no picture: black (100 % of it, limit 97 %)"),
        ((pictured(baseline=ON_VIEW, clocks=(stamped(7),)),), OK, "ok", "recorded picture seen"),
        ((pictured(baseline=ELSEWHERE),), D, "recorded_view", "recorded picture of 5 min ago: another view"),
        ((pictured(baseline=ELSEWHERE, dismissed=("view_changed",)),), OK, "ok", "recorded picture seen"),
        ((SKIPPED,), U, "not_reported", "playback not checked: recorder R1: no footage is that old"),
        ((Sample("5m", NOW - 300, reason=Reason.BUSY), replace(GOOD, age="oldest")), OK, "ok", "footage of the oldest hour plays"),
    ],
)  # fmt: skip
def test_what_played_footage_means(samples, state, code, words):
    found = played(*samples)[0]
    assert (found.aspect, found.state, found.code) == ("playback", state, code)
    assert words in found.sentence


RIGHT, AHEAD = pictured(clocks=(stamped(6),)), pictured(clocks=(stamped(7),))
UNREAD = pictured(clocks=(replace(stamped(6), sure=False, margin=0.4),))


@pytest.mark.parametrize(
    ("samples", "state", "code", "words"),
    [
        ((RIGHT,), OK, "ok", "clock in the recorded picture of 5 min ago is right"),
        ((RIGHT, replace(AHEAD, age="24h")), D, "recorded_clock", "recorded picture of 24 h ago: clock at the top left of the picture is 1 h 0 min ahead"),
        ((UNREAD, replace(AHEAD, age="24h")), D, "recorded_clock", "1 h 0 min ahead"),
        ((RIGHT, replace(UNREAD, age="24h")), U, "not_reported",
         "clock in the recorded picture of 24 h ago not checked: the clock at the top left of the picture was not read surely"),
        ((pictured(dark=1.0, clocks=(stamped(6),)),), OK, "ok", "is right"),
        ((pictured(clock_problem="not learned yet"),), None, "", ""),
        ((pictured(clocks=(stamped(7),), dismissed=("recorded_clock",)),), None, "", ""),
        ((AHEAD, shifted(-400.0)), None, "", ""),
    ],
)  # fmt: skip
def test_a_clock_in_footage_that_is_not_read_is_never_well(samples, state, code, words):
    found = [one for one in played(*samples) if one.aspect == "recorded_clock"]
    if state is None:
        assert found == []
        return
    (clock,) = found
    assert (clock.state, clock.code) == (state, code)
    assert words in clock.sentence


def test_whether_a_sample_is_good_for_the_metric():
    bad = Sample("5m", NOW - 300, reason=Reason.FORBIDDEN)
    busy = Sample("5m", NOW - 300, reason=Reason.BUSY)
    assert [playback.well(s) for s in (GOOD, shifted(900.0), bad, SKIPPED, busy)] == [
        True,
        False,
        False,
        None,
        None,
    ]
