"""Clocks and time zones as real cameras tell them: FF-B1 to FF-B6.

The cameras of one table are asked by one sweep of the installed command; each case then reads its
own rows of the sheet.
"""

from __future__ import annotations

import functools
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from helpers.fakes.onvif_clock import NAMESPACES, ClockCamera, enveloped, told
from helpers.product import Product, Swept, only
from helpers.support import Peers

JANUARY, JULY = "2027-01-15T12:00:00+00:00", "2027-07-15T12:00:00+00:00"
HOUR = 3600.0
RIGHT, WARNING, NOT_CHECKED = "right", "warning", "not checked"
LONDON, BERLIN, NEW_YORK = "Europe/London", "Europe/Berlin", "America/New_York"
SAO_PAULO, LAGOS, SHANGHAI = "America/Sao_Paulo", "Africa/Lagos", "Asia/Shanghai"
KOLKATA = "Asia/Kolkata"
LONDONS = "GMT0BST,M3.5.0/1,M10.5.0"
Case = tuple[str | None, str, str]


def sheet_of(zone: str, cameras: list[ClockCamera], at: str = "") -> Swept:
    """One sweep of `cameras`, C001 and on."""
    with TemporaryDirectory() as folder:
        return told(Path(folder), zone, cameras, Product.sweep, at=at)


@functools.cache
def swept(zone: str, cases: tuple[Case, ...], at: str) -> Swept:
    """The sheet of one camera for each (TZ, DaylightSavings, expected), UTC right, no local time."""
    cameras = [ClockCamera(name, daylight or None) for name, daylight, _ in cases]
    return sheet_of(zone, cameras, at)


def verdict_on(sheet: Swept, number: int) -> str:
    """What the sheet says of the zone of one camera; of nothing else may it complain."""
    device = f"C{number:03d}"
    assert sheet.rows(device, "faults") == []
    warnings, unknown = sheet.rows(device, "warnings"), sheet.rows(device, "not_checked")
    assert {row["question"] for row in (*warnings, *unknown)} <= {"clock"}
    assert len(warnings) + len(unknown) <= 1
    if warnings:
        assert warnings[0]["code"] == "clock_rule"
        return WARNING
    if unknown:
        assert "time zone" in unknown[0]["sentence"]
        return NOT_CHECKED
    return RIGHT


def table(*tables: tuple[str, str, tuple[Case, ...]]) -> list[object]:
    """The cases of several estates as parameters: (estate's zone, date, cases, number)."""
    return [
        pytest.param(zone, at, cases, number, id=f"{zone} {case[0]!r} {case[1]} {at[:7]}")
        for zone, at, cases in tables
        for number, case in enumerate(cases, 1)
    ]


# ------------------------------------------------------------------------------------------- FF-B1

