"""The forms of a whole shift check that a file can have, by its suffix. Pure, but for the PDF, which a
process of its own makes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final

from healthmon_exporters.reports import shift_csv, shift_html, shift_pdf, shift_text
from healthmon_exporters.reports.shift_document import Document

FILE_WIDTH: Final = 120


def json_text(made: Document) -> str:
    """All values, indented."""
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


# That of the PDF raises PdfError.
FORMS: Final[Mapping[str, Callable[[Document], bytes]]] = {
    ".csv": lambda made: shift_csv.text(made).encode(),
    ".html": lambda made: shift_html.page(made).encode(),
    ".json": lambda made: json_text(made).encode(),
    ".pdf": shift_pdf.render,
    ".txt": lambda made: shift_text.text(made, FILE_WIDTH).encode(),
}
