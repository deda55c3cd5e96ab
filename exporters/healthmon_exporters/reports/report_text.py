"""A report for a terminal, within its width. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from healthmon_exporters.reports.report_document import Document

NARROWEST = 40
_GAP = "  "


def text(made: Document, width: int) -> str:
    """The whole report in lines of at most `width` characters (but never less than 40)."""
    width = max(NARROWEST, width)
    lines = [f"{made['title'].upper()}  {made['period_words']}  {made['estate']}".rstrip()]
    lines += [made["made_words"], *filter(None, [made["simulated"]]), *made["notes"]]
    for section in made["sections"]:
        lines += ["", section["heading"].upper(), *section["paragraphs"]]
        lines += [chart["text"] for chart in section["charts"]]
        for table in section["tables"]:
            lines += ["", f"{table['caption']}:", *_rows(table, width)]
    return "\n".join(part for line in lines for part in _wrapped(line, width)) + "\n"


def _wrapped(line: str, width: int) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.wrap(line, width, subsequent_indent=indent) or [""]


def _rows(table: Document, width: int) -> Iterator[str]:
    """Columns where they fit; else each row by its name, and each other cell with its head on a line."""
    rows: list[Sequence[str]] = table["rows"]
    if not rows:
        yield "  None."
        return
    heads = table["heads"]
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    if sum(widths) + len(_GAP) * len(widths) <= width:
        for row in (heads, *rows):
            cells = (cell.ljust(size) for cell, size in zip(row, widths, strict=True))
            yield f"  {_GAP.join(cells).rstrip()}"
        return
    for row in rows:
        if len(heads) == 2:
            yield f"  {row[0]}: {row[1]}"
            continue
        yield f"  {row[0]}"
        pairs = zip(heads[1:], row[1:], strict=True)
        yield from (f"    {head}: {cell}" for head, cell in pairs if cell)
