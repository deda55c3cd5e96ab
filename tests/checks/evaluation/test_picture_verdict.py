"""What a picture is judged to be by its measurements, at and beside each limit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from healthmon.checks.evaluation.picture import evaluate
from healthmon.model.device import Device
from healthmon.model.enums import CheckName, Kind, Reason, State
from healthmon.model.picture import Change, Comparison, PictureReading
from healthmon.model.results import Observation, Verdict

CAMERA = Device("C1", "C1", Kind.CAMERA, "S", "127.0.0.1")
LEARNED = Comparison(
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
GOOD = PictureReading(
    width=1920,
    height=1080,
    mean=110,
    low=12,
    high=230,
    flat=0.2,
    session=Change(mean=1.5, cell=40, apart=2.0, fine=1.2),
    baseline=replace(LEARNED, low_peak=0.2, low_focus=0.9),
)


def verdicts(picture: PictureReading) -> dict[str, Verdict]:
    observation = Observation("C1", CheckName.PICTURE, "main", 1.8e9, 0.0, picture)
    return {one.aspect: one for one in evaluate(observation, CAMERA)}


def compared(**changes: object) -> PictureReading:
    assert GOOD.baseline is not None
    return replace(GOOD, baseline=replace(GOOD.baseline, **changes))


def test_a_good_picture_is_well_in_every_aspect():
    found = verdicts(GOOD)
    assert set(found) == {"present", "moving", "exposure", "view", "focus"}
    assert {one.state for one in found.values()} == {State.OK}


@pytest.mark.parametrize(
    ("share", "value", "code", "words"),
    [
        ("dark", 0.97, "picture_black", "no picture: black (97 % of it, limit 97 %)"),
        ("bright", 0.98, "picture_white", "no picture: white (98 % of it, limit 97 %)"),
        ("flat", 1.0, "picture_flat", "no picture: one grey (100 % of it, limit 97 %)"),
        ("uniform", 0.75, "picture_flat", "no picture: a blank card (75 % of it, limit 75 %)"),
        ("bars", 0.95, "picture_flat", "no picture: a test card (95 % of it, limit 90 %)"),
    ],
)
def test_c17_no_picture(share: str, value: float, code: str, words: str):
    blank = replace(GOOD, baseline=None, **{share: value})
    found = verdicts(blank)
    assert set(found) == {"present"}, "of nothing, nothing else is judged"
    assert (found["present"].state, found["present"].code) == (State.FAULT, code)
    assert found["present"].sentence == words
    less = verdicts(replace(blank, **{share: value - 0.06}))
    assert less["present"].state is State.OK


def test_a_picture_that_lies_on_the_learned_view_is_one_however_dark():
    assert verdicts(replace(GOOD, dark=0.99))["present"].state is State.OK
    moved = compared(peak=0.02, other_peak=0.1, right=16)
    found = verdicts(replace(moved, flat=0.99))
    assert (found["present"].state, found["view"].code) == (State.OK, "view_moved")


def test_c16_frozen_before_a_living_encoder():
    """FF-A18: the bytes of every key frame differ, the picture does not."""
    still = Change(mean=0.02, cell=1.0, apart=2.0, fine=0.05)
    found = verdicts(replace(GOOD, session=still))["moving"]
    assert (found.state, found.code) == (State.FAULT, "picture_frozen")
    assert "it changed by 0.05 grey levels (limit 0.25)" in found.sentence


@pytest.mark.parametrize(
    "session",
    [
        None,  # one key frame
        Change(mean=0.02, cell=1.0, apart=0.5, fine=0.05),  # no clock has ticked in that time
        Change(mean=1.9, cell=5.0, apart=2.0, fine=1.7),  # a low bit rate: noise or encoder?
        Change(mean=0.8, cell=9.0, apart=2.0, fine=0.1),  # between still and moved
    ],
)
def test_c16_frozen_is_not_checked_where_it_cannot_be_told(session: Change | None):
    assert "moving" not in verdicts(replace(GOOD, session=session))


@pytest.mark.parametrize(
    ("learned", "fine", "frozen"),
    [(4.6, 0.6, False), (4.6, 0.2, True), (0.4, 0.2, False), (0.4, 0.1, True)],
)
def test_what_a_camera_has_learned_of_its_changes_only_lowers_the_limit(
    learned: float, fine: float, frozen: bool
):
    """A calm day after one of snow; a camera that changes little."""
    still = Change(mean=0.5, cell=2.0, apart=2.0, fine=fine)
    baseline = replace(LEARNED, low_change=learned)
    found = verdicts(replace(GOOD, session=still, baseline=baseline))
    assert (found.get("moving") is not None) is frozen


def test_a_camera_that_always_moved_and_stands_still_is_frozen_at_a_low_bit_rate_too():
    still = Change(mean=1.9, cell=5.0, apart=300.0)
    assert "moving" not in verdicts(replace(GOOD, session=None, between=still, moved=11))
    found = verdicts(replace(GOOD, session=None, between=still, moved=12))["moving"]
    assert (found.state, found.code) == (State.FAULT, "picture_frozen")
    learned = compared(pairs=8, moving=8)
    assert verdicts(replace(learned, session=None, between=still))["moving"].state is State.FAULT
    quiet = compared(pairs=8, moving=7)
    assert "moving" not in verdicts(replace(quiet, session=None, between=still))
    ticking = replace(GOOD, session=Change(1.9, 30.0, 2.0, 1.7), between=still, moved=12)
    assert verdicts(ticking)["moving"].state is State.OK


@pytest.mark.parametrize(("apart", "frozen"), [(1.0, False), (1.3, False), (1.7, True)])
def test_a_clock_may_show_the_same_second_in_key_frames_that_are_close_together(
    apart: float, *, frozen: bool
):
    """One that is late by a few pictures has not ticked in a second by our clock."""
    still = Change(mean=1.9, cell=5.0, apart=apart, fine=1.7)
    found = verdicts(replace(GOOD, session=still, moved=12)).get("moving")
    assert (found is not None and found.state is State.FAULT) is frozen


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"burned": 0.4}, "picture_overexposed", "over-exposed: 40 % of the picture is white"),
        ({"mean": 19, "high": 44}, "picture_too_dark", "too dark: mean grey level 19"),
    ],
)
def test_exposure_is_for_a_person_to_look_at(changes: dict[str, float], code: str, words: str):
    found = verdicts(replace(GOOD, **changes))["exposure"]
    assert (found.state, found.code) == (State.DEGRADED, code)
    assert found.sentence.startswith(words)


def test_moved_says_how_far_and_where():
    found = verdicts(compared(peak=0.04, other_peak=0.3, right=32, down=-9))["view"]
    assert (found.state, found.code) == (State.DEGRADED, "view_moved")
    assert found.sentence == (
        "the picture has moved 192 px right, 10 % of the width and 54 px up, 5 % of the height"
        " (limit 3 %)"
    )


@pytest.mark.parametrize(
    "sway",
    [
        {"peak": 0.04, "other_peak": 0.3, "right": 6},  # a pole in the wind
        {"peak": 0.25, "other_peak": 0.3, "right": 60},  # a fence fits in two places
    ],
)
def test_a_pole_that_sways_has_not_moved(sway: dict[str, float]):
    found = verdicts(compared(**sway)).get("view")
    assert found is None or found.state is State.OK


def test_a_pattern_that_fits_elsewhere_is_no_move_while_light_and_dark_stay():
    """352 x 288 scaled to 320 x 180: noise repeats every ten pixels."""
    pattern = {"peak": 0.07, "other_peak": 0.13, "right": 30, "down": -15}
    assert verdicts(compared(**pattern, coarse=0.9))["view"].state is State.OK
    assert verdicts(compared(**pattern, coarse=0.5))["view"].code == "view_moved"
    surely = pattern | {"peak": 0.03}
    assert verdicts(compared(**surely, coarse=0.75))["view"].code == "view_moved"


def test_covered_says_how_much():
    found = verdicts(compared(covered=0.32))["view"]
    assert found.code == "view_covered"
    assert found.sentence == "covered: 32 % of the view (limit 6 %)"
    assert verdicts(compared(covered=0.05))["view"].state is State.OK


def test_wrong_zoom_and_another_view():
    found = verdicts(compared(peak=0.02, zoom=1.34, zoom_peak=0.1, coarse=0.6))["view"]
    assert (found.code, found.sentence) == (
        "view_zoomed",
        "another zoom: 1.34 times that of the learned view",
    )
    other = verdicts(compared(peak=0.02, zoom=1.2, zoom_peak=0.03, coarse=0.1))["view"]
    assert other.code == "view_changed"
    gone = verdicts(compared(peak=0.02, zoom_peak=0.02, zoom=1.2, coarse=0.1, detail=0.1))["view"]
    assert gone.code == "view_covered"


def test_the_blocks_of_an_encoder_are_no_agreement_with_the_learned_view():
    few = {"peak": 0.02, "other_peak": 0.055, "right": -9, "coarse": 0.1, "covered": 0.5}
    assert verdicts(compared(**few))["view"].code == "view_changed"
    zoomed = compared(**few, zoom=1.3, zoom_peak=0.07)
    assert verdicts(zoomed)["view"].code == "view_zoomed"


def test_a_view_that_cannot_be_told_is_neither_well_nor_a_fault():
    assert "view" not in verdicts(compared(peak=0.03, zoom=1.2, zoom_peak=0.03, coarse=0.7))


@pytest.mark.parametrize("shown", [{"zoom": 1.3, "zoom_peak": 0.08}, {"coarse": 0.9}])
def test_a_plain_wall_that_shows_the_learned_view_is_a_picture(shown: dict[str, float]):
    few = {"peak": 0.01, "coarse": 0.5, "depth": 0.1, "covered": 0.0}
    plain = replace(GOOD, flat=1.0, baseline=replace(LEARNED, **few))
    assert verdicts(plain)["present"].code == "picture_flat"
    seen = replace(GOOD, flat=1.0, baseline=replace(LEARNED, **few | shown))
    assert verdicts(seen)["present"].state is State.OK


def test_focus():
    found = verdicts(compared(focus=0.6))["focus"]
    assert (found.state, found.code) == (State.DEGRADED, "picture_defocused")
    assert found.sentence == "out of focus: 60 % of the learned sharpness (limit 72 %)"
    assert "focus" not in verdicts(compared(focus=None))
    assert "focus" not in verdicts(compared(crisp=0.7)), "neither well nor a fault"
    assert "focus" not in verdicts(compared(focus=0.3, depth=0.15)), "fog"
    assert "focus" not in verdicts(compared(focus=1.0, depth=0.4)), "fog"
    assert verdicts(compared(focus=0.6, depth=0.4))["focus"].code == "picture_defocused"


def test_where_good_pictures_differ_as_much_in_sharpness_a_blur_is_far_below_them_or_not_told():
    """An encoder at a low rate: the least sharp of ten good pictures had 80 %."""
    varied = {"low_focus": 0.8}
    assert "focus" not in verdicts(compared(**varied, focus=0.7)), "neither well nor a fault"
    assert "focus" not in verdicts(compared(**varied, focus=0.65))
    found = verdicts(compared(**varied, focus=0.63))["focus"]
    assert found.sentence == "out of focus: 63 % of the learned sharpness (limit 64 %)"
    sharp = verdicts(compared(**varied, focus=0.73))["focus"]
    assert sharp.sentence == "sharp: 73 % of the learned sharpness (limit 64 %)"
    assert sharp.state is State.OK


def test_a_strong_blur_leaves_light_and_dark_and_no_outline():
    few = {"peak": 0.04, "zoom_peak": 0.03, "coarse": 0.95}
    found = verdicts(compared(**few, crisp=0.3))
    assert (found["focus"].code, "view" in found) == ("picture_defocused", False)
    assert verdicts(compared(**few))["focus"].state is State.OK, "it sways by three pixels"


def test_a_blurred_picture_is_not_covered_though_its_tiles_lost_their_structure():
    found = verdicts(compared(focus=0.5, covered=0.2, coarse=0.9))
    assert found["focus"].code == "picture_defocused"
    assert found["view"].state is State.OK
    assert verdicts(compared(focus=0.9, covered=0.2, coarse=0.9))["view"].code == "view_covered"
    unlike = compared(focus=0.5, covered=0.2, coarse=0.6)
    assert verdicts(unlike)["view"].code == "view_covered"
    strong = {"peak": 0.04, "crisp": 0.3, "coarse": 0.97}
    found = verdicts(compared(**strong, covered=0.3))
    assert (found["focus"].code, "view" in found) == ("picture_defocused", False)


def test_an_area_behind_something_else_is_covered_whatever_its_outlines_are():
    found = verdicts(compared(hidden=0.2, covered=0.03, focus=0.4, coarse=0.8))["view"]
    assert (found.code, found.sentence) == (
        "view_covered",
        "covered: 20 % of the view (limit 6 %)",
    )


def test_light_and_dark_that_agree_by_half_do_not_make_a_view_whose_outlines_are_gone():
    assert verdicts(compared(peak=0.015, coarse=0.42, covered=0.3))["view"].code == "view_changed"
    assert verdicts(compared(peak=0.04, coarse=0.42, covered=0.3))["view"].code == "view_covered"


def test_in_a_light_that_is_not_learned_only_another_view_is_told():
    """Day and night of one view still share something (0.05 and more); other views do not."""
    far = Comparison(0, 10, far_peak=0.03, far_coarse=0.05)
    found = verdicts(replace(GOOD, baseline=far))
    assert found["view"].code == "view_changed"
    assert "another view: agreement with the nearest learned light 0.03" in found["view"].sentence
    for same in (replace(far, far_peak=0.05), replace(far, far_coarse=0.3)):
        assert "view" not in verdicts(replace(GOOD, baseline=same))


def test_what_was_not_learned_is_not_judged():
    found = verdicts(replace(GOOD, baseline=Comparison(3, 10)))
    assert set(found) == {"present", "moving", "exposure"}


def test_a_problem_is_unknown_and_said():
    found = verdicts(PictureReading(problem="not decoded within 4 s"))["present"]
    assert (found.state, found.reason) == (State.UNKNOWN, Reason.NOT_REPORTED)
    assert found.sentence == "picture not checked: not decoded within 4 s"


def test_what_a_person_has_called_a_false_alarm_is_not_asked_again_until_it_is_learned():
    covered = compared(covered=0.4)
    assert verdicts(covered)["view"].code == "view_covered"
    said = replace(covered, dismissed=("view_covered",))
    assert "view" not in verdicts(said), "neither well nor a fault"
    assert verdicts(replace(covered, dismissed=("view_moved",)))["view"].code == "view_covered"
    assert verdicts(replace(covered, allowed=("view_covered",)))["view"].code == "view_covered"
    assert "picture_black" in {
        one.code for one in verdicts(replace(said, baseline=None, dark=1.0)).values()
    }


@pytest.mark.parametrize(
    ("said", "level", "state"),
    [
        ({"dismissed": ("picture_too_dark",)}, None, State.OK),
        ({"allowed": ("picture_too_dark",)}, 15.0, State.OK),
        ({"allowed": ("picture_too_dark",)}, 30.0, State.DEGRADED),
        ({"allowed": ("picture_overexposed",)}, 15.0, State.DEGRADED),
    ],
)
def test_a_light_that_a_person_allows_is_judged_against_what_was_learned(
    said: dict[str, tuple[str, ...]], level: float | None, state: State
):
    dim = replace(compared(level=level, light=5.0), mean=15.0, high=40.0, **said)
    found = verdicts(dim)["exposure"]
    assert (found.state, found.light) == (state, 5.0)
    assert ("a person has looked: no fault" in found.sentence) is (state is State.OK)


def unchanged(**changes: float) -> PictureReading:
    """The third check in a row that shows the same view, behind a clock that ticks."""
    last = Change(mean=1.2, cell=30.0, apart=300.0, scene=3.0, drift=0.2)
    known = compared(low_drift=1.4, low_change=0.9)
    ticking = Change(mean=1.2, cell=30.0, apart=2.0, fine=0.8, scene=3.0)
    same = replace(known, session=ticking, between=last, same=2, same_for=600.0)
    return replace(same, **changes)


def between(**changes: float | None) -> Change:
    last = unchanged().between
    assert last is not None
    return replace(last, **changes)


def test_a_view_that_stays_the_same_as_it_never_did_is_frozen_at_a_low_bit_rate_too():
    found = verdicts(unchanged())["moving"]
    assert (found.state, found.code) == (State.FAULT, "picture_frozen")
    words = "the same in 3 checks in a row (15 min), tiles of it changed by 0.20 grey levels"
    assert f"{words} (limit 0.60)" in found.sentence


@pytest.mark.parametrize(
    "picture",
    [
        unchanged(same=1),  # a street is empty for ten minutes
        unchanged(same_for=100.0),  # checks in quick succession
        unchanged(between=between(apart=20.0)),
        unchanged(between=between(drift=0.61)),  # no encoder changes tiles so much
        unchanged(between=between(drift=None)),  # a signature of another version
        unchanged(between=between(scene=11.0)),  # somebody far away
        unchanged(session=Change(mean=1.2, cell=30.0, apart=2.0, fine=0.8, scene=12.0)),
        unchanged(baseline=replace(LEARNED, low_drift=None)),
        unchanged(baseline=replace(LEARNED, low_drift=0.4)),  # a corridor by night
        unchanged(baseline=None),
    ],
)
def test_a_view_that_may_be_quiet_is_not_frozen(picture: PictureReading):
    assert verdicts(picture)["moving"].state is State.OK
