"""The process that makes the PDF of a shift check or of a report: the document as JSON on standard
input, the PDF on standard output. It runs under limits, with a template of ours and no packages.

``python -m healthmon_exporters.reports.pdf_child``; started by `shift_pdf` only.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typst

FOLDER = Path(__file__).parent
SHEET, REPORT = "sheet", "report"
MEMORY_BYTES = 1_000_000_000
CPU_SECONDS = 60
REPLACED = "Characters that the fonts do not have are shown as ?."
# The scripts that the fonts of typst itself cover.
_COVERED = ("LATIN", "GREEK", "CYRILLIC")


def main() -> int:
    """The exit code; what is wrong is one line on standard error."""
    _limit(resource.RLIMIT_AS, MEMORY_BYTES)
    _limit(resource.RLIMIT_CPU, CPU_SECONDS)
    made = json.load(sys.stdin)
    problem = ""
    with tempfile.TemporaryDirectory(prefix="healthmon-pdf-") as empty:
        for document, own_fonts in _attempts(made):
            try:
                pdf = _compiled(document, empty, own_fonts=own_fonts)
            except typst.TypstError as error:
                problem = " ".join(str(error).split())
                continue
            sys.stdout.buffer.write(pdf)
            return 0
    sys.stderr.write(f"{problem}\n")
    return 1


def _limit(kind: int, most: int) -> None:
    """Set a limit that cannot be taken back; one that is lower already stays."""
    hard = resource.getrlimit(kind)[1]
    limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (limit, limit))


def _attempts(made: dict[str, Any]) -> Iterator[tuple[dict[str, Any], bool]]:
    """PDF/UA has no text without a glyph: where the own fonts lack one, those of the system are
    tried, and then the character is replaced.
    """
    yield made | {"replaced": ""}, True
    yield made | {"replaced": ""}, False
    text = json.dumps(made, ensure_ascii=False)
    plain = "".join(one if _is_covered(one) else "?" for one in text)
    yield json.loads(plain) | {"replaced": REPLACED}, True


def _is_covered(one: str) -> bool:
    return one.isascii() or unicodedata.name(one, "").startswith(_COVERED)


def _compiled(document: dict[str, Any], empty: str, *, own_fonts: bool) -> bytes:
    """The PDF. The data are an input, never part of the markup. `empty` is where packages would be.
    Raises TypstError.
    """
    name = REPORT if document.get("template") == REPORT else SHEET
    made = typst.compile(
        FOLDER / f"{name}.typ",
        root=FOLDER,
        sys_inputs={"document": json.dumps(document, ensure_ascii=False)},
        ignore_system_fonts=own_fonts,
        package_path=empty,
        package_cache_path=empty,
        pdf_standards=["ua-1"],
    )
    assert isinstance(made, bytes)  # noqa: S101 - one document, no output file
    return made


if __name__ == "__main__":
    sys.exit(main())
