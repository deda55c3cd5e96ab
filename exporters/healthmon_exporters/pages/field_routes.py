"""The addresses at which people act on devices and sites."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from healthmon.access.roles import Permission
from healthmon_exporters.pages.feed import NoRecordError, NotDoneError
from healthmon_exporters.pages.field_feed import (
    FieldFeed,
    Marked,
    MoveForm,
    ServiceForm,
    VisitForm,
    WindowForm,
)
from healthmon_exporters.pages.render import Renderer
from healthmon_exporters.web.forms import read_form
from healthmon_exporters.web.rules import GuardedRoute, person_of

_OF_WINDOW = ("start", "end", "devices", "site", "reason")
_MARK = re.compile(r"[A-Za-z0-9_-]{16,64}")


class FieldPages:
    """The acts on devices and sites of one agent."""

    def __init__(self, feed: FieldFeed, renderer: Renderer) -> None:
        self._feed, self._renderer = feed, renderer

    def routes(self) -> list[GuardedRoute]:
        """For the application."""
        return [
            GuardedRoute("/devices/{name}/check", self._check, methods=("POST",)),
            GuardedRoute("/devices/{name}/picture", self._picture, methods=("POST",)),
            GuardedRoute("/devices/{name}/replaced", self._replaced, methods=("POST",)),
            GuardedRoute("/devices/{name}/moved", self._moved, methods=("POST",)),
            GuardedRoute("/devices/{name}/service", self._service, methods=("POST",)),
            GuardedRoute("/maintenance", self._maintenance),
            GuardedRoute("/maintenance", self._make_window, methods=("POST",)),
            GuardedRoute("/maintenance/{window}", self._change_window, methods=("POST",)),
            GuardedRoute("/sites/{site}", self._site),
            GuardedRoute("/sites/{site}/arrived", self._arrived, methods=("POST",)),
            GuardedRoute("/sites/{site}/left", self._left, methods=("POST",)),
        ]

    async def _check(self, request: Request) -> Response:
        return await self._on_device(request, lambda name, _, mark: self._feed.check(name, mark))

    async def _picture(self, request: Request) -> Response:
        """The picture itself, in the answer to the form and nowhere else."""
        form = await read_form(request)
        try:
            shown = await self._feed.picture(request.path_params["name"], marked(request, form))
        except (NotDoneError, NoRecordError) as error:
            return self._refused(request, error)
        return Response(shown, media_type="image/jpeg", headers={"Cache-Control": "no-store"})

    async def _replaced(self, request: Request) -> Response:
        def accept(name: str, form: Mapping[str, str], mark: Marked) -> Awaitable[None]:
            return self._feed.accept(name, form.get("reference", ""), form.get("seen", ""), mark)

        return await self._on_device(request, accept)

    async def _moved(self, request: Request) -> Response:
        def move(name: str, form: Mapping[str, str], mark: Marked) -> Awaitable[None]:
            values = {one: form.get(one, "") for one in ("state", "location", "dpia")}
            return self._feed.move(name, MoveForm(**values), mark)

        return await self._on_device(request, move)

    async def _service(self, request: Request) -> Response:
        async def serve(name: str, form: Mapping[str, str], mark: Marked) -> None:
            values = {one: form.get(one, "") for one in ("did", "day", "reference")}
            await self._feed.serve(name, ServiceForm(**values), mark)

        return await self._on_device(request, serve)

    async def _on_device(
        self,
        request: Request,
        do: Callable[[str, Mapping[str, str], Marked], Awaitable[None]],
    ) -> Response:
        """Do what a form on the page of a device asks for."""
        name, form = request.path_params["name"], await read_form(request)
        try:
            await do(name, form, marked(request, form))
        except (NotDoneError, NoRecordError) as error:
            return self._refused(request, error)
        return RedirectResponse(f"/devices/{quote(name, safe='')}", 303)

    async def _maintenance(self, request: Request) -> Response:
        return await self._maintenance_page(request, {})

    async def _maintenance_page(
        self, request: Request, given: Mapping[str, str], problem: str = ""
    ) -> Response:
        try:
            page = await self._feed.maintenance()
        except NoRecordError as error:
            return self._refused(request, error)
        status, shown = 409 if problem else 200, {name: given.get(name, "") for name in _OF_WINDOW}
        return self._renderer.page(
            request, "maintenance", status, page=page, given=shown, problem=problem, done=""
        )

    async def _make_window(self, request: Request) -> Response:
        form = await read_form(request)
        try:
            await self._feed.make_window(_window(request, form), marked(request, form))
        except NotDoneError as error:
            return await self._maintenance_page(request, form, f"Nothing was done: {error}.")
        except NoRecordError as error:
            return self._refused(request, error)
        return RedirectResponse("/maintenance", 303)

    async def _change_window(self, request: Request) -> Response:
        """Change a window, or end it (`do=end`)."""
        form, name = await read_form(request), request.path_params["window"]
        try:
            if form.get("do") == "end":
                await self._feed.end_window(name, marked(request, form))
            else:
                plan = _window(request, form)
                await self._feed.change_window(name, plan, marked(request, form))
        except NotDoneError as error:
            return await self._maintenance_page(request, {}, f"Nothing was done: {error}.")
        except NoRecordError as error:
            return self._refused(request, error)
        return RedirectResponse("/maintenance", 303)

    async def _site(self, request: Request) -> Response:
        return await self._site_page(request, {})

    async def _site_page(
        self, request: Request, given: Mapping[str, str], problem: str = ""
    ) -> Response:
        try:
            page = await self._feed.site(request.path_params["site"])
        except NoRecordError as error:
            return self._refused(request, error)
        if page is None:
            words = "There is no such site in the configuration."
            return self._renderer.page(request, "message", 404, problem=words, done="")
        shown = {name: given.get(name, "") for name in ("engineer", "reference")}
        more = {"hold": self._feed.visit_hold(), "problem": problem, "done": ""}
        status = 409 if problem else 200
        return self._renderer.page(request, "site", status, page=page, given=shown, **more)

    async def _arrived(self, request: Request) -> Response:
        form, site = await read_form(request), request.path_params["site"]
        visit = VisitForm(form.get("engineer", ""), form.get("reference", ""))
        try:
            await self._feed.arrive(site, visit, marked(request, form))
        except NotDoneError as error:
            return await self._site_page(request, form, f"Nothing was done: {error}.")
        except NoRecordError as error:
            return self._refused(request, error)
        return RedirectResponse(f"/sites/{quote(site, safe='')}", 303)

    async def _left(self, request: Request) -> Response:
        form, site = await read_form(request), request.path_params["site"]
        try:
            await self._feed.leave(site, form.get("note", ""), marked(request, form))
        except NotDoneError as error:
            return await self._site_page(request, form, f"Nothing was done: {error}.")
        except NoRecordError as error:
            return self._refused(request, error)
        return RedirectResponse(f"/sites/{quote(site, safe='')}", 303)

    def _refused(self, request: Request, error: Exception) -> Response:
        status = 503 if isinstance(error, NoRecordError) else 409
        words = f"Nothing was done: {error}"
        return self._renderer.page(request, "message", status, problem=words, done="")


def _window(request: Request, form: Mapping[str, str]) -> WindowForm:
    long = person_of(request.scope).may(Permission.MAINTENANCE)
    return WindowForm(**{name: form.get(name, "") for name in _OF_WINDOW}, long=long)


def marked(request: Request, form: Mapping[str, str]) -> Marked:
    """Who has sent a form, with its mark; a form that was changed after it was sent is another. Raises
    NotDoneError for a form that is not of these pages.
    """
    once = form.get("once", "")
    if not _MARK.fullmatch(once):
        raise NotDoneError("the form is not whole; load its page again")
    digest = hashlib.sha256(json.dumps([request.url.path, form]).encode()).hexdigest()
    return Marked(person_of(request.scope).name, f"{once}-{digest[:16]}")
