"""What is asked about footage: one session for each recorder and round, playback in turns and
within its budget.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from helpers.plans import PLANS

from healthmon.config import loading
from healthmon.config.schema import Config
from healthmon.inventory import devices as inventory
from healthmon.inventory.playback_turns import TURN_SECONDS, turns
from healthmon.inventory.recorders import LEAST_BYTES, Recorders
from healthmon.model.device import Check
from healthmon.model.enums import CheckName

FOOTAGE = {CheckName.RECORDER, CheckName.RECORDING, CheckName.PLAYBACK}
SITES = "sites: [{id: s}]\nestate: {time_zone: Europe/London}\n"


def estate(
    folder: Path, recorder: str = "", camera: str = "", cameras: int = 3, top: str = ""
) -> Config:
    """One recorder R1 and cameras C1.. on its channels; `recorder` and `camera` (C1's) are further
    YAML fields.
    """
    lines = [
        SITES,
        top,
        "recorders:",
        f"  - {{id: R1, name: Recorder, site: s, address: 192.0.2.9{recorder}}}",
    ]
    lines.append("cameras:")
    for n in range(1, cameras + 1):
        head = f"id: C{n}, name: Camera {n}, kind: fixed, site: s, address: 198.51.100.{n}"
        lines.append(f"  - {{{head}, recorder: R1, channel: '{n}'{camera if n == 1 else ''}}}")
    path = folder / "config.yaml"
    path.write_text("\n".join(lines) + "\n")
    return loading.load(path)


def footage(loaded: Config) -> list[Check]:
    return [
        check
        for check in inventory.checks(loaded, inventory.devices(loaded), PLANS)
        if check.check_type in FOOTAGE
    ]


def test_all_asks_about_footage_stand_at_the_recorders_gate(tmp_path):
    checks = footage(estate(tmp_path))
    assert [
        (check.device, check.instance) for check in checks if check.check_type == CheckName.RECORDER
    ] == [("R1", "")]
    cameras = {
        (check.device, check.instance)
        for check in checks
        if check.check_type == CheckName.RECORDING
    }
    assert cameras == {("C1", "R1"), ("C2", "R1"), ("C3", "R1")}
    assert {check.lock_key for check in checks} == {"192.0.2.9"}
    shared = [check for check in checks if check.check_type != CheckName.PLAYBACK]
    assert {(check.phase_of, check.interval) for check in shared} == {("R1", shared[0].interval)}


@pytest.mark.parametrize(
    ("recorder", "check_types"),
    [
        (", make: no", set()),
        (", onvif: no", set()),
        (", disabled: yes", set()),
        (", playback: no", {CheckName.RECORDER, CheckName.RECORDING}),
        (", rtsp: no", {CheckName.RECORDER, CheckName.RECORDING}),
        (", make: dahua", {CheckName.RECORDER, CheckName.RECORDING}),
        (", make: dahua, playback: {}", FOOTAGE),
        ("", FOOTAGE),
    ],
)
def test_what_a_recorder_cannot_be_asked_is_not_asked(tmp_path, recorder, check_types):
    assert {check.check_type for check in footage(estate(tmp_path, recorder))} == check_types


def test_a_camera_that_is_not_watched_has_no_footage_to_watch(tmp_path):
    assert {check.device for check in footage(estate(tmp_path, camera=", disabled: yes"))} == {
        "R1",
        "C2",
        "C3",
    }


def test_the_cameras_word_goes_before_its_recorders_and_that_before_the_defaults(tmp_path):
    loaded = estate(
        tmp_path,
        recorder=", recording: {schedule: motion, gap: 90 s}",
        camera=", recording: {schedule: none, since: 2026-07-01}",
        top="defaults: {recording: {gap: 30 s, newest: 120 s}}",
    )
    recorders = Recorders.of(loaded)
    first, second = (recorders.plan(camera) for camera in loaded.cameras[:2])
    assert (first.schedule, first.gap, first.newest) == ("none", 90, 120)
    assert (second.schedule, second.gap, second.newest) == ("motion", 90, 120)
    assert first.since == datetime(2026, 6, 30, 23, tzinfo=UTC).timestamp()
    assert second.since is None


@pytest.mark.parametrize("cameras", [1, 40, 160])
@pytest.mark.parametrize("budget", [5, 1000])
def test_playback_keeps_to_its_budget(tmp_path, cameras, budget):
    loaded = estate(tmp_path, f", playback: {{budget: {budget} kbit/s}}", cameras=cameras)
    plan = Recorders.of(loaded).playback(loaded.recorders[0])
    played = [check for check in footage(loaded) if check.check_type == CheckName.PLAYBACK]
    assert plan is not None
    assert plan.most_bytes >= LEAST_BYTES
    assert len(played) == cameras
    rate = sum(8 * plan.most_bytes * len(plan.samples) / check.interval for check in played)
    assert rate <= 1000 * budget * 1.001


def test_a_sweep_plays_one_camera_of_each_recorder_and_all_in_turn(tmp_path):
    checks = footage(estate(tmp_path, cameras=5))
    rounds = [turns(checks, TURN_SECONDS * hour) for hour in range(7, 12)]
    assert all(len(turn) == 1 for turn in rounds)
    assert frozenset().union(*rounds) == {"C1", "C2", "C3", "C4", "C5"}
    assert (
        turns(checks, TURN_SECONDS * 7)
        == turns(checks, TURN_SECONDS * 7.99)
        == turns(checks[::-1], TURN_SECONDS * 7)
    )
