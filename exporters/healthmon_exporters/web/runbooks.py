"""The runbook pages (docs/runbooks) as web pages of the agent: what an alert means and
what to do.
"""

from __future__ import annotations

import functools
import html
import itertools
import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from healthmon_exporters.web.csp import policy
from healthmon_exporters.web.rules import GuardedRoute
from healthmon_exporters.web.small_pages import STYLE

_HERE = Path(__file__).parents[1]
# Inside an installed package; beside it in the project's own folder.
_PLACES = (_HERE / "runbook_pages", _HERE.parents[1] / "docs" / "runbooks")
_STYLE = (
    f"{STYLE}body{{max-width:46rem}}pre{{white-space:pre-wrap}}h3{{margin-bottom:0}}"
    ":target{outline:3px solid;outline-offset:6px}"
    "table{border-collapse:collapse}td,th{border:1px solid;padding:.3rem .6rem;text-align:left;vertical-align:top}"
)


def folder() -> Path | None:
    """Where the pages are, or None when they were not installed."""
    return next((place for place in _PLACES if place.is_dir()), None)


def page(name: str) -> str | None:
    """The page of an alert as HTML ("README": the list), None where there is none."""
    file = _files().get(name)
    return _rendered(file) if file else None


@functools.cache
def _files() -> dict[str, Path]:
    """The files of all pages by their names: only these are ever kept, whatever is asked for."""
    place = folder()
    return {file.stem: file for file in place.glob("*.md")} if place else {}


@functools.cache
def _rendered(file: Path) -> str:
    """A page as HTML. A heading's id is its code."""
    from markdown_it import MarkdownIt  # 2 MB that few agents are asked for

    text = re.sub(r"\]\((\w+)\.md\)", r"](\1)", file.read_text(encoding="utf-8"))
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(text)
    for token, inside in itertools.pairwise(tokens):
        if token.type == "heading_open":
            code = re.search(r"`(\w+)`", inside.content)
            token.attrSet("id", code[1] if code else re.sub(r"\W+", "-", inside.content.lower()))
    body = reader.renderer.render(tokens, reader.options, {})
    title = html.escape("Runbooks" if file.stem == "README" else file.stem)
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    head += f"<title>{title}</title><style>{_STYLE}</style>"
    return f"{head}<main>{body}</main></html>"


def routes() -> list[GuardedRoute]:
    """``/runbooks/`` and ``/runbooks/<alert>``."""

    async def show(request: Request) -> Response:
        found = page(request.path_params.get("name", "README"))
        if found is None:
            return PlainTextResponse("there is no such page; see /runbooks/\n", 404)
        return HTMLResponse(found, headers={"Content-Security-Policy": policy(style=_STYLE)})

    return [GuardedRoute("/runbooks/", show), GuardedRoute("/runbooks/{name}", show)]
