"""The shift check in its forms: one document, laid out for a terminal, a browser and a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from helpers.shift_estate import NOW, sheet, walked

from healthmon.store.rows import ShiftNote, Signature
from healthmon_exporters.reports import (
    kept_sheet,
    shift_csv,
    shift_document,
    shift_html,
    shift_sheet,
    shift_text,
)
from healthmon_exporters.reports.kept_sheet import PutOn

MADE = shift_document.document(sheet())
SIMULATED = shift_document.document(sheet(20, simulated=True))
NASTY = "<b>&\"'=SUM(1)|$x$#{}"
VOID = {"meta"}


class Page(HTMLParser):
    """Holds that every element is closed, in order; gathers the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_the_terminal_form_keeps_within_its_width(width):
    lines = shift_text.text(MADE, width).splitlines()
    assert max(map(len, lines)) <= width
    joined = " ".join(" ".join(lines).split())
    for entry in MADE["faults"]:
        assert entry["sentence"] in joined
    for reason in MADE["reasons"]:
        assert " ".join(reason["why"].split()) in joined


LINES = len(MADE["lines"])


def test_faults_come_first_with_number_age_contractor_and_acknowledgement():
    lines = shift_text.text(MADE, 300).splitlines()
    (first,) = [line for line in lines if "F000123" in line]
    assert lines.index(first) < lines.index("COULD NOT BE CHECKED 1")
    for words in (
        "not checked here, open since 16:45",
        "(2 h 10 min)",
        "contractor Acme Security Ltd",
    ):
        assert words in first
    assert "acknowledged by A. Smith: contractor called" in first
    assert "configuration 0123456789abcdef" in "\n".join(lines)


def test_the_matrix_has_each_camera_and_each_line_once():
    lines = shift_text.text(MADE, 100).splitlines()
    rows = [line.split() for line in lines if line[:1] == "C" and line[1:4].isdigit()]
    assert len(rows) == 150
    assert {len(row) for row in rows} == {1 + LINES}
    narrow = shift_text.text(MADE, 50).splitlines()
    rows = [line.split() for line in narrow if line.startswith("C017 ")]
    assert [len(row) for row in rows] == [1 + 13, 1 + 13]


def test_csv_has_a_row_for_each_camera_and_line():
    rows = list(csv.DictReader(io.StringIO(shift_csv.text(MADE))))
    assert len(rows) == 150 * LINES
    by_place = {(row["camera"], row["line"]): row for row in rows}
    assert by_place["C058", "C16"]["mark"] == "FAIL"
    assert by_place["C001", "C7"]["why"] == ("`pictures` is not enabled in config.yaml")
    assert {row["simulated"] for row in rows} == {""}


def test_a_name_is_no_formula_in_a_spreadsheet():
    hostile = shift_document.document(sheet(3, name="=HYPERLINK(1)"))
    assert all(
        row["estate"][0] == "'" for row in csv.DictReader(io.StringIO(shift_csv.text(hostile)))
    )


def test_html_is_whole_escaped_and_needs_nothing_from_elsewhere():
    made = shift_document.document(sheet(150, name=NASTY))
    text = shift_html.page(made)
    page = Page(text)
    assert NASTY in "".join(page.words)
    assert not [tag for tag, _ in page.seen if tag in ("script", "link", "img", "iframe", "b")]
    assert "url(" not in text
    assert "http" not in text.replace("http-equiv", "")
    heads = [attrs for tag, attrs in page.seen if tag == "th"]
    assert all(attrs.get("scope") in ("col", "row") for attrs in heads)
    joined = "".join(page.words)
    for entry in made["faults"]:
        assert entry["sentence"] in joined


def test_600_cameras_are_less_than_a_megabyte():
    assert len(shift_html.page(shift_document.document(sheet(600))).encode()) < 1_000_000


WALK = "2 of 4 due (1 well, 1 not well); 1 skipped; 1 NOT SEEN; 1 more seen"


def test_who_has_seen_which_cameras_stands_on_every_form():
    made = shift_document.document(walked(sheet(150), comment=NASTY))
    for width in (40, 120):
        lines = shift_text.text(made, width).splitlines()
        assert max(map(len, lines)) <= width
        joined = " ".join(" ".join(lines).split())
        assert f"SEEN BY A PERSON: {WALK}" in joined
        assert "C002 High Street north 2: not well, A. <Smith> 29 Nov 18:57:00; F000125:" in joined
        assert "C005 Riverside car park 5: NOT SEEN" in joined
        assert "not in this walk: C017: open fault F000124" in joined
        assert "3 cameras were last seen more than 7 d 0 h ago" in joined
    page = " ".join(Page(shift_html.page(made)).words)
    assert f"seen by a person {WALK}" in page
    assert "A. <Smith> has seen 3, 29 Nov 18:56 to 18:59" in page
    assert f"F000125: {NASTY}" in page
    rows = list(csv.DictReader(io.StringIO(shift_csv.text(made))))[150 * LINES :]
    assert [(row["camera"], row["mark"]) for row in rows] == [
        ("C001", "well"),
        ("C002", "not well"),
        ("C004", "skipped"),
        ("C005", "NOT SEEN"),
        ("C006", "well"),
    ]
    assert {row["line"] for row in rows} == {"walk"}