# Bosch tells no local time and writes minutes with one digit; others write ISO offsets, names of
# the IANA database or of Windows, a name alone, or nothing.
B1_LONDON: tuple[Case, ...] = (
    ("UTC5:0", "false", WARNING),
    ("UTC5:0", "true", WARNING),
    ("UTC-1:0", "false", WARNING),
    ("UTC5UTC", "true", WARNING),
    ("UTC5UTC", "false", WARNING),
    ("UTC-9:30UTC", "true", WARNING),
    ("UTC-5:3", "false", WARNING),
    ("UTC8:0:0", "false", WARNING),
    ("+05:30", "false", WARNING),
    ("-0500", "false", WARNING),
    ("+08", "false", WARNING),
    ("(UTC+08:00)", "false", WARNING),
    ("EST5EDT", "true", WARNING),
    ("Japan", "false", WARNING),
    ("UTC", "false", WARNING),
    ("GMT", "false", WARNING),
    ("Z", "false", WARNING),
    ("UTC0UTC", "true", NOT_CHECKED),
    ("GMT0BST", "true", NOT_CHECKED),
    ("GMT0BST", "false", NOT_CHECKED),
    ("UTC", "true", NOT_CHECKED),
    ("GMT Standard Time", "true", NOT_CHECKED),
    ("(UTC+00:00) Dublin, Edinburgh, Lisbon, London", "true", NOT_CHECKED),
    ("London", "true", NOT_CHECKED),
    ("BST", "true", NOT_CHECKED),
    ("No/Such_Zone", "false", NOT_CHECKED),
    ("../../etc/localtime", "false", NOT_CHECKED),
    ("35", "false", NOT_CHECKED),
    ("GMT0BST,M3.5.0/1", "true", NOT_CHECKED),
    ("", "true", NOT_CHECKED),
    ("", "false", NOT_CHECKED),
    (None, "true", NOT_CHECKED),
    (None, "false", NOT_CHECKED),
    (None, "", NOT_CHECKED),
)
B1_BERLIN: tuple[Case, ...] = (
    ("UTC-1:0", "true", NOT_CHECKED),
    ("UTC-1:0", "false", WARNING),
    ("UTC-1UTC", "true", NOT_CHECKED),
    ("CET-1CEST", "true", NOT_CHECKED),
    ("+01:00", "true", NOT_CHECKED),
    ("+01:00", "false", WARNING),
    ("W. Europe Standard Time", "true", NOT_CHECKED),
)
B1_NEW_YORK: tuple[Case, ...] = (
    ("UTC5:0", "true", NOT_CHECKED),
    ("UTC5UTC", "true", NOT_CHECKED),
    ("UTC6UTC", "true", WARNING),
    ("-05:00", "true", NOT_CHECKED),
    ("Eastern Standard Time", "true", NOT_CHECKED),
)
B1_TABLES = (
    (LONDON, JANUARY, B1_LONDON),
    (LONDON, JULY, (("UTC0:0", "true", NOT_CHECKED), ("UTC5:0", "false", WARNING))),
    (BERLIN, JANUARY, B1_BERLIN),
    (NEW_YORK, JANUARY, B1_NEW_YORK),
    (NEW_YORK, JULY, B1_NEW_YORK),
    (LAGOS, "", (("UTC1:0", "false", NOT_CHECKED), ("UTC+5:0", "false", WARNING))),
    # As Windows lists its zones: the offset is told, the dates are not.
    (
        LONDON,
        JANUARY,
        (
            ("(UTC+08:00) Beijing, Chongqing, Hong Kong", "false", WARNING),
            ("(GMT-05:00)Eastern Time (US & Canada)", "true", WARNING),
        ),
    ),
)


@pytest.mark.parametrize(("zone", "at", "cases", "number"), table(*B1_TABLES))
def test_ff_b1_a_zone_is_judged_without_local_time_or_named_as_not_checked(
    zone: str, at: str, cases: tuple[Case, ...], number: int
) -> None:
    assert verdict_on(swept(zone, cases, at), number) == cases[number - 1][2]


# Read and judged before, and still.
KNOWN = (
    (LONDON, JANUARY, (
        (LONDONS, "true", RIGHT),
        (LONDONS, "false", RIGHT),
        ("Europe/London", "false", RIGHT),
        ("GMT+0:00:00DST01:00:00,M3.5.0/01:00:00,M10.5.0/02:00:00", "true", RIGHT),
        ("<GMT>0<BST>-1,M3.5.0/1,M10.5.0", "true", RIGHT),
        ("CST-8", "false", WARNING),
        ("UTC +08:00", "false", WARNING),
        ("GMT0BST,M3.5.0/2,M10.5.0", "true", WARNING),
        ("GMT0", "false", WARNING),
        ("CET+1CEST,M3.5.0,M10.5.0/3", "true", WARNING),
        ("(UTC+00:00) Dublin, Edinburgh, Lisbon, London", "false", NOT_CHECKED),
        ("Etc/GMT-8", "false", WARNING),
        ("IST-1GMT0,M10.5.0,M3.5.0/1", "true", RIGHT),
        ("GB-Eire", "true", RIGHT),
    )),
    (BERLIN, JANUARY, (("CET-1CEST,M3.5.0,M10.5.0/3", "true", RIGHT),)),
    (SHANGHAI, "", (
        ("CST-8", "false", RIGHT),
        ("CST-8:00:00", "false", RIGHT),
        ("<+08>-8", "false", RIGHT),
        ("<-08>-8", "false", RIGHT),
        ("UTC-8", "false", RIGHT),
    )),
    (LAGOS, "", (("UTC-1:0", "false", RIGHT), ("WAT-1", "false", RIGHT))),
    (SAO_PAULO, "", (("<-03>3", "false", RIGHT), ("UTC3:0", "false", RIGHT), ("-03", "false", RIGHT))),
)  # fmt: skip


