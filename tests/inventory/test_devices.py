"""What follows from the configuration alone: maintenance windows in civil time, and how urgent a
fault is.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from healthmon.checks.builtin import CHECK_TYPES
from healthmon.config import loading
from healthmon.config.problems import ConfigError
from healthmon.incidents.confirmation import Fault
from healthmon.incidents.incident import priority
from healthmon.inventory import devices as inventory
from healthmon.inventory.maintenance import in_maintenance
from healthmon.model.device import Device
from healthmon.model.enums import Kind, State

LONDON = ZoneInfo("Europe/London")
CONFIG = """
sites: [{{id: market}}, {{id: hill}}]
contractors: [{{id: acme, name: Acme}}]
cameras:
  - {{id: C001, name: One, site: market, address: 192.0.2.1, kind: ptz, contractor: acme}}
  - {{id: C002, name: Two, site: hill, address: 192.0.2.2, kind: ptz}}
maintenance: [{window}]
"""
ONE_OFF = "{devices: [C001], start: 2026-10-25 00:30, end: 2026-10-25 03:00}"
WEEKLY = "{sites: [market], start: 2026-10-19 23:00, end: 2026-10-20 01:00, repeat: weekly, until: 2026-11-10 00:30}"
DAILY = "{contractors: [acme], start: 2026-03-20 08:00, end: 2026-03-20 09:00, repeat: daily}"


def covered(tmp_path: Path, window: str, local: str, fold: int = 0) -> list[str]:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.format(window=window))
    config = loading.load(path)
    now = datetime.fromisoformat(local).replace(tzinfo=LONDON, fold=fold).timestamp()
    return list(in_maintenance(config, inventory.devices(config), now))


@pytest.mark.parametrize(
    ("window", "local", "fold", "inside"),
    [
        (ONE_OFF, "2026-10-25 00:29", 0, False),
        (ONE_OFF, "2026-10-25 01:30", 0, True),  # the hour that comes twice
        (ONE_OFF, "2026-10-25 01:30", 1, True),
        (ONE_OFF, "2026-10-25 03:00", 0, False),
        (WEEKLY, "2026-10-19 23:30", 0, True),
        (WEEKLY, "2026-10-20 00:59", 0, True),  # over midnight
        (
            WEEKLY,
            "2026-10-26 23:30",
            0,
            True,
        ),  # winter by now: still 23:00 by the clock on the wall
        (WEEKLY, "2026-10-27 23:30", 0, False),
        (WEEKLY, "2026-11-10 00:29", 0, True),
        (WEEKLY, "2026-11-10 00:31", 0, False),
        (WEEKLY, "2026-11-16 23:30", 0, False),
        (DAILY, "2026-03-28 08:30", 0, True),
        (DAILY, "2026-03-29 08:30", 0, True),  # summer time has begun
        (DAILY, "2026-03-29 07:59", 0, False),
        (DAILY, "2026-03-29 09:00", 0, False),
    ],
)
def test_o10_a_window_covers_its_devices_by_the_clock_on_the_wall_and_has_an_end(
    tmp_path, window, local, fold, inside
):
    assert covered(tmp_path, window, local, fold) == (["C001"] if inside else [])


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (
            "{sites: [hill], start: 2026-10-01 08:00, end: 2026-10-02 09:00, repeat: daily}",
            "longer than a day",
        ),
        (
            "{sites: [hill], start: 2026-10-01 08:00, end: 2026-10-19 09:00, repeat: weekly}",
            "longer than a week",
        ),
        (
            "{sites: [hill], start: 2026-10-01 08:00, end: 2026-10-01 09:00, until: 2026-12-01 00:00}",
            "goes with 'repeat'",
        ),
    ],
)
def test_o10_a_window_that_makes_no_sense_is_refused(tmp_path, window, words):
    with pytest.raises(ConfigError, match=words):
        covered(tmp_path, window, "2026-10-01 08:30")


@pytest.mark.parametrize(
    ("kind", "own", "state", "urgency"),
    [
        (Kind.RECORDER, 3, State.FAULT, 1),
        (Kind.UPS, 3, State.FAULT, 1),
        (Kind.AGENT, 3, State.FAULT, 1),
        (Kind.CAMERA, 2, State.FAULT, 2),  # in a priority zone
        (Kind.CAMERA, 3, State.FAULT, 3),
        (Kind.LINK, 1, State.FAULT, 1),
        (Kind.RECORDER, 3, State.DEGRADED, 2),
        (Kind.CAMERA, 3, State.DEGRADED, 4),
        (Kind.CAMERA, 4, State.DEGRADED, 4),
    ],
)
def test_how_urgent_a_fault_is(kind, own, state, urgency):
    fault = Fault("X", "reach", "", "reach", "unreachable", state, "", 0.0, 0.0)
    assert priority(fault, Device("X", "X", kind, "market", "192.0.2.1", priority=own)) == urgency


def test_what_is_equal_in_many_devices_is_kept_once_and_the_configuration_keeps_none(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.format(window=ONE_OFF))
    config = loading.load(path)
    one, two, _ = inventory.devices(config)
    assert one.limits is two.limits
    assert one.recording is two.recording
    slim = inventory.without_devices(config)
    assert (len(config.cameras), slim.cameras) == (2, ())
    assert (slim.sites, slim.maintenance, slim.defaults) == (
        config.sites,
        config.maintenance,
        config.defaults,
    )


def test_a_workstation_has_the_checks_of_what_is_configured_of_it(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("""
credentials: {s: {secret: {environment: X}}}
sites: [{id: control}]
workstations:
  - {id: V1, name: Server, site: control, address: 192.0.2.1, http: {tls: yes}, snmp: {credential: s}, storage: ["C:"]}
  - {id: D1, name: Decoder, site: control, address: 192.0.2.2, ports: [7563]}
""")
    config = loading.load(path)
    devices = inventory.devices(config)
    plans = {one.name: one.plan for one in CHECK_TYPES}
    found: dict[str, set[str]] = {}
    for check in inventory.checks(config, devices, plans):
        found.setdefault(check.device, set()).add(check.check_type)
    assert found["V1"] == {"reach", "clock", "certificate", "identity", "host"}
    assert found["D1"] == {"reach"}
    assert devices[0].readings.storage == ("C:",)
    assert devices[0].kind is Kind.WORKSTATION