def test_a_kept_sheet_shows_the_looks_that_came_after_it():
    whole = walked(sheet(20))
    kept = kept_sheet.body(replace(whole, ticks=()))
    assert kept_sheet.walk_of(kept) == whole.walk
    before = kept_sheet.document(kept, PutOn(), "Europe/London")
    assert "seen by a person 0 of 4 due (0 well, 0 not well); 4 NOT SEEN" in shift_html.page(before)
    late = replace(whole.ticks[0], id=99, camera="C005", at=NOW + 3600)
    after = kept_sheet.document(kept, PutOn(ticks=(*whole.ticks, late)), "Europe/London")
    assert after == json.loads(json.dumps(shift_document.document(whole)))
    assert kept_sheet.walk_of('{"faults": []}') is None
    assert "Seen by a person" not in shift_html.page(MADE)


def test_a_simulated_estate_says_so_in_every_form():
    assert shift_document.SIMULATED in shift_text.text(SIMULATED, 300)
    assert "SIMULATED" in shift_csv.text(SIMULATED).splitlines()[1]
    assert shift_html.page(SIMULATED).count(shift_document.SIMULATED) == 2
    assert shift_document.SIMULATED in json.dumps(SIMULATED)
    assert "SIMULATED" not in shift_html.page(MADE) + shift_csv.text(MADE) + shift_text.text(
        MADE, 80
    )


def test_a_kept_sheet_is_whole_and_shows_who_signed_it():
    kept = kept_sheet.body(sheet(20))
    signatures = [
        Signature("A. Day", NOW + 60),
        Signature("B. <Night>", NOW + 120, addition=True, note="all quiet"),
        Signature("C. Dusk", NOW + 180, False, "outgoing", "", "alone", "nobody has come"),
        Signature("D. Dawn", NOW + 240, False, "incoming"),
    ]
    again = kept_sheet.document(kept, PutOn(signatures), "Europe/London")
    first = shift_document.document(sheet(20))
    assert again | {"signatures": []} == json.loads(json.dumps(first))
    assert again["signatures"][0]["at"] == "2026-11-29T18:56:00+00:00"
    words = (
        "Signed A. Day, 29 Nov 2026 18:56:00",
        "Signed in addition: B. <Night>, 29 Nov 2026 18:57:00; remark: all quiet",
        "Handed over by C. Dusk, 29 Nov 2026 18:58:00; alone: nobody has come",
        "Accepted by D. Dawn, 29 Nov 2026 18:59:00",
    )
    assert "\n".join(words) + "\n" in shift_text.text(again, 100)
    assert all(one in "".join(Page(shift_html.page(again)).words) for one in words)
    assert len(kept_sheet.body(sheet(150))) < 60_000


def test_a_note_stands_on_every_form_and_is_no_markup():
    made = sheet(3)
    made.notes = [ShiftNote(1, "A. Day", NOW - 3600, "<b>gate</b> is locked")]
    whole = shift_document.document(made)
    words = "<b>gate</b> is locked (A. Day, 29 Nov 2026 17:55)"
    assert [note["words"] for note in whole["notes"]] == [words]
    assert f"NOTE {words}" in shift_text.text(whole, 100)
    page = Page(shift_html.page(whole))
    assert "Notes for the next shift: 1" in "".join(page.words)
    assert words in "".join(page.words)
    assert f"NOTES 1\n  -  {words}\n" in shift_sheet.text(made)
    assert shift_sheet.as_json(made)["notes"] == whole["notes"]


@pytest.mark.parametrize(
    "kept", ['{"faults": []}', '{"shift_check": "AAAA"}', '{"shift_check": "?"}', "{"]
)
def test_what_was_not_kept_whole_is_refused_in_words(kept):
    with pytest.raises(ValueError, match=r"."):
        kept_sheet.document(kept, PutOn(), "Europe/London")


def test_without_cameras_the_forms_still_stand():
    made = shift_document.document(sheet(0))
    assert "no cameras" in shift_text.text(made, 80)
    assert Page(shift_html.page(made)).open == []
    assert shift_csv.text(made).count("\n") == 1
