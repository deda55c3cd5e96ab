"""CSV by RFC 4180 that a spreadsheet may open. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

_FORMULA = ("=", "+", "-", "@")


def guarded(text: str) -> str:
    """`text`, kept from being a formula where a spreadsheet would take it for one."""
    return f"'{text}" if text.lstrip("'")[:1] in _FORMULA else text


def unguarded(text: str) -> str:
    """The text that `guarded` was given. Raises ValueError for a formula."""
    if text[:1] in _FORMULA:
        raise ValueError("begins as a formula does; write the value, or an ' before it")
    return text[1:] if text[:1] == "'" and text.lstrip("'")[:1] in _FORMULA else text


def table(fields: Sequence[str], rows: Iterable[Sequence[str]], separator: str = ",") -> str:
    """A header and rows."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator)
    writer.writerow(fields)
    for row in rows:
        writer.writerow([guarded(cell) for cell in row])
    return out.getvalue()
