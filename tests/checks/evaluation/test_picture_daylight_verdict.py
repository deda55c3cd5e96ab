"""Colour by day, and by night grey or bright enough (line C8), by the height of the sun."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from helpers.shift_estate import camera, said

from healthmon.checks.evaluation.codes import group_of
from healthmon.checks.evaluation.picture import evaluate
from healthmon.checks.evaluation.sun import elevation
from healthmon.checks.function_check.cells import Cell, Mark, Surroundings, function_check
from healthmon.checks.function_check.lines import BY_NUMBER, LINES
from healthmon.checks.function_check.picture_reasons import NO_POSITION
from healthmon.model.device import Device
from healthmon.model.enums import CheckName, Kind, State
from healthmon.model.picture import Comparison, PictureReading
from healthmon.model.results import Observation

LONDON = (51.5, -0.13)
CAMERA = Device("C1", "C1", Kind.CAMERA, "S", "192.0.2.1", position=LONDON)
LEARNED = Comparison(10, 10, coloured=True, grey_level=90.0)
NOON, DUSK, NIGHT = "2026-11-30T12:00", "2026-11-30T16:20", "2026-11-30T23:00"


def unix(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("at", "place", "degrees"),
    [
        ("2026-06-21T12:02", LONDON, 61.9),  # 90 - 51.5 + 23.44: solstice, at its highest
        ("2026-12-21T11:59", LONDON, 15.1),
        ("2026-11-30T07:43", LONDON, -0.8),  # sunrise and sunset of the almanac
        ("2026-11-30T15:55", LONDON, -0.8),
        ("2026-03-20T12:07", (0.0, 0.0), 90.0),  # equinox
        ("2026-12-21T13:54", (-33.9, 151.2), -32.6),  # night in Sydney by day in London
    ],
)
def test_the_sun_stands_where_the_almanac_has_it(at, place, degrees):
    assert elevation(unix(at), *place) == pytest.approx(degrees, abs=0.5)


def told(at: str, colour: float, *, mean=90.0, baseline=LEARNED, device=CAMERA, **more):
    reading = PictureReading(mean=mean, high=200, colour=colour, baseline=baseline, **more)
    seen = Observation("C1", CheckName.PICTURE, "main", unix(at), 0.1, reading)
    return [one for one in evaluate(seen, device) if one.aspect == "daylight"]


@pytest.mark.parametrize(
    ("at", "colour", "mean", "code"),
    [
        (NOON, 6.0, 90, "ok"),
        (NOON, 0.1, 90, "night_mode_by_day"),
        (NIGHT, 0.1, 90, "ok"),
        (NIGHT, 6.0, 80, "ok"),
        (NIGHT, 6.0, 40, "day_mode_by_night"),
    ],
)
def test_the_mode_is_judged_by_the_sun(at, colour, mean, code):
    (one,) = told(at, colour, mean=mean)
    assert one.code == code
    assert one.state is (State.OK if code == "ok" else State.DEGRADED)
    assert code == "ok" or group_of(code) == "view"


@pytest.mark.parametrize(
    "found",
    [
        told(DUSK, 0.1),
        told("2026-11-30T08:30", 0.1),  # it has an hour to switch
        told(NOON, 1.0),
        told(NOON, 0.1, baseline=None),
        told(NOON, 0.1, baseline=replace(LEARNED, coloured=False)),
        told(NIGHT, 6.0, mean=40, baseline=replace(LEARNED, grey_level=None)),
        told(NOON, 0.1, device=replace(CAMERA, position=None)),
        told(NOON, 0.1, dismissed=("night_mode_by_day",)),
    ],
)
def test_what_cannot_be_told_is_neither_well_nor_a_fault(found):
    assert found == []


@pytest.mark.parametrize(
    ("position", "aspect", "expected"),
    [
        (LONDON, ("daylight", State.OK, "in colour"), Cell(Mark.WELL, "in colour")),
        (LONDON, ("present", State.OK, "there"), Cell(Mark.NOT_CHECKED, BY_NUMBER["C8"].missing)),
        (None, ("present", State.OK, "there"), Cell(Mark.NOT_CHECKED, NO_POSITION)),
    ],
)
def test_line_c8_says_pass_or_not_checked_with_its_reason(position, aspect, expected):
    one = camera(1, position=position)
    verdicts = [said("C001", CheckName.PICTURE, *aspect)]
    found = function_check({"C001": one}, [one], verdicts, Surroundings(pictures=True))
    assert found.cells["C001"][LINES.index(BY_NUMBER["C8"])] == expected
