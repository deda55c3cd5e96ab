"""The shift check as CSV: one row for each camera and line, so that a spreadsheet can filter it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from healthmon_exporters.reports import csv_text
from healthmon_exporters.reports.shift_document import Document

FIELDS = ("at", "estate", "simulated", "camera", "name", "site", "line", "title", "mark", "why")


def text(made: Document) -> str:
    """Every camera on every line, then who has looked at which camera (line `walk`)."""
    return csv_text.table(FIELDS, _rows(made))


def _rows(made: Document) -> Iterator[tuple[str, ...]]:
    simulated = "SIMULATED" if made["simulated"] else ""
    start = (made["at"], made["estate"], simulated)
    for camera in made["cameras"]:
        who = (camera["id"], camera["name"], camera["site"])
        for line, cell in zip(made["lines"], camera["cells"], strict=True):
            yield (*start, *who, line["line"], line["title"], cell["mark"], cell["why"])
    sites = {camera["id"]: camera["site"] for camera in made["cameras"]}
    for row in made["walk"]["rows"] if made["walk"] else ():
        why = "; ".join(filter(None, (row["by"], row["at"], row["comment_words"])))
        who = (row["camera"], row["name"], sites.get(row["camera"], ""))
        yield (*start, *who, "walk", "Seen by a person", row["mark"], why)
    if head := made.get("audit_head"):
        yield (*start, "", "", "", "audit", "Audit chain", "", head)
