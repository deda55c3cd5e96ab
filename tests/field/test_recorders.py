"""What a recorder does not tell is not known: FF-D1 to FF-D5."""

from __future__ import annotations

import functools
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from helpers.fakes.recorder_makes import Well, fault
from helpers.fakes.recorder_web import Answer, Instead
from helpers.product import Product, Swept, only
from helpers.recorder_estate import Recorder, told
from helpers.support import Peers

LOW = (
    "<ResponseStatus><statusCode>4</statusCode><statusString>Invalid Operation</statusString>"
    "<subStatusCode>lowPrivilege</subStatusCode></ResponseStatus>"
)
PAGE = "<!DOCTYPE html><html><body>Please log in</body></html>"
# Of each reply in place of the right one: is it a refusal to this account?
REPLIES: dict[str, tuple[Answer, bool]] = {
    "403": (Answer("Forbidden", "403 Forbidden", "text/plain"), True),
    "401": (Answer("", "401 Unauthorized"), True),
    "404": (Answer("", "404 Not Found"), False),
    "400": (Answer("Error\r\nBad Request!\r\n", "400 Bad Request", "text/plain"), False),
    "500": (Answer("", "500 Internal Server Error"), False),
    "503": (Answer("", "503 Service Unavailable"), False),
    "empty": (Answer(""), False),
    "page": (Answer(PAGE, kind="text/html"), False),
}
OF_MAKE: dict[str, dict[str, tuple[Answer, bool]]] = {
    "hikvision": {
        "403 lowPrivilege": (Answer(LOW, "403 Forbidden"), True),
        "200 lowPrivilege": (Answer(LOW), True),
        "200 notSupport": (Answer(LOW.replace("lowPrivilege", "notSupport")), False),
    },
    "dahua": {
        "200 no authority": (Answer("Error: No Authority\r\n", kind="text/plain"), True),
        "200 Error": (Answer("Error\r\nBad Request!\r\n", kind="text/plain"), False),
    },
    "axis": {},
    "onvif": {
        "fault NotAuthorized": (Answer(fault("NotAuthorized", "Sender not authorized")), True),
        "400 NotAuthorized": (Answer(fault("NotAuthorized"), "400 Bad Request"), True),
        "fault ActionNotSupported": (Answer(fault("ActionNotSupported")), False),
        "500 fault": (Answer(fault("Action"), "500 Internal Server Error"), False),
    },
}
DISKS = {
    "hikvision": "ContentMgmt/Storage",
    "dahua": "storageDevice",
    "axis": "disks/list",
    "onvif": "FindEvents.*HardwareFailure",
}
FOOTAGE = {
    "hikvision": "ContentMgmt/search",
    "dahua": "mediaFileFind",
    "axis": "record/list",
    "onvif": "FindEvents.*RecordingHistory",
}
Case = tuple[str, str]


def cases(make: str) -> list[Case]:
    return [(make, kind) for kind in (*REPLIES, *OF_MAKE[make])]


def reply_of(case: Case) -> tuple[Answer, bool]:
    make, kind = case
    return OF_MAKE[make].get(kind) or REPLIES[kind]


def sheet_of(recorders: list[Recorder]) -> Swept:
    """One sweep of `recorders`, R001 with C001 and on."""
    with TemporaryDirectory() as folder:
        return told(Path(folder), recorders, Product.sweep)


@functools.cache
def swept(make: str, where: str) -> tuple[Swept, list[Recorder]]:
    """The sheet of one recorder for each reply in place of what `where` asks."""
    recorders = [
        Recorder(make, [Instead(where, reply_of(case)[0])], Well(general=True))
        for case in cases(make)
    ]
    return sheet_of(recorders), recorders


def about(sheet: Swept, device: str, word: str) -> str:
    """The one line that says that `word` of `device` is not checked."""
    assert sheet.rows(device, "faults") == []
    assert sheet.rows(device, "warnings") == []
    found = [
        row["sentence"] for row in sheet.rows(device, "not_checked") if word in row["sentence"]
    ]
    assert len(found) == 1, sheet.rows(device)
    return str(found[0])


EVERY = [(case, n) for make in DISKS for n, case in enumerate(cases(make), 1)]


# ------------------------------------------------------------------------------------------- FF-D1


