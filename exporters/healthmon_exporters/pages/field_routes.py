"""The addresses at which people act on devices and sites."""

from __future__ import annotations

import re
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from healthmon_exporters.pages.feed import NoRecordError, NotDoneError
from healthmon_exporters.pages.field_feed import FieldFeed, Marked
from healthmon_exporters.pages.render import Renderer
from healthmon_exporters.web.forms import read_form
from healthmon_exporters.web.rules import GuardedRoute, person_of

_MARK = re.compile(r"[A-Za-z0-9_-]{16,64}")


class FieldPages:
    """The acts on devices and sites of one agent."""

    def __init__(self, feed: FieldFeed, renderer: Renderer) -> None:
        self._feed, self._renderer = feed, renderer

    def routes(self) -> list[GuardedRoute]:
        """For the application."""
        return [GuardedRoute("/devices/{name}/check", self._check, methods=("POST",))]

    async def _check(self, request: Request) -> Response:
        name = request.path_params["name"]
        try:
            await self._feed.check(name, marked(request, await read_form(request)))
        except (NotDoneError, NoRecordError) as error:
            return self._refused(request, error)
        return RedirectResponse(f"/devices/{quote(name, safe='')}", 303)

    def _refused(self, request: Request, error: Exception) -> Response:
        status = 503 if isinstance(error, NoRecordError) else 409
        words = f"Nothing was done: {error}"
        return self._renderer.page(request, "message", status, problem=words, done="")


def marked(request: Request, form: dict[str, str]) -> Marked:
    """Who has sent a form, with its mark. Raises NotDoneError for a form that is not of these
    pages.
    """
    once = form.get("once", "")
    if not _MARK.fullmatch(once):
        raise NotDoneError("the form is not whole; load its page again")
    return Marked(person_of(request.scope).name, once)
