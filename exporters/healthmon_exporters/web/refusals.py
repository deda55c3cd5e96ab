"""A refusal outside the pages: one line for a program, a page with a way back for a person."""

from __future__ import annotations

import html
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from healthmon.access.roles import ANYBODY, Permission, Person
from healthmon.model.plain_text import sentence
from healthmon_exporters.web.csp import policy
from healthmon_exporters.web.small_pages import STYLE

_STYLE = (
    f"{STYLE}body{{max-width:32rem;margin:10vh auto}}"
    "a{display:inline-block;min-height:2.8rem;line-height:2.8rem}"
)
_POLICY = policy("img-src data:", style=_STYLE)
_WORDS: Mapping[int, str] = {
    404: "there is no such page",
    405: "this address does not take that",
}


def refused(
    headers: Headers,
    words: str,
    status: int,
    *,
    person: Person = ANYBODY,
    more: Mapping[str, str] | None = None,
) -> Response:
    """Why a request with these `headers` is refused, and the way back of the `person` who asks; `more`
    are headers of the answer.
    """
    if "text/html" not in headers.get("accept", ""):
        return PlainTextResponse(f"{words}\n", status, more)
    link, name = _way_back(person)
    text = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Refused: healthmon</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><style>{_STYLE}</style><main><h1>Not done</h1>'
        f'<p role="alert">{html.escape(sentence(words))}</p>'
        f'<p><a href="{link}">{name}</a></p></main></html>'
    )
    return HTMLResponse(text, status, {**(more or {}), "Content-Security-Policy": _POLICY})


def not_there(request: Request, person: Person, error: HTTPException) -> Response:
    """The answer to an address or a method that no page has."""
    words = _WORDS.get(error.status_code, error.detail)
    return refused(request.headers, words, error.status_code, person=person, more=error.headers)


def _way_back(person: Person) -> tuple[str, str]:
    """Where this person can go on: address and words."""
    if person.may(Permission.READ):
        return "/desk", "To the desk"
    if person.may(Permission.WALL):
        return "/wall", "To the wall"
    return "/login", "To the login"