@pytest.mark.parametrize(("zone", "at", "cases", "number"), table(*KNOWN))
def test_a_zone_of_the_standard_form_is_judged_by_it(
    zone: str, at: str, cases: tuple[Case, ...], number: int
) -> None:
    assert verdict_on(swept(zone, cases, at), number) == cases[number - 1][2]


def test_ff_b1_the_sentence_says_what_is_wrong_and_the_exit_code_too(tmp_path: Path) -> None:
    wrong = sheet_of(LONDON, [ClockCamera("UTC5:0", "false")], JANUARY)
    assert wrong.code == 1
    sentence = only(wrong.sentences("C001"))
    assert "UTC5:0" in sentence
    assert LONDON in sentence
    unread = sheet_of(LONDON, [ClockCamera("GMT Standard Time", "false")], JANUARY)
    assert unread.code == 2
    sentence = only(unread.sentences("C001", "not_checked"))
    assert "GMT Standard Time" in sentence


# ------------------------------------------------------------------------------------------- FF-B2

ENABLED: tuple[Case, ...] = tuple(
    (zone, "true", NOT_CHECKED)
    for zone in (
        "GMT-00:00", "UTC0:0", "GMT0", "UTC0", "UTC+0", "GMT+00:00", "GMT-0:00:00", "<GMT>0",
        "<UTC>0", "WET0", "GMT+0",
    )
)  # fmt: skip
B2_TABLES = (
    (LONDON, JANUARY, (*ENABLED, ("GMT0", "1", NOT_CHECKED), ("GMT0", " TRUE ", NOT_CHECKED))),
    (LONDON, JULY, ENABLED),
    (BERLIN, JANUARY, (("CET-1", "true", NOT_CHECKED), ("UTC-01:00", "true", NOT_CHECKED))),
    (NEW_YORK, JULY, (("EST5", "true", NOT_CHECKED), ("<-05>5", "true", NOT_CHECKED))),
)


@pytest.mark.parametrize(("zone", "at", "cases", "number"), table(*B2_TABLES))
def test_ff_b2_daylight_savings_says_that_switching_is_enabled(
    zone: str, at: str, cases: tuple[Case, ...], number: int
) -> None:
    assert verdict_on(swept(zone, cases, at), number) == NOT_CHECKED


def test_ff_b2_it_is_not_checked_in_the_agent_too(tmp_path: Path, peers: Peers) -> None:
    cameras = [ClockCamera("GMT-00:00", "true"), ClockCamera("UTC5:0", "false")]

    def watched(product: Product) -> None:
        with product.agent(peers) as agent:
            agent.until(lambda: "clock_rule" in agent.faults("C002"), 60)
            runs = ("healthmon_check_runs_total", {"device": "C001", "check": "clock"})
            agent.until(lambda: (agent.value(runs[0], **runs[1]) or 0) >= 6, 60)
            assert agent.faults("C001") == set()
            assert agent.value("healthmon_device_up", device="C001") == 1

    defaults = {"interval": "1 s", "clock_interval": "1 s", "cause": {"hold": "1 s"}}
    told(tmp_path, LONDON, cameras, watched, at=JANUARY, defaults=defaults)


# ------------------------------------------------------------------------------------------- FF-B3