@pytest.mark.parametrize(("case", "number"), EVERY, ids=str)
def test_ff_d1_disks_that_are_not_told_are_not_checked(case: Case, number: int) -> None:
    sheet, recorders = swept(case[0], DISKS[case[0]])
    sentence = about(sheet, f"R{number:03d}", "disks")
    assert ("refused to this account" in sentence) == reply_of(case)[1]
    assert sheet.code == 2
    assert recorders[number - 1].web.rejected == 0
    tries = sum(
        n for words, n in recorders[number - 1].web.asked.items() if DISKS[case[0]] in words
    )
    assert tries <= 6


REFUSED = {
    "hikvision": r"^\S+ /ISAPI/(?!System/time)",
    "dahua": r"^\S+ /cgi-bin/(?!global)",
    "axis": r"^\S+ /axis-cgi/(?!time)",
}


@pytest.mark.parametrize("make", REFUSED)
def test_ff_d1_all_but_the_time_is_refused(make: str, tmp_path: Path) -> None:
    """Not known is not well: a line for each, and the exit code says so."""
    recorder = Recorder(make, [Instead(REFUSED[make], REPLIES["403"][0])], watched=False)

    def asked(product: Product) -> None:
        sheet = product.sweep()
        assert sheet.code == 2
        assert sheet.rows("R001", "faults") == []
        lines = sheet.sentences("R001", "not_checked")
        assert [line for line in lines if line.startswith("disks: refused to this account")]
        assert len(lines) == len(set(lines)) >= 2
        assert all("refused to this account" in line for line in lines)
        assert product.run("probe", "R001").code == 2

    told(tmp_path, [recorder], asked)


def test_ff_d1_the_agent_does_not_call_it_well(tmp_path: Path, peers: Peers) -> None:
    """The wall says what is not known and why."""
    refused = [Instead(REFUSED["hikvision"], REPLIES["403"][0])]

    def watched(product: Product) -> None:
        with product.agent(peers) as agent:
            ran = {"device": "R001", "check": "recorder"}
            agent.until(lambda: (agent.value("healthmon_check_runs_total", **ran) or 0.0) >= 3, 60)
            said = agent.get("/wall/device?id=R001")[1]
            assert "disks: refused to this account" in said
            state = {"device": "R001", "state": "unknown"}
            assert agent.value("healthmon_device_state", **state) == 1
            assert agent.series("healthmon_recorder_disk_state", device="R001") == []

    defaults = {"interval": "1 s", "recording_interval": "1 s"}
    told(tmp_path, [Recorder("hikvision", refused, watched=False)], watched, defaults=defaults)


def test_ff_d1_a_configured_request_that_is_refused_is_named(tmp_path: Path) -> None:
    """Make http: what config.yaml asks for and does not get."""
    requests = [
        {"path": "/ISAPI/System/time", "values": [{"at": "timeMode", "fills": "time_source"}]},
        {"path": "/array", "values": [{"at": "failed", "name": "failed disks", "high": "0"}]},
    ]
    recorder = Recorder("hikvision", [Instead("/array", REPLIES["403"][0])], watched=False)
    recorder.more = {"make": "http", "requests": requests}
    sheet = told(tmp_path, [recorder], Product.sweep)
    assert sheet.code == 2
    assert "refused to this account" in about(sheet, "R001", "/array")


# Of each make: where something is asked, the device whose line it is, and the line's first words.
ASPECTS = {
    "hikvision": [
        ("ContentMgmt/Storage", "R", "disks"),
        ("System/status", "R", "uptime"),
        ("chanStatus|InputProxy", "R", "channels"),
        ("record/tracks", "R", "schedules"),
        ("record/tracks", "C", "gaps"),
        ("ContentMgmt/search", "C", "gaps"),
        ("ContentMgmt/search", "C", "retention"),
    ],
    "dahua": [
        ("storageDevice", "R", "disks"),
        ("getEventIndexes", "R", "channels"),
        ("RecordMode", "R", "schedules"),
        ("name=NTP", "R", "time source"),
        ("action=factory.create", "C", "gaps"),
        ("findNextFile", "C", "gaps"),
        ("findNextFile", "C", "retention"),
    ],
    "axis": [
        ("disks/list", "R", "disks"),
        ("gethealth", "R", "health of the disks"),
        ("systemready", "R", "uptime"),
        ("ntp.cgi", "R", "time source"),
        ("record/list", "C", "recording"),
        ("record/list", "C", "gaps"),
        ("record/list", "C", "retention"),
    ],
    "onvif": [
        ("FindEvents.*HardwareFailure", "R", "disks"),
        ("GetNTP", "R", "time servers"),
        ("GetRecordings ", "R", "retention that is set"),
        ("FindEvents.*RecordingHistory", "C", "gaps"),
    ],
}
WAYS = {
    "403": REPLIES["403"][0],
    "401": REPLIES["401"][0],
    "500": REPLIES["500"][0],
    "400": REPLIES["400"][0],
    "half": Answer(how="half"),
    "cut": Answer(how="cut"),
    "hang": Answer(how="hang"),
}
# Half of a table of lines, as Dahua sends them, cannot be told from a whole one.
WALK = [(make, way) for make in ASPECTS for way in WAYS if (make, way) != ("dahua", "half")]


