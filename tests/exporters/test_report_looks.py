"""A report as it is seen: in Chromium, and as a PDF by pikepdf and poppler."""

from __future__ import annotations

import io
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pikepdf
import pytest
from helpers.accessibility import WCAG, axe
from helpers.chromium import Browser, started
from helpers.naive_evidence import DAY, LONDON
from helpers.page_looks import CONTRAST, CUT, OVERFLOW
from helpers.paper import overlaps, pages, words

from healthmon.evidence.clock_statement import Wish, statement, subject_of
from healthmon.evidence.faults import FaultFigures, FaultRecord
from healthmon.evidence.kpis import Figures
from healthmon.evidence.period import Period
from healthmon.evidence.reading import Answer
from healthmon.evidence.shifts import ShiftFigures
from healthmon.model.device import Device
from healthmon.model.enums import AGENT, Kind
from healthmon.runtime.clock_work import recorded
from healthmon.store import Batch, ClockRow, Store
from healthmon_exporters.reports import clock_document, report_forms, report_html
from healthmon_exporters.reports.report_document import About
from healthmon_exporters.reports.report_kinds import KINDS, Order

pytestmark = [pytest.mark.peer, pytest.mark.slow]
# Those of the pages (tests/pages/test_looks.py).
VIEWS = (
    ("zoomed", 320, ""),
    ("telephone", 390, ""),
    ("paper", 718, "print"),
    ("desk", 1366, ""),
    ("wall", 1920, ""),
)
LONGEST = "W" * 65
NASTY = '#panic("x") $x^2$ [*bold*] <b>bold</b> & "quoted"'


def order() -> Order:
    """A year with faults of a device whose name is too long and too odd for its column."""
    year = Period.of("2025", LONDON)
    faults = tuple(
        FaultRecord(
            f"F{number:06d}",
            f"C{number % 9:03d}" if number else LONGEST,
            "a",
            "unreachable",
            year.since + number * DAY,
            year.since + number * DAY + 60,
            restored=year.since + (number + 2) * DAY if number % 7 else None,
            cause=("vandalism", "device", "obsolete", "")[number % 4],
            contractor=NASTY,
        )
        for number in range(60)
    )
    periods = (year, *year.months())
    now = year.until + DAY
    figures = tuple(
        Figures(one, now, (), (), FaultFigures.of(faults, one, now), ShiftFigures(0, 0, 0, 0, None))
        for one in periods
    )
    about = About("CCTV performance", f"Field {NASTY}", year, now, simulated=True)
    return Order(about, Answer(figures, faults, year.since - DAY), reviews=["Each day."])


def clock_statement() -> dict[str, Any]:
    """One of a camera with a recorder, whose clocks were set, with a name and reason that are odd."""
    at = 1_793_000_000.0
    rows = [
        ClockRow("C001", "device", at - 9000, at - 300, 17, 300.0, 3599.4, 3600.6, 3600.0, "onvif", "clock_zone"),
        ClockRow("C001", "device", at - 60, at + 900, 12, 300.0, -0.6, 0.6, 0.0, "onvif", "ok"),
        ClockRow("C001", "local", at - 9000, at + 900, 30, 300.0, -0.6, 0.6, 0.0, "onvif_local"),
        ClockRow("C001", "stream", at - 9000, at + 900, 30, 300.0, -0.01, 0.02, 0.0, "rtcp"),
        ClockRow("R1", "recorder", at - 9000, at + 900, 30, 300.0, -12.6, -11.4, -12.0, "hikvision"),
        ClockRow("R1", "device", at - 9000, at + 900, 30, 300.0, -13.0, -11.0, -12.0, "http_date"),
        ClockRow(AGENT, "reference", at - 90, at + 900, 15, 60.0, -0.01, 0.01, 0.0, "ntp", "",
                 '{"agreed":["10.9.0.1","10.9.0.2","2001:db8:1234:5678::123"],"asked":3,"leap":0}'),
    ]  # fmt: skip
    devices = {
        "C001": Device("C001", NASTY, Kind.CAMERA, "s", "192.0.2.1", recorder="R1"),
        "R1": Device("R1", "Recorder hall 1", Kind.RECORDER, "s", "192.0.2.2"),
    }
    with TemporaryDirectory() as folder:
        store = Store.open(f"sqlite:///{folder}/healthmon.db")
        store.record(Batch(clocks={row.key: row for row in rows}))
        subject = subject_of(devices, "C001", f"Field {NASTY}", "0123456789ab")
        wish = Wish("2026-10-26T07:33:20Z", f"reference {NASTY}", "A. Smith", at + 9000, "x" * 20)
        kept = recorded(store, statement(store, subject, wish), None)
        found = store.statement(kept.id)
        store.close()
    assert found is not None
    return clock_document.document(*found, LONDON, simulated=True)


