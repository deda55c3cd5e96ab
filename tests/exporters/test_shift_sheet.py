"""The shift sheet says what an operator needs: faults first, in words, then what could not be checked, then the rest."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from healthmon.model import Device, Kind, Question, Reason, Reference, Span, State, Verdict
from healthmon_exporters.shift_sheet import Sheet, as_json, ids, rows, text

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
    question: Question,
    state: State,
    code: str,
    sentence: str,
    reason: Reason | None = None,
    aspect="main",
):
    return Verdict(name, question, "", aspect, state, code, sentence, NOW, reason=reason)


BEHIND = "behind switch S07 (no answer since 06:51)"
VERDICTS = [
    bad(
        "C017",
        Question.STREAM,
        State.FAULT,
        "no_pictures",
        "no pictures: connected, 0 frames in 8 s (limit 2 s)",
    ),
    bad("C017", Question.CLOCK, State.UNKNOWN, "timeout", "clock not checked", Reason.TIMEOUT),
    bad(
        "C058",
        Question.CLOCK,
        State.FAULT,
        "clock_zone",
        "clock 1 h 00 min 00.2 s ahead: summer time was not switched off",
    ),
    bad(
        "UPS1",
        Question.UPS,
        State.FAULT,
        "on_battery",
        "on battery 3 min 10 s, 41 min left at 38 % load",
    ),
    bad("C101", Question.REACH, State.UNKNOWN, "behind_parent", BEHIND, Reason.BEHIND_PARENT),
    bad("C101", Question.STREAM, State.UNKNOWN, "behind_parent", BEHIND, Reason.BEHIND_PARENT),
    bad("C102", Question.REACH, State.UNKNOWN, "behind_parent", BEHIND, Reason.BEHIND_PARENT),
    bad("C103", Question.REACH, State.OK, "ok", "answers"),
]


def sheet(verdicts=VERDICTS) -> Sheet:
    since = {
        ("C017", "stream", "", "main"): datetime(2026, 11, 24, 4, 12, tzinfo=LONDON).timestamp(),
        ("C058", "clock", "", "main"): datetime(2026, 10, 25, 2, 0, tzinfo=LONDON).timestamp(),
        ("UPS1", "ups", "", "main"): NOW - 190,
    }
    reference = Reference(Span(-0.004, 0.004), NOW, servers=3, asked=3)
    made = rows(DEVICES, verdicts, since, {"C058": "lamp column works"})
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
    assert lines[8] == "1 camera, 1 recorder well.   11.4 s"


def test_exit_codes():
    assert sheet().exit_code == 1
    assert sheet(VERDICTS[4:]).exit_code == 2
    assert sheet(VERDICTS[7:]).exit_code == 0


def test_an_unreachable_device_is_one_line():
    down = [
        bad(
            "C017",
            Question.REACH,
            State.FAULT,
            "unreachable",
            "no answer on RTSP 554",
            aspect="reach",
        ),
        bad("C017", Question.STREAM, State.UNKNOWN, "not_reached", "not asked", Reason.NOT_REACHED),
        bad("C017", Question.CLOCK, State.UNKNOWN, "not_reached", "not asked", Reason.NOT_REACHED),
    ]
    assert [row.code for row in sheet(down).rows] == ["unreachable"]


def test_an_unreachable_device_names_what_its_switch_port_tells():
    down = [
        bad(
            "C017",
            Question.REACH,
            State.FAULT,
            "unreachable",
            "no answer on RTSP 554",
            aspect="reach",
        ),
        bad(
            "C017",
            Question.PORT,
            State.FAULT,
            "port_down",
            "port Gi1/0/7 of Quay switch S07 is down",
            aspect="port",
        ),
        bad(
            "C017",
            Question.PORT,
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
        "C017", Question.PORT, State.DEGRADED, "port_slow", "runs at 10 Mbit/s only", aspect="speed"
    )
    assert [row.sentence for row in sheet([down[0], slow]).rows] == ["no answer on RTSP 554"]


def test_no_reference_is_one_line_for_all_devices():
    lost = [
        bad(
            name,
            Question.CLOCK,
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
