"""The shift check as a page in a real browser: nothing is cut off, wide tables scroll by themselves,
and its print on A4 has no overflow.
"""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.chromium import Browser, started
from helpers.page_looks import CONTRAST, CUT, OVERFLOW
from helpers.shift_estate import sheet, walked

from healthmon_exporters.reports import shift_document, shift_html

pytestmark = [pytest.mark.peer, pytest.mark.slow]
MADE = shift_document.document(walked(sheet(150, simulated=True, name="W" * 120), "W" * 120))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("shift")
    page = folder / "sheet.html"
    page.write_text(shift_html.page(MADE))
    with started(folder) as found:
        found.open(page.as_uri())
        yield found


@pytest.mark.parametrize("width", [320, 768, 1280, 1920])
def test_at_no_width_is_anything_cut_off(browser: Browser, width: int) -> None:
    """320 CSS pixels are a screen of 1,280 at 400 %."""
    browser.size(width, 900)
    root = "document.documentElement"
    assert browser.run(f"return {root}.scrollWidth - {root}.clientWidth") == 0
    assert browser.run(OVERFLOW) == []
    assert browser.run(CUT) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_contrast_in_light_and_dark(browser: Browser, scheme: str) -> None:
    browser.command(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
    )
    found = browser.run(CONTRAST)
    assert len(found) > 3000
    assert min(found) >= 4.5


def test_it_loads_nothing_and_a_reader_gets_its_headings_and_tables(browser: Browser) -> None:
    assert browser.console() == []
    assert [one for one in browser.requests() if not one.startswith("file:")] == []
    tree = browser.tree()
    headings = [node["name"] for node in tree if node["role"] == "heading"]
    assert headings[0] == "Shift check"
    assert "Faults: 4" in headings
    regions = [node["name"] for node in tree if node["role"] == "region"]
    assert "Every camera, every line" in regions


def test_its_print_on_a4_has_every_sentence_within_the_page(
    browser: Browser, tmp_path: Path
) -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("poppler-utils is not installed")
    printed = browser.command("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
    pdf = tmp_path / "print.pdf"
    pdf.write_bytes(base64.b64decode(printed["data"]))
    done = subprocess.run(
        ["pdftotext", "-raw", str(pdf), "-"], capture_output=True, text=True, check=True
    )
    text = "".join(done.stdout.split())
    for entry in MADE["faults"]:
        assert "".join(entry["sentence"].split()) in text
    for reason in MADE["reasons"]:
        assert "".join(reason["why"].split()) in text
    subprocess.run(["pdftoppm", "-r", "40", "-gray", str(pdf), str(tmp_path / "page")], check=True)
    for drawn in tmp_path.glob("page*.pgm"):
        _, size, _, pixels = drawn.read_bytes().split(b"\n", 3)
        width = int(size.split()[0])
        edge = [
            pixels[start + width - 12 : start + width] for start in range(0, len(pixels), width)
        ]
        assert min(map(min, edge)) == 255, drawn
