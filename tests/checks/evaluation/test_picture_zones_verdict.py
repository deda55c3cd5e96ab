"""What is told of the privacy zones of a view."""

from __future__ import annotations

from dataclasses import replace

import pytest

from healthmon.checks.evaluation.picture import evaluate
from healthmon.checks.metrics.picture import samples
from healthmon.incidents.confirmation import Fault
from healthmon.incidents.incident import priority
from healthmon.model.device import Device
from healthmon.model.enums import CheckName, Kind, State
from healthmon.model.picture import PictureReading, PrivacyZone
from healthmon.model.results import Observation, Verdict

CAMERA = Device("C1", "C1", Kind.CAMERA, "S", "127.0.0.1")
GOOD = PictureReading(width=1920, height=1080, mean=110, low=12, high=230, flat=0.2)


def observed(picture: PictureReading) -> Observation:
    return Observation("C1", CheckName.PICTURE, "main", 1.8e9, 0.0, picture)


def privacy(*kept: float, off: tuple[str, ...] = ()) -> Verdict | None:
    zones = tuple(PrivacyZone(number, share) for number, share in enumerate(kept, 1))
    picture = replace(GOOD, zones=zones, masks_off=off)
    return {one.aspect: one for one in evaluate(observed(picture), CAMERA)}.get("privacy")


@pytest.mark.parametrize(
    ("kept", "off", "words"),
    [
        ((1.0, 0.19), (), "privacy zone 2 missing: 19 % of it is covered (limit 85 %)"),
        ((0.84, 1.0), (), "privacy zone 1 smaller: 84 % of it is covered (limit 85 %)"),
        ((1.0,), ("m1",), "privacy zone m1 missing: the camera no longer reports it as drawn"),
        ((), ("m1",), "privacy zone m1 missing: the camera no longer reports it as drawn"),
    ],
)
def test_a_zone_that_is_missing_is_a_fault(kept, off, words):
    found = privacy(*kept, off=off)
    assert found is not None
    assert (found.state, found.code, found.sentence) == (
        State.FAULT,
        "privacy_zone_missing",
        words,
    )


def test_zones_in_place_are_well_and_without_any_nothing_is_told():
    found = privacy(0.85, 1.0)
    assert found is not None
    assert found.state is State.OK
    assert found.sentence == "2 privacy zones are in place: at least 85 % covered (limit 85 %)"
    assert privacy() is None


def test_a_black_picture_shows_nothing_that_must_be_hidden():
    black = replace(GOOD, dark=1.0, zones=(PrivacyZone(1, 0.0),))
    assert "privacy" not in {one.aspect for one in evaluate(observed(black), CAMERA)}


def test_it_is_of_the_first_priority_on_any_camera():
    found = privacy(0.0)
    assert found is not None
    fault = Fault(*found.key, found.code, found.state, found.sentence, 1.8e9, 1.8e9)
    assert priority(fault, replace(CAMERA, priority=3)) == 1
    other = replace(fault, code="picture_black")
    assert priority(other, replace(CAMERA, priority=3)) == 3


def test_how_much_is_covered_is_a_metric_for_each_zone():
    picture = replace(GOOD, zones=(PrivacyZone(1, 1.0), PrivacyZone(2, 0.5)))
    told = {
        (name, dict(labels).get("zone")): value
        for name, labels, value in samples(observed(picture), ())
    }
    assert told["healthmon_picture_privacy_zone_covered_ratio", "2"] == 0.5
