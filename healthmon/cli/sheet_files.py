"""The sheet of a sweep in the forms that a file or the terminal can have."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from healthmon.cli.console import fail, load
from healthmon.cli.periods import period
from healthmon.cli.progress import shown_progress
from healthmon.config.problems import ConfigError
from healthmon.store import StoreError, location
from healthmon_exporters.reports import (
    kept_sheet,
    sheet_forms,
    shift_document,
    shift_pdf,
    shift_sheet,
    shift_text,
)
from healthmon_exporters.reports.sheet_forms import FORMS
from healthmon_exporters.reports.shift_document import Document
from healthmon_exporters.reports.shift_sheet import Sheet

if TYPE_CHECKING:
    from healthmon.config.schema import Config


# The forms of the short sheet of a sweep.
SHORT_FORMS = (".txt", ".json")


def checked(outputs: Sequence[Path], *, shift: bool) -> None:
    """Refuse what cannot be written, before a sweep is made for it. Raises Exit."""
    for output in outputs:
        if shift and output.suffix not in FORMS:
            forms = ", ".join(FORMS)
            raise fail(f"--output {output}: a shift check is written as one of {forms}")
        if not shift and output.suffix not in SHORT_FORMS:
            words = f"a sweep is written as one of {', '.join(SHORT_FORMS)}"
            others = ", ".join(form for form in FORMS if form not in SHORT_FORMS)
            raise fail(f"--output {output}: {words}; with --shift also as one of {others}")
        if not output.parent.is_dir():
            raise fail(f"--output {output}: there is no folder {output.parent}")


def printed(sheet: Sheet, *, shift: bool, as_json: bool) -> str:
    """What goes to standard output."""
    if not shift:
        return _plain(sheet, as_json=as_json)
    return _shown(shift_document.document(sheet), as_json=as_json)


def write(sheet: Sheet, outputs: Sequence[Path], *, shift: bool) -> None:
    """Write each of `outputs` in the form that its suffix names. Raises Exit after the last one where
    one could not be written.
    """
    if not outputs:
        return
    if shift:
        made = shift_document.document(sheet)
        _write_each(outputs, lambda output: FORMS[output.suffix](made))
    else:
        _write_each(outputs, lambda output: _plain(sheet, as_json=_is_json(output)).encode())


def of_record(loaded: Config, outputs: Sequence[Path], *, as_json: bool) -> int:
    """Print the short sheet of the last sweep on record and write it to `outputs`; its exit code.
    Raises StoreError, ValueError where there is none.
    """
    where = location.place(loaded).reader()
    try:
        sweep = where.last_sweep()
    finally:
        where.close()
    if sweep is None:
        raise StoreError("no sweep is on record")
    text, code = kept_sheet.short(sweep[2], as_json=as_json)
    sys.stdout.write(text)
    _write_each(
        outputs, lambda output: kept_sheet.short(sweep[2], as_json=_is_json(output))[0].encode()
    )
    return code


def again(config: Path | None, until: str | None, *, as_json: bool, outputs: Sequence[Path]) -> int:
    """The last shift check that is kept (made at or before `until`, as typed), with who signed it; its
    exit code.
    """
    checked(outputs, shift=True)
    _, loaded = load(config)
    zone = loaded.estate.time_zone
    _, last = period(None, until, ZoneInfo(zone))
    where = None
    try:
        where = location.place(loaded).reader()
        sweep = where.last_sweep(last)
        if sweep is None:
            raise fail("no shift check is kept: healthmon sweep")
        made = kept_sheet.document(sweep[2], kept_sheet.put_on(where, *sweep), zone)
    except (StoreError, ConfigError) as error:
        raise fail(str(error)) from None
    except ValueError as error:
        raise fail(f"the shift check cannot be shown: {error}") from None
    finally:
        if where is not None:
            where.close()
    sys.stdout.write(_shown(made, as_json=as_json))
    _write_each(outputs, lambda output: FORMS[output.suffix](made))
    return int(made["exit_code"])


def _is_json(output: Path) -> bool:
    return output.suffix == ".json"


def _shown(made: Document, *, as_json: bool) -> str:
    """For the terminal, within its width."""
    if as_json:
        return sheet_forms.json_text(made)
    return shift_text.text(made, shutil.get_terminal_size((sheet_forms.FILE_WIDTH, 24)).columns)


def _write_each(outputs: Sequence[Path], form: Callable[[Path], bytes]) -> None:
    problems = []
    with shown_progress("writing") as progress:
        for done, output in enumerate(outputs, 1):
            try:
                output.write_bytes(form(output))
            except OSError as error:
                problems.append(f"{output}: the sheet was not written: {error.strerror}")
            except shift_pdf.PdfError as error:
                problems.append(f"{output}: the sheet was not written: {error}")
            progress(done, len(outputs))
    if problems:
        raise fail("\n".join(problems))


def _plain(sheet: Sheet, *, as_json: bool) -> str:
    if as_json:
        return json.dumps(shift_sheet.as_json(sheet), indent=2) + "\n"
    return shift_sheet.text(sheet)
