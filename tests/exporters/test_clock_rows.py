"""Five clocks on the sheet in all its forms, and on the wall's page of a device."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from helpers.shift_estate import NOW, OK, camera, said, sheet

from healthmon.checks.evaluation.five_clocks import FiveClocks, five_clocks
from healthmon.checks.function_check.cells import Cell, Mark, Surroundings, function_check
from healthmon.checks.function_check.lines import BY_NUMBER, LINES
from healthmon.model.enums import CheckName, Span
from healthmon.model.measurements import Clock, ClockReading, Reference
from healthmon.model.results import Observation
from healthmon_exporters.reports import (
    kept_sheet,
    shift_csv,
    shift_document,
    shift_html,
    shift_sheet,
    shift_text,
)
from healthmon_exporters.reports.clock_rows import clock_rows
from healthmon_exporters.wall.details import Standing, details

AGREE = "3 of 5 clocks agree; not known: picture (its picture is not judged), recording (no recorder is read for it)"
AHEAD = "device 1 h 0 min ahead of true time"


def clocks(ahead: float = 0.0) -> FiveClocks:
    readings = tuple(ClockReading(one, Span(ahead - 0.2, ahead + 0.2)) for one in ("onvif", "rtcp"))
    seen = Clock(readings, Reference(Span(0.0, 0.0), NOW, 3, 3))
    return five_clocks(camera(1), {"clock": Observation("C", "clock", "", NOW, 0.1, seen)})


@pytest.fixture(scope="module")
def made():
    """A sheet on which the clock of C003 is an hour ahead."""
    found = {f"C{number:03d}": clocks(3600.0 if number == 3 else 0.0) for number in range(1, 6)}
    plain = sheet(5)
    return replace(plain, around=replace(plain.around, clocks=found))


def test_cameras_of_which_the_same_is_to_be_said_stand_in_one_row(made):
    rows = clock_rows(made.around.clocks)
    assert [(one.devices, one.words, one.disagree) for one in rows] == [
        ("C003", AHEAD, True),
        ("C001-C002, C004-C005", AGREE, False),
    ]


def test_every_form_of_the_sheet_has_the_clocks(made):
    whole = shift_document.document(made)
    assert f"  !  C003: {AHEAD}" in shift_sheet.text(made).splitlines()
    assert f"  ! C003: {AHEAD}" in shift_text.text(whole, 300).splitlines()
    assert f"<td>C003</td><td>{AHEAD}</td>" in shift_html.page(whole)
    assert AHEAD in shift_csv.text(shift_document.document(_checked(made)))
    told = shift_sheet.as_json(made)["clocks"]["C003"]
    assert (told["summary"], told["disagree"]) == (AHEAD, [["device", "true time"]])
    assert [one["offset_seconds"] for one in told["clocks"]] == [0.0, 3600.0, 3600.0, None, None]
    assert whole["cameras"][2]["clocks"] == told


def _checked(made: shift_sheet.Sheet) -> shift_sheet.Sheet:
    devices = {one.id: one for one in made.function_check.cameras}
    verdicts = [said(one, CheckName.CLOCK, "offset", OK, "clock right") for one in devices]
    check = function_check(devices, list(devices.values()), verdicts, made.around)
    return replace(made, function_check=check)


def test_line_c16_says_all_five_whatever_its_mark():
    around = Surroundings(clocks={"C001": clocks(3600.0)})
    verdicts = [said("C001", CheckName.CLOCK, "offset", OK, "clock right")]
    found = function_check({"C001": camera(1)}, [camera(1)], verdicts, around)
    cell = found.cells["C001"][LINES.index(BY_NUMBER["C16"])]
    assert cell == Cell(Mark.NOT_CHECKED, "`pictures` is not enabled in config.yaml", f"clock right; {AHEAD}")  # fmt: skip
    bare = function_check({"C001": camera(1)}, [camera(1)], verdicts, Surroundings())
    assert bare.cells["C001"][LINES.index(BY_NUMBER["C16"])].detail == "clock right"


def test_a_kept_sheet_has_them_packed_and_shows_them_again(made):
    kept = kept_sheet.body(made)
    assert "not_known" not in kept
    text, _ = kept_sheet.short(kept, as_json=True)
    assert json.loads(text)["clocks"] == shift_sheet.as_json(made)["clocks"]
    old = {name: one for name, one in json.loads(kept).items() if name != "packed_clocks"}
    text, _ = kept_sheet.short(json.dumps(old), as_json=True)
    assert "clocks" not in json.loads(text)


def test_a_sheet_without_clocks_has_no_such_part():
    plain = sheet(2)
    whole = shift_document.document(plain)
    for text in (shift_sheet.text(plain), shift_text.text(whole, 80), shift_html.page(whole)):
        assert "true time" not in text.lower()


def test_the_page_of_a_device_has_a_row_for_each_clock():
    rows = details(camera(1), Standing("Town"), (), (), clocks(3600.0))["clocks"]
    assert [(one["clock"], one["words"]) for one in rows] == [
        ("all five", AHEAD),
        ("true time", "known to +-0.00 s"),
        ("device", "1 h 0 min ahead, +-0.20 s"),
        ("stream", "1 h 0 min ahead, +-0.20 s"),
        ("picture", "not known: its picture is not judged"),
        ("recording", "not known: no recorder is read for it"),
    ]
    assert details(camera(1), Standing("Town"), (), ())["clocks"] == []