STATEMENT = "clock-statement"
MADE = {kind: make(order()) for kind, (_title, make) in KINDS.items()}
MADE[STATEMENT] = clock_statement()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("report")
    for kind, made in MADE.items():
        (folder / f"{kind}.html").write_text(report_html.page(made, [("/reports", "Reports")]))
    with started(folder) as found:
        found.open((folder / "monthly.html").as_uri())
        yield found


def shown(browser: Browser, kind: str) -> None:
    here = browser.run("return location.href")
    browser.open(f"{here.rpartition('/')[0]}/{kind}.html")


@pytest.mark.parametrize("kind", MADE)
def test_nothing_is_cut_off_and_axe_finds_nothing(browser: Browser, kind: str) -> None:
    shown(browser, kind)
    for name, width, media in VIEWS:
        browser.command("Emulation.setEmulatedMedia", media=media)
        browser.size(width, 900)
        root = "document.documentElement"
        assert browser.run(f"return {root}.scrollWidth - {root}.clientWidth") == 0, name
        assert browser.run(OVERFLOW) == [], name
        assert browser.run(CUT) == [], name
    browser.command("Emulation.setEmulatedMedia", media="")
    assert axe(browser, *WCAG) == []
    assert browser.console() == []


@pytest.mark.parametrize("kind", ["monthly", "annual", "foi", "contractor"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_contrast(browser: Browser, scheme: str, kind: str) -> None:
    shown(browser, kind)
    browser.command(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
    )
    found = browser.run(CONTRAST)
    assert len(found) > 50
    assert min(found) >= 4.5


def test_a_chart_has_a_text_alternative_with_every_value(browser: Browser) -> None:
    shown(browser, "monthly")
    images = [node["name"] for node in browser.tree() if node["role"] in ("image", "img")]
    assert len(images) == 3
    for month in order().about.period.months():
        assert all(month.name in name for name in images)


def elements(node: pikepdf.Object) -> Iterator[pikepdf.Object]:
    kids = node.get("/K")
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            yield kid
            yield from elements(kid)


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed")
@pytest.mark.parametrize("kind", ["monthly", "annual", "foi", "contractor", STATEMENT])
def test_the_pdf_is_tagged_and_whole(kind: str, tmp_path: Path) -> None:
    made = MADE[kind]
    pdf = report_forms.pdf(made)
    with pikepdf.open(io.BytesIO(pdf)) as document:
        assert str(document.Root.Lang) == "en-GB"
        with document.open_metadata() as metadata:
            assert metadata["pdfuaid:part"] == "1"
        tags = list(elements(document.Root.StructTreeRoot))
        counts = Counter(str(tag.S) for tag in tags)
        assert counts["/H1"] == 1
        assert counts["/H2"] == len(made["sections"])
        charts = [chart for section in made["sections"] for chart in section["charts"]]
        figures = [str(tag.Alt) for tag in tags if tag.S == "/Figure" and "/Alt" in tag]
        assert figures == [chart["text"] for chart in charts]
    sheets = list(pages(pdf))
    assert kind != STATEMENT or len(sheets) == 1, "one page to go with a recording"
    for page in sheets:
        for left, top, right, bottom, _ in page:
            assert 30 < left < right < 595 - 30
            assert 15 < top < bottom < 842 - 15
        assert overlaps(page) == []
    text = words(pdf)
    place = 0
    for section in made["sections"]:  # in reading order
        place = text.index("".join(section["heading"].split()), place)
        for cell in cells(section):
            assert "".join(cell.split()) in text, cell


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed")
def test_no_row_of_the_pdf_is_torn_over_two_pages() -> None:
    rows = [
        [str(number), f"begins {number} " + "word " * 90 + f"ends {number}"] for number in range(30)
    ]
    table = {"caption": "c", "heads": ["No.", "Text"], "rows": rows}
    section = {"heading": "h", "paragraphs": [], "charts": [], "tables": [table]}
    text = words(report_forms.pdf(MADE["retention"] | {"sections": [section]}))
    assert [row[0] for row in rows if "".join(row[1].split()) not in text] == []


def cells(section: dict[str, Any]) -> Iterator[str]:
    for table in section["tables"]:
        for row in table["rows"]:
            yield from row