@functools.cache
def walked(make: str) -> tuple[Swept, list[Recorder]]:
    """The sheet of a recorder for each aspect of `make` in each way that is not an answer."""
    recorders = [
        Recorder(make, [Instead(where, WAYS[way])], Well(general=True))
        for way in WAYS
        for where, _, _ in ASPECTS[make]
        if (make, way) in WALK
    ]
    return sheet_of(recorders), recorders


@pytest.mark.parametrize(("make", "way"), WALK)
def test_ff_d1_whatever_is_not_read_has_a_line_with_its_reason(make: str, way: str) -> None:
    """And nothing else of the recorder is spoilt by it."""
    aspects = ASPECTS[make]
    sheet, recorders = walked(make)
    ways = [one for other, one in WALK if other == make]
    assert sheet.code == 2
    for number, (where, kind, words) in enumerate(aspects, 1 + len(aspects) * ways.index(way)):
        device = f"{kind}{number:03d}"
        lines = [one for one in sheet.sentences(device, "not_checked") if one.startswith(words)]
        assert len(lines) == 1, (where, device, sheet.rows(device))
        assert ("refused to this account" in lines[0]) == (way in ("401", "403")), lines
        for other in (f"R{number:03d}", f"C{number:03d}"):
            assert sheet.rows(other, "faults") + sheet.rows(other, "warnings") == []
        assert recorders[number - 1].web.rejected == 0


def test_beside_d1_a_feature_that_is_not_offered_is_a_note(tmp_path: Path) -> None:
    """It turns nothing grey where no footage depends on it."""
    absent = {
        "hikvision": ("System/status", Answer(LOW.replace("lowPrivilege", "notSupport"))),
        "dahua": ("getStateAll", REPLIES["404"][0]),
        "axis": ("ntp.cgi|systemready|gethealth", REPLIES["404"][0]),
        "onvif": ("GetNTP", Answer(fault("ActionNotSupported"))),
    }
    recorders = [
        Recorder(make, [Instead(*absent[make])], Well(general=True), watched=False)
        for make in absent
    ]

    def asked(product: Product) -> None:
        sheet = product.sweep()
        for number, make in enumerate(absent, 1):
            assert sheet.sentences(f"R{number:03d}") == [], make
            explained = product.run("probe", f"R{number:03d}", "--explain").text
            assert "not read" in explained, make
        assert sheet.code == 0

    told(tmp_path, recorders, asked)


def test_ff_d1_one_request_that_hangs_hides_no_failed_disk() -> None:
    disks = [("hdd1", "ok", 4_000_000), ("hdd2", "error", 4_000_000)]
    sheet = sheet_of(
        [Recorder("hikvision", [Instead("System/status", Answer(how="hang"))], Well(disks))]
    )
    assert [row["code"] for row in sheet.rows("R001", "faults")] == ["disk_failed"]
    line = only(sheet.sentences("R001", "not_checked"))
    assert line.startswith("uptime not checked: connected, no answer in time")


# ------------------------------------------------------------------------------------------- FF-D2

ONCE = {
    "hikvision": ("ok", "error"),
    "dahua": ("Success", "Failure"),
    "axis": ("OK", "failed"),
}


@pytest.mark.parametrize("make", ONCE)
def test_ff_d2_a_nonce_that_is_taken_once_costs_a_fresh_login(make: str) -> None:
    disks = [(f"disk{n}", state, 4_000_000) for n, state in enumerate(ONCE[make], 1)]
    recorder = Recorder(make, well=Well(disks), nonces="once 403")
    sheet = sheet_of([recorder])
    assert sheet.code == 1
    row = only(sheet.rows("R001"))
    assert row["code"] == "disk_failed"
    assert "disk2" in row["sentence"]
    assert sheet.rows("C001") == []
    assert recorder.web.rejected == 0


