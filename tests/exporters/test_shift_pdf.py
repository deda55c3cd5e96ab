"""The shift check as PDF: its tags are read by pikepdf, its pages by poppler, which nobody here wrote."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pytest
from helpers.paper import grey_rows, overlaps, pages, words
from helpers.shift_estate import sheet, walked

from healthmon_exporters.reports import pdf_child, shift_document, shift_pdf
from healthmon_exporters.reports.shift_document import Document

needs_poppler = [
    pytest.mark.peer,
    pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed"),
]
# Its tests start typst and read pages by other programs: not for `make quick`.
pytestmark = pytest.mark.slow
NASTY = '#panic("x") $x^2$ [*bold*] \\ `raw` <label> @ref //'
LONGEST = "W" * 65


@pytest.fixture(scope="module")
def made() -> Document:
    """150 cameras, simulated, with names that are too long for their columns."""
    whole = walked(sheet(150, simulated=True, name=f"Field {NASTY}"), comment=f"{NASTY} {LONGEST}")
    document = shift_document.document(whole)
    document["cameras"][0]["name"] = LONGEST
    document["faults"][0]["name"] = LONGEST
    document["faults"][1]["sentence"] += f" at rtsp://{LONGEST.lower()}.example"
    return document


@pytest.fixture(scope="module")
def pdf(made: Document) -> bytes:
    """Its PDF."""
    return shift_pdf.render(made)


def elements(node: pikepdf.Object) -> Iterator[pikepdf.Object]:
    """Every structure element below `node`, in reading order."""
    kids = node.get("/K")
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            yield kid
            yield from elements(kid)


def scope(header: pikepdf.Object) -> str:
    found = header.get("/A")
    rows = found if isinstance(found, pikepdf.Array) else [found]
    return next((str(row["/Scope"]) for row in rows if row is not None and "/Scope" in row), "")


def test_it_is_tagged_by_pdf_ua_1(pdf: bytes, made: Document) -> None:
    with pikepdf.open(io.BytesIO(pdf)) as document:
        root = document.Root
        assert bool(root.MarkInfo.Marked)
        assert str(root.Lang) == "en-GB"
        assert bool(root.ViewerPreferences.DisplayDocTitle)
        with document.open_metadata() as metadata:
            assert metadata["pdfuaid:part"] == "1"
            assert made["estate"] in metadata["dc:title"]
        tags = list(elements(root.StructTreeRoot))
        counts = Counter(str(tag.S) for tag in tags)
        assert counts["/H1"] == 1
        assert counts["/H2"] == 9
        tables = [tag for tag in tags if tag.S == "/Table"]
        rows = [sum(kid.S == "/TR" for kid in elements(table)) for table in tables]
        assert 150 + 1 in rows
        assert {scope(tag) for tag in tags if tag.S == "/TH"} == {"/Column"}
        assert all(any(kid.S == "/TH" for kid in elements(table)) for table in tables)
        for page in document.pages:
            assert [round(float(size)) for size in page.mediabox] == [0, 0, 595, 842]
            assert page.Tabs == "/S"


class TestPages:
    pytestmark = needs_poppler

    def test_no_word_is_cut_off_or_covers_another(self, pdf: bytes) -> None:
        found = pages(pdf)
        assert len(found) > 3
        for page in found:
            assert page
            for left, top, right, bottom, _ in page:
                assert 30 < left < right < 595 - 30
                assert 15 < top < bottom < 842 - 15
            assert overlaps(page) == []

    def test_every_sentence_is_there_whole(self, pdf: bytes, made: Document) -> None:
        text = words(pdf)
        sentences = [
            one["sentence"] for key in ("faults", "warnings", "not_checked") for one in made[key]
        ]
        sentences += [one["why"] for one in made["reasons"]]
        sentences += [total["line"] for total in made["totals"]]
        sentences += [
            made["walk"]["words"],
            *made["walk"]["people"],
            "NOT SEEN",
            "F000125: " + NASTY,
        ]
        sentences += [LONGEST, made["estate"], made["legend"], made["clock"]]
        sentences += [f"healthmon {made['version']}; configuration {made['config_digest']}"]
        for sentence in sentences:
            assert "".join(sentence.split()) in text, sentence

    def test_a_signed_one_names_who_signed_and_has_no_box_to_sign(self, made: Document) -> None:
        signed = made | {"signatures": [{"words": "Accepted by A. #Day, 29 Nov 2026"}]}
        signed |= {"notes": [{"words": "gate #3 is locked (A. #Day)"}]}
        text = words(shift_pdf.render(signed))
        assert "AcceptedbyA.#Day,29Nov2026" in text
        assert "Notesforthenextshift:1" in text
        assert "gate#3islocked(A.#Day)" in text
        assert "Outgoing:" not in text
        assert "Outgoing:" in words(shift_pdf.render(made))

    def test_every_page_says_that_it_is_simulated(self, pdf: bytes) -> None:
        for page in pages(pdf):
            assert "SIMULATED" in [text for *_, text in page]

    def test_the_margins_of_every_page_are_white_and_the_rest_is_not(
        self, pdf: bytes, tmp_path: Path
    ) -> None:
        done = ["pdftoppm", "-r", "50", "-gray", "-", str(tmp_path / "page")]
        subprocess.run(done, input=pdf, check=True)
        drawn = sorted(tmp_path.glob("page*.pgm"))
        assert len(drawn) == len(pages(pdf))
        for path in drawn:
            rows = grey_rows(path)
            edge = [value for row in rows for value in (*row[:15], *row[-15:])]
            assert min(edge) == 255, path
            assert min(min(row) for row in rows) < 100

    def test_characters_that_no_font_has_are_replaced_and_that_is_said(
        self, made: Document
    ) -> None:
        text = words(shift_pdf.render(made | {"estate": "Łódź 摄像头 \ue000"}))
        assert "Łódź" in text
        replaced = "".join(pdf_child.REPLACED.split())
        assert ("摄像头" in text) != (replaced in text)


def test_a_pdf_that_takes_too_long_is_given_up(made: Document) -> None:
    with pytest.raises(shift_pdf.PdfError, match=r"not ready after 0\.01 s"):
        shift_pdf.render(made, seconds=0.01)


def test_a_pdf_that_takes_too_much_memory_ends_its_own_process_only() -> None:
    code = "from healthmon_exporters.reports import pdf_child as c; c.MEMORY_BYTES = 150_000_000; raise SystemExit(c.main())"
    made = json.dumps(shift_document.document(sheet(600)))
    done = subprocess.run(
        [sys.executable, "-c", code], input=made.encode(), capture_output=True, check=False
    )
    assert done.returncode != 0
    assert done.stdout == b""


def test_what_the_typesetter_says_is_one_line() -> None:
    with pytest.raises(shift_pdf.PdfError, match=r"^the PDF could not be made: [^\n]+$"):
        shift_pdf.render({"title": "not a shift check"})


def test_nothing_of_the_data_is_read_as_markup_and_no_package_is_named() -> None:
    template = (pdf_child.FOLDER / "sheet.typ").read_text()
    assert "#import" not in template
    assert "eval(" not in template
    assert "@preview" not in template
