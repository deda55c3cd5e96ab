"""Privacy zones: found in what a camera has learned, missed when they go, and out of all else."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from helpers.pictures import coded, scene, with_noise

from healthmon.picture import decoding, measuring, privacy, zones
from healthmon.picture.decoding import Decoded
from healthmon.picture.reference import LEARNED, Baseline

VIEW = scene(31)
Area = tuple[int, int, int, int]  # top, bottom, left, right
FIRST, SECOND = (80, 140, 100, 200), (200, 280, 400, 560)
BOTH = (FIRST, SECOND)


def reporting(area: Area, kind: str = "color") -> dict[str, Any]:
    """The mask as the camera reports it: right and up, -1 to 1."""
    top, bottom, left, right = area
    across, up = (left / 320 - 1, right / 320 - 1), (1 - top / 180, 1 - bottom / 180)
    corners = [[x, y] for y, row in zip(up, (across, across[::-1]), strict=True) for x in row]
    return {"token": "m1", "corners": corners, "kind": kind, "enabled": True}


def masked(grey: Any, *areas: Area, level: int = 16) -> Any:
    """The camera draws its masks after sensor and lens."""
    drawn = grey.copy()
    for top, bottom, left, right in areas:
        drawn[top:bottom, left:right] = level
    return drawn


def shown(grey: Any, seed: int, *areas: Area, level: int = 16) -> Decoded:
    data = coded("h264", masked(with_noise(grey, seed), *areas, level=level))
    return decoding.decoded("h264", data, 10**7)


# By night the same view has other outlines: lamps and shadows.
NIGHT = (scene(32) * 0.25).astype(np.uint8)


@functools.cache
def learned(*, lights: int = 2, level: int = 16, areas: tuple[Area, ...] = BOTH) -> bytes:
    baseline = Baseline()
    for light, grey in list(enumerate((VIEW, NIGHT)))[:lights]:
        for number in range(LEARNED):
            picture = shown(grey, 50 * light + number, *areas, level=level)
            baseline.learn(picture, 1e5 * light + 7200.0 * number)
    return baseline.packed()


def kept(data: bytes, picture: Decoded, **asked: Any) -> tuple[list[float], Any, dict[str, Any]]:
    told: dict[str, Any] = {}
    hidden = privacy.hidden_by_zones(Baseline.read(data), picture, asked, told)
    return told.get("kept", []), hidden, told


@pytest.mark.parametrize("level", [16, 128, 235])
def test_zones_are_what_is_flat_and_alike_by_day_and_night(level: int):
    known = learned(level=level)
    for grey in (VIEW, NIGHT):
        found, hidden, _ = kept(known, shown(grey, 99, *BOTH, level=level))
        assert found == [1.0, 1.0], "two of them, each whole"
        assert 0.1 < hidden.mean() < 0.25


def test_a_zone_that_is_gone_or_smaller_is_missed_and_the_other_is_not():
    assert kept(learned(), shown(VIEW, 99, FIRST))[0] == [1.0, pytest.approx(0, abs=0.15)]
    half = (200, 240, 400, 560)
    first, second = kept(learned(), shown(VIEW, 99, FIRST, half))[0]
    assert first == 1.0
    assert 0.3 < second < 0.7


def test_what_is_flat_in_one_light_only_is_no_zone_unless_the_camera_reports_one():
    known = learned(lights=1, areas=(FIRST,))
    picture = shown(VIEW, 99, FIRST)
    assert kept(known, picture)[0] == []
    mask = reporting(FIRST)
    assert kept(known, picture, masks=[mask])[0] == [1.0]
    assert kept(known, shown(VIEW, 99), masks=[mask])[0][0] < 0.2
    pixelated = mask | {"kind": "pixelated"}
    assert kept(known, picture, masks=[pixelated])[0] == []
    assert kept(known, picture, masks=[mask], ptz="known")[0] == [], "reported for another view"


def test_no_zone_is_found_in_what_a_camera_sees():
    known = Baseline.read(learned(areas=()))
    medians = [one.grey for one in known.lights if one.grey is not None]
    assert len(medians) == 2
    assert zones.zones_of(medians) == []


def test_a_corner_that_no_light_reaches_is_no_zone():
    """It fades into what is lit; a mask of the same black has a border."""
    rows, columns = np.mgrid[:360, :640]
    reach = np.clip((np.hypot(rows - 180, columns) - 60) / 120, 0, 1)
    dark, drawn = Baseline(), Baseline()
    for light, grey in enumerate((VIEW, NIGHT)):
        for number in range(LEARNED):
            corner = (grey * reach).astype(np.uint8)
            at = 1e5 * light + 7200.0 * number
            dark.learn(shown(corner, number), at)
            drawn.learn(shown(corner, number, FIRST, level=0), at)
    medians = [[one.grey for one in each.lights if one.grey is not None] for each in (dark, drawn)]
    assert [len(one) for one in medians] == [2, 2]
    assert zones.zones_of(medians[0]) == []
    (found,) = zones.zones_of(medians[1])
    assert found.level < 5


def test_a_mask_that_the_camera_no_longer_reports_is_off():
    baseline, told = Baseline.read(learned(lights=1)), dict[str, Any]()
    mask = reporting(FIRST, "blurred")
    picture = shown(VIEW, 99)
    privacy.hidden_by_zones(baseline, picture, {"masks": [mask], "learn": True}, told)
    assert (told["masks_off"], baseline.changed) == ([], True)
    again = baseline.packed()
    assert kept(again, picture, masks=[mask])[2]["masks_off"] == []
    assert kept(again, picture, masks=[mask | {"enabled": False}])[2]["masks_off"] == ["m1"]
    assert kept(again, picture, masks=[])[2]["masks_off"] == ["m1"]
    assert "masks_off" not in kept(again, picture)[2], "a camera that tells nothing denies nothing"


def test_zones_hide_no_move_no_blur_and_no_exposure():
    """A mask stays in its place when the camera is turned, and its border stays sharp."""
    areas = ((60, 300, 40, 300), (60, 300, 420, 600))
    known = learned(areas=areas, level=255, lights=1)
    reported = [reporting(area) for area in areas]
    turned = shown(np.roll(VIEW, 64, axis=1), 99, *areas, level=255)
    _, hidden, _ = kept(known, turned, masks=reported)
    assert hidden is not None
    found = Baseline.read(known).compared(turned, hidden)
    assert found["other_peak"] > 1.3 * found["peak"]
    assert found["right"] == pytest.approx(32, abs=1)
    plain, without = measuring.measured(turned), measuring.measured(turned, hidden)
    assert plain["burned"] > 0.4, "over-exposed, if white masks counted"
    assert without["burned"] < 0.05
    well = Baseline.read(known).compared(shown(VIEW, 98, *areas, level=255), hidden)
    assert well["peak"] > 0.2
    assert well["focus"] is None or well["focus"] > 0.85
