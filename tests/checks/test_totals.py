"""The totals of the shift sheet: what was not checked is neither well nor failed."""

from __future__ import annotations

import pytest

from healthmon.checks.function_check.totals import Total, totals, totals_line
from healthmon.model.device import Device
from healthmon.model.enums import CheckName, Kind, Reason, State
from healthmon.model.footage import DAY, RecordingPlan
from healthmon.model.results import Verdict

OK, WARNING, UNKNOWN, FAULT = State.OK, State.DEGRADED, State.UNKNOWN, State.FAULT
REACH, STREAM, CLOCK = CheckName.REACH, CheckName.STREAM, CheckName.CLOCK
RECORDING = CheckName.RECORDING


def camera(number: int, **more) -> Device:
    return Device(
        f"C{number}", f"Camera {number}", Kind.CAMERA, "town", f"127.0.0.{number}", **more
    )


def said(device: str, check: CheckName, aspect: str, state: State) -> Verdict:
    reason = Reason.TIMEOUT if state is UNKNOWN else None
    return Verdict(device, check, "", aspect, state, "code", "words", 0.0, reason=reason)


def by_key(devices, verdicts) -> dict[str, Total]:
    return {total.key: total for total in totals(devices, verdicts)}


def test_the_totals_read_as_a_council_says_them():
    cameras = [camera(number) for number in range(1, 151)]
    verdicts = [said(c.id, REACH, "reach", OK) for c in cameras]
    verdicts += [said(c.id, STREAM, "pictures", OK) for c in cameras[3:]]
    verdicts += [said(c.id, STREAM, "pictures", FAULT) for c in cameras[:3]]
    verdicts += [said(c.id, CLOCK, "offset", OK) for c in cameras[1:]]
    verdicts += [said(cameras[0].id, CLOCK, "offset", FAULT)]
    verdicts += [said(c.id, RECORDING, "recording", OK) for c in cameras[4:]]
    verdicts += [said(cameras[3].id, RECORDING, "recording", FAULT)]
    verdicts += [said(c.id, RECORDING, "retention", OK) for c in cameras[4:]]
    verdicts += [said(cameras[3].id, RECORDING, "retention", WARNING)]
    assert totals_line(totals(cameras, verdicts)) == (
        "live 147 of 150; recorded 146 of 147; date and time right 149 of 150; kept 31 days 146 of 147"
    )


@pytest.mark.parametrize(
    ("reach", "pictures", "counts"),
    [
        (OK, OK, (1, 0, 0)),
        (OK, WARNING, (1, 0, 0)),
        (WARNING, OK, (1, 0, 0)),
        (OK, FAULT, (0, 1, 0)),
        (FAULT, UNKNOWN, (0, 1, 0)),
        (OK, UNKNOWN, (0, 0, 1)),
        (UNKNOWN, UNKNOWN, (0, 0, 1)),
        (OK, None, (0, 0, 1)),
        (None, None, (0, 0, 1)),
    ],
)
def test_a_camera_is_live_failed_or_not_checked(reach, pictures, counts):
    states = ((REACH, "reach", reach), (STREAM, "pictures", pictures))
    verdicts = [
        said("C1", check, aspect, state) for check, aspect, state in states if state is not None
    ]
    live = by_key([camera(1)], verdicts)["live"]
    assert (live.well, live.failed, live.not_checked) == counts
    assert live.of == 1


def test_one_frozen_stream_of_two_is_not_live():
    verdicts = [
        said("C1", STREAM, "pictures", OK),
        Verdict("C1", STREAM, "sub", "pictures", FAULT, "frozen_picture", "frozen", 0.0),
    ]
    assert by_key([camera(1)], verdicts)["live"].failed == 1


def test_only_deployed_cameras_count_and_only_recorded_ones_as_recorded():
    devices = [
        camera(1),
        camera(2, deployment="in_store"),
        camera(3, disabled=True),
        camera(4, recording=RecordingPlan(schedule="none")),
        Device("R1", "Recorder", Kind.RECORDER, "town", "127.0.0.9"),
    ]
    verdicts = [said(c.id, RECORDING, "recording", OK) for c in devices]
    found = by_key(devices, verdicts)
    assert found["live"].of == 2
    assert (found["recorded"].of, found["recorded"].well) == (1, 1)
    assert found["kept"].not_checked == 1


def test_retentions_that_differ_have_no_number_of_days():
    plans = (RecordingPlan(), RecordingPlan(retention=(14 * DAY, 15 * DAY)))
    devices = [camera(number, recording=plan) for number, plan in enumerate(plans)]
    verdicts = [said(c.id, RECORDING, "retention", OK) for c in devices]
    assert by_key(devices, verdicts)["kept"].line() == "kept as long as it must be 2 of 2"


def test_without_cameras_there_are_no_totals():
    assert totals([], []) == ()
    assert totals_line(()) == ""
