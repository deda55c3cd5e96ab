"""The shift check as one HTML page that needs nothing else: for a screen, and for A4 by the
browser's print. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from healthmon_exporters.reports import clock_rows, seen_by_people
from healthmon_exporters.reports.shift_document import NOTES, SECTIONS, Document, made_by

STYLE = """
:root { color-scheme: light dark; --ink: #111; --paper: #fff; --rule: #767676; --fault: #9e2a00;
  --warning: #6b4700; --well: #005a8c; --unknown: #4a4a4a; --shade: #f1f1f1; }
@media (prefers-color-scheme: dark) { :root { --ink: #f4f4f4; --paper: #111217; --rule: #8f8f8f;
  --fault: #ff9c66; --warning: #ffcf70; --well: #8fd0ff; --unknown: #c9c9c9; --shade: #1d1f27; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 80rem; padding: 1rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.4 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.2rem; margin: 1.4rem 0 .3rem; }
.simulated { border: .25rem solid var(--fault); padding: .4rem; font-weight: bold; }
.totals { display: flex; flex-wrap: wrap; gap: .5rem; padding: 0; list-style: none; }
.totals li { border: 1px solid var(--rule); padding: .4rem .7rem; font-weight: bold; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; min-width: 44rem; }
th, td { border: 1px solid var(--rule); padding: .2rem .4rem; text-align: left;
  vertical-align: top; overflow-wrap: break-word; }
thead th { background: var(--shade); }
.matrix { width: auto; } .matrix td { text-align: center; font-variant-numeric: tabular-nums; }
.F { color: var(--fault); font-weight: bold; } .W { color: var(--warning); font-weight: bold; }
.Q { color: var(--unknown); } .K { color: var(--well); }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; }
nav a { color: inherit; display: inline-block; min-height: 2.75rem; min-width: 2.75rem; padding: .6rem .2rem; }
:focus-visible { outline: .2rem solid; outline-offset: .1rem; }
footer { border-top: 1px solid var(--rule); margin-top: 1.4rem; padding-top: .5rem; }
@page { size: A4; margin: 12mm; }
@media print { nav { display: none; } :root { --ink: #000; --paper: #fff; --shade: #eee; --fault: #7a2000;
  --warning: #4d3300; --well: #00466e; --unknown: #333; --rule: #555; }
  body { font-size: 8.5pt; padding: 0; } .wide { overflow: visible; }
  table { min-width: 0; } .matrix { font-size: 7pt; width: 100%; } .matrix th, .matrix td { padding: .05rem .1rem; }
  thead { display: table-header-group; } tr { break-inside: avoid; } }
"""
_START = '<!doctype html>\n<html lang="en-GB">'
_CLASSES = {"ok": "K", "!": "W", "F": "F", "?": "Q", "-": "Q"}
_ENTRY_HEADS = (
    "Fault", "Devices", "What is the matter", "Since", "Priority", "Contractor", "Acknowledged",
)  # fmt: skip


def page(made: Document, links: Iterable[tuple[str, str]] = ()) -> str:
    """The whole page; `links` (address, words) lead on from it on a screen."""
    title = f"{made['title']}, {made['estate']}, {made['at_words']}"
    parts = [
        _links(links),
        f"<header><h1>{escape(made['title'])}</h1>",
        f"<p>{escape(made['estate'])}, {made['at_words']}</p><p>{escape(made['due_words'])}</p>",
        _simulated(made),
        "</header><main>",
        _totals(made),
        _signatures(made),
        _notes(made),
        *(_section(made, key, heading) for key, heading, _state in SECTIONS),
        _walk(made),
        _power(made),
        _clocks(made),
        _monitor(made),
        _lines(made),
        _matrix(made),
        _reasons(made),
        "</main>",
        _footer(made),
    ]
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    head += '<meta name="viewport" content="width=device-width, initial-scale=1">'
    body = "\n".join(parts)
    return f"{_START}<head>{head}</head>\n<body>{body}</body></html>\n"


def _links(links: Iterable[tuple[str, str]]) -> str:
    found = [f'<a href="{escape(path)}">{escape(words)}</a>' for path, words in links]
    return f'<nav aria-label="Pages">{" ".join(found)}</nav>' if found else ""


def _simulated(made: Document) -> str:
    words = made["simulated"]
    return f'<p class="simulated">{escape(words)}</p>' if words else ""


def _list(items: Iterable[str], name: str = "") -> str:
    rows = "".join(f"<li>{escape(item)}</li>" for item in items)
    return f'<ul class="{name}">{rows}</ul>' if name else f"<ul>{rows}</ul>"


def _totals(made: Document) -> str:
    found = _list((total["line"] for total in made["totals"]), "totals")
    footage = f"<p>{escape(made['footage'])}</p>" if made["footage"] else ""
    blind = _list(f"Blind zone: {words}" for words in made["blind_zones"])
    return found + footage + (blind if made["blind_zones"] else "")


def _signatures(made: Document) -> str:
    found = [signature["words"] for signature in made["signatures"]]
    return _list(found) if found else ""


def _notes(made: Document) -> str:
    found = [note["words"] for note in made["notes"]]
    return f"<h2>{NOTES}: {len(found)}</h2>" + _list(found) if found else ""


def _table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with one header row, in a part that scrolls by itself; the cells are text."""
    top = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    table = f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
    return _scrolling(caption, table)


def _scrolling(caption: str, table: str) -> str:
    """Wide tables scroll sideways, by the keyboard too."""
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{escape(caption)}">{table}</div>'
    )


def _section(made: Document, key: str, title: str) -> str:
    entries = made[key]
    heading = f"<h2>{title}: {len(entries)}</h2>"
    if not entries:
        return f"{heading}<p>None.</p>"
    rows = (
        (
            entry["fault"],
            f"{entry['devices']} {entry['name']}",
            entry["sentence"]
            + (f" (maintenance: {entry['maintenance']})" if entry["maintenance"] else ""),
            entry["age_words"],
            entry["priority"],
            entry["contractor"],
            entry["acknowledged"],
        )
        for entry in entries
    )
    return heading + _table(title, _ENTRY_HEADS, rows)


def _walk(made: Document) -> str:
    """Who has looked at which cameras."""
    walk = made["walk"]
    if walk is None:
        return ""
    lines = [walk["words"], walk["late_words"], *walk["people"], *seen_by_people.left_out(walk)]
    heading = "<h2>Seen by a person</h2>" + _list(filter(None, lines))
    rows = list(seen_by_people.cells(walk))
    return heading + (_table("Seen by a person", seen_by_people.HEADS, rows) if rows else "")


def _power(made: Document) -> str:
    power = made["power"]
    words = [("Over: " if one["over"] else "Now: ") + one["words"] for one in power["events"]]
    words += [f"Not checked: {power['unknown']}"] if power["unknown"] else []
    return f"<h2>Power events since {power['since_words']}</h2>" + _list(words or ["None."])


def _clocks(made: Document) -> str:
    """The five clocks of each camera; sheets of older versions have none."""
    rows = [(one["devices"], one["words"]) for one in made.get("clocks", ())]
    title = clock_rows.TITLE
    return f"<h2>{title}</h2>" + _table(title, ("Cameras", "Clocks"), rows) if rows else ""


def _monitor(made: Document) -> str:
    monitor = made["monitor"]
    return "<h2>Monitor and clock</h2>" + _list(
        (f"{monitor['mark']}: {monitor['why']}", made["clock"])
    )


def _lines(made: Document) -> str:
    heads = ("Line", "What is checked", "Pass", "Warning", "FAIL", "NOT CHECKED", "Does not apply")
    keys = ("well", "warning", "fail", "not_checked", "not_applicable")
    rows = ((one["line"], one["title"], *(str(one[key]) for key in keys)) for one in made["lines"])
    return "<h2>Function check, cameras by line</h2>" + _table("Cameras by line", heads, rows)


def _matrix(made: Document) -> str:
    top = "".join(
        f'<th scope="col"><abbr title="{escape(line["title"])}">{line["line"]}</abbr></th>'
        for line in made["lines"]
    )
    body = "".join(_matrix_row(camera) for camera in made["cameras"])
    head = f'<tr><th scope="col">Camera</th>{top}</tr>'
    table = f'<table class="matrix"><thead>{head}</thead><tbody>{body}</tbody></table>'
    heading = f"<h2>Every camera, every line</h2><p>{escape(made['legend'])}.</p>"
    return heading + _scrolling("Every camera, every line", table)


def _matrix_row(camera: Document) -> str:
    cells = "".join(
        f"<td class={_CLASSES[cell['symbol']]}>{cell['symbol']}</td>" for cell in camera["cells"]
    )
    return f'<tr><th scope="row">{escape(camera["id"])} {escape(camera["name"])}</th>{cells}</tr>'


def _reasons(made: Document) -> str:
    rows = ((one["line"], one["mark"], one["devices"], one["why"]) for one in made["reasons"])
    return "<h2>Why, by line</h2>" + _table(
        "Why, by line", ("Line", "Mark", "Cameras", "Why"), rows
    )


def _footer(made: Document) -> str:
    return f"<footer>{escape(made_by(made))}. {escape(made['simulated'])}</footer>"
