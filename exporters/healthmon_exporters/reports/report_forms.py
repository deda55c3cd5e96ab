"""The forms of a report that a file can have, by its suffix. Pure, but for the PDF, which a process of
its own makes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final

from healthmon_exporters.reports import report_csv, report_html, report_text, shift_pdf, svg_chart
from healthmon_exporters.reports.report_document import Document

FILE_WIDTH: Final = 120
_PRIVATE: Final = ("template",)


def json_text(made: Document) -> str:
    """All values, indented."""
    shown = {key: value for key, value in made.items() if key not in _PRIVATE}
    return json.dumps(shown, indent=2, ensure_ascii=False) + "\n"


def pdf(made: Document) -> bytes:
    """Tagged A4. Raises PdfError."""
    return shift_pdf.render(made | {"sections": [_drawn(one) for one in made["sections"]]})


def _drawn(section: Document) -> Document:
    """The section with its charts drawn."""
    charts = [one | {"svg": svg_chart.svg(one, title=False)} for one in section["charts"]]
    return section | {"charts": charts}


# That of the PDF raises PdfError.
FORMS: Final[Mapping[str, Callable[[Document], bytes]]] = {
    ".csv": lambda made: report_csv.text(made).encode(),
    ".html": lambda made: report_html.page(made).encode(),
    ".json": lambda made: json_text(made).encode(),
    ".pdf": pdf,
    ".txt": lambda made: report_text.text(made, FILE_WIDTH).encode(),
}
