"""Five clocks of one camera in one view: which two disagree, and what is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from healthmon.checks.evaluation.five_clocks import FiveClocks, five_clocks
from healthmon.checks.evaluation.picture import evaluate as judged
from healthmon.checks.metrics import picture as picture_metrics
from healthmon.checks.metrics import recording as recording_metrics
from healthmon.model.device import Device
from healthmon.model.enums import CheckName, Kind, Reason, Span
from healthmon.model.footage import Footage, Recording, RecordingPlan
from healthmon.model.measurements import Clock, ClockReading, Reference
from healthmon.model.picture import PictureReading, ScreenClock
from healthmon.model.results import Observation

NOW = datetime(2026, 11, 30, 9, 50, 20, 300_000, UTC).timestamp()
TRUE = Span(-0.01, 0.01)
CAMERA = Device("C1", "Gate", Kind.CAMERA, "S", "192.0.2.1")
HOUR = 3600.0
OFF = {Reason.TIMEOUT: "connected, no answer in time"}


def near(offset: float, error: float = 0.2) -> Span:
    return Span(offset - error, offset + error)


def clock(**ahead: float) -> Clock:
    readings = tuple(ClockReading(name, near(one)) for name, one in ahead.items())
    return Clock(readings, Reference(TRUE, NOW, 3, 3))


def picture(ahead: float = 0.0, **more) -> PictureReading:
    shown = datetime.fromtimestamp(NOW + ahead, UTC)
    parts = (("hour", shown.hour), ("minute", shown.minute), ("second", shown.second))
    one = ScreenClock("top left", parts, 0.9, more.pop("sure", True), NOW)
    return PictureReading(**{"clocks": (one,), "true": TRUE, **more})


def footage(ahead: float | None = 0.0, newest: float | None = 5.0, **more) -> Footage:
    """The recorder's clock is `ahead`, the newest footage is stamped `newest` seconds ago by it."""
    stamp = NOW + (ahead or 0.0) - newest if newest is not None else None
    told = {"clock": near(ahead) if ahead is not None else None, "true": TRUE}
    return Footage("R1", Recording("1", newest=stamp), NOW, **(told | more))


def shown(*values, camera: Device = CAMERA) -> FiveClocks:
    names = {Clock: "clock", PictureReading: "picture", Footage: "recording"}
    seen = {
        names[type(one)]: Observation("C1", names[type(one)], "", NOW, 0.1, one) for one in values
    }
    return five_clocks(camera, seen)


ALL_RIGHT = clock(onvif=0.3, rtcp=-0.2), picture(), footage(0.4)


def test_all_five_agree_in_two_words_and_each_has_its_offset_and_error():
    found = shown(*ALL_RIGHT)
    assert found.words == "clocks agree"
    assert [one.name for one in found.clocks] == [
        "true time", "device", "stream", "picture", "recording",
    ]  # fmt: skip
    words = [one.words for one in found.clocks]
    assert words == [
        "known to +-0.01 s",
        "0.3 s ahead, +-0.21 s",
        "0.2 s behind, +-0.21 s",
        "0.9 s ahead, +-1.3 s",
        "0.4 s ahead, +-0.21 s",
    ]
    told = found.as_json()
    assert told["disagree"] == []
    assert told["clocks"][1] == {
        "clock": "device", "offset_seconds": 0.3, "error_seconds": 0.21, "not_known": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "words", "pairs"),
    [
        (
            (clock(onvif=0.3, rtcp=0.1), picture(HOUR), footage()),
            "picture 1 h 0 min ahead of device",
            [["picture", "device"]],
        ),
        (
            (clock(onvif=HOUR, rtcp=HOUR), picture(HOUR), footage()),
            "device 1 h 0 min ahead of true time",
            [["device", "true time"]],
        ),
        (
            (clock(onvif=-300.0, rtcp=0.1), picture(), footage(HOUR)),
            "recording 1 h 0 min ahead of true time; device 5 min behind true time",
            [["recording", "true time"], ["device", "true time"]],
        ),
        (
            (clock(onvif=-1.9, rtcp=1.9), picture(), footage()),
            "stream 3.8 s ahead of device",
            [["stream", "device"]],
        ),
        ((picture(-HOUR), footage()), "picture 1 h 0 min behind true time", None),
        # A UTC field that is wrong shows nobody a wrong time.
        ((clock(onvif=HOUR, onvif_local=0.0, rtcp=0.0), picture(), footage()), "clocks agree", []),
    ],
)
def test_the_pair_that_disagrees_is_named_once_for_each_cause(values, words, pairs):
    found = shown(*values)
    assert found.words.startswith(words)
    assert pairs is None or found.as_json()["disagree"] == pairs


