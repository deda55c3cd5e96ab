"""The view of a PTZ camera: what is told of it at a preset, away from it, and after a day."""

from __future__ import annotations

from dataclasses import replace

import pytest

from healthmon.checks.evaluation.picture import evaluate
from healthmon.checks.metrics.picture import samples
from healthmon.model.device import Device
from healthmon.model.enums import CheckName, Kind, State
from healthmon.model.picture import Comparison, LastView, PictureReading, PtzView
from healthmon.model.results import Observation, Verdict

CAMERA = Device("C001", "C001", Kind.CAMERA, "S", "127.0.0.1", variant="ptz")
NOW = 1_796_025_600.0  # Monday 30 November 2026, 08:00 in London
KNOWN = Comparison(
    10,
    10,
    peak=0.3,
    other_peak=0.02,
    coarse=0.9,
    detail=1.0,
    depth=1.0,
    covered=0.0,
    focus=1.0,
    crisp=1.0,
)
MOVED = replace(KNOWN, peak=0.03, other_peak=0.3, right=32)
COVERED = replace(KNOWN, covered=0.4)
GOOD = PictureReading(width=1920, height=1080, mean=110, low=12, high=230, flat=0.2, baseline=KNOWN)
AT = PtzView("preset 1", sure=True)
AWAY = PtzView(why="the camera was moving")


def verdicts(picture: PictureReading) -> dict[str, Verdict]:
    observation = Observation("C001", CheckName.PICTURE, "main", NOW, 0.0, picture)
    return {one.aspect: one for one in evaluate(observation, CAMERA)}


def view(ptz: PtzView, known: Comparison | None) -> Verdict | None:
    return verdicts(replace(GOOD, baseline=known, ptz=ptz)).get("view")


def preset(ptz: PtzView, known: Comparison | None) -> str:
    found = verdicts(replace(GOOD, baseline=known, ptz=ptz))
    assert "view" not in found
    assert found["preset"].state is State.OK, "where it is is no judgement"
    return found["preset"].sentence


def last(known: Comparison, ago: float, *, sure: bool = True) -> LastView:
    return LastView(NOW - ago, "preset 1", known, 1920, 1080, sure)


def test_at_its_preset_it_is_judged_like_a_fixed_camera():
    good, moved = view(AT, KNOWN), view(AT, MOVED)
    assert good is not None
    assert moved is not None
    assert (good.state, good.sentence) == (
        State.OK,
        "view as learned: agreement 0.30 (limit 0.06); judged 08:00 at preset 1",
    )
    assert (moved.state, moved.code) == (State.DEGRADED, "view_moved")
    assert moved.sentence.endswith("; judged 08:00 at preset 1")


def test_where_only_its_picture_tells_the_preset_it_may_be_covered_and_never_moved():
    recognised = replace(AT, sure=False)
    covered = view(recognised, COVERED)
    assert covered is not None
    assert covered.code == "view_covered"
    assert view(recognised, MOVED) is None


def test_an_operators_move_is_no_fault_of_the_picture():
    found = verdicts(replace(GOOD, baseline=None, ptz=AWAY))
    assert found["preset"].sentence == "view not checked: the camera was moving"
    assert {one.state for one in found.values()} == {State.OK}
    assert not {"focus", "moving", "view"} & set(found)


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (3600, "view last judged 07:00 at preset 1: view as learned"),
        (86400, "view last judged 29 Nov 08:00 at preset 1: view as learned"),
    ],
)
def test_away_from_its_presets_it_is_as_it_was_judged_last(ago: float, words: str):
    found = view(replace(AWAY, last=last(KNOWN, ago)), None)
    assert found is not None
    assert (found.state, found.code) == (State.OK, "ok")
    assert found.sentence.startswith(words)


def test_after_a_day_it_is_not_checked_and_says_where_to_send_the_camera():
    assert preset(replace(AWAY, last=last(KNOWN, 86401)), None) == (
        "view last judged 29 Nov 07:59 at preset 1; since then the camera was moving: "
        "send C001 to preset 1"
    )
    longer = view(replace(AWAY, last=last(KNOWN, 86401), lasts=90000.0), None)
    assert longer is not None
    assert longer.state is State.OK


def test_what_was_wrong_before_raises_nothing_again():
    said = preset(replace(AWAY, last=last(MOVED, 600)), None)
    assert "at preset 1: the picture has moved" in said
    assert said.endswith("; since then the camera was moving: send C001 to preset 1")


def test_a_preset_that_is_being_learned_says_so():
    assert preset(AT, Comparison(3, 10)) == (
        "view not checked: preset 1 is being learned in this light, 3 of 10 pictures"
    )


def test_when_the_view_was_judged_is_a_metric():
    picture = replace(GOOD, ptz=replace(AWAY, last=last(KNOWN, 600)))
    observation = Observation("C001", CheckName.PICTURE, "main", NOW, 0.0, picture)
    told = {name: value for name, _, value in samples(observation, ())}
    assert told["healthmon_picture_view_judged_timestamp_seconds"] == NOW - 600