def test_ff_d2_dahua_without_a_disk_is_not_well() -> None:
    sheet = sheet_of(
        [Recorder("dahua", [Instead(DISKS["dahua"], REPLIES["400"][0])], watched=False)]
    )
    assert sheet.code == 2
    assert "HTTP 400" in about(sheet, "R001", "disks")


def test_a_refusal_costs_no_login_after_login() -> None:
    """403 to every disk question is not taken for a worn-out nonce for ever."""
    recorder = Recorder("dahua", [Instead("storageDevice|configManager", REPLIES["403"][0])])
    sheet_of([recorder])
    asked = recorder.web.asked
    assert recorder.web.rejected == 0
    assert sum(n for words, n in asked.items() if "configManager" in words) <= 3 * 3 + 2


# ------------------------------------------------------------------------------------------- FF-D3

BAYS = (
    ("hikvision", ("hdd2", "notexist", 0)),
    ("hikvision", ("hdd2", "notExist", 0)),
    ("hikvision", ("hdd2", "offline", 0)),
    ("hikvision", ("hdd2", "", 0)),
    ("dahua", ("/dev/sdb", "NotExist", 0)),
    ("dahua", ("/dev/sdb", "Inactive", 0)),
    ("axis", ("SD_DISK2", "disconnected", 0)),
)
ONE = {
    "hikvision": ("hdd1", "ok", 4_000_000),
    "dahua": ("/dev/sda", "Success", 4_000_000),
    "axis": ("SD_DISK", "OK", 4_000_000),
}


@functools.cache
def empty_bays() -> Swept:
    return sheet_of([Recorder(make, well=Well([ONE[make], bay])) for make, bay in BAYS])


EMPTY = [n for n, (make, (_, state, _)) in enumerate(BAYS, 1) if make != "axis" and state]


@pytest.mark.parametrize("number", EMPTY, ids=[str(BAYS[n - 1]) for n in EMPTY])
def test_ff_d3_a_bay_that_never_held_a_disk_is_no_fault(number: int) -> None:
    assert empty_bays().sentences(f"R{number:03d}") == []


def test_an_empty_slot_without_a_word_is_no_fault() -> None:
    for number in range(1, len(BAYS) + 1):
        if number not in EMPTY:
            assert empty_bays().rows(f"R{number:03d}", "faults") == []


def test_ff_d3_a_bay_that_has_held_a_disk_counts(tmp_path: Path, peers: Peers) -> None:
    """An empty bay is no fault of the agent; when the other bay loses its disk that is one.

    It stays one over a restart of the agent.
    """
    well = Well([ONE["hikvision"], ("hdd2", "ok", 4_000_000), ("hdd3", "notexist", 0)])

    def runs_of(agent: object) -> float:
        ran = {"device": "R001", "check": "recorder"}
        return agent.value("healthmon_check_runs_total", **ran) or 0.0  # type: ignore[attr-defined]

    def watched(product: Product) -> None:
        with product.agent(peers) as agent:
            agent.until(lambda: runs_of(agent) >= 4, 90)
            assert agent.faults("R001") == set()
            well.disks[1] = ("hdd2", "notexist", 0)
            agent.until(lambda: agent.faults("R001") == {"disk_failed"}, 90)
        with product.agent(peers) as agent:
            agent.until(lambda: runs_of(agent) >= 6, 90)
            assert agent.faults("R001") == {"disk_failed"}
            well.disks[1] = ("hdd2", "ok", 4_000_000)
            agent.until(lambda: agent.faults("R001") == set(), 90)

    defaults = {"interval": "1 s", "recording_interval": "1 s", "cause": {"hold": "1 s"}}
    told(tmp_path, [Recorder("hikvision", well=well, watched=False)], watched, defaults=defaults)


GONE = {
    "hikvision": ("hdd2", "ok", 4_000_000),
    "dahua": ("/dev/sdb", "Success", 4_000_000),
    "axis": ("SD_DISK2", "OK", 4_000_000),
}