def test_what_is_less_than_the_limits_is_no_disagreement():
    assert shown(clock(onvif=1.9, rtcp=0.0), picture(8.0), footage(8.0)).words == "clocks agree"
    wide = replace(CAMERA, limits=replace(CAMERA.limits, clock=(5400.0, 7200.0)))
    assert shown(clock(onvif=HOUR, rtcp=0.0), picture(), footage(), camera=wide).disagree == ()


def test_a_clock_that_is_not_known_says_why_and_is_never_well():
    found = shown(clock(onvif=0.0), picture(sure=False), footage(None, None))
    assert found.words == (
        "2 of 5 clocks agree; not known: stream (no sender report), picture (not read surely), "
        "recording (its recorder tells no time)"
    )
    nothing = shown()
    assert nothing.words.startswith("not known: true time (no trustworthy time reference), device")
    assert "agree" not in nothing.words
    assert [one.words for one in nothing.clocks][4] == "not known: no recorder is read for it"


def test_without_true_time_no_offset_is_told():
    untrue = replace(ALL_RIGHT[0], reference=None)
    found = shown(untrue, replace(ALL_RIGHT[1], true=None), replace(ALL_RIGHT[2], true=None))
    assert {one.offset for one in found.clocks} == {None}
    assert {one.why for one in found.clocks} == {"no trustworthy time reference"}


def test_why_a_clock_was_not_read_comes_from_its_check():
    relayed = (
        ClockReading("onvif", None, Reason.TIMEOUT),
        ClockReading("rtsp_date", None, Reason.NOT_REPORTED, "MediaMTX is a relay"),
    )
    found = shown(replace(clock(), readings=relayed), PictureReading(problem="not decoded"))
    whys = [one.why for one in found.clocks]
    assert whys[1:4] == [OFF[Reason.TIMEOUT], "MediaMTX is a relay", "not decoded"]
    assert shown(PictureReading(true=TRUE)).clocks[3].why == "the clock in the picture is not read"
    failed = Observation("C1", CheckName.CLOCK, "", NOW, 0.1, None, Reason.TIMEOUT)
    assert five_clocks(CAMERA, {"clock": failed}).clocks[1].why == OFF[Reason.TIMEOUT]


def test_footage_goes_by_its_newest_stamp_where_the_recorder_has_no_clock_or_stamps_ahead_of_it():
    ahead = shown(footage(0.0, -HOUR)).clocks[4].offset
    assert ahead is not None
    assert ahead.low == pytest.approx(HOUR, abs=0.1)
    by_stamp = shown(footage(None, 20.0)).clocks[4].offset
    assert (by_stamp.low, by_stamp.high) == pytest.approx((-20.0, 280.0), abs=0.1)
    assert shown(footage(None, 2 * HOUR)).clocks[4].why == "its newest footage is 2 h 0 min old"
    motion = replace(CAMERA, recording=RecordingPlan(schedule="motion"))
    assert shown(footage(None, 20.0), camera=motion).clocks[4].offset is None


def test_the_clocks_in_picture_and_footage_are_sources_of_the_one_metric_family():
    seen = Observation("C1", CheckName.PICTURE, "main", NOW, 0.1, picture(HOUR, mean=90, high=200))
    found = dict.fromkeys(ALL_CLOCKS, ())
    for one, module in ((seen, picture_metrics), (_of(footage(0.4)), recording_metrics)):
        verdicts = judged(one, CAMERA) if module is picture_metrics else ()
        for name, labels, value in module.samples(one, verdicts):
            if name in found:
                found[name] += ((dict(labels)["source"], round(value, 2)),)
    assert found["healthmon_clock_offset_seconds"] == (("picture", 3600.95), ("recording", 0.4))
    assert found["healthmon_clock_offset_error_seconds"] == (("picture", 1.26), ("recording", 0.21))
    ahead = footage(0.0, -HOUR)
    assert not [s for s in recording_metrics.samples(_of(ahead), ()) if s[0] in ALL_CLOCKS]


ALL_CLOCKS = ("healthmon_clock_offset_seconds", "healthmon_clock_offset_error_seconds")


def _of(seen: Footage) -> Observation:
    return Observation("C1", CheckName.RECORDING, "R1", NOW, 0.1, seen)
