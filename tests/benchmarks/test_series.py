"""How many series a camera has with everything switched on, as `python -m benchmarks exposition` prints."""

from __future__ import annotations

from collections import Counter

from benchmarks import _full_camera
from healthmon_exporters.metrics import families

# More than `_full_camera.MOST_SERIES`: seven series for each of the ten checks. It may only get less.
SERIES = 140
# What stands on other devices than cameras.
OTHERS = ("healthmon_ups_", "healthmon_recorder_", "healthmon_host_", "healthmon_poe_watts")


def test_a_camera_with_everything_has_no_more_series_than_before() -> None:
    found = _full_camera.series()
    assert len(set(found)) == len(found)
    assert len(found) <= SERIES, "a new family costs a series for each camera: is it needed?"
    by_family = Counter(one.partition("{")[0] for one in found)
    checks = by_family["healthmon_check_verdict"]
    assert checks == 10
    assert 7 * checks == sum(count for name, count in by_family.items() if "_check_" in name)


def test_every_family_that_a_camera_can_have_is_counted() -> None:
    """So that a new check or a new family is counted as soon as it is registered."""
    counted = {one.partition("{")[0] for one in _full_camera.series()}
    others = (*OTHERS, "healthmon_poe_budget_watts")
    assert {name for name in families.known() if not name.startswith(others)} <= counted
