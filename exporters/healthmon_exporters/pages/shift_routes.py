"""The addresses of the shift check, of the walk and of the sheets."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from healthmon.checks.function_check.walk import Outcome
from healthmon.incidents.acts import LONGEST_TEXT
from healthmon.model.plain_text import one_line, sentence
from healthmon_exporters.pages.feed import NoRecordError, NotDoneError
from healthmon_exporters.pages.render import Renderer, new_mark
from healthmon_exporters.pages.walk_feed import TickForm, WalkFeed
from healthmon_exporters.reports import shift_html
from healthmon_exporters.reports.sheet_forms import FORMS
from healthmon_exporters.reports.shift_document import Document
from healthmon_exporters.reports.shift_pdf import PdfError
from healthmon_exporters.web.csp import policy
from healthmon_exporters.web.forms import read_form
from healthmon_exporters.web.rules import GuardedRoute, person_of

# What is often wrong, so that it need not be typed.
PHRASES: Final = (
    "lens or dome is dirty",
    "foliage in the view",
    "picture is out of focus",
    "view is not the right one",
    "picture is too dark",
    "name or time on the picture is wrong",
    "pan or tilt does not answer",
    "privacy zone is missing",
)
# Two a day: ten days.
SHEETS_OF_PAGE: Final = 20
MOST_NUMBER: Final = 2**62
_SHEET: Final = re.compile(r"(\d{1,15})(\.[a-z]{3,4})?")
_FORM: Final = re.compile(r"[\w-]{24}", re.ASCII)
_MEDIA: Final[Mapping[str, str]] = {
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".txt": "text/plain; charset=utf-8",
}


class ShiftRoutes:
    """The pages of what `feed` gives."""

    def __init__(self, feed: WalkFeed, renderer: Renderer) -> None:
        self._feed, self._renderer = feed, renderer

    def routes(self) -> list[GuardedRoute]:
        """For the application."""
        return [
            GuardedRoute("/shift-check", self._state),
            GuardedRoute("/shift-check", self._start, methods=("POST",)),
            GuardedRoute("/walk", self._walk),
            GuardedRoute("/walk", self._tick, methods=("POST",)),
            GuardedRoute("/walk/undo", self._undo, methods=("POST",)),
            GuardedRoute("/sheets", self._sheets),
            GuardedRoute("/sheets/{name}", self._sheet),
        ]

    # ------------------------------------------------------------------------------------ the check

    async def _state(self, request: Request, problem: str = "") -> Response:
        try:
            shift = await self._feed.state()
        except NoRecordError as error:
            return self._renderer.no_record(request, error)
        status = 409 if problem else 200
        return self._renderer.page(request, "shift", status, shift=shift, problem=problem)

    async def _start(self, request: Request) -> Response:
        await read_form(request)
        if problem := self._feed.start(person_of(request.scope).name):
            return await self._state(request, sentence(problem))
        return RedirectResponse("/desk", 303)

    # ------------------------------------------------------------------------------------ the walk

    async def _walk(
        self, request: Request, problem: str = "", comment: str = "", camera: str = ""
    ) -> Response:
        """The next camera, or the one that is asked for: also that of a form which was refused, so that
        its comment stands at no other camera.
        """
        wanted = (camera or request.query_params.get("camera", "")).strip()
        try:
            page = await self._feed.walk(person_of(request.scope).name, wanted)
        except NoRecordError as error:
            return self._renderer.no_record(request, error)
        except NotDoneError as error:
            words = problem or sentence(str(error))
            return self._renderer.message(request, words, 409 if problem else 404)
        if page is None and not problem:
            return await self._state(request)
        values = {
            "walk": page,
            "form": new_mark(),
            "phrases": PHRASES,
            "comment": comment,
            "problem": problem,
        }
        if page is None:
            return self._renderer.message(request, problem, 409)
        return self._renderer.page(request, "walk", 409 if problem else 200, **values)

    async def _tick(self, request: Request) -> Response:
        form = await read_form(request)
        try:
            await self._feed.tick(_tick_of(form, person_of(request.scope).name))
        except (ValueError, NotDoneError) as error:
            words = sentence(str(error))
            return await self._walk(request, words, form.get("comment", ""), form.get("camera", ""))
        except NoRecordError as error:
            return self._renderer.no_record(request, error)
        return RedirectResponse("/walk", 303)

    async def _undo(self, request: Request) -> Response:
        form = await read_form(request)
        try:
            token, tick = _token(form), _whole(form, "tick")
            undone = await self._feed.undo(tick, person_of(request.scope).name, token)
        except (ValueError, NotDoneError) as error:
            return await self._walk(request, sentence(str(error)))
        except NoRecordError as error:
            return self._renderer.no_record(request, error)
        return RedirectResponse(f"/walk?camera={quote(undone.camera)}", 303)

    # ------------------------------------------------------------------------------------ sheets

    async def _sheets(self, request: Request) -> Response:
        """The kept sheets, the newest first; a page of them, from a number or a day on backwards."""
        asked = request.query_params
        until, below = asked.get("until", ""), asked.get("below", "")
        if below and not (below.isascii() and below.isdigit() and len(below) <= 15):
            return self._renderer.message(request, "There is no such page of sheets.", 404)
        try:
            last = self._renderer.day_after(until) if until else math.inf
        except (ValueError, OverflowError):
            return self._renderer.message(request, "A date is written as 2026-11-29.", 400)
        try:
            rows = await self._feed.sheets(int(below or MOST_NUMBER), last, SHEETS_OF_PAGE + 1)
        except NoRecordError as error:
            return self._renderer.no_record(request, error)
        shown, more = rows[:SHEETS_OF_PAGE], len(rows) > SHEETS_OF_PAGE
        first = not (below or until)
        return self._renderer.page(
            request, "sheets", rows=shown, more=more, until=until, first=first
        )

    async def _sheet(self, request: Request) -> Response:
        """A sheet as a page, or in the form that its suffix names."""
        named = _SHEET.fullmatch(request.path_params["name"])
        try:
            made = await self._feed.sheet(int(named[1])) if named else None
            if named is None or made is None or (named[2] or ".pdf") not in FORMS:
                return self._renderer.message(request, "There is no such sheet.", 404)
            return await _sheet_in(made, named[1], named[2] or "")
        except NoRecordError as error:
            return self._renderer.no_record(request, error)
        except (NotDoneError, PdfError) as error:
            return self._renderer.message(request, sentence(str(error)), 503)


async def _sheet_in(made: Document, number: str, suffix: str) -> Response:
    """Raises PdfError."""
    if suffix in _MEDIA:
        body = await asyncio.to_thread(FORMS[suffix], made)
        name = {"Content-Disposition": f'inline; filename="shift-check-{number}{suffix}"'}
        return Response(body, headers=name, media_type=_MEDIA[suffix])
    forms = ((f"/sheets/{number}{one}", one[1:].upper()) for one in _MEDIA)
    links = [("/desk", "Desk"), ("/sheets", "All sheets"), *forms]
    page = await asyncio.to_thread(shift_html.page, made, links)
    rules = {"Content-Security-Policy": policy(style=shift_html.STYLE)}
    return Response(page, headers=rules, media_type="text/html; charset=utf-8")


def _tick_of(form: Mapping[str, str], by: str) -> TickForm:
    """The tick of a form. Raises ValueError with what is wrong in words."""
    outcome = form.get("outcome", "")
    if outcome not in (Outcome.WELL, Outcome.NOT_WELL, Outcome.SKIPPED):
        raise ValueError("choose well, not well or skip")
    comment = " ".join(one_line(form.get("comment", "")).split())
    if len(comment) > LONGEST_TEXT:
        raise ValueError(
            f"the comment has {len(comment):,} characters; at most {LONGEST_TEXT:,} are kept: shorten it"
        )
    if outcome == Outcome.NOT_WELL and not comment:
        raise ValueError("describe what is wrong; nothing was kept")
    return TickForm(
        by=by,
        sweep=_whole(form, "sweep"),
        camera=form.get("camera", ""),
        outcome=Outcome(outcome),
        comment=comment,
        form=_token(form),
        known=_whole(form, "known"),
    )


def _whole(form: Mapping[str, str], name: str) -> int:
    """Raises ValueError."""
    text = form.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise ValueError("the form was not whole; read the page again")
    return int(text)


def _token(form: Mapping[str, str]) -> str:
    """What tells a form from every other one. Raises ValueError."""
    text = form.get("form", "")
    if not _FORM.fullmatch(text):
        raise ValueError("the form was not whole; read the page again")
    return text