B3_TABLES = (
    (SAO_PAULO, "", tuple((zone, "false", NOT_CHECKED) for zone in (
        "GMT-03:00", "GMT-3", "UTC-03:00", "UTC-3", "UTC-3:0", "GMT-03:00:00", "BRT-3"))),
    (SHANGHAI, "", tuple((zone, "false", NOT_CHECKED) for zone in (
        "GMT+08:00", "GMT+8", "UTC+8", "UTC+08:00", "CST+8"))),
    (KOLKATA, "", (("GMT+05:30", "false", NOT_CHECKED), ("IST+5:30", "false", NOT_CHECKED))),
    (LAGOS, "", (("GMT+1", "false", NOT_CHECKED), ("UTC+01:00", "true", NOT_CHECKED))),
    # The same sign in rules that have their dates.
    (BERLIN, JANUARY, tuple((zone, "true", NOT_CHECKED) for zone in (
        "CET+1CEST,M3.5.0,M10.5.0/3", "CET+1CEST+2,M3.5.0,M10.5.0/3",
        "GMT+01:00:00DST01:00:00,M3.5.0/02:00:00,M10.5.0/03:00:00"))),
    (NEW_YORK, JULY, (("EST-5EDT,M3.2.0,M11.1.0", "true", NOT_CHECKED),)),
    (LONDON, JULY, (("GMT0BST1,M3.5.0/1,M10.5.0/2", "true", NOT_CHECKED),)),
)  # fmt: skip


@pytest.mark.parametrize(("zone", "at", "cases", "number"), table(*B3_TABLES))
def test_ff_b3_a_sign_that_may_be_read_either_way_is_no_warning(
    zone: str, at: str, cases: tuple[Case, ...], number: int
) -> None:
    assert verdict_on(swept(zone, cases, at), number) == NOT_CHECKED


def test_ff_b3_a_zone_that_is_wrong_either_way_is_a_warning_without_a_side() -> None:
    sheet = sheet_of(LONDON, [ClockCamera("GMT+8", "false")], JANUARY)
    assert sheet.code == 1
    sentence = only(sheet.sentences("C001", "warnings"))
    assert "GMT+8" in sentence
    assert LONDON in sentence
    assert "8 h 0 min behind:" not in sentence
    assert "8 h 0 min ahead:" not in sentence


def test_beside_b3_local_time_says_which_way_the_sign_is_meant() -> None:
    """What people see is right: the zone is settled. Where it is wrong, it is a fault."""
    cameras = [
        ClockCamera("GMT-03:00", "false", local=-3 * HOUR),
        ClockCamera("GMT+03:00", "false", local=-3 * HOUR),
        ClockCamera("GMT-03:00", "false", local=3 * HOUR),
    ]
    sheet = sheet_of(SAO_PAULO, cameras)
    assert sheet.rows("C001") == []
    assert sheet.rows("C002") == []
    row = only(sheet.rows("C003"))
    assert (row["code"], row["sentence"][:17]) == ("clock_zone", "clock 6 h 00 min ")


# ------------------------------------------------------------------------------------------- FF-B4


def bare(*prefixes: str) -> ClockCamera:
    """A camera whose answers use `prefixes` without declaring them."""
    kept = " ".join(
        one
        for one in NAMESPACES.split()
        if not one.startswith(tuple(f"xmlns:{p}=" for p in prefixes))
    )

    def render(body: str) -> str:
        return enveloped(body, f" {kept}" if kept else "")

    return ClockCamera(LONDONS, "true", date=None, render=render)


UNDECLARED = (("tt",), ("tds",), ("s",), ("tds", "tt"), ("s", "tds", "tt"))


@functools.cache
def undeclared() -> Swept:
    return sheet_of(LONDON, [bare(*prefixes) for prefixes in UNDECLARED])


@pytest.mark.parametrize("number", range(1, len(UNDECLARED) + 1))
def test_ff_b4_prefixes_that_are_declared_nowhere_are_read(number: int) -> None:
    assert undeclared().sentences(f"C{number:03d}") == []


def test_ff_b4_the_sweep_is_well_and_the_clock_is_told(tmp_path: Path) -> None:
    def probed(product: Product) -> None:
        assert product.sweep().code == 0
        assert "clock right within" in product.run("probe", "C001").text

    told(tmp_path, LONDON, [bare("s", "tds", "tt")], probed)


# ------------------------------------------------------------------------------------------- FF-B5

NAMELESS = (
    (b": no-cache",),
    (b":",),
    (b"GoAhead",),
    (b"Pragma no-cache",),
    (b"X-Frame Options: DENY",),
    (b"Server : GoAhead",),
    (b"\xff\xfe: 1",),
    (b"X-Name\x01: 1",),
    (b"=: 1", b"(c): 2", b'"n": 3'),
    (b": 1", b": 2", b"Server: GoAhead-Webs", b": 3"),
)


