"""`metered` of a device: an amount of data with its unit, not so small that nothing could be looked
at.
"""

from __future__ import annotations

import pytest
from helpers.plans import PLANS

from healthmon.config import loading
from healthmon.config.problems import ConfigError
from healthmon.inventory import devices as inventory
from healthmon.model.device import asked as asked_of
from healthmon.model.enums import CheckName

TEXT = """sites: [{{id: mobile}}]
cameras:
  - {{id: D1, name: Deployable 1, site: mobile, address: 192.0.2.1, kind: deployable, {more}}}
"""


def loaded(folder, more):
    path = folder / "config.yaml"
    path.write_text(TEXT.format(more=more))
    return loading.load(path)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("metered: {per_day: 20}", "has no unit; write for example 20 MB (units: kB, MB, GB)"),
        ("metered: {per_day: 20 MiB}", "has the unknown unit 'MiB'"),
        ("metered: {per_day: 50 kB}", "per_day"),
        ("metered: {}", "per_day"),
        ("metered: {perday: 20 MB}", "did you mean 'per_day'?"),
    ],
)
def test_a_budget_that_is_none_is_named_with_line_and_remedy(tmp_path, more, words):
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, more)
    assert any(words in problem.text and problem.line == 3 for problem in caught.value.problems), (
        caught.value
    )


def test_what_is_said_of_a_metered_device_goes_before_what_suits_its_network(tmp_path):
    found = loaded(
        tmp_path, "metered: {per_day: 1 GB}, interval: 5 min, timeout: 15 s, limits: {latency: 1 s}"
    )
    devices = inventory.devices(found)
    assert devices[0].daily_bytes == 1e9
    assert devices[0].limits.latency == 1.0
    checks = {check.check_type: check for check in inventory.checks(found, devices, PLANS)}
    assert (checks[CheckName.REACH].interval, checks[CheckName.REACH].timeout) == (300.0, 15.0)


@pytest.mark.parametrize(
    ("state", "asked"), [("deployed", True), ("in_store", False), ("in_transit", False)]
)
def test_only_a_deployed_camera_is_asked_anything(tmp_path, state, asked):
    found = loaded(tmp_path, f"state: {state}")
    devices = inventory.devices(found)
    planned = inventory.checks(found, devices, PLANS)
    made = asked_of(planned, {one.id: one for one in devices})
    assert any(check.device == "D1" for check in planned)
    assert any(check.device == "D1" for check in made) is asked
