"""CSV by RFC 4180 that a spreadsheet may open. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence


def guarded(text: str) -> str:
    """`text`, kept from being a formula where a spreadsheet would take it for one."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def table(fields: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A header and rows."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(fields)
    for row in rows:
        writer.writerow([guarded(cell) for cell in row])
    return out.getvalue()
