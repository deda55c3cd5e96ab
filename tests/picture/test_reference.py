"""What a camera learns of its own pictures, and what it then finds, in pictures of a real encoder."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from helpers.pictures import coded, scene, with_noise

from healthmon.picture import decoding
from healthmon.picture.baselines import Baselines, lights_of
from healthmon.picture.decoding import Decoded
from healthmon.picture.reference import LEARNED, MOST_LIGHTS, Baseline

VIEW = scene(3, size=(704, 400))
HOURS = 3600.0


def shown(grey: Any, seed: int = 0, codec: str = "h264") -> Decoded:
    data = coded(codec, with_noise(grey, seed))
    return decoding.decoded(codec, data, 10**7)


def camera(grey: Any, *, left: int = 32, top: int = 20) -> Any:
    """The part of the street that the camera sees."""
    return grey[top : top + 360, left : left + 640]


@functools.cache
def learned() -> bytes:
    baseline = Baseline()
    for number in range(LEARNED):
        baseline.learn(shown(camera(VIEW), number), 2 * HOURS * number, moved=True)
    return baseline.packed()


def compared(grey: Any, **options: Any) -> dict[str, Any]:
    return Baseline.read(learned()).compared(shown(grey, 99, **options))


def test_the_same_view_is_found_again_by_every_codec():
    for codec in ("h264", "h265", "mjpeg"):
        found = compared(camera(VIEW), codec=codec)
        assert found["peak"] > 0.3
        assert found["covered"] == 0
        assert found["focus"] > 0.85
        assert (found["pairs"], found["moving"]) == (10, 10)


@pytest.mark.parametrize(("left", "top"), [(0, 20), (64, 20), (32, 0), (50, 32)])
def test_a_moved_camera_is_told_with_direction_and_distance(left: int, top: int):
    found = compared(camera(VIEW, left=left, top=top))
    assert found["other_peak"] > max(0.06, 1.3 * found["peak"])
    assert found["right"] == pytest.approx((32 - left) / 2, abs=1)
    assert found["down"] == pytest.approx((20 - top) / 2, abs=1)


@pytest.mark.parametrize("share", [0.3, 0.5])
def test_a_cover_is_told_with_its_share(share: float):
    grey = camera(VIEW).copy()
    grey[:, : int(640 * share)] = 40
    found = compared(grey)
    assert found["covered"] == pytest.approx(share, abs=0.12)
    assert max(found["peak"], found["other_peak"]) > 0.06, "the rest is in its place"


def test_a_cover_with_outlines_of_its_own_is_told_where_it_is_brighter_than_the_view_ever_was():
    """A poster or a sheet with folds over the right part of a scene at night."""
    dark = camera(VIEW) * 0.3
    baseline = Baseline()
    for number in range(LEARNED):
        baseline.learn(shown(dark, number), 2 * HOURS * number)
    poster = dark.copy()
    poster[:, 448:] = 60 + 0.3 * scene(9)[:360, :192]
    found = baseline.compared(shown(poster, 99))
    assert found["hidden"] == pytest.approx(0.3, abs=0.08)
    assert all(number % 8 >= 5 for number in found["tiles"])


@pytest.mark.parametrize("sun", [0.55, 1.6])
def test_a_shadow_or_the_sun_on_a_part_of_the_view_covers_nothing(sun: float):
    grey = camera(VIEW).astype(float) * 0.7
    baseline = Baseline()
    for number in range(LEARNED):
        baseline.learn(shown(grey, number), 2 * HOURS * number)
    lit = grey.copy()
    lit[120:, :350] *= sun
    found = baseline.compared(shown(lit, 99))
    assert max(found["covered"], found["hidden"]) < 0.06


def test_what_a_low_sun_burns_white_is_not_covered():
    rows, columns = np.ogrid[:360, :640]
    veil = 500 * np.exp(-((rows - 60) ** 2 + (columns - 480) ** 2) / (2 * 70**2))
    found = compared(np.clip(camera(VIEW) * 0.8 + veil, 0, 255))
    assert max(found["covered"], found["hidden"]) < 0.06
    assert found["peak"] > 0.06


def under_leaves(grey: Any, seed: int) -> Any:
    """The sun through leaves."""
    spots = np.random.default_rng(seed).normal(0, 0.4, (grey.shape[0] // 4, grey.shape[1] // 4))
    return np.clip(grey * (1 + np.kron(spots, np.ones((4, 4)))), 0, 255)


def test_sun_through_leaves_covers_nothing_though_light_tiles_change_more_than_others():
    assert compared(under_leaves(camera(VIEW), 1))["covered"] == 0


def test_a_wall_that_showed_nothing_but_sun_through_leaves_is_not_covered_on_a_dull_day():
    wall = 120 + 0.1 * (camera(VIEW) - 120.0)
    baseline = Baseline()
    for number in range(LEARNED):
        baseline.learn(shown(under_leaves(wall, number), number), 2 * HOURS * number)
    found = baseline.compared(shown(wall * 0.8, 99))
    assert found["learned"] == LEARNED
    assert max(found["covered"], found["hidden"]) < 0.06


def test_what_a_tile_loses_in_good_pictures_too_is_no_cover():
    """A blind that is down now and then: the rest is judged as in a view without one."""
    down = camera(VIEW).astype(float)
    down[:160, 320:] = 0.1 * down[:160, 320:] + 100
    baseline = Baseline()
    for number in range(LEARNED):
        grey = down if number % 3 == 0 else camera(VIEW)
        baseline.learn(shown(grey, number), 2 * HOURS * number)
    assert baseline.compared(shown(down, 99))["covered"] == 0
    bag = camera(VIEW).copy()
    bag[:, :192] = 40
    assert baseline.compared(shown(bag, 99))["covered"] == pytest.approx(0.3, abs=0.12)


def test_a_file_that_knows_nothing_of_its_tiles_is_judged_by_its_median():
    older = Baseline.read(learned())
    older.lights[0].usual = None
    again = Baseline.read(older.packed())
    bag = camera(VIEW).copy()
    bag[:, :192] = 40
    for grey, share in ((camera(VIEW), 0.0), (bag, 0.3)):
        found = again.compared(shown(grey, 99))
        assert found["covered"] == pytest.approx(share, abs=0.12)


def blurred(grey: Any, sigma: float) -> Any:
    reach = np.arange(-15, 16)
    kernel = np.exp(-(reach**2) / (2 * sigma**2))
    kernel /= kernel.sum()
    found = grey.astype(float)
    for axis in (0, 1):
        found = np.apply_along_axis(lambda line: np.convolve(line, kernel, "same"), axis, found)
    return found


@pytest.mark.parametrize("sigma", [2.0, 5.0])
def test_a_blurred_picture_is_less_sharp_however_much_noise_comes_after_the_lens(sigma: float):
    assert compared(blurred(camera(VIEW), sigma))["focus"] < 0.6


def test_the_least_sharp_good_picture_is_known_though_it_was_the_only_one():
    """An encoder at a low rate leaves less of one picture than of another."""
    soft = blurred(camera(VIEW), 0.8)
    baseline = Baseline()
    for number in range(LEARNED):
        grey = soft if number == 4 else camera(VIEW)
        baseline.learn(shown(grey, number), 2 * HOURS * number)
    found = Baseline.read(baseline.packed()).compared(shown(soft, 99))
    assert found["low_focus"] < 0.85
    assert found["focus"] == pytest.approx(found["low_focus"], abs=0.05)


def test_noise_takes_no_sharpness_and_hides_no_cover():
    """A night: the noise of the sensor is stronger than what the view holds at full size."""
    grey = camera(VIEW) * 0.3 + 20
    baseline = Baseline()
    for number in range(LEARNED):
        data = coded("h264", with_noise(grey, number, 5.0))
        baseline.learn(decoding.decoded("h264", data, 10**7), 2 * HOURS * number)
    hidden = grey.copy()
    hidden[:, :192] = 30
    for picture, share in ((grey, 0.0), (hidden, 0.3)):
        data = coded("h264", with_noise(picture, 99, 5.0))
        found = baseline.compared(decoding.decoded("h264", data, 10**7))
        assert found["covered"] == pytest.approx(share, abs=0.09)
        assert found["focus"] is None or found["focus"] > 0.85


def test_another_zoom_and_another_view():
    view = camera(VIEW)
    rows = (np.arange(360) - 180) / 1.3 + 180
    columns = (np.arange(640) - 320) / 1.3 + 320
    zoomed = view[np.ix_(rows.astype(int), columns.astype(int))]
    found = compared(zoomed)
    assert found["zoom"] == pytest.approx(1.3, abs=0.09)
    assert found["zoom_peak"] > 0.06
    other = compared(scene(8))
    assert max(other["peak"], other["other_peak"], other["zoom_peak"]) < 0.06
    assert other["coarse"] < 0.4


def test_half_the_light_is_the_same_light_and_a_tenth_is_another():
    assert compared(camera(VIEW) * 0.6)["learned"] == LEARNED
    dark = compared(scene(8) * 0.1)
    assert (dark["learned"], "peak" in dark) == (0, False)
    assert dark["far_peak"] < 0.045, "it is another view in whatever light"


def test_outlines_that_lie_on_the_learned_ones_are_of_its_light_however_bright():
    """A bag over half of the lens, or a cloud."""
    grey = camera(VIEW) * 0.25
    grey[:, :256] = 3
    found = compared(grey)
    assert found["learned"] == LEARNED
    assert found["covered"] == pytest.approx(0.4, abs=0.12)


def test_a_light_is_judged_from_six_pictures_on():
    baseline = Baseline()
    for number in range(6):
        assert "peak" not in baseline.compared(shown(camera(VIEW), 70))
        baseline.learn(shown(camera(VIEW), number), 2 * HOURS * number)
    found = baseline.compared(shown(camera(VIEW), 70))
    assert (found["learned"], found["peak"] > 0.3) == (6, True)
    assert baseline.lights[0].grey is None, "it goes on learning"


def test_pictures_are_learned_two_hours_apart_and_let_go_when_they_are_ten():
    baseline = Baseline()
    for number in range(LEARNED - 1):
        baseline.learn(shown(camera(VIEW), number), 2 * HOURS * number)
        baseline.learn(shown(camera(VIEW), number), 2 * HOURS * number + 1 * HOURS)
    half = Baseline.read(baseline.packed())
    assert [light.count for light in half.lights] == [LEARNED - 1]
    half.learn(shown(camera(VIEW), 50), 100 * HOURS)
    done = Baseline.read(half.packed())
    assert (done.lights[0].greys, done.lights[0].grey is not None) == ([], True)
    assert not done.changed
    done.learn(shown(camera(VIEW), 51), 200 * HOURS)
    assert not done.changed, "a light that is learned stays as it is"


def test_nothing_is_learned_of_a_blank_picture_and_old_lights_make_room():
    baseline = Baseline()
    baseline.learn(shown(np.full((360, 640), 90.0)), 0.0)
    assert baseline.lights == []
    for number, share in enumerate((1.0, 0.4, 0.15, 0.05, 0.7, 0.02)):
        baseline.learn(shown(scene(20 + number) * share, number), 10 * HOURS * number)
    assert 2 <= len(baseline.lights) <= MOST_LIGHTS


@pytest.mark.parametrize("damage", [b"", b"x" * 40, b"\0" * 8, None])
def test_a_damaged_file_is_an_empty_one(damage: bytes | None):
    data = learned()[:-100] if damage is None else damage
    assert Baseline.read(data).lights == []
    assert lights_of(data) == []


def test_files_are_the_owners_only_and_can_be_forgotten(tmp_path):
    kept = Baselines(tmp_path / "pictures")
    where = ("C/1 \N{SNOWMAN}", "main")
    assert kept.read(where) == b""
    kept.write(where, learned())
    path = kept.path(where)
    assert path is not None
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert path.parent == tmp_path / "pictures"
    (light,) = lights_of(kept.read(where))
    assert (light.count, light.needed, light.last) == (10, 10, 18 * HOURS)
    assert kept.forget(where)
    assert not kept.forget(where)


def test_a_light_that_is_put_aside_is_not_used_and_is_let_go_once_another_one_is_learned():
    view = scene(3, size=(640, 360))
    first = Baseline()
    for number in range(LEARNED):
        first.learn(shown(view, number), 1000.0 + number, apart=0.0)
    (light,) = first.lights
    assert first.compared(shown(view, 99))["light"] == light.began
    again = Baseline.read(first.packed())
    again.put_aside([light.began])
    assert again.compared(shown(view, 99))["learned"] == 0
    for number in range(6):
        assert [one.began for one in again.aside] == [light.began]
        again.learn(shown(view, number), 2000.0 + number, apart=0.0)
        again = Baseline.read(again.packed())
        assert len(again.lights) == 2 - (number == 5), "it is kept until then, for an undo"
        again.put_aside([light.began])
    assert again.aside == []
    assert again.compared(shown(view, 99))["light"] == 2000.0


def test_whether_colour_and_its_absence_were_learned_is_told():
    baseline, picture = Baseline.read(learned()), shown(camera(VIEW), 99)
    (light,) = baseline.lights
    found = baseline.compared(picture)
    assert (found["coloured"], found["grey_level"]) == (False, light.level)
    light.colour = 6.0
    found = baseline.compared(picture)
    assert (found["coloured"], found["grey_level"]) == (True, None)
