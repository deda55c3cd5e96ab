"""A report or a clock statement as a command gives it: printed in one form, or written to files as their
names end.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from healthmon.cli.console import fail, say
from healthmon.cli.progress import shown_progress
from healthmon.config.problems import suggest
from healthmon_exporters.reports import report_forms, report_text
from healthmon_exporters.reports.report_document import Document
from healthmon_exporters.reports.report_forms import FORMS


def formats(suffixes: Sequence[str]) -> tuple[str, ...]:
    """The forms that can be printed where files of these `suffixes` can be written."""
    return ("text", *(one.removeprefix(".") for one in suffixes if one != ".txt"))


def checked(what: str, form: str, outputs: Sequence[Path], suffixes: Sequence[str]) -> None:
    """Refuse a form or file that a `what` ("report", "statement") cannot have. Raises Exit."""
    known = formats(suffixes)
    if form not in known:
        words = ", ".join(known)
        raise fail(f"--format {form}: not known{suggest(form, known)}; use {words}")
    for output in outputs:
        if output.suffix not in suffixes:
            raise fail(f"--output {output}: a {what} is written as one of {', '.join(suffixes)}")
        if not output.parent.is_dir():
            raise fail(f"--output {output}: there is no folder {output.parent}")
    if form == "pdf" and not outputs and sys.stdout.isatty():
        raise fail(f"--format pdf: not for a terminal; write it to a file: --output {what}.pdf")


def give(document: Document, form: str, outputs: Sequence[Path]) -> None:
    """Write `document` to each of `outputs`, or print it where there is none. Raises PdfError, OSError."""
    if not outputs:
        _print(document, form)
    with shown_progress("writing") as progress:
        for done, output in enumerate(outputs, 1):
            output.write_bytes(FORMS[output.suffix](document))
            say(f"{output}: written")
            progress(done, len(outputs))


def _print(document: Document, form: str) -> None:
    if form == "pdf":
        sys.stdout.buffer.write(FORMS[".pdf"](document))
    elif form == "text":
        width = shutil.get_terminal_size((report_forms.FILE_WIDTH, 24)).columns
        sys.stdout.write(report_text.text(document, width))
    else:
        sys.stdout.write(FORMS[f".{form}"](document).decode())
