"""Windows that people make: their limits, what is in force when, and as YAML for config.yaml."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from healthmon.config import loading
from healthmon.incidents.operations import OperationError
from healthmon.incidents.windows import (
    SHORT_SECONDS,
    WindowPlan,
    active,
    window_operation,
    windows_of,
)
from healthmon.inventory import devices as inventory
from healthmon.inventory.maintenance import in_maintenance
from healthmon_exporters.reports import overrides_yaml

ZONE = ZoneInfo("Europe/London")
NOW = datetime(2027, 3, 27, 22, 0, 30, tzinfo=ZONE).timestamp()
PLAN = WindowPlan(NOW, NOW + 3600, ("C1",), (), "lamp column")
HOUR = 3600.0


@pytest.mark.parametrize(
    ("change", "long", "words"),
    [
        ({"reason": " "}, False, "needs a reason"),
        ({"reason": "x" * 201}, False, "at most 200 characters"),
        ({"devices": ()}, False, "needs devices or a site"),
        ({"start": NOW - HOUR}, False, "cannot begin in the past"),
        ({"end": NOW}, False, "must end after"),
        ({"start": NOW + 2 * HOUR}, False, "must end after"),
        ({"end": NOW + SHORT_SECONDS + 1}, False, "made by a manager"),
        ({"end": NOW + 367 * 86400}, True, "within a year"),
        ({"start": NOW + 1e10, "end": NOW + 1e10 + 60}, True, "within a year"),
    ],
)
def test_a_window_that_cannot_be_is_refused(
    change: dict[str, object], long: bool, words: str
) -> None:
    with pytest.raises(OperationError, match=words):
        replace(PLAN, **change).checked(NOW, long=long)  # type: ignore[arg-type]


def test_limits_are_those_of_whole_windows_and_a_begun_one_keeps_its_beginning() -> None:
    day = replace(PLAN, end=NOW + SHORT_SECONDS)
    assert day.checked(NOW, long=False) == day
    assert replace(PLAN, end=NOW + 30 * 86400).checked(NOW, long=True).end == NOW + 30 * 86400
    later = replace(PLAN, start=NOW + 9 * HOUR, end=NOW + SHORT_SECONDS)
    with pytest.raises(OperationError, match="made by a manager"):
        later.checked(NOW, long=False, began=NOW - 1)
    assert replace(later, end=NOW + HOUR).checked(NOW, long=False, began=NOW - 9).start == NOW - 9


def test_what_is_in_force_and_what_is_to_come() -> None:
    made = [
        replace(
            window_operation(replace(PLAN, start=start, end=end), "made", name, ("smith", ""), NOW),
            id=number,
        )
        for number, (name, start, end) in enumerate(
            [("W1", NOW + HOUR, NOW + 2 * HOUR), ("W2", NOW - 9, NOW + 9), ("W3", NOW - 9, NOW)]
        )
    ]
    assert [one.subject for one in windows_of(made, NOW)] == ["W2", "W1"]
    assert [one.subject for one in active(made, NOW)] == ["W2"]
    assert [one.subject for one in active(made, NOW + HOUR)] == ["W1"]


CONFIG = """
sites: [{id: market}, {id: park}]
cameras:
  - {id: C1, name: One, site: market, address: 192.0.2.1, kind: fixed}
  - {id: C2, name: Two, site: park, address: 192.0.2.2, kind: fixed}
"""


def test_the_yaml_goes_into_config_yaml_and_covers_the_same(tmp_path: Path) -> None:
    night = replace(PLAN, end=NOW + 8 * HOUR, reason='"lamp": # column')  # over the clock change
    made = [
        window_operation(night, "made", "W1", ("smith", ""), NOW),
        window_operation(
            replace(PLAN, devices=(), sites=("park",)), "made", "W2", ("khan", ""), NOW
        ),
    ]
    text = overrides_yaml.text(made, ZONE, NOW)
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG + text)
    config = loading.load(path)
    devices = inventory.devices(config)
    for at in (NOW, NOW + HOUR - 1, NOW + HOUR + 60, NOW + 8 * HOUR - 1, NOW + 8 * HOUR + 60):
        ours = in_maintenance(
            config.model_copy(update={"maintenance": ()}), devices, at, active(made, at)
        )
        assert in_maintenance(config, devices, at) == ours
    assert in_maintenance(config, devices, NOW)["C1"] == '"lamp": # column'
    assert overrides_yaml.text([], ZONE, NOW).endswith("# Nothing is changed.\n")
