"""A report as CSV: the figures as values, then every cell of every table with its head, so that a
spreadsheet can filter them. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from healthmon_exporters.reports import csv_text
from healthmon_exporters.reports.report_document import Document

FIELDS = ("report", "period", "part", "row", "column", "value", "unit")


def text(made: Document) -> str:
    """Every figure and every cell."""
    return csv_text.table(FIELDS, _rows(made))


def _rows(made: Document) -> Iterator[tuple[str, ...]]:
    start = (made["title"], made["period"])
    for note in made["notes"]:
        yield (*start, "note", "", "", note, "")
    for one in made["figures"]:
        part = f"figure {one['number']}: {one['title']}"
        yield (*start, part, "", "value", _value(one["value"]), one["unit"])
        yield (*start, part, "", "counted from", one["rests_on"], "")
        yield (*start, part, "", "formula", one["formula"], "")
        for line in one["lines"]:
            yield (*start, part, "", line["label"], _value(line["value"]), line["unit"])
    for section in made["sections"]:
        for words in section["paragraphs"]:
            yield (*start, section["heading"], "", "", words, "")
        for table in section["tables"]:
            for number, row in enumerate(table["rows"], 1):
                for head, cell in zip(table["heads"], row, strict=True):
                    yield (*start, table["caption"], str(number), head, cell, "")


def _value(value: float | None) -> str:
    return "" if value is None else repr(value)