@functools.cache
def nameless() -> Swept:
    return sheet_of(LONDON, [ClockCamera(LONDONS, "true", head=lines) for lines in NAMELESS])


@pytest.mark.parametrize("number", range(1, len(NAMELESS) + 1), ids=map(repr, NAMELESS))
def test_ff_b5_a_header_line_without_a_name_is_ignored(number: int) -> None:
    said = " ".join(nameless().sentences(f"C{number:03d}"))
    assert "bytearray" not in said
    assert "b'" not in said
    assert said == ""


def test_ff_b5_no_python_in_any_sentence_of_a_broken_answer(tmp_path: Path) -> None:
    """Beyond what is ignored: a length that is none, and lines without end."""
    broken = (
        (b"Content-Length: ten",),
        (b"Transfer-Encoding: b'gzip'",),
        (b"X: " + b"y" * 70_000,),
    )
    sheet = sheet_of(LONDON, [ClockCamera(LONDONS, head=lines) for lines in (*broken, (b": x",))])
    said = " ".join(row["sentence"] for row in sheet.sheet["not_checked"])
    assert "Content-Length" in said
    for sign in ("bytearray", "b'", 'b"', "Error(", "object at", "Traceback"):
        assert sign not in said
    assert sheet.sentences("C004") == []


# ------------------------------------------------------------------------------------------- FF-B6

# (UTC, local time, Date) ahead of true time, and how many faults or warnings that is.
MIXED = (
    (HOUR, HOUR, 0.0),
    (HOUR, None, 0.0),
    (0.0, HOUR, 0.0),
    (0.0, HOUR, HOUR),
    (HOUR, 0.0, HOUR),
    (HOUR, 0.0, 0.0),
    (-8 * HOUR, -8 * HOUR, 0.0),
)


@functools.cache
def probed_clocks() -> tuple[Swept, tuple[str, ...]]:
    cameras = [
        ClockCamera(LONDONS, "true", local, utc, date) for utc, local, date in (*MIXED, (HOUR,) * 3)
    ]

    def asked(product: Product) -> tuple[Swept, tuple[str, ...]]:
        devices = [f"C{number:03d}" for number in range(1, len(cameras) + 1)]
        return product.sweep(), tuple(product.run("probe", one).text for one in devices)

    with TemporaryDirectory() as folder:
        return told(Path(folder), LONDON, cameras, asked, at=JANUARY)


@pytest.mark.parametrize("number", range(1, len(MIXED) + 1), ids=map(str, MIXED))
def test_ff_b6_clocks_that_differ_are_one_sentence_and_do_not_agree(number: int) -> None:
    sheet, texts = probed_clocks()
    assert len(sheet.sentences(f"C{number:03d}")) == 1
    assert "clocks agree" not in texts[number - 1]


def test_beside_b6_clocks_that_are_all_wrong_alike_agree_and_none_is_right() -> None:
    sheet, texts = probed_clocks()
    device = f"C{len(MIXED) + 1:03d}"
    assert len(sheet.sentences(device)) == 1
    assert "3 clocks agree" in texts[-1]
    assert "is right" not in texts[-1].replace("rule is right", "")


def test_the_time_servers_of_cameras_are_those_that_are_expected(tmp_path: Path) -> None:
    """A right one, another one, none, one that does not know the question, one that is set by hand."""
    names = ("ntp.example.com", "pool.ntp.org", "", None)
    cameras = [ClockCamera(LONDONS, ntp=name) for name in names]
    cameras.append(ClockCamera(LONDONS, ntp="ntp.example.com", mode="Manual"))
    expected = {"ntp": ["ntp.example.com"]}
    sheet = told(tmp_path, LONDON, cameras, Product.sweep, defaults=expected)
    found = {
        one: (row["code"], row["sentence"])
        for one in ("C001", "C002", "C003", "C004", "C005")
        for row in sheet.rows(one)
        if row["question"] == "clock"
    }
    assert "C001" not in found
    assert found["C002"][0] == "clock_other_server"
    assert "it asks pool.ntp.org (expected: ntp.example.com)" in found["C002"][1]
    assert found["C003"][0] == "clock_no_server"
    assert "time source not checked: " in found["C004"][1]
    assert found["C005"][0] == "clock_manual"