@pytest.mark.parametrize("make", GONE)
def test_ff_d3_a_disk_that_is_no_longer_listed_counts(make: str, tmp_path: Path) -> None:
    """Some makes drop a lost disk from their list. A later sweep knows what an earlier one saw."""
    well = Well([ONE[make], GONE[make]])

    def swept_twice(product: Product) -> None:
        assert product.sweep().sentences("R001") == []
        well.disks = [ONE[make]]
        lost = product.sweep()
        assert [row["code"] for row in lost.rows("R001", "faults")] == ["disk_failed"]
        assert f"1 of 2 disks bad: {GONE[make][0]} missing" in lost.sentences("R001")[0]
        well.disks = [ONE[make], GONE[make]]
        assert product.sweep().sentences("R001") == []

    told(tmp_path, [Recorder(make, well=well, watched=False)], swept_twice)


# ------------------------------------------------------------------------------------------- FF-D4


def test_ff_d4_gaps_that_a_recorder_cannot_report_are_switched_off(tmp_path: Path) -> None:
    """Not offered: a line for a camera that is recorded always, until the configuration says no."""
    absent = [Instead(FOOTAGE["onvif"], Answer(fault("ActionNotSupported")))]
    recorder = Recorder("onvif", absent)
    assert "not offered" in about(told(tmp_path, [recorder], Product.sweep), "C001", "gaps")
    recorder.more = {"recording": {"gaps": "no"}}
    sheet = told(tmp_path, [recorder], Product.sweep)
    assert sheet.rows("C001") == []
    assert sheet.code == 0


@pytest.mark.parametrize(("case", "number"), EVERY, ids=str)
def test_ff_d4_gaps_that_cannot_be_read_are_not_checked(case: Case, number: int) -> None:
    sheet, recorders = swept(case[0], FOOTAGE[case[0]])
    sentence = about(sheet, f"C{number:03d}", "gaps")
    assert ("refused to this account" in sentence) == reply_of(case)[1]
    assert sheet.code == 2
    assert recorders[number - 1].web.rejected == 0
    assert "not read" in sentence or "not checked" in sentence or "refused" in sentence


def test_ff_d4_the_reason_is_told(tmp_path: Path) -> None:
    where = "GetEventSearchResults"
    sheet = sheet_of([Recorder("onvif", [Instead(where, REPLIES["500"][0])])])
    assert sheet.code == 2
    assert "HTTP 500" in about(sheet, "C001", "gaps")


# ------------------------------------------------------------------------------------------- FF-D5


def camera(number: int, recorder: str, channel: str, **more: object) -> dict[str, object]:
    basics = {"id": f"C{number}", "name": f"Gate {number}", "site": "s", "kind": "fixed"}
    return (
        basics | {"address": f"192.0.2.{number}", "recorder": recorder, "channel": channel} | more
    )


def recorder_row(number: int) -> dict[str, object]:
    basics = {"id": f"R{number}", "name": f"Recorder {number}", "site": "s", "credential": "view"}
    return basics | {"address": f"192.0.2.1{number}"}


TWICE = {
    "the same": [camera(1, "R1", "1"), camera(2, "R1", "1")],
    "a name": [camera(1, "R1", "North gate"), camera(2, "R1", "North gate")],
    "three": [camera(n, "R1", "4") for n in (1, 2, 3)],
    "another between": [camera(1, "R1", "7"), camera(2, "R2", "7"), camera(3, "R1", "7")],
}


@pytest.mark.parametrize("cameras", TWICE.values(), ids=TWICE)
def test_ff_d5_two_cameras_on_one_channel_are_refused(
    cameras: list[dict[str, object]], tmp_path: Path
) -> None:
    product = Product(
        tmp_path, {"recorders": [recorder_row(1), recorder_row(2)], "cameras": cameras}
    )
    done = product.run("check-config")
    assert done.code == 3
    assert f"{cameras[-1]['id']}" in done.text
    assert f"channel '{cameras[0]['channel']}'" in done.text
    assert "taken already" in done.text


def test_ff_d5_nothing_is_swept_then(tmp_path: Path) -> None:
    rows = {"recorders": [recorder_row(1)], "cameras": TWICE["the same"]}
    done = Product(tmp_path, rows).run("sweep")
    assert "taken already" in done.text
    assert done.code == 3


def test_one_channel_number_on_two_recorders_is_fine(tmp_path: Path) -> None:
    cameras = [camera(1, "R1", "1"), camera(2, "R2", "1"), camera(3, "R1", "2")]
    product = Product(
        tmp_path, {"recorders": [recorder_row(1), recorder_row(2)], "cameras": cameras}
    )
    assert product.run("check-config").code == 0
