"""A report as one HTML page that needs nothing else: the form that is published. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from healthmon_exporters.reports import svg_chart
from healthmon_exporters.reports.report_document import Document
from healthmon_exporters.reports.shift_html import STYLE as _SHEET_STYLE

_MORE = """
table { min-width: 0; } caption { text-align: left; font-weight: bold; padding: .6rem 0 .2rem; }
figure { margin: .6rem 0; } figure svg { max-width: 100%; height: auto; border: 1px solid var(--rule); }
.notes li { font-weight: bold; }
@media print { td { overflow-wrap: anywhere; } }
"""


# The whole style of the page, for the rule that allows exactly this one.
STYLE = f"{_SHEET_STYLE}{_MORE}"


def page(made: Document, links: Iterable[tuple[str, str]] = ()) -> str:
    """The whole page; `links` (address, words) lead on from it on a screen."""
    title = f"{made['title']}, {made['period_words']}"
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    head += '<meta name="viewport" content="width=device-width, initial-scale=1">'
    body = "\n".join(_body(made, links))
    return f'<!doctype html>\n<html lang="en-GB"><head>{head}</head>\n<body>{body}</body></html>\n'


def _body(made: Document, links: Iterable[tuple[str, str]]) -> Iterator[str]:
    found = [f'<a href="{escape(path)}">{escape(words)}</a>' for path, words in links]
    if found:
        yield f'<nav aria-label="Pages">{" ".join(found)}</nav>'
    yield f"<header><h1>{escape(made['title'])}</h1>"
    about = filter(None, (made["estate"], made["period_words"], made["made_words"]))
    yield f"<p>{escape(', '.join(about))}</p>"
    if made["simulated"]:
        yield f'<p class="simulated">{escape(made["simulated"])}</p>'
    notes = "".join(f"<li>{escape(one)}</li>" for one in made["notes"])
    yield f'<ul class="notes">{notes}</ul></header><main>'
    for one in made["sections"]:
        yield from _section(one)
    yield f"</main><footer>{escape(footer(made))}</footer>"


def footer(made: Document) -> str:
    """What the report was made by."""
    words = f"healthmon {made['version']}"
    return words + (f"; configuration {made['config_digest']}" if made["config_digest"] else "")


def _section(one: Document) -> Iterator[str]:
    yield f"<section><h2>{escape(one['heading'])}</h2>"
    for words in one["paragraphs"]:
        yield f"<p>{escape(words)}</p>"
    for chart in one["charts"]:
        yield f"<figure>{svg_chart.svg(chart)}<figcaption>{escape(chart['title'])}</figcaption></figure>"
    for table in one["tables"]:
        yield _table(table)
    yield "</section>"


def _table(table: Document) -> str:
    """A table in a part that scrolls by itself, by the keyboard too."""
    caption = escape(table["caption"])
    top = "".join(f'<th scope="col">{escape(head)}</th>' for head in table["heads"])
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in table["rows"]
    )
    if not table["rows"]:
        body = f'<tr><td colspan="{len(table["heads"])}">None.</td></tr>'
    inner = f"<caption>{caption}</caption><thead><tr>{top}</tr></thead><tbody>{body}</tbody>"
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{caption}">'
        f"<table>{inner}</table></div>"
    )
