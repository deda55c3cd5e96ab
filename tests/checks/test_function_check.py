"""Every camera on every line of the function check: pass, FAIL or NOT CHECKED with a reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from helpers.shift_estate import (
    FAULT,
    NOW,
    OK,
    UNKNOWN,
    WARNING,
    camera,
    estate,
    said,
    troubled,
    well,
)

from healthmon.checks.function_check.cells import (
    Cell,
    FunctionCheck,
    Mark,
    PowerEvent,
    Surroundings,
    function_check,
)
from healthmon.checks.function_check.lines import BY_NUMBER, LINES, RAISED_BY_A_PERSON
from healthmon.incidents.incident import PERSON, RAISED
from healthmon.model.device import Device, RelaySpec
from healthmon.model.enums import AGENT, CheckName, Kind, State
from healthmon.model.results import Verdict

TESTS = Path(__file__).parents[1]
QUIET = Surroundings(NOW - 43200, (), "", Cell(Mark.WELL, "the agent works"))


def checked(devices, verdicts, around=QUIET) -> FunctionCheck:
    cameras = [device for device in devices.values() if device.kind is Kind.CAMERA]
    return function_check(devices, cameras, verdicts, around)


def cell(check: FunctionCheck, number: str, device: str = "C001") -> Cell:
    return check.cells[device][LINES.index(BY_NUMBER[number])]


def of(number: str, *more: Verdict, around=QUIET, devices=None) -> Cell:
    """The cell of camera 1 with `more` verdicts over an estate that is well."""
    devices = devices or estate(1)
    by_key = {verdict.key: verdict for verdict in (*well(devices), *more)}
    return cell(checked(devices, by_key.values(), around), number)


def test_the_lines_are_c1_to_c26_once_each():
    assert [line.number for line in LINES] == [f"C{number}" for number in range(1, 27)]


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.number)
def test_each_line_names_a_check_with_its_tests_or_says_what_is_missing(line):
    assert line.sources or line.later or line.tests
    assert all((TESTS / name).is_file() for name in line.tests)
    assert not (line.sources and not line.later) or line.missing or line.number == "C1"


def test_a_camera_that_is_well_passes_what_can_be_checked_and_the_rest_is_not_checked():
    check = checked(estate(1), list(well(estate(1))))
    marks = {line.number: cell(check, line.number).mark for line in LINES}
    passed = {number for number, mark in marks.items() if mark is Mark.WELL}
    assert passed == {"C1", "C2", "C3", "C4", "C11", "C12", "C13", "C15", "C17", "C19", "C20", "C21", "C24"}  # fmt: skip
    absent = {number for number, mark in marks.items() if mark is Mark.NOT_APPLICABLE}
    assert absent == {"C22", "C23"}
    unchecked = {number for number, mark in marks.items() if mark is Mark.NOT_CHECKED}
    assert unchecked == set(marks) - passed - absent


def test_every_camera_has_every_line_and_nothing_is_not_checked_without_a_reason():
    check = checked(estate(150), troubled(estate(150)))
    assert len(check.cells) == 150
    for cells in check.cells.values():
        assert len(cells) == len(LINES)
        assert all(one.why for one in cells)
    assert sum(check.count(BY_NUMBER["C1"], mark) for mark in Mark) == 150


@pytest.mark.parametrize("number", ["C12", "C13", "C14", "C15"])
def test_a_camera_without_a_recorder_says_so_on_every_line_of_footage(number: str):
    devices = estate(1)
    devices["C001"] = replace(devices["C001"], recorder=None)
    found = [one for one in well(devices) if one.check_type != CheckName.RECORDING]
    assert cell(checked(devices, found), number) == Cell(
        Mark.NOT_CHECKED, "no recorder is configured for it"
    )


REACH, STREAM, CLOCK = CheckName.REACH, CheckName.STREAM, CheckName.CLOCK
RECORDING = CheckName.RECORDING
FAILING = [
    ("C1", said("C001", REACH, "reach", FAULT, "no answer")),
    ("C2", said("C001", STREAM, "login", FAULT, "login refused")),
    ("C2", said("C001", CheckName.IDENTITY, "identity", FAULT, "another device answers")),
    ("C3", said("C001", STREAM, "pictures", FAULT, "no pictures")),
    ("C3", said("C001", STREAM, "loss", FAULT, "30 % of packets lost")),
    ("C4", said("C001", STREAM, "commissioned", WARNING, "640x360, commissioned 1920x1080")),
    ("C10", said("C001", RECORDING, "covered", FAULT, "its view is covered")),
    ("C11", said("R1", CheckName.RECORDER, "disks", FAULT, "1 of 2 disks bad")),
    ("C11", said("R1", REACH, "reach", FAULT, "no answer")),
    ("C12", said("C001", RECORDING, "recording", FAULT, "not recorded")),
    ("C13", said("C001", RECORDING, "gaps", FAULT, "gap of 2 h")),
    ("C14", said("C001", CheckName.PLAYBACK, "playback", FAULT, "footage does not play")),
    ("C15", said("C001", RECORDING, "retention", WARNING, "oldest footage 30 d 12 h")),
    ("C16", said("C001", CLOCK, "offset", FAULT, "clock 1 h ahead")),
    ("C16", said("C001", RECORDING, "times", FAULT, "footage is stamped 1 h ahead")),
    ("C16", said("R1", CLOCK, "offset", FAULT, "clock of the recorder 1 h ahead")),
    ("C17", said(AGENT, CheckName.REFERENCE, "reference", FAULT, "no true time")),
    ("C19", said("UPS1", CheckName.UPS, "power", FAULT, "on battery")),
    ("C21", said("S1", REACH, "reach", FAULT, "no answer")),
    ("C21", said("C001", CheckName.PORT, "port", FAULT, "port is down")),
]


@pytest.mark.parametrize(("number", "verdict"), FAILING, ids=lambda one: str(one)[:12])
def test_a_line_fails_by_its_own_verdict(number, verdict):
    found = of(number, verdict)
    assert found == Cell(Mark.FAIL, verdict.sentence)
    assert of(number).mark is not Mark.FAIL


def test_what_a_person_has_raised_fails_the_human_part():
    raised = Verdict("C001", PERSON, "", "raised", FAULT, RAISED, "the lens is dirty", NOW)
    assert of("C25", raised) == Cell(Mark.FAIL, "the lens is dirty")
    assert of("C25").mark is Mark.NOT_CHECKED
    assert RAISED_BY_A_PERSON == PERSON


def test_a_clock_that_is_set_by_hand_is_a_warning():
    by_hand = said("C001", CLOCK, "source", WARNING, "clock is set by hand, not by NTP")
    assert of("C17", by_hand).mark is Mark.WARNING
    other = said("C001", CLOCK, "source", WARNING, "another time server is set: it asks 192.0.2.9")
    assert of("C17", other).mark is Mark.WARNING
    refused = said(
        "C001", CLOCK, "source", UNKNOWN, "time source not checked: refused to this account"
    )
    assert of("C17", refused) == Cell(Mark.NOT_CHECKED, refused.sentence)


def with_desk(at: str, **more) -> dict[str, Device]:
    devices = estate(1)
    devices["VMS1"] = Device("VMS1", "VMS server", Kind.WORKSTATION, at, "192.0.2.81")
    return devices | {"C001": camera(1, **more)}


@pytest.mark.parametrize("devices", [
    with_desk("town"), with_desk("control", parents=("VMS1",)), with_desk("town", site="hill"),
])  # fmt: skip
def test_a_workstation_near_a_camera_or_its_recorder_counts_by_its_name(devices):
    down = said("VMS1", REACH, "reach", FAULT, "no answer on HTTPS 443")
    assert of("C21", down, devices=devices) == Cell(Mark.FAIL, "VMS server: no answer on HTTPS 443")
    full = said("VMS1", CheckName.HOST, "volume C:", WARNING, "volume C: 97 % full")
    assert of("C21", full, devices=devices).mark is Mark.WARNING


def test_a_workstation_elsewhere_does_not_count():
    down = said("VMS1", REACH, "reach", FAULT, "no answer")
    assert of("C21", down, devices=with_desk("depot")).mark is Mark.WELL


def test_the_cameras_own_alarms_are_not_checked_unless_its_recorder_passes_them_on():
    assert of("C10").mark is Mark.NOT_CHECKED
    assert "subscribes to nothing" in of("C10").why
    clear = said("C001", RECORDING, "covered", OK, "no alarm of the camera's own")
    assert of("C10", clear).mark is Mark.WELL


def test_a_right_clock_does_not_prove_the_time_on_the_picture():
    found = of("C16")
    assert found.mark is Mark.NOT_CHECKED
    assert "`pictures` is not enabled" in found.why
    assert "0.1 s ahead" in found.detail
    judged = Surroundings(pictures=True)
    assert "not learned yet" in of("C16", around=judged).why
    right = said("C001", CheckName.PICTURE, "screen_clock", OK, "clock at the top left is right")
    assert of("C16", right, around=judged).mark is Mark.WELL
    wrong = said(
        "C001",
        CheckName.PICTURE,
        "screen_clock",
        State.DEGRADED,
        "clock at the top left is 1 h ahead",
    )
    assert of("C16", wrong, around=judged).mark is Mark.WARNING


def test_unknown_is_not_checked_with_its_reason():
    unknown = said(
        "C001", STREAM, "pictures", UNKNOWN, "pictures not checked: all its sessions are in use"
    )
    assert of("C3", unknown) == Cell(Mark.NOT_CHECKED, unknown.sentence)


def test_what_nothing_asked_is_not_checked():
    devices = {"C001": camera(1, parents=())}
    check = checked(devices, [said("C001", REACH, "reach", OK, "answers")])
    assert cell(check, "C1").mark is Mark.WELL
    for number in ("C2", "C3", "C4", "C11", "C12", "C13", "C14", "C15", "C17", "C19", "C21"):
        assert cell(check, number) == Cell(Mark.NOT_CHECKED, BY_NUMBER[number].missing), number


STREAM_OK = ("pictures", OK, "25 pictures a second")
THERE = ("present", OK, "picture there")


@pytest.mark.parametrize(
    ("number", "enabled", "variant", "found", "why"),
    [
        ("C7", False, "fixed", [STREAM_OK], "`pictures` is not enabled in config.yaml"),
        ("C5", False, "ptz", [STREAM_OK], "`pictures` is not enabled in config.yaml"),
        ("C6", True, "fixed", [], "no stream is configured"),
        ("C6", True, "fixed", [STREAM_OK], "no picture of it was judged in this check"),
        ("C6", True, "ptz", [THERE], "sharpness is compared only while a PTZ camera rests at a preset that it has learned"),
        ("C7", True, "fixed", [("present", UNKNOWN, "picture not checked: H.266")], "picture not checked: H.266"),
        ("C6", True, "fixed", [("present", FAULT, "black")], "there is no picture to compare: see line C5"),
        ("C6", True, "fixed", [THERE, ("view", OK, "as learned")], "there is too little in the picture to be sharp"),
        ("C6", True, "fixed", [THERE, ("view", WARNING, "moved")],
         "the view is not as learned, so its sharpness is not compared: see line C7"),
        ("C7", True, "fixed", [THERE], BY_NUMBER["C7"].missing),
        ("C5", True, "fixed", [THERE], BY_NUMBER["C5"].missing),
    ],
)  # fmt: skip
def test_a_picture_that_was_not_judged_has_the_one_reason_that_is_true(
    number: str, enabled: bool, variant: str, found: list[tuple[str, State, str]], why: str
):
    verdicts = [
        said("C001", STREAM if one is STREAM_OK else CheckName.PICTURE, *one) for one in found
    ]
    around = replace(QUIET, pictures=enabled)
    check = checked({"C001": replace(camera(1), variant=variant)}, verdicts, around)
    assert cell(check, number) == Cell(Mark.NOT_CHECKED, why)


def test_a_lost_camera_fails_once_and_the_rest_says_why():
    check = checked({"C001": camera(1)}, [said("C001", REACH, "reach", FAULT, "no answer")])
    assert cell(check, "C1").mark is Mark.FAIL
    assert cell(check, "C4") == Cell(Mark.NOT_CHECKED, "the camera could not be reached")


def test_a_relayed_camera_has_its_relay_checked_and_no_other():
    relay = Device(
        "L1", "Police", Kind.LINK, "town", "192.0.2.9",
        relays=(RelaySpec("C001", "/c1", "main"), RelaySpec("C002", "/c2", "main")),
    )  # fmt: skip
    devices = estate(3) | {"L1": relay}
    shown = [
        Verdict("L1", CheckName.RELAY, "C001", "pictures", FAULT, "relay_down", "relay down", NOW),
        Verdict("L1", CheckName.RELAY, "C002", "pictures", OK, "ok", "relay well", NOW),
    ]
    check = checked(devices, shown)
    marks = [cell(check, "C22", name).mark for name in ("C001", "C002", "C003")]
    assert marks == [Mark.FAIL, Mark.WELL, Mark.NOT_APPLICABLE]


def test_a_stored_camera_has_no_line_and_a_deployed_one_its_own():
    stored = camera(1, variant="deployable", deployment="in_store")
    out = camera(2, variant="deployable")
    devices = {one.id: one for one in (stored, out)}
    lost = said("C002", STREAM, "pictures", FAULT, "no pictures")
    check = checked(devices, [said("C002", REACH, "reach", OK, "answers"), lost])
    assert {one.mark for one in check.cells["C001"]} == {Mark.NOT_APPLICABLE}
    assert cell(check, "C1", "C001").why == "in store"
    assert cell(check, "C23", "C002") == Cell(Mark.FAIL, "no pictures")


def test_power_events_of_its_ups_and_recorder_count_and_of_others_not():
    over = PowerEvent("UPS1", "UPS1: on battery 06:10 to 06:20", over=True)
    now = PowerEvent("R1", "R1: restarted 5 min ago", over=False)
    far = PowerEvent("UPS9", "UPS9: on battery", over=False)
    assert of("C20", around=Surroundings(0.0, (far,), "")).mark is Mark.WELL
    assert of("C20", around=Surroundings(0.0, (over, far), "")) == Cell(Mark.WARNING, over.words)
    assert of("C20", around=Surroundings(0.0, (over, now), "")).mark is Mark.FAIL
    unknown = Surroundings(0.0, (), "there is no record")
    assert of("C20", around=unknown) == Cell(Mark.NOT_CHECKED, "there is no record")


def test_a_ups_above_the_camera_counts_before_one_of_its_site():
    other = Device("UPS2", "Cabinet", Kind.UPS, "elsewhere", "192.0.2.62")
    devices = estate(1) | {"UPS2": other}
    bad = said("UPS1", CheckName.UPS, "power", FAULT, "on battery")
    good = said("UPS2", CheckName.UPS, "power", OK, "on mains")
    devices["C001"] = camera(1, parents=("UPS2",), recorder=None)
    assert of("C19", bad, good, devices=devices) == Cell(Mark.WELL, "on mains")


def test_the_ups_of_its_recorder_counts_too():
    devices = estate(1) | {"C001": camera(1, site="elsewhere")}
    bad = said("UPS1", CheckName.UPS, "power", FAULT, "on battery")
    assert of("C19", bad, devices=devices) == Cell(Mark.FAIL, "on battery")
