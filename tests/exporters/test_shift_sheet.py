"""The shift sheet says what an operator needs: faults first, in words, then what could not be
checked, then the rest.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from healthmon.incidents.confirmation import Fault
from healthmon.incidents.incident import OTHER, PERSON, RAISED, Ack, Incident
from healthmon.model.device import Device
from healthmon.model.enums import CheckName, Kind, Reason, Span, State
from healthmon.model.measurements import Reference
from healthmon.model.results import Verdict
from healthmon_exporters.reports.device_ids import ids
from healthmon_exporters.reports.open_faults import OpenFaults
from healthmon_exporters.reports.sheet_rows import Known, rows
from healthmon_exporters.reports.shift_sheet import Sheet, as_json, text

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2026, 11, 24, 6, 58, 12, tzinfo=LONDON).timestamp()


def device(number: str, name: str, kind: Kind = Kind.CAMERA, priority: int = 3) -> Device:
    return Device(number, name, kind, "town", "127.0.0.1", priority=priority)


DEVICES = {
    d.id: d
    for d in (
        device("C017", "Market Place north", priority=2),
        device("C058", "Riverside car park"),
        device("C101", "Quay east"),
        device("C102", "Quay west"),
        device("C103", "Quay south"),
        device("R1", "Recorder 1", Kind.RECORDER),
        device("UPS1", "Control room", Kind.UPS, 1),
    )
}


def bad(
    name: str,
    check_type: CheckName,
    state: State,
    code: str,
    sentence: str,
    reason: Reason | None = None,
    aspect="main",
):
    return Verdict(name, check_type, "", aspect, state, code, sentence, NOW, reason=reason)


BEHIND = "behind switch S07 (no answer since 06:51)"
VERDICTS = [
    bad(
        "C017",
        CheckName.STREAM,
        State.FAULT,
        "no_pictures",
        "no pictures: connected, 0 frames in 8 s (limit 2 s)",
    ),
    bad("C017", CheckName.CLOCK, State.UNKNOWN, "timeout", "clock not checked", Reason.TIMEOUT),
    bad(
        "C058",
        CheckName.CLOCK,
        State.FAULT,
        "clock_zone",
        "clock 1 h 00 min 00.2 s ahead: summer time was not switched off",
    ),
    bad(
        "UPS1",
        CheckName.UPS,
        State.FAULT,
        "on_battery",
        "on battery 3 min 10 s, 41 min left at 38 % load",
    ),
    bad("C101", CheckName.REACH, State.UNKNOWN, "behind_parent", BEHIND, Reason.BEHIND_PARENT),
    bad("C101", CheckName.STREAM, State.UNKNOWN, "behind_parent", BEHIND, Reason.BEHIND_PARENT),
    bad("C102", CheckName.REACH, State.UNKNOWN, "behind_parent", BEHIND, Reason.BEHIND_PARENT),
    bad("C103", CheckName.REACH, State.OK, "ok", "answers"),
]


def sheet(verdicts=VERDICTS, incidents: tuple[Incident, ...] = ()) -> Sheet:
    since = {
        ("C017", "stream", "", "main"): datetime(2026, 11, 24, 4, 12, tzinfo=LONDON).timestamp(),
        ("C058", "clock", "", "main"): datetime(2026, 10, 25, 2, 0, tzinfo=LONDON).timestamp(),
        ("UPS1", "ups", "", "main"): NOW - 190,
    }
    reference = Reference(Span(-0.004, 0.004), NOW, servers=3, asked=3)
    faults = OpenFaults(incidents, lambda at: f"{datetime.fromtimestamp(at, LONDON):%H:%M}")
    known = Known(since, {"C058": "lamp column works"}, faults, {"town": "Town"})
    made = rows(DEVICES, verdicts, known, set(DEVICES))
    return Sheet(
        "Example District CCTV", "Europe/London", NOW, 11.4, list(DEVICES.values()), reference, made
    )


def test_the_sheet_reads_like_the_sheet_on_the_desk():
    lines = text(sheet()).splitlines()
    assert lines[0] == (
        "Shift check  Tue 24 Nov 2026 06:58:12   Example District CCTV   5 cameras   1 recorder   1 UPS   "
        "clock reference +-4 ms (3 servers)"
    )
    assert lines[1] == "FAULTS 3"
    assert [line.split()[1] for line in lines[2:5]] == ["UPS1", "C017", "C058"]
    assert lines[3].startswith(
        "  x  C017  Market Place north  no pictures: connected, 0 frames in 8 s (limit 2 s)"
    )
    assert lines[3].endswith("since 04:12, 2 h 46 min   P2")
    assert lines[4].endswith("since 25 Oct   P3   [maintenance: lamp column works]")
    assert lines[5] == "NOT CHECKED 3"
    assert lines[6] == "  ?  C017  Market Place north  clock not checked"
    assert lines[7].split(maxsplit=2) == ["?", "C101-C102", BEHIND]
    assert lines[8] == "OK: 1 camera, 1 recorder. The check took 11.4 s"


def test_exit_codes():
    assert sheet().exit_code == 1
    assert sheet(VERDICTS[4:]).exit_code == 2
    assert sheet(VERDICTS[7:]).exit_code == 0


def test_an_unreachable_device_is_one_line():
    down = [
        bad(
            "C017",
            CheckName.REACH,
            State.FAULT,
            "unreachable",
            "no answer on RTSP 554",
            aspect="reach",
        ),
        bad(
            "C017", CheckName.STREAM, State.UNKNOWN, "not_reached", "not asked", Reason.NOT_REACHED
        ),
        bad("C017", CheckName.CLOCK, State.UNKNOWN, "not_reached", "not asked", Reason.NOT_REACHED),
    ]
    assert [row.code for row in sheet(down).rows] == ["unreachable"]


def test_an_unreachable_device_names_what_its_switch_port_tells():
    down = [
        bad(
            "C017",
            CheckName.REACH,
            State.FAULT,
            "unreachable",
            "no answer on RTSP 554",
            aspect="reach",
        ),
        bad(
            "C017",
            CheckName.PORT,
            State.FAULT,
            "port_down",
            "port Gi1/0/7 of Quay switch S07 is down",
            aspect="port",
        ),
        bad(
            "C017",
            CheckName.PORT,
            State.FAULT,
            "poe_fault",
            "PoE fault on port Gi1/0/7",
            aspect="poe",
        ),
    ]
    assert [row.sentence for row in sheet(down).rows] == [
        "no answer on RTSP 554; port Gi1/0/7 of Quay switch S07 is down"
    ]
    slow = bad(
        "C017",
        CheckName.PORT,
        State.DEGRADED,
        "port_slow",
        "runs at 10 Mbit/s only",
        aspect="speed",
    )
    assert [row.sentence for row in sheet([down[0], slow]).rows] == ["no answer on RTSP 554"]


def test_no_reference_is_one_line_for_all_devices():
    lost = [
        bad(
            name,
            CheckName.CLOCK,
            State.UNKNOWN,
            "no_reference",
            "clock not checked: no reference",
            Reason.NO_REFERENCE,
        )
        for name in ("C101", "C102", "C103")
    ]
    found = sheet(lost).rows
    assert [row.devices for row in found] == [("C101", "C102", "C103")]


def test_json_holds_the_same_rows():
    found = as_json(sheet())
    assert [row["devices"] for row in found["faults"]] == [["UPS1"], ["C017"], ["C058"]]
    assert found["not_checked"][1]["devices"] == ["C101", "C102"]
    assert found["exit_code"] == 1
    assert found["faults"][1]["since"] == "2026-11-24T04:12:00+00:00"


def test_runs_of_ids_are_folded():
    assert ids(("C099", "C100", "C101", "C110", "R1")) == "C099-C101, C110, R1"


def incident(number: int, device: str, code: str, aspect: str = "main", **more) -> Incident:
    fault = Fault(
        device, "stream", "", aspect, code, State.FAULT, f"it is {code}", NOW - 3600, NOW - 3500
    )
    return Incident(number, device, "town", (fault,), NOW - 3600, NOW - 3600, **more)


def well(device: str, aspect: str = "main") -> Verdict:
    return bad(device, CheckName.STREAM, State.OK, "ok", "pictures come", aspect=aspect)


def test_an_open_fault_stands_whatever_one_look_saw():
    frozen = incident(7, "C101", "frozen_picture", ack=Ack("A. Smith", "ordered", NOW))
    quick = incident(8, "C102", "no_pictures")
    unseen = incident(9, "C103", "no_pictures")
    made = sheet([well("C101"), well("C102")], (frozen, quick, unseen))
    lines = [line for line in text(made).splitlines() if line.startswith("  x")]
    assert "it is frozen_picture; not checked here, open since 05:58" in lines[0]
    assert lines[0].endswith("P3   F000007   acknowledged by A. Smith: ordered")
    assert "it is no_pictures; well in this one check, open since 05:58" in lines[1]
    assert "it is no_pictures; not checked here, open since 05:58" in lines[2]
    assert made.exit_code == 1


def test_a_fault_that_the_sweep_sees_too_stands_once_with_its_number():
    made = sheet(VERDICTS[:1], (incident(7, "C017", "no_pictures"),))
    assert [(row.number, row.of_record) for row in made.rows] == [(7, False)]
    assert as_json(made)["faults"][0]["fault"] == "F000007"


def test_faults_that_their_cause_explains_stand_with_it():
    switch = incident(6, "R1", "unreachable")
    behind = incident(7, "C101", "no_pictures", held="parent", cause_number=6)
    assert [row.number for row in sheet([well("C101")], (switch, behind)).rows] == [6]
    assert [row.number for row in sheet([well("C101")], (behind,)).rows] == [7]


def test_of_a_selection_only_its_own_faults_stand():
    faults = OpenFaults((incident(7, "C101", "no_pictures"), incident(8, "healthmon", "store")))
    assert [one.number for one, _ in faults.not_seen([], {"C102"})] == [8]


@pytest.mark.parametrize("device", ["C101", OTHER])
def test_what_a_person_has_raised_stands_too(device):
    fault = Fault(device, PERSON, "", "raised", RAISED, State.FAULT, "gate is open", NOW - 60, NOW)
    raised = Incident(9, device, "town", (fault,), NOW - 3600, NOW - 3600)
    (row,) = sheet([well("C101")], (raised,)).rows
    assert row.sentence == "gate is open; raised by a person, open since 05:58"
    assert (row.devices, row.number) == ((device,), 9)


def test_what_is_at_fault_in_the_record_is_believed():
    faults = OpenFaults((incident(7, "C101", "frozen_picture"),))
    found = {v.key: v for v in faults.believed([well("C101"), well("C102")])}
    assert found["C101", "stream", "", "main"].state is State.FAULT
    assert found["C102", "stream", "", "main"].state is State.OK
