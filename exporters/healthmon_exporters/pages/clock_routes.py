"""The addresses of clock statements."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from healthmon.model.plain_text import sentence
from healthmon_exporters.pages.clock_feed import ClockFeed
from healthmon_exporters.pages.feed import NoRecordError, NotDoneError
from healthmon_exporters.pages.field_routes import marked
from healthmon_exporters.pages.render import Renderer
from healthmon_exporters.reports.report_html import STYLE
from healthmon_exporters.web.csp import policy
from healthmon_exporters.web.forms import read_form
from healthmon_exporters.web.rules import GuardedRoute

FORMS: Final = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "json": "application/json",
    "txt": "text/plain; charset=utf-8",
}
_NAME = re.compile(r"([1-9][0-9]{0,9})(?:\.(html|pdf|json|txt))?", re.ASCII)
_OF_FORM: Final = ("time", "reason")


class ClockPages:
    """Clock statements of one agent."""

    def __init__(self, feed: ClockFeed, renderer: Renderer) -> None:
        self._feed, self._renderer = feed, renderer

    def routes(self) -> list[GuardedRoute]:
        """For the application."""
        return [
            GuardedRoute("/devices/{name}/clock-statement", self._form),
            GuardedRoute("/devices/{name}/clock-statement", self._make, methods=("POST",)),
            GuardedRoute("/clock-statements/{name}", self._shown),
        ]

    async def _form(self, request: Request) -> Response:
        return self._form_page(request, {})

    def _form_page(self, request: Request, given: Mapping[str, str], problem: str = "") -> Response:
        values = {one: given.get(one, "") for one in _OF_FORM}
        name, status = request.path_params["name"], 409 if problem else 200
        return self._renderer.page(
            request, "clock_statement", status, camera=name, given=values, problem=problem
        )

    async def _make(self, request: Request) -> Response:
        name, form = request.path_params["name"], await read_form(request)
        time, reason = (form.get(one, "") for one in _OF_FORM)
        try:
            number = await self._feed.make(name, time, reason.strip(), marked(request, form))
        except NotDoneError as error:
            return self._form_page(request, form, f"Nothing was stated: {error}.")
        except NoRecordError as error:
            return self._renderer.no_record(request, error)
        return RedirectResponse(f"/clock-statements/{number}", 303)

    async def _shown(self, request: Request) -> Response:
        """A statement from the record, as it was made."""
        found = _NAME.fullmatch(request.path_params["name"])
        form = (found[2] or "html") if found else ""
        try:
            body = await self._feed.shown(int(found[1]), form) if found else None
        except NotDoneError as error:
            return self._renderer.message(request, sentence(str(error)), 503)
        except NoRecordError as error:
            return self._renderer.no_record(request, error)
        if body is None or found is None:
            return self._renderer.message(request, "There is no such statement.", 404)
        headers = {"Content-Security-Policy": policy(style=STYLE)}
        if form != "html":
            name = f"clock-statement-{found[1]}.{form}"
            headers = {"Content-Disposition": f'inline; filename="{name}"'}
        return Response(body, headers=headers, media_type=FORMS[form])
