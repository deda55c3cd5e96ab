"""What poppler sees of a PDF: its words in reading order, where each is, and the drawn pages."""

from __future__ import annotations

import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

Box = tuple[float, float, float, float, str]


def words(pdf: bytes) -> str:
    """All text in reading order, without blanks and places where a word may break."""
    done = subprocess.run(
        ["pdftotext", "-raw", "-", "-"], input=pdf, capture_output=True, check=True
    )
    return "".join(done.stdout.decode().replace("\u200b", "").replace("\u00ad", "").split())


def pages(pdf: bytes) -> list[list[Box]]:
    """The box and the text of every word of every page."""
    done = subprocess.run(
        ["pdftotext", "-bbox", "-", "-"], input=pdf, capture_output=True, check=True
    )
    tree = ET.fromstring(done.stdout)
    name = "{http://www.w3.org/1999/xhtml}"
    return [
        [
            (
                *(float(word.get(side, "")) for side in ("xMin", "yMin", "xMax", "yMax")),
                word.text or "",
            )
            for word in page.iter(f"{name}word")
        ]
        for page in tree.iter(f"{name}page")
    ]  # type: ignore[misc]


def overlaps(page: list[Box]) -> list[tuple[str, str]]:
    """Words whose boxes share more than a hair; boxes of neighbouring lines touch."""
    found = []
    ordered = sorted(page)
    for number, (_, top, right, bottom, text) in enumerate(ordered):
        for left2, top2, _right2, bottom2, text2 in ordered[number + 1 :]:
            if left2 >= right - 0.5:
                break
            if min(bottom, bottom2) - max(top, top2) > 0.5 * min(bottom - top, bottom2 - top2):
                found.append((text, text2))
    return found


def grey_rows(path: Path) -> list[bytes]:
    """The rows of a PGM of one byte a pixel."""
    _, size, _, pixels = path.read_bytes().split(b"\n", 3)
    width = int(size.split()[0])
    return [pixels[start : start + width] for start in range(0, len(pixels), width)]
